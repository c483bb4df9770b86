"""A pace for sends: the slots of a rate that all workers of an account share. It never sleeps and never waits for a
lease; whoever sends asks it first.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

__all__ = ["BLOCK_SECONDS", "Lease", "Pacer"]

BLOCK_SECONDS: Final = 0.25
"""Seconds of the rate that are leased at once, but at least one slot: four leases in a second, where all are used."""

_CATCH_UP_SECONDS: Final = 0.01
"""By how much more than the distance of two slots a slot may lie in the past: what a loop that wakes late makes good.
In any one second the rate is exceeded by a hundredth and one send at the most; without it, each late waking would lose
its time."""
_AT_ONCE_SECONDS: Final = 0.005
"""Within which slots follow the own ones, or the present, so that nobody else's lie between."""
_LONGEST_WAIT: Final = 1.0
"""Seconds after which to ask again where no slot is known: the end of a lease wakes whoever waits."""

Lease = Callable[[int, float], float]
"""Takes the account's next slots: how many, and how many of them a second; returns when the first of them is, by the
process's monotonic clock. It may take its time."""


@dataclass(slots=True)
class _Block:
    """Slots that are this worker's alone.

    :param next_at: the next of them.
    :param left: how many are still to come.
    """

    next_at: float
    left: int


def _in_a_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="iranpay-pace", daemon=True).start()


class Pacer:
    """Hands out the next slot. For one thread, but for the leases, which have one of their own.

    Two blocks at the most are leased ahead. Slots that have passed are lost, not saved up: a worker that freezes and
    wakes, or was paused, sends no faster then. Where other workers want slots too, only calls that are ready are leased
    for: what is leased is used then, though some wait for late answers and could not use as much as others.

    :param per_second: sends in a second, of the whole account.
    :param behind: how many calls may want a slot beside those that are ready.
    :param wake: called in a lease's thread at its end: there is something to ask for again.
    :param clock: seconds that only go forward.
    :param begin: does the work of a lease, elsewhere.
    :raises ValueError: no rate above 0.
    """

    def __init__(
        self,
        per_second: float,
        *,
        lease: Lease,
        behind: Callable[[], float],
        wake: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        begin: Callable[[Callable[[], None]], None] = _in_a_thread,
    ) -> None:
        if not per_second > 0:
            raise ValueError("per_second: give a rate above 0")
        self._per_second = per_second
        self._lease = lease
        self._behind = behind
        self._wake = wake
        self._clock = clock
        self._begin = begin
        self._full = max(1, int(per_second * BLOCK_SECONDS))
        self._blocks: deque[_Block] = deque()
        self._is_leasing = False
        self._mistake: Exception | None = None
        self._is_alone = True

    def left(self, ready: int) -> float:
        """Return the seconds until the next slot; 0 where it has come.

        :param ready: calls that wait for one.
        :raises Exception: what has ended a lease.
        """
        if self._mistake is not None:
            raise self._mistake
        now = self._clock()
        self._lose_missed(now)
        self._lease_ahead(now, ready)
        return max(0.0, self._blocks[0].next_at - now) if self._blocks else _LONGEST_WAIT

    def take(self) -> None:
        """Take the next slot, which has to have come."""
        block = self._blocks[0]
        block.next_at += 1 / self._per_second
        block.left -= 1

    def _lose_missed(self, now: float) -> None:
        while self._blocks:
            block = self._blocks[0]
            missed = math.ceil((now - _CATCH_UP_SECONDS - block.next_at) * self._per_second) - 1
            missed = max(0, min(missed, block.left))
            block.next_at += missed / self._per_second
            block.left -= missed
            if block.left:
                return
            self._blocks.popleft()

    def _lease_ahead(self, now: float, ready: int) -> None:
        if self._is_leasing:
            return
        held = sum(block.left for block in self._blocks)
        if self._is_alone:
            enough, wanted = self._full, ready + self._behind() - held
        else:
            enough, wanted = min(self._full, ready // 2), ready - held
        if held <= enough and wanted >= 1:
            self._is_leasing = True
            own_until = now + (held + 1) / self._per_second
            self._begin(partial(self._lease_block, int(min(self._full, wanted)), own_until))

    def _lease_block(self, count: int, own_until: float) -> None:
        """Lease so many slots.

        :param own_until: when the slots end that this worker has: what follows later follows somebody else's.
        """
        try:
            first = self._lease(count, self._per_second)
        except Exception as mistake:  # noqa: BLE001 - raised where slots are asked for
            self._mistake = mistake
        else:
            self._is_alone = first <= max(own_until, self._clock()) + _AT_ONCE_SECONDS
            self._blocks.append(_Block(first, count))
        self._is_leasing = False
        self._wake()
