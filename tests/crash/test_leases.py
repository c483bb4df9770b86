"""A worker that sleeps through its lease, or loses it while it is awake, and the one that takes over."""

from __future__ import annotations

import signal
import time
from collections import Counter

import pytest

from airflow_provider_iranpay.sandbox.latency import Latency
from tests.crash.nights import SERVICES, until
from tests.crash.strikes import Strike

IN_FLIGHT = 6
MANY = tuple(range(50))
LEASE_SECONDS = 2.0
PAUSE_SECONDS = 1.5 / 150
"""Between two bytes, of which an answer has some 150: it comes after the lease was renewed, and before it is over."""


@pytest.mark.parametrize(
    "count",
    [
        pytest.param(len(MANY), id="more"),
        pytest.param(2 * IN_FLIGHT, id="only claimed"),
        pytest.param(IN_FLIGHT, id="only in flight"),
    ],
)
def test_a_worker_that_slept_through_its_lease_sends_nothing_when_it_wakes(night, count):
    """What is left for it to do is more than it has claimed, only what it has claimed, or only in flight."""
    people = MANY[:count]
    night.sandbox.world.faults.add("slow_bytes", service=SERVICES["jibit"], seconds=PAUSE_SECONDS)
    sleeper = night.start(
        people=people,
        concurrency=IN_FLIGHT,
        lease_seconds=LEASE_SECONDS,
        strike=Strike("the_lease_is_renewed", deed="freeze"),
    )
    until(sleeper.is_frozen)
    frozen_at = time.monotonic()
    claimed = min(count, 2 * IN_FLIGHT)
    assert night.received == IN_FLIGHT
    assert night.states() == {"claimed": claimed}

    night.let_leases_end()
    night.sandbox.world.faults.clear()
    successor = night.do(people=people)
    assert successor["unknown"] == claimed
    assert successor["attempts"] == count - claimed
    received = night.received

    until(lambda: time.monotonic() > frozen_at + LEASE_SECONDS)
    sleeper.signal(signal.SIGCONT)
    ending = sleeper.ending(5)
    assert night.received == received == IN_FLIGHT + count - claimed
    assert night.billed_again == {}
    # What had come in its sleep is an answer still, and what it had claimed is not sent.
    assert night.states() == Counter(answered=IN_FLIGHT + count - claimed, unknown=claimed - IN_FLIGHT)
    assert ending.error == ("RunIncomplete" if count > IN_FLIGHT else None)
    night.assert_books_agree()


@pytest.mark.parametrize("providers", [("jibit",), ("paystar", "jibit")], ids=["one provider", "two providers"])
def test_a_worker_whose_lease_is_over_ends_with_what_it_has(night, providers):
    world = night.sandbox.world
    world.faults.add("error", service=SERVICES["paystar"], status=400, code="77", probability=0.5)
    world.settings.latency = Latency("fixed", 0.2)
    late = night.start(people=MANY, providers=providers)
    until(lambda: night.received >= 15)
    night.let_leases_end()
    successor = night.start(people=MANY, providers=providers)

    ending = late.ending(8)
    assert ending.error == "RunIncomplete"
    night.assert_rows_close(ending.manifest, late.errand)
    night.assert_rows_close(successor.manifest(), successor.errand)
    assert night.billed_again == {}
    night.assert_books_agree()
