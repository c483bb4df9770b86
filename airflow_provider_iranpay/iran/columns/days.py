"""Columns of days: the Jalali calendar as tables over all of its days 1200..1500.

The tables are filled from :mod:`airflow_provider_iranpay.iran.days`, so the calendar's rule stays with the library
behind it. A column of days is an array ``datetime64[D]``, NaT where there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from airflow_provider_iranpay.iran import days
from airflow_provider_iranpay.iran.columns.cells import Bytes, Column, Rows, arrow_of, clean_blocks, read
from airflow_provider_iranpay.iran.columns.digits import are_digits, digits_of, number_of
from airflow_provider_iranpay.iran.columns.proving import CheckedColumn, Codes, code_of

__all__ = ["CheckedDays", "Days", "birth_date", "jalali_dashed", "jalali_yyyymmdd", "parse_day"]

Days = npt.NDArray[np.datetime64]

_NO_DAY: Final = np.datetime64("NaT", "D")
_FORMS: Final = ((8, range(10**7, 10**8)), (10, range(0)))
"""Widths of texts, and numbers that are written so; in ten characters, the fifth and the eighth separate."""
_FIRST_HALF: Final = 6
"""Months of 31 days; the others have 30, and Esfand 29 in a common year."""


@dataclass(frozen=True, slots=True)
class CheckedDays:
    """The outcome of reading a column of days, one entry for each row.

    :param values: the days, NaT where the cell was refused (``datetime64[D]``). Left out of ``repr``.
    :param reasons: indices into :data:`~airflow_provider_iranpay.iran.columns.REASONS`, 0 where it was read (uint8).
    """

    values: Days = field(repr=False)
    reasons: Codes


def parse_day(column: Column) -> CheckedDays:
    """Read a column like :func:`~airflow_provider_iranpay.iran.days.parse_day` reads each cell.

    The short cuts are ``YYYYMMDD`` as text or number, ``YYYY-MM-DD``, ``YYYY/MM/DD``, and columns of days or datetimes.
    """
    result = CheckedDays(np.full(len(column), _NO_DAY), np.zeros(len(column), dtype=np.uint8))
    moments = _moments_of(column)
    if moments is not None:
        result.values[:] = _midnights(moments)
        _ask(result, lambda rows: moments.iloc[rows].tolist())
        return result
    for part, cells in read(column):
        chunk = CheckedDays(result.values[part], result.reasons[part])
        for width, numbers in _FORMS:
            if np.isnat(chunk.values).any():
                for rows, text in clean_blocks(cells, width, numbers):
                    chunk.values[rows] = np.fmax(chunk.values[rows], _read_text(text))
        _ask(chunk, cells.originals)
    return result


def birth_date(column: Column) -> CheckedColumn:
    """Read a column as :func:`parse_day` does, and write its days as :func:`jalali_yyyymmdd` does."""
    read_days = parse_day(column)
    return CheckedColumn(jalali_yyyymmdd(read_days.values), read_days.reasons)


def jalali_yyyymmdd(column: Days) -> npt.NDArray[np.object_]:
    """Write days as ``YYYYMMDD``; NaT becomes None.

    :raises ValueError: a day outside the Jalali years 1200..1500.
    """
    return _written(column, "{}{:02}{:02}")


def jalali_dashed(column: Days) -> npt.NDArray[np.object_]:
    """Write days as ``YYYY-MM-DD`` in the Jalali calendar; NaT becomes None.

    :raises ValueError: a day outside the Jalali years 1200..1500.
    """
    return _written(column, "{}-{:02}-{:02}")


@dataclass(frozen=True, slots=True)
class _Years:
    """The years 1200..1500.

    :param starts: their first days, as days since 1970-01-01 (int64); one more entry ends the last year.
    :param esfand: the lengths of their last months (uint8).
    """

    starts: npt.NDArray[np.int64]
    esfand: npt.NDArray[np.uint8]


@cache
def _years() -> _Years:
    numbers = range(days.FIRST_YEAR, days.LAST_YEAR + 1)
    starts = [days.from_jalali_yyyymmdd(f"{year}0101") for year in numbers]
    end = days.from_jalali_yyyymmdd(f"{days.LAST_YEAR}1229") + timedelta(days=1)
    in_days = np.array([*starts, end], dtype="datetime64[D]").astype(np.int64)
    return _Years(in_days, (np.diff(in_days) - 336).astype(np.uint8))


@cache
def _texts(form: str) -> npt.NDArray[np.object_]:
    """Write every day of the calendar, and None at the end, where NaT finds it."""
    texts = [
        form.format(year, month, day)
        for year, esfand in enumerate(_years().esfand.tolist(), days.FIRST_YEAR)
        for month in range(1, 13)
        for day in range(1, 1 + (31 if month <= _FIRST_HALF else 30 if month < 12 else esfand))
    ]
    return np.array([*texts, None], dtype=object)


def _written(column: Days, form: str) -> npt.NDArray[np.object_]:
    first, last = _years().starts[[0, -1]]
    places = np.asarray(column, dtype="datetime64[D]").astype(np.int64) - first
    missing = np.isnat(column)
    outside = np.flatnonzero(~missing & ((places < 0) | (places >= last - first)))
    if len(outside):
        raise ValueError(f"row {outside[0]}: a day outside the Jalali years {days.FIRST_YEAR}..{days.LAST_YEAR}")
    return _texts(form)[np.where(missing, -1, places)]


def _read_text(text: Bytes) -> Days:
    """Read texts of the shape ``(8, rows)`` or, with separators, ``(10, rows)``; NaT where the short cut ends."""
    digits = digits_of(text[[0, 1, 2, 3, 5, 6, 8, 9]] if len(text) == 10 else text)
    year, month, day = number_of(digits[:4]), number_of(digits[4:6]), number_of(digits[6:])
    is_day = are_digits(digits) & (year >= days.FIRST_YEAR) & (year <= days.LAST_YEAR)
    if len(text) == 10:
        is_day &= (text[4] == text[7]) & ((text[4] == ord("-")) | (text[4] == ord("/")))
    place = np.where(is_day, year - days.FIRST_YEAR, 0)
    length = np.where(month == 12, _years().esfand[place], np.where(month <= _FIRST_HALF, 31, 30))
    is_day &= (month >= 1) & (month <= 12) & (day >= 1) & (day <= length)
    before = month.astype(np.int64) - 1
    number = _years().starts[place] + before * 30 + np.minimum(before, _FIRST_HALF) + day - 1
    return np.where(is_day, number.astype("datetime64[D]"), _NO_DAY)


def _ask(result: CheckedDays, originals: Callable[[Rows], Iterable[object]]) -> None:
    """Ask the rule about every row that has no day yet."""
    rows = np.flatnonzero(np.isnat(result.values))
    for row, cell in zip(rows, originals(rows), strict=True):
        checked = days.parse_day(cell)
        result.values[row], result.reasons[row] = checked.value, code_of(checked.reason)


def _moments_of(column: Column) -> pd.Series[Any] | None:
    """Return a column of days or datetimes as one of pandas, whoever holds it; None for any other column."""
    arrow = arrow_of(column)
    if arrow is not None:
        return arrow.to_pandas(date_as_object=False) if str(arrow.type).startswith(("date", "timestamp")) else None
    return column if isinstance(column, pd.Series) and column.dtype.kind == "M" else None


def _midnights(column: pd.Series[Any]) -> Days:
    """Return the Tehran days of datetimes; NaT where the rule has more to say than a short cut can."""
    zone = getattr(column.dtype, "tz", None)
    local = (column.dt.tz_convert(days.TEHRAN).dt.tz_localize(None) if zone else column).to_numpy()
    found = local.astype("datetime64[D]")
    first, last = _years().starts[[0, -1]].astype("datetime64[D]")
    is_day = (found > first) & (found < last - 1)
    if zone is None:
        is_day &= found == local
    return np.where(is_day, found, _NO_DAY)
