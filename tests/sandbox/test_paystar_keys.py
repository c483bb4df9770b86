"""How Paystar's keys are given out, renewed, and how a dead one is answered."""

from __future__ import annotations

import pytest

from tests.sandbox.paystar_caller import Banking

DAY = 86_400
WHO = {"national_id": "1", "mobile_number": "1"}


@pytest.fixture
def world(sandbox):
    return sandbox.world


def asked(banking, **given):
    return banking.service("info-matching/mobile-national-id", **WHO | given)


@pytest.mark.parametrize(
    "path",
    ["/open-banking/application/refresh-api-key", "/application/refresh-api-key", "/application/refresh-api-key/"],
)
def test_either_path_gives_a_key(banking, path):
    got = banking.refresh(path)
    assert (got.status, got.body["status"]) == (200, 1)
    banking.key = got.body["data"]["api_key"]
    assert asked(banking).body["status"] == 10


def test_the_key_says_in_tehran_until_when_it_lives(world, banking):
    world.clock.change(
        to=world.clock.now().replace(year=2025, month=11, day=21, hour=22, minute=0, second=5), freeze=True
    )
    assert banking.refresh().body["data"]["api_key_expire_date"] == "2025-11-23 01:30:05"


def test_a_refresh_needs_no_bearer_and_takes_a_dead_one(world, banking):
    world.clock.advance(DAY)
    assert banking.refresh().body["status"] == 1
    assert banking.refresh(bearer=None).body["status"] == 1


@pytest.mark.parametrize(
    ("wrong", "code"), [({"application_id": "x"}, 2), ({"access_password": "x"}, 6), ({"refresh_token": "x"}, 13)]
)
def test_what_is_wrong_with_a_refresh_has_its_code(banking, wrong, code):
    assert banking.refresh(**wrong).body["status"] == code


def test_a_key_dies_on_the_sandbox_clock(world, banking):
    world.clock.advance(DAY - 10)
    assert asked(banking).body["status"] == 10
    world.clock.advance(10)
    assert asked(banking).body["status"] == 5


def test_the_life_of_a_key_is_a_setting(world, banking):
    world.change_settings({"paystar_key_seconds": 60})
    banking.log_in()
    world.clock.advance(60)
    assert asked(banking).body["status"] == 5


def test_an_unknown_key_and_none_are_an_invalid_token(banking):
    assert asked(banking, bearer="x").body["status"] == 4
    assert asked(banking, bearer=None).body["status"] == 4


def test_the_key_of_one_product_does_not_open_another(banking, wallet):
    assert asked(banking, bearer=wallet.key).body["status"] == 4
    assert wallet.balance(bearer=wallet.key).body["status"] == 4


@pytest.mark.parametrize(
    ("form", "status", "says"),
    [
        ("code", 200, {"status": 5}),
        ("http_401", 401, {"message": "Unauthenticated."}),
        ("unauthenticated", 200, {"status": "unauthenticated", "api_version": "v1"}),
        ("http_400", 400, {"message": "دسترسی نامعتبر"}),
    ],
)
def test_how_a_dead_key_is_answered_is_a_setting(world, banking, form, status, says):
    world.change_settings({"paystar_expired_as": form})
    world.paystar.desk.keys.expire_all()
    got = asked(banking)
    assert got.status == status
    assert says.items() <= got.body.items()


def test_a_new_key_ends_no_older_one(banking):
    banking.refresh()
    assert asked(banking).body["status"] == 10


def test_with_one_key_a_new_one_ends_the_older(world, banking, wallet):
    world.change_settings({"paystar_one_key": True})
    banking.refresh()
    assert asked(banking).body["status"] == 5
    assert wallet.balance().body["status"] == 1


def test_a_refresh_token_stays_as_it_is(banking):
    assert banking.refresh().body["data"].keys() == {"api_key", "api_key_expire_date"}
    assert banking.refresh().body["status"] == 1


def test_a_refresh_token_that_rotates_is_used_once(world, banking):
    world.change_settings({"paystar_rotate_refresh_tokens": True})
    fresh = banking.refresh().body["data"]["refresh_token"]
    assert banking.refresh().body["status"] == 13
    assert banking.refresh(refresh_token=fresh).body["status"] == 1


def test_the_tokens_of_the_wallet_rotate_each_on_its_own(world, wallet):
    world.change_settings({"paystar_rotate_refresh_tokens": True})
    assert wallet.refresh_inquiry().body["data"].keys() == {
        "inquiry_key",
        "inquiry_key_expire_date",
        "refresh_inquiry_key",
    }
    assert wallet.refresh_inquiry().body["status"] == 13
    assert wallet.refresh().body["status"] == 1


def test_a_reset_forgets_keys_and_takes_the_first_refresh_token_again(world, banking):
    world.change_settings({"paystar_rotate_refresh_tokens": True})
    banking.refresh()
    world.reset()
    assert asked(banking).body["status"] == 4
    assert banking.refresh().body["status"] == 1


def test_what_a_client_of_another_sandbox_was_given_opens_nothing(sandbox, banking):
    with Banking(sandbox) as other:
        assert asked(other, bearer="sandbox-api-key").body["status"] == 4
