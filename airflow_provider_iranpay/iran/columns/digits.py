"""The arithmetic of digits over whole blocks, of the shape ``(width, rows)``. What a number means is not known here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from airflow_provider_iranpay.iran.columns.cells import Bytes

__all__ = ["Truths", "are_digits", "digits_of", "number_of", "vary", "weighted"]

Truths: TypeAlias = npt.NDArray[np.bool_]


def digits_of(text: Bytes) -> Bytes:
    """Turn ASCII codes into digits; what was no digit is above 9."""
    return text - np.uint8(ord("0"))


def are_digits(digits: Bytes) -> Truths:
    """Whether a row holds nothing but digits."""
    largest: Bytes = digits.max(axis=0)
    return largest <= 9


def vary(digits: Bytes) -> Truths:
    """Whether a row holds more than one digit."""
    varies: Truths = digits.max(axis=0) != digits.min(axis=0)
    return varies


def weighted(digits: Bytes, weights: Sequence[int]) -> npt.NDArray[np.uint16]:
    """Add up the digits of each row by their weights; the digits beyond the weights are left out."""
    total = np.zeros(digits.shape[1], dtype=np.uint16)
    for place, weight in zip(digits, weights, strict=False):
        total += place * np.uint16(weight)
    return total


def number_of(digits: Bytes) -> npt.NDArray[np.int32]:
    """Read each row as one number, of at most nine digits."""
    number = np.zeros(digits.shape[1], dtype=np.int32)
    for place in digits:
        number = number * 10 + place
    return number
