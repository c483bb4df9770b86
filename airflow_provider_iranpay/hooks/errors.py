"""Errors as Airflow must meet them: those that a task retry could only repeat, or pay for again, fail the task at
once.

Each is its original and an ``AirflowFailException``: user code catches ``OutcomeUnknown``, Airflow sees the end of
the task.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowFailException

from airflow_provider_iranpay import exceptions

__all__ = ["failing_at_once"]


class InvalidInput(exceptions.InvalidInput, AirflowFailException):
    """A value was refused before anything was sent."""


class OutcomeUnknown(exceptions.OutcomeUnknown, AirflowFailException):
    """The request may have been carried out and paid for."""


class NotConfirmed(exceptions.NotConfirmed, AirflowFailException):
    """Inquiry does not confirm a payment."""


class UnreadableAnswer(exceptions.UnreadableAnswer, AirflowFailException):
    """The provider's answer lacks what was asked for."""


class OperatorNeeded(exceptions.OperatorNeeded, AirflowFailException):
    """Nothing will work until a person acts."""


class Rejected(exceptions.Rejected, AirflowFailException):
    """The provider refused this question for good."""


class RunStopped(exceptions.RunStopped, AirflowFailException):
    """A bulk run could not go on, and a person has to act."""


_AT_ONCE: dict[type[exceptions.IranPayError], type[exceptions.IranPayError]] = {
    exceptions.InvalidInput: InvalidInput,
    exceptions.OutcomeUnknown: OutcomeUnknown,
    exceptions.NotConfirmed: NotConfirmed,
    exceptions.UnreadableAnswer: UnreadableAnswer,
    exceptions.OperatorNeeded: OperatorNeeded,
    exceptions.Rejected: Rejected,
    exceptions.RunStopped: RunStopped,
}


@contextmanager
def failing_at_once() -> Iterator[None]:
    """Raise what a retry cannot mend as its twin that Airflow does not retry; let all else pass."""
    try:
        yield
    except exceptions.IranPayError as error:
        twin = _AT_ONCE.get(type(error))
        if twin is None:
            raise
        raised = error.as_kind(twin)
    else:
        return
    raise raised from None
