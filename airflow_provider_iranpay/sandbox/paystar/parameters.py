"""What each parameter must look like on the wire: one rule each, as the Persian text of what is wrong.

The rules are the contract's formats to the letter: what a friendly client would have normalised is refused here.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from airflow_provider_iranpay.iran import identifiers
from airflow_provider_iranpay.iran.banks import by_iban_code
from airflow_provider_iranpay.iran.days import from_jalali_dashed
from airflow_provider_iranpay.sandbox.paystar.service import Parameter, Refused

__all__ = [
    "ACCOUNT",
    "BANK",
    "BIRTH_DATE",
    "CARD",
    "IBAN",
    "MOBILE",
    "NATIONAL_CODE",
    "NOT_VALID",
    "day",
    "digits",
    "invalid",
    "is_iban",
]

_INVALID_INPUT = 10
NOT_VALID = "مقدار این فیلد معتبر نیست."
_MAX_DIGITS = 30
_DASHED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def invalid(**fields: str) -> Refused:
    """Code 10 about some fields."""
    return Refused(_INVALID_INPUT, data={name: [text] for name, text in fields.items()})


def digits(value: Any) -> str:
    """A text or a whole number as the ASCII digits that it consists of, 30 at most; empty if it is anything else."""
    text = str(value) if type(value) in (str, int) else ""
    return text if text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS else ""


def is_iban(value: Any) -> bool:
    """Whether this is an IBAN as the wire wants it: upper-case ``IR``, 24 ASCII digits, the right check digits."""
    return isinstance(value, str) and value[:2] == "IR" and len(digits(value[2:])) == 24 and identifiers.iban(value).ok


def _gregorian(text: str) -> date:
    if not _DASHED.fullmatch(text):  # fromisoformat reads 20251121 too
        raise ValueError("not YYYY-MM-DD")
    return date.fromisoformat(text)


_READERS = {"jalali": from_jalali_dashed, "gregorian": _gregorian}


def day(value: Any, *, calendar: str, field: str) -> date:
    """The day of a text ``YYYY-MM-DD``.

    :param calendar: ``jalali`` or ``gregorian``.
    :raises Refused: code 10 about ``field``.
    """
    try:
        return _READERS[calendar](str(value))
    except ValueError as wrong:
        raise invalid(**{field: NOT_VALID}) from wrong


def _unless(fits: bool) -> str | None:
    return None if fits else NOT_VALID


def _national_code(value: Any) -> str | None:
    return _unless(len(digits(value)) == 10 and identifiers.national_code(str(value)).ok)


def _mobile(value: Any) -> str | None:
    return _unless(len(digits(value)) == 11 and str(value).startswith("09"))


def _card(value: Any) -> str | None:
    return _unless(len(digits(value)) == 16 and identifiers.card(str(value)).ok)


def _account(value: Any) -> str | None:
    text = str(value)
    return _unless(bool(digits(text.replace("-", "").replace(".", "").replace("/", ""))))


def _bank(value: Any) -> str | None:
    return _unless(isinstance(value, str) and by_iban_code(value) is not None)


NATIONAL_CODE = Parameter("national_id", _national_code)
MOBILE = Parameter("mobile_number", _mobile)
CARD = Parameter("card", _card)
IBAN = Parameter("iban", lambda value: _unless(is_iban(value)))
ACCOUNT = Parameter("account_number", _account)
BANK = Parameter("bank_id", _bank)
BIRTH_DATE = Parameter("birth_date", lambda value: _unless(isinstance(value, str)))
"""The answer reads it, because its calendar is a setting."""
