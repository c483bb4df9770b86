"""The banks of whole columns of cards or IBANs. The table is in :mod:`airflow_provider_iranpay.iran.banks`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from airflow_provider_iranpay.iran.banks import BANKS
from airflow_provider_iranpay.iran.columns.cells import Bytes, Column, clean_blocks, read
from airflow_provider_iranpay.iran.columns.checks import CARD, IBAN
from airflow_provider_iranpay.iran.columns.digits import digits_of, number_of
from airflow_provider_iranpay.iran.columns.proving import Proof

__all__ = ["bank_of_card", "bank_of_iban"]

Places: TypeAlias = npt.NDArray[np.int16]

_NO_BANK: Final = -1


def bank_of_card(column: Column) -> Places:
    """Look up canonical card numbers by their longest known prefix.

    :param column: the ``values`` of a checked column, for example.
    :return: indices into :data:`~airflow_provider_iranpay.iran.banks.BANKS`, -1 where the table has no bank and where
        the cell is no canonical number (int16).
    """
    return _looked_up(column, CARD, _of_cards)


def bank_of_iban(column: Column) -> Places:
    """Look up canonical IBANs; otherwise like :func:`bank_of_card`."""
    return _looked_up(column, IBAN, _of_ibans)


class _Table:
    """Prefixes of one length to places in the table of banks."""

    def __init__(self, length: int, prefixes: Iterable[tuple[str, int]]) -> None:
        known = sorted((int(prefix), place) for prefix, place in prefixes if len(prefix) == length)
        self._prefixes, self._places = np.array(known, dtype=np.int32).T
        self._length = length

    def find(self, digits: Bytes) -> Places:
        """Return the place of the bank of each row, -1 where there is none."""
        number = number_of(digits[: self._length])
        at = np.minimum(np.searchsorted(self._prefixes, number), len(self._prefixes) - 1)
        return np.where(self._prefixes[at] == number, self._places[at], _NO_BANK).astype(np.int16)


_CARD_PREFIXES: Final = [(prefix, place) for place, bank in enumerate(BANKS) for prefix in bank.card_prefixes]
_LONG, _SHORT = _Table(8, _CARD_PREFIXES), _Table(6, _CARD_PREFIXES)
_IBAN_CODES: Final = _Table(3, ((bank.iban_code, place) for place, bank in enumerate(BANKS)))


def _of_cards(text: Bytes) -> Places:
    digits = digits_of(text)
    long = _LONG.find(digits)
    return np.where(long == _NO_BANK, _SHORT.find(digits), long)


def _of_ibans(text: Bytes) -> Places:
    return _IBAN_CODES.find(digits_of(text[4:]))


def _looked_up(column: Column, proof: Proof, places_of: Callable[[Bytes], Places]) -> Places:
    result = np.full(len(column), _NO_BANK, dtype=np.int16)
    for part, cells in read(column):
        for rows, text in clean_blocks(cells, proof.width, proof.numbers):
            result[part][rows] = np.where(proof.verdicts(text) == 0, places_of(text), _NO_BANK)
    return result
