"""What the answers of open banking and wallet become: read strictly, amounts never rounded, personal data not shown."""

from __future__ import annotations

import contextlib
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.api.contract import UnreadablePayload
from airflow_provider_iranpay.api.paystar import answers
from airflow_provider_iranpay.iran.days import TEHRAN
from tests.api.paystar_wire import IBAN

LINE = {
    "transaction_trace": "tr-1",
    "transaction_date_time": "05-08-30 12:00:00",
    "debit_amount": 0,
    "credit_amount": "1,250,000",
    "additional": "واریز سارا",
}


def envelope(data: object) -> dict[str, object]:
    return {"status": 1, "data": data, "message": ""}


def balance(amount: object) -> int:
    return answers.read_account_balance(envelope({"balance": amount})).amount_rial


# data


@pytest.mark.parametrize("data", [{"is_matched": True}, [{"is_matched": True}]])
def test_one_object_may_stand_in_a_list(data):
    assert answers.read_matched(envelope(data)) is True


@pytest.mark.parametrize("data", [None, "", [], {}, [{}, {}], [5], "text", 5, 0, False, True, [None], [[]]])
def test_data_that_is_not_one_object_is_unreadable(data):
    with pytest.raises(UnreadablePayload):
        answers.data_object(envelope(data))


def test_data_that_is_missing_is_unreadable_where_one_object_belongs_and_empty_where_any_number_may():
    assert answers.data_objects({"status": "ok"}) == ()
    with pytest.raises(UnreadablePayload):
        answers.data_object({"status": "ok"})


@pytest.mark.parametrize(
    ("data", "objects"),
    [(None, ()), ([], ()), ({}, ()), ("", ()), ({"a": 1}, ({"a": 1},)), ([{}, {"a": 1}], ({}, {"a": 1}))],
)
def test_data_may_be_any_number_of_objects(data, objects):
    assert answers.data_objects(envelope(data)) == objects


@pytest.mark.parametrize("data", [[5], [{}, "text"], 5, "text", True, False, 0])
def test_data_that_holds_something_else_is_unreadable(data):
    with pytest.raises(UnreadablePayload):
        answers.data_objects(envelope(data))


# Matchings


@pytest.mark.parametrize("matched", [True, False])
def test_a_matching_is_a_json_boolean(matched):
    assert answers.read_matched(envelope({"is_matched": matched})) is matched


@pytest.mark.parametrize("matched", ["true", "false", 0, 1, 1.0, None, [], "بله"])
def test_anything_else_is_no_matching(matched):
    with pytest.raises(UnreadablePayload):
        answers.read_matched(envelope({"is_matched": matched}))


# IBANs


def test_a_conversion_brings_the_iban_its_bank_and_its_owners():
    data = {"iban": IBAN.lower(), "bank_name": "ملی", "owners": [{"first_name": "سارا", "lastName": "الف"}]}
    answer = answers.read_iban(envelope(data))
    assert (answer.iban, answer.bank) == (IBAN, "ملی")
    assert answer.owners == (answers.Owner(first_name="سارا", last_name="الف"),)


@pytest.mark.parametrize(
    "data", [{"bank": "ملی"}, {"iban": ""}, {"iban": None}, {"iban": IBAN[:-1] + "2"}, {"iban": "0"}]
)
def test_a_conversion_without_a_valid_iban_is_unreadable(data):
    with pytest.raises(UnreadablePayload):
        answers.read_iban(envelope(data))


@pytest.mark.parametrize("data", [{"bank": "ملی"}, {"owners": [{"first_name": "سارا"}]}, {"bank": "نو", "iban": IBAN}])
def test_an_inquiry_brings_owners_or_bank(data):
    assert answers.read_iban_owners(envelope(data))


@pytest.mark.parametrize("data", [{"iban": IBAN}, {"bank": "", "owners": []}, {"owners": "سارا"}, {"owners": [5]}])
def test_an_inquiry_that_names_neither_is_unreadable(data):
    with pytest.raises(UnreadablePayload):
        answers.read_iban_owners(envelope(data))


# Amounts


@pytest.mark.parametrize("amount", [1_250_000, 1_250_000.0, "1250000", "1,250,000", "۱٬۲۵۰٬۰۰۰", " 1,250,000 "])
def test_an_amount_is_read_in_every_form_that_is_exact(amount):
    assert balance(amount) == 1_250_000


@pytest.mark.parametrize(
    "amount", [1_250_000.5, 0.1, "1250000.0", "1,25", "1,2500,000", "ten", True, [], {}, 2**60, 2.0**53, "9" * 40]
)
def test_an_amount_that_is_not_exact_is_unreadable_and_never_rounded(amount):
    with pytest.raises(UnreadablePayload):
        balance(amount)


