"""The slots of an account in memory: what the warehouse leases to workers, by an invented clock or the real one."""

from __future__ import annotations

import math
import time

from airflow_provider_iranpay.client.pacer import Pacer


class Schedule:
    """Leases slots to any number of workers, none of them twice.

    :ivar leases: first slot and count of each.
    """

    def __init__(self, clock):
        self._clock = clock
        self._next = -math.inf
        self.leases = []

    def lease(self, count, per_second):
        first = max(self._clock(), self._next)
        self._next = first + count / per_second
        self.leases.append((first, count))
        return first


def pacer(
    per_second,
    *,
    schedule=None,
    clock=time.monotonic,
    behind=lambda: math.inf,
    wake=lambda: None,
    begin=lambda work: work(),
):
    """The pacer of a worker whose leases take no time, and of the only one where no schedule is shared."""
    schedule = schedule or Schedule(clock)
    return Pacer(per_second, lease=schedule.lease, behind=behind, wake=wake, clock=clock, begin=begin)
