"""``python -m benchmarks.distributed [--rows 200000] [--workers 2]``: the night, and what the books say of it.

Exit 0 if they close; 1 if they do not, or a part does not come up. Ctrl-C ends all parts.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import signal
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import NoReturn

from rich.console import Console
from rich.table import Table

from airflow_provider_iranpay.sandbox.connections import connections
from benchmarks.distributed.arrivals import Arrivals
from benchmarks.distributed.books import Books, read_books
from benchmarks.distributed.night import SOURCE, TARGET, Night, sandbox_with_faults, write_customers
from benchmarks.distributed.processes import Ended
from benchmarks.distributed.site import Site, brought_up

_WIDTH = 120
_TIMEOUTS = {"connect_timeout": 3, "read_timeout": 10}
"""Seconds. What the dead worker had is waited for as long as its lease and a call may last."""
_MAY_EXCEED = {60.0: 1.02, 1.0: 1.25}
"""Of the rate, by the seconds over which it is counted: slots are given out in blocks of a quarter of a second."""


def main() -> None:
    """Do what the command line says.

    :raises SystemExit: 1 where the books do not close.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.distributed", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--workers", type=int, default=2, help="Celery workers; one of them is killed (default 2)")
    parser.add_argument("--chunks", type=int, default=8, help="tasks that share the rows, at most (default 8)")
    parser.add_argument("--rate", type=float, default=1_200, help="sends a second of all together (default 1200)")
    parser.add_argument("--concurrency", type=int, default=32, help="calls in flight of a task (default 32)")
    parser.add_argument("--keep", type=Path, help="copy the logs to this new folder at the end")
    given = parser.parse_args()
    if given.workers < 2:
        parser.error("--workers: one is killed, so give at least 2")
    signal.signal(signal.SIGTERM, _interrupted)
    warnings.simplefilter("ignore")  # those of Airflow's own dependencies
    logging.disable(logging.WARNING)  # the sandbox tells of each fault
    console = Console(highlight=False, width=_WIDTH)
    with tempfile.TemporaryDirectory(prefix="iranpay-distributed-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # PostgreSQL runs as another user
        try:
            faults = _night(given, Path(folder), console)
        except Ended as ended:
            faults = [str(ended)]
        except KeyboardInterrupt:
            faults = ["Interrupted."]
        finally:
            if given.keep:
                shutil.copytree(folder, given.keep, ignore=shutil.ignore_patterns("postgres"))
    for fault in faults:
        console.print(f"[red]{fault}", soft_wrap=True)
    sys.exit(bool(faults))


def _interrupted(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _night(given: argparse.Namespace, folder: Path, console: Console) -> list[str]:
    began = time.monotonic()

    def tell(what: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:6.0f} s[/]  {what}", soft_wrap=True)

    sandbox, arrivals = sandbox_with_faults()
    variables = {
        "NIGHT_CHUNKS": str(given.chunks),
        "NIGHT_RATE": str(given.rate),
        "NIGHT_CONCURRENCY": str(given.concurrency),
        "NIGHT_WORKERS": str(given.workers),
    }
    with sandbox:
        jibit = connections(sandbox.url)["jibit_default"]
        jibit["extra"] |= _TIMEOUTS
        tell(f"bringing up PostgreSQL, Redis, Airflow and {given.workers} workers in {folder}")
        with brought_up(folder, night=variables, jibit=jibit, workers=given.workers) as site:
            tell(f"writing {given.rows:,} customers")
            write_customers(site.warehouse, sandbox, given.rows)
            tell("running")
            night = Night(site=site, arrivals=arrivals, rows=given.rows, patience_seconds=1_800, tell=tell)
            night.pass_by()
            tell("over; reading the books")
            books = read_books(site.warehouse, sandbox.world.ledger, source=SOURCE, target=TARGET)
            _print(console, given, night, books, site)
    tell("all is down")
    return books.faults + _too_fast(arrivals, given.rate)


def _too_fast(arrivals: Arrivals, rate: float) -> list[str]:
    return [
        f"The busiest {seconds:.0f} s had {busiest:,.0f} requests a second, and the rate is {rate:,.0f}."
        for seconds, may_exceed in _MAY_EXCEED.items()
        if (busiest := arrivals.busiest(seconds)) > rate * may_exceed + 1
    ]


def _print(console: Console, given: argparse.Namespace, night: Night, books: Books, site: Site) -> None:
    times, arrivals = night.times, night.arrivals
    together, alone = arrivals.usual(times.begun, times.killed), arrivals.usual(times.killed, times.ended)
    told = Table("what", "how much", title="The night", title_justify="left")
    rows = {
        "rows in": f"{books.rows_in:,}",
        "rows out": f"{sum(books.statuses.values()):,}: "
        + ", ".join(f"{count:,} {status}" for status, count in sorted(books.statuses.items())),
        "billed by the provider": f"{books.billed:,}, of which again {books.billed_again:,}",
        "paid in the journal": f"{books.spent:,}, and {books.billed_unknown:,} billed among {books.unknown:,} unknown",
        "billed and not in the journal": f"{books.strange:,}",
        "tries beyond the first": f"{site.tries():,}",
        **site.durations(),
        "rate that was set": f"{given.rate:,.0f} a second",
        "busiest second": f"{arrivals.busiest(1.0):,.0f}",
        "busiest minute": f"{arrivals.busiest(60.0):,.0f} a second",
        f"{given.workers} workers": f"{together:,.0f} calls a second",
        f"{given.workers - 1} of them": f"{alone:,.0f} calls a second",
        "the first over the second": f"{together / alone:.2f} times" if alone else "not known",
        "time": f"{times.ended - times.begun:,.0f} s, the worker was killed after {times.killed - times.begun:,.0f} s",
    }
    for row in rows.items():
        told.add_row(*row)
    console.print(told)


if __name__ == "__main__":
    main()
