"""Tehran days, Jalali texts and the wire formats."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.iran.days import (
    TEHRAN,
    CheckedDay,
    Reason,
    day_bounds,
    from_jalali_dashed,
    from_jalali_yymmdd,
    from_jalali_yyyymmdd,
    jalali_dashed,
    jalali_yymmdd,
    jalali_yyyymmdd,
    parse_day,
    tehran_day,
)
from tests.iran.vectors import ARABIC_INDIC, PERSIAN

FIRST_DAY, LAST_DAY = date(1821, 3, 21), date(2122, 3, 20)  # 1200/01/01, 1500/12/29


@cache
def all_days() -> list[date]:
    return [FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1)]


# The calendar


@pytest.mark.parametrize(
    ("day", "dashed"),
    [
        (date(1821, 3, 21), "1200-01-01"),
        (date(1979, 2, 11), "1357-11-22"),
        (date(2000, 3, 20), "1379-01-01"),
        (date(2001, 3, 20), "1379-12-30"),
        (date(2021, 3, 20), "1399-12-30"),
        (date(2021, 3, 21), "1400-01-01"),
        (date(2021, 9, 29), "1400-07-07"),
        (date(2024, 3, 19), "1402-12-29"),
        (date(2024, 3, 20), "1403-01-01"),
        (date(2025, 3, 20), "1403-12-30"),
        (date(2122, 3, 20), "1500-12-29"),
    ],
)
def test_known_days(day: date, dashed: str) -> None:
    assert jalali_dashed(day) == dashed
    assert from_jalali_dashed(dashed) == day


def test_every_day_round_trips_in_every_wire_format() -> None:
    for day in all_days():
        assert from_jalali_yyyymmdd(jalali_yyyymmdd(day)) == day
        assert from_jalali_dashed(jalali_dashed(day)) == day


def test_every_day_of_the_two_digit_years_round_trips() -> None:
    days = [day for day in all_days() if 1350 <= int(jalali_yyyymmdd(day)[:4]) <= 1449]
    assert days[0] == date(1971, 3, 21)
    assert [from_jalali_yymmdd(jalali_yymmdd(day)) for day in days] == days


def test_jalali_texts_sort_like_the_days() -> None:
    texts = [jalali_yyyymmdd(day) for day in all_days()]
    assert texts == sorted(set(texts))


def test_years_have_365_or_366_days() -> None:
    lengths = [
        (from_jalali_yyyymmdd(f"{year + 1}0101") - from_jalali_yyyymmdd(f"{year}0101")).days
        for year in range(1200, 1500)
    ]
    assert set(lengths) == {365, 366}


@pytest.mark.parametrize("day", [FIRST_DAY - timedelta(days=1), LAST_DAY + timedelta(days=1), date.min, date.max])
@pytest.mark.parametrize("write", [jalali_yyyymmdd, jalali_dashed, jalali_yymmdd])
def test_days_outside_1200_to_1500_are_not_written(write, day: date) -> None:
    with pytest.raises(ValueError, match=r"1200\.\.1500"):
        write(day)


@pytest.mark.parametrize("write", [jalali_yyyymmdd, jalali_dashed, jalali_yymmdd, day_bounds])
def test_an_instant_is_not_taken_for_a_day(write) -> None:
    with pytest.raises(TypeError, match="tehran_day"):
        write(datetime(2024, 3, 20, tzinfo=UTC))


# The century of two digits


@pytest.mark.parametrize(
    ("text", "dashed"),
    [
        ("000708", "1400-07-08"),
        ("991230", "1399-12-30"),
        ("000101", "1400-01-01"),
        ("491229", "1449-12-29"),
        ("500101", "1350-01-01"),
    ],
)
def test_two_digit_years_turn_with_1400(text: str, dashed: str) -> None:
    assert jalali_dashed(from_jalali_yymmdd(text)) == dashed
    assert jalali_yymmdd(from_jalali_dashed(dashed)) == text


@pytest.mark.parametrize("dashed", ["1349-12-29", "1450-01-01"])
def test_a_year_that_two_digits_cannot_tell_is_not_written(dashed: str) -> None:
    with pytest.raises(ValueError, match=r"1350\.\.1449"):
        jalali_yymmdd(from_jalali_dashed(dashed))


# Reading the wire, strictly


@pytest.mark.parametrize("value", [708, 708.0, "708", None, "00708", " 000708", "000708\n", "۰۰۰۷۰۸", "00-07-08"])
def test_yymmdd_is_six_ascii_digits_or_refused(value) -> None:
    with pytest.raises(ValueError, match="Jalali day"):
        from_jalali_yymmdd(value)


@pytest.mark.parametrize("value", [14000708, "1400-07-08", "۱۴۰۰۰۷۰۸", "140078", "014000708", None, ""])
def test_yyyymmdd_is_eight_ascii_digits_or_refused(value) -> None:
    with pytest.raises(ValueError, match="Jalali day"):
        from_jalali_yyyymmdd(value)


@pytest.mark.parametrize("value", ["14000708", "1400/07/08", "1400-7-8", "۱۴۰۰-۰۷-۰۸", None])
def test_the_dashed_form_is_exact_or_refused(value) -> None:
    with pytest.raises(ValueError, match="Jalali day"):
        from_jalali_dashed(value)


@pytest.mark.parametrize("text", ["14031301", "14030001", "14030732", "14030731", "14021230", "14030100", "19900101"])
def test_a_day_that_the_calendar_lacks_is_refused_on_the_wire(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text is the library's
        from_jalali_yyyymmdd(text)


# Reading what people give


@pytest.mark.parametrize(
    "text", ["14000708", "1400-07-08", "1400/07/08", "1400/7/8", " 1400/07/08 ", "\u200f1400/07/08\u200e"]
)
@pytest.mark.parametrize("script", [{}, PERSIAN, ARABIC_INDIC], ids=["ascii", "persian", "arabic-indic"])
def test_jalali_text_is_read_in_three_forms_and_three_scripts(text: str, script: dict[int, int]) -> None:
    assert parse_day(text.translate(script)) == CheckedDay(date(2021, 9, 30))


@pytest.mark.parametrize("number", [14000708, 14000708.0, "14000708.0", Decimal(14000708)])
def test_a_day_that_went_through_a_numeric_column_is_read(number: object) -> None:
    assert parse_day(number) == CheckedDay(date(2021, 9, 30))


def test_a_date_is_taken_as_it_is() -> None:
    assert parse_day(date(1990, 1, 1)) == CheckedDay(date(1990, 1, 1))


@pytest.mark.parametrize(
    "instant",
    [
        datetime(2024, 3, 19, 20, 30, tzinfo=UTC),
        datetime(2024, 3, 20, 23, 59, tzinfo=TEHRAN),
        pd.Timestamp("2024-03-19 20:30", tz="UTC"),
    ],
)
def test_an_aware_instant_is_taken_by_its_tehran_day(instant: datetime) -> None:
    assert parse_day(instant) == CheckedDay(date(2024, 3, 20))


@pytest.mark.parametrize("year", [1900, 1990, 2024, 2100])
@pytest.mark.parametrize("form", ["{}0101", "{}-01-01", "{}/01/01", "{}-13-45"])
def test_a_gregorian_year_is_refused_as_gregorian(year: int, form: str) -> None:
    assert parse_day(form.format(year)) == CheckedDay(None, Reason.GREGORIAN)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, Reason.EMPTY),
        (float("nan"), Reason.EMPTY),
        (pd.NaT, Reason.EMPTY),
        (pd.NA, Reason.EMPTY),
        ("", Reason.EMPTY),
        ("\u200f ", Reason.EMPTY),
        (True, Reason.TYPE),
        (b"14000708", Reason.TYPE),
        (-14000708, Reason.CHARACTERS),
        (14000708.5, Reason.CHARACTERS),
        ("000708", Reason.FORMAT),
        (708, Reason.FORMAT),
        ("1400/007/8", Reason.FORMAT),
        ("1400-07/08", Reason.FORMAT),
        ("08/07/1400", Reason.FORMAT),
        ("1400-07-08T00:00", Reason.FORMAT),
        ("1199/12/29", Reason.YEAR),
        ("1501/01/01", Reason.YEAR),
        ("1899/12/29", Reason.YEAR),
        ("2101/01/01", Reason.YEAR),
        (date(1403, 1, 1), Reason.YEAR),
        (FIRST_DAY - timedelta(days=1), Reason.YEAR),
        (LAST_DAY + timedelta(days=1), Reason.YEAR),
        (datetime.min.replace(tzinfo=UTC), Reason.YEAR),
        (datetime.max.replace(tzinfo=UTC), Reason.YEAR),
        (datetime(2122, 3, 20, 23, tzinfo=UTC), Reason.YEAR),
        ("1403/13/01", Reason.NO_SUCH_DAY),
        ("1403/07/31", Reason.NO_SUCH_DAY),
        ("1402/12/30", Reason.NO_SUCH_DAY),
        ("1400/00/08", Reason.NO_SUCH_DAY),
        (datetime(2024, 3, 20, 1), Reason.NO_TIME_ZONE),  # noqa: DTZ001
        (pd.Timestamp("2024-03-20 23:59"), Reason.NO_TIME_ZONE),
    ],
)
def test_what_is_no_day_is_refused_with_a_reason(value: object, reason: Reason) -> None:
    assert parse_day(value) == CheckedDay(None, reason)


@pytest.mark.parametrize("text", ["1200/01/01", "1500/12/29"])
def test_the_first_and_the_last_year_are_read(text: str) -> None:
    assert parse_day(text).ok


@given(
    st.one_of(
        st.text(),
        st.from_regex(r"\d{4}[-/]?\d{2}[-/]?\d{2}"),
        st.integers(),
        st.floats(),
        st.dates(),
        st.datetimes(timezones=st.none() | st.timezones()),
        st.none(),
        st.binary(),
    )
)
def test_any_object_gets_a_day_or_a_reason(value: object) -> None:
    checked = parse_day(value)
    assert checked.ok == (checked.value is not None) == (checked.reason is None)
    assert not isinstance(checked.value, datetime)


@given(st.dates(FIRST_DAY, LAST_DAY))
def test_what_is_written_is_read(day: date) -> None:
    assert parse_day(jalali_yyyymmdd(day)).value == parse_day(jalali_dashed(day)).value == day


def test_a_verdict_does_not_show_the_day() -> None:
    assert "1990" not in repr(parse_day(date(1990, 1, 1)))


# Tehran days


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2024, 1, 1, 20, 29, 59, tzinfo=UTC), date(2024, 1, 1)),
        (datetime(2024, 1, 1, 20, 30, tzinfo=UTC), date(2024, 1, 2)),
        (datetime(2022, 7, 1, 19, 29, 59, tzinfo=UTC), date(2022, 7, 1)),  # summer time, the last year of it
        (datetime(2022, 7, 1, 19, 30, tzinfo=UTC), date(2022, 7, 2)),
        (datetime(2023, 7, 1, 20, 29, 59, tzinfo=UTC), date(2023, 7, 1)),
        (datetime(2024, 1, 1, 23, tzinfo=timezone(timedelta(hours=-8))), date(2024, 1, 2)),
    ],
)
def test_the_tehran_day_of_an_instant(instant: datetime, day: date) -> None:
    assert tehran_day(instant) == day


def test_an_instant_without_a_time_zone_has_no_tehran_day() -> None:
    with pytest.raises(ValueError, match="time zone"):
        tehran_day(datetime(2024, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("day", "first", "hours"),
    [
        (date(2024, 1, 1), datetime(2023, 12, 31, 20, 30, tzinfo=UTC), 24),
        (date(2022, 3, 21), datetime(2022, 3, 20, 20, 30, tzinfo=UTC), 24),
        (date(2022, 3, 22), datetime(2022, 3, 21, 20, 30, tzinfo=UTC), 23),  # its midnight was skipped
        (date(2022, 7, 1), datetime(2022, 6, 30, 19, 30, tzinfo=UTC), 24),
        (date(2022, 9, 21), datetime(2022, 9, 20, 19, 30, tzinfo=UTC), 25),  # its last hour came twice
        (date(2022, 9, 22), datetime(2022, 9, 21, 20, 30, tzinfo=UTC), 24),
        (date(1978, 8, 5), datetime(1978, 8, 4, 19, tzinfo=UTC), 25),  # its midnight came twice
    ],
)
def test_the_bounds_of_a_tehran_day(day: date, first: datetime, hours: int) -> None:
    start, end = day_bounds(day)
    assert start == first
    assert end - start == timedelta(hours=hours)


def test_the_day_after_a_skipped_midnight_begins_at_one() -> None:
    assert day_bounds(date(2022, 3, 22))[0].astimezone(TEHRAN).isoformat() == "2022-03-22T01:00:00+04:30"


@given(st.dates(date(1936, 1, 1), date(2100, 12, 31)))
def test_the_bounds_hold_the_whole_day_and_nothing_else(day: date) -> None:
    start, end = day_bounds(day)
    instant = timedelta(microseconds=1)
    assert tehran_day(start) == tehran_day(end - instant) == day
    assert tehran_day(start - instant) == day - timedelta(days=1)
    assert tehran_day(end) == day + timedelta(days=1)


@given(st.dates(date(1936, 1, 1), date(2100, 12, 31)))
def test_days_follow_each_other_without_a_gap(day: date) -> None:
    assert day_bounds(day)[1] == day_bounds(day + timedelta(days=1))[0]


@pytest.mark.parametrize("midnight", [datetime(2021, 9, 30), pd.Timestamp("2021-09-30")])  # noqa: DTZ001
def test_a_naive_midnight_is_the_day_of_a_date_column(midnight):
    assert parse_day(midnight).value == date(2021, 9, 30)
