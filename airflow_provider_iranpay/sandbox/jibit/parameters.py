"""What each parameter must look like on the wire: a table of rules. Which service takes which stands in ``services``.

The rules are the contract's formats to the letter: what a friendly client would have normalised is refused here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_iranpay.iran import identifiers
from airflow_provider_iranpay.iran.banks import by_jibit_id
from airflow_provider_iranpay.iran.days import from_jalali_yymmdd, from_jalali_yyyymmdd

if TYPE_CHECKING:
    from collections.abc import Callable

    Rule = Callable[[str], str | None]

__all__ = ["Parameter", "fault_of"]

_MAX_TEXT = 100
_MAX_ACCOUNT = 30
_JALALI_YEARS = range(1200, 1501)
NOT_VALID = "not_valid"
LENGTH_EXCEEDED = "length_exceeded"


def _ascii_digits(text: str, length: int) -> bool:
    return len(text) == length and text.isascii() and text.isdigit()


def _card(text: str) -> str | None:
    return None if _ascii_digits(text, 16) and identifiers.card(text).ok else NOT_VALID


def _iban(text: str) -> str | None:
    return None if text[:2] == "IR" and _ascii_digits(text[2:], 24) and identifiers.iban(text).ok else NOT_VALID


def _national_code(text: str) -> str | None:
    return None if _ascii_digits(text, 10) and identifiers.national_code(text).ok else NOT_VALID


def _legal_id(text: str) -> str | None:
    return None if _ascii_digits(text, 11) and identifiers.legal_id(text).ok else NOT_VALID


def _fida(text: str) -> str | None:
    return None if _ascii_digits(text, 12) else NOT_VALID


def _mobile(text: str) -> str | None:
    return None if text[:2] == "09" and _ascii_digits(text, 11) else NOT_VALID


def _postal_code(text: str) -> str | None:
    return None if _ascii_digits(text, 10) else NOT_VALID


def _birth_date(text: str) -> str | None:
    if not (_ascii_digits(text, 8) and int(text[:4]) in _JALALI_YEARS):
        return NOT_VALID
    return _calendar(from_jalali_yyyymmdd, text)


def _report_day(text: str) -> str | None:
    return _calendar(from_jalali_yymmdd, text) if _ascii_digits(text, 6) else NOT_VALID


def _calendar(read: Callable[[str], object], text: str) -> str | None:
    try:
        read(text)
    except ValueError:
        return NOT_VALID
    return None


def _bank(text: str) -> str | None:
    return None if by_jibit_id(text) is not None and text.isupper() else NOT_VALID


def _account(text: str) -> str | None:
    if len(text) > _MAX_ACCOUNT:
        return LENGTH_EXCEEDED
    plain = text.replace("-", "").replace(".", "").replace("/", "")
    return None if plain.isascii() and plain.isdigit() else NOT_VALID


def _name(text: str) -> str | None:
    return LENGTH_EXCEEDED if len(text) > _MAX_TEXT else None


def _anything(_: str) -> str | None:
    return None


RULES: dict[str, Rule] = {
    "card": _card,
    "iban": _iban,
    "national_code": _national_code,
    "legal_id": _legal_id,
    "fida": _fida,
    "mobile": _mobile,
    "postal_code": _postal_code,
    "birth_date": _birth_date,
    "report_day": _report_day,
    "bank": _bank,
    "account": _account,
    "name": _name,
    "secret": _anything,
}
"""Kind of value to the rule that returns what is wrong with a text, as the last word of an error code."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a service: its name on the wire and the kind of value, a key of :data:`RULES`."""

    name: str
    kind: str
    required: bool = True


def fault_of(parameter: Parameter, value: str | None) -> str | None:
    """The error code that this value earns, or ``None`` if it may pass. A blank value counts as missing."""
    if value is None or not value.strip():
        return f"{parameter.name}.is_required" if parameter.required else None
    wrong = RULES[parameter.kind](value)
    return None if wrong is None else f"{parameter.name}.{wrong}"
