"""What goes into the journal and comes out of it, as plain values. No statement lives here.

No ``repr`` shows a question or an answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from airflow_provider_iranpay.exceptions import InvalidInput
from airflow_provider_iranpay.record import Record
from airflow_provider_iranpay.warehouse.journal.states import Event, State

__all__ = [
    "KEYS_OF_A_WORKER",
    "Answer",
    "Ask",
    "Attempt",
    "AttemptKey",
    "Claim",
    "Committed",
    "Freshness",
    "Kind",
    "Lost",
    "OwnSums",
    "Standing",
    "Terms",
    "key_text",
    "keys_of",
    "read_key",
    "worker_of",
]


AttemptKey = int
"""Which attempt: the number of its worker, and in the last 32 bits the worker's own count. It never changes hands, so
it is also its epoch.
"""

KEYS_OF_A_WORKER: Final = 1 << 32
_KEY_TEXT: Final = re.compile(r"w([0-9]{1,10})-([0-9]{1,10})")


def keys_of(worker: int) -> range:
    """Return all keys that the attempts of a worker may have, by its count."""
    return range(worker * KEYS_OF_A_WORKER, (worker + 1) * KEYS_OF_A_WORKER)


def worker_of(key: AttemptKey) -> int:
    """Return the number of the worker that made an attempt."""
    return key // KEYS_OF_A_WORKER


def key_text(key: AttemptKey) -> str:
    """Write an attempt as a person does: w with the worker's number, a hyphen, the worker's count.

    Without the letter a spreadsheet would take it for a date.
    """
    return "w{}-{}".format(*divmod(key, KEYS_OF_A_WORKER))


def read_key(text: str) -> AttemptKey:
    """Read what :func:`key_text` wrote.

    :raises InvalidInput: it is something else.
    """
    found = _KEY_TEXT.fullmatch(text.strip())
    if found:
        worker, number = map(int, found.groups())
        if worker < KEYS_OF_A_WORKER // 2 and number < KEYS_OF_A_WORKER:
            return keys_of(worker)[number]
    remedy = "Write the id of an attempt as the list of unknown attempts shows it, such as w12-345."
    raise InvalidInput("attempt", "format", remedy)


class Ask(Record, frozen=True):
    """A question to look up.

    :param questions: its hashes under all keys of the ring, newest first.
    :param wire: called with ``jibit`` or ``paystar`` where a fresh answer of that provider was found; gives the hash of
        the request as it would go there today: another one makes the answer useless. None takes the answer as it is.
    """

    questions: tuple[bytes, ...]
    wire: Callable[[str], bytes | None]


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


class Standing(Record, frozen=True):
    """How a question stands. All that follows the kind is of its latest attempt, and None if it was never asked.

    :param ask: what was looked up.
    :param answer: the bytes that were kept, if they count.
    :param cost_rial: what the attempt has cost; None if that is open or it had no price.
    :param price_rial: what it costs at most.
    :param busy_until: when the lease ends under which somebody has it.
    """

    ask: Ask
    kind: Kind
    attempt: AttemptKey | None = None
    state: State | None = None
    provider: str | None = None
    account: str | None = None
    track_id: str | None = None
    answer: bytes | None = None
    code: str | None = None
    answered_at: datetime | None = None
    cost_rial: int | None = None
    price_rial: int | None = None
    busy_until: datetime | None = None

    def __repr__(self) -> str:
        return f"Standing(kind={self.kind!r}, attempt={self.attempt!r}, state={self.state!r})"


class Terms(NamedTuple):
    """What the claims of one account have in common.

    :param provider: ``jibit`` or ``paystar``.
    :param account: name of the account there.
    :param price_rial: reserved at once; None if the inquiry has no price, which no budget takes.
    :param intent: False only holds the question: nothing may be sent before another commit says ``claim``.
    :param moves_money: such an attempt is never pruned.
    """

    inquiry: str
    provider: str
    account: str
    price_rial: int | None
    intent: bool = True
    moves_money: bool = False


class Claim(Record, frozen=True):
    """The wish to ask a question, as it stood when it was looked up.

    :param standing: of kind ``free``; the claim is lost if it has changed since.
    :param track_id: random; the provider sees it, and no other call may have it.
    :param after: an own attempt at the question that failed for good, in this commit or before. The claim is won if the
        question still points to it, however it stood when it was looked up; so another provider is asked under the
        same claim.
    """

    standing: Standing
    terms: Terms
    track_id: str
    after: AttemptKey | None = None


class Attempt(Record, frozen=True):
    """A claim that was won."""

    key: AttemptKey
    claim: Claim


class Answer(Record, frozen=True):
    """What became of an attempt.

    :param key: the attempt's.
    :param ask: what was asked; its answer opens beside no other.
    :param event: as the table of states names it.
    :param content: the answer to keep, sealed before it is written; needed for ``answered`` and ``unreadable``. A
        rejection without one is not kept: its question is free at once.
    :param wire: hash of the request that brought it; None if later requests are not to be compared with it.
    :param answered_at: aware; needed where there is content.
    :param instead: the earlier attempt whose answer the question shows again if this one brings nothing to keep.
    """

    key: AttemptKey
    ask: Ask
    event: Event
    content: bytes | None = None
    wire: bytes | None = None
    code: str | None = None
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    instead: AttemptKey | None = None

    def __repr__(self) -> str:
        return f"Answer(key={self.key!r}, event={self.event!r}, code={self.code!r})"


class OwnSums(NamedTuple):
    """What a worker's own attempts come to, as far as prices are known.

    :param spent_rial: for answers; not for what a person has written off.
    :param reserved_rial: for attempts that may still be paid.
    """

    spent_rial: int
    reserved_rial: int


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
