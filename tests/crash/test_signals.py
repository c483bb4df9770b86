"""Airflow's way to end a task: SIGTERM, and SIGKILL five seconds later."""

from __future__ import annotations

import signal
import time
from dataclasses import asdict

import pytest

from airflow_provider_iranpay.sandbox.settings import RateLimit
from tests.crash.nights import SERVICES, until

IN_FLIGHT = 6
MANY = tuple(range(50))
A_SECOND_PER_ANSWER = 1 / 150
"""Pause in seconds between two bytes, of which an answer has some 150."""


def start_and_take_all_slots(night, **changes):
    """Start a worker whose calls last; return it once as many are in flight, and claimed beyond, as there can be."""
    worker = night.start(concurrency=IN_FLIGHT, **changes)
    claimed = min(len(worker.errand.people), 2 * IN_FLIGHT)
    until(lambda: night.received == IN_FLIGHT and night.states() == {"claimed": claimed})
    return worker


def terminate(worker):
    """Send SIGTERM; return the seconds until the end, and how it ended."""
    begun = time.monotonic()
    worker.signal(signal.SIGTERM)
    ending = worker.ending(5)
    return time.monotonic() - begun, ending


def test_a_worker_that_is_told_to_end_waits_for_the_answers_that_can_still_come_and_sends_nothing_more(night):
    night.sandbox.world.faults.add("slow_bytes", service=SERVICES["jibit"], seconds=A_SECOND_PER_ANSWER)
    seconds, ending = terminate(start_and_take_all_slots(night, people=MANY))
    assert seconds < 4
    assert ending.error == "RunIncomplete"
    assert night.received == IN_FLIGHT
    assert night.states() == {"answered": IN_FLIGHT, "not_sent": IN_FLIGHT}
    night.assert_books_agree()

    night.sandbox.world.faults.clear()
    assert night.do(people=MANY)["attempts"] == len(MANY) - IN_FLIGHT
    assert night.billed_again == {}


def test_a_worker_that_is_told_to_end_leaves_no_more_unknown_than_is_in_flight(night):
    night.sandbox.world.faults.add("hang", service=SERVICES["jibit"])
    seconds, ending = terminate(start_and_take_all_slots(night, people=MANY))
    assert seconds < 4
    assert ending.error == "RunIncomplete"
    assert night.received == IN_FLIGHT
    assert night.states() == {"unknown": IN_FLIGHT, "not_sent": IN_FLIGHT}
    night.assert_books_agree()

    night.sandbox.world.faults.clear()
    manifest = night.do(people=MANY)
    assert (manifest["unknown"], manifest["attempts"]) == (IN_FLIGHT, len(MANY) - IN_FLIGHT)
    assert night.billed_again == {}
    night.assert_books_agree()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("hang", {"path": "/ide/v1/tokens"}),
        ("refuse", {"seconds": 30.0}),
        ("json_5xx", {"service": SERVICES["jibit"]}),
    ],
    ids=["waits for a token", "cannot connect", "waits to repeat"],
)
def test_a_worker_that_is_told_to_end_does_so_whatever_it_waits_for(night, kind, options):
    night.sandbox.world.faults.add(kind, **options)
    worker = night.start(concurrency=IN_FLIGHT, people=MANY)
    until(lambda: worker.has_begun and night.states()["claimed"] == 2 * IN_FLIGHT)
    seconds, ending = terminate(worker)
    assert seconds < 4
    assert ending.error == "RunIncomplete"
    assert set(night.states()) <= {"not_sent", "rejected"}
    night.assert_books_agree()


def test_a_worker_that_is_told_to_end_does_so_while_the_provider_holds_it_back(night):
    limit = RateLimit(per_second=3, code="providers.not_available", retry_after="seconds", retry_after_seconds=60)
    night.sandbox.world.change_settings({"rate_limit": asdict(limit)})
    worker = night.start(concurrency=IN_FLIGHT, people=MANY)
    until(lambda: night.received > 3)
    seconds, ending = terminate(worker)
    assert seconds < 4
    assert ending.error == "RunIncomplete"
    assert set(night.states()) <= {"answered", "not_sent", "rejected"}
    night.assert_books_agree()
