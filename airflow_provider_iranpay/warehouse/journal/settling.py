"""The one path by which an attempt changes its state: known, taken through the table of states, written.

Whoever calls writes the movements of money in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, exists, func, select

from airflow_provider_iranpay.record import Record
from airflow_provider_iranpay.warehouse.column_types import UtcTimestamp
from airflow_provider_iranpay.warehouse.journal.budgets import Movements
from airflow_provider_iranpay.warehouse.journal.records import AttemptKey
from airflow_provider_iranpay.warehouse.journal.statements import Insert, ManyRows
from airflow_provider_iranpay.warehouse.journal.states import OPEN, TEXTS, TRANSITIONS, Event, Money, State, Step
from airflow_provider_iranpay.warehouse.journal.tables import ITS_END, claim, end, made_by

__all__ = ["AT_ONCE", "IS_OPEN", "Common", "Known", "Outdated", "Settled", "has_open", "lock_attempts", "settle"]

AT_ONCE = 1_000
"""Parameters of one statement: few enough for every SQLite."""

_any_end = end.alias()
IS_OPEN = ~exists().where(_any_end.c.attempt_id == claim.c.attempt_id)
"""Of claims: those that have not ended."""


def has_open(name: int) -> ColumnElement[bool]:
    """Tell whether a worker has attempts that have not ended. To count its rows is much faster than to look for one."""
    claims, ends = (
        select(func.count()).select_from(table).where(made_by(table.c.attempt_id, name)).scalar_subquery()
        for table in (claim, end)
    )
    return claims != ends


@dataclass(frozen=True, slots=True, eq=False)
class Common:
    """What attempts have in common that were claimed together; each object is like no other."""

    provider: str
    state: State
    price_rial: int | None
    cost_rial: int | None
    budget: str | None


class Known(Record, frozen=True):
    """An attempt as the tables have it: locked and read, or in the hands of the worker that made it.

    :param is_first: known to be the first one of its question, so that the question can show no other.
    """

    common: Common
    key: AttemptKey
    question_id: int
    track_id: str
    is_first: bool = False


class Settled(Record, frozen=True):
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
_HEARD = {"sent_at": "timestamptz", "answered_at": "timestamptz", "code": "text", "content": "bytea"}
_BEGIN = ManyRows(
    "UPDATE iranpay_claim SET begun = {new_state} {given}"
    " WHERE iranpay_claim.attempt_id = {attempt_id} AND iranpay_claim.begun = {old_state} AND NOT EXISTS"
    " (SELECT 1 FROM iranpay_end AS ended WHERE ended.attempt_id = iranpay_claim.attempt_id)",
    shared={"old_state": "text", "new_state": "text"},
    each={"attempt_id": "bigint"},
)
_END = Insert(
    "iranpay_end",
    shared={"state": "text", "cost_rial": "bigint"},
    each={"attempt_id": "bigint", **_HEARD},
    on_conflict="ON CONFLICT DO NOTHING",
)
_END_OTHERWISE = ManyRows(
    "UPDATE iranpay_end SET state = {new_state}, cost_rial = {new_cost_rial},"
    " sent_at = coalesce({sent_at}, iranpay_end.sent_at), answered_at = {answered_at}, code = {code},"
    " content = {content} {given}"
    " WHERE iranpay_end.attempt_id = {attempt_id} AND iranpay_end.state = {old_state}",
    shared={"old_state": "text", "new_state": "text", "new_cost_rial": "bigint"},
    each={"attempt_id": "bigint", **_HEARD},
)
_SHOW = ManyRows(
    "UPDATE iranpay_question SET attempt_id = {attempt_id} {given}"
    " WHERE iranpay_question.question_id = {question_id} AND iranpay_question.attempt_id <> {attempt_id}"
    " AND NOT EXISTS (SELECT 1 FROM iranpay_end AS shown WHERE shown.attempt_id = iranpay_question.attempt_id"
    " AND shown.content IS NOT NULL AND shown.answered_at >= {answered_at})",
    shared={},
    each={"attempt_id": "bigint", "question_id": "bigint", "answered_at": "timestamptz"},
)
"""Let each question show its latest answer, whichever attempt brought it.

