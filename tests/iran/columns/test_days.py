"""Columns of days agree with the days of one value, over the whole calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from persiantools.jdatetime import JalaliDate

from airflow_provider_iranpay.iran import columns, days
from airflow_provider_iranpay.iran.checked import Reason
from airflow_provider_iranpay.iran.columns import CheckedDays
from tests.iran.columns.holding import (
    Holder,
    holders_of_integers,
    holders_of_objects,
    holders_of_texts,
    integers,
    mixed,
    optional_texts,
)

FIRST, LAST = days.from_jalali_yyyymmdd("12000101"), days.from_jalali_yyyymmdd("15001229")
EVERY_DAY = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]

jalali_shaped = st.builds(
    "{:04}{}{:02}{}{:02}".format,
    st.integers(1195, 1505) | st.integers(1900, 2100),
    separators := st.sampled_from(["", "-", "/", "."]),
    st.integers(0, 13),
    separators,
    st.integers(0, 32),
)


def read_of(read: CheckedDays) -> list[tuple[date | None, Reason | None]]:
    return list(zip(read.values.tolist(), (columns.REASONS[code] for code in read.reasons), strict=True))


def assert_like_one_by_one(column: Any, cells: Sequence[object]) -> None:
    one_by_one = [(read.value, read.reason) for read in map(days.parse_day, cells)]
    assert read_of(columns.parse_day(column)) == one_by_one


@pytest.mark.parametrize("holder", holders_of_objects().values(), ids=holders_of_objects())
@given(mixed | st.lists(jalali_shaped))
def test_objects_are_read_like_one_by_one(holder: Holder, cells: list[object]) -> None:
    assert_like_one_by_one(holder(cells), cells)


@pytest.mark.parametrize("holder", holders_of_texts().values(), ids=holders_of_texts())
@given(optional_texts | st.lists(jalali_shaped))
def test_texts_are_read_like_one_by_one(holder: Holder, cells: list[str | None]) -> None:
    assert_like_one_by_one(holder(cells), cells)


@pytest.mark.parametrize("holder", holders_of_integers().values(), ids=holders_of_integers())
@given(st.lists(st.none() | integers | st.integers(12000101, 15001230)))
def test_integers_are_read_like_one_by_one(holder: Holder, cells: list[int | None]) -> None:
    assert_like_one_by_one(holder(cells), cells)


instants = st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001 - naive ones are meant
near_the_ends = st.sampled_from([FIRST, LAST]).flatmap(
    lambda end: st.integers(-3, 3).map(
        lambda number: datetime.combine(end + timedelta(days=number), datetime.min.time())
    )
)


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
@given(st.lists(st.none() | instants | near_the_ends | st.dates(date(1700, 1, 1), date(2200, 1, 1)).map(pd.Timestamp)))
def test_naive_datetimes_are_read_like_one_by_one(unit: str, cells: list[datetime | None]) -> None:
    column = pd.Series(pd.array(cells, dtype=f"datetime64[{unit}]"))
    assert_like_one_by_one(column, column.tolist())
    arrow = pa.array(column)
    assert_like_one_by_one(arrow, arrow.to_pylist())


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tehran", "America/New_York"])
@given(st.lists(st.none() | (instants | near_the_ends).map(lambda instant: instant.replace(tzinfo=UTC))))
def test_aware_datetimes_are_read_like_one_by_one(zone: str, cells: list[datetime | None]) -> None:
    column = pd.Series(pd.array(cells, dtype="datetime64[us, UTC]")).dt.tz_convert(zone)
    assert_like_one_by_one(column, column.tolist())
    assert_like_one_by_one(column.astype(pd.ArrowDtype(pa.timestamp("us", zone))), column.tolist())


@given(st.lists(st.none() | st.dates()))
def test_dates_that_arrow_holds_are_read_like_one_by_one(cells: list[date | None]) -> None:
    assert_like_one_by_one(pa.array(cells, pa.date32()), cells)
    assert_like_one_by_one(pa.chunked_array([cells[:2], cells[2:]], pa.date32()), cells)
    assert_like_one_by_one(pd.Series(cells, dtype=pd.ArrowDtype(pa.date32())), cells)


@pytest.mark.parametrize("form", ["{:04}{:02}{:02}", "{:04}-{:02}-{:02}", "{:04}/{:02}/{:02}"])
def test_every_day_is_read_and_every_day_that_is_none_is_refused(form: str) -> None:
    shapes = [(y, m, d) for y in range(1199, 1502) for m in range(14) for d in range(33)]
    read = columns.parse_day(pa.array([form.format(*shape) for shape in shapes]))
    assert [day for day in read.values.tolist() if day] == EVERY_DAY
    known = {
        shape for day in EVERY_DAY for shape in [(JalaliDate(day).year, JalaliDate(day).month, JalaliDate(day).day)]
    }
    assert [shape for shape, code in zip(shapes, read.reasons, strict=True) if code == 0] == sorted(known)


def test_every_day_is_written_like_the_calendar_library_writes_it() -> None:
    column = np.array(EVERY_DAY, dtype="datetime64[D]")
    jalali = list(map(JalaliDate, EVERY_DAY))
    assert columns.jalali_yyyymmdd(column).tolist() == [day.strftime("%Y%m%d") for day in jalali]
    assert columns.jalali_dashed(column).tolist() == [day.strftime("%Y-%m-%d") for day in jalali]


def test_days_that_are_missing_stay_missing() -> None:
    column = np.array(["2021-09-30", "NaT"], dtype="datetime64[D]")
    assert columns.jalali_yyyymmdd(column).tolist() == ["14000708", None]


@pytest.mark.parametrize("day", [FIRST - timedelta(days=1), LAST + timedelta(days=1)])
def test_a_day_outside_the_calendar_is_named_by_its_row(day: date) -> None:
    with pytest.raises(ValueError, match=r"^row 1: a day outside the Jalali years 1200\.\.1500$"):
        columns.jalali_yyyymmdd(np.array([FIRST, day], dtype="datetime64[D]"))


def test_a_birth_date_is_the_day_in_the_form_of_the_wire() -> None:
    checked = columns.birth_date(["1370/1/5", "۱۳۷۰۰۱۰۵", date(1991, 3, 25), "1991-03-25", None])
    assert checked.values.tolist() == ["13700105", "13700105", "13700105", None, None]
    assert [columns.REASONS[code] for code in checked.reasons[3:]] == [Reason.GREGORIAN, Reason.EMPTY]


def test_the_days_are_not_in_the_repr() -> None:
    assert "1991" not in repr(columns.parse_day(["13700105"]))
