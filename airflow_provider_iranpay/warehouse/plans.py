"""Plans that several workers carry out: their rows in sealed pieces, how far each chunk is, and the counts of it.

What a row means is not known here, and no piece is opened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from airflow_provider_iranpay.warehouse.journal.states import State
from airflow_provider_iranpay.warehouse.journal.tables import attempt, made_by
from airflow_provider_iranpay.warehouse.provenance import LoadContext
from airflow_provider_iranpay.warehouse.tables import plan, plan_chunk, plan_count, plan_piece, plan_worker

__all__ = [
    "Chunk",
    "Count",
    "Money",
    "Piece",
    "PlanRow",
    "add_pieces",
    "begin_chunk",
    "begin_plan",
    "budgets",
    "chunks",
    "close_chunk",
    "counts",
    "drop_expired",
    "find_plan",
    "make_ready",
    "money",
    "piece",
    "piece_numbers",
    "replace_plans",
]

_WRITING: Final = "writing"
_READY: Final = "ready"
_GONE: Final = "gone"
_WITH_ROWS: Final = (_WRITING, _READY)


class Piece(NamedTuple):
    """Rows of a chunk, sealed.

    :param number: pieces of a chunk come in its order.
    """

    chunk: int
    number: int
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """A plan as it stands; its fields are the columns of ``iranpay_plan``."""

    plan_id: str
    environment: str
    inquiry: str
    dag_id: str
    run_id: str
    task_id: str
    state: str
    as_of: datetime
    key_name: str
    key_dtype: str
    price_rial: int | None
    rows: int
    estimate: Mapping[str, Any]
    created_at: datetime
    expires_at: datetime


class Chunk(NamedTuple):
    """How far a chunk is; its fields are columns of ``iranpay_plan_chunk``."""

    chunk: int
    rows: int
    state: str
    questions: int | None
    unknown: int | None
    spent_rial: int | None


class Count(NamedTuple):
    """Rows of a chunk that have a status and an origin, and what they have cost, as far as prices are known."""

    status: str
    origin: str
    rows: int
    cost_rial: int


class Money(NamedTuple):
    """What the attempts of workers come to in the journal, as far as prices are known.

    :param paid: attempts whose answer was paid.
    :param spent_rial: for answers; not for what a person has written off.
    :param reserved_rial: for attempts that may still be paid.
    """

    attempts: int
    paid: int
    spent_rial: int
    reserved_rial: int


def begin_plan(connection: Connection, planned: PlanRow) -> None:
    """Write a plan down whose pieces are to come."""
    connection.execute(insert(plan).values({name: getattr(planned, name) for name in PlanRow.__slots__}))


def replace_plans(connection: Connection, environment: str, context: LoadContext) -> None:
    """Throw the rows of all earlier plans of a task away: another one takes their place."""
    named = {"dag_id": context.dag_id, "run_id": context.run_id, "task_id": context.task_id}
    _drop(connection, plan.c.environment == environment, *(plan.c[name] == value for name, value in named.items()))


def drop_expired(connection: Connection, environment: str, now: datetime) -> int:
    """Throw the rows of plans away that are past their end.

    :param now: aware.
    :return: plans whose rows are gone now.
    """
    return _drop(connection, plan.c.environment == environment, plan.c.expires_at < now)


def _drop(connection: Connection, *which: ColumnElement[bool]) -> int:
    there = select(plan.c.plan_id).where(*which, plan.c.state.in_(_WITH_ROWS)).order_by(plan.c.plan_id)
    dropped = connection.scalars(there.with_for_update()).all()
    for plan_id in dropped:
        connection.execute(update(plan).where(plan.c.plan_id == plan_id).values(state=_GONE))
        connection.execute(delete(plan_piece).where(plan_piece.c.plan_id == plan_id))
    return len(dropped)


def add_pieces(connection: Connection, plan_id: str, pieces: Sequence[Piece]) -> bool:
    """Write pieces of a plan.

    :return: False, and nothing is written, where another plan has taken its place.
    """
    is_here = select(plan.c.state == _WRITING).where(plan.c.plan_id == plan_id).with_for_update()
    if not connection.scalar(is_here):
        return False
    connection.execute(insert(plan_piece), [{"plan_id": plan_id, **one._asdict()} for one in pieces])
    return True


def make_ready(connection: Connection, plan_id: str, rows: Sequence[int], now: datetime) -> bool:
    """Let the chunks of a plan begin, all of whose pieces are written.

    :param rows: of each chunk.
    :return: False where another plan has taken its place.
    """
    is_here = (plan.c.plan_id == plan_id, plan.c.state == _WRITING)
    if not connection.execute(update(plan).where(*is_here).values(state=_READY)).rowcount:
        return False
    planned = [
        {"plan_id": plan_id, "chunk": chunk, "rows": count, "state": "planned", "updated_at": now}
        for chunk, count in enumerate(rows)
    ]
    if planned:
        connection.execute(insert(plan_chunk), planned)
    return True


def find_plan(connection: Connection, plan_id: str) -> PlanRow | None:
    """Read a plan."""
    row = connection.execute(select(plan).where(plan.c.plan_id == plan_id)).mappings().first()
    return None if row is None else PlanRow(**row)


def piece_numbers(connection: Connection, plan_id: str, chunk: int) -> Sequence[int]:
    """List the pieces of a chunk, in their order."""
    which = (plan_piece.c.plan_id == plan_id, plan_piece.c.chunk == chunk)
    return connection.scalars(select(plan_piece.c.number).where(*which).order_by(plan_piece.c.number)).all()


def piece(connection: Connection, plan_id: str, chunk: int, number: int) -> bytes | None:
    """Read a piece; None where it is gone."""
    which = (plan_piece.c.plan_id == plan_id, plan_piece.c.chunk == chunk, plan_piece.c.number == number)
    return connection.scalar(select(plan_piece.c.sealed).where(*which))


def begin_chunk(
    connection: Connection, plan_id: str, chunk: int, *, worker: int, budget: str | None, now: datetime
) -> None:
    """Note who is about to ask the questions of a chunk: from then on its attempts belong to the plan."""
    connection.execute(update(plan_chunk).where(*_of_chunk(plan_id, chunk)).values(state="running", updated_at=now))
    connection.execute(
        insert(plan_worker).values(plan_id=plan_id, chunk=chunk, worker=worker, budget=budget, began_at=now)
    )


def close_chunk(
    connection: Connection, plan_id: str, chunk: int, *, values: Mapping[str, Any], counted: Iterable[Count]
) -> None:
    """Write the counts of a chunk in the place of those that an earlier try has written.

    :param values: of ``state``, ``worker``, ``questions``, ``unknown``, ``spent_rial`` and ``updated_at``.
    """
    # First: whoever else closes this chunk waits for its row.
    connection.execute(update(plan_chunk).where(*_of_chunk(plan_id, chunk)).values(**values))
    connection.execute(delete(plan_count).where(plan_count.c.plan_id == plan_id, plan_count.c.chunk == chunk))
    connection.execute(insert(plan_count), [{"plan_id": plan_id, "chunk": chunk, **one._asdict()} for one in counted])


def _of_chunk(plan_id: str, chunk: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return plan_chunk.c.plan_id == plan_id, plan_chunk.c.chunk == chunk


def chunks(connection: Connection, plan_id: str) -> list[Chunk]:
    """List the chunks of a plan, in their order."""
    columns = [plan_chunk.c[name] for name in Chunk._fields]
    rows = connection.execute(select(*columns).where(plan_chunk.c.plan_id == plan_id).order_by(plan_chunk.c.chunk))
    return [Chunk(*row) for row in rows]


def counts(connection: Connection, plan_id: str) -> dict[int, list[Count]]:
    """Read the counts of all chunks that have some."""
    columns = [plan_count.c[name] for name in Count._fields]
    found: dict[int, list[Count]] = {}
    for chunk, *counted in connection.execute(
        select(plan_count.c.chunk, *columns).where(plan_count.c.plan_id == plan_id)
    ):
        found.setdefault(chunk, []).append(Count(*counted))
    return found


def money(connection: Connection, plan_id: str, *, standing: bool = False) -> Money:
    """Add up the attempts of a plan's workers in the journal.

    :param standing: only of those whose counts stand; else of all tries of all chunks.
    """
    of_plan = plan_chunk if standing else plan_worker
    heard = attempt.c.state.in_(_HEARD)
    is_free = (attempt.c.price_rial == 0) & (attempt.c.state != State.REJECTED.value)
    was_paid = heard & (attempt.c.cost_rial.is_distinct_from(0) | is_free)
    reserved = attempt.c.cost_rial.is_(None) & attempt.c.state.in_(_UNSETTLED)
    row = connection.execute(
        select(
            func.count(attempt.c.attempt_id),
            func.count(attempt.c.attempt_id).filter(was_paid),
            func.coalesce(func.sum(attempt.c.cost_rial).filter(heard), 0),
            func.coalesce(func.sum(attempt.c.price_rial).filter(reserved), 0),
        )
        .select_from(of_plan.join(attempt, made_by(attempt.c.attempt_id, of_plan.c.worker)))
        .where(of_plan.c.plan_id == plan_id)
    ).one()
    return Money(*map(int, row))


_HEARD: Final = sorted(state.value for state in (State.ANSWERED, State.REJECTED, State.UNREADABLE, State.PRUNED))
_UNSETTLED: Final = sorted(state.value for state in (State.HELD, State.CLAIMED, State.UNKNOWN))


def budgets(connection: Connection, plan_id: str) -> Sequence[str]:
    """Name the budgets that have paid for a plan: more than one where a month has ended meanwhile."""
    which = (plan_worker.c.plan_id == plan_id, plan_worker.c.budget.is_not(None))
    return connection.scalars(
        select(plan_worker.c.budget).where(*which).distinct().order_by(plan_worker.c.budget)
    ).all()