A late answer takes the place of an attempt that was made since, and the answer of that one takes it back.
"""

_SHOW_AGAIN = ManyRows(
    "UPDATE iranpay_question SET attempt_id = {kept_id} {given}"
    " WHERE iranpay_question.question_id = {question_id} AND iranpay_question.attempt_id = {attempt_id}",
    shared={},
    each={"attempt_id": "bigint", "question_id": "bigint", "kept_id": "bigint"},
)
"""Let questions show the answer that was kept and paid before an attempt that came to nothing."""


def lock_attempts(connection: Connection, which: ColumnElement[bool]) -> Sequence[Known]:
    """Read attempts and lock them until the transaction ends, in the order of their keys.

    :param which: of the claims.
    """
    key = claim.c.attempt_id
    connection.execute(select(key).where(which).order_by(key).with_for_update()).all()
    # Read after the lock: only then they are what nobody changes any more.
    rows = connection.execute(
        select(key, claim.c.question_id, claim.c.track_id, claim.c.provider, claim.c.begun)
        .add_columns(claim.c.price_rial, claim.c.budget, end.c.state, end.c.cost_rial)
        .select_from(claim.outerjoin(end, ITS_END))
        .where(which)
        .order_by(key)
    )
    alike: dict[tuple[Any, ...], Common] = {}
    found = []
    for attempt_id, question_id, track_id, provider, begun, price_rial, budget, ended, cost_rial in rows:
        values = provider, State(ended or begun), price_rial, cost_rial, budget
        found.append(Known(alike.setdefault(values, Common(*values)), attempt_id, question_id, track_id))
    return found


def settle(connection: Connection, settled: Iterable[Settled], movements: Movements) -> list[bool]:
    """Take attempts through the table of states.

    :return: for each, whether its state takes the event; where it does not, nothing is written.
    :raises Outdated: an attempt is not as it was known.
    """
    stored = _Moments(connection.dialect)
    groups = _Groups()
    shown, again, taken = [], [], []
    group: _Group | None = None
    for one in settled:
        known, content = one.known, one.content
        common, key = known.common, known.key
        if group is None or group.common is not common or group.event is not one.event:
            group = groups[common, one.event]
        step = group.step
        taken.append(step is not None)
        if step is None:
            continue
        if group.has_answers:
            at = stored[one.answered_at]
            group.rows.append((key, stored[one.sent_at], at, one.code, content))
            if content is not None and not known.is_first:
                shown.append((key, known.question_id, at))
        else:
            group.rows.append((key, stored[one.sent_at], None, None, None))
        if one.instead is not None and content is None and step.state is not State.UNKNOWN:
            again.append((key, known.question_id, one.instead))
    for group in groups.values():
        if group.step is not None:
            _write(connection, group.common, group.step, group.rows, movements)
    _SHOW.run(connection, (), shown)
    _SHOW_AGAIN.run(connection, (), again)
    return taken


@dataclass(slots=True)
class _Group:
    """Attempts that do the same.

    :param step: what they do; None if their state does not take the event.
    :param has_answers: whether it is an answer that they end with.
    :param rows: their keys, each with what it has heard.
    """

    common: Common
    event: Event
    step: Step | None
    has_answers: bool
    rows: list[tuple[Any, ...]] = field(default_factory=list)


class _Groups(dict[tuple[Common, Event], _Group]):
    """The groups of a transaction, by what their attempts have in common and by the event."""

    def __missing__(self, both: tuple[Common, Event]) -> _Group:
        common, event = both
        step = TRANSITIONS.get((common.state, event))
        has_answers = step is not None and step.state in _WITH_ANSWER
        group = self[both] = _Group(common, event, step, has_answers)
        return group


def _write(
    connection: Connection, common: Common, step: Step, rows: list[tuple[Any, ...]], movements: Movements
) -> None:
    """Write the new state of attempts that do the same, and note its money."""
    before, after = TEXTS[common.state], TEXTS[step.state]
    movements.add(common.budget, common.price_rial, step.money, count=len(rows))
    cost_rial = common.cost_rial
    if step.money is Money.SPEND:
        cost_rial = common.price_rial
    elif step.money is Money.RELEASE:
        cost_rial = 0
    rows.sort()
    if step.state in OPEN:
        written = _BEGIN.run(connection, (before, after), [row[:1] for row in rows])
    elif common.state in OPEN:
        written = _END.run(connection, (after, cost_rial), rows)
    else:
        written = _END_OTHERWISE.run(connection, (before, after, cost_rial), rows)
    if written < len(rows):
        raise Outdated


class _Moments(dict[datetime | None, Any]):
    """Instants as a database holds them; many answers come at one."""

    def __init__(self, dialect: Dialect) -> None:
        super().__init__()
        self._dialect = dialect

    def __missing__(self, moment: datetime | None) -> Any:
        stored = self[moment] = UtcTimestamp().process_bind_param(moment, self._dialect)
        return stored
