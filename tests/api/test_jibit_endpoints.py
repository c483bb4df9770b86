"""What goes on Jibit's wire, and what its answers become."""

from __future__ import annotations

from datetime import date

import pytest

from airflow_provider_iranpay.api.contract import UnreadablePayload
from airflow_provider_iranpay.api.jibit import ENDPOINTS, answers
from airflow_provider_iranpay.exceptions import InvalidInput

CARD, IBAN, CODE, MOBILE = "6037990000000006", "IR760170000000000000000001", "0012345679", "09120000000"
PERSON = {"national_code": CODE, "birth_date": "13700115"}

WIRE = [
    ("card_inquiry", {"card": CARD}, {"number": CARD}),
    ("card_to_account", {"card": CARD}, {"number": CARD, "deposit": "true"}),
    ("card_to_iban", {"card": CARD}, {"number": CARD, "iban": "true"}),
    ("iban_inquiry", {"iban": IBAN}, {"value": IBAN}),
    ("account_to_iban", {"bank": "melli", "account": "100200"}, {"bank": "MELLI", "number": "100200", "iban": "true"}),
    ("card_to_iban_availability", {}, {"cardToIBAN": "true"}),
    ("match_card", {"card": CARD} | PERSON, {"cardNumber": CARD, "nationalCode": CODE, "birthDate": "13700115"}),
    ("match_iban", {"iban": IBAN} | PERSON, {"iban": IBAN, "nationalCode": CODE, "birthDate": "13700115"}),
    ("match_mobile", {"mobile": MOBILE, "national_code": CODE}, {"nationalCode": CODE, "mobileNumber": MOBILE}),
    ("postal_code", {"postal_code": "1134567891"}, {"code": "1134567891"}),
    ("military_service", {"national_code": CODE}, {"nationalCode": CODE}),
    ("sana", {"national_code": CODE, "mobile": MOBILE}, {"nationalCode": CODE, "mobileNumber": MOBILE}),
    ("balances", {}, {}),
    ("daily_report", {"day": date(2021, 9, 30)}, {"yearMonthDay": "000708"}),
    ("match_card_name", {"card": CARD, "name": "علي  رضايي"}, {"cardNumber": CARD, "name": "علی رضایی"}),
    ("match_iban_name", {"iban": IBAN, "name": "سارا"}, {"iban": IBAN, "name": "سارا"}),
    (
        "match_account_name",
        {"bank": "017", "account": "100200", "name": "سارا"},
        {"bank": "MELLI", "depositNumber": "100200", "name": "سارا"},
    ),
    (
        "match_account",
        {"bank": "MELLI", "account": "100200"} | PERSON,
        {"bank": "MELLI", "depositNumber": "100200", "nationalCode": CODE, "birthDate": "13700115"},
    ),
    (
        "name_similarity",
        {"first_name": "سارا"} | PERSON,
        {"nationalCode": CODE, "birthDate": "13700115", "firstName": "سارا"},
    ),
    ("foreigner_identity", {"fida_code": "123456789012"}, {"fida": "123456789012"}),
    ("corporation_identity", {"code": "10123456788"}, {"code": "10123456788"}),
    ("postal_location", {"postal_code": "1134567891"}, {"code": "1134567891"}),
]


@pytest.mark.parametrize(("service", "values", "wire"), WIRE, ids=[row[0] for row in WIRE])
def test_inputs_go_on_the_wire_as_jibit_wants_them(service, values, wire):
    assert dict(ENDPOINTS[service].request(values).query) == wire


def test_every_endpoint_is_in_the_table_above():
    assert {row[0] for row in WIRE} == set(ENDPOINTS)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("card", "6037990000000007", "check_digit"),
        ("national_code", "1111111111", "repeated_digit"),
        ("birth_date", "1990-01-15", "gregorian"),
        ("birth_date", "13701301", None),
        ("card", None, "empty"),
    ],
)
def test_bad_input_names_the_field_the_reason_and_the_remedy_and_hides_the_value(field, value, reason):
    with pytest.raises(InvalidInput) as caught:
        ENDPOINTS["match_card"].request({"card": CARD} | PERSON | {field: value})
    assert caught.value.field == field
    assert reason in (None, caught.value.reason)
    assert caught.value.remedy
    assert str(value) not in str(caught.value)


@pytest.mark.parametrize("day", ["1300/01/01", "1450/01/01"])
def test_a_report_day_that_two_digits_cannot_write_is_refused(day):
    with pytest.raises(InvalidInput, match="daily_report: day: year"):
        ENDPOINTS["daily_report"].request({"day": day})


def test_a_similarity_needs_at_least_one_name():
    with pytest.raises(InvalidInput, match="at least one of first_name"):
        ENDPOINTS["name_similarity"].request(PERSON)


def test_a_request_shows_no_personal_data():
    assert CARD not in repr(ENDPOINTS["match_card"].request({"card": CARD} | PERSON))


