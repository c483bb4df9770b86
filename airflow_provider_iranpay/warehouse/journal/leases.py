"""Leases: for how long a worker's attempts are its own, by the clock of the database, and what becomes of them then.

One lease covers all attempts of a worker. It sends nothing that could end after its lease; others wait until such a
send would have ended, and longer, before they close its attempts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, and_, insert, select, update

from airflow_provider_iranpay.warehouse.column_types import UtcTimestamp
from airflow_provider_iranpay.warehouse.journal.budgets import Movements
from airflow_provider_iranpay.warehouse.journal.settling import IS_OPEN, Settled, lock_attempts, settle
from airflow_provider_iranpay.warehouse.journal.statements import Statement
from airflow_provider_iranpay.warehouse.journal.states import Event
from airflow_provider_iranpay.warehouse.journal.tables import claim, made_by, worker

__all__ = ["DatabaseClock", "Lease", "begin_lease", "count_commit", "database_clock", "recover", "renew"]

MARGIN = timedelta(seconds=30)
"""Beyond the lease and one whole call: for clocks that differ and for what was on its way."""

DatabaseClock = Callable[[Connection], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """How long a worker's claims last.

    :param length: renewed when a third of it is over.
    :param whole_call: the longest that one call can take, all of its timeouts added up.
    """

    length: timedelta = timedelta(seconds=90)
    whole_call: timedelta = timedelta(seconds=60)


def database_clock(connection: Connection) -> datetime:
    """Read the clock that all workers share: the server's; on SQLite, that of the one machine."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    found: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    return found.astimezone(UTC)


def begin_lease(connection: Connection, *, environment: str, now: datetime, lease: Lease) -> int:
    """Write down a new worker, with its lease.

    :return: its number. If the reply is lost it has no attempt for ever, and the next one another number.
    """
    made = insert(worker).values(environment=environment, commits=0, ended=False, **_spans(now, lease))
    name: int = connection.execute(made.returning(worker.c.worker)).scalar_one()
    return name


def renew(connection: Connection, *, name: int, now: datetime, lease: Lease, commits: int) -> bool:
    """Prolong the lease of a worker and lock its row: nobody closes its attempts meanwhile.

    :param commits: number of its latest commit.
    :return: whether it still had one. Else others may have closed its attempts, and asked again.
    """
    moments = {"now": now, **_spans(now, lease)}
    stored = {at: UtcTimestamp().process_bind_param(moment, connection.dialect) for at, moment in moments.items()}
    return bool(_RENEW.changed(connection, commits, stored["lease_until"], stored["stale_at"], name, stored["now"]))


_RENEW = Statement(
    "UPDATE iranpay_worker SET commits = {commits}, lease_until = {lease_until}, stale_at = {stale_at}"
    " WHERE worker = {worker} AND NOT ended AND stale_at >= {now}",
    commits="bigint",
    lease_until="timestamptz",
    stale_at="timestamptz",
    worker="bigint",
    now="timestamptz",
)


def count_commit(connection: Connection, *, name: int, commits: int) -> None:
    """Write down the number of a commit that renews no lease, and lock the worker's row: by it the commit is found."""
    connection.execute(update(worker).where(worker.c.worker == name).values(commits=commits))


def _spans(now: datetime, lease: Lease) -> dict[str, datetime]:
    until = now + lease.length
    return {"lease_until": until, "stale_at": until + lease.whole_call + MARGIN}


def recover(connection: Connection, *, environment: str, now: datetime) -> int:
    """Close the attempts of workers whose lease is long over: unknown where something may have been sent.

    :return: attempts that were closed.
    """
    gone = connection.scalars(
        select(worker.c.worker)
        .where(worker.c.environment == environment, worker.c.stale_at < now, ~worker.c.ended)
        .order_by(worker.c.worker)
        .with_for_update(skip_locked=True)
    ).all()
    movements = Movements(environment)
    closed = 0
    for name in gone:
        left = lock_attempts(connection, and_(made_by(claim.c.attempt_id, name), IS_OPEN))
        settle(connection, [Settled(known, Event.LEASE_ENDED) for known in left], movements)
        closed += len(left)
        connection.execute(update(worker).where(worker.c.worker == name).values(ended=True))
    movements.write(connection)
    return closed
