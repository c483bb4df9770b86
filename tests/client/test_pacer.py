"""The pace of sends: even, never above the rate, and true to it though the loop wakes late."""

from __future__ import annotations

from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.client.pacer import Pacer


def paced(per_second: float, wakings: list[float], seconds: float) -> list[float]:
    """When sends go that are always ready, in a loop that wakes late by the given seconds, in turns."""
    now, sent = 0.0, []
    pacer = Pacer(per_second, clock=lambda: now)
    while now < seconds:
        while not pacer.left():
            pacer.take()
            sent.append(now)
        now += pacer.left() + wakings[len(sent) % len(wakings)]
    return sent


def most_in_a_second(sent: list[float]) -> int:
    return max(bisect_left(sent, moment + 1.0) - place for place, moment in enumerate(sent))


@pytest.mark.parametrize("per_second", [500, 5000])
@pytest.mark.parametrize("late", [0.0, 0.0005, 0.002])
def test_the_rate_is_held_within_a_thousandth_though_the_loop_wakes_late(per_second, late):
    sent = paced(per_second, [late], 10.0)
    assert len(sent) == pytest.approx(per_second * 10, rel=0.001)


@given(
    per_second=st.sampled_from([50, 500, 5000]),
    wakings=st.lists(st.floats(0.0, 0.5), min_size=1, max_size=20),
)
def test_no_second_ever_exceeds_the_rate_by_more_than_two_hundredths(per_second, wakings):
    assert most_in_a_second(paced(per_second, wakings, 3.0)) <= per_second * 1.02 + 1


def test_the_first_second_is_no_burst():
    sent = paced(500, [0.0], 1.0)
    assert sent[99] == pytest.approx(99 / 500)


def test_a_pause_earns_no_more_than_a_hundredth_of_a_second():
    now = 0.0
    pacer = Pacer(500, clock=lambda: now)
    now = 60.0
    at_once = 0
    while not pacer.left():
        pacer.take()
        at_once += 1
    assert at_once <= 6


@pytest.mark.parametrize("per_second", [0, -1, float("nan")])
def test_a_rate_that_is_none_is_refused(per_second):
    with pytest.raises(ValueError, match="per_second"):
        Pacer(per_second)
