"""A worker that is killed at each boundary of a run, and the one that goes on after it."""

from __future__ import annotations

import pytest

from tests.crash.nights import SERVICES
from tests.crash.strikes import Strike

OPEN = ("held", "claimed")

BOUNDARIES = {
    "before the first claim is committed": Strike("claims_are_committing"),
    "before a later claim is committed": Strike("claims_are_committing", nth=3),
    "after a claim is committed, before the reply is read": Strike("claims_are_committed", nth=2),
    "before the first request is sent": Strike("claims_are_to_be_sent"),
    "before a later request is sent": Strike("claims_are_to_be_sent", nth=3),
    "after requests were sent, before an answer came": Strike("requests_are_out"),
    "after an answer came, before it is settled": Strike("an_answer_has_come", nth=5),
    "before answers are committed": Strike("answers_are_committing", nth=2),
    "after answers are committed, before the reply is read": Strike("answers_are_committed", nth=2),
    "before results are written": Strike("results_are_to_be_written"),
    "while results are written": Strike("results_are_being_written", nth=7),
    "after results are written": Strike("results_are_written"),
    "before the journal is closed": Strike("the_journal_is_closing"),
    "after the journal is closed": Strike("the_journal_is_closed"),
}


@pytest.fixture(params=BOUNDARIES.values(), ids=BOUNDARIES)
def strike(request):
    return request.param


def test_a_killed_worker_leaves_books_that_agree_and_its_successor_pays_nothing_twice(night, strike):
    night.kill_at(strike)
    left = sum(night.states()[state] for state in OPEN)
    assert left <= 2 * night.errand.concurrency
    night.assert_books_agree()

    manifest = night.do()
    night.assert_books_agree()
    assert manifest["unknown"] == night.states()["unknown"] == left
    assert night.billed_again == {}
    assert len(night.billed) <= night.states()["answered"] + left

    manifest = night.do(on_unknown="retry")
    night.assert_books_agree()
    assert manifest["unknown"] == 0
    assert manifest["attempts"] == left
    assert len(night.billed_again) <= left
    assert set(night.billed_again.values()) <= {2}

    if left:
        assert night.do(on_unknown="retry")["attempts"] == 0


def test_what_is_retried_is_asked_once_more_even_if_the_retry_is_killed_too(night):
    fixed = {"people": (1, 2, 3)}
    night.sandbox.world.faults.add("hang", service=SERVICES["jibit"])
    night.kill_at(Strike("requests_are_out"), **fixed)
    night.kill_at(Strike("requests_are_out"), on_unknown="retry", **fixed)
    night.sandbox.world.faults.clear()
    manifest = night.do(on_unknown="retry", **fixed)
    assert (manifest["unknown"], manifest["attempts"], night.states()) == (3, 0, {"unknown": 6})
    assert set(night.billed_again.values()) <= {2}
    night.assert_books_agree()
