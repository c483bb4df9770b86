"""Open banking: its services and what they answer. Parameters arrive validated; money is moved elsewhere (``payouts``).

``is_matched`` and the members of a statement are documented or observed; all other members of ``data`` are assumed. Who
or what nobody knows is ``is_matched: false`` in a matching and code 10 in an inquiry (assumed). Prices are the
sandbox's own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_iranpay.iran.banks import by_iban_code
from airflow_provider_iranpay.iran.days import from_jalali_yyyymmdd
from airflow_provider_iranpay.sandbox.paystar import parameters as given
from airflow_provider_iranpay.sandbox.paystar.gates import known_application
from airflow_provider_iranpay.sandbox.paystar.parameters import NOT_VALID, day, invalid
from airflow_provider_iranpay.sandbox.paystar.service import Answered, Family, Key, Parameter, Refused, Service
from airflow_provider_iranpay.sandbox.paystar.statement import transactions
from airflow_provider_iranpay.sandbox.people import CardState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_iranpay.sandbox.paystar.desk import Desk
    from airflow_provider_iranpay.sandbox.paystar.service import Answering
    from airflow_provider_iranpay.sandbox.people import Person

__all__ = ["SERVICES"]

_UPSTREAM_ERROR = 11
_NOT_FOUND = "یافت نشد."
_NOT_USABLE = "این کارت قابل استعلام نیست."
_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_MAX_STATEMENT = timedelta(days=366)


def _refresh(desk: Desk, asked: Mapping[str, Any]) -> Answered:
    known_application(asked)
    return Answered(desk.keys.refresh(Key.API_KEY, asked.get("refresh_token")))


def _match_mobile(desk: Desk, asked: Mapping[str, Any]) -> Answered:
    person = desk.population.by_national_code(str(asked["national_id"]))
    return Answered({"is_matched": person is not None and person.mobile == str(asked["mobile_number"])})


def _match_card(desk: Desk, asked: Mapping[str, Any]) -> Answered:
    return _owned(desk, desk.population.by_card(str(asked["card_number"])), asked)


def _match_iban(desk: Desk, asked: Mapping[str, Any]) -> Answered:
    return _owned(desk, desk.population.by_iban(asked["iban"]), asked)


def _owned(desk: Desk, owner: Person | None, asked: Mapping[str, Any]) -> Answered:
    born = day(asked["birth_date"], calendar=desk.settings.paystar_birth_calendar, field="birth_date")
    if owner is None or owner.national_code != str(asked["national_id"]):
        return Answered({"is_matched": False})
    return Answered({"is_matched": from_jalali_yyyymmdd(owner.birth_date) == born})


def _account_to_iban(desk: Desk, asked: Mapping[str, Any]) -> Answered:
    bank = by_iban_code(asked["bank_id"])
    owner = desk.population.by_account((bank and bank.jibit_id) or "", str(asked["account_number"]))
    if owner is None:
        raise invalid(account_number=_NOT_FOUND)
    return Answered({"iban": owner.account.iban})


def _card_to_iban(desk: Desk, asked: Mapping[str, Any]) -> Answered:
    owner = desk.population.by_card(str(asked["card"]))
    if owner is None:
        raise invalid(card=_NOT_FOUND)
    if owner.account.bank_id in desk.settings.unavailable_banks:
        raise Refused(_UPSTREAM_ERROR)
    if owner.card.state is not CardState.ACTIVE or owner.card.type != "DEBIT":
        raise invalid(card=_NOT_USABLE)
    return Answered(_account(owner))


def _iban_inquiry(desk: Desk, asked: Mapping[str, Any]) -> Answered:
    owner = desk.population.by_iban(asked["iban"])
    if owner is None:
        raise invalid(iban=_NOT_FOUND)
    return Answered(_account(owner))


def _account(person: Person) -> dict[str, Any]:
    account = person.account
    return {
        "iban": account.iban,
        "bank": account.bank.persian_name,
        "owners": [{"first_name": owner.first, "last_name": owner.last} for owner in account.owners],
    }


def _balance(desk: Desk, asked: Mapping[str, Any]) -> Answered:
    account = _deposit(desk, asked)
    return Answered({"account_number": account, "amount": desk.settings.paystar_deposits[account]})


def _statement(desk: Desk, asked: Mapping[str, Any]) -> Answered:
    account = _deposit(desk, asked)
    first, last = (day(asked[name], calendar="gregorian", field=name) for name in ("from_date", "to_date"))
    if first.year < _FIRST_YEAR:  # a Jalali day, most likely
        raise invalid(from_date=NOT_VALID)
    if not timedelta(0) <= last - first < _MAX_STATEMENT or last.year > _LAST_YEAR:
        raise invalid(to_date=NOT_VALID)
    rows = transactions(desk.population.seed, account, first=first, last=last, until=desk.clock.now())
    return Answered({"transactions": rows})


def _deposit(desk: Desk, asked: Mapping[str, Any]) -> str:
    account = str(asked["account_number"])
    if account not in desk.settings.paystar_deposits:
        raise invalid(account_number=_NOT_FOUND)
    return account


def _service(name: str, path: str, answer: Answering, parameters: tuple[Parameter, ...], *, price: int = 0) -> Service:
    return Service(
        f"paystar.{name}",
        ("POST",),
        f"/open-banking/service/{path}",
        Family.CODES,
        Key.API_KEY,
        answer,
        price,
        parameters,
    )


def _deposit_service(
    name: str, path: str, answer: Answering, parameters: tuple[Parameter, ...], *, price: int = 0
) -> Service:
    return replace(_service(name, path, answer, parameters, price=price), method=("GET",), family=Family.TEXT)


_REFRESH = Service(
    "paystar.refresh_api_key", ("POST",), "/open-banking/application/refresh-api-key", Family.CODES, None, _refresh
)
_DAYS = tuple(Parameter(name, given.BIRTH_DATE.rule) for name in ("from_date", "to_date"))

SERVICES: tuple[Service, ...] = (
    _REFRESH,
    replace(_REFRESH, path="/application/refresh-api-key"),
    _service(
        "match_mobile",
        "info-matching/mobile-national-id",
        _match_mobile,
        (given.NATIONAL_CODE, given.MOBILE),
        price=4_000,
    ),
    _service(
        "match_card",
        "info-matching/card-national-id",
        _match_card,
        (given.NATIONAL_CODE, replace(given.CARD, name="card_number"), given.BIRTH_DATE),
        price=7_500,
    ),
    _service(
        "match_iban",
        "info-matching/iban-national-id",
        _match_iban,
        (given.NATIONAL_CODE, given.IBAN, given.BIRTH_DATE),
        price=8_000,
    ),
    _service(
        "account_to_iban",
        "bank-inquiry/account-to-iban",
        _account_to_iban,
        (given.ACCOUNT, given.BANK),
        price=5_000,
    ),
    _service("card_to_iban", "bank-inquiry/card-to-iban", _card_to_iban, (given.CARD,), price=6_500),
    _service("iban_inquiry", "bank-inquiry/iban-inquiry", _iban_inquiry, (given.IBAN,), price=5_500),
    _deposit_service("balance", "balance", _balance, (given.ACCOUNT,)),
    _deposit_service("statement", "invoice", _statement, (given.ACCOUNT, *_DAYS), price=10_000),
)
"""The services of open banking; the key is renewed on either of two paths."""
