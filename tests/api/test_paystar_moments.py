"""Instants as Paystar writes them: both calendars, always with a zone, never guessed."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from persiantools.jdatetime import JalaliDateTime

from airflow_provider_iranpay.api.paystar.moments import read_moment
from airflow_provider_iranpay.iran.days import TEHRAN

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=TEHRAN)


@pytest.mark.parametrize(
    "written",
    [
        "05-08-30 12:00:00",
        "1405-08-30 12:00:00",
        "05/08/30 12:00:00",
        "1405/08/30 12:00:00",
        "1405-08-30T12:00:00",
        "1405-08-30 12:00",
        " 1405-08-30 12:00:00\n",
        "2026-11-21 12:00:00",
        "2026-11-21T12:00:00",
        "2026-11-21T12:00:00+03:30",
        "2026-11-21T08:30:00Z",
        "2026-11-21 08:30:00.000000+00:00",
    ],
)
def test_an_instant_is_read_in_both_calendars_and_is_tehrans_where_it_names_no_zone(written):
    assert read_moment(written) == NOON


def test_an_offset_that_is_named_is_kept():
    assert read_moment("2026-11-21T12:00:00+02:00").utcoffset() == timedelta(hours=2)


def test_two_digits_of_a_year_are_of_the_century_around_1400():
    assert read_moment("99-12-30 00:00:00") == datetime(2021, 3, 20, tzinfo=TEHRAN)
    assert read_moment("00-01-01 00:00:00") == datetime(2021, 3, 21, tzinfo=TEHRAN)


@pytest.mark.parametrize(
    "value",
    [
        *(None, 5, 1763722800, 1.5, True, b"1405-08-30 12:00:00", [], {}, NOON),
        *("", " ", "soon", "0", "0000-00-00 00:00:00", "1405-08-30", "05-08-30", "2026-11-21", "20261121"),
        *("1405-13-01 12:00:00", "1405-12-30 12:00:00", "1405-08-31 12:00:00", "1405-00-10 12:00:00"),
        *("1405-08-30 24:00:00", "1405-08-30 12:60:00", "1405-08/30 12:00:00", "2026-02-29 12:00:00"),
        *("1405-08-30T12:00:00Z", "1405-08-30 12:00:00.000", "14050830T120000", "1405-08-30 12", "0001-01-01 00:00:00"),
        *("۱۴۰۵-۰۸-۳۰ ۱۲:۰۰:۰۰", "12:00:00", "1405-8-3 12:00:00"),
    ],
)
def test_what_is_no_instant_is_not_known(value):
    assert read_moment(value) is None


FROM, TO = datetime.fromisoformat("1972-01-01T00:00:00"), datetime.fromisoformat("2070-01-01T00:00:00")
INSTANTS = st.datetimes(FROM, TO).map(lambda at: at.replace(microsecond=0))


@given(at=INSTANTS)
def test_whatever_is_written_in_the_jalali_calendar_is_read_again(at):
    expected = at.replace(tzinfo=TEHRAN)
    for form in ("%y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S"):
        assert read_moment(JalaliDateTime(at).strftime(form)) == expected


@given(at=INSTANTS, hours=st.integers(-12, 14))
def test_whatever_is_written_in_iso_8601_is_read_again(at, hours):
    aware = at.replace(tzinfo=timezone(timedelta(hours=hours)))
    assert read_moment(at.isoformat()) == at.replace(tzinfo=TEHRAN)
    assert read_moment(aware.isoformat()) == aware


NEARLY = st.from_regex(r"\A[0-9]{2,4}[-/][0-9]{2}[-/][0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:?)?\Z")
ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.binary() | st.lists(st.text()) | st.text()


@given(value=ANYTHING | NEARLY | st.text("0123456789-/:T Z+.W", max_size=25))
def test_nothing_whatever_raises_and_nothing_is_without_a_zone(value):
    moment = read_moment(value)
    assert moment is None or moment.utcoffset() is not None
