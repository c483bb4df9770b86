"""A pace for sends: so many a second, spread evenly. It never sleeps; whoever sends asks it first."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

__all__ = ["Pacer"]

_CATCH_UP_SECONDS: Final = 0.01
"""How far slots may lie in the past: what a loop that wakes late makes good. In any one second the rate is exceeded by
a hundredth and one send at the most; without it, each late waking would lose its time."""


class Pacer:
    """Hands out the next slot. For one thread.

    :param per_second: sends in a second.
    :param clock: seconds that only go forward.
    :raises ValueError: no rate above 0.
    """

    def __init__(self, per_second: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        if not per_second > 0:
            raise ValueError("per_second: give a rate above 0")
        self._apart = 1 / per_second
        self._clock = clock
        self._next = clock()

    def left(self) -> float:
        """Return the seconds until the next slot; 0 where it has come."""
        return max(0.0, self._next - self._clock())

    def take(self) -> None:
        """Take the next slot, which has to have come."""
        self._next = max(self._next, self._clock() - _CATCH_UP_SECONDS) + self._apart
