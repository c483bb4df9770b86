"""The pace of sends: even, never above the rate of the account, and true to it however many workers share it."""

from __future__ import annotations

import math
from bisect import bisect_left

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from airflow_provider_iranpay.client.pacer import BLOCK_SECONDS

from .schedules import Schedule, pacer
from .sharing import Worker, World

MANY = 64
"""Calls that are ready in a worker that has enough of them."""


def paced(per_second: float, wakings: list[float], seconds: float) -> list[float]:
    """When sends go that are always ready, in a loop that wakes late by the given seconds, in turns."""
    now, sent = 0.0, []
    alone = pacer(per_second, clock=lambda: now)
    while now < seconds:
        while not alone.left(MANY):
            alone.take()
            sent.append(now)
        now += alone.left(MANY) + wakings[len(sent) % len(wakings)]
    return sent


def most_in_a_second(sent: list[float]) -> int:
    return max((bisect_left(sent, moment + 1.0) - place for place, moment in enumerate(sent)), default=0)


class TestOneWorker:
    """Alone, it gets the whole rate."""

    @pytest.mark.parametrize("per_second", [500, 5000])
    @pytest.mark.parametrize("late", [0.0, 0.0005, 0.002])
    def test_the_rate_is_held_within_a_thousandth_though_the_loop_wakes_late(self, per_second, late):
        sent = paced(per_second, [late], 10.0)
        assert len(sent) == pytest.approx(per_second * 10, rel=0.001)

    @pytest.mark.parametrize("per_second", [0.5, 1, 3, 10])
    def test_low_rates_are_held_though_the_loop_wakes_very_late(self, per_second):
        assert len(paced(per_second, [0.05], 60.0)) == pytest.approx(per_second * 60, abs=1)

    @settings(deadline=None)
    @given(
        per_second=st.sampled_from([50, 500, 5000]),
        wakings=st.lists(st.floats(0.0, 0.5), min_size=1, max_size=20),
    )
    def test_no_second_ever_exceeds_the_rate_by_more_than_two_hundredths(self, per_second, wakings):
        assert most_in_a_second(paced(per_second, wakings, 3.0)) <= per_second * 1.02 + 1

    def test_the_first_second_is_no_burst(self):
        sent = paced(500, [0.0], 1.0)
        assert sent[99] == pytest.approx(99 / 500)

    def test_a_pause_earns_no_more_than_a_hundredth_of_a_second(self):
        now = 0.0
        alone = pacer(500, clock=lambda: now)
        alone.left(MANY)
        now = 60.0
        at_once = 0
        while not alone.left(MANY):
            alone.take()
            at_once += 1
        assert at_once <= 6

    @pytest.mark.parametrize("per_second", [0, -1, float("nan")])
    def test_a_rate_that_is_none_is_refused(self, per_second):
        with pytest.raises(ValueError, match="per_second"):
            pacer(per_second)


class TestLeases:
    """How many slots are leased, and when."""

    def test_two_blocks_of_a_quarter_of_a_second_are_leased_ahead(self):
        schedule = Schedule(lambda: 0.0)
        worker = pacer(500, schedule=schedule, clock=lambda: 0.0)
        for _ in range(5):
            worker.left(MANY)
        assert [count for _, count in schedule.leases] == [125, 125]

    @pytest.mark.parametrize(("ready", "behind", "leased"), [(1, 0, 1), (3, 0, 3), (1, 40, 41), (1, 1000, 125)])
    def test_no_more_is_leased_than_may_be_wanted(self, ready, behind, leased):
        schedule = Schedule(lambda: 0.0)
        pacer(500, schedule=schedule, clock=lambda: 0.0, behind=lambda: behind).left(ready)
        assert [count for _, count in schedule.leases] == [leased]

    def test_at_a_low_rate_slots_are_leased_one_by_one(self):
        schedule = Schedule(lambda: 0.0)
        worker = pacer(2, schedule=schedule, clock=lambda: 0.0)
        worker.left(MANY)
        assert [count for _, count in schedule.leases] == [1]

    def test_while_a_lease_takes_its_time_nothing_waits_for_it_and_no_other_is_begun(self):
        begun = []
        worker = pacer(500, clock=lambda: 0.0, begin=begun.append)
        assert worker.left(MANY) == worker.left(MANY) == 1.0
        (lease,) = begun
        lease()
        assert worker.left(MANY) == 0.0

    def test_a_lease_that_fails_is_told_to_whoever_asks_for_a_slot(self):
        def lease(*_):
            raise OSError("gone")

        worker = pacer(500, schedule=type("Gone", (), {"lease": lease}))
        worker.left(MANY)
        with pytest.raises(OSError, match="gone"):
            worker.left(MANY)


