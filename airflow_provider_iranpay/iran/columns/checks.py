"""The checks of whole columns, by the names of the checks of one value that they agree with.

Each takes a column of any type and never raises. The proofs here cover text of canonical shape and whole numbers; what
else a check accepts (other digits, separators, lost zeros in a text) or refuses is left to the check.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from airflow_provider_iranpay.iran import banks, days, identifiers
from airflow_provider_iranpay.iran.checked import Checked, Reason
from airflow_provider_iranpay.iran.checksums import LEGAL_ID_COEFFICIENTS, NATIONAL_CODE_WEIGHTS
from airflow_provider_iranpay.iran.columns.cells import Bytes, Column
from airflow_provider_iranpay.iran.columns.days import birth_date
from airflow_provider_iranpay.iran.columns.digits import Truths, are_digits, digits_of, vary, weighted
from airflow_provider_iranpay.iran.columns.proving import CheckedColumn, Codes, Proof, each, over, verdicts

__all__ = [
    "CARD",
    "COLUMN_CHECKS",
    "IBAN",
    "account",
    "card",
    "column_check",
    "fida_code",
    "iban",
    "iban_code",
    "legal_id",
    "mobile",
    "national_code",
    "person_name",
    "postal_code",
]

_IBAN_WEIGHTS: Final = [10**power % 97 for power in range(27, 5, -1)]
_IBAN_COUNTRY: Final = 182700 % 97  # IR as numbers, then the place of the check digits


def national_code(column: Column) -> CheckedColumn:
    """Check a column like :func:`~airflow_provider_iranpay.iran.identifiers.national_code`."""
    return over(column, identifiers.national_code, _NATIONAL_CODE)


def legal_id(column: Column) -> CheckedColumn:
    """Check a column like :func:`~airflow_provider_iranpay.iran.identifiers.legal_id`."""
    return over(column, identifiers.legal_id, _LEGAL_ID)


def fida_code(column: Column) -> CheckedColumn:
    """Check a column like :func:`~airflow_provider_iranpay.iran.identifiers.fida_code`."""
    return over(column, identifiers.fida_code, _FIDA_CODE)


def card(column: Column) -> CheckedColumn:
    """Check a column like :func:`~airflow_provider_iranpay.iran.identifiers.card`."""
    return over(column, identifiers.card, CARD)


def iban(column: Column) -> CheckedColumn:
    """Check a column like :func:`~airflow_provider_iranpay.iran.identifiers.iban`."""
    return over(column, identifiers.iban, IBAN)


def mobile(column: Column) -> CheckedColumn:
    """Check a column like :func:`~airflow_provider_iranpay.iran.identifiers.mobile`."""
    return over(column, identifiers.mobile, _MOBILE)


def postal_code(column: Column) -> CheckedColumn:
    """Check a column like :func:`~airflow_provider_iranpay.iran.identifiers.postal_code`."""
    return over(column, identifiers.postal_code, _POSTAL_CODE)


def account(column: Column) -> CheckedColumn:
    """Check a column like :func:`~airflow_provider_iranpay.iran.identifiers.account`; there is no short cut."""
    return over(column, identifiers.account)


person_name = each(identifiers.person_name)
iban_code = each(banks.iban_code)


def _national_codes(text: Bytes) -> Codes:
    digits = digits_of(text)
    rest = weighted(digits, NATIONAL_CODE_WEIGHTS) % 11
    return _with_check_digit(digits, digits[9] == np.where(rest < 2, rest, 11 - rest))


def _legal_ids(text: Bytes) -> Codes:
    digits = digits_of(text)
    rest = weighted(digits[:10] + (digits[9] + 2), LEGAL_ID_COEFFICIENTS) % 11
    return _with_check_digit(digits, digits[10] == rest % 10)


def _fida_codes(text: Bytes) -> Codes:
    digits = digits_of(text)
    return verdicts(are_digits(digits), (vary(digits), Reason.REPEATED_DIGIT))


def _cards(text: Bytes) -> Codes:
    digits = digits_of(text)
    doubled = digits[::2] * 2
    doubled -= 9 * (doubled > 9).view(np.uint8)
    total = doubled.sum(axis=0, dtype=np.uint8) + digits[1::2].sum(axis=0, dtype=np.uint8)  # 144 at most
    return _with_check_digit(digits, total % 10 == 0)


def _ibans(text: Bytes) -> Codes:
    digits = digits_of(text[2:])
    rest = (weighted(digits[2:], _IBAN_WEIGHTS) + _IBAN_COUNTRY) % 97
    is_written_so = (text[0] == ord("I")) & (text[1] == ord("R")) & are_digits(digits)
    return verdicts(is_written_so, (digits[0] * 10 + digits[1] == 98 - rest, Reason.CHECK_DIGIT))


def _mobiles(text: Bytes) -> Codes:
    digits = digits_of(text)
    return verdicts(are_digits(digits), ((digits[0] == 0) & (digits[1] == 9), Reason.PREFIX))


def _postal_codes(text: Bytes) -> Codes:
    digits = digits_of(text)
    starts_well = ((digits[:5] != 0) & (digits[:5] != 2)).all(axis=0)
    return verdicts(are_digits(digits), (vary(digits), Reason.REPEATED_DIGIT), (starts_well, Reason.PREFIX))


def _with_check_digit(digits: Bytes, it_fits: Truths) -> Codes:
    return verdicts(are_digits(digits), (vary(digits), Reason.REPEATED_DIGIT), (it_fits, Reason.CHECK_DIGIT))


_NATIONAL_CODE: Final = Proof(10, _national_codes, range(10**7, 10**10))
_LEGAL_ID: Final = Proof(11, _legal_ids, range(10**10, 10**11))
_FIDA_CODE: Final = Proof(12, _fida_codes, range(10**11, 10**12))
CARD: Final = Proof(16, _cards, range(10**15, 10**16))
IBAN: Final = Proof(26, _ibans)
_MOBILE: Final = Proof(11, _mobiles, range(9 * 10**9, 10**10))
_POSTAL_CODE: Final = Proof(10, _postal_codes, range(10**9, 10**10))

COLUMN_CHECKS: Final[Mapping[Callable[[object], Checked], Callable[[Any], CheckedColumn]]] = MappingProxyType(
    {
        identifiers.national_code: national_code,
        identifiers.legal_id: legal_id,
        identifiers.fida_code: fida_code,
        identifiers.card: card,
        identifiers.iban: iban,
        identifiers.mobile: mobile,
        identifiers.postal_code: postal_code,
        identifiers.account: account,
        identifiers.person_name: person_name,
        banks.iban_code: iban_code,
        days.birth_date: birth_date,
    }
)
"""The check of one value, as the catalogue of inquiries names it, to the check of a column."""


def column_check(check: Callable[[object], Checked]) -> Callable[[Column], CheckedColumn]:
    """Return the column form of a check of one value: its own, or one that asks it cell by cell."""
    return COLUMN_CHECKS.get(check) or each(check)
