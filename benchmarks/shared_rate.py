"""Bulk runs in processes of their own that share one rate, as mapped tasks do: each has a table, all have one warehouse
and one account. The server tells when their calls came.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from subprocess import PIPE, Popen

from airflow_provider_iranpay.bulk.run import Pace
from airflow_provider_iranpay.warehouse.engine import open_warehouse
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing
from benchmarks.bulk import make_job, new_database, write_customers
from benchmarks.loopback import arrivals
from benchmarks.measuring import Benchmark, Figure, Round, Timing
from benchmarks.place import PROJECT, Place

__all__ = ["BENCHMARKS"]

_PROCESSES = 4
_RATE, _ROWS = 500, 30_000
_KEYS = KeyRing({"benchmark": bytes(32)})


def _rounds(place: Place) -> Iterator[Round]:
    tables = [place.folder / f"share-{number}.csv" for number in range(_PROCESSES)]
    for number, table in enumerate(tables):
        write_customers(table, _ROWS // _PROCESSES, seed=10 + number)
    folder = place.folder / "shared"
    folder.mkdir()
    with place.serving("benchmarks.loopback") as port, place.serving("tools.postgres", str(folder)) as uri:
        url = f"http://127.0.0.1:{port}"
        for number in range(2):
            _together(tables, new_database(uri, f"shared_{number}"), url)
            span, busiest = arrivals(url)
            yield {"together": Timing(span / _ROWS, 0.0), "busiest second": Timing(busiest / _RATE, 0.0)}


def _together(tables: Sequence[Path], database: str, url: str) -> None:
    """Run one process for each table; they begin once all are ready."""
    workers = [_started(table, database, url) for table in tables]
    try:
        for worker in workers:
            _expect(worker, "ready")
        for worker in workers:
            print("go", file=worker.stdin, flush=True)
        for worker in workers:
            _expect(worker, "done")
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


def _started(table: Path, database: str, url: str) -> Popen[str]:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.shared_rate", str(table), database, url]
    return subprocess.Popen(command, cwd=PROJECT, stdin=PIPE, stdout=PIPE, text=True)  # noqa: S603 - ours


def _expect(worker: Popen[str], word: str) -> None:
    assert worker.stdout is not None  # noqa: S101 - Popen was given a pipe
    said = worker.stdout.readline().strip()
    if said != word:
        raise SystemExit(f"A process that shares the rate says {said!r} instead of {word!r}.")


def _work(table: str, database: str, url: str) -> None:
    """Ask about a table once a line comes, and say so."""
    with open_warehouse(database) as warehouse:
        job = make_job(url, Path(table), warehouse, Pace(rate_per_second=_RATE), _KEYS)
        print("ready", flush=True)
        sys.stdin.readline()
        manifest = job.perform()
    rows = _ROWS // _PROCESSES
    if manifest["status"] != {"matched": rows} or manifest["origin"] != {"paid": rows}:
        raise SystemExit(f"The run has not asked what it should: {manifest}")
    print("done", flush=True)


BENCHMARKS = [
    Benchmark(
        title=f"{_ROWS:,} rows in {_PROCESSES} processes at {_RATE} a second for all",
        figures=[
            Figure(
                name="shared_rate_overhead",
                kind="ratio",
                unit="times",
                of=lambda measured: measured["together"].wall * _RATE,
            ),
            Figure(
                name="shared_rate_busiest_second",
                kind="ratio",
                unit="of the rate",
                of=lambda measured: measured["busiest second"].wall,
            ),
        ],
        rounds=_rounds,
    )
]

if __name__ == "__main__":
    _work(*sys.argv[1:])
