"""The bank table and the ways to a bank."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.iran.banks import (
    BANKS,
    Bank,
    by_card,
    by_iban,
    by_iban_code,
    by_jibit_id,
    iban_code,
    jibit_id,
)
from airflow_provider_iranpay.iran.checked import Checked, Doubt, Reason
from tests.iran.vectors import VALID_CARDS, VALID_IBANS

WITH_JIBIT_ID = [bank for bank in BANKS if bank.jibit_id]


# The table


def test_the_table_holds_every_column_as_it_is_written() -> None:
    assert by_iban_code("056") == Bank(
        iban_code="056",
        card_prefixes=("621986", "62198618", "62198619"),
        english_name="Saman Bank",
        persian_name="بانک سامان",
        jibit_id="SAMAN",
        note="8-digit prefixes are Blu (neobank of Saman)",
    )


def test_a_note_with_commas_is_one_note() -> None:
    sepah = by_iban_code("015")
    assert sepah is not None
    assert sepah.note.startswith("absorbed 052, 063, 065, 073, 079;")


@pytest.mark.parametrize("bank", BANKS, ids=lambda bank: bank.iban_code)
def test_every_row_is_well_formed(bank: Bank) -> None:
    assert len(bank.iban_code) == 3
    assert bank.iban_code.isdigit()
    assert all(prefix.isdigit() and len(prefix) in {6, 8} for prefix in bank.card_prefixes)
    assert bank.english_name
    assert bank.persian_name


def test_no_code_and_no_prefix_stands_twice() -> None:
    codes = [bank.iban_code for bank in BANKS]
    prefixes = [prefix for bank in BANKS for prefix in bank.card_prefixes]
    assert len(codes) == len(set(codes)) == 38
    assert len(prefixes) == len(set(prefixes))


# Look-ups


@pytest.mark.parametrize(("iban", "bank_id"), [*zip(VALID_IBANS, ("MELLI", "MELLAT", "SAMAN", "AYANDEH"), strict=True)])
def test_an_iban_leads_to_its_bank(iban: str, bank_id: str) -> None:
    bank = by_iban(iban)
    assert bank is not None
    assert bank.jibit_id == bank_id


@pytest.mark.parametrize(
    ("card", "bank_id"), [*zip(VALID_CARDS, ("MELLI", "MELLAT", "PASARGAD", "SAMAN"), strict=True)]
)
def test_a_card_leads_to_its_bank(card: str, bank_id: str) -> None:
    bank = by_card(card)
    assert bank is not None
    assert bank.jibit_id == bank_id


def test_the_longest_prefix_of_a_card_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    short, long = (bank for bank in BANKS if bank.iban_code in {"012", "017"})
    monkeypatch.setattr("airflow_provider_iranpay.iran.banks._BY_CARD_PREFIX", {"621986": short, "62198618": long})
    assert by_card("6219861800000000") is long
    assert by_card("6219861700000000") is short


@pytest.mark.parametrize(
    "found", [by_iban_code("999"), by_iban("IR009990"), by_card("9999990000000000"), by_jibit_id("X"), by_jibit_id("")]
)
def test_what_the_table_lacks_is_none(found: Bank | None) -> None:
    assert found is None


def test_a_jibit_id_of_two_rows_leads_to_the_primary_one() -> None:
    bank = by_jibit_id("MEHR_IRAN")
    assert bank is not None
    assert bank.iban_code == "060"


# What people have for a bank


@pytest.mark.parametrize("bank", WITH_JIBIT_ID, ids=lambda bank: bank.iban_code)
def test_every_way_to_name_a_bank_leads_to_its_jibit_id(bank: Bank) -> None:
    for given_as in (
        bank.jibit_id,
        bank.jibit_id.lower(),
        f" {bank.jibit_id.title()}\u200f",
        bank.jibit_id.replace("_", " "),
        bank.iban_code,
        int(bank.iban_code),
        float(int(bank.iban_code)),
        bank.english_name,
        bank.english_name.upper(),
        bank.persian_name,
        bank.persian_name.replace("\u200c", " "),
        bank.persian_name.replace("ی", "ي").replace("ک", "ك"),
    ):
        assert jibit_id(given_as) == Checked(bank.jibit_id), given_as


@pytest.mark.parametrize(
    ("name", "bank_id"),
    [
        ("ملی", "MELLI"),
        ("بانک ملی", "MELLI"),
        ("بانک صادرات", "SADERAT"),
        ("توسعه صادرات", "TOSEAH_SADERAT"),
        ("کشاورزی", "KESHAVARZI"),
        ("Melli", "MELLI"),
        ("Bank Keshavarzi", "KESHAVARZI"),
        ("City Bank", None),
        ("مهر", None),
        ("بانک", None),
        ("ایران", None),
    ],
)
def test_a_name_without_its_empty_words_is_enough_and_a_part_of_it_is_not(name: str, bank_id: str | None) -> None:
    assert jibit_id(name).value == bank_id


def test_persian_digits_of_a_code_are_read() -> None:
    assert jibit_id("۰۱۷") == Checked("MELLI")


def test_an_unknown_text_in_the_shape_of_an_id_passes_with_a_doubt() -> None:
    assert jibit_id("NEW_BANK") == Checked("NEW_BANK", doubt=Doubt.UNKNOWN_BANK)


@pytest.mark.parametrize("value", ["new_bank", "999", 999, "0017", "NEW BANK", "_X", "X1", "بانک نو"])
def test_anything_else_unknown_is_refused(value: object) -> None:
    assert jibit_id(value) == Checked(None, Reason.UNKNOWN_BANK)


def test_a_bank_without_a_jibit_id_is_refused_as_such() -> None:
    assert jibit_id("073") == Checked(None, Reason.NO_JIBIT_ID)


@pytest.mark.parametrize(
    ("value", "reason"),
    [(None, Reason.EMPTY), (" ", Reason.EMPTY), (True, Reason.TYPE), (-17, Reason.CHARACTERS), ([], Reason.TYPE)],
)
def test_what_cannot_name_a_bank_is_refused(value: object, reason: Reason) -> None:
    assert jibit_id(value).reason is reason


@given(st.one_of(st.text(), st.integers(), st.floats(), st.binary(), st.none()))
def test_any_object_gets_a_value_or_a_reason(value: object) -> None:
    checked = jibit_id(value)
    assert checked.ok == (checked.value is not None)


def test_no_two_banks_share_what_is_left_of_their_names() -> None:
    for bank in WITH_JIBIT_ID:
        assert {jibit_id(bank.english_name).value, jibit_id(bank.persian_name).value} == {bank.jibit_id}


# IBAN codes


@pytest.mark.parametrize("bank", BANKS, ids=lambda bank: bank.iban_code)
def test_every_bank_is_found_by_its_code_however_that_is_written(bank: Bank) -> None:
    for given_as in (bank.iban_code, int(bank.iban_code), float(int(bank.iban_code)), f" {bank.iban_code}\u200f"):
        assert iban_code(given_as) == Checked(bank.iban_code), given_as


@pytest.mark.parametrize("bank", WITH_JIBIT_ID, ids=lambda bank: bank.iban_code)
def test_names_and_jibit_ids_lead_to_the_code_of_the_banks_primary_row(bank: Bank) -> None:
    primary = by_jibit_id(bank.jibit_id or "")
    assert primary is not None
    for given_as in (bank.jibit_id, bank.english_name, bank.persian_name):
        assert iban_code(given_as) == Checked(primary.iban_code), given_as


@pytest.mark.parametrize("value", ["melli", "ملی", "بانک ملي", "17", "۰۱۷", "Bank Melli"])
def test_melli_is_017_however_it_is_named(value: str) -> None:
    assert iban_code(value) == Checked("017")


def test_a_bank_without_a_jibit_id_has_its_code_all_the_same() -> None:
    assert iban_code("073") == Checked("073")


@pytest.mark.parametrize("value", ["999", 999, "۹۹۹"])
def test_three_digits_that_no_table_knows_pass_with_a_doubt(value: object) -> None:
    assert iban_code(value) == Checked("999", doubt=Doubt.UNKNOWN_BANK)


@pytest.mark.parametrize("value", ["NEW_BANK", "بانک نو", "99", "9999", "0017", "IR017", "017-", "بانک"])
def test_a_name_or_number_that_no_table_knows_has_no_code(value: object) -> None:
    assert iban_code(value) == Checked(None, Reason.UNKNOWN_BANK)


@pytest.mark.parametrize(
    ("value", "reason"),
    [(None, Reason.EMPTY), ("", Reason.EMPTY), (True, Reason.TYPE), (-17, Reason.CHARACTERS), (1.5, Reason.CHARACTERS)],
)
def test_what_cannot_name_a_bank_has_no_code(value: object, reason: Reason) -> None:
    assert iban_code(value) == Checked(None, reason)


@given(st.one_of(st.text(), st.integers(), st.floats(), st.binary(), st.none()))
def test_a_code_is_three_digits_or_there_is_a_reason(value: object) -> None:
    checked = iban_code(value)
    assert checked.ok == (checked.value is not None)
    assert checked.value is None or (len(checked.value) == 3 and checked.value.isascii() and checked.value.isdigit())
