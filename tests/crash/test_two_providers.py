"""Two providers for one question: the second is asked where the first has refused, and both are in the books."""

from __future__ import annotations

import pytest

from airflow_provider_iranpay.sandbox.latency import Latency
from tests.crash.nights import SERVICES
from tests.crash.strikes import Strike

BOTH = ("paystar", "jibit")


@pytest.fixture
def refused(night):
    """Paystar refuses every other question with a code that nobody knows."""
    night.sandbox.world.faults.add("error", service=SERVICES["paystar"], status=400, code="77", probability=0.5)
    return night


def test_what_the_first_provider_refuses_the_second_answers(refused):
    manifest = refused.do(providers=BOTH)
    assert manifest["status"] == {"matched": 31, "invalid_input": 1}
    assert manifest["attempts"] == refused.received > 30
    refused.assert_books_agree()


@pytest.mark.parametrize("boundary", ["claims_are_committed", "an_answer_has_come", "answers_are_committed"])
def test_a_worker_that_is_killed_between_two_providers_pays_nothing_twice(refused, boundary):
    refused.kill_at(Strike(boundary, nth=3), providers=BOTH)
    left = refused.states()["claimed"]
    refused.assert_books_agree()
    manifest = refused.do(providers=BOTH)
    assert manifest["unknown"] == refused.states()["unknown"] == left
    assert refused.billed_again == {}
    refused.assert_books_agree()


def test_two_workers_that_ask_two_providers_share_out_the_questions(refused):
    refused.sandbox.world.settings.latency = Latency("uniform", 0.0, 0.02)
    people = tuple(range(60))
    workers = [refused.start(people=order, providers=BOTH, in_order=True) for order in (people, people[::-1])]
    for worker in workers:
        manifest = worker.manifest()
        assert manifest["status"] == {"matched": 61, "invalid_input": 1}
    assert refused.billed_again == {}
    refused.assert_books_agree()
