"""Every parameter is checked to the letter, before anything is billed."""

from __future__ import annotations

import pytest

from airflow_provider_iranpay.sandbox.jibit.services import SERVICES

CARD, IBAN, CODE, BIRTH, MOBILE = (
    "6037990000000006",
    "IR760170000000000000000001",
    "0012345679",
    "13600101",
    "09121234567",
)
CARD_TRIPLE = {"cardNumber": CARD, "nationalCode": CODE, "birthDate": BIRTH}
IBAN_TRIPLE = {"iban": IBAN, "nationalCode": CODE, "birthDate": BIRTH}
SHAHKAR = {"nationalCode": CODE, "mobileNumber": MOBILE}
BY_NAME = {"bank": "MELLI", "depositNumber": "12-34.5/6", "name": "علی"}

WELL_FORMED = {
    "cards": {"number": CARD},
    "ibans": {"value": IBAN},
    "deposits": {"bank": "MELLI", "number": "123", "iban": "true"},
    "services/postal": {"code": "1111111111"},
    "services/postal/wgs": {"code": "1111111111"},
    "services/social/msq": {"nationalCode": CODE},
    "services/social/sana": SHAHKAR,
    "services/identity/similarity": {"nationalCode": CODE, "birthDate": BIRTH},
    "services/foreigners/identity": {"fida": "123456789012"},
    "services/corporation/identity": {"code": "10123456788"},
    "reports/daily": {"yearMonthDay": "000708"},
}
MATCHINGS = [CARD_TRIPLE, IBAN_TRIPLE, SHAHKAR, BY_NAME]
CALLS = [*WELL_FORMED.items(), *(("services/matching", asked) for asked in MATCHINGS)]
FLAGS = {"iban": "true"}

NOT_VALID = {
    "number": ["6037990000000007", "603799000000000", "6037-9900-0000-0006", "۶۰۳۷۹۹۰۰۰۰۰۰۰۰۰۶", "6037 9900 0000 0006"],
    "value": ["IR750170000000000000000001", "ir760170000000000000000001", "760170000000000000000001", "IR76"],
    "nationalCode": ["0012345678", "12345679", "1111111111", "۰۰۱۲۳۴۵۶۷۹"],
    "birthDate": ["1360/01/01", "۱۳۶۰۰۱۰۱", "19900101", "13601301", "13600631x", "13600732", "136011", "11990101"],
    "mobileNumber": ["9121234567", "+989121234567", "0912123456", "08121234567", "۰۹۱۲۱۲۳۴۵۶۷"],
    "code": ["111111111", "abcdefghij", "11111-11111"],
    "fida": ["12345678901", "12345678901a"],
    "bank": ["melli", "NO_SUCH_BANK", "017"],
    "depositNumber": ["abc", "۱۲۳", "--"],
    "yearMonthDay": ["708", "14000708", "001308", "00/7/8", "۰۰۰۷۰۸"],
}
LEGAL_IDS = ["10123456789", "1012345678", "۱۰۱۲۳۴۵۶۷۸۸"]


@pytest.mark.parametrize(("path", "asked"), CALLS)
def test_each_required_parameter_is_missed_when_blank(caller, path, asked):
    for name in asked.keys() - FLAGS.keys() if path != "services/matching" else asked:
        got = caller.get(path, **asked | {name: ""})
        assert (got.status, got.code) == (400, f"{name}.is_required")


@pytest.mark.parametrize(("path", "asked"), WELL_FORMED.items())
def test_each_required_parameter_is_missed_when_absent(caller, path, asked):
    for name in asked.keys() - FLAGS.keys():
        got = caller.get(path, **{key: value for key, value in asked.items() if key != name})
        assert (got.status, got.code) == (400, f"{name}.is_required")


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        (["cardNumber", "nationalCode"], "birthDate"),
        (["cardNumber", "birthDate"], "nationalCode"),
        (["iban", "nationalCode"], "birthDate"),
        (["iban"], "nationalCode"),
        (["mobileNumber"], "nationalCode"),
        (["bank", "depositNumber"], "name"),
        (["depositNumber", "name"], "bank"),
        (["nationalCode", "birthDate"], "cardNumber"),
        ([], "cardNumber"),
    ],
)
def test_an_incomplete_matching_misses_what_the_nearest_matching_needs(caller, given, missing):
    everything = CARD_TRIPLE | IBAN_TRIPLE | SHAHKAR | BY_NAME
    got = caller.get("services/matching", **{name: everything[name] for name in given})
    assert (got.status, got.code) == (400, f"{missing}.is_required")


