"""The one path by which an attempt changes its state: locked, read, taken through the table of states, written.

Whoever calls writes the movements of money in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, exists, func, select, update

from airflow_provider_iranpay.warehouse.column_types import UtcTimestamp
from airflow_provider_iranpay.warehouse.journal.budgets import Movements
from airflow_provider_iranpay.warehouse.journal.states import TRANSITIONS, Money, State
from airflow_provider_iranpay.warehouse.journal.tables import attempt, question

__all__ = ["AT_ONCE", "lock_attempts", "settle"]

AT_ONCE = 1_000
"""Parameters of one statement: few enough for every SQLite."""

Settled = tuple[Row[Any], Mapping[str, Any]]
"""A locked attempt; and the event, with the columns that come with it."""

_WITH_ANSWER = frozenset({State.ANSWERED, State.REJECTED, State.UNREADABLE})
_READ = [attempt.c[name] for name in ("worker", "number", "question_id", "state", "price_rial", "cost_rial", "budget")]
_THIS = and_(attempt.c.worker == bindparam("its_worker"), attempt.c.number == bindparam("its_number"))
_MOVE = update(attempt).where(_THIS).values(state=bindparam("new_state"), cost_rial=bindparam("new_cost"))
_ANSWER = _MOVE.values(
    sent_at=func.coalesce(bindparam("new_sent_at", type_=UtcTimestamp()), attempt.c.sent_at),
    **{name: bindparam(f"new_{name}") for name in ("answered_at", "code", "answer")},
)


def lock_attempts(connection: Connection, which: ColumnElement[bool]) -> Sequence[Row[Any]]:
    """Read attempts and lock them until the transaction ends, in the order of their keys."""
    return connection.execute(
        select(*_READ).where(which).order_by(attempt.c.worker, attempt.c.number).with_for_update()
    ).all()


def settle(connection: Connection, settled: Iterable[Settled], movements: Movements) -> list[bool]:
    """Take locked attempts through the table of states.

    :return: for each, whether its state takes the event; where it does not, nothing is written.
    """
    moves: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    answered: list[Row[Any]] = []
    taken = []
    for row, change in settled:
        state = State(row.state)
        found = TRANSITIONS.get((state, change["event"]))
        taken.append(found is not None)
        if found is None:
            continue
        movements.add(row.budget, row.price_rial, found.money)
        its = {"its_worker": row.worker, "its_number": row.number}
        values = {**its, "new_state": found.state.value, "new_cost": _cost(row, found.money)}
        if found.state not in _WITH_ANSWER:
            moves.append(values)
            continue
        answers.append(
            values | {f"new_{name}": change.get(name) for name in ("sent_at", "answered_at", "code", "answer")}
        )
        answered.append(row)
    for statement, rows in ((_MOVE, moves), (_ANSWER, answers)):
        if rows:
            connection.execute(statement, rows)
    _show(connection, answered, {(values["its_worker"], values["its_number"]): values for values in answers})
    return taken


def _cost(row: Row[Any], money: Money) -> int | None:
    costs: Mapping[Money, int | None] = {Money.SPEND: row.price_rial, Money.RELEASE: 0, Money.KEEP: row.cost_rial}
    return costs[money]


def _show(connection: Connection, answered: Sequence[Row[Any]], values: Mapping[Any, Mapping[str, Any]]) -> None:
    """Let each question show its latest answer, whichever attempt brought it.

    A late answer takes the place of an attempt that was made since, and the answer of that one takes it back.
    """
    shown: dict[int, tuple[bytes, int]] = {}
    for start in range(0, len(answered), AT_ONCE):
        some = [row.question_id for row in answered[start : start + AT_ONCE]]
        pointers = select(question.c.question_id, question.c.worker, question.c.number)
        found = connection.execute(pointers.where(question.c.question_id.in_(some)))
        shown.update((question_id, (name, number)) for question_id, name, number in found)
    elsewhere = [
        {
            "its_question": row.question_id,
            "its_worker": row.worker,
            "its_number": row.number,
            "its_time": values[row.worker, row.number]["new_answered_at"],
        }
        for row in answered
        if shown[row.question_id] != (row.worker, row.number)
    ]
    if elsewhere:
        connection.execute(_POINT, elsewhere)


_NEWER_ANSWER = exists().where(
    attempt.c.worker == question.c.worker,
    attempt.c.number == question.c.number,
    attempt.c.state.in_(sorted(_WITH_ANSWER)),
    attempt.c.answered_at >= bindparam("its_time", type_=UtcTimestamp()),
)
_POINT = (
    update(question)
    .where(question.c.question_id == bindparam("its_question"), ~_NEWER_ANSWER)
    .values(worker=bindparam("its_worker"), number=bindparam("its_number"))
)
