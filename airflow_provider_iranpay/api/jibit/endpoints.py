"""Jibit's calls as a table: path, inputs, how the answer is read, and what a lost answer would cost.

Sources: the documented set, then what independent public clients call beside it (``OBSERVED``).
"""

from __future__ import annotations

from typing import Any, Final

from airflow_provider_iranpay.api import encoding
from airflow_provider_iranpay.api.contract import Endpoint, Parameter, Safety, Tokens, Weight
from airflow_provider_iranpay.api.jibit import answers

_MATCHING: Final = "/v1/services/matching"

_CARD = Parameter("card", "cardNumber", encoding.card)
_CARD_NUMBER = Parameter("card", "number", encoding.card)
_IBAN = Parameter("iban", "iban", encoding.iban)
_BANK = Parameter("bank", "bank", encoding.bank)
_NATIONAL_CODE = Parameter("national_code", "nationalCode", encoding.national_code)
_BIRTH_DATE = Parameter("birth_date", "birthDate", encoding.birth_date)
_MOBILE = Parameter("mobile", "mobileNumber", encoding.mobile)
_NAME = Parameter("name", "name", encoding.name)
_POSTAL_CODE = Parameter("postal_code", "code", encoding.postal_code)


CARD_INQUIRY: Final[Endpoint[answers.CardInfo]] = Endpoint(
    service="card_inquiry",
    path="/v1/cards",
    safety=Safety.BILLABLE_READ,
    parameters=(_CARD_NUMBER,),
    echoes={"number": "number"},
    read=answers.read_card,
)

CARD_TO_ACCOUNT: Final[Endpoint[answers.CardAccount]] = Endpoint(
    service="card_to_account",
    path="/v1/cards",
    safety=Safety.BILLABLE_READ,
    parameters=(_CARD_NUMBER,),
    fixed={"deposit": "true"},
    echoes={"number": "number"},
    read=answers.read_card_account,
)

CARD_TO_IBAN: Final[Endpoint[answers.CardIban]] = Endpoint(
    service="card_to_iban",
    path="/v1/cards",
    safety=Safety.BILLABLE_READ,
    parameters=(_CARD_NUMBER,),
    fixed={"iban": "true"},
    echoes={"number": "number"},
    read=answers.read_card_iban,
)

IBAN_INQUIRY: Final[Endpoint[answers.IbanInfo]] = Endpoint(
    service="iban_inquiry",
    path="/v1/ibans",
    safety=Safety.BILLABLE_READ,
    parameters=(Parameter("iban", "value", encoding.iban),),
    echoes={"value": "value"},
    read=answers.read_iban,
)

ACCOUNT_TO_IBAN: Final[Endpoint[answers.AccountIban]] = Endpoint(
    service="account_to_iban",
    path="/v1/deposits",
    safety=Safety.BILLABLE_READ,
    parameters=(_BANK, Parameter("account", "number", encoding.account)),
    fixed={"iban": "true"},
    read=answers.read_account_iban,
)

CARD_TO_IBAN_AVAILABILITY: Final[Endpoint[answers.CardToIbanAvailability]] = Endpoint(
    service="card_to_iban_availability",
    path="/v1/services/availability",
    safety=Safety.FREE_READ,
    fixed={"cardToIBAN": "true"},
    read=answers.read_availability,
)

MATCH_CARD: Final[Endpoint[bool]] = Endpoint(
    service="match_card",
    path=_MATCHING,
    safety=Safety.BILLABLE_READ,
    parameters=(_CARD, _NATIONAL_CODE, _BIRTH_DATE),
    read=answers.read_matched,
)

MATCH_IBAN: Final[Endpoint[bool]] = Endpoint(
    service="match_iban",
    path=_MATCHING,
    safety=Safety.BILLABLE_READ,
    parameters=(_IBAN, _NATIONAL_CODE, _BIRTH_DATE),
    read=answers.read_matched,
)

MATCH_MOBILE: Final[Endpoint[bool]] = Endpoint(
    service="match_mobile",
    path=_MATCHING,
    safety=Safety.BILLABLE_READ,
    parameters=(_NATIONAL_CODE, _MOBILE),
    read=answers.read_matched,
)

POSTAL_CODE: Final[Endpoint[answers.PostalAddress]] = Endpoint(
    service="postal_code",
    path="/v1/services/postal",
    safety=Safety.BILLABLE_READ,
    parameters=(_POSTAL_CODE,),
    echoes={"code": "code"},
    read=answers.read_postal_address,
)

MILITARY_SERVICE: Final[Endpoint[answers.MilitaryService]] = Endpoint(
    service="military_service",
    path="/v1/services/social/msq",
    safety=Safety.BILLABLE_READ,
    parameters=(_NATIONAL_CODE,),
    read=answers.read_military_service,
)

SANA: Final[Endpoint[answers.Sana]] = Endpoint(
    service="sana",
    path="/v1/services/social/sana",
    safety=Safety.BILLABLE_READ,
    parameters=(_NATIONAL_CODE, _MOBILE),
    read=answers.read_sana,
)

