"""Iranian identifiers: from whatever a person or a table gives to the canonical text that a provider takes.

Every check takes any object, never raises and answers with a :class:`Checked`: the canonical text, or a stable
reason. All take text with Persian or Arabic-Indic digits, invisible marks, white space and dashes
(:func:`~airflow_provider_iranpay.iran.digits.clean_identifier`), and numbers as
:func:`~airflow_provider_iranpay.iran.cells.cell_text` reads them. Nothing is looked up outside this package: a number
that passes is well formed, not known to exist.
"""

from __future__ import annotations

import re

from airflow_provider_iranpay.iran import banks
from airflow_provider_iranpay.iran.cells import cell_text, is_missing
from airflow_provider_iranpay.iran.checked import Checked, Doubt, Reason, Refusal, check, require
from airflow_provider_iranpay.iran.checksums import (
    iban_check_digits,
    legal_id_check_digit,
    luhn_check_digit,
    national_code_check_digit,
)
from airflow_provider_iranpay.iran.digits import (
    ZWNJ,
    ascii_digits,
    clean_identifier,
    fold_letters,
    is_ascii_number,
    strip_marks,
)

__all__ = [
    "Checked",
    "Doubt",
    "Reason",
    "account",
    "build_iban",
    "card",
    "complete_card",
    "complete_national_code",
    "fida_code",
    "iban",
    "legal_id",
    "mobile",
    "national_code",
    "person_name",
    "postal_code",
]

NATIONAL_CODE_DIGITS = 10
NATIONAL_CODE_MOST_ZEROS_LOST = 2
LEGAL_ID_DIGITS = 11
FIDA_CODE_DIGITS = 12
CARD_DIGITS = 16
POSTAL_CODE_DIGITS = 10
IBAN_DIGITS = 24
IBAN_ACCOUNT_DIGITS = 18
MOBILE_DIGITS = frozenset({10, 11, 12, 14})  # 9.. / 09.. / 989.. / 00989.., each told apart from a wrong length

_IR = frozenset({"IR", "ir", "Ir", "iR"})  # not str.upper: it turns a dotless i into I
_IBAN_ACCOUNT_TYPE = "0"
_MOBILE = re.compile(r"(?:\+98|0098|98)?0?(9[0-9]{9})")
_POSTAL_CODE_START = re.compile(r"[13-9]{5}")
_UNUSUAL_POSTAL_CODE = re.compile(r"([0-9])\1{3}|[0-9]{4}5")
_ACCOUNT = re.compile(r"[0-9]+(?:[-./][0-9]+)*")


@check
def national_code(value: object) -> Checked:
    """Check the national code of a person: ten digits, the last one a check digit.

    Eight and nine digits are padded with zeros on the left, because numeric columns drop them. A code of one repeated
    digit is refused, though it passes the checksum.
    """
    text = _digits(value)
    require(NATIONAL_CODE_DIGITS - NATIONAL_CODE_MOST_ZEROS_LOST <= len(text) <= NATIONAL_CODE_DIGITS, Reason.LENGTH)
    code = text.zfill(NATIONAL_CODE_DIGITS)
    _require_more_than_one_digit(code)
    require(code[-1] == national_code_check_digit(code[:-1]), Reason.CHECK_DIGIT)
    return Checked(code)


@check
def legal_id(value: object) -> Checked:
    """Check the id of a legal entity (a company): eleven digits, the last one a check digit."""
    text = _digits_of_length(value, LEGAL_ID_DIGITS)
    require(text[-1] == legal_id_check_digit(text[:-1]), Reason.CHECK_DIGIT)
    return Checked(text)


@check
def fida_code(value: object) -> Checked:
    """Check the FIDA code of a foreigner: twelve digits, for which no check digit is public."""
    return Checked(_digits_of_length(value, FIDA_CODE_DIGITS))


@check
def card(value: object) -> Checked:
    """Check the number of a bank card: sixteen digits that pass Luhn. A prefix of no known bank is a doubt."""
    text = _digits_of_length(value, CARD_DIGITS)
    require(text[-1] == luhn_check_digit(text[:-1]), Reason.CHECK_DIGIT)
    return Checked(text, doubt=None if banks.by_card(text) else Doubt.UNKNOWN_BANK)


@check
def iban(value: object) -> Checked:
    """Check an Iranian IBAN (Sheba): ``IR``, two check digits, bank (3), account type (1), account (18).

    Small letters are accepted, and 24 bare digits too: their own check digits vouch for the missing ``IR``. A bank code
    that the table lacks is a doubt.
    """
    text = _clean(value)
    bare = is_ascii_number(text) and len(text) == IBAN_DIGITS
    require(bare or text[:2] in _IR, Reason.COUNTRY)
    number = text if bare else text[2:]
    require(is_ascii_number(number), Reason.CHARACTERS)
    require(len(number) == IBAN_DIGITS, Reason.LENGTH)
    require(number[:2] == iban_check_digits(number[2:]), Reason.CHECK_DIGIT)
    canonical = f"IR{number}"
    return Checked(canonical, doubt=None if banks.by_iban(canonical) else Doubt.UNKNOWN_BANK)


