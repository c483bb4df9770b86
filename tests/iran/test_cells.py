"""What the cell of a table can hold."""

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from airflow_provider_iranpay.iran.cells import cell_text, is_missing
from airflow_provider_iranpay.iran.checked import Reason, Refusal


@pytest.mark.parametrize("value", [None, float("nan"), np.nan, Decimal("NaN"), Decimal("sNaN"), pd.NA, pd.NaT])
def test_nothing_is_missing(value: Any) -> None:
    assert is_missing(value)


@pytest.mark.parametrize("value", ["", 0, 0.0, False, "nan", []])
def test_something_is_not_missing(value: Any) -> None:
    assert not is_missing(value)


@pytest.mark.parametrize(
    "value",
    [
        "12345679",
        12345679,
        12345679.0,
        Decimal(12345679),
        Decimal("12345679.00"),
        np.int64(12345679),
        np.float64(12345679),
        "12345679.0",
        " 12345679.0\n",
    ],
)
def test_a_whole_number_is_read_in_every_form(value: Any) -> None:
    assert cell_text(value) == "12345679"


def test_text_stays_as_it_is() -> None:
    assert cell_text(" ۱۲ - x ") == " ۱۲ - x "


@pytest.mark.parametrize("value", ["201.110.1234567.0", "12345679.00", "12345679.5", "0.0.0"])
def test_text_that_no_float_column_writes_stays(value: str) -> None:
    assert cell_text(value) == value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, Reason.EMPTY),
        (pd.NA, Reason.EMPTY),
        (True, Reason.TYPE),
        (np.True_, Reason.TYPE),
        (b"12", Reason.TYPE),
        ([12], Reason.TYPE),
        (12j, Reason.TYPE),
        (-12, Reason.CHARACTERS),
        (12.5, Reason.CHARACTERS),
        (Decimal("12.5"), Reason.CHARACTERS),
        (float("inf"), Reason.PRECISION),
        (2.0**53, Reason.PRECISION),
        (f"{2**53}.0", Reason.PRECISION),
        (Decimal("inf"), Reason.LENGTH),
        (Decimal("1E+999999"), Reason.LENGTH),
        pytest.param(10**5000, Reason.LENGTH, id="huge"),
        pytest.param(-(10**5000), Reason.LENGTH, id="huge-negative"),
    ],
)
def test_what_is_no_text_is_refused_with_a_reason(value: Any, reason: Reason) -> None:
    with pytest.raises(Refusal) as refusal:
        cell_text(value)
    assert refusal.value.reason is reason


def test_the_largest_exact_float_passes() -> None:
    assert cell_text(float(2**53 - 1)) == str(2**53 - 1)
