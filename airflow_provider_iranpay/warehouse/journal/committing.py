"""The group commit: answers that have come and questions that are to be asked next, in one transaction.

Rows are locked in one order: the ring, the worker's own row, attempts by key, questions by hash, budgets by name. A
failure leaves nothing. What is written can be read again by the worker and the number of its commit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select

from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.warehouse.column_types import UtcTimestamp
from airflow_provider_iranpay.warehouse.journal.answers import seal_answer
from airflow_provider_iranpay.warehouse.journal.budgets import Movements
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing
from airflow_provider_iranpay.warehouse.journal.looking import find, read_leases
from airflow_provider_iranpay.warehouse.journal.records import (
    Answer,
    Attempt,
    AttemptKey,
    Claim,
    Committed,
    Kind,
    Lost,
    Terms,
    keys_of,
    worker_of,
)
from airflow_provider_iranpay.warehouse.journal.settling import AT_ONCE, Common, Known, Settled, lock_attempts, settle
from airflow_provider_iranpay.warehouse.journal.statements import Insert, ManyRows, Statement, select_any
from airflow_provider_iranpay.warehouse.journal.states import TEXTS, Event, State, step
from airflow_provider_iranpay.warehouse.journal.tables import attempt, question
from airflow_provider_iranpay.warehouse.journal.tables import claim as claim_table

__all__ = ["Group", "Hands", "lost_to", "read_again", "write_answers", "write_claims"]

Hands = Mapping[AttemptKey, Known]
"""Attempts that a worker has claimed and not settled yet, as it left them: they need not be read."""

_KEPT = frozenset({Event.ANSWERED, Event.UNREADABLE})
_FAILED = frozenset({State.NOT_SENT, State.REJECTED})

_OF_ALL = {"environment": "text", "key_id": "text", "inquiry": "text"}
_ASK = Insert(
    "iranpay_question",
    shared=_OF_ALL,
    each={"hash": "bytea", "attempt_id": "bigint"},
    on_conflict="ON CONFLICT DO NOTHING RETURNING hash, question_id",
)
_ASK_NUMBERED = Insert(
    "iranpay_question",
    shared=_OF_ALL,
    each={"hash": "bytea", "question_id": "bigint", "attempt_id": "bigint"},
    on_conflict="ON CONFLICT DO NOTHING",
)
_COMMITS = Statement("SELECT commits FROM iranpay_worker WHERE worker = {worker} {for_update}", worker="bigint")
# A question remembers that it was asked again after an unknown attempt until it is answered.
_ASK_AGAIN = ManyRows(
    "UPDATE iranpay_question SET attempt_id = {attempt_id},"
    " retried_at = CASE WHEN {was_unknown} THEN {now} WHEN iranpay_question.retried_at IS NULL THEN NULL"
    " WHEN EXISTS (SELECT 1 FROM iranpay_end AS shown WHERE shown.attempt_id = iranpay_question.attempt_id"
    " AND shown.content IS NOT NULL) THEN NULL ELSE {now} END {given}"
    " WHERE iranpay_question.question_id = {question_id}",
    shared={"now": "timestamptz"},
    each={"question_id": "bigint", "attempt_id": "bigint", "was_unknown": "boolean"},
)
_CLAIM = Insert(
    "iranpay_claim",
    shared={
        "environment": "text",
        "budget": "text",
        "claimed_at": "timestamptz",
        "provider": "text",
        "account": "text",
        "price_rial": "bigint",
        "begun": "text",
        "moves_money": "boolean",
    },
    each={"attempt_id": "bigint", "question_id": "bigint", "track_id": "text"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What one commit is to do. The same group can be written again if it is not known whether it was.

    :param number: of the commit, counted by the worker.
    :param first: the number of its first attempt; they are counted in the order of the claims.
    """

    environment: str
    worker: int
    number: int
    answers: Sequence[Answer]
    claims: Sequence[Claim]
    first: int
    budget: str | None

    def __post_init__(self) -> None:
        if self.budget is not None and None in {claim.terms.price_rial for claim in self.claims}:
            raise ConfigurationError("A budget holds only inquiries that have a price: give one, or claim without it.")
        if {claim.standing.kind for claim in self.claims} - {Kind.FREE}:
            raise ValueError("Only a question that is free can be claimed.")
        if any(
            answer.answered_at is None if answer.content is not None else answer.event in _KEPT
            for answer in self.answers
        ):
            raise ValueError("An answer that is kept has content and the time when it came.")

    @property
    def keys(self) -> range:
        """The keys of its attempts."""
        return keys_of(self.worker)[self.first : self.first + len(self.claims)]

    def attempts(self) -> Iterator[Attempt]:
        """Number the claims."""
        return map(Attempt, self.keys, self.claims)


