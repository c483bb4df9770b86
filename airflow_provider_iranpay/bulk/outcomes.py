"""What becomes of a question: the status that its rows get, and what the journal is told and keeps.

The tables here decide; no row is read or written.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from airflow_provider_iranpay.api.contract import Request
from airflow_provider_iranpay.bulk.ways import Reader, Way
from airflow_provider_iranpay.client.conversation import reread
from airflow_provider_iranpay.client.many_driver import Ended
from airflow_provider_iranpay.exceptions import (
    CallError,
    InvalidInput,
    IranPayError,
    NotSent,
    OperatorNeeded,
    OutcomeUnknown,
    QuotaReached,
    Rejected,
    TransientFailure,
    UnreadableAnswer,
)
from airflow_provider_iranpay.inquiries import Inquiry
from airflow_provider_iranpay.warehouse.journal.records import Standing
from airflow_provider_iranpay.warehouse.journal.states import Event

__all__ = [
    "ANSWERS",
    "Origin",
    "Outcome",
    "Status",
    "Verdict",
    "answered",
    "content_of",
    "invalid",
    "is_doubtful",
    "judge",
    "kept_content",
    "of_answer",
    "of_error",
    "replayed",
]


class Status(StrEnum):
    """What became of a row. Each row has one; their counts add up to the rows."""

    OK = "ok"
    MATCHED = "matched"
    NOT_MATCHED = "not_matched"
    INVALID_INPUT = "invalid_input"
    """Refused before anything was sent or paid."""
    PROVIDER_ERROR = "provider_error"
    """A definite error of the provider about this very question."""
    FAILED = "failed"
    """The provider could not answer now; the tries are used up."""
    UNKNOWN = "unknown"
    """Maybe sent and paid, and no answer."""
    UNREADABLE = "unreadable"
    """Paid, and answered with what this version cannot read; it is kept."""
    NOT_SENT_BUDGET = "not_sent_budget"
    NOT_SENT_QUOTA = "not_sent_quota"
    NOT_SENT_UNAVAILABLE = "not_sent_unavailable"
    """The provider could not be reached."""
    NOT_SENT_BUSY = "not_sent_busy"
    """Another worker has the question, and has not answered in time."""
    NOT_SENT_STOPPED = "not_sent_stopped"
    """The run ended before."""


ANSWERS: Final = frozenset({Status.OK, Status.MATCHED, Status.NOT_MATCHED, Status.PROVIDER_ERROR})
"""Statuses of rows that have an answer; a definite error is one."""


_CAME: Final = ANSWERS | {Status.UNREADABLE}

# A member of an enumeration is looked up in ten times the time of a name.
_OK: Final = Status.OK.value
_MATCHED: Final = Status.MATCHED.value
_NOT_MATCHED: Final = Status.NOT_MATCHED.value


class Origin(StrEnum):
    """Where a row's answer comes from. Each row has one; their counts add up to the rows."""

    PAID = "paid"
    """A call of this run."""
    CACHED = "cached"
    """The journal."""
    DUPLICATE = "duplicate"
    """Another row of this run that asks the same."""
    NONE = "none"
    """It has no answer."""


_PAID: Final = Origin.PAID.value


class Outcome(NamedTuple):
    """What became of one question, as its first row shows it.

    :param attempts: made by this run.
    :param cost_rial: what this run's attempts have cost for sure; None where the price is not known.
    :param answered_at: aware.
    :param cells: of the inquiry's outputs; empty where there is no answer.
    """

    status: str
    origin: str = Origin.NONE
    error_code: str | None = None
    error_message: str | None = None
    provider: str | None = None
    attempts: int = 0
    cost_rial: int | None = 0
    track_id: str | None = None
    answered_at: datetime | None = None
    cells: tuple[Any, ...] = ()

    @property
    def has_answer(self) -> bool:
        """Whether it is an answer; a definite error is one."""
        return self.status in ANSWERS

    def of_call(self, provider: str, track_id: str, at: datetime | None, cost_rial: int | None) -> Outcome:
        """Return the same as what a call of this run came to.

        :param at: when an answer came, if one did.
        """
        status, _, code, message, *_, cells = self
        origin = Origin.PAID if status in ANSWERS else Origin.NONE
        answered_at = at if status in _CAME else None
        return Outcome(status, origin, code, message, provider, 1, cost_rial, track_id, answered_at, cells)

    def after(self, before: Outcome) -> Outcome:
        """Return the same with the attempts and the cost of this run's earlier ones at the question."""
        both = None if self.cost_rial is None or before.cost_rial is None else self.cost_rial + before.cost_rial
        return self._replace(attempts=self.attempts + before.attempts, cost_rial=both)

    def of_duplicate(self) -> Outcome:
        """Return the same for a later row that asks the same: nothing more was paid for it."""
        origin = Origin.NONE if self.origin == Origin.NONE else Origin.DUPLICATE
        return self._replace(origin=origin, attempts=0, cost_rial=0)


