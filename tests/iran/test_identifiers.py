"""The rule of each identifier, one value at a time."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.iran.digits import INVISIBLE_MARKS
from airflow_provider_iranpay.iran.identifiers import (
    Checked,
    Doubt,
    Reason,
    account,
    build_iban,
    card,
    complete_card,
    complete_national_code,
    fida_code,
    iban,
    legal_id,
    mobile,
    national_code,
    person_name,
    postal_code,
)
from tests.iran.vectors import (
    ARABIC_INDIC,
    PERSIAN,
    VALID_CARDS,
    VALID_FIDA_CODE,
    VALID_IBANS,
    VALID_LEGAL_IDS,
    VALID_MOBILE,
    VALID_NATIONAL_CODES,
    VALID_POSTAL_CODE,
    with_one_digit_changed,
)

Check = Callable[[object], Checked]

VALID: list[tuple[Check, str]] = [
    *((national_code, code) for code in VALID_NATIONAL_CODES),
    *((legal_id, number) for number in VALID_LEGAL_IDS),
    *((iban, number) for number in VALID_IBANS),
    *((card, number) for number in VALID_CARDS),
    (mobile, VALID_MOBILE),
    (postal_code, VALID_POSTAL_CODE),
    (fida_code, VALID_FIDA_CODE),
    (account, "0201234567000"),
]
ALL_CHECKS = (national_code, legal_id, fida_code, iban, card, mobile, postal_code, account, person_name)


def digits_of(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=length, max_size=length)


# Every identifier


@pytest.mark.parametrize(("check", "text"), VALID)
def test_a_canonical_text_passes_unchanged(check: Check, text: str) -> None:
    assert check(text) == Checked(text)


@pytest.mark.parametrize(("check", "text"), VALID)
@pytest.mark.parametrize("script", [PERSIAN, ARABIC_INDIC], ids=["persian", "arabic-indic"])
def test_persian_and_arabic_digits_are_read(check: Check, text: str, script: dict[int, int]) -> None:
    assert check(text.translate(script)) == Checked(text)


@given(st.sampled_from(VALID), st.data())
def test_marks_and_white_space_anywhere_change_nothing(valid: tuple[Check, str], data: st.DataObject) -> None:
    check, text = valid
    dressing = st.text(INVISIBLE_MARKS + " \t\n\u00a0\u3000", max_size=3)
    dressed = "".join(data.draw(dressing) + character for character in text) + data.draw(dressing)
    assert check(dressed) == Checked(text)


@pytest.mark.parametrize("check", ALL_CHECKS)
@pytest.mark.parametrize("value", [None, float("nan"), pd.NA, pd.NaT, Decimal("NaN"), "", " \n", INVISIBLE_MARKS])
def test_nothing_is_refused_as_empty(check: Check, value: object) -> None:
    assert check(value) == Checked(None, Reason.EMPTY)


@pytest.mark.parametrize("check", ALL_CHECKS)
@pytest.mark.parametrize("value", [True, False, b"0012345679", ["0012345679"], {}, object(), 1j])
def test_what_is_neither_text_nor_number_is_refused(check: Check, value: object) -> None:
    assert check(value) == Checked(None, Reason.TYPE)


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.text(),
    st.text("0123456789۰۱۲٣٤IRir+-_./ \u200c", max_size=40),
    st.binary(),
    st.integers(),
    st.integers(min_value=-(10**30), max_value=10**30),
    st.floats(),
    st.decimals(),
    st.complex_numbers(),
    st.dates(),
    st.datetimes(),
    st.lists(st.integers()),
    st.just(object()),
    st.just(10**5000),
)


@pytest.mark.parametrize("check", ALL_CHECKS)
@given(value=anything)
def test_any_object_gets_either_a_value_or_a_reason(check: Check, value: object) -> None:
    checked = check(value)
    assert checked.ok == (checked.value is not None) == (checked.reason is None)


@pytest.mark.parametrize("check", ALL_CHECKS)
@given(value=anything)
def test_a_canonical_value_is_its_own_canonical_value(check: Check, value: object) -> None:
    checked = check(value)
    if checked.ok:
        assert check(checked.value) == checked


@pytest.mark.parametrize(("check", "text"), VALID)
def test_a_verdict_does_not_show_the_value(check: Check, text: str) -> None:
    assert text not in repr(check(text))


@pytest.mark.parametrize(
    ("check", "text"), [(check, text) for check, text in VALID if check not in {mobile, postal_code, account}]
)
def test_one_digit_more_or_less_is_another_length(check: Check, text: str) -> None:
    assert check(text + "1").reason is Reason.LENGTH
    if check is not national_code:
        assert check(text[:-1]).reason is Reason.LENGTH


@pytest.mark.parametrize("check", [national_code, legal_id, fida_code, card, postal_code])
@pytest.mark.parametrize("digit", "0123456789")
def test_one_digit_all_the_way_is_refused(check: Check, digit: str) -> None:
    length = {national_code: 10, legal_id: 11, fida_code: 12, card: 16, postal_code: 10}[check]
    assert check(digit * length).reason is Reason.REPEATED_DIGIT


@pytest.mark.parametrize("text", ["12345679x", "x12345679", "12,345,679", "1.2345679E7", "-12345679", "१२३४५६७८९०"])
@pytest.mark.parametrize("check", [national_code, legal_id, fida_code, card, mobile, postal_code, account])
def test_foreign_characters_are_refused(check: Check, text: str) -> None:
    assert check(text).reason is Reason.CHARACTERS


# National code


@pytest.mark.parametrize(
    ("value", "canonical"),
    [
        ("12345679", "0012345679"),
        (12345679, "0012345679"),
        (12345679.0, "0012345679"),
        ("12345679.0", "0012345679"),
        ("840000014", "0840000014"),
        ("001-234567-9", "0012345679"),
    ],
)
def test_zeros_that_a_numeric_column_dropped_come_back(value: object, canonical: str) -> None:
    assert national_code(value) == Checked(canonical)


@pytest.mark.parametrize("value", ["1236", "1234567", 1234567, "00012345679"])
def test_national_code_of_another_length_is_refused(value: object) -> None:
    assert national_code(value).reason is Reason.LENGTH


def test_a_float_written_to_a_file_is_never_read_with_its_last_zero() -> None:
    assert national_code("0123456770").ok  # what the digits of the text below would pad to
    assert national_code("12345677.0").reason is Reason.CHECK_DIGIT


@given(digits_of(9).filter(lambda text: len(set(text)) > 1))
def test_exactly_one_of_ten_check_digits_completes_a_national_code(first_nine: str) -> None:
    passing = [first_nine + digit for digit in "0123456789" if national_code(first_nine + digit).ok]
    assert passing == [complete_national_code(first_nine)]


@pytest.mark.parametrize("code", [code for code in VALID_NATIONAL_CODES if not code.endswith("1")])
def test_a_national_code_with_one_digit_changed_is_refused(code: str) -> None:
    assert {national_code(changed).reason for changed in with_one_digit_changed(code)} == {Reason.CHECK_DIGIT}


@given(digits_of(9).filter(lambda text: len(set(text)) > 1))
def test_only_the_check_digit_one_misses_a_changed_digit(first_nine: str) -> None:
    # The rests 1 and 10 both give the check digit 1, so the country's own rule cannot tell these codes apart.
    code = complete_national_code(first_nine)
    missed = [changed for changed in with_one_digit_changed(code) if national_code(changed).ok]
    assert not missed or code[-1] == "1"


# Legal id


@given(digits_of(10).filter(lambda text: len(set(text)) > 1))
def test_exactly_one_of_ten_check_digits_completes_a_legal_id(first_ten: str) -> None:
    assert sum(legal_id(first_ten + digit).ok for digit in "0123456789") == 1


@pytest.mark.parametrize("number", VALID_LEGAL_IDS)
@pytest.mark.parametrize("digit", "0123456789")
def test_a_legal_id_with_another_check_digit_is_refused(number: str, digit: str) -> None:
    assert legal_id(number[:-1] + digit).ok is (digit == number[-1])


# IBAN


@pytest.mark.parametrize("text", VALID_IBANS)
def test_an_iban_with_one_digit_changed_is_refused(text: str) -> None:
    assert {iban(changed).reason for changed in with_one_digit_changed(text)} == {Reason.CHECK_DIGIT}


@pytest.mark.parametrize(
    "typed",
    [
        "ir760170000000000000000001",
        "Ir76 0170 0000 0000 0000 0000 01",
        "IR76-0170-0000-0000-0000-0000-01",
        "IR۷۶۰۱۷۰۰۰۰۰۰۰۰۰۰۰۰۰۰۰۰۰۰۱",
        "7601 7000 0000 0000 0000 0001",
    ],
)
def test_an_iban_is_read_as_people_type_it(typed: str) -> None:
    assert iban(typed).value == "IR760170000000000000000001"


@pytest.mark.parametrize("text", ["76017000000000000000001", "DE89370400440532013000", "ıR760170000000000000000001"])
def test_an_iban_without_ir_is_refused(text: str) -> None:
    assert iban(text).reason is Reason.COUNTRY


def test_letters_inside_an_iban_are_refused() -> None:
    assert iban("IR7601700000000000000O0001").reason is Reason.CHARACTERS


def test_check_digits_that_only_agree_modulo_97_are_refused() -> None:
    lowest = next(number for number in (build_iban("017", str(n)) for n in range(1000)) if number[2:4] == "02")
    assert iban(lowest).ok
    assert iban(f"IR99{lowest[4:]}").reason is Reason.CHECK_DIGIT


def test_an_iban_of_an_unknown_bank_passes_with_a_doubt() -> None:
    number = build_iban("999", "1")
    assert iban(number) == Checked(number, doubt=Doubt.UNKNOWN_BANK)


@given(digits_of(3), st.text("0123456789", min_size=1, max_size=18))
def test_every_iban_that_is_built_passes(bank_code: str, number: str) -> None:
    built = build_iban(bank_code, number)
    assert iban(built).value == built
    assert built[4:7] == bank_code
    assert built[7:] == "0" + number.zfill(18)


def test_check_digits_below_ten_are_padded_when_an_iban_is_built() -> None:
    built = {build_iban("017", str(number))[2:4] for number in range(200)}
    assert {"02", "09"} <= built
    assert all(len(digits) == 2 for digits in built)


@pytest.mark.parametrize(
    ("bank_code", "number"), [("17", "1"), ("0170", "1"), ("۰۱۷", "1"), ("017", ""), ("017", "1" * 19), ("017", "1-2")]
)
def test_no_iban_is_built_from_malformed_parts(bank_code: str, number: str) -> None:
    with pytest.raises(ValueError, match="ASCII digits"):
        build_iban(bank_code, number)


# Card


@pytest.mark.parametrize("number", VALID_CARDS)
def test_a_card_with_one_digit_changed_is_refused(number: str) -> None:
    assert {card(changed).reason for changed in with_one_digit_changed(number)} == {Reason.CHECK_DIGIT}


@given(digits_of(15).filter(lambda text: len(set(text)) > 1))
def test_exactly_one_of_ten_check_digits_completes_a_card(first_fifteen: str) -> None:
    passing = [first_fifteen + digit for digit in "0123456789" if card(first_fifteen + digit).ok]
    assert passing == [complete_card(first_fifteen)]


@pytest.mark.parametrize("value", ["6037-9900-0000-0006", "6037 9900 0000 0006", 6037990000000006, 6037990000000006.0])
def test_a_card_is_read_as_people_and_tables_give_it(value: object) -> None:
    assert card(value).value == "6037990000000006"


def test_a_card_of_an_unknown_prefix_passes_with_a_doubt() -> None:
    number = complete_card("999999000000000")
    assert card(number) == Checked(number, doubt=Doubt.UNKNOWN_BANK)


@pytest.mark.parametrize("text", ["", "12345678", "1234567890", "۱۲۳۴۵۶۷۸۹"])
def test_no_national_code_is_completed_from_malformed_digits(text: str) -> None:
    with pytest.raises(ValueError, match="nine ASCII digits"):
        complete_national_code(text)


@pytest.mark.parametrize("text", ["", "1" * 14, "1" * 16, "۱" * 15])
def test_no_card_is_completed_from_malformed_digits(text: str) -> None:
    with pytest.raises(ValueError, match="fifteen ASCII digits"):
        complete_card(text)


# Mobile


@pytest.mark.parametrize(
    "value",
    [
        "09123456789",
        "9123456789",
        9123456789,
        9123456789.0,
        "989123456789",
        989123456789,
        "+989123456789",
        "00989123456789",
        "+98 912 345 6789",
        "0912-345-6789",
        "\u202a+98 912 345 67 89\u202c",
    ],
)
def test_a_mobile_is_brought_to_its_national_form(value: object) -> None:
    assert mobile(value) == Checked("09123456789")


@pytest.mark.parametrize(
    "text", ["02123456789", "8123456789", "979123456789", "00979123456789", "+9123456789", "+09123456789"]
)
def test_another_prefix_is_no_mobile(text: str) -> None:
    assert mobile(text).reason is Reason.PREFIX


@pytest.mark.parametrize("text", ["912345678", "0912345678901", "+980912345678901", "9"])
def test_a_mobile_of_another_length_is_refused(text: str) -> None:
    assert mobile(text).reason is Reason.LENGTH


@pytest.mark.parametrize("text", ["++989123456789", "09123456789+", "0912345678x"])
def test_a_mobile_with_foreign_characters_is_refused(text: str) -> None:
    assert mobile(text).reason is Reason.CHARACTERS


# Postal code


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("digit", "02")
def test_zero_and_two_among_the_first_five_digits_are_refused(place: int, digit: str) -> None:
    text = VALID_POSTAL_CODE[:place] + digit + VALID_POSTAL_CODE[place + 1 :]
    assert postal_code(text).reason is Reason.PREFIX


def test_zero_and_two_are_free_in_the_second_half_of_a_postal_code() -> None:
    assert postal_code("1345602020") == Checked("1345602020")


@pytest.mark.parametrize("text", ["1346567890", "1111367890"])
def test_an_unusual_postal_code_passes_with_a_doubt(text: str) -> None:
    assert postal_code(text) == Checked(text, doubt=Doubt.UNUSUAL_POSTAL_CODE)


def test_a_postal_code_is_read_as_it_is_printed() -> None:
    assert postal_code("13456-78901").value == "1345678901"


@pytest.mark.parametrize("text", ["134567890", "13456789011"])
def test_a_postal_code_of_another_length_is_refused(text: str) -> None:
    assert postal_code(text).reason is Reason.LENGTH


# Account


@pytest.mark.parametrize("text", ["201.110.1234567.1", "849-810-1234567-1", "123/456", "0", "1" * 18])
def test_an_account_keeps_the_form_of_its_bank(text: str) -> None:
    assert account(text) == Checked(text)


@pytest.mark.parametrize("text", [".123", "123-", "12--3", "12_3", "IR12"])
def test_an_account_of_another_form_is_refused(text: str) -> None:
    assert account(text).reason is Reason.CHARACTERS


def test_an_account_longer_than_an_iban_can_hold_is_refused() -> None:
    assert account("1" * 19).reason is Reason.LENGTH
    assert account("1-" * 18 + "1").reason is Reason.LENGTH


# Person name


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("  علي   كريمى ", "علی کریمی"),
        ("علی\u200cرضا", "علی رضا"),
        ("\u200fسـارا\u200e", "سارا"),
        ("Sara  Karimi", "Sara Karimi"),
    ],
)
def test_a_name_is_folded_and_collapsed(typed: str, canonical: str) -> None:
    assert person_name(typed) == Checked(canonical)


@pytest.mark.parametrize("text", ["123", "علی۲", "---", "."])
def test_a_name_needs_letters_and_takes_no_digits(text: str) -> None:
    assert person_name(text).reason is Reason.CHARACTERS


@pytest.mark.parametrize("value", [12, 1.5])
def test_a_number_is_no_name(value: Any) -> None:
    assert person_name(value).reason is Reason.TYPE
