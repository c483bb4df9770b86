"""Digits, letters and invisible marks as people type them. What a number means is not known here."""

from __future__ import annotations

import re

__all__ = [
    "INVISIBLE_MARKS",
    "ZWNJ",
    "ascii_digits",
    "clean_identifier",
    "fold_letters",
    "is_ascii_number",
    "strip_marks",
]

_PERSIAN_DIGITS = "۰۱۲۳۴۵۶۷۸۹"
_ARABIC_INDIC_DIGITS = "٠١٢٣٤٥٦٧٨٩"

ZWNJ = "\u200c"
"""Parts the halves of a Persian compound: nothing inside a number, a boundary between words inside a name."""

INVISIBLE_MARKS = (
    "\u0640"  # tatweel: visible, but it only stretches a word
    "\u00ad"  # soft hyphen
    "\u061c\u200e\u200f"  # bidi marks
    "\u202a\u202b\u202c\u202d\u202e"  # bidi embeddings and overrides
    "\u2066\u2067\u2068\u2069"  # bidi isolates
    f"{ZWNJ}\u200b\u200d\u2060\ufeff"  # and the other zero-width ones: space, ZWJ, word joiner, byte order mark
)
"""Characters that change how a text looks, never what it says as an identifier."""

_DIGITS = str.maketrans(_PERSIAN_DIGITS + _ARABIC_INDIC_DIGITS, "0123456789" * 2)
_LETTERS = str.maketrans("يىك", "ییک")
_MARKS = dict.fromkeys(map(ord, INVISIBLE_MARKS))
_INNER_DASHES = re.compile(r"(?<=[0-9A-Za-z])[-_\u2010-\u2015\u2212]+(?=[0-9A-Za-z])")


def ascii_digits(text: str) -> str:
    """Turn Persian and Arabic-Indic digits into ASCII digits; all else stays as it is."""
    return text if text.isascii() else text.translate(_DIGITS)


def fold_letters(text: str) -> str:
    """Turn the Arabic forms of two letters into the Persian ones: ``ي ى`` to ``ی``, ``ك`` to ``ک``."""
    return text if text.isascii() else text.translate(_LETTERS)


def strip_marks(text: str) -> str:
    """Remove tatweel, ZWNJ, bidi marks and their like (:data:`INVISIBLE_MARKS`)."""
    return text if text.isascii() else text.translate(_MARKS)


def is_ascii_number(text: str) -> bool:
    """Whether a text is ASCII digits and nothing else (``str.isdigit`` alone also takes other scripts and ``²``)."""
    return text.isascii() and text.isdigit()


def clean_identifier(text: str) -> str:
    """Bring a typed identifier to ASCII digits without what only groups or dresses it.

    Removed: invisible marks, all white space, and dashes and underscores *between* two letters or digits. A leading
    dash stays (a minus sign is not decoration), and so do ``.`` and ``/``: both are decimal points to somebody, and
    ``12345679.0`` must never become the nine digits ``123456790``, which pad to another person's code.
    """
    if text.isascii() and text.isalnum():
        return text
    compact = "".join(strip_marks(ascii_digits(text)).split())
    return _INNER_DASHES.sub("", compact)
