"""Workers beside each other: processes that share one warehouse and one budget, each with its own part of a table.

``python -m benchmarks.workers URL WAREHOUSE TABLE`` is one of them: it plans, prints a line, waits for one, asks, and
prints another line once everything is asked.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from airflow_provider_iranpay.bulk.job import Budget, BulkJob
from airflow_provider_iranpay.bulk.run import Pace, Run
from airflow_provider_iranpay.bulk.sources import FileSource
from airflow_provider_iranpay.bulk.targets import Column
from airflow_provider_iranpay.inquiries import INQUIRIES
from airflow_provider_iranpay.warehouse.engine import open_warehouse
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing
from benchmarks.bulk import new_database, way_to, write_customers
from benchmarks.measuring import Benchmark, Round, Timing, interleaved, ratio, timed
from benchmarks.place import PROJECT, Place

__all__ = ["BENCHMARKS"]

_LATE_SECONDS = 0.05
_IN_FLIGHT = 64
_ROWS = 10_000
_CROWDS = (1, 2, 4)
_ROUNDS = 5
_STOP_SECONDS = 60
_KEYS = {"benchmark": b"benchmark".ljust(32)}


def _rounds(place: Place) -> Iterator[Round]:
    tables = [place.folder / f"part-{number}.csv" for number in range(max(_CROWDS))]
    for number, table in enumerate(tables):
        write_customers(table, _ROWS, seed=100 + number)
    with (
        place.serving("benchmarks.loopback", str(_LATE_SECONDS)) as port,
        place.serving("tools.postgres", str(place.folder / "workers")) as uri,
    ):
        databases = (new_database(uri, f"workers_{number}") for number in count(1))
        crowds = {
            f"{size} at work": partial(_asked_by, place, tables[:size], f"http://127.0.0.1:{port}", databases)
            for size in _CROWDS
        }
        yield from interleaved(crowds, rounds=_ROUNDS)


def _asked_by(place: Place, tables: Sequence[Path], url: str, databases: Iterator[str]) -> Timing:
    """Let a worker ask each table: from the moment when all have planned to the one when all have asked."""
    database = next(databases)
    open_warehouse(database).close()  # the tables are made once
    with ExitStack() as stack:
        # Beyond this machine each would have cores of its own: here the kernel shares out what there is.
        with place.on_cores({place.client_core, place.server_core}):
            workers = [stack.enter_context(_worker(url, database, str(table))) for table in tables]
        _hear(workers, "planned")

        def ask() -> None:
            for worker in workers:
                _pipe(worker.stdin).write("ask\n")
                _pipe(worker.stdin).flush()
            _hear(workers, "asked")

        return timed(ask, units=_ROWS * len(tables))


@contextmanager
def _worker(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.workers", *arguments]
    worker = subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
    try:
        yield worker
        if worker.wait(_STOP_SECONDS):
            raise SystemExit(f"A worker has failed with {worker.returncode}.")
    finally:
        worker.kill()
        worker.communicate()


def _hear(workers: Sequence[subprocess.Popen[str]], word: str) -> None:
    for worker in workers:
        if _pipe(worker.stdout).readline() != f"{word}\n":
            raise SystemExit("A worker has ended before its time.")


def _pipe(pipe: Any) -> Any:
    assert pipe is not None  # noqa: S101 - Popen was given one
    return pipe


class _Told:
    """A target that tells when the results begin: by then everything is asked."""

    def prepare(self, key: Column, outputs: Sequence[Column]) -> None:
        """Need nothing."""

    def write(self, rows: Iterable[tuple[Any, ...]]) -> int:
        """Tell, and count the rows."""
        print("asked", flush=True)
        return sum(1 for _ in rows)


def _work(url: str, database: str, table: str) -> None:
    with open_warehouse(database) as warehouse:
        manifest = BulkJob(
            inquiry=INQUIRIES["match_card"],
            source=FileSource(table),
            key="customer_id",
            ways=[way_to(url)],
            warehouse=warehouse,
            keys=KeyRing(_KEYS),
            targets=[_Told()],
            budget=Budget(cap_rial=10**15, name="benchmark"),
            pace=Pace(concurrency=_IN_FLIGHT),
        ).perform(_when_told)
    if manifest["status"] != {"matched": manifest["rows"]} or manifest["origin"] != {"paid": manifest["rows"]}:
        raise SystemExit(f"The worker has not asked what it should: {manifest}")


def _when_told(_: Run) -> None:
    print("planned", flush=True)
    sys.stdin.readline()


BENCHMARKS = [
    Benchmark(
        title=f"workers with {_IN_FLIGHT} calls in flight each, at {_LATE_SECONDS * 1000:.0f} ms",
        figures=[
            ratio(f"workers_{size}", subject=f"{size} at work", peer="1 at work", clock="wall") for size in _CROWDS[1:]
        ],
        rounds=_rounds,
    )
]

if __name__ == "__main__":
    _work(*sys.argv[1:])
