"""How large a journal becomes: ``python -m benchmarks.journal_sizes [--questions 10000000] [sqlite|postgres ...]``.

Fills the package's own tables with invented rows of the real shapes, in the order in which runs write them: an attempt
is claimed, then ends, and each hash lands somewhere in its index. Then says what each table and index takes, and how
long it takes to look questions up. The database is in a temporary folder and gone at the end.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table as Shown
from sqlalchemy import Connection, make_url, text

from airflow_provider_iranpay.warehouse.engine import Warehouse, open_warehouse
from airflow_provider_iranpay.warehouse.journal import tables
from airflow_provider_iranpay.warehouse.journal.journal import Journal
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing
from airflow_provider_iranpay.warehouse.journal.looking import find
from airflow_provider_iranpay.warehouse.journal.records import KEYS_OF_A_WORKER, Ask, Freshness
from benchmarks.place import Place, prepared

_AT_ONCE = 20_000
"""Questions of one transaction: more than a run writes at once."""
_OF_A_RUN = 200_000
_BEGUN = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
"""When the first question was asked; one more came each millisecond."""
_DEAD_SHARE = 0.2
"""At which PostgreSQL vacuums a table by itself. A run takes hours, this script minutes: so it does it here."""
_SEALED_BYTES = 498
"""Of 400 bytes of answer: key id, nonce, hash of the request, provider, track id and tag are 98."""
_LOOKED_UP = 5_000
_WIDTH = 100
_NOTHING_FRESH = Freshness(as_of=datetime.max.replace(tzinfo=UTC), max_age=timedelta(0))
"""Invented answers do not open: whether there is one is all that is asked."""
_PER_ATTEMPT = [one for one in (tables.question, tables.claim, tables.end) if "attempt_id" in one.c]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a database writes what a row holds; ``n`` is the question, counted from 0.

    :param hurry: begins a transaction: what makes writing faster, and no table smaller.
    :param numbers: gives ``n`` from ``{first}`` to ``{last}``.
    :param sizes: name to bytes of all tables and indexes.
    :param tidy: what the database does by itself once nobody writes.
    """

    hash: str
    sealed: str
    track_id: str
    moment: str
    no: str
    hurry: str
    numbers: str
    sizes: str
    tidy: str

    def values(self) -> dict[str, str]:
        """Name each column of the journal's large tables as an attempt leaves it that was answered."""
        return {
            "question_id": "n",
            "hash": self.hash,
            "environment": "'real'",
            "inquiry": "'match_card'",
            "key_id": "'2026-11'",
            "attempt_id": f"(n / {_OF_A_RUN} + 1) * {KEYS_OF_A_WORKER} + n % {_OF_A_RUN} + 1",
            "retried_at": "NULL",
            "provider": "'jibit'",
            "account": "'jibit_default'",
            "begun": "'claimed'",
            "state": "'answered'",
            "price_rial": "7000",
            "cost_rial": "7000",
            "budget": "'iranpay_customer_matching/manual__2026-11-21T01:30:00+00:00/match_card'",
            "moves_money": self.no,
            "track_id": self.track_id,
            "claimed_at": self.moment,
            "sent_at": self.moment,
            "answered_at": self.moment,
            "code": "NULL",
            "content": self.sealed,
        }


_DIALECTS = {
    "sqlite": Dialect(
        hash="randomblob(16)",
        sealed=f"randomblob({_SEALED_BYTES})",
        track_id="lower(hex(randomblob(16)))",
        moment=f"strftime('%Y-%m-%dT%H:%M:%f', {_BEGUN.timestamp():.0f} + n / 1000.0, 'unixepoch') || '000+00:00'",
        no="0",
        hurry="PRAGMA cache_size = -1000000",
        numbers="(WITH RECURSIVE counted(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM counted WHERE n < {last})"
        " SELECT n FROM counted)",
        sizes="SELECT name, sum(pgsize) FROM dbstat GROUP BY name",
        tidy="ANALYZE",
    ),
    "postgres": Dialect(
        hash="uuid_send(gen_random_uuid())",
        sealed=f"substr(decode(repeat(md5(n::text), {_SEALED_BYTES // 16 + 1}), 'hex'), 1, {_SEALED_BYTES})",
        track_id="md5(n::text)",
        moment=f"timestamptz '{_BEGUN.isoformat()}' + n * interval '1 millisecond'",
        no="false",
        hurry="SET LOCAL synchronous_commit = off",
        numbers="generate_series({first}::bigint, {last}::bigint) AS numbers(n)",
        sizes="SELECT relname, pg_table_size(oid) FROM pg_class"
        " WHERE relname LIKE 'iranpay%' AND relkind IN ('r', 'i')",
        tidy="VACUUM ANALYZE",
    ),
}


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.journal_sizes", description="How large a journal is.")
    parser.add_argument("databases", nargs="*", help="sqlite, postgres (default both)")
    parser.add_argument("--questions", type=int, default=10_000_000)
    parser.add_argument("--folder", help="where the database lies meanwhile (default the system's temporary folder)")
    given = parser.parse_args()
    unknown = set(given.databases) - set(_DIALECTS)
    if unknown:
        parser.error(f"no database is called {', '.join(unknown)}: give sqlite or postgres")
    with prepared() as place:
        for name in given.databases or _DIALECTS:
            with _opened(name, place, given.folder) as warehouse:
                _measure(name, warehouse, given.questions, Console(width=_WIDTH))


