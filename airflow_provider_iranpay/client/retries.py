"""How often and how long: tenacity's waits, and ``Retry-After`` on top of them. No I/O and no clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime

from tenacity import RetryCallState, Retrying, wait_random_exponential
from tenacity.wait import wait_base

from airflow_provider_iranpay.iran.days import day_bounds, tehran_day

__all__ = ["Retries", "seconds_of_the_day", "seconds_told"]


@dataclass(frozen=True, slots=True)
class Retries:
    """Patience of one conversation.

    :param tries: sends at the most where repeating is allowed, the first one included.
    :param wait: a tenacity wait strategy; by default exponential with full jitter, in seconds.
    :param longest_wait: ceiling in seconds of what a ``Retry-After`` can ask for inside a call; the error carries it
        too.
    """

    tries: int = 4
    wait: wait_base = field(default_factory=lambda: wait_random_exponential(multiplier=0.5, max=30))
    longest_wait: float = 300.0

    def seconds(self, attempt: int) -> float:
        """Seconds to back off after the given attempt (1 is the first)."""
        state = RetryCallState(Retrying(), fn=None, args=(), kwargs={})
        state.attempt_number = attempt
        return self.wait(state)


def seconds_told(retry_after: str | None, *, at: datetime, longest: float) -> float | None:
    """Read ``Retry-After`` in both its forms, seconds and HTTP date, clamped to 0..longest.

    :param at: when the response came; the date form is held against it.
    :returns: None where the header is missing or cannot be read.
    """
    if retry_after is None:
        return None
    try:
        if retry_after.strip().isdigit():
            seconds = float(retry_after)
        else:
            seconds = (parsedate_to_datetime(retry_after) - at).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), longest)


def seconds_of_the_day(at: datetime) -> float:
    """Return the seconds that the Tehran day still lasts; a quota is of such a day."""
    _, midnight = day_bounds(tehran_day(at))
    return (midnight - at).total_seconds()
