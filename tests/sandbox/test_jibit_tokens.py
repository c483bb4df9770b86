"""Tokens live and die by the sandbox clock."""

from __future__ import annotations

import pytest

HOUR = 3600


@pytest.fixture
def clock(sandbox):
    sandbox.world.clock.freeze()
    return sandbox.world.clock


def refresh(caller, pair, **changes):
    asked = {"accessToken": pair["accessToken"], "refreshToken": pair["refreshToken"]} | changes
    return caller.send("POST", "/ide/v1/tokens/refresh", {key: value for key, value in asked.items() if value})


def test_generate_gives_a_pair_and_no_lifetime(caller):
    got = caller.generate()
    assert got.status == 200
    assert got.body.keys() == {"accessToken", "refreshToken"}


@pytest.mark.parametrize("key", ["apiKey", "secretKey"])
def test_generate_needs_both_keys(caller, key):
    got = caller.generate(**{key: ""})
    assert (got.status, got.code) == (400, f"{key}.is_required")


@pytest.mark.parametrize("key", ["apiKey", "secretKey"])
def test_generate_refuses_wrong_credentials(caller, key):
    assert caller.generate(**{key: "wrong"}).code == "invalid.credentials"


def test_an_access_token_lives_for_24_hours(clock, caller):
    clock.advance(24 * HOUR - 1)
    assert caller.get("balances").status == 200
    clock.advance(1)
    got = caller.get("balances")
    assert (got.status, got.code) == (403, "forbidden")


def test_an_unknown_token_is_forbidden(caller):
    caller.token = "invented"
    got = caller.get("balances")
    assert (got.status, got.code) == (403, "forbidden")


@pytest.mark.parametrize("value", [None, "Bearer ", "Basic abc"])
def test_a_call_needs_a_token(caller, value):
    headers = {"Authorization": value} if value else {}
    got = caller.send("GET", "/ide/v1/balances", **headers)
    assert (got.status, got.code) == (401, "token.is_required")


def test_refresh_works_with_a_dead_access_token(clock, caller):
    pair = caller.log_in()
    clock.advance(47 * HOUR)
    fresh = refresh(caller, pair)
    assert fresh.status == 200
    assert not {*fresh.body.values()} & {*pair.values()}
    caller.token = fresh.body["accessToken"]
    assert caller.get("balances").status == 200


def test_a_refresh_token_dies_after_48_hours(clock, caller):
    pair = caller.log_in()
    clock.advance(48 * HOUR)
    assert refresh(caller, pair).code == "refreshToken.not_valid"


def test_a_refresh_token_is_used_up(caller):
    pair = caller.log_in()
    assert refresh(caller, pair).status == 200
    assert refresh(caller, pair).code == "refreshToken.not_valid"


def test_the_old_access_token_outlives_a_refresh(caller):
    pair = caller.log_in()
    refresh(caller, pair)
    assert caller.get("balances").status == 200


def test_a_pair_has_to_belong_together(caller):
    one, other = caller.log_in(), caller.log_in()
    assert refresh(caller, one, accessToken=other["accessToken"]).code == "invalid.tokens_pair"


@pytest.mark.parametrize("name", ["accessToken", "refreshToken"])
def test_refresh_needs_both_tokens(caller, name):
    assert refresh(caller, caller.log_in(), **{name: ""}).code == f"{name}.is_required"


def test_lifetimes_are_settings(clock, sandbox, caller):
    sandbox.world.change_settings({"access_token_seconds": 10, "refresh_token_seconds": 20})
    pair = caller.log_in()
    clock.advance(10)
    assert caller.get("balances").code == "forbidden"
    clock.advance(10)
    assert refresh(caller, pair).code == "refreshToken.not_valid"


def test_tokens_of_another_run_are_unknown(caller):
    caller.sandbox.world.reset()
    assert caller.get("balances").code == "forbidden"
