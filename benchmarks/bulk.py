"""A bulk inquiry from end to end, beside what a user would write without it.

Ours reads a CSV file, checks and compares its rows, journals durably, calls, reads strictly and writes a table. The
peers do none of that but the call: they send the same query from a list in memory and look at the same ``bool``.
"""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from airflow_provider_iranpay.api.jibit import Jibit
from airflow_provider_iranpay.bulk.collecting import seldom_collecting
from airflow_provider_iranpay.bulk.job import Budget, BulkJob, Manifest
from airflow_provider_iranpay.bulk.outcomes import kept_content
from airflow_provider_iranpay.bulk.plan import Plan, make_plan
from airflow_provider_iranpay.bulk.questions import Questioner
from airflow_provider_iranpay.bulk.run import Pace
from airflow_provider_iranpay.bulk.sources import FileSource
from airflow_provider_iranpay.bulk.targets import TableTarget
from airflow_provider_iranpay.bulk.ways import Way
from airflow_provider_iranpay.client.account import Account, ProcessMemory
from airflow_provider_iranpay.client.many_driver import ManyClient
from airflow_provider_iranpay.client.network import Network
from airflow_provider_iranpay.inquiries import INQUIRIES
from airflow_provider_iranpay.iran.identifiers import complete_national_code
from airflow_provider_iranpay.warehouse.engine import Warehouse, open_warehouse
from airflow_provider_iranpay.warehouse.journal.journal import Journal
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing
from airflow_provider_iranpay.warehouse.journal.records import Answer, Claim, Freshness, Kind, Standing, Terms
from airflow_provider_iranpay.warehouse.journal.states import Event
from benchmarks import many_calls
from benchmarks.loopback import BODY, arrivals
from benchmarks.measuring import Benchmark, Figure, Round, Timing, duration, interleaved, per_second, ratio, timed
from benchmarks.place import PROJECT, Place

__all__ = ["BENCHMARKS", "make_job", "new_database", "way_to", "write_customers"]

_INQUIRY = INQUIRIES["match_card"]
_ROUNDS = 11
_MANY, _FEW = 20_000, 1_000
_AHEAD = 256
_LATE_SECONDS, _LATE_ROWS, _LATE_IN_FLIGHT = 0.05, 51_200, 256
_RATE, _RATE_ROWS = 500, 5_000
_PLANNED = 1_000_000
_TOGETHER = 5_000
_LARGE, _SMALL = 5_000_000, 100_000


def write_customers(path: Path, rows: int, seed: int = 1) -> None:
    """Write a table of invented customers, all different, with valid numbers."""
    chance = random.Random(seed)  # noqa: S311 - test data
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["customer_id", "card", "national_code", "birth_date"])
        for number in range(rows):
            day = f"13{chance.randrange(30, 80)}{chance.randrange(1, 13):02}{chance.randrange(1, 29):02}"
            code = complete_national_code(f"{chance.randrange(10**7, 10**9):09}")
            writer.writerow([number, _card(chance.randrange(10**9)), code, day])


def _card(number: int) -> str:
    digits = f"603799{number:09}"
    total = sum(sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(digits))
    return digits + str(-total % 10)


def way_to(url: str) -> Way:
    """Make the way to a server that answers everything alike."""
    api, account = Jibit("benchmark", "benchmark"), Account()

    def client(**options: Any) -> ManyClient:
        return ManyClient(api, Network(base_url=url), account=account, store=ProcessMemory(), **options)

    return Way(
        api=api,
        answering=_INQUIRY.answered_by["jibit"],
        provider="jibit",
        account="benchmark",
        environment=url,
        price_rial=1_000,
        whole_call_seconds=65,
        client=client,
    )


class _Warehouses:
    """A new warehouse for each run: the journal would answer the second one."""

    def __init__(self, new: Callable[[int], str]) -> None:
        self._new = new
        self._count = 0

    @contextmanager
    def another(self) -> Iterator[Warehouse]:
        self._count += 1
        with open_warehouse(self._new(self._count)) as warehouse:
            yield warehouse


