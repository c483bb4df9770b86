"""Amounts in Rial as people and providers write them, brought to an int. Nothing is ever rounded."""

from __future__ import annotations

import re

from airflow_provider_iranpay.iran.cells import cell_text
from airflow_provider_iranpay.iran.checked import Reason, Refusal
from airflow_provider_iranpay.iran.digits import ascii_digits

__all__ = ["LARGEST_RIAL", "read_rial"]

LARGEST_RIAL = 2**60
"""Beyond any amount, and what a database's bigint still sums."""

_WRITTEN = re.compile(r"-?(?:[0-9]+|[0-9]{1,3}(?:[,٬][0-9]{3})+)")


def read_rial(value: object) -> int:
    """Read an amount: an int, a whole float or decimal, or text in any digits, with thousands commas or without.

    :raises Refusal: it is none of these, or beyond any amount.
    """
    plain = isinstance(value, str | int) and not isinstance(value, bool)  # a cell's number cannot be negative
    text = ascii_digits(str(value) if plain else cell_text(value)).strip()
    if not _WRITTEN.fullmatch(text):
        raise Refusal(Reason.CHARACTERS if text else Reason.EMPTY)
    digits = text.replace(",", "").replace("٬", "")
    if len(digits) > len(str(LARGEST_RIAL)) or abs(int(digits)) >= LARGEST_RIAL:
        raise Refusal(Reason.LENGTH)
    return int(digits)
