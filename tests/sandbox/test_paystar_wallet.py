"""The wallet: its signed calls, its balance, and settlements out of it."""

from __future__ import annotations

import hashlib
import hmac

import pytest

HOUR = 3_600


@pytest.fixture
def world(sandbox):
    sandbox.world.change_settings({"paystar_transfer_failed_percent": 0, "paystar_transfer_final_percent": 0})
    return sandbox.world


@pytest.fixture
def payment(people):
    person = people.person(1)
    return {
        "amount": 50_000,
        "destination_number": person.account.iban,
        "destination_firstname": person.name.first,
        "destination_lastname": person.name.last,
        "track_id": "s-1",
    }


def test_the_signature_is_over_wallet_and_password_with_the_key_as_text(wallet):
    message = b"sandbox-wallet-hashid#sandbox-wallet-password"
    signature = hmac.new(b"sandbox-wallet-sign-key", message, hashlib.sha512).hexdigest()
    assert wallet.refresh(sign=signature).body["status"] == 1
    assert wallet.refresh(sign=signature.upper()).body["status"] == 10


@pytest.mark.parametrize("call", ["refresh", "refresh_inquiry", "settle"])
@pytest.mark.parametrize(
    ("wrong", "code"), [({"wallet_hashid": "x"}, 2), ({"password": "x"}, 6), ({"sign": "x"}, 10), ({"sign": None}, 10)]
)
def test_what_is_wrong_with_a_signed_call_has_its_code(world, wallet, call, wrong, code):
    assert getattr(wallet, call)(**wrong).body["status"] == code


def test_a_wrong_refresh_token_is_code_13(wallet):
    assert wallet.refresh(refresh_token="x").body["status"] == 13
    assert wallet.refresh_inquiry(refresh_inquiry_key="x").body["status"] == 13


def test_the_inquiry_key_has_names_of_its_own(wallet):
    assert wallet.refresh_inquiry().body["data"].keys() == {"inquiry_key", "inquiry_key_expire_date"}


def test_balance_and_list_want_the_inquiry_key_and_a_settlement_the_other(world, wallet, payment):
    assert wallet.balance(bearer=wallet.key).body["status"] == 4
    assert wallet.settlements(bearer=wallet.key).body["status"] == 4
    assert wallet.settle(payment, bearer=wallet.inquiry_key).body["status"] == 4


def test_a_settlement_is_accepted_and_its_money_on_the_way(world, wallet, payment):
    world.change_settings({"paystar_wallet_rial": 80_000})
    got = wallet.settle(payment)
    assert (got.body["status"], got.body["data"]["status"]) == (1, "pending")
    assert wallet.balance().body["data"] == {"total_amount": 80_000, "available_amount": 30_000}
    world.clock.advance(HOUR)
    assert wallet.balance().body["data"] == {"total_amount": 30_000, "available_amount": 30_000}


def test_a_balance_may_be_text_with_commas(world, wallet):
    world.change_settings({"paystar_wallet_rial": 1_234_567, "paystar_amounts_as": "text"})
    assert wallet.balance().body["data"] == {"total_amount": "1,234,567", "available_amount": "1,234,567"}


def test_a_wallet_that_lacks_the_money_settles_nothing(world, wallet, payment):
    world.change_settings({"paystar_wallet_rial": 99_999})
    assert wallet.settle(payment, payment | {"track_id": "s-2"}).body["status"] == 9
    assert wallet.settlements().body["data"] == []


def test_a_settlement_is_found_by_wallet_and_track_id(world, wallet, payment):
    wallet.settle(payment, payment | {"track_id": "s-2"})
    (found,) = wallet.settlements(track_id="sandbox-wallet-hashid*s-1*1").body["data"]
    assert (found["track_id"], found["status"]) == ("sandbox-wallet-hashid*s-1*1", "pending")
    assert wallet.settlements(track_id="s-1").body["data"] == []
    assert len(wallet.settlements().body["data"]) == 2


def test_a_settlement_costs_no_more_than_its_amount(world, wallet, payment):
    wallet.settle(payment)
    assert world.ledger.entries == []


def test_another_wallet_is_unknown(wallet):
    assert wallet.balance(wallet_hashid="x").body["status"] == wallet.settlements(wallet_hashid="x").body["status"] == 2
