"""Each check of a column says what the check of one value says about each of its cells."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.inquiries import INQUIRIES
from airflow_provider_iranpay.iran import columns
from airflow_provider_iranpay.iran.checked import Checked, Reason
from airflow_provider_iranpay.iran.columns.cells import BLOCK_ROWS
from airflow_provider_iranpay.iran.identifiers import card, complete_card, iban, mobile, national_code, postal_code
from tests.iran.columns.holding import (
    Holder,
    anything,
    holders_of_integers,
    holders_of_objects,
    holders_of_texts,
    integers,
    mixed,
    optional_texts,
    outcomes,
    rows_of,
)
from tests.iran.vectors import VALID_CARDS, VALID_IBANS, VALID_MOBILE, VALID_NATIONAL_CODES, VALID_POSTAL_CODE

CATALOGUE = {one.check.__name__: one.check for entry in INQUIRIES.values() for one in entry.inputs}
CHECKS = {check.__name__: check for check in columns.COLUMN_CHECKS} | CATALOGUE

Check = Callable[[object], Checked]


def assert_like_one_by_one(column: Any, cells: Sequence[object]) -> None:
    for check in CHECKS.values():
        assert rows_of(columns.column_check(check)(column)) == outcomes(check, cells), check.__name__


@pytest.mark.parametrize("holder", holders_of_objects().values(), ids=holders_of_objects())
@given(mixed)
def test_objects_are_checked_like_one_by_one(holder: Holder, cells: list[object]) -> None:
    assert_like_one_by_one(holder(cells), cells)


@pytest.mark.parametrize("holder", holders_of_texts().values(), ids=holders_of_texts())
@given(optional_texts)
def test_texts_are_checked_like_one_by_one(holder: Holder, cells: list[str | None]) -> None:
    assert_like_one_by_one(holder(cells), cells)


@pytest.mark.parametrize("holder", holders_of_integers().values(), ids=holders_of_integers())
@given(st.lists(integers | st.none(), max_size=12))
def test_integers_are_checked_like_one_by_one(holder: Holder, cells: list[int | None]) -> None:
    assert_like_one_by_one(holder(cells), cells)


@given(st.lists(st.integers(0, 2**64 - 1) | integers.map(abs), max_size=12))
def test_unsigned_integers_are_checked_like_one_by_one(cells: list[int]) -> None:
    assert_like_one_by_one(pd.Series(cells, dtype="uint64"), cells)


@given(st.lists(integers.map(float) | st.floats(), max_size=12))
def test_floats_are_checked_like_one_by_one(cells: list[float]) -> None:
    assert_like_one_by_one(pd.Series(cells, dtype="float64"), cells)
    assert_like_one_by_one(pa.array(cells, pa.float64()), cells)


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([True, False]),
        pd.Series([True, None], dtype="boolean"),
        pa.array([b"0012345679", None]),
        pa.nulls(3),
        pd.Series([None, None], dtype="string[pyarrow]"),
        pd.Series([pd.NA, pd.NA], dtype="Int64"),
        pd.Series([1370, None], dtype="float32"),
        pa.array([[1], None]),
    ],
    ids=str,
)
def test_columns_of_other_types_are_checked_like_one_by_one(column: Any) -> None:
    assert_like_one_by_one(column, column.tolist() if isinstance(column, pd.Series) else column.to_pylist())


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
@pytest.mark.parametrize("column", [[], pd.Series([], dtype="str"), pa.chunked_array([], pa.string())], ids=type)
def test_an_empty_column_has_no_outcome(check: Check, column: Any) -> None:
    checked = columns.column_check(check)(column)
    assert (len(checked.values), len(checked.reasons)) == (0, 0)


@pytest.mark.parametrize(
    ("check", "clean", "number"),
    [
        (national_code, VALID_NATIONAL_CODES[0], 12345679),
        (card, VALID_CARDS[0], int(VALID_CARDS[0])),
        (iban, VALID_IBANS[0], None),
        (mobile, VALID_MOBILE, int(VALID_MOBILE)),
        (postal_code, VALID_POSTAL_CODE, int(VALID_POSTAL_CODE)),
    ],
)
def test_blocks_end_where_they_should(check: Check, clean: str, number: int | None) -> None:
    rows = 2 * BLOCK_ROWS + 5
    bad = {0, BLOCK_ROWS - 1, BLOCK_ROWS, 2 * BLOCK_ROWS - 1, rows - 1}
    for good, wrong in ((clean, clean[:-1]), (clean, None), (number, 1)):
        cells = [wrong if row in bad else good for row in range(rows)]
        expected = [(clean, None) if row not in bad else outcomes(check, [wrong])[0] for row in range(rows)]
        holders = [pd.Series, lambda cells: pd.Series(cells, dtype=object), pa.array]
        for holder in holders if good is not None else []:
            assert rows_of(columns.column_check(check)(holder(cells))) == expected


def test_every_last_digit_but_one_is_refused() -> None:
    cards = [VALID_CARDS[1][:-1] + digit for digit in "0123456789"]
    checked = columns.card(pa.array(cards))
    assert [value for value in checked.values if value] == [VALID_CARDS[1]]
    assert sum(columns.REASONS[code] is Reason.CHECK_DIGIT for code in checked.reasons) == 9


def test_each_pair_of_check_digits_of_an_iban_has_its_outcome() -> None:
    bban = VALID_IBANS[0][4:-2]
    for ending in range(97):  # all rests of the division
        cells = [f"IR{check_digits:02}{bban}{ending:02}" for check_digits in range(100)]
        assert rows_of(columns.iban(pa.array(cells))) == outcomes(iban, cells)


@given(st.lists(st.text("0123456789", min_size=15, max_size=15), min_size=1))
def test_cards_that_are_made_valid_pass_as_they_are(starts: list[str]) -> None:
    cards = [complete_card(start) for start in starts if set(start) != {"0"}]
    assert columns.card(pd.Series(cards, dtype="str")).values.tolist() == cards


def test_clean_cells_are_not_handed_to_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr("airflow_provider_iranpay.iran.identifiers.card", lambda cell: asked.append(cell) or card(cell))
    columns.card([*VALID_CARDS, "6037 9900 0000 0006"])
    columns.card(pa.array([*VALID_CARDS, None]))
    columns.card(pd.Series([float(VALID_CARDS[0]), 1.5]))
    assert asked == ["6037 9900 0000 0006", None, 1.5]


def test_what_comes_again_is_asked_once() -> None:
    asked: list[object] = []

    def check(cell: object) -> Checked:
        asked.append(cell)
        return Checked(repr(cell))

    cells = ["a", 1, True, 1.0, [], "a", 1, True, 1.0, []]
    checked = columns.each(check)(cells)
    assert checked.values.tolist() == list(map(repr, cells))
    assert list(map(repr, asked)) == ["'a'", "1", "True", "1.0", "[]", "[]"]


@given(anything)
def test_the_cells_themselves_stay_as_they_are(cell: object) -> None:
    column = pd.Series([cell, VALID_CARDS[0]], dtype=object)
    before = column.array.copy()
    columns.card(column).values[:] = "changed"
    assert all(one is two for one, two in zip(column.array, before, strict=True))


def test_a_reason_code_of_0_is_a_cell_that_passed() -> None:
    assert columns.REASONS[0] is None
    assert set(columns.REASONS[1:]) == set(Reason)
    assert columns.card(["1", VALID_CARDS[0]]).reasons.dtype == np.uint8


def test_the_personal_numbers_are_not_in_the_repr() -> None:
    assert VALID_CARDS[0] not in repr(columns.card([VALID_CARDS[0]]))


def test_pyarrow_is_not_needed() -> None:
    program = f"""
import sys
sys.modules["pyarrow"] = None
import pandas as pd
from airflow_provider_iranpay.iran import columns
assert columns.card(pd.Series([{VALID_CARDS[0]!r}, None])).values.tolist() == [{VALID_CARDS[0]!r}, None]
assert columns.card(pd.Series([{VALID_CARDS[0]}])).reasons.tolist() == [0]
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_rest_of_the_country_is_imported_without_pandas_and_numpy() -> None:
    program = """
import sys
from airflow_provider_iranpay.iran import banks, days, identifiers, masks, money
assert not {"numpy", "pandas", "pyarrow"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
