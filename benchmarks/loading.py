"""Rows into a table that holds half of them: ``warehouse.loading.merge`` beside ``insert_rows(replace=True)`` of
Airflow's own hooks, into the same table of the same database.

The table is ``iranpay_daily_consumption``. Both are given the same rows, bring their values into the form that the
database takes, and have committed when the clock stops; then the table must hold the same sums.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from airflow.providers.common.sql.hooks.sql import DbApiHook
from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.providers.sqlite.hooks.sqlite import SqliteHook
from sqlalchemy import delete, func, insert, make_url, select, text

from airflow_provider_iranpay.iran.days import jalali_dashed
from airflow_provider_iranpay.warehouse import tables
from airflow_provider_iranpay.warehouse.engine import Warehouse, open_warehouse
from airflow_provider_iranpay.warehouse.loading import merge
from benchmarks.measuring import Benchmark, Round, Timing, interleaved, per_second, ratio, timed
from benchmarks.place import Place

__all__ = ["BENCHMARKS"]

_SERVICES = 25
_DAYS = 2_000
_ROWS = _SERVICES * _DAYS
_ROUNDS = 7

_OWNER = {"environment": "benchmark", "account": "benchmark"}
_LOAD = "benchmark"
_READ_AT = datetime(2026, 1, 1, tzinfo=UTC)
_TABLE = tables.daily_consumption
_COLUMNS = [column.name for column in _TABLE.columns]
_KEY = [column.name for column in _TABLE.primary_key]

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Engine:
    """What differs between the databases.

    :param replace: what ``insert_rows`` needs to know beyond ``replace=True``.
    :param empty: the statement that empties the table.
    :param settle: what the database does by itself some time after a load.
    """

    warehouse: Warehouse
    hook: DbApiHook
    replace: dict[str, Any]
    empty: str
    settle: str


def _sqlite_rounds(place: Place) -> Iterator[Round]:
    path = place.folder / "warehouse.db"
    os.environ["AIRFLOW_CONN_SQLITE_DEFAULT"] = json.dumps({"conn_type": "sqlite", "host": str(path)})
    with open_warehouse(f"sqlite:///{path}") as warehouse:
        yield from _rounds(
            _Engine(
                warehouse=warehouse,
                hook=SqliteHook(),  # type: ignore[no-untyped-call]
                replace={},
                empty=str(delete(_TABLE)),
                settle="PRAGMA wal_checkpoint",
            )
        )


def _postgres_rounds(place: Place) -> Iterator[Round]:
    with place.serving("tools.postgres", str(place.folder / "postgres")) as uri:
        url = make_url(uri)
        os.environ["AIRFLOW_CONN_POSTGRES_DEFAULT"] = json.dumps(
            {"conn_type": "postgres", "host": url.query["host"], "login": url.username, "schema": url.database}
        )
        with open_warehouse(url) as warehouse:
            yield from _rounds(
                _Engine(
                    warehouse=warehouse,
                    hook=PostgresHook(),
                    replace={"replace_index": _KEY},
                    empty=f"TRUNCATE {_TABLE.name}",
                    settle=f"ANALYZE {_TABLE.name}",
                )
            )


def _rounds(engine: _Engine) -> Iterator[Round]:
    _add_parents(engine.warehouse)
    half, all_rows = _rows(times_used=1)[::2], _rows(times_used=2)
    loads = {
        "merge": partial(_merge, engine.warehouse, all_rows),
        "insert_rows": partial(_insert_rows, engine, all_rows),
    }

    def contender(load: Callable[[], None]) -> Timing:
        _reset(engine, half)
        timing = timed(load, units=_ROWS)
        _assert_loaded(engine.warehouse)
        return timing

    yield from interleaved({name: partial(contender, load) for name, load in loads.items()}, rounds=_ROUNDS)


def _merge(warehouse: Warehouse, rows: Sequence[Row]) -> None:
    with warehouse.transaction() as connection:
        merge(connection, _TABLE, rows)


def _insert_rows(engine: _Engine, rows: Sequence[Row]) -> None:
    raw = _COLUMNS.index("raw")
    plain = ((*row[:raw], json.dumps(row[raw], ensure_ascii=False), *row[raw + 1 :]) for row in rows)
    engine.hook.insert_rows(_TABLE.name, plain, _COLUMNS, replace=True, **engine.replace)


def _reset(engine: _Engine, rows: Sequence[Row]) -> None:
    """Leave the table with these rows alone."""
    with engine.warehouse.transaction() as connection:
        connection.execute(text(engine.empty))
    _merge(engine.warehouse, rows)
    with engine.warehouse.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(engine.settle))


def _assert_loaded(warehouse: Warehouse) -> None:
    with warehouse.engine.connect() as connection:
        found = connection.execute(select(func.count(), func.sum(_TABLE.c.times_used))).one()
    if tuple(found) != (_ROWS, 2 * _ROWS):
        raise SystemExit(f"The table holds {found[0]} rows that add up to {found[1]}: not what was loaded.")


def _days() -> list[date]:
    return [date(2020, 1, 1) + timedelta(days=number) for number in range(_DAYS)]


def _rows(*, times_used: int) -> list[Row]:
    """Make a row for each day and service, in the order of the table's columns."""
    return [
        tuple(
            (
                _OWNER
                | {
                    "day": day,
                    "service": f"SERVICE_{number}",
                    "jalali_day": jalali_dashed(day),
                    "persian_name": "تطبیق کارت با کد ملی",
                    "times_used": times_used,
                    "raw": [
                        {"service": f"SERVICE_{number}", "persianName": "تطبیق کارت با کد ملی", "count": times_used}
                    ],
                    "version": 1,
                    "load_id": _LOAD,
                }
            )[column]
            for column in _COLUMNS
        )
        for day in _days()
        for number in range(_SERVICES)
    ]


def _add_parents(warehouse: Warehouse) -> None:
    """Add what the rows refer to: their load, and the report of each day."""
    with warehouse.transaction() as connection:
        connection.execute(
            insert(tables.load).values(
                **_OWNER,
                load_id=_LOAD,
                kind="daily_consumption",
                dag_id="",
                run_id="",
                task_id="",
                read_at=_READ_AT,
                rows=_ROWS,
            )
        )
        connection.execute(
            insert(tables.daily_report),
            [
                _OWNER
                | {
                    "day": day,
                    "version": 1,
                    "jalali_day": jalali_dashed(day),
                    "status": "APPLIED",
                    "services": _SERVICES,
                    "times_used": 2 * _SERVICES,
                    "is_final": True,
                    "content_sha256": "",
                    "raw": {},
                    "read_at": _READ_AT,
                    "confirmed_at": _READ_AT,
                    "load_id": _LOAD,
                }
                for day in _days()
            ],
        )


def _benchmark(engine: str, title: str, rounds: Callable[[Place], Iterator[Round]]) -> Benchmark:
    return Benchmark(
        title=f"{_ROWS:,} rows into {title}",
        figures=[
            ratio(f"merge_vs_insert_rows_{engine}", subject="merge", peer="insert_rows", clock="wall"),
            per_second(f"merge_rows_per_second_{engine}", contender="merge"),
        ],
        rounds=rounds,
    )


BENCHMARKS = [
    _benchmark("sqlite", "SQLite", _sqlite_rounds),
    _benchmark("postgres", "PostgreSQL", _postgres_rounds),
]