def make_job(url: str, table: Path, warehouse: Warehouse, pace: Pace, keys: KeyRing | None = None) -> BulkJob:
    """Make the job of asking about such a table.

    :param keys: of the journal; new ones, if it is a new one too.
    """
    return BulkJob(
        inquiry=_INQUIRY,
        source=FileSource(table),
        key="customer_id",
        ways=[way_to(url)],
        warehouse=warehouse,
        keys=keys or KeyRing({"benchmark": os.urandom(32)}),
        targets=[TableTarget(warehouse, "matches")],
        budget=Budget(cap_rial=10**15, name="benchmark"),
        pace=pace,
    )


def _bulk(url: str, table: Path, warehouses: _Warehouses) -> Callable[[], Timing]:
    def measured() -> Timing:
        with warehouses.another() as warehouse:
            job = make_job(url, table, warehouse, Pace(ahead=_AHEAD))
            manifests: list[Manifest] = []
            timing = timed(lambda: manifests.append(job.perform()), units=_MANY)
        if manifests[0]["status"] != {"matched": _MANY} or manifests[0]["origin"] != {"paid": _MANY}:
            raise SystemExit(f"The run has not asked what it should: {manifests[0]}")
        return timing

    return measured


def _end_to_end(place: Place) -> Iterator[Round]:
    table = place.folder / "customers.csv"
    write_customers(table, _MANY)
    folder = place.folder / "bulk"
    folder.mkdir()
    with place.serving("benchmarks.loopback") as port:
        url = f"http://127.0.0.1:{port}"
        sqlite = _Warehouses(lambda number: f"sqlite:///{folder}/{number}.db")
        yield from interleaved(
            {
                "bulk": _bulk(url, table, sqlite),
                "aiohttp": many_calls.measured("aiohttp", url, _MANY),
                "threads": many_calls.measured("threads", url, _FEW),
                "httphook": many_calls.measured("httphook", url, _FEW),
            },
            rounds=_ROUNDS,
        )


def _on_both(place: Place) -> Iterator[Round]:
    """The same run on both databases. PostgreSQL works on in the background: the peers are measured without it."""
    table = place.folder / "both.csv"
    write_customers(table, _MANY)
    folder = place.folder / "both"
    folder.mkdir()
    with place.serving("benchmarks.loopback") as port, place.serving("tools.postgres", str(folder / "postgres")) as uri:
        url = f"http://127.0.0.1:{port}"
        sqlite = _Warehouses(lambda number: f"sqlite:///{folder}/{number}.db")
        postgres = _Warehouses(lambda number: new_database(uri, f"bulk_{number}"))
        contenders = {"bulk": _bulk(url, table, sqlite), "bulk_pg": _bulk(url, table, postgres)}
        yield from interleaved(contenders, rounds=_ROUNDS)


def new_database(uri: str, name: str) -> str:
    """Make an empty database on a PostgreSQL server, and return its address."""
    import psycopg  # noqa: PLC0415 - the server's own address, without SQLAlchemy's driver name

    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return make_url(uri).set(database=name).render_as_string(hide_password=False)


def _latency(place: Place) -> Iterator[Round]:
    """Whole runs over a server that answers late. The server tells how long they have asked, the clock the rest."""
    table = place.folder / "late.csv"
    write_customers(table, _LATE_ROWS, seed=2)
    folder = place.folder / "late"
    folder.mkdir()
    warehouses = _Warehouses(lambda number: f"sqlite:///{folder}/{number}.db")
    pace = Pace(concurrency=_LATE_IN_FLIGHT)
    with place.serving("benchmarks.loopback", str(_LATE_SECONDS)) as port:
        url = f"http://127.0.0.1:{port}"
        for _ in range(3):
            with warehouses.another() as warehouse:
                timing = timed(make_job(url, table, warehouse, pace).perform, units=_LATE_ROWS)
            yield {"bulk": timing, "asking": Timing(arrivals(url).span / _LATE_ROWS, 0.0)}


