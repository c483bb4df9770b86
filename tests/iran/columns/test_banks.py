"""The banks of a column are those of its cards or IBANs, one by one."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.iran.banks import BANKS, Bank, by_card, by_iban
from airflow_provider_iranpay.iran.columns import bank_of_card, bank_of_iban
from airflow_provider_iranpay.iran.identifiers import build_iban, card, complete_card, iban
from tests.iran.columns.holding import Holder, holders_of_objects, holders_of_texts, optional_texts
from tests.iran.vectors import VALID_CARDS, VALID_IBANS

HOLDERS = holders_of_objects() | holders_of_texts()
PREFIXES = [prefix for bank in BANKS for prefix in bank.card_prefixes]


def one_by_one(cells: list[str | None]) -> tuple[list[Bank | None], list[Bank | None]]:
    return (
        [by_card(cell) if cell is not None and card(cell).value == cell else None for cell in cells],
        [by_iban(cell) if cell is not None and iban(cell).value == cell else None for cell in cells],
    )


def banks_at(places: object) -> list[Bank | None]:
    return [BANKS[place] if place >= 0 else None for place in places]


@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
@given(optional_texts)
def test_only_canonical_numbers_have_a_bank(holder: Holder, cells: list[str | None]) -> None:
    column = holder(cells)
    assert (banks_at(bank_of_card(column)), banks_at(bank_of_iban(column))) == one_by_one(cells)


@given(st.lists(st.sampled_from(PREFIXES) | st.text("0123456789", min_size=6, max_size=8), min_size=1))
def test_the_longest_prefix_of_a_card_decides(prefixes: list[str]) -> None:
    cards = [complete_card(prefix.ljust(15, "1")) for prefix in prefixes if set(prefix) != {"1"}]
    assert banks_at(bank_of_card(pa.array(cards, pa.string()))) == list(map(by_card, cards))


def test_every_iban_code_is_looked_up() -> None:
    ibans = [build_iban(f"{code:03}", "1") for code in range(1000)]
    assert banks_at(bank_of_iban(ibans)) == list(map(by_iban, ibans))


def test_a_column_of_numbers_has_banks() -> None:
    column = pd.Series([int(VALID_CARDS[0]), None], dtype="Int64")
    assert banks_at(bank_of_card(column)) == [by_card(VALID_CARDS[0]), None]
    assert bank_of_iban(column).tolist() == [-1, -1]
    assert bank_of_iban([*VALID_IBANS, 1]).dtype == "int16"
