"""Answers about cards, IBANs and accounts, and who owns them. Parameters arrive validated.

Shapes: card inquiry and IBAN inquiry documented, conversions observed. An instrument that nobody has is ``*.not_found``
in an inquiry, ``conversion.failed`` in a conversion from an account, and ``matching.unknown`` in a matching (assumed).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_iranpay.sandbox.jibit.errors import Refused
from airflow_provider_iranpay.sandbox.jibit.person_answers import citizen, same_name
from airflow_provider_iranpay.sandbox.people import BANK_SHARES, CardState

if TYPE_CHECKING:
    from airflow_provider_iranpay.sandbox.jibit.desk import Desk
    from airflow_provider_iranpay.sandbox.people import Account, Person

__all__ = [
    "account_to_iban",
    "availability",
    "card_inquiry",
    "card_to_account",
    "card_to_iban",
    "iban_inquiry",
    "match_account",
    "match_account_name",
    "match_card",
    "match_card_name",
    "match_iban",
    "match_iban_name",
]

_CARD_REFUSALS = {
    CardState.INACTIVE: "card.not_active",
    CardState.EXPIRED: "card.is_expired",
    CardState.LOST: "card.registered_as_lost",
    CardState.STOLEN: "card.registered_as_stolen",
    CardState.OWNER_WITHHELD: "card.owner_not_authorized",
}


def card_inquiry(desk: Desk, asked: dict[str, str]) -> dict[str, Any]:
    """``/v1/cards?number=``"""
    person = _usable_card(desk, asked["number"])
    return {
        "number": person.card.number,
        "cardInfo": {
            "bank": person.account.bank_id,
            "type": person.card.type,
            "ownerName": str(person.name),
            "depositNumber": person.account.number,
        },
    }


def card_to_account(desk: Desk, asked: dict[str, str]) -> dict[str, Any]:
    """``/v1/cards?number=&deposit=true``"""
    person = _usable_card(desk, asked["number"])
    return {
        "number": person.card.number,
        "type": person.card.type,
        "depositInfo": {"bank": person.account.bank_id, "depositNumber": person.account.number},
    }


def card_to_iban(desk: Desk, asked: dict[str, str]) -> dict[str, Any]:
    """``/v1/cards?number=&iban=true``: debit cards only, and only while their bank's conversion is up."""
    person = _usable_card(desk, asked["number"])
    if person.account.bank_id in desk.settings.unavailable_banks:
        raise Refused("card.source_bank_is_not_active")
    if person.card.type != "DEBIT":
        raise Refused("card_type.not_supported")
    return {"number": person.card.number, "type": person.card.type, "ibanInfo": _iban_info(person.account)}


def iban_inquiry(desk: Desk, asked: dict[str, str]) -> dict[str, Any]:
    """``/v1/ibans?value=``"""
    person = desk.population.by_iban(asked["value"])
    if person is None:
        raise Refused("iban.not_found")
    return {"value": person.account.iban, "ibanInfo": _iban_info(person.account)}


def account_to_iban(desk: Desk, asked: dict[str, str]) -> dict[str, Any]:
    """``/v1/deposits?bank=&number=&iban=true``"""
    person = desk.population.by_account(asked["bank"], asked["number"])
    if person is None:
        raise Refused("conversion.failed")
    account = person.account
    return {"number": account.number, "depositToIBANInfo": {"bank": account.bank_id, "iban": account.iban}}


def availability(desk: Desk, _: dict[str, str]) -> dict[str, Any]:
    """``/v1/services/availability?cardToIBAN=true``"""
    down = desk.settings.unavailable_banks
    banks = dict.fromkeys((*BANK_SHARES, *down))
    return {"availabilityReport": {bank: "NOT_AVAILABLE" if bank in down else "AVAILABLE" for bank in banks}}


def match_card(desk: Desk, asked: dict[str, str]) -> dict[str, Any]:
    """``cardNumber``, ``nationalCode``, ``birthDate``"""
    return _person_matched(desk, desk.population.by_card(asked["cardNumber"]), asked)


def match_iban(desk: Desk, asked: dict[str, str]) -> dict[str, Any]:
    """``iban``, ``nationalCode``, ``birthDate``"""
    return _person_matched(desk, desk.population.by_iban(asked["iban"]), asked)


def match_account(desk: Desk, asked: dict[str, str]) -> dict[str, Any]:
    """``bank``, ``depositNumber``, ``nationalCode``, ``birthDate``"""
    return _person_matched(desk, desk.population.by_account(asked["bank"], asked["depositNumber"]), asked)


def match_card_name(desk: Desk, asked: dict[str, str]) -> dict[str, Any]:
    """``cardNumber``, ``name``"""
    return _name_matched(desk.population.by_card(asked["cardNumber"]), asked)


def match_iban_name(desk: Desk, asked: dict[str, str]) -> dict[str, Any]:
    """``iban``, ``name``"""
    return _name_matched(desk.population.by_iban(asked["iban"]), asked)


def match_account_name(desk: Desk, asked: dict[str, str]) -> dict[str, Any]:
    """``bank``, ``depositNumber``, ``name``"""
    return _name_matched(desk.population.by_account(asked["bank"], asked["depositNumber"]), asked)


def _person_matched(desk: Desk, owner: Person | None, asked: dict[str, str]) -> dict[str, Any]:
    if owner is None:
        raise Refused("matching.unknown")
    return {"matched": owner.index == citizen(desk, asked).index}


def _name_matched(owner: Person | None, asked: dict[str, str]) -> dict[str, Any]:
    if owner is None:
        raise Refused("matching.unknown")
    return {"matched": same_name(str(owner.name), asked["name"])}


def _usable_card(desk: Desk, number: str) -> Person:
    person = desk.population.by_card(number)
    if person is None:
        raise Refused("card.not_found")
    if person.card.state in _CARD_REFUSALS:
        raise Refused(_CARD_REFUSALS[person.card.state])
    return person


def _iban_info(account: Account) -> dict[str, Any]:
    if not account.owners:
        raise Refused("iban.owner_not_found")
    return {
        "bank": account.bank_id,
        "depositNumber": account.number,
        "iban": account.iban,
        "status": account.status,
        "owners": [{"firstName": owner.first, "lastName": owner.last} for owner in account.owners],
    }