@given(amount=st.integers(0, 2**60 - 1))
def test_any_amount_is_read_the_same_as_number_and_as_text(amount):
    assert balance(amount) == balance(str(amount)) == balance(f"{amount:,}") == amount


@given(amount=st.floats(allow_nan=False))
def test_a_float_is_read_exactly_or_not_at_all(amount):
    try:
        read = balance(amount)
    except UnreadablePayload:
        assert not amount.is_integer() or abs(amount) >= 2**53
    else:
        assert read == amount


# Balances


@pytest.mark.parametrize("name", ["balance", "amount", "available_balance", "available_amount"])
def test_the_amount_of_a_balance_is_found_under_each_assumed_name(name):
    assert answers.read_account_balance(envelope({"account": "1", name: "5,000"})).amount_rial == 5_000


@pytest.mark.parametrize("data", [5_000, "5,000", [{"balance": 5_000}]])
def test_a_balance_may_be_data_itself(data):
    assert answers.read_account_balance(envelope(data)).amount_rial == 5_000


@pytest.mark.parametrize("data", [None, "", {}, [], True, {"sum": 5}, {"balance": None}, {"balance": "?"}, 5.5])
def test_a_balance_without_an_amount_is_unreadable(data):
    with pytest.raises(UnreadablePayload):
        answers.read_account_balance(envelope(data))


def test_a_wallet_has_a_total_and_what_of_it_is_available():
    answer = answers.read_wallet_balance(envelope({"total_amount": "1,250,000", "available_amount": 0}))
    assert (answer.total_rial, answer.available_rial) == (1_250_000, 0)


@pytest.mark.parametrize(
    "data", [{"total_amount": 1}, {"available_amount": 1}, {"total_amount": 1, "available_amount": None}]
)
def test_a_wallet_that_lacks_one_of_the_two_is_unreadable(data):
    with pytest.raises(UnreadablePayload):
        answers.read_wallet_balance(envelope(data))


# Statements


def test_a_statement_is_its_lines_in_their_order():
    other = LINE | {"transaction_trace": 7, "debit_amount": 300, "credit_amount": None, "additional": ""}
    first, second = answers.read_statement(envelope({"transactions": [LINE, other]})).lines
    assert (first.trace, first.debit_rial, first.credit_rial) == ("tr-1", 0, 1_250_000)
    assert first.at == datetime(2026, 11, 21, 12, tzinfo=TEHRAN)
    assert (second.trace, second.debit_rial, second.credit_rial, second.additional) == ("7", 300, 0, None)


def test_a_statement_without_lines_is_an_empty_one():
    assert answers.read_statement(envelope({"transactions": []})).lines == ()


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"transactions": None},
        {"transactions": {}},
        {"transactions": [5]},
        *({"transactions": [LINE | wrong]} for wrong in (
            {"transaction_date_time": None}, {"transaction_date_time": "05-08-30"}, {"debit_amount": 1.5},
            {"credit_amount": "x"}, {"credit_amount": False},
        )),
    ],
)  # fmt: skip
def test_a_statement_with_a_line_that_cannot_be_read_is_unreadable(data):
    with pytest.raises(UnreadablePayload):
        answers.read_statement(envelope(data))


# What is shown


def test_no_answer_shows_personal_data():
    owners = answers.read_iban(envelope({"iban": IBAN, "bank": "MELLI", "owners": [{"first_name": "سارا"}]}))
    statement = answers.read_statement(envelope({"transactions": [LINE]}))
    account = answers.read_account_balance(envelope({"balance": 777_000}))
    shown = repr((owners, owners.owners, statement, statement.lines, account))
    assert "MELLI" in shown
    assert not [secret for secret in (IBAN, "سارا", "1250000", "777000") if secret in shown]


def test_the_envelope_stays_with_the_answer_as_it_came():
    payload = envelope({"iban": IBAN, "new": [1]})
    assert answers.read_iban(payload).raw == payload


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(IBAN),
    lambda x: (
        st.lists(x, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["iban", "owners", "bank", "balance", "transactions", "is_matched", "api_key", "total_amount"]
            ),
            x,
            max_size=4,
        )
    ),
)


@pytest.mark.parametrize(
    "read",
    [
        answers.read_account_balance,
        answers.read_iban,
        answers.read_iban_owners,
        answers.read_api_key,
        answers.read_inquiry_key,
        answers.read_matched,
        answers.read_statement,
        answers.read_wallet_balance,
    ],
)
@given(data=JSON)
def test_an_answer_is_read_or_unreadable_and_nothing_else(read, data):
    with contextlib.suppress(UnreadablePayload):
        read(envelope(data))