BALANCES: Final[Endpoint[answers.Balances]] = Endpoint(
    service="balances",
    path="/v1/balances",
    safety=Safety.FREE_READ,
    read=answers.read_balances,
)

DAILY_REPORT: Final[Endpoint[answers.DailyReport]] = Endpoint(
    service="daily_report",
    path="/v1/reports/daily",
    safety=Safety.FREE_READ,
    parameters=(Parameter("day", "yearMonthDay", encoding.report_day),),
    read=answers.read_daily_report,
)

MATCH_CARD_NAME: Final[Endpoint[bool]] = Endpoint(
    service="match_card_name",
    path=_MATCHING,
    safety=Safety.BILLABLE_READ,
    parameters=(_CARD, _NAME),
    read=answers.read_matched,
    weight=Weight.OBSERVED,
)

MATCH_IBAN_NAME: Final[Endpoint[bool]] = Endpoint(
    service="match_iban_name",
    path=_MATCHING,
    safety=Safety.BILLABLE_READ,
    parameters=(_IBAN, _NAME),
    read=answers.read_matched,
    weight=Weight.OBSERVED,
)

MATCH_ACCOUNT_NAME: Final[Endpoint[bool]] = Endpoint(
    service="match_account_name",
    path=_MATCHING,
    safety=Safety.BILLABLE_READ,
    parameters=(_BANK, Parameter("account", "depositNumber", encoding.account), _NAME),
    read=answers.read_matched,
    weight=Weight.OBSERVED,
)

MATCH_ACCOUNT: Final[Endpoint[bool]] = Endpoint(
    service="match_account",
    path=_MATCHING,
    safety=Safety.BILLABLE_READ,
    parameters=(_BANK, Parameter("account", "depositNumber", encoding.account), _NATIONAL_CODE, _BIRTH_DATE),
    read=answers.read_matched,
    weight=Weight.OBSERVED,
)

NAME_SIMILARITY: Final[Endpoint[answers.NameSimilarity]] = Endpoint(
    service="name_similarity",
    path="/v1/services/identity/similarity",
    safety=Safety.BILLABLE_READ,
    parameters=(
        _NATIONAL_CODE,
        _BIRTH_DATE,
        Parameter("first_name", "firstName", encoding.name, optional=True),
        Parameter("last_name", "lastName", encoding.name, optional=True),
        Parameter("full_name", "fullName", encoding.name, optional=True),
        Parameter("father_name", "fatherName", encoding.name, optional=True),
    ),
    any_of=("first_name", "last_name", "full_name", "father_name"),
    read=answers.read_similarity,
    weight=Weight.OBSERVED,
)

FOREIGNER_IDENTITY: Final[Endpoint[answers.Identity]] = Endpoint(
    service="foreigner_identity",
    path="/v1/services/foreigners/identity",
    safety=Safety.BILLABLE_READ,
    parameters=(Parameter("fida_code", "fida", encoding.fida_code),),
    read=answers.read_identity,
    weight=Weight.OBSERVED,
)

CORPORATION_IDENTITY: Final[Endpoint[answers.Identity]] = Endpoint(
    service="corporation_identity",
    path="/v1/services/corporation/identity",
    safety=Safety.BILLABLE_READ,
    parameters=(Parameter("code", "code", encoding.corporation_code),),
    read=answers.read_identity,
    weight=Weight.OBSERVED,
)

POSTAL_LOCATION: Final[Endpoint[answers.PostalLocation]] = Endpoint(
    service="postal_location",
    path="/v1/services/postal/wgs",
    safety=Safety.BILLABLE_READ,
    parameters=(_POSTAL_CODE,),
    read=answers.read_postal_location,
    weight=Weight.OBSERVED,
)

GENERATE: Final[Endpoint[Tokens]] = Endpoint(
    service="generate_token",
    path="/v1/tokens/generate",
    safety=Safety.TOKEN,
    method="POST",
    read=answers.read_tokens,
    bearer=None,
)

REFRESH: Final[Endpoint[Tokens]] = Endpoint(
    service="refresh_token",
    path="/v1/tokens/refresh",
    safety=Safety.TOKEN,
    method="POST",
    read=answers.read_tokens,
    bearer=None,
)

ENDPOINTS: Final[dict[str, Endpoint[Any]]] = {
    endpoint.service: endpoint
    for endpoint in (
        CARD_INQUIRY,
        CARD_TO_ACCOUNT,
        CARD_TO_IBAN,
        IBAN_INQUIRY,
        ACCOUNT_TO_IBAN,
        CARD_TO_IBAN_AVAILABILITY,
        MATCH_CARD,
        MATCH_IBAN,
        MATCH_MOBILE,
        POSTAL_CODE,
        MILITARY_SERVICE,
        SANA,
        BALANCES,
        DAILY_REPORT,
        MATCH_CARD_NAME,
        MATCH_IBAN_NAME,
        MATCH_ACCOUNT_NAME,
        MATCH_ACCOUNT,
        NAME_SIMILARITY,
        FOREIGNER_IDENTITY,
        CORPORATION_IDENTITY,
        POSTAL_LOCATION,
    )
}
