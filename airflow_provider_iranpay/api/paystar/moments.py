"""Instants as Paystar writes them: no zone is documented, so Asia/Tehran is assumed, in this one place."""

from __future__ import annotations

import re
from datetime import datetime, time
from typing import Final

from airflow_provider_iranpay.iran.days import FIRST_GREGORIAN_YEAR, TEHRAN, from_jalali_dashed, from_jalali_yymmdd

__all__ = ["read_moment"]

_JALALI: Final = re.compile(
    r"(1[2-4][0-9]{2}|[0-9]{2})([-/])([0-9]{2})\2([0-9]{2})[ T]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)"
)


def read_moment(value: object) -> datetime | None:
    """Read an instant (timezone-aware): Jalali ``05-08-30 12:00:00`` or ``1405-08-30 12:00:00``, or Gregorian ISO 8601.

    :returns: None where it is missing or is none of these: a date that cannot be read is not known, never guessed.
    """
    if not isinstance(value, str):
        return None
    written = value.strip()
    try:
        jalali = _JALALI.fullmatch(written)
        if not jalali:
            read = datetime.fromisoformat(written)
            # A day without a time is no instant, and a year before 1900 is of another calendar.
            known = len(written) > len("2026-11-21") and read.year >= FIRST_GREGORIAN_YEAR
            return read.replace(tzinfo=read.tzinfo or TEHRAN) if known else None
        year, _, month, day, clock = jalali.groups()
        date = from_jalali_yymmdd(year + month + day) if len(year) == 2 else from_jalali_dashed(f"{year}-{month}-{day}")
        return datetime.combine(date, time.fromisoformat(clock), TEHRAN)
    except ValueError:
        return None
