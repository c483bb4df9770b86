"""Settings are checked as a whole before any of them changes."""

from __future__ import annotations

import math
import random

import pytest

from airflow_provider_iranpay.sandbox.latency import Latency
from airflow_provider_iranpay.sandbox.world import World


@pytest.fixture
def world():
    return World()


@pytest.mark.parametrize(
    "changes",
    [
        {"no_such_setting": 1},
        {"prices": {"no_such_service": 1}},
        {"prices": {"jibit.sana": -1}},
        {"prices": {"jibit.sana": 1.5}},
        {"prices": []},
        {"balances": {"XYZ": 1}},
        {"balances": {"PRF": True}},
        {"currency": 1},
        {"access_token_seconds": 0},
        {"refresh_token_seconds": "60"},
        {"ip_whitelist": "127.0.0.1"},
        {"switched_off": ["no_such_service"]},
        {"daily_limits": {"jibit.sana": "many"}},
        {"daily_limits": {"paystar.match_mobile": 1}},
        {"paystar_expired_as": "teapot"},
        {"paystar_birth_calendar": "lunar"},
        {"paystar_deposits": {"x1": 1}},
        {"paystar_deposits": {"1": -1}},
        {"paystar_wallet_rial": -1},
        {"paystar_transfer_failed_percent": 101},
        {"paystar_key_seconds": 0},
        {"rate_limit": {"per_second": -1}},
        {"rate_limit": {}},
        {"rate_limit": {"per_second": 1, "retry_after": "soon"}},
        {"rate_limit": {"per_second": True}},
        {"rate_limit": {"per_second": 0, "code": 5}},
        {"rate_limit": {"per_second": 0, "retry_after_seconds": 1.5}},
        {"rate_limit": {"per_second": 0, "retry_after_seconds": 10**400}},
        {"access_token_seconds": 10**400},
        {"report_corrections": {"040830": {"jibit.balances": 1}}},
        {"unknown_fields": "yes"},
        {"unavailable_banks": ["NO_BANK"]},
        {"report_corrections": {"14040830": {"jibit.sana": 1}}},
        {"report_corrections": {"040830": {"jibit.sana": "1"}}},
        {"report_parts": 0},
        {"report_parts": 10**9},
        {"latency": {"kind": "fixed", "seconds": math.nan}},
        {"latency": {"kind": "fixed", "seconds": math.inf}},
        {"latency": {"kind": "fixed", "seconds": "1"}},
        {"latency": {"kind": "lognormal", "seconds": 1, "sigma": 1e5}},
        {"latency": {"kind": "uniform", "high_seconds": 1e400}},
        {"latency": {"kind": ["fixed"]}},
        {"empty_report": "nothing"},
        {"latency": {"kind": "often"}},
        {"latency": {"kind": "lognormal"}},
        {"latency": {"kind": "uniform", "seconds": 2, "high_seconds": 1}},
        {"latency": {"kind": "fixed", "seconds": -1}},
    ],
)
def test_a_wrong_value_is_refused_by_name_and_changes_nothing(world, changes):
    before = world.settings.as_dict()
    [name] = changes
    with pytest.raises(ValueError, match=name):
        world.change_settings({"report_parts": 9, **changes} if name != "report_parts" else changes)
    assert world.settings.as_dict() == before


def test_mappings_are_merged_and_none_takes_out(world):
    world.change_settings({"daily_limits": {"jibit.sana": 1, "jibit.military_service": 2}})
    world.change_settings({"daily_limits": {"jibit.sana": None, "jibit.postal_code": 3}})
    assert world.settings.daily_limits == {"jibit.military_service": 2, "jibit.postal_code": 3}


def test_lists_and_objects_are_replaced(world):
    world.change_settings({"switched_off": ["jibit.sana"], "rate_limit": {"per_second": 1}})
    world.change_settings({"switched_off": [], "rate_limit": None})
    assert (world.settings.switched_off, world.settings.rate_limit) == ([], None)


def test_reset_brings_everything_back(world):
    before = world.settings.as_dict()
    changes = {"balances": {"PRF": 0}, "prices": {"jibit.sana": 1}, "report_parts": 3, "unknown_enums": True}
    world.change_settings(changes)
    world.reset()
    assert world.settings.as_dict() == before


def draws(**parameters):
    latency = Latency(**parameters)
    return [latency.draw() for _ in range(500)]


def test_no_latency_and_fixed_latency():
    assert set(draws()) == {0.0}
    assert set(draws(kind="fixed", seconds=0.2)) == {0.2}


def test_uniform_latency_stays_between_its_bounds():
    drawn = draws(kind="uniform", seconds=0.1, high_seconds=0.3)
    assert 0.1 <= min(drawn) < 0.15
    assert 0.25 < max(drawn) <= 0.3


def test_lognormal_latency_has_its_median():
    drawn = sorted(draws(kind="lognormal", seconds=0.1, sigma=0.5))
    assert drawn[250] == pytest.approx(0.1, rel=0.15)


@pytest.mark.parametrize("kind", ["uniform", "lognormal"])
def test_a_seed_draws_the_same_waits(kind):
    shape = {"kind": kind, "seconds": 0.1, "high_seconds": 1.0, "sigma": 1.0}
    seed = random.Random(0).randrange(1000)
    assert draws(**shape, seed=seed) == draws(**shape, seed=seed) != draws(**shape, seed=seed + 1)
