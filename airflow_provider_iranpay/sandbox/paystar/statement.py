"""Invented transactions of a deposit, the same for the same seed, account and day. The book has no part in them."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_iranpay.iran.days import TEHRAN, jalali_yymmdd
from airflow_provider_iranpay.sandbox import persian
from airflow_provider_iranpay.sandbox.shuffle import Dice

if TYPE_CHECKING:
    from datetime import date

__all__ = ["transactions"]

_MOST_PER_DAY = 6
_DAY_MINUTES = 24 * 60


def transactions(seed: int, account: str, *, first: date, last: date, until: datetime) -> list[dict[str, Any]]:
    """The rows of the Tehran days from ``first`` to ``last``, up to the instant ``until``, the oldest first."""
    days = (first + timedelta(n) for n in range((last - first).days + 1))
    return [
        _row(at, dice) for day in days for at, dice in _of_day(f"{seed}/statement/{account}/{day}", day) if at <= until
    ]


def _of_day(key: str, day: date) -> list[tuple[datetime, Dice]]:
    count = Dice(key).below(_MOST_PER_DAY + 1)
    midnight = datetime.combine(day, time(), TEHRAN)
    rolled = [(n, Dice(f"{key}/{n}")) for n in range(count)]
    timed = [(midnight + timedelta(minutes=dice.below(_DAY_MINUTES), seconds=n), dice) for n, dice in rolled]
    return sorted(timed, key=lambda row: row[0])


def _row(at: datetime, dice: Dice) -> dict[str, Any]:
    amount = (1 + dice.below(50_000)) * 10_000
    comes_in = dice.below(2) == 0
    day = jalali_yymmdd(at.date())
    return {
        "transaction_trace": f"{dice.below(10_000):04d}{dice.below(10_000):04d}",
        "transaction_date_time": f"{day[:2]}-{day[2:4]}-{day[4:]} {at:%H:%M:%S}",
        "debit_amount": 0 if comes_in else amount,
        "credit_amount": amount if comes_in else 0,
        "additional": f"{'واریز' if comes_in else 'برداشت'} {dice.pick(persian.TRADES)}",
    }
