"""The rate limit of a face: who is too fast, and what the 429 says. Real time, never the sandbox clock."""

from __future__ import annotations

import time
from collections import deque
from email.utils import formatdate
from typing import TYPE_CHECKING

from airflow_provider_iranpay.sandbox.messages import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_iranpay.sandbox.settings import RateLimit

__all__ = ["Throttle", "bare_429", "retry_after"]


class Throttle:
    """Counts the requests of the last second.

    :param monotonic: real seconds: the limit is about the wire and not about provider days.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._recent: deque[float] = deque()

    def reset(self) -> None:
        """Forgets the requests of the last second."""
        self._recent.clear()

    def admits(self, limit: RateLimit | None) -> bool:
        """Whether one more request fits into this second; if so, it is counted."""
        if limit is None:
            return True
        now = self._monotonic()
        while self._recent and self._recent[0] <= now - 1.0:
            self._recent.popleft()
        if len(self._recent) >= limit.per_second:
            return False
        self._recent.append(now)
        return True


def retry_after(limit: RateLimit) -> tuple[tuple[str, str], ...]:
    """The ``Retry-After`` header in the form that the limit asks for; nothing for ``none``."""
    values = {
        "seconds": str(limit.retry_after_seconds),
        # Real time: it is what a client's own clock shows.
        "date": formatdate(time.time() + limit.retry_after_seconds, usegmt=True),
    }
    value = values.get(limit.retry_after)
    return (("Retry-After", value),) if value is not None else ()


def bare_429(limit: RateLimit) -> Answer:
    """The 429 of a gateway in front of the provider: a plain text instead of an envelope."""
    return Answer(429, b"Too Many Requests", (("Content-Type", "text/plain"), *retry_after(limit)))
