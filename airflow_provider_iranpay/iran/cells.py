"""What the cell of a table can hold, brought to text. No identifier's own rule lives here."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from numbers import Integral

from airflow_provider_iranpay.iran.checked import Reason, Refusal, require

__all__ = ["cell_text", "is_missing"]

_LARGEST_EXACT_FLOAT = 2**53
_BEYOND_ANY_IDENTIFIER = 10**40  # also keeps clear of Python's limit on the digits of an int turned into text
_WRITTEN_FLOAT = re.compile(r"\s*(\d{1,16})\.0\s*")
_MISSING_TYPES = frozenset({"NAType", "NaTType"})  # pandas', by name: importing pandas here would cost every task


def is_missing(value: object) -> bool:
    """Whether a cell holds nothing: None, NaN (float or Decimal), ``pandas.NA`` or ``pandas.NaT``."""
    if value is None or type(value).__name__ in _MISSING_TYPES:
        return True
    if isinstance(value, float):
        return math.isnan(value)
    return isinstance(value, Decimal) and value.is_nan()


def cell_text(value: object) -> str:
    """Return the text of a cell.

    Numbers are taken because numeric columns turn codes into numbers: integers of any library, floats and decimals
    that are whole, and the text that a float column leaves in a file (``12345679.0``). A float of 2**53 and above is
    refused, since its last digits may be invented. A truth value is not a number.

    :raises Refusal: the cell holds nothing, or nothing that can be such a text.
    """
    if isinstance(value, str):
        written = "." in value and _WRITTEN_FLOAT.fullmatch(value)
        if not written:
            return value
        require(int(written[1]) < _LARGEST_EXACT_FLOAT, Reason.PRECISION)
        return written[1]
    require(not is_missing(value), Reason.EMPTY)
    if isinstance(value, bool):
        raise Refusal(Reason.TYPE)
    if isinstance(value, float | Decimal):
        return _number_text(value)
    if isinstance(value, Integral):
        return _number_text(int(value))
    raise Refusal(Reason.TYPE)


def _number_text(number: float | Decimal) -> str:
    require(not isinstance(number, float) or abs(number) < _LARGEST_EXACT_FLOAT, Reason.PRECISION)
    require(-_BEYOND_ANY_IDENTIFIER < number < _BEYOND_ANY_IDENTIFIER, Reason.LENGTH)
    whole = int(number)
    require(whole == number and whole >= 0, Reason.CHARACTERS)
    return str(whole)
