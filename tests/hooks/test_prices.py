"""What a call costs is what the connection says, or nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.hooks.prices import read_prices
from airflow_provider_iranpay.inquiries import INQUIRIES

PAID = {
    provider: [name for name, one in INQUIRIES.items() if provider in one.answered_by and name != "gateway_inquiry"]
    for provider in ("jibit", "paystar")
}


def read(prices, provider="jibit"):
    return read_prices(json.dumps(prices), provider=provider, conn_id="c")


@given(st.sampled_from(sorted(PAID)), st.data())
def test_any_paid_inquiry_of_the_provider_takes_any_whole_number_of_rial(provider, data):
    prices = data.draw(st.dictionaries(st.sampled_from(PAID[provider]), st.integers(min_value=0)))
    assert read(prices, provider) == prices


def test_a_connection_without_prices_has_none():
    assert read_prices("", provider="jibit", conn_id="c") == {}


@pytest.mark.parametrize("price", [-1, 5000.0, 1.5, "5000", True, None, [1]])
def test_what_is_no_whole_number_of_rial_is_refused(price):
    with pytest.raises(ConfigurationError, match="connection c: prices: match_card: give a whole number of Rial"):
        read({"match_card": price})


@pytest.mark.parametrize(
    ("provider", "name"), [("jibit", "match_crad"), ("paystar", "sana"), ("paystar", "gateway_inquiry")]
)
def test_a_name_that_the_provider_does_not_charge_for_is_refused(provider, name):
    with pytest.raises(ConfigurationError, match=f"connection c: prices: '{name}' is no paid inquiry of {provider}"):
        read({name: 1}, provider)


@pytest.mark.parametrize("text", ["5000", "[]", "{", '{"sana": 1, "sana": 2}'])
def test_what_is_no_json_object_is_refused(text):
    with pytest.raises(ConfigurationError, match="connection c: prices: give a JSON object"):
        read_prices(text, provider="jibit", conn_id="c")
