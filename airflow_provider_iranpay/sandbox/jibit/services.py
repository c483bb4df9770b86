"""The table of Jibit's services: path, parameters, price and who answers. The heart of this face; no flow lives here.

Paths and parameters are documented, those of the extras observed. Prices, report names and Persian names are the
sandbox's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_iranpay.sandbox.jibit import bank_answers as bank
from airflow_provider_iranpay.sandbox.jibit import office_answers as office
from airflow_provider_iranpay.sandbox.jibit import person_answers as person
from airflow_provider_iranpay.sandbox.jibit.parameters import Parameter

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_iranpay.sandbox.jibit.desk import Desk

__all__ = ["BILLED", "PROVIDER", "SERVICES", "Service"]

PROVIDER = "jibit."


@dataclass(frozen=True, slots=True)
class Service:
    """One service.

    :param name: its name everywhere in the sandbox: settings, faults, ledger, counters.
    :param answer: makes the body of a success from validated parameters, or raises ``Refused``.
    :param flag: the query flag that has to be true to mean this service.
    :param methods: the HTTP methods it answers.
    :param price_rial: default price of one success in Rial.
    :param report: its name and Persian name in the daily report; ``None`` is never billed.
    :param open: whether it is called without a token.
    """

    name: str
    path: str
    parameters: tuple[Parameter, ...]
    answer: Callable[[Desk, dict[str, str]], dict[str, Any]]
    flag: str | None = None
    methods: tuple[str, ...] = ("GET",)
    price_rial: int = 0
    report: tuple[str, str] | None = None
    open: bool = False


_CARD = Parameter("cardNumber", "card")
_IBAN = Parameter("iban", "iban")
_NATIONAL_CODE = Parameter("nationalCode", "national_code")
_BIRTH_DATE = Parameter("birthDate", "birth_date")
_MOBILE = Parameter("mobileNumber", "mobile")
_NAME = Parameter("name", "name")
_BANK = Parameter("bank", "bank")
_DEPOSIT = Parameter("depositNumber", "account")
_NUMBER = Parameter("number", "card")
_POSTAL_CODE = Parameter("code", "postal_code")


def _inquiry(
    name: str, path: str, parameters: tuple[Parameter, ...], answer: Any, *, price: int, persian: str, flag: str = ""
) -> Service:
    return Service(
        name, path, parameters, answer, flag or None, ("GET",), price, (name.removeprefix(PROVIDER).upper(), persian)
    )


def _matching(
    name: str, parameters: tuple[Parameter, ...], answer: Any, *, price: int, report: str, persian: str
) -> Service:
    path, methods = "/v1/services/matching", ("GET", "POST")
    return Service(name, path, parameters, answer, None, methods, price, (report, persian))


BILLED: tuple[Service, ...] = (
    _inquiry("jibit.card_inquiry", "/v1/cards", (_NUMBER,), bank.card_inquiry, price=4_000, persian="استعلام کارت"),
    _inquiry(
        "jibit.card_to_account",
        "/v1/cards",
        (_NUMBER,),
        bank.card_to_account,
        price=5_000,
        persian="تبدیل کارت به حساب",
        flag="deposit",
    ),
    _inquiry(
        "jibit.card_to_iban",
        "/v1/cards",
        (_NUMBER,),
        bank.card_to_iban,
        price=6_000,
        persian="تبدیل کارت به شبا",
        flag="iban",
    ),
    _inquiry(
        "jibit.iban_inquiry",
        "/v1/ibans",
        (Parameter("value", "iban"),),
        bank.iban_inquiry,
        price=5_000,
        persian="استعلام شبا",
    ),
    _inquiry(
        "jibit.account_to_iban",
        "/v1/deposits",
        (_BANK, Parameter("number", "account")),
        bank.account_to_iban,
        price=4_500,
        persian="تبدیل حساب به شبا",
        flag="iban",
    ),
    # The documented matchings come first: where a call fits several equally badly, the first names what is missing.
    _matching(
        "jibit.match_card",
        (_CARD, _NATIONAL_CODE, _BIRTH_DATE),
        bank.match_card,
        price=7_000,
        report="MATCHING_CARD_NATIONAL_CODE",
        persian="تطبیق کارت و کد ملی",
    ),
    _matching(
        "jibit.match_iban",
        (_IBAN, _NATIONAL_CODE, _BIRTH_DATE),
        bank.match_iban,
        price=7_500,
        report="MATCHING_IBAN_NATIONAL_CODE",
        persian="تطبیق شبا و کد ملی",
    ),
    _matching(
        "jibit.match_mobile",
        (_NATIONAL_CODE, _MOBILE),
        person.match_mobile,
        price=3_500,
        report="MATCHING_MOBILE_NATIONAL_CODE",
        persian="تطبیق موبایل و کد ملی",
    ),
    _matching(
        "jibit.match_card_name",
        (_CARD, _NAME),
        bank.match_card_name,
        price=4_200,
        report="MATCHING_CARD_NAME",
        persian="تطبیق کارت و نام",
    ),
    _matching(
        "jibit.match_iban_name",
        (_IBAN, _NAME),
        bank.match_iban_name,
        price=4_300,
        report="MATCHING_IBAN_NAME",
        persian="تطبیق شبا و نام",
    ),
    _matching(
        "jibit.match_account_name",
        (_BANK, _DEPOSIT, _NAME),
        bank.match_account_name,
        price=4_400,
        report="MATCHING_ACCOUNT_NAME",
        persian="تطبیق حساب و نام",
    ),
    _matching(
        "jibit.match_account",
        (_BANK, _DEPOSIT, _NATIONAL_CODE, _BIRTH_DATE),
        bank.match_account,
        price=7_200,
        report="MATCHING_ACCOUNT_NATIONAL_CODE",
        persian="تطبیق حساب و کد ملی",
    ),
    _inquiry(
        "jibit.postal_code",
        "/v1/services/postal",
        (_POSTAL_CODE,),
        person.postal_code,
        price=3_000,
        persian="استعلام کد پستی",
    ),
    _inquiry(
        "jibit.postal_location",
        "/v1/services/postal/wgs",
        (_POSTAL_CODE,),
        person.postal_location,
        price=3_200,
        persian="موقعیت کد پستی",
    ),
    _inquiry(
        "jibit.military_service",
        "/v1/services/social/msq",
        (_NATIONAL_CODE,),
        person.military,
        price=8_000,
        persian="وضعیت نظام وظیفه",
    ),
    _inquiry(
        "jibit.sana",
        "/v1/services/social/sana",
        (_NATIONAL_CODE, _MOBILE),
        person.sana,
        price=6_500,
        persian="استعلام ثنا",
    ),
    _inquiry(
        "jibit.name_similarity",
        "/v1/services/identity/similarity",
        (
            _NATIONAL_CODE,
            _BIRTH_DATE,
            *(Parameter(name, "name", required=False) for name in ("firstName", "lastName", "fullName", "fatherName")),
        ),
        person.similarity,
        price=5_500,
        persian="شباهت نام",
    ),
    _inquiry(
        "jibit.foreigner_identity",
        "/v1/services/foreigners/identity",
        (Parameter("fida", "fida"),),
        person.foreigner,
        price=9_000,
        persian="هویت اتباع خارجی",
    ),
    _inquiry(
        "jibit.corporation_identity",
        "/v1/services/corporation/identity",
        (Parameter("code", "legal_id"),),
        person.company,
        price=8_500,
        persian="هویت شخص حقوقی",
    ),
)
"""Every service that is charged."""

_REPORT_NAMES = {service.name: service.report for service in BILLED if service.report}


def _secret(*names: str) -> tuple[Parameter, ...]:
    return tuple(Parameter(name, "secret") for name in names)


SERVICES: tuple[Service, ...] = (
    *BILLED,
    Service(
        "jibit.generate_token",
        "/v1/tokens/generate",
        _secret("apiKey", "secretKey"),
        office.generate,
        methods=("POST",),
        open=True,
    ),
    Service(
        "jibit.refresh_token",
        "/v1/tokens/refresh",
        _secret("accessToken", "refreshToken"),
        office.refresh,
        methods=("POST",),
        open=True,
    ),
    Service("jibit.card_to_iban_availability", "/v1/services/availability", (), bank.availability, flag="cardToIBAN"),
    Service("jibit.balances", "/v1/balances", (), office.balances),
    Service(
        "jibit.daily_report",
        "/v1/reports/daily",
        (Parameter("yearMonthDay", "report_day"),),
        office.daily_report(_REPORT_NAMES),
    ),
)
