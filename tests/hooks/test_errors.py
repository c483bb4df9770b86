"""Errors as Airflow meets them."""

from __future__ import annotations

import pickle

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.hooks.errors import failing_at_once

FACTS = {"provider": "jibit", "service": "match_card", "phase": "answered", "code": "x.y", "track_id": "t"}
AT_ONCE = [
    exceptions.OutcomeUnknown,
    exceptions.NotConfirmed,
    exceptions.UnreadableAnswer,
    exceptions.OperatorNeeded,
    exceptions.Rejected,
    exceptions.InvalidInput,
    exceptions.RunStopped,
]
RETRIED = [
    exceptions.NotSent,
    exceptions.TransientFailure,
    exceptions.QuotaReached,
    exceptions.ConfigurationError,
    exceptions.LeaseLost,
    exceptions.TransitionRefused,
    exceptions.RunIncomplete,
]


def make(kind):
    if kind is exceptions.InvalidInput:
        return kind("card", "check_digit", "Correct it.", row="7")
    if issubclass(kind, exceptions.CallError):
        return kind("refused", **FACTS)
    return kind("login: it is empty")


def through_a_hook(kind):
    with pytest.raises(kind) as caught, failing_at_once():
        raise make(kind)
    return caught.value


@pytest.mark.parametrize("kind", AT_ONCE)
def test_what_a_retry_cannot_mend_fails_the_task_at_once(kind):
    error = through_a_hook(kind)
    assert isinstance(error, AirflowFailException)
    assert str(error) == str(make(kind))
    assert error.__dict__ == make(kind).__dict__


@pytest.mark.parametrize("kind", RETRIED)
def test_what_time_may_mend_is_left_to_airflows_retries(kind):
    assert not isinstance(through_a_hook(kind), AirflowFailException)


def test_every_error_that_ends_a_call_is_in_one_of_the_two_lists():
    ends = {kind for kind in exceptions.CallError.__subclasses__() if kind.__module__ == exceptions.__name__}
    assert ends == {kind for kind in AT_ONCE + RETRIED if issubclass(kind, exceptions.CallError)}


@pytest.mark.parametrize("kind", AT_ONCE + RETRIED)
def test_an_error_survives_pickling(kind):
    error = through_a_hook(kind)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.__dict__) == (type(error), str(error), error.__dict__)


def test_a_run_that_was_stopped_keeps_its_manifest():
    stopped = exceptions.RunStopped("The budget is used up.")
    stopped.manifest = {"rows": 3}
    with pytest.raises(AirflowFailException) as caught, failing_at_once():
        raise stopped
    assert pickle.loads(pickle.dumps(caught.value)).manifest == {"rows": 3}
