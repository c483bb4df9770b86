"""Looking questions up: which are answered already, which are somebody's, which may be claimed. It changes no state.

A question that is found under an older key moves to the newest one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from airflow_provider_iranpay.warehouse.journal.answers import open_answer
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing
from airflow_provider_iranpay.warehouse.journal.records import (
    Ask,
    AttemptKey,
    Freshness,
    Kind,
    Standing,
    worker_of,
)
from airflow_provider_iranpay.warehouse.journal.statements import ManyRows, select_any, select_some
from airflow_provider_iranpay.warehouse.journal.states import OPEN, REPLACED, TEXTS, Permission, State
from airflow_provider_iranpay.warehouse.journal.tables import worker

__all__ = [
    "Looked",
    "find",
    "find_answers",
    "is_under_old_key",
    "move_to_newest_key",
    "read_leases",
    "standing",
]

Lease = tuple[datetime, datetime]
"""Until when, and from when on others may close the attempts."""


class Looked(NamedTuple):
    """A question with its latest attempt and the answer of that one."""

    attempt: AttemptKey
    state: State
    retried_at: datetime | None
    answered_at: datetime | None
    hash: bytes
    question_id: int
    provider: str
    account: str
    track_id: str
    cost_rial: int | None
    price_rial: int | None
    code: str | None
    content: bytes | None


_ANSWERS = (
    "SELECT q.hash, e.answered_at, e.content FROM {given} iranpay_question AS q"
    " LEFT JOIN iranpay_end AS e ON e.attempt_id = q.attempt_id AND e.state = {}"
    " AND q.retried_at IS NULL AND q.key_id = {} WHERE q.hash {any}"
)
_FOUND = (
    "SELECT c.attempt_id, coalesce(e.state, c.begun), q.retried_at, e.answered_at, q.hash, q.question_id,"
    " c.provider, c.account, c.track_id, e.cost_rial, c.price_rial, e.code, e.content"
    " FROM {given} iranpay_question AS q JOIN iranpay_claim AS c ON c.attempt_id = q.attempt_id"
    " LEFT JOIN iranpay_end AS e ON e.attempt_id = c.attempt_id WHERE q.hash {any}"
)
_STATES = {state.value: state for state in State}


def find_answers(connection: Connection, hashes: Sequence[bytes], keys: KeyRing) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Find the questions among these hashes, each with its answer if that is all that there is to know.

    :return: some at a time.
    """
    if connection.exec_driver_sql("SELECT 1 FROM iranpay_question LIMIT 1").first() is None:
        return iter(())
    return select_some(connection, _ANSWERS, hashes, (TEXTS[State.ANSWERED], keys.fingerprints[0][0]))


def find(connection: Connection, asks: Sequence[Ask]) -> list[Looked | None]:
    """Find each question with its latest attempt, under any of its hashes."""
    found: dict[bytes, Looked] = {}
    instant = datetime.fromisoformat if connection.dialect.name == "sqlite" else _in_utc
    for row in select_any(connection, _FOUND, [one for ask in asks for one in ask.questions]):
        key, state, retried_at, answered_at, hash_, *rest = row
        retried = None if retried_at is None else instant(retried_at)
        answered = None if answered_at is None else instant(answered_at)
        found[hash_] = Looked(key, _STATES[state], retried, answered, hash_, *rest)
    if not found:
        return [None] * len(asks)
    get = found.get
    return [next(filter(None, map(get, ask.questions)), None) for ask in asks]


def _in_utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)


def read_leases(connection: Connection, rows: Sequence[Looked | None]) -> Mapping[int, Lease]:
    """Read the leases, by worker, under which the open ones of these attempts stand; not those that have ended."""
    holders = {worker_of(row.attempt) for row in rows if row is not None and row.state in OPEN}
    if not holders:
        return {}
    found = connection.execute(
        select(worker.c.worker, worker.c.lease_until, worker.c.stale_at).where(
            worker.c.worker.in_(sorted(holders)), ~worker.c.ended
        )
    )
    return {name: (until, stale_at) for name, until, stale_at in found}


def standing(
    ask: Ask,
    row: Looked | None,
    *,
    freshness: Freshness,
    since: datetime,
    keys: KeyRing,
    leases: Mapping[int, Lease],
    now: datetime,
) -> Standing:
    """Say how a question stands.

    :param since: the freshness's, worked out once.
    :param now: by the database's clock.
    :raises ConfigurationError: its answer does not open.
    """
    if row is None:
        return Standing(ask, Kind.FREE)
    state = row.state
    kind, content, until = Kind.FREE, None, None
    match _permission(row):
        case Permission.AGE if row.content is not None and row.answered_at is not None and row.answered_at >= since:
            content = open_answer(keys, ask, row.content, row.provider)
            if content is not None:
                kind = Kind.UNREADABLE if state is State.UNREADABLE else Kind.KEPT
        case Permission.NEVER:
            until, stale_at = leases.get(worker_of(row.attempt), (None, None))
            kind = Kind.STALE if stale_at is None or stale_at < now else Kind.BUSY
        case Permission.RETRY:
            used_up = row.retried_at is not None and row.retried_at >= since
            kind = Kind.UNKNOWN if used_up or not freshness.retry_unknown else Kind.FREE
        case Permission.SWITCH:
            kind = Kind.FREE if freshness.ask_pruned else Kind.PRUNED
    return Standing(
        ask,
        kind,
        row.attempt,
        state,
        row.provider,
        row.account,
        row.track_id,
        content,
        row.code,
        row.answered_at,
        row.cost_rial,
        row.price_rial,
        until,
    )


def _permission(row: Looked) -> Permission:
    """What it takes to ask the question again. Where a retry came to nothing, the unknown attempt before it decides."""
    permission = REPLACED[row.state]
    if row.retried_at is None:
        return permission
    came_to_nothing = permission is Permission.NOTHING or (permission is Permission.AGE and row.content is None)
    return Permission.RETRY if came_to_nothing else permission


_MOVE = ManyRows(
    "UPDATE iranpay_question SET hash = {new_hash}, key_id = {key_id} {given}"
    " WHERE iranpay_question.question_id = {question_id} AND iranpay_question.hash = {old_hash}",
    shared={"key_id": "text"},
    each={"old_hash": "bytea", "question_id": "bigint", "new_hash": "bytea"},
)
_SEAL_AGAIN = ManyRows(
    "UPDATE iranpay_end SET content = {new_content} {given}"
    " WHERE iranpay_end.attempt_id = {attempt_id} AND iranpay_end.content = {old_content}",
    shared={},
    each={"attempt_id": "bigint", "old_content": "bytea", "new_content": "bytea"},
)


def is_under_old_key(ask: Ask, row: Looked, keys: KeyRing) -> bool:
    """Tell whether a question, or the answer of a worker that had the old ring, waits to be moved to the newest key."""
    return row.hash != ask.questions[0] or (row.content is not None and not row.content.startswith(keys.newest_head))


def move_to_newest_key(connection: Connection, asks: Sequence[Ask], rows: Sequence[Looked], keys: KeyRing) -> None:
    """Write questions that were found under an older key, and their answers, under the newest one."""
    pairs = sorted(zip(asks, rows, strict=True), key=lambda pair: pair[1].attempt)
    again = [
        (row.attempt, row.content, keys.seal(ask.questions[0], keys.open_(ask.questions, row.content)))
        for ask, row in pairs
        if row.content is not None
    ]
    _SEAL_AGAIN.run(connection, (), again)
    moves = sorted((row.hash, row.question_id, ask.questions[0]) for ask, row in pairs)
    _MOVE.run(connection, (keys.fingerprints[0][0],), moves)