def _rate(place: Place) -> Iterator[Round]:
    """Whole runs at a set rate; the server counts its busiest second."""
    table = place.folder / "paced.csv"
    write_customers(table, _RATE_ROWS, seed=3)
    folder = place.folder / "paced"
    folder.mkdir()
    warehouses = _Warehouses(lambda number: f"sqlite:///{folder}/{number}.db")
    with place.serving("benchmarks.loopback") as port:
        url = f"http://127.0.0.1:{port}"
        for _ in range(3):
            with warehouses.another() as warehouse:
                job = make_job(url, table, warehouse, Pace(rate_per_second=_RATE))
                timing = timed(job.perform, units=_RATE_ROWS)
            yield {"bulk": timing, "busiest second": Timing(arrivals(url).busiest / _RATE, 0.0)}


def _plan(place: Place) -> Iterator[Round]:
    """Plan a million rows on an empty journal."""
    table = place.folder / "million.csv"
    write_customers(table, _PLANNED, seed=4)
    for number in range(2):
        with open_warehouse(f"sqlite:///{place.folder}/plan-{number}.db") as warehouse:
            yield {"plan": timed(lambda: _planned(table, warehouse).close(), units=1)}


def _planned(table: Path, warehouse: Warehouse) -> Plan:
    """Plan a table that nobody has asked about."""
    way = way_to("http://127.0.0.1:9")
    journal = Journal.open(warehouse, KeyRing({"benchmark": os.urandom(32)}), way.environment)
    freshness = Freshness(as_of=datetime.now(UTC), max_age=timedelta(days=30))
    questioner = Questioner(_INQUIRY, [way], journal, freshness, timedelta(days=7))
    columns = {name: name for name in questioner.names}
    plan = make_plan(FileSource(table), key="customer_id", columns=columns, questioner=questioner)
    if plan.estimate.to_ask != plan.estimate.rows:
        raise SystemExit(f"The plan is not what it should be: {plan.estimate}")
    return plan


def _replay(place: Place) -> Iterator[Round]:
    """Keep an answer to each of a million questions; then look all of them up, open and read them."""
    table = place.folder / "replayed.csv"
    write_customers(table, _PLANNED, seed=6)
    with open_warehouse(f"sqlite:///{place.folder}/replay.db") as warehouse:
        plan = _planned(table, warehouse)
        _answer_all(plan)
        with seldom_collecting():  # as in a run
            for _ in range(3):
                yield {"replay": timed(lambda: _recall(plan), units=plan.estimate.rows)}
        plan.close()


def _answer_all(plan: Plan) -> None:
    """Write an answer to each question into the journal, as a run would."""
    (way,) = plan.questioner.ways
    journal, now = plan.questioner.journal, datetime.now(UTC)
    terms = Terms(_INQUIRY.name, way.provider, way.account, way.price_rial)
    answers: list[Answer] = []
    questions = plan.open_questions(in_order=False)
    while some := [question for question, _ in islice(questions, _TOGETHER)]:
        claims = [
            Claim(Standing(question.ask, Kind.FREE), terms, track_id=f"{question.leader:032}") for question in some
        ]
        won = journal.commit(answers=answers, claims=claims).won
        answers = [
            Answer(
                attempt.key,
                question.ask,
                Event.ANSWERED,
                kept_content(200, BODY),
                question.wire(way),
                None,
                now,
                now,
            )
            for question, attempt in zip(some, won, strict=True)
        ]
    journal.commit(answers=answers)


def _recall(plan: Plan) -> None:
    """Look all questions of a plan up again, open their answers and read them."""
    for block in plan.spool.blocks():
        outcomes, left = plan.questioner.recall(
            lambda block=block: block.inputs, [one for one in block.questions if one]
        )
        if left or len(outcomes) != len(block) or {one.status for one in outcomes.values()} != {"matched"}:
            raise SystemExit("An answer was not kept.")


