"""The group commit: answers that have come and questions that are to be asked next, in one transaction.

Rows are locked in one order: the ring, the worker's own row, attempts by key, questions by hash, budgets by name. A
failure leaves nothing. What is written can be read again by the worker and the number of its commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.warehouse.journal.budgets import Movements
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing
from airflow_provider_iranpay.warehouse.journal.looking import find, read_leases
from airflow_provider_iranpay.warehouse.journal.records import Answer, Attempt, AttemptKey, Claim, Committed, Kind, Lost
from airflow_provider_iranpay.warehouse.journal.settling import AT_ONCE, lock_attempts, settle
from airflow_provider_iranpay.warehouse.journal.states import Event, State, step
from airflow_provider_iranpay.warehouse.journal.tables import attempt, question, worker

__all__ = ["Group", "lost_to", "read_again", "write_answers", "write_claims"]

_WITH_ANSWER = frozenset({Event.ANSWERED, Event.REJECTED, Event.REJECTED_FREE, Event.UNREADABLE})
_INSERTS: Mapping[str, Callable[..., Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What one commit is to do. The same group can be written again if it is not known whether it was.

    :param number: of the commit, counted by the worker.
    :param first: the number of its first attempt; they are counted in the order of the claims.
    """

    environment: str
    worker: bytes
    number: int
    answers: Sequence[Answer]
    claims: Sequence[Claim]
    first: int
    budget: str | None

    def __post_init__(self) -> None:
        unpriced = self.budget is not None and any(claim.price_rial is None for claim in self.claims)
        if unpriced:
            raise ConfigurationError("A budget holds only inquiries that have a price: give one, or claim without it.")
        if any(claim.standing.kind is not Kind.FREE for claim in self.claims):
            raise ValueError("Only a question that is free can be claimed.")

    def attempts(self) -> Iterator[Attempt]:
        """Number the claims."""
        for number, claim in enumerate(self.claims, self.first):
            yield Attempt(AttemptKey(self.worker, number), claim)


def write_answers(connection: Connection, group: Group, keys: KeyRing, movements: Movements) -> list[Answer]:
    """Settle the answers.

    :return: those that the state of their attempt does not take.
    """
    rows: dict[tuple[bytes, int], Row[Any]] = {}
    keys_of_all = sorted({answer.key for answer in group.answers})
    for start in range(0, len(keys_of_all), AT_ONCE):
        numbers: dict[bytes, list[int]] = {}
        for name, number in keys_of_all[start : start + AT_ONCE]:
            numbers.setdefault(name, []).append(number)
        its = or_(*(and_(attempt.c.worker == name, attempt.c.number.in_(some)) for name, some in numbers.items()))
        rows.update(((row.worker, row.number), row) for row in lock_attempts(connection, its))
    known, changes, refused = [], [], []
    for answer in group.answers:
        row = rows.pop(answer.key, None)  # of two answers to one attempt the first one counts
        if row is None:
            refused.append(answer)
            continue
        known.append(answer)
        changes.append((row, _change(answer, keys)))
    taken = settle(connection, changes, movements)
    return refused + [answer for answer, was in zip(known, taken, strict=True) if not was]


def _change(answer: Answer, keys: KeyRing) -> Mapping[str, Any]:
    if answer.event not in _WITH_ANSWER:
        return {"event": answer.event}
    ask = answer.ask
    return {
        "event": answer.event,
        "sent_at": answer.sent_at,
        "answered_at": answer.answered_at,
        "code": answer.code,
        "answer": keys.seal(ask.questions[0], ask.wire + (answer.content or b"")),
    }


def write_claims(
    connection: Connection, group: Group, *, key_id: str, now: datetime, movements: Movements
) -> tuple[list[Attempt], list[Claim], list[Claim]]:
    """Make the claims that are still free and fit the budget, with their reservation.

    :param key_id: the newest key.
    :return: won, lost and over budget.
    """
    mine = _first_of_each(group)
    rows = _take_known(connection, mine) | _take_new(connection, group, mine, key_id)
    candidates = [one for one in mine.values() if _hash(one) in rows]
    prices = [one.claim.price_rial or 0 for one in candidates]
    fits = [True] * len(prices)
    if group.budget is not None and prices:
        fits = movements.fitting(connection, group.budget, prices)
    won = [one for one, fit in zip(candidates, fits, strict=True) if fit]
    over = [one for one, fit in zip(candidates, fits, strict=True) if not fit]
    _give_back(connection, [rows[_hash(one)] for one in over if one.claim.standing.attempt is None])
    if won:
        _point(connection, [one for one in won if one.claim.standing.attempt], rows, now)
        connection.execute(insert(attempt), [_row(one, rows, group, now) for one in won])
    numbers = {one.key.number for one in (*won, *over)}
    lost = [one.claim for one in group.attempts() if one.key.number not in numbers]
    return won, lost, [one.claim for one in over]