class Verdict(NamedTuple):
    """What a call comes to that brought no answer.

    :param event: for the journal.
    :param content: what the journal keeps; None where it keeps nothing.
    :param definite_failure: another provider may be asked.
    """

    event: Event
    content: bytes | None
    outcome: Outcome
    definite_failure: bool = False


_STATUS_OF_ERROR: Final[dict[type[IranPayError], Status]] = {
    Rejected: Status.PROVIDER_ERROR,
    TransientFailure: Status.FAILED,
    QuotaReached: Status.NOT_SENT_QUOTA,
    OperatorNeeded: Status.NOT_SENT_STOPPED,
    NotSent: Status.NOT_SENT_UNAVAILABLE,
    OutcomeUnknown: Status.UNKNOWN,
    UnreadableAnswer: Status.UNREADABLE,
}


def answered(inquiry: Inquiry, way: Way, track_id: str, ended: Ended) -> Outcome:
    """Make the outcome of a call of this run that brought an answer."""
    cells = way.answering.cells(ended.value)
    status = _status(inquiry, cells)
    return Outcome(status, _PAID, None, None, way.provider, 1, way.price_rial, track_id, ended.at, cells)


def judge(way: Reader, ended: Ended, error: IranPayError) -> Verdict:
    """Say what a call comes to that ended with an error: for the journal, for the row, and whether another provider
    may be asked.
    """
    outcome = of_error(error)
    told = ended.body is not None
    if not told and isinstance(error, Rejected | UnreadableAnswer):
        outcome = outcome._replace(status=Status.FAILED)  # said to a token call, and not about the question
    elif isinstance(error, UnreadableAnswer):
        return Verdict(Event.UNREADABLE, content_of(ended), outcome)
    if isinstance(error, OutcomeUnknown):
        return Verdict(Event.SILENCE, None, outcome)
    if not ended.sends or not isinstance(error, CallError):
        return Verdict(Event.NOT_SENT, None, outcome, definite_failure=True)
    event = Event.REJECTED_FREE if way.api.errors_are_free else Event.REJECTED
    keeps = told and isinstance(error, Rejected) and error.code is not None and way.api.lists(error.code)
    return Verdict(event, content_of(ended) if keeps else None, outcome, definite_failure=True)


def is_doubtful(way: Reader, ended: Ended) -> bool:
    """Tell whether an end is unknown, unreadable or unlisted: many of them in a row mean that something is wrong."""
    error = ended.error
    if isinstance(error, UnreadableAnswer | OutcomeUnknown):
        return True
    return isinstance(error, Rejected) and not (error.code and way.api.lists(error.code))


def of_answer(inquiry: Inquiry, cells: tuple[Any, ...]) -> Outcome:
    """Make the outcome of an answer."""
    return Outcome(_status(inquiry, cells), cells=cells)


def _status(inquiry: Inquiry, cells: tuple[Any, ...]) -> str:
    if not inquiry.is_matching:
        return _OK
    return _MATCHED if inquiry.positive(cells) else _NOT_MATCHED


def of_error(error: IranPayError) -> Outcome:
    """Make the outcome of an error: its text is masked already."""
    if isinstance(error, InvalidInput):
        return invalid(error.field, error.reason)
    status = next((some for kind, some in _STATUS_OF_ERROR.items() if isinstance(error, kind)), Status.FAILED)
    code = getattr(error, "code", None)
    return Outcome(status, error_code=code, error_message=str(error))


def invalid(field: str, reason: str) -> Outcome:
    """Make the outcome of a row that cannot be asked about."""
    return Outcome(
        Status.INVALID_INPUT, error_code=reason, error_message=f"{field}: {reason}. Correct the cell; nothing was paid."
    )


def kept_content(status: int, body: bytes) -> bytes:
    """Write what the provider said as the journal keeps it: the HTTP status, and the body as it came."""
    return status.to_bytes(2, "big") + body


def content_of(ended: Ended) -> bytes:
    """Write what ended a call as the journal keeps it."""
    return kept_content(ended.status or 0, ended.body or b"")


def replayed(inquiry: Inquiry, way: Reader, request: Request[Any], standing: Standing) -> Outcome:
    """Read a kept answer again, by the rules of today.

    :param request: the question's, as today's rules make it.
    """
    content = standing.answer or b""
    read = reread(
        way.api,
        request,
        int.from_bytes(content[:2], "big"),
        content[2:],
        standing.track_id or "",
    )
    outcome = of_error(read) if isinstance(read, IranPayError) else of_answer(inquiry, way.answering.cells(read))
    return Outcome(
        outcome.status,
        Origin.CACHED.value if outcome.has_answer else Origin.NONE.value,
        outcome.error_code,
        outcome.error_message,
        standing.provider,
        0,
        0,
        standing.track_id,
        standing.answered_at,
        outcome.cells,
    )
