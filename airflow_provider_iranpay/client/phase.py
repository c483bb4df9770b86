"""What became of one request on the wire, and the two tables that decide about repeating it.

*Not sent* is proven (DNS, connect, TLS, pool). *Answered* is a complete body in the provider's own envelope. All else
is *maybe sent*: a time-out, a reset, a cut body, a 5xx or an HTML page without that envelope. Everything that decides
about repeating lives here; the conversation only reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from typing import Final, NamedTuple

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.api.contract import ErrorClass, Safety
from airflow_provider_iranpay.record import Record

__all__ = [
    "AFTER_BILLED_FAILURE",
    "AFTER_FAILURE",
    "AFTER_MAYBE_SENT",
    "AFTER_NOT_SENT",
    "Broken",
    "Move",
    "Phase",
    "Received",
    "Verdict",
]


class Phase(StrEnum):
    """How far a request came, as far as can be proven."""

    NOT_SENT = "not_sent"
    MAYBE_SENT = "maybe_sent"
    ANSWERED = "answered"


class Received(Record, frozen=True):
    """A complete response.

    :param retry_after: the raw ``Retry-After`` header, None where there is none.
    :param at: when it came (timezone-aware).
    :param track_id: the echoed ``X-TRACK-ID``, None where there is none.
    """

    status: int
    body: bytes
    at: datetime
    retry_after: str | None = None
    track_id: str | None = None


@dataclass(frozen=True, slots=True)
class Broken:
    """No complete response.

    :param phase: ``NOT_SENT`` only where that is proven.
    :param reason: what happened, in words that hold no URL and no data of the call.
    """

    phase: Phase
    reason: str


class Move(Enum):
    """What the conversation does next."""

    AUTHENTICATE = "renew the tokens and replay once"
    REPEAT = "wait and send again while tries are left"
    REPEAT_ONCE = "wait and send again, one time"
    RAISE = "end with the error"


class Verdict(NamedTuple):
    """A move, and the error that is raised when the move is to raise or its tries are used up."""

    move: Move
    error: type[exceptions.CallError]


AFTER_NOT_SENT: Final = Verdict(Move.REPEAT, exceptions.NotSent)

AFTER_MAYBE_SENT: Final[dict[Safety, Verdict]] = {
    Safety.FREE_READ: Verdict(Move.REPEAT, exceptions.TransientFailure),
    Safety.BILLABLE_READ: Verdict(Move.RAISE, exceptions.OutcomeUnknown),
    Safety.IDEMPOTENT_WRITE: Verdict(Move.RAISE, exceptions.OutcomeUnknown),
    Safety.MONEY_WRITE: Verdict(Move.RAISE, exceptions.OutcomeUnknown),
    Safety.CREATE: Verdict(Move.RAISE, exceptions.OutcomeUnknown),
    Safety.TOKEN: Verdict(Move.REPEAT_ONCE, exceptions.TransientFailure),
}

AFTER_FAILURE: Final[dict[ErrorClass, Verdict]] = {
    ErrorClass.AUTHENTICATE: Verdict(Move.AUTHENTICATE, exceptions.OperatorNeeded),
    ErrorClass.TRANSIENT: Verdict(Move.REPEAT, exceptions.TransientFailure),
    ErrorClass.QUOTA: Verdict(Move.RAISE, exceptions.QuotaReached),
    ErrorClass.OPERATOR: Verdict(Move.RAISE, exceptions.OperatorNeeded),
    ErrorClass.FINAL: Verdict(Move.RAISE, exceptions.Rejected),
}

AFTER_BILLED_FAILURE: Final[dict[ErrorClass, Verdict]] = AFTER_FAILURE | {
    ErrorClass.TRANSIENT: Verdict(Move.RAISE, exceptions.TransientFailure),
}
"""The same for a paid read of a provider whose errors may be billed as well: another send might be paid again."""
