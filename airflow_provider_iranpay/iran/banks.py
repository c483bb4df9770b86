"""The banks of Iran: IBAN codes, card prefixes, names and Jibit ids, read once from ``banks.csv`` beside this file.

The table is a vote over ten public tables. Banks that merged keep their codes: cards and IBANs outlive them. No
look-up raises on an unknown key, since new banks and prefixes appear before any table knows them.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from airflow_provider_iranpay.iran.cells import cell_text
from airflow_provider_iranpay.iran.checked import Checked, Doubt, Reason, check, require
from airflow_provider_iranpay.iran.digits import ZWNJ, ascii_digits, fold_letters, is_ascii_number, strip_marks

__all__ = ["BANKS", "Bank", "by_card", "by_iban", "by_iban_code", "by_jibit_id", "iban_code", "jibit_id"]


@dataclass(frozen=True, slots=True)
class Bank:
    """One row of the table.

    :param iban_code: three digits, the fifth to seventh character of its IBANs.
    :param card_prefixes: first digits of its cards, 6 or 8 of them; may be empty.
    :param jibit_id: the bank's name in Jibit's answers and parameters; None where Jibit has none.
    :param note: mergers and doubts about the row; may be empty.
    """

    iban_code: str
    card_prefixes: tuple[str, ...]
    english_name: str
    persian_name: str
    jibit_id: str | None
    note: str


def _read_banks() -> tuple[Bank, ...]:
    table = Path(__file__).with_name("banks.csv").read_text(encoding="utf-8")
    return tuple(
        Bank(
            iban_code=row["iban_code"],
            card_prefixes=tuple(filter(None, row["bins"].split("|"))),
            english_name=row["english_name"],
            persian_name=row["persian_name"],
            jibit_id=row["jibit_id"] or None,
            note=row["note"],
        )
        for row in csv.DictReader(table.splitlines())
    )


def _name_key(name: str) -> str:
    """Reduce a bank's name to the words that tell it apart, in the order in which they stand."""
    text = _REMARK.sub(" ", strip_marks(fold_letters(name.replace(ZWNJ, " "))).casefold())
    return " ".join(word for word in _WORD.findall(text) if word not in _EMPTY_WORDS)


_REMARK = re.compile(r"\(.*?\)")
_WORD = re.compile(r"\w+")
_EMPTY_WORDS = frozenset({"bank", "of", "iran", "بانک", "ایران"})
_ID_SHAPE = re.compile(r"[A-Z][A-Z_]*")
_LONG_PREFIX, _SHORT_PREFIX = 8, 6

BANKS: tuple[Bank, ...] = _read_banks()
"""Every bank known, in the order of its IBAN code."""

_BY_IBAN_CODE = {bank.iban_code: bank for bank in BANKS}
_BY_CARD_PREFIX = {prefix: bank for bank in BANKS for prefix in bank.card_prefixes}
# Read backwards, so that of two rows of one bank the first, its primary code, is the one that stays.
_BY_JIBIT_ID = {bank.jibit_id: bank for bank in reversed(BANKS) if bank.jibit_id is not None}
_BY_NAME = {_name_key(name): bank for bank in reversed(BANKS) for name in (bank.english_name, bank.persian_name)}


def by_iban_code(code: str) -> Bank | None:
    """Return the bank with this three-digit IBAN code (text, zeros included), None if the table has none."""
    return _BY_IBAN_CODE.get(code)


def by_iban(iban: str) -> Bank | None:
    """Return the bank of a canonical IBAN (``IR`` and 24 digits), None if the table has none."""
    return _BY_IBAN_CODE.get(iban[4:7])


def by_card(card: str) -> Bank | None:
    """Return the bank of a canonical card number by its longest known prefix, None if the table has none."""
    return _BY_CARD_PREFIX.get(card[:_LONG_PREFIX]) or _BY_CARD_PREFIX.get(card[:_SHORT_PREFIX])


def by_jibit_id(bank_id: str) -> Bank | None:
    """Return the bank with this Jibit id, exactly as written, None if the table has none.

    One bank has two rows, ``MEHR_IRAN``: the answer is the primary one, 060.
    """
    return _BY_JIBIT_ID.get(bank_id)


@check
def jibit_id(value: object) -> Checked:
    """Turn what people have for a bank into its Jibit id.

    Accepted: a Jibit id in any case (spaces and dashes for its underscores), an IBAN code as text or number (``017``,
    ``17``), an English or Persian name with or without the words for "bank" and "Iran". A text in the shape of an id
    that is not in the table passes with a doubt, because the provider's enumeration is open.
    """
    text = _written(value)
    bank = _find(text)
    if bank is not None:
        require(bank.jibit_id is not None, Reason.NO_JIBIT_ID)
        return Checked(bank.jibit_id)
    require(_ID_SHAPE.fullmatch(text) is not None, Reason.UNKNOWN_BANK)
    return Checked(text, doubt=Doubt.UNKNOWN_BANK)


@check
def iban_code(value: object) -> Checked:
    """Turn what people have for a bank, as in :func:`jibit_id`, into its three-digit IBAN code.

    Three digits that are not in the table pass with a doubt: new banks appear before any table knows them.
    """
    text = _written(value)
    bank = _find(text)
    if bank is not None:
        return Checked(bank.iban_code)
    require(is_ascii_number(text) and len(text) == 3, Reason.UNKNOWN_BANK)
    return Checked(text, doubt=Doubt.UNKNOWN_BANK)


def _written(value: object) -> str:
    text = " ".join(strip_marks(ascii_digits(cell_text(value).replace(ZWNJ, " "))).split())
    require(bool(text), Reason.EMPTY)
    return text


def _find(text: str) -> Bank | None:
    as_id = re.sub(r"[ -]", "_", text).upper()
    if as_id in _BY_JIBIT_ID:
        return _BY_JIBIT_ID[as_id]
    return _BY_IBAN_CODE.get(text.zfill(3)) if is_ascii_number(text) else _BY_NAME.get(_name_key(text))
