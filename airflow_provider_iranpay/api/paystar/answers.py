"""What the answers of Paystar's open banking become: frozen dataclasses and the readers that make them.

Fields that hold personal data are kept out of ``repr``; ``raw`` is the whole envelope as it came. Where the contract
leaves ``data`` open, the assumed names stand here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from airflow_provider_iranpay.api.contract import Shown, Tokens, UnreadablePayload
from airflow_provider_iranpay.api.payload import boolean, items, optional_text, rial, text
from airflow_provider_iranpay.api.paystar.moments import read_moment
from airflow_provider_iranpay.iran import identifiers

__all__ = [
    "AccountBalance",
    "Answer",
    "IbanOwners",
    "Owner",
    "Statement",
    "StatementLine",
    "WalletBalance",
    "data_object",
    "data_objects",
    "read_account_balance",
    "read_api_key",
    "read_iban",
    "read_iban_owners",
    "read_inquiry_key",
    "read_matched",
    "read_statement",
    "read_wallet_balance",
]

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Shown):
    """What every answer has: the envelope as it came."""

    raw: Payload = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner(Shown):
    """One owner of an account."""

    first_name: str | None = field(default=None, repr=False)
    last_name: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class IbanOwners(Answer):
    """An IBAN with its bank and owners, as far as the answer names them (assumed)."""

    iban: str | None = field(repr=False)
    bank: str | None
    owners: tuple[Owner, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBalance(Answer):
    """The balance of one account, in Rial."""

    amount_rial: int = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletBalance(Answer):
    """The balance of a wallet, in Rial."""

    total_rial: int
    available_rial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine(Shown):
    """One line of an account statement.

    :param at: timezone-aware, Asia/Tehran.
    """

    trace: str | None
    at: datetime
    debit_rial: int = field(repr=False)
    credit_rial: int = field(repr=False)
    additional: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(Answer):
    """The lines of an account statement, in the order in which they came."""

    lines: tuple[StatementLine, ...] = field(repr=False)


def data_object(payload: Payload) -> Payload:
    """Read ``data`` where it has to be one object, or a list of one.

    :raises UnreadablePayload: it is missing, empty, or more than one.
    """
    found = data_objects(payload)
    if len(found) != 1:
        raise UnreadablePayload("its 'data' is empty" if not found else "its 'data' is a list of several")
    return found[0]


def data_objects(payload: Payload) -> tuple[Payload, ...]:
    """Read ``data`` where it is any number of objects: a list, one object, or nothing (empty, null, missing)."""
    data = payload.get("data")
    if not data and (data is None or isinstance(data, str | list | Mapping)):
        return ()
    found = data if isinstance(data, list) else [data]
    if not all(isinstance(one, Mapping) for one in found):
        raise UnreadablePayload("its 'data' holds something that is no object")
    return tuple(found)


def read_api_key(payload: Payload) -> Tokens:
    """Read an API key, when it dies, and perhaps another refresh token."""
    data = data_object(payload)
    return _tokens(data, text(data, "api_key"), data.get("api_key_expire_date"), refreshed_by="refresh_token")


def read_inquiry_key(payload: Payload) -> Tokens:
    """Read an inquiry key by analogy (assumed): under its own name, else under that of the API key."""
    data = data_object(payload)
    if optional_text(data, "inquiry_key") is None:
        return _tokens(data, text(data, "api_key"), data.get("api_key_expire_date"), refreshed_by="refresh_inquiry_key")
    return _tokens(
        data, text(data, "inquiry_key"), data.get("inquiry_key_expire_date"), refreshed_by="refresh_inquiry_key"
    )


def _tokens(data: Payload, key: str, expires_at: object, *, refreshed_by: str) -> Tokens:
    try:
        return Tokens(key, optional_text(data, refreshed_by), read_moment(expires_at))
    except ValueError as unusable:
        raise UnreadablePayload(str(unusable)) from None


def read_matched(payload: Payload) -> bool:
    """Read the answer of every matching."""
    return boolean(data_object(payload), "is_matched")


def read_iban(payload: Payload) -> IbanOwners:
    """Read a conversion: the IBAN has to be there, and valid."""
    answer = _owners(payload)
    if answer.iban is None:
        raise UnreadablePayload("it has no text 'iban'")
    return answer


def read_iban_owners(payload: Payload) -> IbanOwners:
    """Read an IBAN inquiry: owners or bank have to be there."""
    answer = _owners(payload)
    if not (answer.owners or answer.bank):
        raise UnreadablePayload("it names neither owners nor bank")
    return answer


def _owners(payload: Payload) -> IbanOwners:
    data = data_object(payload)
    named = items(data, "owners") if data.get("owners") is not None else []
    return IbanOwners(
        iban=_valid_iban(optional_text(data, "iban")),
        bank=optional_text(data, "bank", "bank_name"),
        owners=tuple(
            Owner(
                first_name=optional_text(owner, "first_name", "firstName"),
                last_name=optional_text(owner, "last_name", "lastName"),
            )
            for owner in named
        ),
        raw=payload,
    )


def _valid_iban(iban: str | None) -> str | None:
    if iban is None:
        return None
    checked = identifiers.iban(iban)
    if checked.value is None:
        raise UnreadablePayload("its IBAN is not a valid one")
    return checked.value


_BALANCES: Final = ("balance", "amount", "available_balance", "available_amount")


def read_account_balance(payload: Payload) -> AccountBalance:
    """Read an account's balance; the name of the amount inside ``data`` is assumed."""
    data = payload.get("data")
    if isinstance(data, int | float | str) and not isinstance(data, bool):
        return AccountBalance(amount_rial=rial(payload, "data"), raw=payload)
    found = data_object(payload)
    named = [name for name in _BALANCES if found.get(name) is not None]
    if not named:
        raise UnreadablePayload("its 'data' names no amount")
    return AccountBalance(amount_rial=rial(found, named[0]), raw=payload)


def read_wallet_balance(payload: Payload) -> WalletBalance:
    """Read a wallet's balance: numbers, or texts with thousands commas."""
    data = data_object(payload)
    return WalletBalance(
        total_rial=rial(data, "total_amount"), available_rial=rial(data, "available_amount"), raw=payload
    )


def read_statement(payload: Payload) -> Statement:
    """Read an account statement."""
    lines = (_line(line) for line in items(data_object(payload), "transactions"))
    return Statement(lines=tuple(lines), raw=payload)


def _line(line: Payload) -> StatementLine:
    at = read_moment(line.get("transaction_date_time"))
    if at is None:
        raise UnreadablePayload("a line's 'transaction_date_time' is not an instant")
    return StatementLine(
        trace=optional_text(line, "transaction_trace"),
        at=at,
        debit_rial=_amount(line, "debit_amount"),
        credit_rial=_amount(line, "credit_amount"),
        additional=optional_text(line, "additional"),
    )


def _amount(line: Payload, key: str) -> int:
    """A line has a debit or a credit: the other one may be missing, null or empty."""
    return 0 if line.get(key) in (None, "") else rial(line, key)
