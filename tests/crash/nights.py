"""A night: one sandbox, one warehouse, the workers that are sent over them one after another, and the books of both.

The books are read with plain SQL and from the sandbox's own ledger, never through the journal: it is what is tested.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Engine, create_engine, text

from airflow_provider_iranpay.bulk.job import Manifest
from airflow_provider_iranpay.sandbox import Sandbox
from tests.crash.strikes import Strike
from tests.crash.worker import BROKEN, REPEATED, Errand, perform

PATIENCE_SECONDS = 30.0
KEYS = (("night", b"n" * 32),)
SERVICES = {"jibit": "jibit.match_mobile", "paystar": "paystar.match_mobile"}
PRICE_RIAL = 3_500

_PROCESSES = multiprocessing.get_context("forkserver")
# Workers are forked from a process that has imported everything and done nothing.
_PROCESSES.set_forkserver_preload(["tests.crash.worker"])


def until(is_so: Callable[[], Any], *, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for another process."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.002)


class Ending(NamedTuple):
    """How a worker ended that was not killed."""

    manifest: Manifest | None
    error: str | None
    says: str | None


class Worker:
    """A process on an errand."""

    def __init__(self, errand: Errand, directory: Path) -> None:
        self.errand = errand
        self.directory = directory
        directory.mkdir()
        self.process: BaseProcess = _PROCESSES.Process(target=perform, args=(errand, directory), daemon=True)
        self.process.start()

    def join(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Wait for its end; return what it exits with, the signal that has killed it as a negative number."""
        self.process.join(seconds)
        assert self.process.exitcode is not None, "the worker does not end"
        return self.process.exitcode

    def ending(self, seconds: float = PATIENCE_SECONDS) -> Ending:
        """Wait for its end, by itself."""
        assert self.join(seconds) == 0
        return Ending(**json.loads((self.directory / "ending.json").read_text()))

    def manifest(self) -> Manifest:
        """Wait for its end, without an error."""
        ending = self.ending()
        assert ending.error is None, ending.says
        assert ending.manifest is not None
        return ending.manifest

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    def is_frozen(self) -> bool:
        """Whether it is stopped, and not ended."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "T"

    @property
    def has_begun(self) -> bool:
        """Whether it may send by now."""
        return (self.directory / "begun").exists()

    @property
    def was_struck(self) -> bool:
        """Whether the boundary of its strike was reached."""
        return (self.directory / "reached").exists()


@dataclass(frozen=True)
class Attempt:
    """A row of the journal."""

    question_id: int
    track_id: str
    state: str
    price_rial: int
    cost_rial: int | None

    @property
    def may_be_billed(self) -> bool:
        """Whether the journal holds the money for it."""
        return self.cost_rial is None or self.cost_rial > 0


class Night:
    """See the module. Errands are for the same people, unless told otherwise."""

    def __init__(self, sandbox: Sandbox, warehouse: str, directory: Path) -> None:
        self.sandbox = sandbox
        self.directory = directory
        self.workers: list[Worker] = []
        self.engine: Engine = create_engine(warehouse)
        sandbox.world.settings.prices.update(dict.fromkeys(SERVICES.values(), PRICE_RIAL))
        self.errand = Errand(
            people=tuple(range(30)), warehouse=warehouse, url=sandbox.url, keys=KEYS, price_rial=PRICE_RIAL
        )

    def start(self, **changes: Any) -> Worker:
        """Start a worker.

        :param changes: fields of :class:`Errand`.
        """
        worker = Worker(replace(self.errand, **changes), self.directory / f"worker-{len(self.workers)}")
        self.workers.append(worker)
        return worker

    def do(self, **changes: Any) -> Manifest:
        """Send a worker, wait for what it has done, and hold its counts against the rows."""
        worker = self.start(**changes)
        manifest = worker.manifest()
        self.assert_rows_close(manifest, worker.errand)
        return manifest

    def kill_at(self, strike: Strike, **changes: Any) -> None:
        """Send a worker to its end, and let its lease end too."""
        worker = self.start(strike=strike, **changes)
        assert worker.join() == -signal.SIGKILL
        assert worker.was_struck
        self.let_leases_end()

    def let_leases_end(self) -> None:
        """Move the leases that there are into the past, instead of waiting for minutes."""
        self.let_lease_end(*self.leases())

    def leases(self) -> list[bytes]:
        """Names of the workers that have had a lease."""
        with self.engine.connect() as connection:
            return list(connection.scalars(text("SELECT worker FROM iranpay_worker")))

    def let_lease_end(self, *names: bytes) -> None:
        """Move the leases of some workers into the past."""
        ended = text("UPDATE iranpay_worker SET lease_until = :past, stale_at = :past WHERE worker = :name")
        with self.engine.begin() as connection:
            for name in names:
                connection.execute(ended, {"past": "2020-01-01T00:00:00.000000+00:00", "name": name})

    def end(self) -> None:
        """End what is still there, by its process."""
        for worker in self.workers:
            worker.process.kill()
            worker.process.join()
        self.engine.dispose()

    # The sandbox's books

    @property
    def received(self) -> int:
        """Requests that the sandbox has received, whatever became of them."""
        return sum(self.sandbox.world.received[service] for service in SERVICES.values())

    @property
    def billed(self) -> list[str]:
        """Track ids of the calls that the sandbox has billed."""
        return [str(entry.track_id) for entry in self.sandbox.world.ledger.entries]

    @property
    def billed_again(self) -> Counter[tuple[str, str]]:
        """Questions that a provider has billed more than once, with how often."""
        return self.sandbox.world.ledger.repeated()

    # The journal's books

    def attempts(self) -> list[Attempt]:
        """All attempts."""
        columns = ("question_id", "track_id", "state", "price_rial", "cost_rial")
        with self.engine.connect() as connection:
            rows = connection.execute(text(f"SELECT {', '.join(columns)} FROM iranpay_attempt")).all()
        return [Attempt(*row) for row in rows]

    def states(self) -> Counter[str]:
        """How many attempts are in each state."""
        return Counter(attempt.state for attempt in self.attempts())

    def assert_books_agree(self) -> None:
        """Hold the journal against the sandbox, and the budget against both."""
        attempts = self.attempts()
        assert len({attempt.track_id for attempt in attempts}) == len(attempts)
        held = {attempt.track_id for attempt in attempts if attempt.may_be_billed}
        assert len(set(self.billed)) == len(self.billed)
        assert set(self.billed) <= held
        spent = sum(attempt.cost_rial for attempt in attempts if attempt.cost_rial is not None)
        reserved = sum(attempt.price_rial for attempt in attempts if attempt.cost_rial is None)
        with self.engine.connect() as connection:
            rows = connection.execute(text("SELECT spent_rial, reserved_rial, cap_rial FROM iranpay_budget")).all()
        if not rows:
            assert attempts == []
            return
        ((its_spent, its_reserved, cap_rial),) = rows
        assert (its_spent, its_reserved) == (spent, reserved)
        assert spent + reserved <= cap_rial
        assert sum(entry.price_rial for entry in self.sandbox.world.ledger.entries) <= spent + reserved

    def assert_rows_close(self, manifest: Manifest, errand: Errand) -> None:
        """Hold a manifest against the rows that were read, and against those that were written."""
        rows = len(errand.people) + 2
        assert manifest["rows"] == sum(manifest["status"].values()) == sum(manifest["origin"].values()) == rows
        assert manifest["questions"] == len(errand.people)
        with self.engine.connect() as connection:
            found = connection.execute(text("SELECT id, status, origin, cost_rial FROM results")).all()
        keys = {*errand.people, REPEATED, BROKEN}
        mine = [row for row in found if row.id in keys]
        assert len(mine) == rows
        if manifest["unknown"] == 0:  # an older answer in the table stays, where this run has none
            assert Counter(row.status for row in mine) == manifest["status"]
            assert Counter(row.origin for row in mine) == manifest["origin"]
            assert sum(row.cost_rial for row in mine) == manifest["spent_rial"]
