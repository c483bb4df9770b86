"""What a check says: the canonical value, or a stable reason why there is none. No rule about a value lives here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import wraps

__all__ = ["Checked", "Doubt", "Reason", "Refusal", "check", "require"]


class Reason(StrEnum):
    """Why a value was refused. The texts are stable: they are stored with rows and counted in reports."""

    EMPTY = "empty"
    """None, NaN, a missing value of pandas, or a text of nothing but white space and invisible marks."""
    TYPE = "type"
    """A value of a type that cannot carry this (a truth value, bytes, a list ...)."""
    PRECISION = "precision"
    """A float so large that its last digits are no longer known."""
    CHARACTERS = "characters"
    """A character that does not belong there; for a number also a sign or a fraction."""
    LENGTH = "length"
    PREFIX = "prefix"
    """The first digits cannot start such a number."""
    COUNTRY = "country"
    """An IBAN that does not start with ``IR``."""
    CHECK_DIGIT = "check_digit"
    REPEATED_DIGIT = "repeated_digit"
    """One digit all the way: a placeholder, though it may pass the checksum."""
    UNKNOWN_BANK = "unknown_bank"
    """Neither a Jibit id nor the code or name of a bank in the table."""
    NO_JIBIT_ID = "no_jibit_id"
    """A bank of the table for which Jibit has no id."""
    FORMAT = "format"
    """A text that is not a day in any of the accepted forms."""
    GREGORIAN = "gregorian"
    """A year 1900..2100 where a Jalali year belongs."""
    YEAR = "year"
    """A Jalali year outside 1200..1500."""
    NO_SUCH_DAY = "no_such_day"
    """The calendar has no such day, for example 30 Esfand of a common year."""
    NO_TIME_ZONE = "no_time_zone"
    """A datetime without a time zone: its Tehran day is not known."""
    TOO_SMALL = "too_small"
    """An amount below what the provider takes."""
    CARD = "card"
    """A card number where an account belongs."""
    REPEATED = "repeated"
    """An identity that has to be unique stands twice in one request."""
    UNKNOWN_FIELD = "unknown_field"
    """A field that the record does not have: left out, it would have made another request."""


class Doubt(StrEnum):
    """Why a value that passed may still be wrong. It is shown, and never a ground for refusal."""

    UNKNOWN_BANK = "unknown_bank"
    UNUSUAL_POSTAL_CODE = "unusual_postal_code"


@dataclass(slots=True)
class Checked:
    """The outcome of one check. It is made for every value, so it is not frozen, which would take three times as long.

    :param value: the canonical text, set if and only if the value passed. Left out of ``repr``: it is personal data.
    :param reason: why it was refused; None if it passed.
    :param doubt: a softer remark on a value that passed.
    """

    value: str | None = field(repr=False)
    reason: Reason | None = None
    doubt: Doubt | None = None

    @property
    def ok(self) -> bool:
        """Whether the value passed."""
        return self.reason is None


class Refusal(Exception):
    """Ends a check inside this package; no public function lets it out.

    :param reason: why the value is refused.
    """

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason)


def require(condition: bool, otherwise: Reason, /) -> None:
    """Go on if the condition holds.

    :raises Refusal: it does not.
    """
    if not condition:
        raise Refusal(otherwise)


def check(rule: Callable[[object], Checked]) -> Callable[[object], Checked]:
    """Turn a rule that ends with a :class:`Refusal` into a check that answers with the reason."""

    @wraps(rule)
    def checked(value: object) -> Checked:
        try:
            return rule(value)
        except Refusal as refusal:
            return Checked(None, refusal.reason)

    return checked
