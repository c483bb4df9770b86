"""Cards of a column are masked like one card."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.iran.columns import mask_cards
from airflow_provider_iranpay.iran.masks import mask_card
from tests.iran.columns.holding import Holder, holders_of_texts, optional_texts

sixteen_digits = st.text("0123456789", min_size=16, max_size=16)


@pytest.mark.parametrize("holder", holders_of_texts().values(), ids=holders_of_texts())
@given(optional_texts | st.lists(sixteen_digits))
def test_texts_are_masked_like_one_by_one(holder: Holder, cells: list[str | None]) -> None:
    assert mask_cards(holder(cells)).tolist() == [cell if cell is None else mask_card(cell) for cell in cells]


@given(st.lists(sixteen_digits | st.text(max_size=20) | st.just("603799******0006")))
def test_objects_are_masked_like_one_by_one(cells: list[str]) -> None:
    assert mask_cards(cells).tolist() == list(map(mask_card, cells))


def test_numbers_are_masked_too() -> None:
    expected = ["603799******0006", "*****", None]
    for column in (
        pd.Series([6037990000000006, 12345, None], dtype="Int64"),
        pd.Series([6037990000000006, 12345, None]),
        pa.array([6037990000000006, 12345, None]),
        [6037990000000006, 12345, None],
    ):
        assert mask_cards(column).tolist() == expected


def test_what_is_neither_text_nor_number_is_not_shown() -> None:
    assert mask_cards([b"6037990000000006", True, ["6037990000000006"], float("nan")]).tolist() == [None] * 4