def _peak(place: Place) -> Iterator[Round]:
    """Plan in processes of their own, a small table and a large one, and ask the system for their peaks."""
    tables = {}
    for rows in (_SMALL, _LARGE):
        tables[rows] = place.folder / f"rows-{rows}.csv"
        write_customers(tables[rows], rows, seed=5)
    for number in range(2):
        yield {
            f"plan of {rows}": Timing(_peak_mb(table, place.folder / f"peak-{rows}-{number}.db"), 0.0)
            for rows, table in tables.items()
        }


def _peak_mb(table: Path, database: Path) -> float:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.bulk", str(table), str(database)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    return float(done.stdout)


def _plan_alone(table: str, database: str) -> None:
    """Plan a table and print the peak of this process's memory in MB."""
    with open_warehouse(f"sqlite:///{database}") as warehouse:
        _planned(Path(table), warehouse).close()
    # Not getrusage's: that one remembers the process which this one was forked from.
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    print(int(peak.split()[1]) / 1024)


def _value(name: str, of: str, unit: str) -> Figure:
    return Figure(name=name, kind="value", unit=unit, of=lambda measured: measured[of].wall)


BENCHMARKS = [
    Benchmark(
        title=f"a bulk run over {_MANY:,} rows from file to table",
        figures=[
            duration("bulk_row_us", contender="bulk", clock="wall", unit="µs"),
            ratio("bulk_vs_httphook", subject="bulk", peer="httphook", clock="wall"),
            ratio("bulk_vs_requests", subject="bulk", peer="threads", clock="wall"),
            ratio("bulk_vs_bare_aiohttp", subject="bulk", peer="aiohttp", clock="wall"),
        ],
        rounds=_end_to_end,
    ),
    Benchmark(
        title=f"a bulk run over {_MANY:,} rows, on both databases",
        figures=[ratio("bulk_pg_vs_sqlite", subject="bulk_pg", peer="bulk", clock="wall")],
        rounds=_on_both,
    ),
    Benchmark(
        title=f"{_LATE_ROWS:,} rows at {_LATE_SECONDS * 1000:.0f} ms, {_LATE_IN_FLIGHT} in flight",
        figures=[
            Figure(
                name="bulk_latency_share",
                kind="ratio",
                unit="of the ideal",
                of=lambda measured: _LATE_SECONDS / _LATE_IN_FLIGHT / measured["asking"].wall,
            ),
            Figure(
                name="bulk_latency_share_whole",
                kind="ratio",
                unit="of the ideal",
                of=lambda measured: _LATE_SECONDS / _LATE_IN_FLIGHT / measured["bulk"].wall,
            ),
        ],
        rounds=_latency,
    ),
    Benchmark(
        title=f"{_RATE_ROWS:,} rows at {_RATE} a second",
        figures=[
            Figure(
                name="bulk_rate_overhead", kind="ratio", unit="times", of=lambda measured: measured["bulk"].wall * _RATE
            ),
            Figure(
                name="bulk_rate_busiest_second",
                kind="ratio",
                unit="of the rate",
                of=lambda measured: measured["busiest second"].wall,
            ),
        ],
        rounds=_rate,
    ),
    Benchmark(
        title=f"planning {_PLANNED:,} rows",
        figures=[duration("plan_1m_seconds", contender="plan", clock="wall", unit="s")],
        rounds=_plan,
    ),
    Benchmark(
        title=f"replaying {_PLANNED:,} kept answers",
        figures=[per_second("replay_rows_per_second", contender="replay")],
        rounds=_replay,
    ),
    Benchmark(
        title=f"memory of planning {_LARGE:,} rows",
        figures=[
            _value("plan_peak_mb", f"plan of {_LARGE}", "MB"),
            _value("plan_peak_mb_small", f"plan of {_SMALL}", "MB"),
        ],
        rounds=_peak,
    ),
]

if __name__ == "__main__":
    _plan_alone(*sys.argv[1:])
