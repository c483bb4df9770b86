"""What may be shown of personal numbers. Masking goes by shape: whether a number is valid or real is not asked.

A card keeps its first six and last four digits, everything else keeps only its length. The price of safety: any run
of eight digits or more is hidden, also a compact date, an epoch or an amount. Shorter runs (codes, statuses, counts)
stay, and so does a run that touches ASCII letters, because that is a piece of a track id and not an identifier.

Free text is the last line of defence, not the first: a number grouped in a way that is not in the table below, or
spelled in escapes (``\\u06f1``), is not seen. Whoever builds a message names a bad value by :func:`mask_shape`.
"""

from __future__ import annotations

import re

from airflow_provider_iranpay.iran.cells import cell_text
from airflow_provider_iranpay.iran.checked import Reason, Refusal
from airflow_provider_iranpay.iran.digits import INVISIBLE_MARKS, ascii_digits, clean_identifier, is_ascii_number

__all__ = ["mask_card", "mask_shape", "mask_text"]

SHORTEST_HIDDEN_RUN = 8
"""Digits from which a run is hidden: a national code that lost two zeros has eight."""

_DIGIT = "[0-9۰-۹٠-٩]"
_MARK = f"[{INVISIBLE_MARKS}]"
_DASH = "[-_\u2010-\u2015\u2212]"
_GAP = f"(?:[ \u00a0\u202f]|%20|{_DASH}|{_MARK})"
_END = "(?![0-9A-Za-z۰-۹٠-٩])"

# The first shape that matches where a word begins decides. The last takes whole words, so that no other is ever tried
# in the middle of one; an escape ends a word, since the number after %2B or \n does not touch its letter.
_SHAPES = {
    "masked_card": rf"{_DIGIT}{{6}}\*{{6}}{_DIGIT}{{4}}{_END}",
    "uuid": rf"(?=[0-9-]{{0,35}}[A-Fa-f])[0-9A-Fa-f]{{8}}-(?:[0-9A-Fa-f]{{4}}-){{3}}[0-9A-Fa-f]{{12}}{_END}",
    "iban": rf"[Ii][Rr](?:{_GAP}?{_DIGIT}){{24}}{_END}",
    "misspelled_iban": rf"[Ii][Rr](?:{_DIGIT}{{8,}}+|{_DIGIT}{{2}}(?:{_GAP}{_DIGIT}{{4}}){{4,}}+){_END}",
    "card": rf"(?:{_DIGIT}{{16}}|{_DIGIT}{{4}}(?:{_GAP}{_DIGIT}{{4}}){{3}}){_END}",
    "mobile": rf"(?:0098|98|0){_GAP}?9{_DIGIT}{{2}}(?:{_GAP}?{_DIGIT}){{7}}{_END}",
    "national_code": rf"{_DIGIT}{{3}}{_DASH}{_DIGIT}{{6}}{_DASH}{_DIGIT}{_END}",
    # Not any five and five digits: a range of rows (10000-20000) is written like this too.
    "postal_code": rf"[13-9۱۳-۹١٣-٩]{{5}}{_DASH}{_DIGIT}{{5}}{_END}",
    "run": rf"{_DIGIT}(?:{_MARK}*+{_DIGIT}){{{SHORTEST_HIDDEN_RUN - 1},}}+{_END}",
    "escape": rf"%(?!{_DIGIT}{{{SHORTEST_HIDDEN_RUN}}})[0-9A-Fa-f]{{2}}|\\[nrt]",
    "word": "[0-9A-Za-z۰-۹٠-٩]+",
}
_KEPT_SHAPES = frozenset({"masked_card", "uuid", "escape", "word"})

_SHAPE = re.compile("|".join(f"(?P<{kind}>{form})" for kind, form in _SHAPES.items()))
_MASKED_CARD = re.compile(_SHAPES["masked_card"])


def mask_card(card: str) -> str:
    """Mask a card number: ``603799******0006``.

    What is masked already stays; what is no card of sixteen digits becomes stars altogether.
    """
    number = clean_identifier(card)
    if is_ascii_number(number) and len(number) == 16:
        return _first_six_last_four(number)
    return card if _MASKED_CARD.fullmatch(card) else "*" * len(card)


def mask_text(text: str) -> str:
    """Mask every personal number inside a text: cards, IBANs, mobiles, and all runs of eight digits or more.

    Latin, Persian and Arabic-Indic digits alike. Masking a masked text changes nothing.
    """
    # What a mask leaves can stand beside digits that were apart before: only a text that stays is done.
    while (masked := _SHAPE.sub(_masked, text)) != text:
        text = masked
    return masked


def mask_shape(value: object) -> str:
    """Describe a value without showing it: ``10 digits``, ``text of 12 characters``, ``a value of type dict``."""
    try:
        text = clean_identifier(cell_text(value))
    except Refusal as refusal:
        return "nothing" if refusal.reason is Reason.EMPTY else f"a value of type {type(value).__name__}"
    if is_ascii_number(text):
        return f"{len(text)} digits"
    if text[:2].upper() == "IR" and is_ascii_number(text[2:]):
        return f"IR and {len(text) - 2} digits"
    return f"text of {len(str(value))} characters" if text else "empty text"


def _masked(match: re.Match[str]) -> str:
    kind = match.lastgroup
    if kind in _KEPT_SHAPES:
        return match[0]
    digits = "".join(filter(is_ascii_number, ascii_digits(match[0].replace("%20", ""))))
    if kind == "card":
        return _first_six_last_four(digits)
    return ("IR" if match[0][0] in "Ii" else "") + "*" * len(digits)


def _first_six_last_four(card: str) -> str:
    return f"{card[:6]}******{card[-4:]}"