@pytest.mark.parametrize("nothing", [None, float("nan"), "", "  "])
def test_an_optional_input_that_is_a_blank_cell_is_not_given(nothing):
    request = ENDPOINTS["name_similarity"].request({"first_name": "سارا", "last_name": nothing} | PERSON)
    assert "lastName" not in request.query


def test_a_misspelt_input_is_an_error_and_not_another_question():
    with pytest.raises(TypeError, match="no parameter lastname"):
        ENDPOINTS["name_similarity"].request({"first_name": "سارا", "lastname": "الف"} | PERSON)


def test_an_answer_shows_no_personal_data():
    info = answers.read_card(
        {"number": CARD, "cardInfo": {"bank": "MELLI", "ownerName": "سارا", "depositNumber": "1002"}}
    )
    assert repr(info) == "CardInfo(bank='MELLI', type=None)"


def test_the_answer_to_another_question_is_refused():
    request = ENDPOINTS["card_inquiry"].request({"card": CARD})
    with pytest.raises(UnreadablePayload, match="not the one that was asked about"):
        request.read({"number": "6104330000000003", "cardInfo": {"bank": "MELLAT"}})


@pytest.mark.parametrize("echo", [6104330000000003, "6104-3300-0000-0003", "6104330000000003"])
def test_another_number_in_the_echo_is_seen_however_it_is_written(echo):
    with pytest.raises(UnreadablePayload):
        ENDPOINTS["card_inquiry"].request({"card": CARD}).read({"number": echo, "cardInfo": {"bank": "MELLAT"}})


@pytest.mark.parametrize("echo", [None, int(CARD), "6037-9900-0000-0006", "603799******0006"])
def test_the_same_number_is_accepted_however_it_is_written(echo):
    assert ENDPOINTS["card_inquiry"].request({"card": CARD}).read({"number": echo, "cardInfo": {"bank": "MELLI"}})


def test_an_iban_in_small_letters_is_the_same_iban():
    answer = ENDPOINTS["iban_inquiry"].request({"iban": IBAN}).read({"value": IBAN.lower(), "ibanInfo": {}})
    assert answer.iban == IBAN


@pytest.mark.parametrize(
    ("read", "payload"),
    [
        (answers.read_iban, {"value": IBAN, "ibanInfo": {"iban": "IR470120000000000000012345"}}),
        (answers.read_iban, {"ibanInfo": {"bank": "MELLI"}}),
        (answers.read_card_iban, {"ibanInfo": {"iban": "0"}}),
        (answers.read_card_iban, {"ibanInfo": {"iban": IBAN[:-1] + "2"}}),
        (answers.read_card, {"cardInfo": {}}),
        (answers.read_postal_address, {"addressInfo": {}}),
        (answers.read_postal_location, {"wgsInfo": {"latitude": True, "longitude": 51.0}}),
        (answers.read_availability, {"availabilityReport": {"MELLI": 1}}),
        (answers.read_identity, {"code": "10123456788", "message": "x"}),
        (answers.read_tokens, {"accessToken": "with\nbreak", "refreshToken": "r"}),
        (answers.read_tokens, {"accessToken": "توکن", "refreshToken": "r"}),
    ],
)
def test_an_answer_that_says_nothing_or_two_things_is_unreadable(read, payload):
    with pytest.raises(UnreadablePayload):
        read(payload)


@pytest.mark.parametrize("key", ["province", "Province"])
def test_a_province_is_read_in_both_spellings(key):
    assert answers.read_postal_address({"addressInfo": {key: "تهران"}}).province == "تهران"


def test_the_short_form_of_an_account_conversion_comes_first():
    payload = {
        "number": "100200",
        "depositToIBANInfo": {"bank": "MELLI", "iban": IBAN},
        "ibanInfo": {"iban": "IR470120000000000000012345", "status": "ACTIVE", "owners": [{"firstName": "سارا"}]},
    }
    answer = answers.read_account_iban(payload)
    assert (answer.iban, answer.bank, answer.status, len(answer.owners)) == (IBAN, "MELLI", "ACTIVE", 1)


def test_unknown_words_of_an_enumeration_pass_as_text():
    answer = answers.read_iban({"value": IBAN, "ibanInfo": {"bank": "MARS_BANK", "status": "SLEEPING"}, "new": 1})
    assert (answer.bank, answer.status) == ("MARS_BANK", "SLEEPING")


@pytest.mark.parametrize("matched", ["true", "false", 0, 1, None, [], {}])
def test_only_a_json_boolean_is_a_match(matched):
    with pytest.raises(UnreadablePayload):
        answers.read_matched({"matched": matched})


@pytest.mark.parametrize("count", [-1, 1.5, "3", True, None, 2**63, 2**60])
def test_a_count_is_a_whole_number_of_zero_or_more(count):
    with pytest.raises(UnreadablePayload):
        answers.read_daily_report({"report": [{"services": [{"service": "X", "persianName": "ایکس", "count": count}]}]})


def test_a_day_without_use_is_an_empty_report_and_a_missing_report_is_unreadable():
    assert answers.read_daily_report({"report": []}).reports == ()
    with pytest.raises(UnreadablePayload):
        answers.read_daily_report({})