def write_answers(
    connection: Connection, group: Group, keys: KeyRing, movements: Movements, hands: Hands
) -> list[Answer]:
    """Settle the answers.

    :return: those that the state of their attempt does not take.
    :raises Outdated: the worker has something else in its hands than the tables.
    """
    asked = {answer.key for answer in group.answers}
    rows = {key: hands[key] for key in asked} if asked <= hands.keys() else _read(connection, asked)
    seal = keys.sealer(len(group.answers))
    known, changes, refused = [], [], []
    for answer in group.answers:
        row = rows.pop(answer.key, None)  # of two answers to one attempt the first one counts
        if row is None:
            refused.append(answer)
            continue
        content = answer.content
        if content is not None:
            content = seal_answer(seal, answer.ask, content, answer.wire, row.common.provider, row.track_id)
        known.append(answer)
        changes.append(
            Settled(row, answer.event, answer.sent_at, answer.answered_at, answer.code, content, answer.instead)
        )
    taken = settle(connection, changes, movements)
    return refused + [answer for answer, was in zip(known, taken, strict=True) if not was]


def _read(connection: Connection, asked: set[AttemptKey]) -> dict[AttemptKey, Known]:
    rows: dict[AttemptKey, Known] = {}
    ordered = sorted(asked)
    for start in range(0, len(ordered), AT_ONCE):
        its = claim_table.c.attempt_id.in_(ordered[start : start + AT_ONCE])
        rows.update((row.key, row) for row in lock_attempts(connection, its))
    return rows


def write_claims(
    connection: Connection, group: Group, *, key_id: str, now: datetime, movements: Movements
) -> tuple[list[Attempt], list[Claim], list[Claim], dict[AttemptKey, Known]]:
    """Make the claims that are still free and fit the budget, with their reservation.

    :param key_id: the newest key.
    :return: won, lost and over budget; and the attempts that the worker now has in its hands.
    """
    mine = _first_of_each(group)
    again = {some: one for some, one in mine.items() if one.claim.after or one.claim.standing.attempt}
    ids = _take_known(connection, again.values()) if again else {}
    new = [pair for pair in mine.items() if pair[0] not in again] if again else list(mine.items())
    ids |= _take_new(connection, group, new, key_id)
    won = list(mine.items()) if len(ids) == len(mine) else [pair for pair in mine.items() if pair[0] in ids]
    lost, over = [], []
    if len(won) < len(group.claims):
        kept = {one.key for _, one in won}
        lost = [one.claim for one in group.attempts() if one.key not in kept]
    if group.budget is not None and won:
        fits = movements.fitting(connection, group.budget, [one.claim.terms.price_rial or 0 for _, one in won])
        if not all(fits):
            over = [pair for pair, fit in zip(won, fits, strict=True) if not fit]
            won = [pair for pair, fit in zip(won, fits, strict=True) if fit]
            _give_back(connection, [ids[some] for some, _ in over if some not in again])
    if again:
        _point(connection, [(ids[some], one) for some, one in won if some in again], now)
    known = _write_attempts(connection, group, [(ids[some], some not in again, one) for some, one in won], now)
    return [one for _, one in won], lost, [one.claim for _, one in over], known


def _first_of_each(group: Group) -> dict[bytes, Attempt]:
    """Of two claims for one question the first one counts."""
    hashes = [claim.standing.ask.questions[0] for claim in group.claims]
    first = dict(zip(hashes, group.attempts(), strict=True))
    if len(first) < len(hashes):
        first |= dict(zip(reversed(hashes), reversed([*group.attempts()]), strict=True))
    return first


def _take_known(connection: Connection, asked: Iterable[Attempt]) -> dict[bytes, int]:
    """Lock questions that were asked before, and keep those that stand as they were looked up."""
    by_hash = {some: one for one in asked for some in one.claim.standing.ask.questions}
    hashes = sorted(by_hash)
    kept = {}
    for start in range(0, len(hashes), AT_ONCE):
        batch = hashes[start : start + AT_ONCE]
        connection.execute(
            select(question.c.question_id).where(question.c.hash.in_(batch)).order_by(question.c.hash).with_for_update()
        ).all()
        # Read after the lock: only then it is what nobody changes any more.
        for question_id, some, key, state in connection.execute(_STANDING.where(question.c.hash.in_(batch))):
            claim = by_hash[some].claim
            if _stands(claim, key, State(state)):
                kept[claim.standing.ask.questions[0]] = question_id
    return kept


_STANDING = select(
    question.c.question_id,
    question.c.hash,
    attempt.c.attempt_id,
    attempt.c.state,
).join_from(question, attempt, attempt.c.attempt_id == question.c.attempt_id)


def _stands(claim: Claim, latest: AttemptKey, state: State) -> bool:
    """Whether a question still stands as the claim has it."""
    if claim.after is not None:
        return latest == claim.after and state in _FAILED
    return latest == claim.standing.attempt and state is claim.standing.state


def _take_new(
    connection: Connection, group: Group, new: Sequence[tuple[bytes, Attempt]], key_id: str
) -> dict[bytes, int]:
    """Write the questions that nobody has asked; those that somebody has meanwhile are left out."""
    asked: defaultdict[str, list[tuple[bytes, AttemptKey]]] = defaultdict(list)
    for some, one in new:
        asked[one.claim.terms.inquiry].append((some, one.key))
    write = _write_on_sqlite if connection.dialect.name == "sqlite" else _ASK.returning
    ids: dict[bytes, int] = {}
    for inquiry in sorted(asked):
        ids.update(write(connection, (group.environment, key_id, inquiry), sorted(asked[inquiry])))
    return ids


