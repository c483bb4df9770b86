"""Paystar's calls as tables, one per product: path, inputs, credentials, signature, and what a lost answer would cost.

Sources: the documented set, then what independent public clients call beside it (``OBSERVED``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar

from airflow_provider_iranpay.api import encoding
from airflow_provider_iranpay.api.contract import Endpoint, Parameter, Safety, Tokens, Weight
from airflow_provider_iranpay.api.paystar import answers, gateway, transfers
from airflow_provider_iranpay.api.paystar.envelope import Family
from airflow_provider_iranpay.exceptions import InvalidInput
from airflow_provider_iranpay.iran.checked import Reason

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

API_KEY: Final = "api_key"
WALLET_KEY: Final = "wallet_api_key"
INQUIRY_KEY: Final = "wallet_inquiry_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaystarEndpoint(Endpoint[T_co]):
    """One row.

    :param family: how its answer says yes and no.
    :param credentials: credentials that go along as wire parameters.
    :param permanent_bearer: the credential that is its Bearer, where that needs no renewal.
    :param signed: wire parameters that the signature covers, in this order; none: it is not signed.
    :param unsent: of those, the ones that are signed and not sent.
    """

    family: Family
    credentials: tuple[str, ...] = ()
    permanent_bearer: str | None = None
    signed: tuple[str, ...] = ()
    unsent: frozenset[str] = frozenset()


class Refresh(NamedTuple):
    """How a key is renewed: the wire name of what renews it, and the calls that do, in the order in which to try."""

    by: str
    endpoints: tuple[PaystarEndpoint[Tokens], ...]


def _callback_method(name: str, value: object) -> int:
    if value not in (0, 1):
        raise InvalidInput(name, Reason.TYPE, "Give 1 for a GET query, 0 for a POST form.")
    return int(bool(value))


def _records(name: str, value: object) -> list[dict[str, Any]]:
    try:
        written = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        written = ""
    records = json.loads(written) if written else None
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        raise InvalidInput(name, Reason.TYPE, "Give a list of mappings that JSON can hold.")
    return records


# Open banking and bank transfer

_APPLICATION: Final = ("application_id", "access_password")
_INFO: Final = "/open-banking/service/info-matching"
_INQUIRY: Final = "/open-banking/service/bank-inquiry"

_NATIONAL_CODE = Parameter("national_code", "national_id", encoding.national_code)
_BIRTH_DATE = Parameter("birth_date", "birth_date", encoding.birth_date_dashed)
_IBAN = Parameter("iban", "iban", encoding.iban)
_ACCOUNT = Parameter("account", "account_number", encoding.account)
_LIMIT = Parameter("limit", "limit", encoding.count, optional=True)
_SKIP = Parameter("skip", "skip", encoding.count, optional=True)


def _inquiry(
    service: str,
    path: str,
    parameters: tuple[Parameter, ...],
    read: Callable[[Mapping[str, Any]], T],
    *,
    echoes: Mapping[str, str] | None = None,
) -> PaystarEndpoint[T]:
    return PaystarEndpoint(
        service=service,
        method="POST",
        path=path,
        family=Family.CODES,
        safety=Safety.BILLABLE_READ,
        bearer=API_KEY,
        credentials=_APPLICATION,
        parameters=parameters,
        echoes=echoes or {},
        read=read,
    )


MATCH_MOBILE: Final = _inquiry(
    "match_mobile",
    f"{_INFO}/mobile-national-id",
    (Parameter("mobile", "mobile_number", encoding.mobile), _NATIONAL_CODE),
    answers.read_matched,
)

MATCH_CARD: Final = _inquiry(
    "match_card",
    f"{_INFO}/card-national-id",
    (Parameter("card", "card_number", encoding.card), _NATIONAL_CODE, _BIRTH_DATE),
    answers.read_matched,
)

MATCH_IBAN: Final = _inquiry(
    "match_iban", f"{_INFO}/iban-national-id", (_IBAN, _NATIONAL_CODE, _BIRTH_DATE), answers.read_matched
)

ACCOUNT_TO_IBAN: Final = _inquiry(
    "account_to_iban",
    f"{_INQUIRY}/account-to-iban",
    (Parameter("bank", "bank_id", encoding.bank_code), _ACCOUNT),
    answers.read_iban,
)

CARD_TO_IBAN: Final = _inquiry(
    "card_to_iban", f"{_INQUIRY}/card-to-iban", (Parameter("card", "card", encoding.card),), answers.read_iban
)

IBAN_INQUIRY: Final = _inquiry(
    "iban_inquiry", f"{_INQUIRY}/iban-inquiry", (_IBAN,), answers.read_iban_owners, echoes={"data.iban": "iban"}
)

BALANCE: Final[PaystarEndpoint[answers.AccountBalance]] = PaystarEndpoint(
    service="balance",
    path="/open-banking/service/balance",
    family=Family.TEXT,
    safety=Safety.FREE_READ,
    bearer=API_KEY,
    credentials=_APPLICATION,
    parameters=(_ACCOUNT,),
    read=answers.read_account_balance,
)

TRANSFER: Final[PaystarEndpoint[transfers.TransferAnswer]] = PaystarEndpoint(
    service="transfer",
    method="POST",
    path="/bank-transfer/v2/settlement",
    family=Family.TEXT,
    safety=Safety.MONEY_WRITE,
    bearer=API_KEY,
    credentials=_APPLICATION,
    parameters=(Parameter("transfers", "transfers", transfers.encode_transfers),),
    read=transfers.read_transfer_answer,
)

LIST_TRANSFERS: Final[PaystarEndpoint[transfers.TransferAnswer]] = PaystarEndpoint(
    service="list_transfers",
    path="/bank-transfer/settlement-requests",
    family=Family.TEXT,
    safety=Safety.FREE_READ,
    bearer=API_KEY,
    credentials=_APPLICATION,
    parameters=(
        Parameter("deposit", "deposit", encoding.identity, optional=True),
        Parameter("track_id", "track_id", encoding.identity, optional=True),
        _LIMIT,
        _SKIP,
    ),
    read=transfers.read_transfer_list,
)

STATEMENT: Final[PaystarEndpoint[answers.Statement]] = PaystarEndpoint(
    service="statement",
    path="/open-banking/service/invoice",
    family=Family.TEXT,
    safety=Safety.BILLABLE_READ,  # what it costs is not documented (assumed)
    bearer=API_KEY,
    credentials=_APPLICATION,
    parameters=(
        _ACCOUNT,
        Parameter("from_date", "from_date", encoding.gregorian_day),
        Parameter("to_date", "to_date", encoding.gregorian_day),
    ),
    read=answers.read_statement,
    weight=Weight.OBSERVED,
)


def _refresh(
    service: str,
    path: str,
    read: Callable[[Mapping[str, Any]], Tokens],
    *,
    credentials: tuple[str, ...],
    signed: tuple[str, ...] = (),
) -> PaystarEndpoint[Tokens]:
    return PaystarEndpoint(
        service=service,
        method="POST",
        path=path,
        family=Family.CODES,
        safety=Safety.TOKEN,
        bearer=None,
        credentials=credentials,
        signed=signed,
        read=read,
        weight=Weight.OBSERVED,
    )


REFRESH_API_KEY: Final = _refresh(
    "refresh_api_key",
    "/open-banking/application/refresh-api-key",
    answers.read_api_key,
    credentials=_APPLICATION,
)
REFRESH_API_KEY_SHORT: Final = _refresh(
    "refresh_api_key", "/application/refresh-api-key", answers.read_api_key, credentials=_APPLICATION
)

# Payment gateway

_GATEWAY_ID: Final = "gateway_id"
_AMOUNT = Parameter("amount_rial", "amount", encoding.amount_rial(gateway.SMALLEST_PAYMENT_RIAL))
_REF_NUM = Parameter("ref_num", "ref_num", encoding.identity)

GATEWAY_CREATE: Final[PaystarEndpoint[gateway.CreatedPayment]] = PaystarEndpoint(
    service="gateway_create",
    method="POST",
    path="/pardakht/create",
    family=Family.GATEWAY,
    safety=Safety.CREATE,
    bearer=None,
    permanent_bearer=_GATEWAY_ID,
    parameters=(
        _AMOUNT,
        Parameter("order_id", "order_id", encoding.identity),
        Parameter("callback", "callback", encoding.web_address),
        Parameter("name", "name", encoding.name, optional=True),
        Parameter("phone", "phone", encoding.text, optional=True),
        Parameter("mail", "mail", encoding.text, optional=True),
        Parameter("description", "description", encoding.text, optional=True),
        Parameter("allotment", "allotment", _records, optional=True),
        Parameter("callback_method", "callback_method", _callback_method, optional=True),
        Parameter("wallet_hashid", "wallet_hashid", encoding.identity, optional=True),
        Parameter("national_code", "national_code", encoding.national_code, optional=True),
        Parameter("card_number", "card_number", encoding.card, optional=True),
        Parameter("referer_id", "referer_id", encoding.identity, optional=True),
    ),
    signed=("amount", "order_id", "callback"),
    echoes={"data.order_id": "order_id"},
    exact_echoes=True,
    read=gateway.read_created,
)

GATEWAY_VERIFY: Final[PaystarEndpoint[gateway.Verification]] = PaystarEndpoint(
    service="gateway_verify",
    method="POST",
    path="/pardakht/verify",
    family=Family.GATEWAY,
    safety=Safety.IDEMPOTENT_WRITE,
    bearer=None,
    permanent_bearer=_GATEWAY_ID,
    parameters=(
        _REF_NUM,
        _AMOUNT,
        Parameter("card_number", "card_number", encoding.identity, optional=True),
        Parameter("tracking_code", "tracking_code", encoding.identity, optional=True),
    ),
    signed=("amount", "ref_num", "card_number", "tracking_code"),
    unsent=frozenset({"card_number", "tracking_code"}),
    echoes={"data.ref_num": "ref_num"},
    exact_echoes=True,
    read=gateway.read_verification,
)

GATEWAY_INQUIRY: Final[PaystarEndpoint[gateway.Payment]] = PaystarEndpoint(
    service="gateway_inquiry",
    method="POST",
    path="/pardakht/inquiry",
    family=Family.GATEWAY,
    safety=Safety.FREE_READ,
    bearer=None,
    permanent_bearer=_GATEWAY_ID,
    parameters=(_REF_NUM,),
    echoes={"data.ref_num": "ref_num"},
    exact_echoes=True,
    read=gateway.read_payment,
)

PAYMENT_PAGE: Final = "/pardakht/payment"
"""Where the payer's browser goes, with the token in its query."""

