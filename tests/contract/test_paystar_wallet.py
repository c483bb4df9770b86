"""The wallet through its hook: balance, settlements, and the two keys that open them."""

from __future__ import annotations

import pytest

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.hooks.paystar import PaystarWalletHook
from tests.contract.paystar_calls import settlement

HOURS = 3600


@pytest.mark.parametrize("amounts", ["int", "text"])
def test_wallet_balance(wallet, sandbox, person, amounts):
    settings = {"paystar_wallet_rial": 1_250_000, "paystar_amounts_as": amounts, "paystar_transfer_final_percent": 0}
    sandbox.world.change_settings(settings)
    wallet.settle([settlement(person, amount=50_000)], withdraw_type="1")
    balance = wallet.balance()
    assert (balance.total_rial, balance.available_rial) == (1_250_000, 1_200_000)


def test_settle(wallet, sandbox, people):
    sandbox.world.change_settings({"paystar_transfer_final_percent": 0})
    items = [settlement(one, f"settlement-{number}") for number, one in enumerate(people[:3])]
    settled = wallet.settle(items, withdraw_type="1")
    assert [(item.track_id, item.status) for item in settled] == [(f"settlement-{n}", "pending") for n in range(3)]
    assert sandbox.world.received["paystar.settle"] == 1


def test_list_settlements(wallet, sandbox, people):
    wallet.settle([settlement(one, f"settlement-{number}") for number, one in enumerate(people[:3])], withdraw_type="1")
    assert [item.track_id for item in wallet.list_settlements()] == ["settlement-2", "settlement-1", "settlement-0"]
    assert [item.track_id for item in wallet.list_settlements("settlement-1")] == ["settlement-1"]
    assert wallet.list_settlements("another") == ()


@pytest.mark.parametrize(("failed_percent", "status"), [(0, "success"), (100, "failed")])
def test_a_settlement_ends_by_the_clock(wallet, sandbox, person, failed_percent, status):
    settings = {"paystar_transfer_failed_percent": failed_percent, "paystar_transfer_final_percent": 0}
    sandbox.world.change_settings(settings)
    wallet.settle([settlement(person)], withdraw_type="1")
    sandbox.world.clock.advance(2 * HOURS)
    assert [item.status for item in wallet.list_settlements("settlement-1")] == [status]


def test_a_lost_answer_is_found_in_the_list(wallet, sandbox, person):
    sandbox.world.faults.add("reset_after", service="paystar.settle")
    with pytest.raises(exceptions.OutcomeUnknown, match="settlement-1") as caught:
        wallet.settle([settlement(person)], withdraw_type="1")
    assert caught.value.transfer_track_ids == ("settlement-1",)
    assert sandbox.world.received["paystar.settle"] == 1
    assert [item.track_id for item in wallet.list_settlements("settlement-1")] == ["settlement-1"]


def test_what_the_answer_leaves_out_is_unknown(wallet, sandbox, people):
    sandbox.world.change_settings({"paystar_omit_items": 1, "paystar_transfer_final_percent": 0})
    items = [settlement(one, f"settlement-{number}") for number, one in enumerate(people[:2])]
    assert [item.status for item in wallet.settle(items, withdraw_type="1")] == ["pending", "unknown"]


def test_an_empty_wallet_leaves_the_outcome_unknown(wallet, sandbox, person):
    sandbox.world.change_settings({"paystar_wallet_rial": 1_000})
    with pytest.raises(exceptions.OutcomeUnknown, match="settlement-1"):
        wallet.settle([settlement(person)], withdraw_type="1")
    assert sandbox.world.received["paystar.settle"] == 1


def test_settlements_that_cannot_be_right_are_not_sent(wallet, sandbox, person):
    items = [settlement(person), settlement(person, "settlement-2", destination_number="0100000000001")]
    with pytest.raises(exceptions.InvalidInput, match=r"settle: row 1, destination_number"):
        wallet.settle(items, withdraw_type="1")
    assert sandbox.world.received["paystar.settle"] == 0


def test_data_in_another_shape_is_the_same_answer(wallet, sandbox, person):
    sandbox.world.change_settings({"paystar_data_forms": "odd", "paystar_transfer_final_percent": 0})
    assert [wallet.list_settlements() for _ in range(2)] == [(), ()]
    assert [item.status for item in wallet.settle([settlement(person)], withdraw_type="1")] == ["pending"]
    assert wallet.balance().available_rial > 0


@pytest.mark.parametrize(("extra", "says"), [({"sign_key": "another"}, "sign"), ({"sign_key": ""}, "sign")])
def test_a_wrong_sign_key_is_refused_before_any_money_moves(connect_paystar, sandbox, person, extra, says):
    connect_paystar("wallet", extra=extra)
    with pytest.raises(exceptions.Rejected, match=rf"wallet_refresh_api_key.*{says}"):
        PaystarWalletHook().settle([settlement(person)], withdraw_type="1")
    assert sandbox.world.received["paystar.settle"] == 0
