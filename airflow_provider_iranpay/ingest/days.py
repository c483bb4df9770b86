"""Which Tehran days a run loads. No clock is read and nothing is loaded here."""

from __future__ import annotations

from datetime import date, timedelta

from airflow_provider_iranpay.exceptions import InvalidInput

__all__ = ["days_to_load"]


def days_to_load(day: date, lookback_days: int) -> tuple[date, ...]:
    """List the day of a run and the days before it that are read again, oldest first.

    :param day: the Tehran day that the run is for.
    :param lookback_days: how many days before it the provider may still have changed; 0 reads the day alone.
    :raises InvalidInput: for a negative number.
    """
    if lookback_days < 0:
        raise InvalidInput("lookback_days", "negative", "Give the number of days before the run's day, or 0.")
    return tuple(day - timedelta(days=back) for back in range(lookback_days, -1, -1))