# Several workers

FAST = {}
SLOW = {"in_flight": 8, "answers_after": 1.0}
"""It makes 8 calls in a second, whatever the rate."""
SOMEWHAT = {"in_flight": 16, "answers_after": 0.25, "lease_takes": 0.03}
LATE = {"late": 0.008, "lease_takes": 0.05}
KINDS = st.sampled_from([FAST, SLOW, SOMEWHAT, LATE])


def share(sent, per_second, since, until):
    """What went between two moments, of what could."""
    return (bisect_left(sent, until) - bisect_left(sent, since)) / (per_second * (until - since))


@settings(max_examples=30, deadline=None)
@given(kinds=st.lists(KINDS, max_size=7), per_second=st.sampled_from([8, 40, 200]))
def test_whoever_else_takes_part_the_whole_rate_is_used_where_one_has_enough_calls(kinds, per_second):
    world = World(per_second)
    for kind in [FAST, *kinds]:
        Worker(world, **kind)
    world.go_on(65.0)
    assert share(world.sent, per_second, 5.0, 65.0) >= 0.98
    assert most_in_a_second(world.sent) <= per_second * (1 + BLOCK_SECONDS) + 1


class Sharing(RuleBasedStateMachine):
    """Whatever befalls the workers, no second is too full; and those that are left use what there is."""

    @initialize(per_second=st.sampled_from([8, 40, 200]))
    def begin(self, per_second):
        self.world = World(per_second)
        self.workers = [Worker(self.world)]
        self.lost = 1

    @rule(kind=KINDS, calls=st.sampled_from([3, 50, math.inf]))
    def join(self, *, kind, calls):
        self.workers.append(Worker(self.world, **kind, calls=calls))
        self.lost += 1

    @rule(data=st.data(), what=st.sampled_from(["die", "freeze", "thaw"]))
    def befall(self, *, data, what):
        if len(self.workers) > 1:
            getattr(data.draw(st.sampled_from(self.workers[1:])), what)()
            self.lost += 1

    @rule(seconds=st.floats(0.01, 5.0))
    def pass_time(self, *, seconds):
        self.world.go_on(seconds)

    @invariant()
    def no_second_is_too_full(self):
        per_second = self.world.per_second
        assert most_in_a_second(self.world.sent) <= per_second * (1 + BLOCK_SECONDS) + 1

    @invariant()
    def no_worker_has_more_than_two_blocks_to_lose(self):
        block = max(1, int(self.world.per_second * BLOCK_SECONDS))
        assert all(sum(one.left for one in worker._pacer._blocks) <= 2 * block for worker in self.workers)

    def teardown(self):
        """The first worker has enough calls, so all that is lost are the blocks of those that something befell."""
        world = self.world
        block = max(1, int(world.per_second * BLOCK_SECONDS))
        assert len(world.sent) >= 0.98 * world.per_second * world.now - 2 * block * self.lost


def test_workers_that_join_die_and_freeze_share_the_rate():
    run_state_machine_as_test(Sharing, settings=settings(max_examples=40, stateful_step_count=25, deadline=None))


def test_a_worker_that_can_use_little_leaves_the_rest_to_the_others():
    world = World(200)
    little, much = Worker(world, **SLOW), Worker(world, **FAST)
    world.go_on(60.0)
    assert little.sent >= 8 * 60 * 0.7  # eight at once have come back after a second, and then wait for their turn
    assert little.sent + much.sent >= 0.98 * 200 * 60


def test_workers_that_want_the_same_get_the_same():
    world = World(200)
    workers = [Worker(world) for _ in range(4)]
    world.go_on(60.0)
    assert [worker.sent for worker in workers] == [pytest.approx(200 * 60 / 4, rel=0.02)] * 4


@pytest.mark.parametrize(("kinds", "leases"), [([FAST], 4.1), ([SLOW], 4.1), ([FAST] * 4, 10), ([SOMEWHAT] * 20, 50)])
def test_there_are_few_leases_in_a_second_whoever_takes_part(kinds, leases):
    world = World(200)
    for kind in kinds:
        Worker(world, **kind)
    world.go_on(60.0)
    assert len(world.schedule.leases) / 60 <= leases