# Wallet (observed)

_WALLET: Final = ("wallet_hashid",)
_WALLET_SIGNED: Final = ("wallet_hashid", "password")

WALLET_BALANCE: Final[PaystarEndpoint[answers.WalletBalance]] = PaystarEndpoint(
    service="wallet_balance",
    path="/wallet/wallets-balance",
    family=Family.CODES,
    safety=Safety.FREE_READ,
    bearer=INQUIRY_KEY,
    credentials=_WALLET,
    read=answers.read_wallet_balance,
    weight=Weight.OBSERVED,
)

LIST_SETTLEMENTS: Final[PaystarEndpoint[transfers.TransferAnswer]] = PaystarEndpoint(
    service="list_settlements",
    path="/wallet/settlement-requests",
    family=Family.CODES,
    safety=Safety.FREE_READ,
    bearer=INQUIRY_KEY,
    credentials=_WALLET,
    parameters=(Parameter("track_id", "track_id", encoding.identity, optional=True),),
    read=transfers.read_transfer_list,
    weight=Weight.OBSERVED,
)

SETTLE: Final[PaystarEndpoint[transfers.TransferAnswer]] = PaystarEndpoint(
    service="settle",
    method="POST",
    path="/wallet/create-settlement",
    family=Family.CODES,
    safety=Safety.MONEY_WRITE,
    bearer=WALLET_KEY,
    credentials=_WALLET_SIGNED,
    parameters=(
        Parameter("withdraw_type", "withdraw_type", encoding.identity),
        Parameter("transfers", "transfers", transfers.encode_settlements),
    ),
    signed=_WALLET_SIGNED,
    read=transfers.read_transfer_answer,
    weight=Weight.OBSERVED,
)

