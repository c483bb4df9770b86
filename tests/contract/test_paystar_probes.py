"""``test_connection`` of the three products: what it tries, and what it says of what is wrong."""

from __future__ import annotations

import pytest

from airflow_provider_iranpay.hooks.paystar import PaystarBankingHook, PaystarGatewayHook, PaystarWalletHook


def test_the_gateway_takes_only_an_unknown_ref_num_for_a_yes(gateway, sandbox):
    sandbox.world.change_settings({"ip_whitelist": ["10.1.2.3"]})  # answered with -1
    works, message = gateway.test_connection()
    assert not works, message


def test_the_gateway_says_what_it_did_not_try(connect_paystar):
    works, message = PaystarGatewayHook().test_connection()
    assert works
    assert "sign key is only tried by a payment" in message
    connect_paystar("gateway", password="")
    assert "not signed" in PaystarGatewayHook().test_connection()[1]


def test_the_wallet_tries_both_refresh_tokens(connect_paystar):
    for extra in ("refresh_token", "refresh_inquiry_key"):
        connect_paystar("wallet", extra={extra: "wrong"})
        works, message = PaystarWalletHook().test_connection()
        assert not works, message
        connect_paystar("wallet")


@pytest.mark.parametrize("login", ["ab\ncd", "گذر"])
def test_a_gateway_id_that_no_header_can_carry_is_not_called_unreachable(connect_paystar, login):
    connect_paystar("gateway", login=login)
    assert PaystarGatewayHook().test_connection() == (
        False,
        "connection paystar_gateway_default: login: a gateway id is printable ASCII text.",
    )


def test_a_test_that_used_up_the_refresh_token_says_so(connect_paystar, sandbox):
    sandbox.world.change_settings({"paystar_rotate_refresh_tokens": True})
    works, message = PaystarBankingHook().test_connection()  # outside a task, as the button in Airflow
    assert works
    assert "replaced the refresh token" in message


@pytest.mark.parametrize("field", ["login", "password"])
def test_white_space_around_a_credential_is_taken_off(connect_paystar, sandbox, field):
    right = {"login": sandbox.paystar.application_id, "password": sandbox.paystar.access_password}[field]
    connect_paystar("banking", **{field: f" {right}\n"})
    works, message = PaystarBankingHook().test_connection()
    assert works, message
