"""Looking questions up: which are answered already, which are somebody's, which may be claimed. It changes no state.

A question that is found under an older key moves to the newest one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, select, update

from airflow_provider_iranpay.warehouse.journal.keyring import WIRE_BYTES, KeyRing
from airflow_provider_iranpay.warehouse.journal.records import Ask, AttemptKey, Freshness, Kind, Standing
from airflow_provider_iranpay.warehouse.journal.settling import AT_ONCE
from airflow_provider_iranpay.warehouse.journal.states import OPEN, REPLACED, Permission, State
from airflow_provider_iranpay.warehouse.journal.tables import attempt, question, worker

__all__ = ["Looked", "find", "move_to_newest_key", "read_leases", "standing"]

Looked = Row[Any]
Lease = tuple[datetime, datetime]
"""Until when, and from when on others may close the attempts."""

_FOUND = (
    select(
        question.c.question_id,
        question.c.hash,
        question.c.retried_at,
        *(
            attempt.c[name]
            for name in ("worker", "number", "state", "answered_at", "answer", "code", "cost_rial", "price_rial")
        ),
    )
    .join_from(question, attempt, and_(attempt.c.worker == question.c.worker, attempt.c.number == question.c.number))
    .where(question.c.hash.in_(bindparam("hashes", expanding=True)))
)


def find(connection: Connection, asks: Sequence[Ask]) -> list[Looked | None]:
    """Find each question with its latest attempt, under any of its hashes."""
    hashes = [one for ask in asks for one in ask.questions]
    found: dict[bytes, Looked] = {}
    for start in range(0, len(hashes), AT_ONCE):
        rows = connection.execute(_FOUND, {"hashes": hashes[start : start + AT_ONCE]})
        found.update((row.hash, row) for row in rows)
    return [next((found[one] for one in ask.questions if one in found), None) for ask in asks]


def read_leases(connection: Connection, rows: Sequence[Looked | None]) -> Mapping[bytes, Lease]:
    """Read the leases, by worker, under which the open ones of these attempts stand; not those that have ended."""
    holders = {row.worker for row in rows if row is not None and row.state in OPEN}
    if not holders:
        return {}
    found = connection.execute(
        select(worker.c.worker, worker.c.lease_until, worker.c.stale_at).where(
            worker.c.worker.in_(sorted(holders)), ~worker.c.ended
        )
    )
    return {name: (until, stale_at) for name, until, stale_at in found}


def standing(
    ask: Ask, row: Looked | None, *, freshness: Freshness, keys: KeyRing, leases: Mapping[bytes, Lease], now: datetime
) -> Standing:
    """Say how a question stands.

    :param now: by the database's clock.
    :raises ConfigurationError: its answer does not open.
    """
    if row is None:
        return Standing(ask=ask, kind=Kind.FREE)
    state = State(row.state)
    kind, answer, until = Kind.FREE, None, None
    match REPLACED[state]:
        case Permission.NEVER:
            until, stale_at = leases.get(row.worker, (None, None))
            kind = Kind.STALE if stale_at is None or stale_at < now else Kind.BUSY
        case Permission.AGE if row.answered_at >= freshness.since:
            content = keys.open_(ask.questions, row.answer)
            if content[:WIRE_BYTES] == ask.wire:
                kind = Kind.UNREADABLE if state is State.UNREADABLE else Kind.KEPT
                answer = content[WIRE_BYTES:]
        case Permission.RETRY:
            used_up = row.retried_at is not None and row.retried_at >= freshness.since
            kind = Kind.UNKNOWN if used_up or not freshness.retry_unknown else Kind.FREE
        case Permission.SWITCH:
            kind = Kind.FREE if freshness.ask_pruned else Kind.PRUNED
    return Standing(
        ask=ask,
        kind=kind,
        attempt=AttemptKey(row.worker, row.number),
        state=state,
        answer=answer,
        code=row.code,
        answered_at=row.answered_at,
        cost_rial=row.cost_rial,
        price_rial=row.price_rial,
        busy_until=until,
    )


_MOVE = (
    update(question)
    .where(question.c.question_id == bindparam("its_id"), question.c.hash == bindparam("old_hash"))
    .values(hash=bindparam("new_hash"), key_id=bindparam("new_key"))
)
_SEAL_AGAIN = (
    update(attempt)
    .where(
        attempt.c.worker == bindparam("its_worker"),
        attempt.c.number == bindparam("its_number"),
        attempt.c.answer == bindparam("old_answer"),
    )
    .values(answer=bindparam("new_answer"))
)


def move_to_newest_key(connection: Connection, asks: Sequence[Ask], rows: Sequence[Looked], keys: KeyRing) -> None:
    """Write questions that were found under an older key, and their answers, under the newest one."""
    pairs = sorted(zip(asks, rows, strict=True), key=lambda pair: (pair[1].worker, pair[1].number))
    again = [
        {
            "its_worker": row.worker,
            "its_number": row.number,
            "old_answer": row.answer,
            "new_answer": keys.seal(ask.questions[0], keys.open_(ask.questions, row.answer)),
        }
        for ask, row in pairs
        if row.answer is not None
    ]
    if again:
        connection.execute(_SEAL_AGAIN, again)
    new_key = keys.fingerprints[0][0]
    moves = [
        {"its_id": row.question_id, "old_hash": row.hash, "new_hash": ask.questions[0], "new_key": new_key}
        for ask, row in pairs
    ]
    connection.execute(_MOVE, sorted(moves, key=lambda move: move["old_hash"]))