def _hash(one: Attempt) -> bytes:
    return one.claim.standing.ask.questions[0]


def _first_of_each(group: Group) -> dict[bytes, Attempt]:
    """Of two claims for one question the first one counts."""
    first: dict[bytes, Attempt] = {}
    for one in group.attempts():
        first.setdefault(_hash(one), one)
    return first


def _take_known(connection: Connection, mine: Mapping[bytes, Attempt]) -> dict[bytes, int]:
    """Lock the questions that were asked before, and keep those that stand as they were looked up."""
    asked = [one for one in mine.values() if one.claim.standing.attempt is not None]
    by_hash = {some: one for one in asked for some in one.claim.standing.ask.questions}
    hashes = sorted(by_hash)
    kept = {}
    for start in range(0, len(hashes), AT_ONCE):
        batch = hashes[start : start + AT_ONCE]
        connection.execute(
            select(question.c.question_id).where(question.c.hash.in_(batch)).order_by(question.c.hash).with_for_update()
        ).all()
        # Read after the lock: only then it is what nobody changes any more.
        latest = and_(attempt.c.worker == question.c.worker, attempt.c.number == question.c.number)
        found = connection.execute(
            select(question.c.question_id, question.c.hash, attempt.c.worker, attempt.c.number, attempt.c.state)
            .join_from(question, attempt, latest)
            .where(question.c.hash.in_(batch))
        )
        for question_id, some, name, number, state in found:
            seen = by_hash[some].claim.standing
            if (name, number) == seen.attempt and state == seen.state:
                kept[seen.ask.questions[0]] = question_id
    return kept


def _take_new(connection: Connection, group: Group, mine: Mapping[bytes, Attempt], key_id: str) -> dict[bytes, int]:
    """Write the questions that nobody has asked; those that somebody has meanwhile are left out."""
    new = sorted((some, one) for some, one in mine.items() if one.claim.standing.attempt is None)
    if not new:
        return {}
    made = _INSERTS[connection.dialect.name](question).on_conflict_do_nothing()
    rows = connection.execute(
        made.returning(question.c.hash, question.c.question_id),
        [
            {
                "hash": some,
                "environment": group.environment,
                "inquiry": one.claim.inquiry,
                "key_id": key_id,
                "worker": one.key.worker,
                "number": one.key.number,
            }
            for some, one in new
        ],
    )
    return {row.hash: row.question_id for row in rows}


def _give_back(connection: Connection, question_ids: Sequence[int]) -> None:
    if question_ids:
        connection.execute(
            delete(question).where(question.c.question_id == bindparam("its_id")),
            [{"its_id": question_id} for question_id in question_ids],
        )


def _point(connection: Connection, won: Sequence[Attempt], rows: Mapping[bytes, int], now: datetime) -> None:
    """Point questions to their new attempts. They are locked."""
    to = update(question).where(question.c.question_id == bindparam("its_id"))
    to = to.values(worker=bindparam("its_worker"), number=bindparam("its_number"))
    after_unknown = to.values(retried_at=now)
    for statement, retries in ((to, False), (after_unknown, True)):
        moves = [
            {
                "its_id": rows[_hash(one)],
                "its_worker": one.key.worker,
                "its_number": one.key.number,
            }
            for one in won
            if (one.claim.standing.state is State.UNKNOWN) is retries
        ]
        if moves:
            connection.execute(statement, moves)


def _row(one: Attempt, rows: Mapping[bytes, int], group: Group, now: datetime) -> dict[str, Any]:
    claim = one.claim
    return {
        "worker": one.key.worker,
        "number": one.key.number,
        "question_id": rows[_hash(one)],
        "environment": group.environment,
        "account": claim.account,
        "state": step(State.NEW, Event.CLAIM if claim.intent else Event.HOLD).state.value,
        "price_rial": claim.price_rial,
        "budget": group.budget,
        "moves_money": claim.moves_money,
        "track_id": claim.track_id,
        "claimed_at": now,
    }


def read_again(connection: Connection, group: Group) -> Committed | None:
    """Read what this group has done, if it was committed: for when the reply to the commit was lost."""
    # Waits for a commit of this worker that is still on its way: only then is it known.
    commits = connection.scalar(select(worker.c.commits).where(worker.c.worker == group.worker).with_for_update())
    if commits != group.number:
        return None
    last = group.first + len(group.claims) - 1
    written = set(
        connection.scalars(
            select(attempt.c.number).where(
                attempt.c.worker == group.worker, attempt.c.number.between(group.first, last)
            )
        )
    )
    won = [one for one in group.attempts() if one.key.number in written]
    rest = [one.claim for one in group.attempts() if one.key.number not in written]
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
        seen = claim.standing
        if row is None or (AttemptKey(row.worker, row.number) == seen.attempt and row.state == seen.state):
            found.append(None)
            continue
        until, _ = leases.get(row.worker, (None, None))
        found.append(Lost(claim, State(row.state), until))
    return found
