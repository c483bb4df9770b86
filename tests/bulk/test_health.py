"""When an account is given up, and when the whole run."""

from __future__ import annotations

import pytest

from airflow_provider_iranpay.bulk.health import DOUBTFUL_IN_A_ROW, FAILURES_IN_A_ROW, Doubts, Fatigue, Health
from airflow_provider_iranpay.bulk.outcomes import Outcome, Status, of_error
from airflow_provider_iranpay.exceptions import OperatorNeeded, QuotaReached, TransientFailure

FAILED = Outcome(Status.FAILED, error_code="providers.not_available", error_message="It failed.")
UNREACHED = Outcome(Status.NOT_SENT_UNAVAILABLE, error_message="No connection.")
OK = Outcome(Status.MATCHED)


def error_of(kind):
    return kind("it said so.", provider="jibit", service="match_card", code="c", phase="answered")


def heard(*outcomes):
    """What is said after each of them."""
    health = Health()
    return [health.hear(outcome, None) for outcome in outcomes]


@pytest.mark.parametrize(
    ("kind", "status"), [(QuotaReached, Status.NOT_SENT_QUOTA), (OperatorNeeded, Status.NOT_SENT_STOPPED)]
)
def test_one_end_that_stands_for_all_closes_the_account_at_once(kind, status):
    error = error_of(kind)
    rest = Health().hear(of_error(error), error)
    assert (rest.status, rest.error_code, rest.error_message) == (status, "c", str(error))
    assert (rest.attempts, rest.cost_rial, rest.track_id) == (0, 0, None)


def test_a_transient_failure_does_not():
    error = error_of(TransientFailure)
    assert Health().hear(of_error(error), error) is None


@pytest.mark.parametrize("outcome", [FAILED, UNREACHED])
def test_fifty_failures_in_a_row_close_it_and_forty_nine_do_not(outcome):
    assert FAILURES_IN_A_ROW == 50
    *before, last = heard(*[outcome] * 50)
    assert before == [None] * 49
    assert last == Outcome(
        Status.NOT_SENT_UNAVAILABLE, error_code=outcome.error_code, error_message=outcome.error_message
    )


def test_both_kinds_of_failure_count_together():
    assert heard(*[FAILED, UNREACHED] * 25)[-1] is not None


@pytest.mark.parametrize("between", [status for status in Status if status not in (FAILED.status, UNREACHED.status)])
def test_any_other_end_begins_the_count_anew(between):
    assert heard(*[FAILED] * 49, Outcome(between), *[FAILED] * 49) == [None] * 99


def test_twenty_doubtful_ends_in_a_row_stop_the_run_and_nineteen_do_not():
    assert DOUBTFUL_IN_A_ROW == 20
    doubts = Doubts()
    outcome = Outcome(Status.UNREADABLE, error_code="c", error_message="It has no 'matched'.")
    assert [doubts.hear(outcome, is_doubtful=True) for _ in range(19)] == [None] * 19
    rest = doubts.hear(outcome, is_doubtful=True)
    assert (rest.status, rest.error_code) == (Status.NOT_SENT_STOPPED, "c")
    assert "20 calls in a row" in rest.error_message


def test_one_end_that_makes_sense_begins_the_count_anew():
    doubts = Doubts()
    ends = [True] * 19 + [False] + [True] * 19
    assert [doubts.hear(OK, is_doubtful=one) for one in ends] == [None] * 39


def pauses(*outcomes, is_paused=False):
    """What an account is told after each of them: to pause for so many seconds, or not to."""
    fatigue = Fatigue()
    return [fatigue.hear(outcome, is_paused=is_paused) for outcome in outcomes]


@pytest.mark.parametrize("outcome", [FAILED, UNREACHED])
def test_ten_failures_in_a_row_are_a_reason_to_pause_and_each_further_ten_for_twice_as_long(outcome):
    told = pauses(*[outcome] * 80)
    assert told[9::10] == [5, 10, 20, 40, 60, 60, 60, 60]
    assert sum(told) == sum(told[9::10])


def test_a_success_begins_the_run_and_the_length_anew():
    assert pauses(*[FAILED] * 19, OK, *[FAILED] * 10)[-11:] == [0.0] * 10 + [5.0]


def test_what_fails_while_the_account_pauses_does_not_count():
    assert pauses(*[FAILED] * 30, is_paused=True) == [0.0] * 30
