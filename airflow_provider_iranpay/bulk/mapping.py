"""Which column of the source is which input: said by the user, else guessed by name; every guess is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.inquiries import Inquiry

__all__ = ["Mapped", "map_columns"]

_ALSO_CALLED: Final[Mapping[str, tuple[str, ...]]] = {
    "card": ("cardnumber", "cardno", "pan"),
    "iban": ("sheba", "shaba", "ibannumber"),
    "national_code": ("nationalid", "nationalnumber", "codemelli", "melicode"),
    "birth_date": ("birthday", "dateofbirth", "dob"),
    "mobile": ("mobilenumber", "mobileno", "cellphone", "msisdn"),
    "account": ("accountnumber", "accountno", "depositnumber"),
    "bank": ("bankcode", "bankid", "bankname"),
    "postal_code": ("postcode", "zipcode"),
    "name": ("fullname",),
    "ref_num": ("refnumber",),
}
"""What else inputs are called, in lower case and without separators."""


class Mapped(NamedTuple):
    """The columns of a run.

    :param columns: input to the source's column; without inputs that are optional and not there.
    :param guessed: the inputs whose column nobody has named.
    """

    columns: dict[str, str]
    guessed: tuple[str, ...]


def map_columns(inquiry: Inquiry, *, there: Sequence[str], key: str, given: Mapping[str, str]) -> Mapped:
    """Find the column of each input.

    :param there: the source's columns.
    :param given: input to column, as far as the user has named them.
    :raises ConfigurationError: an input or a column that does not exist, or an input whose column cannot be guessed.
    """
    names = [one.name for one in inquiry.inputs]
    unknown = sorted(given.keys() - set(names))
    if unknown:
        raise ConfigurationError(
            f"columns: {inquiry.name} has no input {', '.join(unknown)}; it has {', '.join(names)}."
        )
    missing = sorted({key, *given.values()} - set(there))
    if missing:
        raise ConfigurationError(f"columns: the source has no column {', '.join(missing)}; it has {', '.join(there)}.")
    guesses = {name: _guess(name, there) for name in names if name not in given}
    not_found = [one.name for one in inquiry.inputs if not one.optional and guesses.get(one.name, "") is None]
    if not_found:
        raise ConfigurationError(
            f"columns: which column is {', '.join(not_found)}? Name it, as in "
            f"columns={{{not_found[0]!r}: 'its column'}}; the source has {', '.join(there)}."
        )
    guessed = {name: column for name, column in guesses.items() if column is not None}
    return Mapped({**given, **guessed}, tuple(guessed))


def _guess(name: str, there: Sequence[str]) -> str | None:
    """Find the one column that can only be this input."""
    for wanted in ((name.replace("_", ""),), _ALSO_CALLED.get(name, ())):
        found = [column for column in there if _plain(column) in wanted]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _plain(column: str) -> str:
    return "".join(filter(str.isalnum, column)).lower()
