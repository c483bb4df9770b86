"""The one path by which an attempt changes its state: known, taken through the table of states, written.

Whoever calls writes the movements of money in the same transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Dialect, select

from airflow_provider_iranpay.warehouse.column_types import UtcTimestamp
from airflow_provider_iranpay.warehouse.journal.budgets import Movements
from airflow_provider_iranpay.warehouse.journal.records import AttemptKey
from airflow_provider_iranpay.warehouse.journal.statements import Insert, ManyKeys, ManyRows
from airflow_provider_iranpay.warehouse.journal.states import TEXTS, TRANSITIONS, Event, Money, State
from airflow_provider_iranpay.warehouse.journal.tables import attempt

__all__ = ["AT_ONCE", "Known", "Outdated", "Settled", "lock_attempts", "settle"]

AT_ONCE = 1_000
"""Parameters of one statement: few enough for every SQLite."""


class Known(NamedTuple):
    """An attempt as the tables have it: locked and read, or in the hands of the worker that made it.

    :param is_first: known to be the first one of its question, so that the question can show no other.
    """

    worker: bytes
    number: int
    question_id: int
    state: State
    price_rial: int | None
    cost_rial: int | None
    budget: str | None
    is_first: bool = False


class Settled(NamedTuple):
    """What happens to an attempt, and what an answer brings.

    :param content: sealed; None if it is not kept.
    :param instead: the attempt that the question shows again if nothing is kept.
    """

    known: Known
    event: Event
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    code: str | None = None
    content: bytes | None = None
    instead: AttemptKey | None = None


class Outdated(Exception):
    """An attempt in the hands of its worker was closed by somebody else: the transaction is to read first."""


_WITH_ANSWER = frozenset({State.ANSWERED, State.REJECTED, State.UNREADABLE})
_READ = [attempt.c[name] for name in Known._fields[:-1]]
_MOVE = ManyKeys(
    "UPDATE iranpay_attempt SET state = {new_state}, cost_rial = {new_cost_rial}"
    " WHERE worker = {worker} AND number {any} AND state = {old_state}",
    shared={"worker": "bytea", "old_state": "text", "new_state": "text", "new_cost_rial": "bigint"},
    kind="bigint",
)
_HEARD = {"answered_at": "timestamptz", "sent_at": "timestamptz", "code": "text", "content": "bytea"}
_HEAR = Insert(
    "iranpay_answer",
    shared={"worker": "bytea"},
    each={"number": "bigint", **_HEARD},
    on_conflict="ON CONFLICT (worker, number) DO UPDATE SET"
    " sent_at = coalesce(excluded.sent_at, iranpay_answer.sent_at),"
    " answered_at = excluded.answered_at, code = excluded.code, content = excluded.content",
)
_SHOW = ManyRows(
    "UPDATE iranpay_question SET worker = {worker}, number = {number} {given}"
    " WHERE iranpay_question.question_id = {question_id}"
    " AND NOT (iranpay_question.worker = {worker} AND iranpay_question.number = {number})"
    " AND NOT EXISTS (SELECT 1 FROM iranpay_answer AS shown WHERE shown.worker = iranpay_question.worker"
    " AND shown.number = iranpay_question.number AND shown.content IS NOT NULL"
    " AND shown.answered_at >= {answered_at})",
    shared={},
    each={"worker": "bytea", "number": "bigint", "question_id": "bigint", "answered_at": "timestamptz"},
)
"""Let each question show its latest answer, whichever attempt brought it.

A late answer takes the place of an attempt that was made since, and the answer of that one takes it back.
"""

_SHOW_AGAIN = ManyRows(
    "UPDATE iranpay_question SET worker = {kept_worker}, number = {kept_number} {given}"
    " WHERE iranpay_question.question_id = {question_id}"
    " AND iranpay_question.worker = {worker} AND iranpay_question.number = {number}",
    shared={},
    each={
        "worker": "bytea",
        "number": "bigint",
        "question_id": "bigint",
        "kept_worker": "bytea",
        "kept_number": "bigint",
    },
)
"""Let questions show the answer that was kept and paid before an attempt that came to nothing."""


def lock_attempts(connection: Connection, which: ColumnElement[bool]) -> Sequence[Known]:
    """Read attempts and lock them until the transaction ends, in the order of their keys."""
    rows = connection.execute(
        select(*_READ).where(which).order_by(attempt.c.worker, attempt.c.number).with_for_update()
    )
    return [Known(*row)._replace(state=State(row.state)) for row in rows]


def settle(connection: Connection, settled: Iterable[Settled], movements: Movements) -> list[bool]:
    """Take attempts through the table of states.

    :return: for each, whether its state takes the event; where it does not, nothing is written.
    :raises Outdated: an attempt is not as it was known.
    """
    stored = _Moments(connection.dialect)
    alike: defaultdict[_Alike, list[int]] = defaultdict(list)
    heard: defaultdict[bytes, list[tuple[Any, ...]]] = defaultdict(list)
    shown, again, taken = [], [], []
    for known, event, sent_at, answered_at, code, content, instead in settled:
        worker, number, question_id, state, price_rial, cost_rial, budget, is_first = known
        found = TRANSITIONS.get((state, event))
        taken.append(found is not None)
        if found is None:
            continue
        alike[worker, state, event, price_rial, cost_rial, budget].append(number)
        if found.state in _WITH_ANSWER:
            at = stored[answered_at]
            heard[worker].append((number, at, stored[sent_at], code, content))
            if content is not None and not is_first:
                shown.append((worker, number, question_id, at))
        if instead is not None and content is None and found.state is not State.UNKNOWN:
            again.append((worker, number, question_id, *instead))
    for same, numbers in alike.items():
        _move(connection, same, numbers, movements)
    for worker, answers in heard.items():
        _HEAR.run(connection, (worker,), answers)
    _SHOW.run(connection, (), shown)
    _SHOW_AGAIN.run(connection, (), again)
    return taken


_Alike = tuple[bytes, State, Event, int | None, int | None, str | None]
"""Attempts of one worker that do the same: their state, the event, price, cost so far and budget."""


def _move(connection: Connection, same: _Alike, numbers: list[int], movements: Movements) -> None:
    """Write the new state and the cost of attempts that do the same."""
    worker, state, event, price_rial, cost_rial, budget = same
    step = TRANSITIONS[state, event]
    movements.add(budget, price_rial, step.money, count=len(numbers))
    if step.money is Money.SPEND:
        cost_rial = price_rial
    elif step.money is Money.RELEASE:
        cost_rial = 0
    if _MOVE.run(connection, (worker, TEXTS[state], TEXTS[step.state], cost_rial), numbers) < len(numbers):
        raise Outdated


class _Moments(dict[datetime | None, Any]):
    """Instants as a database holds them; many answers come at one."""

    def __init__(self, dialect: Dialect) -> None:
        super().__init__()
        self._dialect = dialect

    def __missing__(self, moment: datetime | None) -> Any:
        stored = self[moment] = UtcTimestamp().process_bind_param(moment, self._dialect)
        return stored
