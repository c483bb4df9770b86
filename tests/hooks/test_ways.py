"""Which connections can answer which inquiry, at which price."""

from __future__ import annotations

import pytest

from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.hooks.ways import way
from airflow_provider_iranpay.inquiries import INQUIRIES

PRODUCTS = {"jibit": "jibit", "paystar_banking": "paystar", "paystar_gateway": "paystar", "paystar_wallet": "paystar"}


def answers(kind, name):
    gateway = name == "gateway_inquiry"
    return (
        PRODUCTS[kind] in INQUIRIES[name].answered_by
        and (kind == "paystar_gateway") is gateway
        and "wallet" not in kind
    )


@pytest.mark.parametrize("name", INQUIRIES)
@pytest.mark.parametrize("kind", PRODUCTS)
def test_a_connection_answers_what_its_product_offers_and_nothing_else(kind, name, connect, connect_paystar):
    if answers(kind, name):
        made = way(f"{kind}_default", INQUIRIES[name])
        assert (made.provider, made.account) == (PRODUCTS[kind], f"{kind}_default")
    else:
        with pytest.raises(ConfigurationError, match=f"connection {kind}_default: {kind} does not answer {name}") as no:
            way(f"{kind}_default", INQUIRIES[name])
        offered = str(no.value).split("of the type ")[1].rstrip(".").split(" or ")
        assert offered == [other for other in PRODUCTS if answers(other, name)]


def test_the_price_is_the_connections_and_a_free_inquiry_costs_nothing(connect, connect_paystar):
    connect(extra={"prices": {"match_card": 5_000}, "read_timeout": 10, "connect_timeout": 2})
    made = way("jibit_default", INQUIRIES["match_card"])
    assert (made.price_rial, made.whole_call_seconds) == (5_000, 12)
    assert way("jibit_default", INQUIRIES["match_iban"]).price_rial is None
    assert way("paystar_gateway_default", INQUIRIES["gateway_inquiry"]).price_rial == 0


@pytest.mark.parametrize("name", INQUIRIES)
@pytest.mark.parametrize("kind", PRODUCTS)
def test_jibit_alone_reports_closed_banks_and_for_card_to_iban_alone(kind, name, connect, connect_paystar):
    if answers(kind, name):
        made = way(f"{kind}_default", INQUIRIES[name])
        assert (made.closed_banks is not None) is ((kind, name) == ("jibit", "card_to_iban"))


def test_banks_that_the_report_calls_not_available_are_closed(connect, sandbox):
    sandbox.world.change_settings({"unavailable_banks": ["MELLI", "SAMAN"], "unknown_enums": True})
    assert way("jibit_default", INQUIRIES["card_to_iban"]).closed_banks() == {"MELLI", "SAMAN"}
    assert sandbox.world.ledger.entries == []
