"""The checks of whole columns beside the same checks value by value: one thread, clean text in, ``str`` values out."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from persiantools.jdatetime import JalaliDate

from airflow_provider_iranpay.iran import columns, identifiers
from airflow_provider_iranpay.iran.columns import CheckedColumn
from benchmarks.measuring import Benchmark, Round, Timing, interleaved, ratio, timed
from benchmarks.place import Place

__all__ = ["BENCHMARKS"]

_VALUES = 200_000
_VALUES_ONE_BY_ONE = 20_000
_ROUNDS = 11

ColumnCheck = Callable[[columns.Column], CheckedColumn]
Check = Callable[[object], identifiers.Checked]


def _identifier_rounds(_: Place) -> Iterator[Round]:
    chance = random.Random(1405)  # noqa: S311 - the same values each time

    def digits(count: int) -> str:
        return str(chance.randrange(10 ** (count - 1), 10**count))

    makers: dict[str, tuple[ColumnCheck, Check, Callable[[], str]]] = {
        "national_code": (
            columns.national_code,
            identifiers.national_code,
            lambda: identifiers.complete_national_code(digits(9)),
        ),
        "card": (columns.card, identifiers.card, lambda: identifiers.complete_card(f"603799{digits(9)}")),
        "iban": (columns.iban, identifiers.iban, lambda: identifiers.build_iban("017", digits(13))),
        "mobile": (columns.mobile, identifiers.mobile, lambda: f"09{digits(9)}"),
    }
    contenders: dict[str, Callable[[], Timing]] = {}
    for name, (column_check, check, make) in makers.items():
        values = [make() for _ in range(_VALUES)]
        contenders[f"{name}_column"] = partial(_column_timed, column_check, pd.Series(values, dtype="string[pyarrow]"))
        contenders[f"{name}_rows"] = partial(_rows_timed, check, values[:_VALUES_ONE_BY_ONE])
    yield from interleaved(contenders, rounds=_ROUNDS)


def _column_timed(check: ColumnCheck, column: pd.Series[Any]) -> Timing:
    outcome: list[CheckedColumn] = []
    timing = timed(lambda: outcome.append(check(column)), units=len(column))
    if outcome[0].reasons.any():
        raise SystemExit("A column has refusals that should have passed.")
    return timing


def _rows_timed(check: Check, values: list[str]) -> Timing:
    outcome: list[identifiers.Checked] = []
    timing = timed(lambda: outcome.extend(map(check, values)), units=len(values))
    if not all(checked.ok for checked in outcome):
        raise SystemExit("Values were refused that should have passed.")
    return timing


def _jalali_rounds(_: Place) -> Iterator[Round]:
    chance = random.Random(1405)  # noqa: S311 - the same values each time
    days = [date(1950, 1, 1) + timedelta(days=chance.randrange(20_000)) for _ in range(_VALUES)]
    in_column = np.array(days, dtype="datetime64[D]")
    texts = columns.jalali_yyyymmdd(in_column).tolist()
    contenders = {
        "column": partial(_both_ways_timed, _convert_column, in_column, pd.Series(texts, dtype="string[pyarrow]")),
        "rows": partial(_both_ways_timed, _convert_rows, days[:_VALUES_ONE_BY_ONE], texts[:_VALUES_ONE_BY_ONE]),
    }
    yield from interleaved(contenders, rounds=_ROUNDS)


def _both_ways_timed(convert: Callable[[Any, Any], tuple[Any, Any]], days: Any, texts: Any) -> Timing:
    outcome: list[tuple[Any, Any]] = []
    timing = timed(lambda: outcome.append(convert(days, texts)), units=len(days))
    written, read = outcome[0]
    if list(written) != list(texts) or list(read) != list(days):
        raise SystemExit("Days became others.")
    return timing


def _convert_column(days: columns.Days, texts: pd.Series[str]) -> tuple[Any, Any]:
    return columns.jalali_yyyymmdd(days), columns.parse_day(texts).values


def _convert_rows(days: list[date], texts: list[str]) -> tuple[Any, Any]:
    written = [f"{jalali.year}{jalali.month:02}{jalali.day:02}" for jalali in map(JalaliDate, days)]
    read = [JalaliDate(int(text[:4]), int(text[4:6]), int(text[6:])).to_gregorian() for text in texts]
    return written, read


BENCHMARKS = [
    Benchmark(
        title="the checks of whole columns",
        figures=[
            ratio(f"columns_{name}", subject=f"{name}_column", peer=f"{name}_rows", clock="cpu")
            for name in ("national_code", "card", "iban", "mobile")
        ],
        rounds=_identifier_rounds,
    ),
    Benchmark(
        title="Jalali days of whole columns",
        figures=[ratio("columns_jalali", subject="column", peer="rows", clock="cpu")],
        rounds=_jalali_rounds,
    ),
]
