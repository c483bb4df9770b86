"""Paystar's codes: each of the contract in its class with a remedy of its own, and tables that stay open."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_provider_iranpay.api.contract import ErrorClass, Tokens
from airflow_provider_iranpay.api.paystar import endpoints
from airflow_provider_iranpay.api.paystar.errors import (
    CODES,
    CREDENTIAL_CODES,
    DIRECT_CODES,
    GATEWAY_CODES,
    SUSPECTS,
    TEXTS,
    rule_of_code,
    rule_of_status,
)
from airflow_provider_iranpay.exceptions import OperatorNeeded, Rejected, TransientFailure
from tests.api.paystar_wire import BANKING, CODE, GATEWAY, IBAN, MOBILE, Wire, new_key, reply

OPEN_BANKING = {
    ErrorClass.TRANSIENT: [0, 11],
    ErrorClass.AUTHENTICATE: [4, 5],
    ErrorClass.OPERATOR: [2, 3, 6, 7, 8, 9, 12, 13],
    ErrorClass.FINAL: [10],
}
PAYMENTS = {
    ErrorClass.TRANSIENT: [-99],
    ErrorClass.OPERATOR: [-2, -16],
    ErrorClass.FINAL: [-1, -3, -4, -5, -6, -7, -8, -9, -98],
}
DEFINITE = {2, 3, 4, 5, 6, 7, 8, 10, 12, 13}


@pytest.mark.parametrize(("code", "kind"), [(code, kind) for kind, codes in OPEN_BANKING.items() for code in codes])
@pytest.mark.parametrize("http", [200, 400, 401, 429, 503])
def test_a_code_of_open_banking_has_its_class_whatever_the_http_status(code, kind, http):
    assert rule_of_code(code, gateway=False, http_status=http).error_class is kind


@pytest.mark.parametrize(("code", "kind"), [(code, kind) for kind, codes in PAYMENTS.items() for code in codes])
@pytest.mark.parametrize("http", [200, 400, 401, 429, 503])
def test_a_code_of_the_gateway_has_its_class_whatever_the_http_status(code, kind, http):
    assert rule_of_code(code, gateway=True, http_status=http).error_class is kind


def test_the_tables_hold_the_codes_of_the_contract_and_no_others():
    assert set(CODES) == {code for codes in OPEN_BANKING.values() for code in codes} == {0, *range(2, 14)}
    assert set(GATEWAY_CODES) == {code for codes in PAYMENTS.values() for code in codes}
    assert set(DIRECT_CODES) == {*range(-109, -100), -198}


@pytest.mark.parametrize("code", [*range(-109, -100), -198])
def test_the_direct_product_means_the_same_a_hundred_below(code):
    assert rule_of_code(code, gateway=True, http_status=200) == GATEWAY_CODES[code + 100]


def test_exactly_these_codes_prove_that_no_money_moved():
    assert {code for code, rule in CODES.items() if rule.definite} == DEFINITE
    assert not [code for code, rule in (GATEWAY_CODES | DIRECT_CODES).items() if rule.definite]
    assert all(rule.definite and rule.error_class is ErrorClass.AUTHENTICATE for rule in TEXTS.values())


@pytest.mark.parametrize("gateway", [True, False])
@pytest.mark.parametrize("code", [14, -1000, "failed", ""])
@pytest.mark.parametrize(
    ("http", "kind"),
    [
        (200, ErrorClass.FINAL),
        (408, ErrorClass.TRANSIENT),
        (401, ErrorClass.AUTHENTICATE),
        (422, ErrorClass.FINAL),
        (429, ErrorClass.TRANSIENT),
        (500, ErrorClass.TRANSIENT),
    ],
)
def test_a_code_that_no_table_knows_is_classed_by_the_http_status(code, gateway, http, kind):
    assert rule_of_code(code, gateway=gateway, http_status=http) == rule_of_status(http)
    assert rule_of_status(http).error_class is kind
    assert not rule_of_status(http).definite


@pytest.mark.parametrize("code", [4, 5, 9, 13])
def test_the_gateways_codes_are_its_own(code):
    assert rule_of_code(code, gateway=True, http_status=200) == rule_of_status(200)


def test_no_code_of_the_gateway_means_anything_to_open_banking():
    assert rule_of_code(-2, gateway=False, http_status=200) == rule_of_status(200)


@pytest.mark.parametrize("rule", [*CODES.values(), *GATEWAY_CODES.values()])
def test_each_code_says_in_a_sentence_what_to_do(rule):
    assert rule.remedy.endswith(".")


def test_wrong_credentials_are_told_from_other_work_for_an_operator():
    assert {"2", "6", "13", "unauthenticated"} == CREDENTIAL_CODES


MATCH = endpoints.MATCH_MOBILE.request({"national_code": CODE, "mobile": MOBILE})


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (0, TransientFailure),
        (11, TransientFailure),
        (10, Rejected),
        *((code, OperatorNeeded) for code in (2, 3, 6, 7, 8, 9, 12, 13)),
    ],
)
def test_a_paid_read_is_not_asked_again_after_a_no_that_may_have_been_billed(code, error):
    wire = Wire(BANKING, match_mobile=[reply(code)], refresh_api_key=[new_key()])
    with pytest.raises(error) as caught:
        wire.call(MATCH)
    assert caught.value.code == str(code)
    assert len(wire.sent("match_mobile")) == 1


def test_a_second_refusal_names_the_three_suspects():
    wire = Wire(BANKING, match_mobile=[reply(4)], refresh_api_key=[new_key()])
    with pytest.raises(OperatorNeeded, match=r"whitelist.*enabled.*credentials") as caught:
        wire.call(MATCH)
    assert SUSPECTS in str(caught.value)


def test_a_validation_bag_reaches_the_error_masked_and_without_secrets():
    bag = {
        "iban": [f"شبا {IBAN} نادرست است."],
        "card": ["۶۰۳۷۹۹۰۰۰۰۰۰۰۰۰۶"],
        "access_password": ["word-of-a-test key-1"],
    }
    wire = Wire(BANKING, match_mobile=[reply(10, bag, message="خطا", http=422)], refresh_api_key=[new_key()])
    with pytest.raises(Rejected) as caught:
        wire.call(MATCH)
    shown = str(caught.value)
    assert "خطا; iban: شبا" in shown
    assert not [secret for secret in (IBAN, "۶۰۳۷۹۹۰۰۰۰۰۰۰۰۰۶", "word-of-a-test", "key-1") if secret in shown]


def test_a_secret_that_begins_like_another_is_hidden_to_its_end():
    shop = replace(BANKING, credentials={"application_id": "shop", "access_password": "shop-2026"})
    wire = Wire(shop, match_mobile=[reply(6, message="wrong: shop-2026")], refresh_api_key=[new_key()])
    with pytest.raises(OperatorNeeded) as caught:
        wire.call(MATCH)
    assert "2026" not in str(caught.value)


def test_a_refresh_token_that_is_not_the_connections_is_hidden_where_its_refusal_repeats_it():
    wire = Wire(BANKING, refresh_api_key=[reply(13, message="renewer-2 is dead")])
    renewal = BANKING.renewals(endpoints.API_KEY, [Tokens("key-0", "renewer-2")])[0]
    with pytest.raises(OperatorNeeded) as caught:
        wire.call(renewal.request)
    assert "renewer-2" not in str(caught.value)


def test_the_gateways_permanent_key_is_hidden_too():
    said = "gateway-of-a-test 0a1b2c3d"
    wire = Wire(GATEWAY, gateway_inquiry=[reply(-2, message=said)])
    with pytest.raises(OperatorNeeded) as caught:
        wire.call(endpoints.GATEWAY_INQUIRY.request({"ref_num": "ref-1"}))
    assert not [word for word in said.split() if word in str(caught.value)]


def test_an_unknown_code_of_the_gateway_keeps_its_code_and_its_message():
    wire = Wire(GATEWAY, gateway_inquiry=[reply(-77, message="متن تازه")])
    with pytest.raises(Rejected, match="متن تازه") as caught:
        wire.call(endpoints.GATEWAY_INQUIRY.request({"ref_num": "ref-1"}))
    assert caught.value.code == "-77"
