"""The journal as its users see it: opened with a key ring, asked before anything is paid, told what came back.

Each method is one transaction. A transaction that fails because of another one, or whose reply is lost, is repeated:
what it did is read again, never done twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from itertools import count
from typing import Self, TypeVar

from sqlalchemy import Connection, not_, update
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError

from airflow_provider_iranpay.exceptions import ConfigurationError, IranPayError, LeaseLost
from airflow_provider_iranpay.warehouse.engine import Warehouse
from airflow_provider_iranpay.warehouse.journal import budgets, rings, upkeep
from airflow_provider_iranpay.warehouse.journal.answers import Recalled, recalled
from airflow_provider_iranpay.warehouse.journal.budgets import Balance, Movements
from airflow_provider_iranpay.warehouse.journal.committing import (
    Group,
    Hands,
    lost_to,
    read_again,
    write_answers,
    write_claims,
)
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing
from airflow_provider_iranpay.warehouse.journal.leases import (
    DatabaseClock,
    Lease,
    begin_lease,
    count_commit,
    database_clock,
    recover,
    renew,
)
from airflow_provider_iranpay.warehouse.journal.looking import (
    Looked,
    find,
    find_answers,
    is_under_old_key,
    move_to_newest_key,
    read_leases,
    standing,
)
from airflow_provider_iranpay.warehouse.journal.overview import own_sums
from airflow_provider_iranpay.warehouse.journal.records import (
    Answer,
    Ask,
    AttemptKey,
    Claim,
    Committed,
    Freshness,
    OwnSums,
    Standing,
)
from airflow_provider_iranpay.warehouse.journal.settling import Known, Outdated, has_open
from airflow_provider_iranpay.warehouse.journal.statements import prefer_keys
from airflow_provider_iranpay.warehouse.journal.tables import worker

__all__ = ["Journal"]

_PAUSES = (0.0, 0.05, 0.5, 2.0, 5.0, 10.0)
"""Seconds before a transaction is tried again. A server that restarts is back by then, and the leases still last."""

T = TypeVar("T")


class Journal:
    """A worker's view of the journal. Made by :meth:`open`; its methods may be called from any thread, one at a time.

    :ivar environment: ``real``, or the base URL of a sandbox.
    :ivar keys: the key ring; questions are hashed with it.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        keys: KeyRing,
        environment: str,
        *,
        lease: Lease,
        clock: DatabaseClock,
        monotonic: Callable[[], float],
    ) -> None:
        self.environment = environment
        self.keys = keys
        self._warehouse = warehouse
        self._lease = lease
        self._clock = clock
        self._monotonic = monotonic
        self._worker = 0
        self._commits = 0
        self._attempts = 0
        self._lapsed = False
        self._whole_call_seconds = lease.whole_call.total_seconds()
        self._leased_until = monotonic() + lease.length.total_seconds()
        self._hands: dict[AttemptKey, Known] = {}
        self._one_writer = threading.Lock()

    @property
    def worker(self) -> int:
        """The number by which its attempts are found."""
        return self._worker

    @classmethod
    def open(
        cls,
        warehouse: Warehouse,
        keys: KeyRing,
        environment: str,
        *,
        lease: Lease | None = None,
        clock: DatabaseClock = database_clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> Self:
        """Open the journal of one environment; the first one to do so makes its key ring the known one.

        :param warehouse: open, and so known to keep what it commits. It stays the caller's to close.
        :param clock: the clock that all workers share.
        :param monotonic: this process's own clock, in seconds.
        :raises ConfigurationError: the journal knows another key ring; says what it would cost to use this one.
        """
        with warehouse.transaction() as connection:
            rings.admit(connection, environment, keys)
        journal = cls(warehouse, keys, environment, lease=lease or Lease(), clock=clock, monotonic=monotonic)
        journal._worker = journal._write(journal._begin)
        return journal

    def _begin(self, connection: Connection) -> int:
        now = self._clock(connection)
        return begin_lease(connection, environment=self.environment, now=now, lease=self._lease)

    def recall(self, hashes: Sequence[bytes], freshness: Freshness, read: Callable[[Recalled], None]) -> None:
        """Find those of the questions that were ever asked, and open the answers that need no second thought.

        Much faster than to look questions up, which all but these answers need.

        :param hashes: of questions, under any key.
        :param read: called with some of them at a time; from the first again, if the connection was lost meanwhile.
        :raises ConfigurationError: an answer does not open.
        """

        def look(connection: Connection) -> None:
            for rows in find_answers(connection, hashes, self.keys):
                read(recalled(rows, self.keys, freshness.since))

        self._read(look)

    def look_up(self, asks: Sequence[Ask], freshness: Freshness) -> list[Standing]:
        """Say how each question stands, in their order. Nothing is claimed.

        :raises ConfigurationError: an answer does not open.
        """
        rows, leases, now = self._read(lambda connection: self._found(connection, asks))
        since = freshness.since
        found = [
            standing(ask, row, freshness=freshness, since=since, keys=self.keys, leases=leases, now=now)
            for ask, row in zip(asks, rows, strict=True)
        ]
        old = [ask for ask, row in zip(asks, rows, strict=True) if row and is_under_old_key(ask, row, self.keys)]
        if old:
            self._write(lambda connection: self._move(connection, old))
        return found

    def _found(
        self, connection: Connection, asks: Sequence[Ask]
    ) -> tuple[list[Looked | None], Mapping[int, tuple[datetime, datetime]], datetime]:
        rows = find(connection, asks)
        return rows, read_leases(connection, rows), self._clock(connection)

    def _move(self, connection: Connection, asks: Sequence[Ask]) -> None:
        if rings.is_known(connection, self.environment, self.keys):
            move_to_newest_key(connection, asks, [row for row in find(connection, asks) if row is not None], self.keys)

    def commit(
        self, *, answers: Sequence[Answer] = (), claims: Sequence[Claim] = (), budget: str | None = None
    ) -> Committed:
        """Settle what has come back and claim what comes next, in one transaction that also renews the lease.

        Nothing that is claimed here may be sent before this returns, or if :attr:`may_send` says no.

        :param budget: name of the budget that pays for the claims; it must be open.
        :raises LeaseLost: there are claims and the lease has lapsed: the answers are kept and nothing is claimed.
        :raises ConfigurationError: there are claims and the key ring was replaced meanwhile: likewise. Or an inquiry
            without a price is to be paid from a budget; then nothing is written.
        """
        with self._one_writer:
            group = Group(
                environment=self.environment,
                worker=self._worker,
                number=self._commits + 1,
                answers=answers,
                claims=claims,
                first=self._attempts + 1,
                budget=budget,
            )
            # Numbers are never used twice, whatever becomes of this commit.
            self._commits += 1
            self._attempts += len(claims)
            with self._renewing():
                tries = count()
                done, refusal, claimed = self._write(
                    lambda connection: self._commit(connection, group, is_repeat=next(tries) > 0)
                )
            for answer in answers:
                self._hands.pop(answer.key, None)
            self._hands.update(claimed)
        if isinstance(refusal, LeaseLost):
            refusal.refused = done.refused
        if refusal is not None:
            raise refusal
        return done

    def _commit(
        self, connection: Connection, group: Group, *, is_repeat: bool
    ) -> tuple[Committed, IranPayError | None, Hands]:
        ring_is_known = not group.claims or rings.is_known(connection, self.environment, self.keys)
        prefer_keys(connection)
        written = read_again(connection, group) if is_repeat else None
        if written is not None:
            return written, None if written.won else self._refusal(group, ring_is_known=ring_is_known), {}
        now = self._clock(connection)
        self._renew(connection, now)
        if self._lapsed:
            count_commit(connection, name=self._worker, commits=group.number)
        refusal = self._refusal(group, ring_is_known=ring_is_known)
        movements = Movements(self.environment)
        refused = write_answers(connection, group, self.keys, movements, self._hands) if group.answers else []
        if refusal is not None or not group.claims:
            movements.write(connection)
            return Committed(won=[], lost=[], over_budget=[], refused=refused), refusal, {}
        key_id = self.keys.fingerprints[0][0]
        won, lost, over, hands = write_claims(connection, group, key_id=key_id, now=now, movements=movements)
        movements.write(connection)
        quicker = [one for one in lost_to(connection, lost) if one is not None] if lost else []
        return Committed(won=won, lost=quicker, over_budget=over, refused=refused), None, hands

    def _refusal(self, group: Group, *, ring_is_known: bool) -> IranPayError | None:
        if not group.claims:
            return None
        if self._lapsed:
            return LeaseLost(
                f"This worker of the journal of {self.environment} was silent for longer than its lease, so others may "
                "have taken its questions. The answers are kept and nothing was claimed: start again."
            )
        if not ring_is_known:
            return ConfigurationError(
                f"The key ring of the journal of {self.environment} was replaced. The answers are kept and nothing was "
                "claimed: start again with the new journal_keys."
            )
        return None

    def renew(self) -> None:
        """Prolong the lease: at the latest when a third of it is over. A commit does so too.

        A lease that has lapsed stays so.
        """
        with self._one_writer, self._renewing():
            self._write(lambda connection: self._renew(connection, self._clock(connection)))

    @contextmanager
    def _renewing(self) -> Iterator[None]:
        """Look at the own clock before the lease is renewed, and count the new one from then."""
        begun = self._monotonic()
        self._lapsed = self.lapsed
        yield
        self._leased_until = begun + self._lease.length.total_seconds()

    def _renew(self, connection: Connection, now: datetime) -> None:
        if not self._lapsed:
            self._lapsed = not renew(connection, name=self._worker, now=now, lease=self._lease, commits=self._commits)

    @property
    def lapsed(self) -> bool:
        """Whether the lease ended before it was renewed, or was given back: for ever, for others may have its place."""
        return self._lapsed or self._monotonic() > self._leased_until

    @property
    def may_send(self) -> bool:
        """Whether a call that begins now ends within the lease."""
        return not self._lapsed and self._leased_until - self._monotonic() >= self._whole_call_seconds

    @property
    def should_renew(self) -> bool:
        """Whether a third of the lease is over."""
        return self._leased_until - self._monotonic() <= self._lease.length.total_seconds() * 2 / 3

    def recover(self) -> int:
        """Close the attempts of workers that are gone: unknown where something may have been sent, else not sent.

        :return: attempts that were closed.
        """
        return self._write(
            lambda connection: recover(connection, environment=self.environment, now=self._clock(connection))
        )

    def open_budget(self, name: str, cap_rial: int) -> Balance:
        """Make a budget, or give it another cap, and hold its counter against the attempts.

        :param name: shared by all that spend under it, for example the dag run and task.
        :raises ConfigurationError: more than the new cap is spent or reserved already.
        :raises SumsDoNotClose: the counter is not the sum of the attempts.
        """
        return self._write(lambda connection: budgets.open_budget(connection, self.environment, name, cap_rial))

    def check(self, budget: str) -> Balance:
        """Hold a budget's counter against the sum of its attempts.

        :raises SumsDoNotClose: they differ.
        """
        return self._write(lambda connection: budgets.check_budget(connection, self.environment, budget))

    def own_sums(self) -> OwnSums:
        """Add up this worker's attempts."""
        return self._read(lambda connection: own_sums(connection, self._worker))

    def unknown(self) -> Sequence[upkeep.Unknown]:
        """List all attempts that maybe were paid and have no answer, oldest first."""
        return self._read(lambda connection: upkeep.list_unknown(connection, self.environment))

    def resolve(self, key: AttemptKey, *, paid: bool) -> None:
        """Write down what a person has found out about an unknown attempt; its question may be asked again then.

        :param paid: whether the provider has charged for it.
        :raises TransitionRefused: it is not unknown, or not there.
        """
        self._write(lambda connection: upkeep.resolve(connection, self.environment, key, paid=paid))

    def prune(self, *, before: datetime, reconciled_until: datetime) -> int:
        """Throw away answers that came before this; a tombstone with time and cost stays of each.

        Unknown attempts and those that move money stay as they are.

        :param reconciled_until: up to when the provider's bills are reconciled; nothing later goes.
        :return: answers thrown away.
        """
        return self._write(
            lambda connection: upkeep.prune(
                connection, self.environment, before=before, reconciled_until=reconciled_until
            )
        )

    def rotate(self, keys: KeyRing) -> None:
        """Make another ring the known one. Open workers settle what they have sent and claim nothing more.

        That holds for this one too, whose questions are hashed with the old ring: open another journal to go on.

        :param keys: the new key first, the old ones behind it. Questions move to the new key as they are looked up.
        :raises ConfigurationError: it lacks a key that questions still need; says what that would cost.
        """
        self._write(lambda connection: rings.replace_ring(connection, self.environment, self.keys, keys))

    def close(self) -> None:
        """Give the lease back. Attempts that are still open keep it, until somebody recovers them."""
        self._lapsed = True
        mine = worker.c.worker == self._worker
        done = update(worker).where(mine, not_(has_open(self._worker))).values(ended=True)
        self._write(lambda connection: connection.execute(done))

    def _write(self, work: Callable[[Connection], T]) -> T:
        """Do a transaction; again, if another one was in its way or the reply to it was lost."""
        return self._repeated(self._warehouse.transaction, work)

    def _read(self, work: Callable[[Connection], T]) -> T:
        return self._repeated(self._warehouse.engine.connect, work)

    def _repeated(self, begin: Callable[[], AbstractContextManager[Connection]], work: Callable[[Connection], T]) -> T:
        for pause in (*_PAUSES, None):
            try:
                with begin() as connection:
                    return work(connection)
            except Outdated:
                self._hands.clear()
            except (OperationalError, InterfaceError, InternalError):
                if pause is None:
                    raise
                time.sleep(pause)
        raise AssertionError
