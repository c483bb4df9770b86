"""What goes on Paystar's wire: paths, inputs, credentials and Bearer of every call."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from airflow_provider_iranpay.api.contract import Safety, Tokens, UnreadablePayload, Weight
from airflow_provider_iranpay.api.paystar import BirthCalendar, Paystar, endpoints
from airflow_provider_iranpay.exceptions import InvalidInput
from tests.api.paystar_wire import (
    BANKING,
    CARD,
    CODE,
    GATEWAY,
    IBAN,
    MASKED_CARD,
    MOBILE,
    SIGN_KEY,
    UNSIGNED_GATEWAY,
    WALLET,
)

APPLICATION = {"application_id": "app-of-a-test", "access_password": "word-of-a-test"}
IN_WALLET = {"wallet_hashid": "wallet-of-a-test"}
PERSON = {"national_code": CODE, "birth_date": "13700115"}
ON_THE_WIRE = {"national_id": CODE, "birth_date": "1370-01-15"}
DAYS = {"from_date": "1405/08/29", "to_date": date(2026, 11, 21)}
CALLBACK = "https://shop.example/paid"
VERIFY = {"ref_num": "ref-1", "amount_rial": 10_000, "card_number": MASKED_CARD, "tracking_code": "987"}
ITEM = {
    "amount": 10_000,
    "deposit": "0100200",
    "destination_account": IBAN,
    "destination_firstname": "سارا",
    "destination_lastname": "الف",
    "track_id": "t-1",
}
SETTLED = {"amount": 10_000, "destination_number": IBAN} | {
    name: ITEM[name] for name in ("destination_firstname", "destination_lastname", "track_id")
}
EVERY_EXTRA = {
    "name": "سارا الف", "phone": MOBILE, "mail": "sara@shop.example", "description": "خرید",
    "allotment": [{"iban": IBAN, "amount": 5_000}], "callback_method": 1, "wallet_hashid": "w-1",
    "national_code": CODE, "card_number": CARD, "referer_id": "r-1",
}  # fmt: skip

INFO, INQUIRY = "/open-banking/service/info-matching", "/open-banking/service/bank-inquiry"

WIRE = [
    (
        BANKING, "match_mobile", {"mobile": "۰۹۱۲ ۰۰۰ ۰۰۰۰", "national_code": "12345679"},
        ("POST", f"{INFO}/mobile-national-id", APPLICATION | {"mobile_number": MOBILE, "national_id": CODE}),
    ),
    (
        BANKING, "match_card", {"card": CARD} | PERSON,
        ("POST", f"{INFO}/card-national-id", APPLICATION | {"card_number": CARD} | ON_THE_WIRE),
    ),
    (
        BANKING, "match_iban", {"iban": IBAN} | PERSON,
        ("POST", f"{INFO}/iban-national-id", APPLICATION | {"iban": IBAN} | ON_THE_WIRE),
    ),
    (
        BANKING, "account_to_iban", {"bank": "ملی", "account": "0100200"},
        ("POST", f"{INQUIRY}/account-to-iban", APPLICATION | {"bank_id": "017", "account_number": "0100200"}),
    ),
    (BANKING, "card_to_iban", {"card": CARD}, ("POST", f"{INQUIRY}/card-to-iban", APPLICATION | {"card": CARD})),
    (BANKING, "iban_inquiry", {"iban": IBAN}, ("POST", f"{INQUIRY}/iban-inquiry", APPLICATION | {"iban": IBAN})),
    (
        BANKING, "balance", {"account": "0100200"},
        ("GET", "/open-banking/service/balance", APPLICATION | {"account_number": "0100200"}),
    ),
    (
        BANKING, "transfer", {"transfers": [ITEM]},
        ("POST", "/bank-transfer/v2/settlement", APPLICATION | {"transfers": [ITEM]}),
    ),
    (
        BANKING, "list_transfers", {"deposit": "0100200", "track_id": "t-1", "limit": 50, "skip": 0},
        (
            "GET", "/bank-transfer/settlement-requests",
            APPLICATION | {"deposit": "0100200", "track_id": "t-1", "limit": 50, "skip": 0},
        ),
    ),
    (
        BANKING, "statement", {"account": "0100200"} | DAYS,
        (
            "GET", "/open-banking/service/invoice",
            APPLICATION | {"account_number": "0100200", "from_date": "2026-11-20", "to_date": "2026-11-21"},
        ),
    ),
    (
        UNSIGNED_GATEWAY, "gateway_create",
        {"amount_rial": "10,000", "order_id": 7, "callback": CALLBACK} | EVERY_EXTRA,
        ("POST", "/pardakht/create", {"amount": 10_000, "order_id": "7", "callback": CALLBACK} | EVERY_EXTRA),
    ),
    (
        UNSIGNED_GATEWAY, "gateway_verify",
        VERIFY,
        ("POST", "/pardakht/verify", {"ref_num": "ref-1", "amount": 10_000}),
    ),
    (UNSIGNED_GATEWAY, "gateway_inquiry", {"ref_num": "ref-1"}, ("POST", "/pardakht/inquiry", {"ref_num": "ref-1"})),
    (WALLET, "wallet_balance", {}, ("GET", "/wallet/wallets-balance", IN_WALLET)),
    (
        WALLET, "list_settlements", {"track_id": "wallet-of-a-test*t-1*1"},
        ("GET", "/wallet/settlement-requests", IN_WALLET | {"track_id": "wallet-of-a-test*t-1*1"}),
    ),
    (
        replace(WALLET, sign_key=""), "settle", {"withdraw_type": "paya", "transfers": [SETTLED]},
        (
            "POST", "/wallet/create-settlement",
            IN_WALLET | {"password": "word-of-a-test", "withdraw_type": "paya", "transfers": [SETTLED]},
        ),
    ),
]  # fmt: skip

CALLS = endpoints.BANKING | endpoints.GATEWAY | endpoints.WALLET
KEY = Tokens("key-1", "renewer-1")


@pytest.mark.parametrize(("api", "service", "values", "wanted"), WIRE, ids=[row[1] for row in WIRE])
def test_inputs_and_credentials_go_on_the_wire_as_paystar_wants_them(api, service, values, wanted):
    row = CALLS[service]
    outgoing = api.outgoing(row.request(values), KEY if row.bearer else None)
    method, path, sent = wanted
    assert (row.method, row.path) == (method, path)
    assert (outgoing.query, outgoing.body) == (({}, sent) if method == "POST" else (sent, None))


def test_every_call_is_in_the_table_above():
    assert {row[1] for row in WIRE} == set(CALLS)


RENEWALS = {
    "/open-banking/application/refresh-api-key": (BANKING, endpoints.API_KEY),
    "/application/refresh-api-key": (BANKING, endpoints.API_KEY),
    "/wallet/refresh-api-key": (WALLET, endpoints.WALLET_KEY),
    "/wallet/refresh-inquiry-key": (WALLET, endpoints.INQUIRY_KEY),
}
RENEWED_BY = {
    endpoints.API_KEY: APPLICATION | {"refresh_token": "renewer-of-a-test"},
    endpoints.WALLET_KEY: IN_WALLET | {"password": "word-of-a-test", "refresh_token": "renewer-of-a-test"},
    endpoints.INQUIRY_KEY: IN_WALLET | {"password": "word-of-a-test", "refresh_inquiry_key": "inquirer-of-a-test"},
}


@pytest.mark.parametrize(("path", "api", "bearer"), [(path, *row) for path, row in RENEWALS.items()])
def test_a_key_is_renewed_by_post_with_credentials_and_refresh_token_and_without_a_bearer(path, api, bearer):
    (request,) = [way.request for way in api.renewals(bearer, []) if way.request.endpoint.path == path]
    outgoing = replace(api, sign_key="").outgoing(request, None)
    assert (request.endpoint.method, outgoing.authorization) == ("POST", None)
    assert outgoing.body == RENEWED_BY[bearer]


SAFETY = {
    Safety.BILLABLE_READ: "match_mobile match_card match_iban account_to_iban card_to_iban iban_inquiry statement",
    Safety.FREE_READ: "balance list_transfers gateway_inquiry wallet_balance list_settlements",
    Safety.IDEMPOTENT_WRITE: "gateway_verify",
    Safety.MONEY_WRITE: "transfer settle",
    Safety.CREATE: "gateway_create",
}
BEARERS = {
    endpoints.API_KEY: set(endpoints.BANKING),
    endpoints.WALLET_KEY: {"settle"},
    endpoints.INQUIRY_KEY: {"wallet_balance", "list_settlements"},
    None: set(endpoints.GATEWAY),
}
FAMILIES = {
    "gateway": set(endpoints.GATEWAY),
    "text": {"transfer", "balance", "list_transfers", "statement"},
    "codes": {"match_mobile", "match_card", "match_iban", "account_to_iban", "card_to_iban", "iban_inquiry"}
    | set(endpoints.WALLET),
}


def by(attribute: str) -> dict[object, set[str]]:
    grouped: dict[object, set[str]] = {}
    for service, row in CALLS.items():
        grouped.setdefault(getattr(row, attribute), set()).add(service)
    return grouped


def test_each_call_says_what_it_does_in_the_world():
    assert by("safety") == {safety: set(services.split()) for safety, services in SAFETY.items()}


def test_each_call_goes_with_the_key_of_its_product():
    assert by("bearer") == BEARERS


def test_each_call_is_answered_in_the_family_of_its_product():
    assert by("family") == FAMILIES


def test_what_is_only_observed_says_so():
    assert by("weight")[Weight.OBSERVED] == {"statement", *endpoints.WALLET}


def test_a_renewed_key_is_the_bearer_and_the_gateways_is_its_id():
    assert BANKING.outgoing(endpoints.BALANCE.request({"account": "1002"}), KEY).authorization == "Bearer key-1"
    inquiry = endpoints.GATEWAY_INQUIRY.request({"ref_num": "ref-1"})
    assert GATEWAY.outgoing(inquiry, None).authorization == "Bearer gateway-of-a-test"


@pytest.mark.parametrize(
    ("calendar", "written"), [(BirthCalendar.JALALI, "1370-01-15"), (BirthCalendar.GREGORIAN, "1991-04-04")]
)
@pytest.mark.parametrize("given", ["13700115", "1370/1/15", date(1991, 4, 4), "۱۳۷۰-۰۱-۱۵"])
@pytest.mark.parametrize("service", ["match_card", "match_iban"])
def test_a_birth_date_is_sent_in_the_calendar_of_the_connection(service, calendar, given, written):
    row = CALLS[service]
    values = {"card": CARD} if service == "match_card" else {"iban": IBAN}
    request = row.request(values | {"national_code": CODE, "birth_date": given})
    account = replace(BANKING, birth_calendar=calendar)
    assert account.outgoing(request, KEY).body["birth_date"] == written
    assert account.exact(request) == {**request.wire, "birth_date": written}


def test_the_calendar_of_birth_dates_is_jalali_unless_the_connection_says_otherwise():
    assert Paystar(credentials={}).birth_calendar is BirthCalendar.JALALI


@pytest.mark.parametrize(
    ("service", "values", "field", "reason"),
    [
        ("match_card", {"card": "6037990000000007"} | PERSON, "card", "check_digit"),
        ("match_card", {"card": CARD} | PERSON | {"birth_date": "1991-04-04"}, "birth_date", "gregorian"),
        ("match_mobile", {"mobile": MOBILE, "national_code": "1111111111"}, "national_code", "repeated_digit"),
        ("account_to_iban", {"bank": "بانک مریخ", "account": "1002"}, "bank", "unknown_bank"),
        ("gateway_create", {"amount_rial": 4_999, "order_id": "o", "callback": CALLBACK}, "amount_rial", "too_small"),
        ("gateway_create", {"amount_rial": 5_000, "order_id": " ", "callback": CALLBACK}, "order_id", "empty"),
        ("gateway_create", {"amount_rial": 5_000, "order_id": "o", "callback": "shop.example"}, "callback", "format"),
        ("gateway_verify", {"ref_num": "nan", "amount_rial": 5_000}, "ref_num", "empty"),
        ("gateway_inquiry", {"ref_num": None}, "ref_num", "empty"),
        ("list_transfers", {"limit": -1}, "limit", "type"),
        ("list_transfers", {"skip": True}, "skip", "type"),
        ("list_transfers", {"limit": "10"}, "limit", "type"),
        ("settle", {"transfers": [SETTLED]}, "withdraw_type", "empty"),
    ],
)
def test_bad_input_names_call_field_and_reason_before_anything_is_sent(service, values, field, reason):
    with pytest.raises(InvalidInput) as caught:
        CALLS[service].request(values)
    assert (caught.value.service, caught.value.field, caught.value.reason) == (service, field, reason)


@pytest.mark.parametrize(
    "callback",
    ["HTTPS://Shop.example/a%2Fb?x=1&x=2#end", "http://127.0.0.1:8000/", "https://shop.example/پرداخت?a=%20b"],
)
def test_a_callback_is_sent_as_it_is_to_the_letter(callback):
    request = endpoints.GATEWAY_CREATE.request({"amount_rial": 5_000, "order_id": "o", "callback": callback})
    assert request.body["callback"] == callback


@pytest.mark.parametrize(
    "callback",
    [None, 5, "", "ftp://shop.example/", "https://", " https://shop.example", "https://s.example/a b", "https://[::1"],
)
def test_a_callback_that_is_no_whole_url_is_refused(callback):
    with pytest.raises(InvalidInput, match="gateway_create: callback: format"):
        endpoints.GATEWAY_CREATE.request({"amount_rial": 5_000, "order_id": "o", "callback": callback})


@pytest.mark.parametrize(("field", "value"), [("callback_method", 2), ("callback_method", "GET"), ("allotment", [1])])
def test_an_extra_of_a_payment_that_is_none_of_its_kind_is_refused(field, value):
    with pytest.raises(InvalidInput, match=f"{field}: type"):
        endpoints.GATEWAY_CREATE.request({"amount_rial": 5_000, "order_id": "o", "callback": CALLBACK, field: value})


@pytest.mark.parametrize(("endpoint", "values", "echoed"), [
    (endpoints.GATEWAY_INQUIRY, {"ref_num": "ref-1"}, {"ref_num": "ref-2"}),
    (endpoints.GATEWAY_VERIFY, VERIFY, {"ref_num": "ref-2", "price": 10_000}),
    (endpoints.GATEWAY_CREATE, {"amount_rial": 5_000, "order_id": "o-1", "callback": CALLBACK}, {"order_id": "o-2"}),
    (endpoints.IBAN_INQUIRY, {"iban": IBAN}, {"iban": "IR470120000000000000012345", "bank": "ملت"}),
])  # fmt: skip
def test_the_answer_to_another_question_is_refused(endpoint, values, echoed):
    for data in (echoed, [echoed]):
        with pytest.raises(UnreadablePayload, match="not the one that was asked about"):
            endpoint.request(values).read({"status": 1, "data": data})


SECRETS = [*APPLICATION.values(), *RENEWED_BY[endpoints.INQUIRY_KEY].values(), "renewer-of-a-test", SIGN_KEY]


@pytest.mark.parametrize("api", [BANKING, GATEWAY, WALLET])
def test_an_account_shows_no_credential_and_names_each_of_them_as_a_secret(api):
    held = {*api.credentials.values(), *api.refresh_tokens.values(), api.sign_key} - {""}
    assert set(api.secrets()) == held
    assert not [secret for secret in held if secret in repr(api)]


@pytest.mark.parametrize(("api", "service", "values", "wanted"), WIRE, ids=[row[1] for row in WIRE])
def test_no_request_shows_what_is_in_it(api, service, values, wanted):
    request = CALLS[service].request(values)
    shown = repr(request) + repr(api.outgoing(request, KEY)) + repr(KEY)
    assert not [secret for secret in (*SECRETS, CARD, IBAN, CODE, MOBILE, "key-1", "renewer-1") if secret in shown]