REFRESH_WALLET_KEY: Final = _refresh(
    "wallet_refresh_api_key",
    "/wallet/refresh-api-key",
    answers.read_api_key,
    credentials=_WALLET_SIGNED,
    signed=_WALLET_SIGNED,
)
REFRESH_INQUIRY_KEY: Final = _refresh(
    "wallet_refresh_inquiry_key",
    "/wallet/refresh-inquiry-key",
    answers.read_inquiry_key,
    credentials=_WALLET_SIGNED,
    signed=_WALLET_SIGNED,
)


def _table(*rows: PaystarEndpoint[Any]) -> dict[str, PaystarEndpoint[Any]]:
    return {row.service: row for row in rows}


BANKING: Final = _table(
    MATCH_MOBILE,
    MATCH_CARD,
    MATCH_IBAN,
    ACCOUNT_TO_IBAN,
    CARD_TO_IBAN,
    IBAN_INQUIRY,
    BALANCE,
    TRANSFER,
    LIST_TRANSFERS,
    STATEMENT,
)
GATEWAY: Final = _table(GATEWAY_CREATE, GATEWAY_VERIFY, GATEWAY_INQUIRY)
WALLET: Final = _table(WALLET_BALANCE, LIST_SETTLEMENTS, SETTLE)

REFRESHES: Final[dict[str, Refresh]] = {
    API_KEY: Refresh("refresh_token", (REFRESH_API_KEY, REFRESH_API_KEY_SHORT)),
    WALLET_KEY: Refresh("refresh_token", (REFRESH_WALLET_KEY,)),
    INQUIRY_KEY: Refresh("refresh_inquiry_key", (REFRESH_INQUIRY_KEY,)),
}
"""How each key is renewed."""
