"""The sandbox clock: real time plus an offset, or standing still."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.sandbox.clock import Clock

NOON = datetime(2025, 11, 21, 12, tzinfo=UTC)


class RealTime:
    """Real time as a test wants it."""

    def __init__(self, seconds=1_000_000.0):
        self.seconds = seconds

    def __call__(self):
        return self.seconds


def test_shows_real_time_at_first():
    assert Clock(real=RealTime(5.0)).timestamp() == 5.0


def test_starts_at_the_instant_given_and_runs_on():
    real = RealTime()
    clock = Clock(NOON, real=real)
    real.seconds += 60
    assert clock.now() == NOON + timedelta(seconds=60)


def test_frozen_stands_still():
    real = RealTime()
    clock = Clock(NOON, real=real)
    clock.freeze()
    real.seconds += 60
    assert clock.now() == NOON


def test_frozen_can_be_set_and_advanced():
    real = RealTime()
    clock = Clock(real=real)
    clock.freeze()
    clock.set(NOON)
    clock.advance(90)
    real.seconds += 60
    assert clock.now() == NOON + timedelta(seconds=90)


def test_unfrozen_runs_on_from_what_it_shows():
    real = RealTime()
    clock = Clock(NOON, real=real)
    clock.freeze()
    real.seconds += 1000
    clock.unfreeze()
    real.seconds += 5
    assert clock.now() == NOON + timedelta(seconds=5)


def test_a_naive_instant_is_refused():
    with pytest.raises(ValueError, match="UTC offset"):
        Clock().set(datetime(2025, 1, 1))  # noqa: DTZ001  naive is meant


@pytest.mark.parametrize("year", [1971, 2071])
def test_an_instant_that_the_report_cannot_write_is_refused(year):
    clock = Clock(NOON, real=RealTime())
    with pytest.raises(ValueError, match="from 1971"):
        clock.change(to=datetime(year, 3, 20, tzinfo=UTC), freeze=True)
    assert (clock.now(), clock.frozen) == (NOON, False)


def test_advancing_too_far_is_refused():
    clock = Clock(NOON, real=RealTime())
    for seconds in (1e10, -1e10, 1e18, math.inf, math.nan):
        with pytest.raises(ValueError, match="from 1971"):
            clock.advance(seconds)
    assert clock.now() == NOON


def test_reset_goes_back_to_the_start():
    clock = Clock(NOON, real=RealTime())
    clock.freeze()
    clock.advance(1e6)
    clock.reset()
    assert (clock.now(), clock.frozen) == (NOON, False)


@given(st.lists(st.integers(-(10**6), 10**6)), st.booleans())
def test_advances_add_up_running_or_frozen(steps, frozen):
    clock = Clock(NOON, real=RealTime())
    if frozen:
        clock.freeze()
    for step in steps:
        clock.advance(step)
    assert clock.timestamp() == pytest.approx(NOON.timestamp() + sum(steps))