@check
def mobile(value: object) -> Checked:
    """Check a mobile number and bring it to ``09`` and nine digits.

    Accepted: ``09..``, ``9..``, ``989..``, ``+989..``, ``00989..``, and with the zero kept after 98. The operator
    cannot be derived: numbers are ported.
    """
    text = _clean(value)
    match = _MOBILE.fullmatch(text)
    if not match:
        number = text.removeprefix("+")
        require(is_ascii_number(number), Reason.CHARACTERS)
        raise Refusal(Reason.PREFIX if len(number) in MOBILE_DIGITS else Reason.LENGTH)
    return Checked(f"0{match[1]}")


@check
def postal_code(value: object) -> Checked:
    """Check a postal code: ten digits, without 0 and 2 among the first five.

    Observed in public validators and not documented, so a doubt only: the fifth digit is 5, or the first four are one
    digit.
    """
    text = _digits_of_length(value, POSTAL_CODE_DIGITS)
    require(_POSTAL_CODE_START.match(text) is not None, Reason.PREFIX)
    return Checked(text, doubt=Doubt.UNUSUAL_POSTAL_CODE if _UNUSUAL_POSTAL_CODE.match(text) else None)


@check
def account(value: object) -> Checked:
    """Check the number of a bank account as its bank prints it.

    Each bank has its own form and none is public, so only this is asked (assumed): digits, at most the 18 that an IBAN
    has room for, in groups that ``-``, ``.`` or ``/`` part. The separators stay, because some banks count them in
    (but ``1234567.0`` is read as a number that went through a float column).
    """
    text = "".join(strip_marks(ascii_digits(cell_text(value))).split())
    require(bool(text), Reason.EMPTY)
    require(_ACCOUNT.fullmatch(text) is not None, Reason.CHARACTERS)
    require(sum(map(str.isdigit, text)) <= IBAN_ACCOUNT_DIGITS, Reason.LENGTH)
    return Checked(text)


@check
def person_name(value: object) -> Checked:
    """Check a person's name for name matching: at least one letter and no digit.

    Arabic letter forms become Persian ones, a ZWNJ becomes a space, other marks go, white space collapses.
    """
    require(not is_missing(value), Reason.EMPTY)
    if not isinstance(value, str):
        raise Refusal(Reason.TYPE)
    text = " ".join(strip_marks(fold_letters(value).replace(ZWNJ, " ")).split())
    require(bool(text), Reason.EMPTY)
    require(any(map(str.isalpha, text)) and not any(map(str.isdigit, text)), Reason.CHARACTERS)
    return Checked(text)


def build_iban(bank_code: str, account: str) -> str:
    """Build the IBAN of an account: ``IR``, check digits, bank code, account type 0, the account in 18 digits.

    :param bank_code: three digits.
    :param account: at most 18 digits without separators; padded with zeros on the left.
    :raises ValueError: one of the two is not such a number.

    That every bank puts the account there as it prints it is not documented; real look-ups ask the provider.
    """
    if not (is_ascii_number(bank_code) and len(bank_code) == 3):
        raise ValueError("bank_code must be three ASCII digits")
    if not (is_ascii_number(account) and len(account) <= IBAN_ACCOUNT_DIGITS):
        raise ValueError(f"account must be 1 to {IBAN_ACCOUNT_DIGITS} ASCII digits")
    bban = bank_code + _IBAN_ACCOUNT_TYPE + account.zfill(IBAN_ACCOUNT_DIGITS)
    return f"IR{iban_check_digits(bban)}{bban}"


def complete_national_code(first_nine: str) -> str:
    """Append the check digit to the first nine digits of a national code.

    :raises ValueError: not nine ASCII digits.
    """
    if not (is_ascii_number(first_nine) and len(first_nine) == NATIONAL_CODE_DIGITS - 1):
        raise ValueError("first_nine must be nine ASCII digits")
    return first_nine + national_code_check_digit(first_nine)


def complete_card(first_fifteen: str) -> str:
    """Append the check digit to the first fifteen digits of a card.

    :raises ValueError: not fifteen ASCII digits.
    """
    if not (is_ascii_number(first_fifteen) and len(first_fifteen) == CARD_DIGITS - 1):
        raise ValueError("first_fifteen must be fifteen ASCII digits")
    return first_fifteen + luhn_check_digit(first_fifteen)


def _clean(value: object) -> str:
    if isinstance(value, str) and value.isascii() and value.isalnum():
        return value  # most are clean, and this is before each paid call
    text = clean_identifier(cell_text(value))
    require(bool(text), Reason.EMPTY)
    return text


def _digits(value: object) -> str:
    text = _clean(value)
    if not is_ascii_number(text):
        raise Refusal(Reason.CHARACTERS)
    return text


def _digits_of_length(value: object, length: int) -> str:
    text = _digits(value)
    require(len(text) == length, Reason.LENGTH)
    _require_more_than_one_digit(text)
    return text


def _require_more_than_one_digit(text: str) -> None:
    require(text != text[0] * len(text), Reason.REPEATED_DIGIT)
