"""What is signed, with what, and where the signature goes; HMAC is computed here by hand, from its definition."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.api.contract import Tokens
from airflow_provider_iranpay.api.paystar import endpoints
from airflow_provider_iranpay.api.paystar.signatures import sign
from tests.api.paystar_wire import BANKING, GATEWAY, MASKED_CARD, SIGN_KEY, UNSIGNED_GATEWAY, WALLET

CALLBACK = "https://Shop.example:8443/paid?a=1&b=%20#done"
CREATE = {"amount_rial": "1,250,000", "order_id": "order-1", "callback": CALLBACK}
VERIFY = {"amount_rial": 1_250_000, "ref_num": "ref-1", "card_number": MASKED_CARD, "tracking_code": "987654"}
SETTLEMENT = {
    "amount": 10_000,
    "destination_number": "IR760170000000000000000001",
    "destination_firstname": "سارا",
    "destination_lastname": "الف",
    "track_id": "t-1",
}

BLOCK = 128  # bytes of a block of SHA-512


def hmac_by_hand(key: bytes, message: bytes) -> str:
    if len(key) > BLOCK:
        key = hashlib.sha512(key).digest()
    key = key.ljust(BLOCK, b"\0")
    inner = hashlib.sha512(bytes(byte ^ 0x36 for byte in key) + message).digest()
    return hashlib.sha512(bytes(byte ^ 0x5C for byte in key) + inner).hexdigest()


def test_the_hand_knows_a_published_vector():
    assert hmac_by_hand(b"Jefe", b"what do ya want for nothing?") == (
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
        "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
    )


@given(key=st.text(min_size=1), parts=st.lists(st.text() | st.integers(), min_size=1, max_size=4))
def test_any_parts_are_joined_and_signed_as_text(key, parts):
    signature = sign(parts, key=key)
    assert signature == hmac_by_hand(key.encode(), "#".join(map(str, parts)).encode())
    assert signature == signature.lower()
    assert len(signature) == 128


def test_a_key_that_looks_like_hex_is_a_text_all_the_same():
    as_text, as_bytes = (hmac_by_hand(key, b"1#2") for key in (SIGN_KEY.encode(), bytes.fromhex(SIGN_KEY)))
    assert sign([1, 2], key=SIGN_KEY) == as_text != as_bytes


def body_of(api, endpoint, values):
    return api.outgoing(endpoint.request(values), Tokens("key-1") if endpoint.bearer else None).body


def test_create_signs_amount_order_and_callback_exactly_as_they_are_sent():
    body = body_of(GATEWAY, endpoints.GATEWAY_CREATE, CREATE)
    assert body["sign"] == hmac_by_hand(SIGN_KEY.encode(), f"1250000#order-1#{CALLBACK}".encode())
    assert (body["amount"], body["callback"]) == (1_250_000, CALLBACK)


@pytest.mark.parametrize("amount", [1_250_000, 1_250_000.0, "1250000", "1,250,000", "۱٬۲۵۰٬۰۰۰"])
def test_an_amount_is_signed_as_the_digits_of_an_integer_however_it_was_given(amount):
    body = body_of(GATEWAY, endpoints.GATEWAY_CREATE, CREATE | {"amount_rial": amount})
    assert body["sign"] == hmac_by_hand(SIGN_KEY.encode(), f"1250000#order-1#{CALLBACK}".encode())
    assert type(body["amount"]) is int


def test_persian_in_an_order_id_is_signed_in_utf_8():
    body = body_of(GATEWAY, endpoints.GATEWAY_CREATE, CREATE | {"order_id": "سفارش-۱"})
    assert body["sign"] == hmac_by_hand(SIGN_KEY.encode(), f"1250000#سفارش-۱#{CALLBACK}".encode())


def test_verify_signs_the_masked_card_and_the_tracking_code_and_sends_neither():
    body = body_of(GATEWAY, endpoints.GATEWAY_VERIFY, VERIFY)
    message = f"1250000#ref-1#{MASKED_CARD}#987654"
    assert body == {
        "ref_num": "ref-1",
        "amount": 1_250_000,
        "sign": hmac_by_hand(SIGN_KEY.encode(), message.encode()),
    }


@pytest.mark.parametrize(
    ("endpoint", "values", "body"),
    [
        (endpoints.GATEWAY_CREATE, CREATE, {"amount": 1_250_000, "order_id": "order-1", "callback": CALLBACK}),
        (endpoints.GATEWAY_VERIFY, VERIFY, {"ref_num": "ref-1", "amount": 1_250_000}),
    ],
)
def test_a_gateway_without_a_sign_key_sends_no_sign(endpoint, values, body):
    assert body_of(UNSIGNED_GATEWAY, endpoint, values) == body


def test_an_inquiry_of_the_gateway_is_never_signed():
    assert body_of(GATEWAY, endpoints.GATEWAY_INQUIRY, {"ref_num": "ref-1"}) == {"ref_num": "ref-1"}


WALLET_SIGN = hmac_by_hand(SIGN_KEY.encode(), b"wallet-of-a-test#word-of-a-test")


def test_a_settlement_signs_wallet_and_password():
    body = body_of(WALLET, endpoints.SETTLE, {"withdraw_type": "paya", "transfers": [SETTLEMENT]})
    assert body["sign"] == WALLET_SIGN


@pytest.mark.parametrize("bearer", [endpoints.WALLET_KEY, endpoints.INQUIRY_KEY])
def test_the_wallets_renewals_sign_wallet_and_password(bearer):
    (renewal,) = WALLET.renewals(bearer, [])
    assert WALLET.outgoing(renewal.request, None).body["sign"] == WALLET_SIGN


def test_open_banking_and_reports_of_the_wallet_are_never_signed():
    signed = {row.service for row in (endpoints.BANKING | endpoints.GATEWAY | endpoints.WALLET).values() if row.signed}
    assert signed == {"gateway_create", "gateway_verify", "settle"}
    for renewal in BANKING.renewals(endpoints.API_KEY, []):
        assert "sign" not in BANKING.outgoing(renewal.request, None).body