@pytest.mark.parametrize(("path", "asked"), CALLS)
def test_each_malformed_parameter_is_named(caller, path, asked):
    for name in asked.keys() & NOT_VALID.keys():
        form = "depositNumber" if path == "deposits" and name == "number" else name
        for value in LEGAL_IDS if path == "services/corporation/identity" else NOT_VALID[form]:
            got = caller.get(path, **asked | {name: value})
            assert (got.status, got.code) == (400, f"{name}.not_valid"), value


def test_every_form_of_a_parameter_is_tried_somewhere():
    tried = {name for _, asked in CALLS for name in asked} | {"apiKey", "secretKey", "accessToken", "refreshToken"}
    known = {parameter.name for service in SERVICES for parameter in service.parameters if parameter.required}
    assert known <= tried


def test_a_message_is_persian(caller):
    message = caller.get("cards", number="1").body["message"]
    assert any("\u0600" <= letter <= "\u06ff" for letter in message)


def test_the_envelope_is_flat(caller):
    assert caller.get("cards", number="1").body.keys() == {"code", "message"}


def test_the_leap_day_is_valid_in_leap_years_alone(caller):
    assert caller.get("services/matching", **CARD_TRIPLE | {"birthDate": "13991230"}).code == "matching.unknown"
    assert caller.get("services/matching", **CARD_TRIPLE | {"birthDate": "14001230"}).code == "birthDate.not_valid"


def test_texts_have_a_limit(caller):
    assert caller.get("services/matching", **BY_NAME | {"name": "ا" * 101}).code == "name.length_exceeded"
    too_long = BY_NAME | {"depositNumber": "1" * 31}
    assert caller.get("services/matching", **too_long).code == "depositNumber.length_exceeded"


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("cards", {"number": CARD, "iban": "true", "deposit": "true"}),
        ("deposits", {"bank": "MELLI", "number": "123"}),
        ("services/availability", {}),
        ("services/matching", {**CARD_TRIPLE, "iban": IBAN}),
        ("services/matching", {**CARD_TRIPLE, "mobileNumber": MOBILE}),
    ],
)
def test_combinations_that_mean_nothing_are_not_acceptable(caller, path, asked):
    got = caller.get(path, **asked)
    assert (got.status, got.code) == (400, "parameters.not_acceptable")


def test_a_flag_that_is_neither_true_nor_false_is_not_valid(caller):
    assert caller.get("cards", number=CARD, iban="maybe").code == "iban.not_valid"


def test_parameters_that_no_service_knows_are_ignored(caller):
    assert caller.get("cards", number=CARD, utm_source="x").code == "card.not_found"


@pytest.mark.parametrize("path", ["nothing", "cards/", "services"])
def test_an_unknown_path_has_no_handler(caller, path):
    got = caller.get(path)
    assert (got.status, got.code) == (404, "handler.not_found")


def test_a_wrong_method_has_no_handler(caller):
    assert caller.send("POST", "/ide/v1/cards", {}, **caller.bearer()).code == "handler.not_found"
    assert caller.send("GET", "/ide/v1/tokens/generate", **caller.bearer()).code == "handler.not_found"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff"])
def test_a_body_that_is_no_json_object_is_not_read(caller, body):
    got = caller.send("POST", "/ide/v1/services/matching", body, **caller.bearer())
    assert (got.status, got.code) == (400, "invalid.request_body")


def test_a_track_id_is_echoed(caller):
    assert caller.get("balances", track="a" * 50).headers["X-TRACK-ID"] == "a" * 50
    assert caller.get("cards", track="on-errors-too").headers["X-TRACK-ID"] == "on-errors-too"


def test_a_track_id_of_more_than_50_characters_is_refused(caller):
    got = caller.get("balances", track="a" * 51)
    assert (got.status, got.code) == (400, "trackId.length_exceeded")
    assert "X-TRACK-ID" not in got.headers
