"""What the workers of an account share of its pace: the slots of its rate, leased in blocks, and its pauses.

One row is one account. Each change is one statement that the database carries out by itself: a worker that dies or
freezes holds nobody up, and what it has leased is all that is lost. All instants are by the database's clock.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError

from airflow_provider_iranpay.warehouse.engine import Warehouse

__all__ = ["SharedPace"]

_FARTHEST_SECONDS: Final = 3600.0
"""What lies farther ahead was written by a clock that has been set back since, and does not count."""
_TICK_SECONDS: Final = 0.001
"""What SQLite's clock counts in."""
_PAUSES: Final = (0.05, 0.5, 2.0, 5.0)
"""Seconds before a lease is tried again, if the database could not be reached."""

_DIALECTS: Final = {
    "sqlite": {"clock": "(julianday('now') - 2440587.5) * 86400.0", "greatest": "max"},
    "postgresql": {"clock": "CAST(extract(epoch FROM clock_timestamp()) AS double precision)", "greatest": "greatest"},
}
_LEASE: Final = """
INSERT INTO iranpay_pace AS known (environment, provider, account, next_slot_at, paused_until)
VALUES (:environment, :provider, :account, {clock} + :seconds, 0)
ON CONFLICT (environment, provider, account) DO UPDATE SET next_slot_at = :seconds + CASE
    WHEN {greatest}(known.next_slot_at, known.paused_until) > {clock} + :farthest THEN {clock}
    ELSE {greatest}(known.next_slot_at, known.paused_until, {clock}) END
RETURNING next_slot_at, {clock}
"""
_PAUSE: Final = """
INSERT INTO iranpay_pace AS known (environment, provider, account, next_slot_at, paused_until)
VALUES (:environment, :provider, :account, 0, {clock} + :seconds)
ON CONFLICT (environment, provider, account) DO UPDATE SET paused_until = CASE
    WHEN known.paused_until > {clock} + :farthest THEN {clock} + :seconds
    ELSE {greatest}(known.paused_until, {clock} + :seconds) END
RETURNING paused_until
"""
_PAUSED: Final = """
SELECT paused_until - {clock} FROM iranpay_pace
WHERE environment = :environment AND provider = :provider AND account = :account
"""


class SharedPace:
    """One account's pace, as a worker sees it. Its methods may be called from any thread; each may wait for the
    database.

    :param monotonic: this process's own clock, in seconds.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        *,
        environment: str,
        provider: str,
        account: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        engine = warehouse.engine
        dialect = engine.dialect.name
        self._key = {"environment": environment, "provider": provider, "account": account}
        # PostgreSQL commits by itself, so that no row stays locked while a worker sleeps between two messages.
        alone = engine.execution_options(isolation_level="AUTOCOMMIT").connect
        self._begin = warehouse.transaction if dialect == "sqlite" else alone
        self._lease, self._pause, self._paused = (
            text(statement.format(**_DIALECTS[dialect])) for statement in (_LEASE, _PAUSE, _PAUSED)
        )
        self._engine = engine
        self._monotonic = monotonic
        self._clocks = _Clocks()

    def lease(self, count: int, per_second: float) -> float:
        """Take the account's next slots: no other worker gets them.

        :param per_second: how close they follow each other.
        :return: when the first of them is, by this process's own clock.
        :raises DBAPIError: the database cannot be reached for several seconds.
        """
        seconds = count / per_second
        for pause in (*_PAUSES, None):
            try:
                return self._leased(seconds)
            except (OperationalError, InterfaceError, InternalError):
                if pause is None:
                    raise
                time.sleep(pause)
        raise AssertionError

    def _leased(self, seconds: float) -> float:
        with self._begin() as connection:
            before = self._monotonic()
            until, now = connection.execute(
                self._lease, {**self._key, "seconds": seconds, "farthest": _FARTHEST_SECONDS}
            ).one()
            after = self._monotonic()
        self._clocks.read(before, now, after)
        return self._clocks.own(until - seconds)

    def pause(self, seconds: float) -> None:
        """Let no worker lease slots before so many seconds have passed; a shorter pause never ends a longer one.

        :raises DBAPIError: the database does not do it now.
        """
        with self._begin() as connection:
            connection.execute(self._pause, {**self._key, "seconds": seconds, "farthest": _FARTHEST_SECONDS})

    def paused(self) -> float:
        """Return the seconds for which a worker has let the account pause; 0 where none has.

        :raises DBAPIError: the database cannot be asked now.
        """
        with self._engine.connect() as connection:
            left: float | None = connection.execute(self._paused, self._key).scalar()
        return left if left is not None and 0 < left <= _FARTHEST_SECONDS else 0.0


class _Clocks:
    """How far the database's clock is ahead of this process's own: bounds, since a reading takes its time.

    What several readings leave possible counts, so that one of them in which the process froze moves no slot. A clock
    that runs otherwise or was set ends at a reading that fits no earlier one: then that one alone counts.
    """

    def __init__(self) -> None:
        self._least, self._most = -math.inf, math.inf

    def read(self, before: float, now: float, after: float) -> None:
        """Take in what the database's clock has shown between two moments of the own one."""
        least, most = now - after, now + _TICK_SECONDS - before
        if least > self._most or most < self._least:
            self._least, self._most = least, most
        else:
            self._least, self._most = max(least, self._least), min(most, self._most)

    def own(self, instant: float) -> float:
        """Say when an instant of the database's clock is by the own one: late by as much as is not known, never
        early.
        """
        return instant - self._least
