"""The ways in which a column can hold the same cells, and what the checks of one value say about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st

from airflow_provider_iranpay.iran.checked import Checked, Reason
from airflow_provider_iranpay.iran.columns import REASONS, CheckedColumn
from airflow_provider_iranpay.iran.digits import INVISIBLE_MARKS
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
)

Holder = Callable[[Sequence[Any]], Any]


def outcomes(check: Callable[[object], Checked], cells: Sequence[object]) -> list[tuple[str | None, Reason | None]]:
    """What the check of one value says about each cell."""
    return [(checked.value, checked.reason) for checked in map(check, cells)]


def rows_of(checked: CheckedColumn) -> list[tuple[str | None, Reason | None]]:
    """The same of a checked column."""
    return list(zip(checked.values.tolist(), (REASONS[code] for code in checked.reasons), strict=True))


def holders_of_objects() -> dict[str, Holder]:
    return {
        "list": list,
        "object series": lambda cells: pd.Series(cells, dtype=object),
        "object array": lambda cells: np.fromiter(cells, dtype=object, count=len(cells)),
        "series with another index": lambda cells: pd.Series(cells, dtype=object, index=range(len(cells), 0, -1)),
    }


def holders_of_texts() -> dict[str, Holder]:
    """Of texts that UTF-8 can write, and None."""
    return {
        "string[python]": lambda cells: pd.Series(cells, dtype="string[python]"),
        "string[pyarrow]": lambda cells: pd.Series(cells, dtype="string[pyarrow]"),
        "str": lambda cells: pd.Series(cells, dtype="str"),
        "category": lambda cells: pd.Series(cells, dtype=object).astype("category"),
        "arrow series": lambda cells: pd.Series(cells, dtype=pd.ArrowDtype(pa.string())),
        "large arrow series": lambda cells: pd.Series(cells, dtype=pd.ArrowDtype(pa.large_string())),
        "arrow": lambda cells: pa.array(cells, pa.string()),
        "large arrow": lambda cells: pa.array(cells, pa.large_string()),
        "arrow view": lambda cells: pa.array(cells, pa.string_view()),
        "arrow dictionary": lambda cells: pa.array(cells, pa.string()).dictionary_encode(),
        "sliced arrow": lambda cells: pa.array(["before", None, *cells, "after"], pa.string())[2 : 2 + len(cells)],
        "sliced series": lambda cells: pd.Series(["before", *cells, None], dtype="string[pyarrow]").iloc[1:-1],
        "chunked arrow": lambda cells: pa.chunked_array([cells[:1], [], cells[1:3], cells[3:]], pa.string()),
        "no chunk": lambda cells: pa.chunked_array([cells] if cells else [], pa.string()),
        "nulls over text": _nulls_over_text,
    }


def holders_of_integers() -> dict[str, Holder]:
    """Of integers that 64 bits can write, and None."""
    return {
        "Int64": lambda cells: pd.Series(cells, dtype="Int64"),
        "arrow integers": lambda cells: pa.array(cells, pa.int64()),
        "arrow integer series": lambda cells: pd.Series(cells, dtype=pd.ArrowDtype(pa.int64())),
        "sliced integers": lambda cells: pa.array([5, *cells, None], pa.int64())[1:-1],
        "chunked integers": lambda cells: pa.chunked_array([cells[:2], cells[2:]], pa.int64()),
    }


def _nulls_over_text(cells: Sequence[str | None]) -> pa.Array:
    """Nulls whose rows hold text all the same: the format allows it."""
    full = pa.array([VALID_CARDS[0] if cell is None else cell for cell in cells], pa.string())
    valid = np.packbits(np.array([cell is not None for cell in cells], dtype=np.bool_), bitorder="little")
    return pa.Array.from_buffers(pa.string(), len(cells), [pa.py_buffer(valid.tobytes()), *full.buffers()[1:]])


VALID_DAYS = ("13700105", "1370-01-05", "1370/01/05", "1370/1/5", "13991230", "14000101")
VALID = (
    *VALID_NATIONAL_CODES,
    *VALID_LEGAL_IDS,
    *VALID_CARDS,
    *VALID_IBANS,
    VALID_FIDA_CODE,
    VALID_MOBILE,
    VALID_POSTAL_CODE,
    *VALID_DAYS,
    "0201234567000",
)


def _spellings(text: str) -> Iterator[str]:
    yield from (text, text.translate(PERSIAN), text.translate(ARABIC_INDIC), f" {text}\n", f"{text}.0", text.lower())
    yield from (text[:-1], text + "0", text.lstrip("0"), f"{text[:4]}-{text[4:]}", f"{INVISIBLE_MARKS[0]}{text}")
    yield from (f"{text[:4]}\0{text[5:]}", f"{text[:-1]}é", f"-{text[1:]}", f"+98{text[1:]}", text[0] * len(text))


known_texts = st.sampled_from(VALID) | st.sampled_from([spelling for text in VALID for spelling in _spellings(text)])
mistyped = st.builds(
    lambda text, place, typed: text[: place % len(text)] + typed + text[place % len(text) + 1 :],
    st.sampled_from(VALID),
    st.integers(0, 25),
    st.characters(codec="utf-8") | st.sampled_from("0123456789۰٩ -/IRir\0:@"),
)
digits = st.sampled_from([8, 10, 11, 12, 16, 26]).flatmap(lambda n: st.text("0123456789", min_size=n, max_size=n))
texts = known_texts | mistyped | digits | st.text(st.characters(codec="utf-8"), max_size=30)
optional_texts = st.lists(texts | st.none(), max_size=12)

integers = st.sampled_from([int(text) for text in VALID if text.isdigit()]) | st.integers(-(2**63), 2**63 - 1)
integers |= st.integers(0, 16).flatmap(lambda n: st.sampled_from([10**n - 1, 10**n, 10**n + 1]))

anything = (
    texts
    | st.text(max_size=20)  # lone surrogates too
    | integers
    | integers.map(float)
    | integers.map(Decimal)
    | integers.map(np.int64)
    | st.floats()
    | st.booleans()
    | st.sampled_from([None, float("nan"), pd.NA, pd.NaT, Decimal("sNaN"), 10**60, b"0012345679", [], (), {}])
    | st.datetimes().map(pd.Timestamp)
    | st.dates()
    | st.datetimes(timezones=st.timezones())
)
mixed = st.lists(anything, max_size=12)
