"""From what people have to what the wire wants: one encoder per kind of input, over the rules of ``iran``.

Every encoder takes the name of the input and its value, and returns the wire text or raises ``InvalidInput`` with a
reason code and a remedy. The refused value itself is never shown: only its shape.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from airflow_provider_iranpay.exceptions import InvalidInput
from airflow_provider_iranpay.iran import banks, days, identifiers, masks
from airflow_provider_iranpay.iran.checked import Reason

__all__ = [
    "account",
    "bank",
    "birth_date",
    "card",
    "corporation_code",
    "fida_code",
    "iban",
    "mobile",
    "name",
    "national_code",
    "postal_code",
    "report_day",
]

Encoder = Callable[[str, object], str]


def _refuse(field: str, reason: str | None, remedy: str, value: object) -> InvalidInput:
    return InvalidInput(field, str(reason), f"{remedy} Got {masks.mask_shape(value)}.")


def _identifier(check: Callable[[object], identifiers.Checked], remedy: str) -> Encoder:
    def encode(field: str, value: object) -> str:
        checked = check(value)
        if checked.value is None:
            raise _refuse(field, checked.reason, remedy, value)
        return checked.value

    return encode


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
national_code = _identifier(identifiers.national_code, "A national code has 10 digits and a valid check digit.")
corporation_code = _identifier(identifiers.legal_id, "A legal-entity id has 11 digits and a valid check digit.")
fida_code = _identifier(identifiers.fida_code, "A FIDA code has 12 digits.")
mobile = _identifier(identifiers.mobile, "A mobile number is 09 and nine digits.")
postal_code = _identifier(identifiers.postal_code, "A postal code has 10 digits.")
name = _identifier(identifiers.person_name, "Give the name as text.")
birth_date = _day(days.jalali_yyyymmdd, "Give a date, or Jalali text such as 13700115 or 1370/01/15.")
report_day = _day(days.jalali_yymmdd, "Give a date, or Jalali text such as 14050830 or 1405/08/30.")
