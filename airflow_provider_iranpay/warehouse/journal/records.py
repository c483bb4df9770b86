"""What goes into the journal and comes out of it, as plain values. No statement lives here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from airflow_provider_iranpay.warehouse.journal.states import Event, State

__all__ = ["Answer", "Ask", "Attempt", "AttemptKey", "Claim", "Committed", "Freshness", "Kind", "Lost", "Standing"]


class AttemptKey(NamedTuple):
    """Which attempt: its worker and the worker's count. It never changes hands, so it is also its epoch."""

    worker: bytes
    number: int


class Ask(NamedTuple):
    """A question to look up.

    :param questions: its hashes under all keys of the ring, newest first.
    :param wire: hash of the request as it would go over the wire today: another one makes an old answer useless.
    """

    questions: tuple[bytes, ...]
    wire: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """Which kept answers count, and what may be asked again.

    :param as_of: fixed at the first try of a run and shared by all that repeats it.
    :param max_age: an answer counts if it came at ``as_of - max_age`` or later.
    :param retry_unknown: ask again what maybe was paid: once per question and freshness period.
    :param ask_pruned: ask again what was paid once and thrown away.
    """

    as_of: datetime
    max_age: timedelta
    retry_unknown: bool = False
    ask_pruned: bool = False

    @property
    def since(self) -> datetime:
        """The oldest moment of an answer that counts."""
        return self.as_of - self.max_age


class Kind(StrEnum):
    """How a question stands."""

    FREE = "free"
    """It may be claimed."""
    KEPT = "kept"
    """Its answer is fresh; state tells an answer from a definite error."""
    UNREADABLE = "unreadable"
    """It was paid, fresh, and this version cannot read the answer, which is here to be read again."""
    BUSY = "busy"
    """Another worker has it, at least until ``busy_until``."""
    STALE = "stale"
    """A worker that is gone has it: call ``recover``, and look again."""
    UNKNOWN = "unknown"
    """Maybe paid, no answer; it is not to be asked again by itself."""
    PRUNED = "pruned"
    """Paid once, the answer thrown away; asked again only with ``ask_pruned``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a question stands. Its repr shows no answer.

    :param ask: what was looked up.
    :param attempt: the latest one; None if the question was never asked.
    :param state: of that attempt.
    :param answer: the bytes that were kept.
    :param cost_rial: what the latest attempt has cost; None if that is open or it had no price.
    :param price_rial: what it costs at most.
    """

    ask: Ask = field(repr=False)
    kind: Kind
    attempt: AttemptKey | None = None
    state: State | None = None
    answer: bytes | None = field(default=None, repr=False)
    code: str | None = None
    answered_at: datetime | None = None
    cost_rial: int | None = None
    price_rial: int | None = None
    busy_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The wish to ask a question, as it stood when it was looked up.

    :param standing: of kind ``free``; the claim is lost if it has changed since.
    :param price_rial: reserved at once; None if the inquiry has no price, which no budget takes.
    :param track_id: random; the provider sees it, and no other call may have it.
    :param intent: False only holds the question: nothing may be sent before another commit says ``claim``.
    :param moves_money: such an attempt is never pruned.
    """

    standing: Standing
    inquiry: str
    account: str
    price_rial: int | None
    track_id: str
    intent: bool = True
    moves_money: bool = False


class Attempt(NamedTuple):
    """A claim that was won."""

    key: AttemptKey
    claim: Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of an attempt.

    :param key: the attempt's.
    :param ask: what was asked; its answer opens beside no other.
    :param event: as the table of states names it.
    :param content: the answer to keep, sealed before it is written; None where there is none.
    :param answered_at: aware; needed where there is an answer.
    """

    key: AttemptKey
    ask: Ask = field(repr=False)
    event: Event
    content: bytes | None = field(default=None, repr=False)
    code: str | None = None
    sent_at: datetime | None = None
    answered_at: datetime | None = None


class Lost(NamedTuple):
    """A claim that somebody else was quicker with.

    :param state: of the attempt that stands now.
    :param until: when the other worker's lease ends, if it has one.
    """

    claim: Claim
    state: State
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What a commit did, each list in the order in which it was given.

    :param won: may be sent (or held) now.
    :param lost: look those up again.
    :param over_budget: their price did not fit under the cap.
    :param refused: the attempt's state does not take the event, and nothing of it was written. Not known, and empty, if
        the reply to the commit was lost.
    """

    won: list[Attempt]
    lost: list[Lost]
    over_budget: list[Claim]
    refused: list[Answer]
