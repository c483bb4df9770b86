"""What the payment gateway says, and what the payer's browser brings to the callback."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.api.contract import UnreadablePayload
from airflow_provider_iranpay.api.paystar import gateway
from airflow_provider_iranpay.api.paystar.gateway import Callback, read_callback
from airflow_provider_iranpay.exceptions import InvalidInput
from airflow_provider_iranpay.iran.days import TEHRAN
from tests.api.paystar_wire import MASKED_CARD

PAYMENT = {
    "ref_num": "ref-1",
    "status": "SUCCEED",
    "payment_date": "1405-08-30 15:30:00",
    "payment_amount": "1,250,000",
    "order_id": "order-1",
    "ref_id": 77,
    "tracking_code": "987654",
    "card_number": MASKED_CARD,
    "hashed_card_number": "hash-of-a-card",
}
CREATED = {"token": "token-1", "ref_num": "ref-1", "order_id": "order-1", "payment_amount": 1_260_000}
VERIFIED = {"ref_num": "ref-1", "price": 1_250_000, "card_number": MASKED_CARD}


def envelope(data: object) -> dict[str, object]:
    return {"status": 1, "data": data, "message": ""}


# Answers


def test_a_created_payment_says_what_the_payer_will_pay():
    created = gateway.read_created(envelope(CREATED))
    assert (created.token, created.ref_num, created.order_id) == ("token-1", "ref-1", "order-1")
    assert created.payment_amount_rial == 1_260_000


def test_a_verification_names_price_and_card():
    verification = gateway.read_verification(envelope(VERIFIED))
    assert (verification.price_rial, verification.card_number) == (1_250_000, MASKED_CARD)


@pytest.mark.parametrize("data", [None, {}, [], "", 5, {"price": None}])
def test_a_yes_to_verify_is_a_yes_whatever_else_it_lacks(data):
    assert gateway.read_verification(envelope(data)).price_rial is None


@pytest.mark.parametrize("field", ["ref_num", "order_id"])
def test_an_identity_may_come_as_a_number(field):
    assert getattr(gateway.read_payment(envelope(PAYMENT | {field: 17})), field) == "17"


def test_a_payment_says_all_that_inquiry_says():
    payment = gateway.read_payment(envelope(PAYMENT))
    assert (payment.status, payment.order_id, payment.ref_id) == ("SUCCEED", "order-1", "77")
    assert payment.payment_amount_rial == 1_250_000
    assert payment.payment_date == datetime(2026, 11, 21, 15, 30, tzinfo=TEHRAN)


def test_a_payment_can_be_verified_for_ten_minutes():
    payment = gateway.read_payment(envelope(PAYMENT))
    assert payment.verify_until == payment.payment_date + timedelta(minutes=10)


@pytest.mark.parametrize("date", [None, "", "0000-00-00 00:00:00", "1405-08-30"])
def test_a_payment_whose_moment_is_not_known_has_no_window(date):
    payment = gateway.read_payment(envelope(PAYMENT | {"payment_date": date}))
    assert (payment.payment_date, payment.verify_until) == (None, None)


def test_a_moment_at_the_end_of_all_days_has_no_window():
    assert gateway.read_payment(envelope(PAYMENT | {"payment_date": "9999-12-31 23:59:00"})).verify_until is None


def test_a_new_word_for_a_status_passes_as_text():
    assert gateway.read_payment(envelope(PAYMENT | {"status": "ON_HOLD"})).status == "ON_HOLD"


@pytest.mark.parametrize(
    ("read", "data", "field", "wrong"),
    [
        *((gateway.read_created, CREATED, field, None) for field in CREATED),
        (gateway.read_created, CREATED, "payment_amount", 1.5),
        (gateway.read_verification, VERIFIED, "price", "free"),
        *(
            (gateway.read_payment, PAYMENT, field, None)
            for field in ("ref_num", "status", "payment_amount", "order_id")
        ),
        (gateway.read_payment, PAYMENT, "status", 1),
        (gateway.read_payment, PAYMENT, "status", True),
        (gateway.read_payment, PAYMENT, "payment_amount", 0.5),
    ],
)
def test_an_answer_that_lacks_what_decides_is_unreadable(read, data, field, wrong):
    assert read(envelope(data))
    with pytest.raises(UnreadablePayload, match=field):
        read(envelope(data | {field: wrong}))


def test_no_answer_shows_a_card_or_a_token():
    shown = repr(
        (
            gateway.read_created(envelope(CREATED)),
            gateway.read_verification(envelope(VERIFIED)),
            gateway.read_payment(envelope(PAYMENT)),
            read_callback(PAID),
        )
    )
    assert "ref-1" in shown
    assert not [secret for secret in ("token-1", MASKED_CARD, "hash-of-a-card") if secret in shown]


# The callback

UNPAID = {"status": "-98", "order_id": "order-1", "ref_num": "ref-1", "transaction_id": "tx-1"}
PAID = UNPAID | {
    "status": "1",
    "card_number": MASKED_CARD,
    "hashed_card_number": "hash-of-a-card",
    "tracking_code": "987654",
}
READ = Callback(
    status=1,
    order_id="order-1",
    ref_num="ref-1",
    transaction_id="tx-1",
    card_number=MASKED_CARD,
    hashed_card_number="hash-of-a-card",
    tracking_code="987654",
)

FORMS = {
    "form": urlencode(PAID),
    "query": f"?{urlencode(PAID)}",
    "bytes": urlencode(PAID).encode(),
    "mapping": PAID,
    "lists": {name: [value] for name, value in PAID.items()},
    "tuples": {name: (value,) for name, value in PAID.items()},
    "numbers": PAID | {"status": 1, "tracking_code": 987654},
    "more fields": PAID | {"new": "field"},
    "the same twice": f"{urlencode(PAID)}&ref_num=ref-1",
}


@pytest.mark.parametrize("received", FORMS.values(), ids=FORMS)
def test_a_callback_is_read_however_the_web_framework_hands_it_over(received):
    assert read_callback(received) == READ
    assert read_callback(received).says_paid


@pytest.mark.parametrize("received", [UNPAID, urlencode(UNPAID), UNPAID | {"card_number": None, "tracking_code": []}])
def test_a_callback_of_a_failed_payment_has_no_card(received):
    callback = read_callback(received)
    assert (callback.status, callback.says_paid) == (-98, False)
    assert (callback.card_number, callback.hashed_card_number, callback.tracking_code) == (None, None, None)


@pytest.mark.parametrize(("status", "number"), [("۱", 1), ("-۹۸", -98), ("٠", 0), (" 1 ", 1), ("-1", -1), (-98, -98)])
def test_a_status_is_read_in_any_digits(status, number):
    assert read_callback(PAID | {"status": status}).status == number


@pytest.mark.parametrize("status", ["1.0", "ok", "--1", "-", "1e3", "+1", "1 1", "²", "9" * 30, True, 1.0, "0x1"])
def test_a_status_that_is_no_whole_number_is_refused(status):
    with pytest.raises(InvalidInput, match="status: characters"):
        read_callback(PAID | {"status": status})


@pytest.mark.parametrize("field", UNPAID)
def test_a_callback_without_one_of_its_four_fields_is_refused(field):
    lacking = {name: value for name, value in PAID.items() if name != field}
    for fields in (lacking, lacking | {field: ""}, lacking | {field: []}, lacking | {field: None}, urlencode(lacking)):
        with pytest.raises(InvalidInput, match=f"{field}: is_required"):
            read_callback(fields)


@pytest.mark.parametrize("field", PAID)
@pytest.mark.parametrize("as_", [lambda both: both, lambda both: urlencode(both, doseq=True)], ids=["lists", "query"])
def test_a_field_that_stands_there_with_two_values_is_refused(field, as_):
    with pytest.raises(InvalidInput, match=f"{field}: repeated"):
        read_callback(as_(PAID | {field: [PAID[field], "another"]}))


@pytest.mark.parametrize("received", ["", b"", "?", {}, b"\xff\xfe", "status", "<html>", '{"status": 1}'])
def test_what_is_no_callback_is_refused(received):
    with pytest.raises(InvalidInput):
        read_callback(received)


CELLS = st.none() | st.text() | st.integers() | st.lists(st.text(), max_size=3) | st.just("1")


@given(received=st.text() | st.binary() | st.dictionaries(st.sampled_from(list(PAID)) | st.text(), CELLS))
def test_garbage_is_refused_and_nothing_else_happens(received):
    with contextlib.suppress(InvalidInput):
        read_callback(received)


WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(values=st.fixed_dictionaries(dict.fromkeys(PAID, WORDS) | {"status": st.just("1")}))
def test_texts_come_out_of_a_query_as_they_went_in(values):
    assert read_callback(urlencode(values)) == read_callback(values) == Callback(**values | {"status": 1})
