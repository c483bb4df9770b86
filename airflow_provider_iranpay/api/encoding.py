"""From what people have to what the wire wants: one encoder per kind of input, over the rules of ``iran``.

Every encoder takes the name of the input and its value, and returns what goes on the wire or raises ``InvalidInput``
with a reason code and a remedy. The refused value itself is never shown: only its shape.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from urllib.parse import urlsplit

from airflow_provider_iranpay.exceptions import InvalidInput
from airflow_provider_iranpay.iran import banks, days, identifiers, masks
from airflow_provider_iranpay.iran.cells import cell_text
from airflow_provider_iranpay.iran.checked import Reason, Refusal
from airflow_provider_iranpay.iran.money import read_rial

__all__ = [
    "account",
    "amount_rial",
    "bank",
    "bank_code",
    "birth_date",
    "birth_date_dashed",
    "card",
    "corporation_code",
    "count",
    "fida_code",
    "gregorian_day",
    "iban",
    "identity",
    "mobile",
    "name",
    "national_code",
    "postal_code",
    "report_day",
    "text",
    "web_address",
]

Encoder = Callable[[str, object], str]

_WRITTEN_NOTHING = frozenset({"nan", "nat", "none", "null", "<na>"})


def _refuse(field: str, reason: str | None, remedy: str, value: object) -> InvalidInput:
    return InvalidInput(field, str(reason), f"{remedy} Got {masks.mask_shape(value)}.")


def _identifier(check: Callable[[object], identifiers.Checked], remedy: str) -> Encoder:
    def encode(field: str, value: object) -> str:
        checked = check(value)
        if checked.value is None:
            raise _refuse(field, checked.reason, remedy, value)
        return checked.value

    return encode


def amount_rial(least: int) -> Callable[[str, object], int]:
    """Encode an amount: int Rial, at least ``least``."""
    remedy = f"Give an amount of at least {least:,} Rial, as an int."

    def encode(field: str, value: object) -> int:
        try:
            amount = read_rial(value)
        except Refusal as refusal:
            reason = refusal.reason
        else:
            if amount >= least:
                return amount
            reason = Reason.TOO_SMALL
        raise _refuse(field, reason, remedy, value)

    return encode


def count(field: str, value: object) -> int:
    """Encode how many, or how many to skip."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _refuse(field, Reason.TYPE, "Give a whole number from 0.", value)
    return value


def text(field: str, value: object) -> str:
    """Encode a text exactly as it is, or a number that stands for one."""
    try:
        written = value if isinstance(value, str) else cell_text(value)
    except Refusal as refusal:
        reason: str = refusal.reason
    else:
        if written.strip():
            return written
        reason = Reason.EMPTY
    raise _refuse(field, reason, "Give a text.", value)


def identity(field: str, value: object) -> str:
    """Encode what something is found again by, exactly as it is: nothing that a remote might cut off stands around it.

    A text such as ``1.0`` stays what it is: unlike a code in a numeric column, it is somebody's own name for a thing.
    """
    written = text(field, value)
    if written.casefold() in _WRITTEN_NOTHING:
        raise _refuse(field, Reason.EMPTY, "Give it: this is what an empty cell looks like as text.", value)
    if written != written.strip() or not written.isprintable():
        raise _refuse(field, Reason.CHARACTERS, "Give it without white space around it or control characters.", value)
    return written


def web_address(field: str, value: object) -> str:
    """Encode a URL exactly as it is: a signature covers each of its characters."""
    try:
        parts = urlsplit(value) if isinstance(value, str) and not set(value) & set(" \t\r\n") else None
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise _refuse(field, Reason.FORMAT, "Give a whole URL, such as https://shop.example/paid.", value)
    return str(value)


def _day(write: Callable[[date], str], remedy: str) -> Encoder:
    def encode(field: str, value: object) -> str:
        checked = days.parse_day(value)
        if checked.value is None:
            raise _refuse(field, checked.reason, remedy, value)
        try:
            return write(checked.value)
        except ValueError:  # two digits of a year reach only so far
            raise _refuse(field, Reason.YEAR, remedy, value) from None

    return encode


card = _identifier(identifiers.card, "A card number has 16 digits and a valid check digit.")
iban = _identifier(identifiers.iban, "An IBAN (Sheba) is IR and 24 digits with valid check digits.")
account = _identifier(identifiers.account, "An account (deposit) number has digits, and dots or dashes at most.")
bank = _identifier(
    banks.jibit_id, "Name the bank by its Jibit id (MELLI), its three-digit IBAN code (017) or its name."
)
bank_code = _identifier(
    banks.iban_code, "Name the bank by its three-digit IBAN code (017), its name or its Jibit id (MELLI)."
)
national_code = _identifier(identifiers.national_code, "A national code has 10 digits and a valid check digit.")
corporation_code = _identifier(identifiers.legal_id, "A legal-entity id has 11 digits and a valid check digit.")
fida_code = _identifier(identifiers.fida_code, "A FIDA code has 12 digits.")
mobile = _identifier(identifiers.mobile, "A mobile number is 09 and nine digits.")
postal_code = _identifier(identifiers.postal_code, "A postal code has 10 digits.")
name = _identifier(identifiers.person_name, "Give the name as text.")
birth_date = _day(days.jalali_yyyymmdd, "Give a date, or Jalali text such as 13700115 or 1370/01/15.")
birth_date_dashed = _day(days.jalali_dashed, "Give a date, or Jalali text such as 13700115 or 1370/01/15.")
gregorian_day = _day(date.isoformat, "Give a date, or Jalali text such as 14050830 or 1405/08/30.")
report_day = _day(days.jalali_yymmdd, "Give a date, or Jalali text such as 14050830 or 1405/08/30.")
