"""The user's keys: integers or texts, one for each row, and never shown."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_iranpay.bulk.keys import Keys, named_rows
from airflow_provider_iranpay.exceptions import InvalidInput

SECRET = "0012345679"
LARGEST = 2**63 - 1


def column(*cells, dtype="object"):
    return pd.Series(list(cells), dtype=dtype)


def taken(*batches):
    keys = Keys("customer")
    return keys, [one for batch in batches for one in keys.take(batch)]


def refused(*batches):
    with pytest.raises(InvalidInput) as caught:
        taken(*batches)
    return caught.value


def test_integers_stay_integers_over_all_batches():
    keys, found = taken(column(1, 2, dtype="int64"), column(-LARGEST, LARGEST), column(3, dtype="Int64"))
    assert found == [1, 2, -LARGEST, LARGEST, 3]
    assert {type(one) for one in found} == {int}
    assert (keys.dtype, keys.read) == ("Int64", 5)


@pytest.mark.parametrize("dtype", ["object", "string", "string[pyarrow]"])
def test_texts_stay_texts_with_their_zeros_and_spaces(dtype):
    keys, found = taken(column("007", " 7", "هفت", dtype=dtype))
    assert found == ["007", " 7", "هفت"]
    assert {type(one) for one in found} == {str}
    assert keys.dtype == "string"


@pytest.mark.parametrize("cell", [UUID(int=7), date(2026, 1, 1), Decimal(7), pd.Timestamp("2026-01-01")])
def test_what_has_one_spelling_becomes_text(cell):
    keys, found = taken(column(cell, "x"))
    assert found == [str(cell), "x"]
    assert keys.dtype == "string"


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT, "", "  ", "\u200c \t"[1:]])
def test_a_missing_key_is_refused_with_its_row(missing):
    error = refused(column("a", "b"), column("c", missing, "d", missing))
    assert (error.field, error.reason, error.row) == ("customer", "is_required", "4, 6")


@pytest.mark.parametrize("dtype", ["float64", "Float64"])
def test_a_key_that_became_a_float_because_one_is_missing_is_refused_for_the_missing_one(dtype):
    error = refused(column(1.0, None, dtype=dtype))
    assert (error.reason, error.row) == ("is_required", "2")


@pytest.mark.parametrize("cell", [1.0, 1.5, True, False, b"key", ["key"], {"key": 1}, ("key",), {1}])
def test_what_cannot_be_a_key_is_refused_with_its_row(cell):
    error = refused(column("a", cell))
    assert (error.reason, error.row) == ("type", "2")


@pytest.mark.parametrize("cell", [LARGEST + 1, -LARGEST - 2, 10**40])
def test_an_integer_that_no_database_holds_is_refused(cell):
    error = refused(column(1), column(2, cell))
    assert (error.reason, error.row) == ("too_large", "3")


@pytest.mark.parametrize("cell", ["a\0b", "\ud800"])
def test_a_text_that_no_database_holds_is_refused(cell):
    error = refused(column("a", "b", cell))
    assert (error.reason, error.row) == ("characters", "3")


@pytest.mark.parametrize("batches", [(column(1, "1"),), (column(1), column("1")), (column("a"), column(1))])
def test_integers_and_texts_are_not_mixed_within_a_batch_or_over_two(batches):
    assert refused(*batches).reason == "type"


@pytest.mark.parametrize(
    "cells", [(SECRET, 12345679.0), (12345679, 10**30), (SECRET + "\0",), (SECRET, 12345679), (SECRET, None)]
)
def test_no_key_is_shown(cells):
    text = str(refused(column(*cells)))
    assert "12345679" not in text
    assert "Nothing was paid" in text or "make them alike" in text


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(st.integers(), st.text(), st.none(), st.booleans(), st.floats()), max_size=30))
def test_keys_are_taken_as_they_are_or_refused(cells):
    keys = Keys("customer")
    try:
        found = keys.take(column(*cells))
    except InvalidInput:
        return
    assert found == cells
    assert {type(one) for one in found} <= ({int} if keys.dtype == "Int64" else {str})


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([3], "3"),
        (range(1, 11), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10"),
        (range(1, 12), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 1 more"),
        (iter(range(1, 1_512)), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 1,501 more"),
    ],
)
def test_the_first_rows_are_named_and_the_rest_counted(rows, said):
    assert named_rows(rows) == said
