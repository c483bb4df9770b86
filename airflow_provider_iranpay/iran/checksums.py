"""The arithmetic of check digits, over texts of ASCII digits. What a number may look like otherwise is not known here.

The weights are named so that a computation over whole columns uses the same ones.
"""

from __future__ import annotations

from operator import mul

__all__ = [
    "LEGAL_ID_COEFFICIENTS",
    "LUHN_DOUBLED",
    "NATIONAL_CODE_WEIGHTS",
    "iban_check_digits",
    "legal_id_check_digit",
    "luhn_check_digit",
    "national_code_check_digit",
]

NATIONAL_CODE_WEIGHTS = (10, 9, 8, 7, 6, 5, 4, 3, 2)
LEGAL_ID_COEFFICIENTS = (29, 27, 23, 19, 17, 29, 27, 23, 19, 17)
LUHN_DOUBLED = "0246813579"
"""Each digit doubled, the digits of the result added."""

_OF_ZEROS = ord("0") * sum(NATIONAL_CODE_WEIGHTS)
_DOUBLING = str.maketrans("0123456789", LUHN_DOUBLED)
_IBAN_COUNTRY_AND_CHECK = "182700"  # I is 18, R is 27; then the place of the check digits


def national_code_check_digit(first_nine: str) -> str:
    """Return the tenth digit: r = weighted sum mod 11, then r below 2 and 11 - r from there on."""
    rest = (sum(map(mul, NATIONAL_CODE_WEIGHTS, first_nine.encode())) - _OF_ZEROS) % 11
    return str(rest if rest < 2 else 11 - rest)


def legal_id_check_digit(first_ten: str) -> str:
    """Return the eleventh digit: every digit is raised by the tenth plus 2 and weighted; mod 11, where 10 becomes 0."""
    shift = int(first_ten[9]) + 2
    rest = sum((int(digit) + shift) * weight for digit, weight in zip(first_ten, LEGAL_ID_COEFFICIENTS, strict=True))
    return str(rest % 11 % 10)


def luhn_check_digit(all_but_last: str) -> str:
    """Return the last digit by Luhn: from the right, every second digit is doubled, beginning with the first."""
    doubled = all_but_last[::-2].translate(_DOUBLING)
    return str(-sum(map(int, doubled + all_but_last[-2::-2])) % 10)


def iban_check_digits(bban: str) -> str:
    """Return the two check digits (02..98, zero-padded) of an Iranian IBAN from its 22 digits after them."""
    return f"{98 - int(bban + _IBAN_COUNTRY_AND_CHECK) % 97:02}"
