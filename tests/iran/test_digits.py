"""Digits, letters and marks as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.iran.digits import (
    INVISIBLE_MARKS,
    ascii_digits,
    clean_identifier,
    fold_letters,
    is_ascii_number,
    strip_marks,
)
from tests.iran.vectors import ARABIC_INDIC, PERSIAN


@pytest.mark.parametrize("script", [PERSIAN, ARABIC_INDIC])
def test_digits_of_both_scripts_become_ascii(script: dict[int, int]) -> None:
    assert ascii_digits("0123456789".translate(script)) == "0123456789"


@given(st.text(st.characters(exclude_characters="۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩")))
def test_text_without_such_digits_is_not_touched(text: str) -> None:
    assert ascii_digits(text) == text


def test_digits_of_other_scripts_are_not_touched() -> None:
    assert ascii_digits("१२³½") == "१२³½"


def test_arabic_letter_forms_become_persian() -> None:
    assert fold_letters("علي كريمى") == "علی کریمی"


def test_marks_go_and_letters_stay() -> None:
    assert strip_marks(f"مـهـر{INVISIBLE_MARKS}بان") == "مهربان"


@pytest.mark.parametrize("text", ["", "12a", "۱۲", "²", "１２", "-1", "+1", "1 "])
def test_only_ascii_digits_are_an_ascii_number(text: str) -> None:
    assert not is_ascii_number(text)


def test_ascii_digits_are_an_ascii_number() -> None:
    assert is_ascii_number("0012")


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean_identifier(clean_identifier(text)) == clean_identifier(text)


@pytest.mark.parametrize("separator", ["-", "_", "\u2013", "\u2212", " ", "\u00a0", "\u200c", "\t", " - "])
def test_separators_inside_a_number_go(separator: str) -> None:
    assert clean_identifier(f"6037{separator}9900") == "60379900"


@pytest.mark.parametrize("text", ["-12345679", "12345679-", "12345679.5", "1234/5679", "1234,5679", "+98"])
def test_a_sign_or_a_decimal_point_stays(text: str) -> None:
    assert clean_identifier(text) == text