def _write_on_sqlite(
    connection: Connection, shared: tuple[str, str, str], rows: Sequence[tuple[bytes, AttemptKey]]
) -> Iterable[tuple[bytes, int]]:
    """Write questions, and give the hash and the number of each that is new."""
    (last,) = _LAST_ID.first(connection) or (None,)
    ids = range((last or 0) + 1, (last or 0) + 1 + len(rows))
    hashes = [some for some, _ in rows]
    numbered = [(some, question_id, key) for (some, key), question_id in zip(rows, ids, strict=True)]
    if _ASK_NUMBERED.run(connection, shared, numbered) == len(rows):
        return zip(hashes, ids, strict=True)
    keys = [key for _, key in rows]
    return select_any(connection, _WRITTEN, hashes, (min(keys), max(keys)))


_LAST_ID = Statement("SELECT max(question_id) FROM iranpay_question")
_WRITTEN = "SELECT hash, question_id FROM {given} iranpay_question WHERE attempt_id BETWEEN {} AND {} AND hash {any}"


def _give_back(connection: Connection, question_ids: Sequence[int]) -> None:
    if question_ids:
        connection.execute(
            delete(question).where(question.c.question_id == bindparam("its_id")),
            [{"its_id": question_id} for question_id in question_ids],
        )


def _point(connection: Connection, won: Iterable[tuple[int, Attempt]], now: datetime) -> None:
    """Point questions to their new attempts. They are locked."""
    moment = UtcTimestamp().process_bind_param(now, connection.dialect)
    moves = [(question_id, one.key, _was_unknown(one.claim)) for question_id, one in won]
    _ASK_AGAIN.run(connection, (moment,), moves)


def _was_unknown(claim: Claim) -> bool:
    return claim.after is None and claim.standing.state is State.UNKNOWN


def _write_attempts(
    connection: Connection, group: Group, won: Iterable[tuple[int, bool, Attempt]], now: datetime
) -> dict[AttemptKey, Known]:
    """Write the claims of attempts.

    :param won: with each the number of its question, and whether it is the first attempt at that.
    """
    alike: dict[Terms, tuple[Common, list[tuple[int, int, str]]]] = {}
    hands: dict[AttemptKey, Known] = {}
    last: Terms | None = None
    for question_id, is_first, one in won:
        key, terms = one.key, one.claim.terms
        if terms is not last:  # those of one account mostly are one object, and to hash it takes long
            last = terms
            if terms not in alike:
                begun = _BEGUN[terms.intent]
                alike[terms] = Common(terms.provider, begun, terms.price_rial, None, group.budget), []
            common, rows = alike[terms]
        rows.append((key, question_id, one.claim.track_id))
        hands[key] = Known(common, key, question_id, one.claim.track_id, is_first)
    moment = UtcTimestamp().process_bind_param(now, connection.dialect)
    for (_, provider, account, price_rial, intent, moves_money), (_, rows) in alike.items():
        same = (group.environment, group.budget, moment, provider, account, price_rial)
        _CLAIM.run(connection, (*same, TEXTS[_BEGUN[intent]], moves_money), rows)
    return hands


_BEGUN = {
    True: step(State.NEW, Event.CLAIM).state,
    False: step(State.NEW, Event.HOLD).state,
}
"""By whether there is the intent to send."""


def read_again(connection: Connection, group: Group) -> Committed | None:
    """Read what this group has done, if it was committed: for when the reply to the commit was lost."""
    # Waits for a commit of this worker that is still on its way: only then is it known.
    found = _COMMITS.first(connection, group.worker)
    if found is None or found[0] != group.number:
        return None
    key, keys = claim_table.c.attempt_id, group.keys
    written = set(connection.scalars(select(key).where(key >= keys.start, key < keys.stop)))
    won = [one for one in group.attempts() if one.key in written]
    rest = [one.claim for one in group.attempts() if one.key not in written]
    changed = [one for one in lost_to(connection, rest) if one is not None]
    taken = {id(one.claim) for one in changed}
    over = [claim for claim in rest if id(claim) not in taken]
    return Committed(won=won, lost=changed, over_budget=over, refused=[])


def lost_to(connection: Connection, claims: Sequence[Claim]) -> list[Lost | None]:
    """Say for each claim who was quicker; None if nothing has changed since it was looked up."""
    rows = find(connection, [claim.standing.ask for claim in claims])
    leases = read_leases(connection, rows)
    found: list[Lost | None] = []
    for claim, row in zip(claims, rows, strict=True):
        if row is None or _stands(claim, row.attempt, row.state):
            found.append(None)
            continue
        until, _ = leases.get(worker_of(row.attempt), (None, None))
        found.append(Lost(claim, row.state, until))
    return found
