"""Workers that share one rate, in an invented time: they join, die, freeze and go on, each with a provider of its own
patience.
"""

from __future__ import annotations

import heapq
import itertools
import math

from .schedules import Schedule, pacer


class World:
    """Time, and the slots of one account.

    :ivar sent: when each send went, whoever's it was.
    """

    def __init__(self, per_second):
        self.now = 0.0
        self.per_second = per_second
        self.schedule = Schedule(lambda: self.now)
        self.sent = []
        self._events = []
        self._order = itertools.count()

    def after(self, seconds, work):
        heapq.heappush(self._events, (self.now + seconds, next(self._order), work))

    def go_on(self, seconds):
        end = self.now + seconds
        while self._events and self._events[0][0] <= end:
            at, _, work = heapq.heappop(self._events)
            self.now = max(self.now, at)
            work()
        self.now = end


class Worker:
    """One of them.

    :param in_flight: how many calls are open at once.
    :param answers_after: seconds.
    :param late: seconds by which its loop wakes late.
    :param lease_takes: seconds.
    :param calls: how many it has to make.
    """

    def __init__(self, world, *, in_flight=64, answers_after=0.002, late=0.001, lease_takes=0.01, calls=math.inf):
        self._world = world
        self._free = in_flight
        self._answers_after = answers_after
        self._late = late
        self._calls = calls
        self._ready = 0
        self._missed = []
        self._wakes_at = math.inf
        self.is_frozen = self.is_dead = False
        self.sent = 0
        self._pacer = pacer(
            world.per_second,
            schedule=world.schedule,
            clock=lambda: world.now,
            behind=lambda: self._calls,
            wake=self._turn,
            begin=lambda work: world.after(lease_takes, work),
        )
        self._turn()

    def _turn(self):
        if self.is_frozen:
            self._missed.append(self._turn)
        if self.is_frozen or self.is_dead:
            return
        while self._free and self._calls:
            self._free -= 1
            self._calls -= 1
            self._ready += 1
        while self._ready and not self._pacer.left(self._ready):
            self._pacer.take()
            self._ready -= 1
            self.sent += 1
            self._world.sent.append(self._world.now)
            self._world.after(self._answers_after, self._ended)
        wakes_at = self._world.now + self._pacer.left(self._ready) + self._late if self._ready else math.inf
        if wakes_at < self._wakes_at or self._wakes_at <= self._world.now:
            self._wakes_at = wakes_at
            if self._ready:
                self._world.after(wakes_at - self._world.now, self._turn)

    def _ended(self):
        self._free += 1
        self._turn()

    def die(self):
        self.is_dead = True

    def freeze(self):
        self.is_frozen = True

    def thaw(self):
        self.is_frozen = False
        missed, self._missed = self._missed, []
        for work in missed[:1]:
            work()
