"""Jibit's failures: every code of the contract in its class, and open lists that never end in a guess."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.api.contract import ErrorClass, Failure, Success
from airflow_provider_iranpay.api.jibit import Jibit, endpoints

JIBIT = Jibit("key", "secret")
MATCH = endpoints.MATCH_MOBILE.request({"national_code": "0012345679", "mobile": "09120000000"})

CONTRACT = {
    ErrorClass.AUTHENTICATE: """forbidden token.is_required accessToken.is_required refreshToken.is_required
        refreshToken.not_valid refreshToken.something_new invalid.tokens_pair""",
    ErrorClass.TRANSIENT: """server.error providers.not_available card.provider_is_not_active
        card.source_bank_is_not_active""",
    ErrorClass.QUOTA: "daily_limit.reached",
    ErrorClass.OPERATOR: """invalid.credentials client.not_found balance.not_enough handler.not_found
        apiKey.is_required secretKey.is_required apiKey.something_new secretKey.not_valid""",
    ErrorClass.FINAL: """nationalCode.is_required birthDate.not_valid number.not_valid iban.not_found
        number.length_exceeded card.black_listed matching.unknown parameters.not_acceptable conversion.failed
        card.not_active card.is_expired card.registered_as_lost card.registered_as_stolen card.owner_not_authorized
        card_type.not_supported identity_info.not_found iban.owner_not_found names.not_match invalid.request_body""",
}


def understand(status: int, body: object) -> Success | Failure | None:
    return JIBIT.understand(MATCH, status, body if isinstance(body, bytes) else json.dumps(body).encode())


@pytest.mark.parametrize(
    ("code", "error_class"), [(code, kind) for kind, codes in CONTRACT.items() for code in codes.split()]
)
@pytest.mark.parametrize("status", [200, 400, 403, 404, 500])
def test_a_code_of_the_contract_has_its_class_whatever_the_status(code, error_class, status):
    failure = understand(status, {"code": code, "message": "پیام"})
    assert (failure.code, failure.error_class) == (code, error_class)
    assert failure.remedy


@pytest.mark.parametrize(
    ("status", "error_class"),
    [(400, ErrorClass.FINAL), (404, ErrorClass.FINAL), (429, ErrorClass.TRANSIENT), (503, ErrorClass.TRANSIENT)],
)
def test_an_unknown_code_keeps_its_text_and_is_classed_by_the_status(status, error_class):
    failure = understand(status, {"code": "moon.is_full", "message": ""})
    assert (failure.code, failure.error_class) == ("moon.is_full", error_class)


def test_the_flat_envelope_comes_before_the_nested_one():
    both = {"code": "card.not_active", "message": "", "errors": [{"code": "server.error"}]}
    assert understand(400, both).code == "card.not_active"
    assert understand(400, {"errors": [{"code": "server.error", "message": "x"}]}).code == "server.error"


@pytest.mark.parametrize(("status", "code"), [(404, "http_404"), (400, "http_400"), (401, "http_401")])
def test_an_envelope_without_a_code_is_classed_by_the_status(status, code):
    assert understand(status, {"message": "x"}).code == code


@pytest.mark.parametrize("status", [500, 502, 503, 408, 301])
def test_an_object_without_a_code_is_no_answer_where_the_status_is_a_gateways(status):
    assert understand(status, {"message": "Service Unavailable"}) is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"text"', b'{"matched": tr', b"\xff\xfe", b'{"a": NaN}'])
@pytest.mark.parametrize("status", [200, 403, 404, 429, 500])
def test_a_body_that_is_not_a_json_object_is_no_answer(status, body):
    assert understand(status, body) is None


def test_a_bare_401_asks_for_new_tokens():
    assert understand(401, b"").error_class is ErrorClass.AUTHENTICATE


def test_json_of_endless_depth_is_no_answer():
    assert understand(200, b'{"a":' * 100_000) is None


def test_a_postal_code_in_a_field_called_code_is_no_error():
    request = endpoints.POSTAL_CODE.request({"postal_code": "1134567891"})
    body = json.dumps({"code": "1134567891", "addressInfo": {"province": "تهران"}}).encode()
    assert isinstance(JIBIT.understand(request, 200, body), Success)


@pytest.mark.parametrize("body", [{"matched": True, "code": "OK"}, {"code": "SUCCESS", "result": {"matched": True}}])
def test_a_2xx_with_a_code_of_no_table_is_an_answer_that_counts_as_paid(body):
    assert isinstance(understand(200, body), Success)


@pytest.mark.parametrize("code", ["server.error", "forbidden", "daily_limit.reached"])
def test_an_error_with_status_200_is_no_identity(code):
    request = endpoints.FOREIGNER_IDENTITY.request({"fida_code": "123456789012"})
    body = json.dumps({"code": code, "message": "پیام"}).encode()
    assert JIBIT.understand(request, 200, body).code == code


@pytest.mark.parametrize("body", [{}, {"message": "API rate limit exceeded"}])
def test_a_429_without_a_code_is_no_answer(body):
    assert understand(429, body) is None


@pytest.mark.parametrize("escape", [b"\\ud800", b"\\u0000"])
def test_an_escape_that_no_database_can_hold_makes_no_answer(escape):
    assert understand(200, b'{"matched": true, "name": "' + escape + b'"}') is None


def test_a_backslash_that_was_meant_is_no_escape():
    assert understand(200, b'{"matched": true, "name": "\\\\u0000"}').payload["name"] == "\\u0000"


def test_persian_in_escapes_is_read():
    assert understand(200, b'{"matched": true, "name": "\\u0633\\u0627"}').payload["name"] == "سا"


def test_a_key_that_stands_twice_makes_no_answer():
    assert understand(200, b'{"matched": false, "matched": true}') is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda x: st.lists(x) | st.dictionaries(st.text(), x),
)


@given(status=st.integers(100, 599), body=st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_response_whatever_raises(status, body):
    understand(status, body)
