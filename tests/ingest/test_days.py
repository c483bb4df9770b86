"""Which days a run loads."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.exceptions import InvalidInput
from airflow_provider_iranpay.ingest.days import days_to_load


def test_the_days_before_come_first():
    assert days_to_load(date(2025, 3, 21), 2) == (date(2025, 3, 19), date(2025, 3, 20), date(2025, 3, 21))


def test_without_looking_back_it_is_the_day_alone():
    assert days_to_load(date(2025, 3, 21), 0) == (date(2025, 3, 21),)


@given(day=st.dates(min_value=date(1921, 3, 21)), lookback_days=st.integers(0, 60))
def test_the_days_follow_each_other_up_to_the_day(day, lookback_days):
    days = days_to_load(day, lookback_days)
    assert len(days) == lookback_days + 1
    assert days[-1] == day
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(days))


def test_looking_ahead_is_refused():
    with pytest.raises(InvalidInput, match="lookback_days: negative"):
        days_to_load(date(2025, 3, 21), -1)
