"""Days of Iran: the Tehran day of an instant, Jalali texts and the wire formats of the providers.

A day is a plain ``date``; Jalali exists only in texts. How many days a report goes back, or which day a run means, is
not decided here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from persiantools.jdatetime import JalaliDate

from airflow_provider_iranpay.iran.cells import cell_text, is_missing
from airflow_provider_iranpay.iran.checked import Checked, Reason, Refusal, require
from airflow_provider_iranpay.iran.digits import ascii_digits, strip_marks

__all__ = [
    "TEHRAN",
    "CheckedDay",
    "birth_date",
    "day_bounds",
    "from_jalali_dashed",
    "from_jalali_yymmdd",
    "from_jalali_yyyymmdd",
    "jalali_dashed",
    "jalali_yymmdd",
    "jalali_yyyymmdd",
    "parse_day",
    "tehran_day",
]

TEHRAN = ZoneInfo("Asia/Tehran")

FIRST_YEAR, LAST_YEAR = 1200, 1500
FIRST_GREGORIAN_YEAR, LAST_GREGORIAN_YEAR = 1900, 2100
# Two-digit years: 00..49 is 14yy and 50..99 is 13yy (assumed; the provider documents only that 000708 is 1400/07/08).
FIRST_TWO_DIGIT_YEAR, LAST_TWO_DIGIT_YEAR = 1350, 1449

_YYYYMMDD = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_YYMMDD = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})")
_DASHED = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TYPED = re.compile(r"([0-9]{4})(?:([0-9]{2})([0-9]{2})|([-/])([0-9]{1,2})\4([0-9]{1,2}))")


@dataclass(frozen=True, slots=True)
class CheckedDay:
    """The outcome of reading a day.

    :param value: the day, set if and only if it was read. Left out of ``repr``: a birth date is personal data.
    :param reason: why it was refused; None if it was read.
    """

    value: date | None = field(repr=False)
    reason: Reason | None = None

    @property
    def ok(self) -> bool:
        """Whether a day was read."""
        return self.reason is None


def tehran_day(instant: datetime) -> date:
    """Return the day that it is in Tehran at this instant.

    :raises ValueError: the instant has no time zone.
    """
    if instant.utcoffset() is None:
        raise ValueError("a datetime without a time zone has no Tehran day")
    return instant.astimezone(TEHRAN).date()


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """Return the first instant of a Tehran day and the first instant of the next one.

    Both are in UTC, because Python compares and subtracts two datetimes of one zone by their clock faces, which is
    wrong on the days of 23 and 25 hours that Iran had until 2022.
    """
    _refuse_instant(day)
    return _first_instant(day), _first_instant(day + timedelta(days=1))


def parse_day(value: object) -> CheckedDay:
    """Read a day from what a table or a person gives.

    Accepted: a ``date`` (Gregorian, as Python's are), an aware ``datetime`` (its Tehran day), a naive one at midnight
    (a date column of pandas), Jalali text or number as
    ``YYYYMMDD``, ``YYYY-MM-DD`` or ``YYYY/MM/DD`` in any digits; beside a separator a month or day of one digit is
    one too (``1370/1/5``). Years 1200..1500; a text of a year 1900..2100 is refused as Gregorian, before anything is
    paid for it.
    """
    try:
        if isinstance(value, date) and not is_missing(value):
            return CheckedDay(_from_date(value))
        return CheckedDay(_from_typed(cell_text(value)))
    except Refusal as refusal:
        return CheckedDay(None, refusal.reason)


def birth_date(value: object) -> Checked:
    """Read a day as :func:`parse_day` does, and bring it to the text ``YYYYMMDD`` of the Jalali calendar."""
    read = parse_day(value)
    try:
        return Checked(None, read.reason) if read.value is None else Checked(jalali_yyyymmdd(read.value))
    except ValueError:
        return Checked(None, Reason.YEAR)


def jalali_yyyymmdd(day: date) -> str:
    """Write a day as ``YYYYMMDD``, the form of ``birthDate`` (documented; that it is Jalali is observed).

    :raises ValueError: outside the Jalali years 1200..1500.
    """
    jalali = _jalali(day)
    return f"{jalali.year}{jalali.month:02}{jalali.day:02}"


def jalali_yymmdd(day: date) -> str:
    """Write a day as ``yyMMdd``, the form of ``yearMonthDay`` (documented): ``000708`` is 1400/07/08.

    :raises ValueError: outside the Jalali years 1350..1449, which two digits can tell apart.
    """
    jalali = _jalali(day)
    if not FIRST_TWO_DIGIT_YEAR <= jalali.year <= LAST_TWO_DIGIT_YEAR:
        raise ValueError(f"two digits cannot write a year outside {FIRST_TWO_DIGIT_YEAR}..{LAST_TWO_DIGIT_YEAR}")
    return f"{jalali.year % 100:02}{jalali.month:02}{jalali.day:02}"


def jalali_dashed(day: date) -> str:
    """Write a day as ``YYYY-MM-DD`` in the Jalali calendar.

    :raises ValueError: outside the Jalali years 1200..1500.
    """
    jalali = _jalali(day)
    return f"{jalali.year}-{jalali.month:02}-{jalali.day:02}"


def from_jalali_yyyymmdd(text: str) -> date:
    """Read ``YYYYMMDD``, strictly: ASCII digits, text, years 1200..1500.

    :raises ValueError: anything else.
    """
    return _gregorian(*_wire_fields(_YYYYMMDD, text))


def from_jalali_yymmdd(text: str) -> date:
    """Read ``yyMMdd``, strictly: six ASCII digits as text, years 1350..1449. A number that lost its zeros is refused.

    :raises ValueError: anything else.
    """
    two_digits, month, day = _wire_fields(_YYMMDD, text)
    year = FIRST_TWO_DIGIT_YEAR + (two_digits - FIRST_TWO_DIGIT_YEAR) % 100
    return _gregorian(year, month, day)


def from_jalali_dashed(text: str) -> date:
    """Read ``YYYY-MM-DD`` of the Jalali calendar, strictly: ASCII digits, text, years 1200..1500.

    :raises ValueError: anything else.
    """
    return _gregorian(*_wire_fields(_DASHED, text))


def _refuse_instant(day: date) -> None:
    # A datetime is a date to Python and to a type checker, and its date is seldom the Tehran one.
    if isinstance(day, datetime):
        raise TypeError("an instant is not a day: take its tehran_day first")


def _first_instant(day: date) -> datetime:
    # Where midnight was skipped, the offset before the change makes it the instant of the change; where it came
    # twice, fold 0 is the first. Both are what begins the day.
    return datetime.combine(day, time.min, TEHRAN).astimezone(UTC)


def _from_date(value: date) -> date:
    if isinstance(value, datetime):
        require(_FIRST_DAY.year <= value.year <= _LAST_DAY.year, Reason.YEAR)
        if value.utcoffset() is None:
            require(value.time() == time.min, Reason.NO_TIME_ZONE)
            value = value.date()
        else:
            value = tehran_day(value)
    require(_FIRST_DAY <= value <= _LAST_DAY, Reason.YEAR)
    return value


def _from_typed(text: str) -> date:
    text = "".join(strip_marks(ascii_digits(text)).split())
    require(bool(text), Reason.EMPTY)
    match = _TYPED.fullmatch(text)
    if not match:
        raise Refusal(Reason.FORMAT)
    year, month, day = int(match[1]), int(match[2] or match[5]), int(match[3] or match[6])
    require(not FIRST_GREGORIAN_YEAR <= year <= LAST_GREGORIAN_YEAR, Reason.GREGORIAN)
    require(FIRST_YEAR <= year <= LAST_YEAR, Reason.YEAR)
    try:
        return _gregorian(year, month, day)
    except ValueError:
        raise Refusal(Reason.NO_SUCH_DAY) from None


def _wire_fields(form: re.Pattern[str], text: object) -> tuple[int, int, int]:
    match = form.fullmatch(text) if isinstance(text, str) else None
    if not match:
        raise ValueError(f"not a Jalali day of the form {form.pattern}")
    return int(match[1]), int(match[2]), int(match[3])


def _gregorian(year: int, month: int, day: int) -> date:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"a Jalali year outside {FIRST_YEAR}..{LAST_YEAR}")
    # The library ships types, though not for its constructor.
    return JalaliDate(year, month, day).to_gregorian()  # type: ignore[no-untyped-call]


def _jalali(day: date) -> JalaliDate:
    _refuse_instant(day)
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise ValueError(f"a day outside the Jalali years {FIRST_YEAR}..{LAST_YEAR}")
    return JalaliDate(day)  # type: ignore[no-untyped-call]


_FIRST_DAY = _gregorian(FIRST_YEAR, 1, 1)
_LAST_DAY = _gregorian(LAST_YEAR, 12, 29)