def _measure(name: str, warehouse: Warehouse, questions: int, console: Console) -> None:
    dialect = _DIALECTS[name]
    began, tidied = time.monotonic(), 0
    for first in range(0, questions, _AT_ONCE):
        last = min(first + _AT_ONCE, questions) - 1
        with warehouse.transaction() as connection:
            _write(connection, dialect, first, last)
        if last - tidied > _DEAD_SHARE * last:
            _alone(warehouse, dialect.tidy)
            tidied = last
    console.print(f"{name}: {questions:,} questions written in {time.monotonic() - began:.0f} s", soft_wrap=True)
    _alone(warehouse, dialect.tidy)
    _show_sizes(console, warehouse, dialect, questions)
    journal = Journal.open(warehouse, KeyRing({"2026-11": b"sizes".ljust(32)}), "real")
    _show_look_ups(console, warehouse, journal)
    _show_pruning(console, journal, questions)


def _alone(warehouse: Warehouse, statement: str) -> None:
    with warehouse.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))


@contextmanager
def _opened(name: str, place: Place, folder: str | None) -> Iterator[Warehouse]:
    with tempfile.TemporaryDirectory(prefix="iranpay-sizes-", dir=folder) as directory:
        if name == "sqlite":
            with open_warehouse(f"sqlite:///{directory}/journal.db") as warehouse:
                yield warehouse
            return
        Path(directory).chmod(0o755)  # PostgreSQL runs as another user
        with (
            place.serving("tools.postgres", f"{directory}/postgres") as uri,
            open_warehouse(make_url(uri)) as warehouse,
        ):
            yield warehouse


def _write(connection: Connection, dialect: Dialect, first: int, last: int) -> None:
    """Write questions with an attempt each, that was claimed and answered. They are of one run."""
    connection.execute(text(dialect.hurry))
    values = dialect.values()
    numbers = dialect.numbers.format(first=first, last=last)
    for table in _PER_ATTEMPT:
        into = ", ".join(column.name for column in table.columns)
        read = ", ".join(values[column.name] for column in table.columns)
        connection.execute(text(f"INSERT INTO {table.name} ({into}) SELECT {read} FROM {numbers}"))  # noqa: S608


def _show_sizes(console: Console, warehouse: Warehouse, dialect: Dialect, questions: int) -> None:
    with warehouse.engine.connect() as connection:
        sizes = {name: int(size) for name, size in connection.execute(text(dialect.sizes))}
    shown = Shown("table or index", "bytes a question", "GB", "GB for 100,000,000", title="Sizes", title_justify="left")
    large = {name: size for name, size in sorted(sizes.items()) if size >= questions}
    for name, size in [*large.items(), ("together", sum(sizes.values()))]:
        each = size / questions
        shown.add_row(name, f"{each:.0f}", f"{size / 1e9:.2f}", f"{each / 10:.1f}")
    console.print(shown)


def _show_look_ups(console: Console, warehouse: Warehouse, journal: Journal) -> None:
    """Look up questions that are there, from all over the table, and others that are not."""
    with warehouse.engine.connect() as connection:
        count = connection.execute(text("SELECT max(question_id) FROM iranpay_question")).scalar_one()
        step = max(1, count // (3 * _LOOKED_UP))
        there = (
            connection.execute(
                text(f"SELECT hash FROM iranpay_question WHERE question_id % {step} = 0")  # noqa: S608
            )
            .scalars()
            .all()[: _LOOKED_UP * 3]
        )
    for title, work in {
        "asked before?, never asked": lambda hashes: journal.recall(_others(len(hashes)), _NOTHING_FRESH, bool),
        "asked before?, asked": lambda hashes: journal.recall(hashes, _NOTHING_FRESH, bool),
        "the answer": lambda hashes: _found(warehouse, hashes),
    }.items():
        times = []
        for part in range(3):
            some = there[part::3]
            began = time.perf_counter()
            work(some)
            times.append((time.perf_counter() - began) / len(some) * 1e6)
        console.print(f"{title}: {times[0]:.0f} µs a question at first, {min(times[1:]):.0f} µs then", soft_wrap=True)


def _show_pruning(console: Console, journal: Journal, questions: int) -> None:
    """Throw away the oldest tenth of the answers."""
    before = _BEGUN + timedelta(milliseconds=questions // 10)
    began = time.monotonic()
    pruned = journal.prune(before=before, reconciled_until=before)
    took = time.monotonic() - began
    console.print(f"{pruned:,} answers pruned in {took:.0f} s, {took / pruned * 1e6:.0f} µs each", soft_wrap=True)


def _others(count: int) -> list[bytes]:
    return [os.urandom(16) for _ in range(count)]


def _found(warehouse: Warehouse, hashes: Sequence[bytes]) -> None:
    with warehouse.engine.connect() as connection:
        found = find(connection, [Ask((one,), lambda _: None) for one in hashes])
    if None in found:
        raise SystemExit("A question was not found that is there.")


if __name__ == "__main__":
    main()
