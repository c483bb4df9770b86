"""When requests came to the sandbox: how many a second, at the most and in the middle."""

from __future__ import annotations

import statistics
import time
from array import array
from collections import Counter
from collections.abc import Callable

__all__ = ["Arrivals"]


class Arrivals(Counter[str]):
    """The sandbox's count of received requests, which also notes when each of one service came.

    :param service: the paid one.
    """

    def __init__(self, service: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._service = service
        self._monotonic = monotonic
        self.times = array("d")

    def __setitem__(self, service: str, count: int) -> None:
        super().__setitem__(service, count)
        if service == self._service:
            self.times.append(self._monotonic())

    def busiest(self, seconds: float) -> float:
        """Return the requests a second of the busiest span."""
        most = first = 0
        for last, now in enumerate(self.times):
            while self.times[first] <= now - seconds:
                first += 1
            most = max(most, last - first + 1)
        return most / seconds

    def usual(self, begin: float, end: float) -> float:
        """Return the median of the seconds' requests; a second without any is one of a task that begins or waits.

        :param begin: by the clock that was given, as ``end``.
        """
        seconds = Counter(int(at - begin) for at in self.times if begin <= at < end)
        return statistics.median(seconds.values()) if seconds else 0.0
