"""The gateway's calls: create, verify, inquiry, and playing a payment without a browser."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from urllib.parse import urlencode

import pytest

from airflow_provider_iranpay.iran.days import TEHRAN
from tests.docs.pages import named_rows, section
from tests.sandbox.shop import CALLBACK, FORM, Shop

MINUTE = 60
HOUR = 3600


@pytest.fixture
def shop(caller):
    caller.sandbox.world.clock.freeze()
    return Shop(caller)


def advance(shop, seconds):
    shop.world.clock.advance(seconds)


def settings(shop, **changes):
    shop.world.change_settings({f"paystar_gateway_{name}": value for name, value in changes.items()})


def test_the_signature_is_hmac_sha512_with_the_key_as_text(shop):
    message = f"50000#A-1#{CALLBACK}".encode()
    signed = hmac.new(b"sandbox-gateway-sign-key", message, hashlib.sha512).hexdigest()
    assert shop.call("create", shop.ask(sign=signed))["status"] == 1


# Create


def test_create_gives_a_token_and_a_ref_num(shop):
    answer = shop.call("create", shop.ask())
    assert answer["status"] == 1
    assert answer["data"].keys() == {"token", "ref_num", "order_id", "payment_amount"}
    assert (answer["data"]["order_id"], answer["data"]["payment_amount"]) == ("A-1", 50_000)


def test_two_creates_of_one_order_are_two_payments(shop):
    assert shop.create()["ref_num"] != shop.create()["ref_num"]


def test_a_fee_of_the_payer_is_in_the_payment_amount(shop):
    settings(shop, payer_fee_rial=1_200)
    assert shop.create()["payment_amount"] == 51_200


def test_create_takes_a_form_and_a_slash_at_the_end(shop):
    body = urlencode(shop.ask(amount="50000")).encode()
    bearer = {"Authorization": f"Bearer {shop.keys.gateway_id}"}
    assert shop.caller.send("POST", "/api/pardakht/create/", body, **FORM, **bearer).body["status"] == 1


def test_create_ignores_what_it_does_not_know_or_need(shop):
    optional = {
        "name": "n",
        "phone": "p",
        "mail": "m",
        "description": "d",
        "referer_id": 4,
        "allotment": [{"amount": 1}],
    }
    assert shop.create(**optional, wallet_hashid="w", something_else={"a": 1})["order_id"] == "A-1"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", None),
        ("amount", 4_999),
        ("amount", 50_000.0),
        ("amount", "50000.0"),
        ("amount", "۵۰۰۰۰"),
        ("amount", -50_000),
        ("amount", True),
        ("amount", 10**15),
        ("order_id", None),
        ("order_id", ""),
        ("order_id", ["A-1"]),
        ("order_id", "a" * 256),
        ("order_id", "\ud800"),
        ("callback", None),
        ("callback", "shop.example/back"),
        ("callback", "ftp://shop.example/back"),
        ("callback", "javascript:alert(1)"),
        ("callback", "https:///back"),
        ("callback", "https://[shop/back"),
        ("callback", "https://shop.example/\r\nSet-Cookie: a=b"),
        ("card_number", "6037990000000000"),
        ("national_code", "123"),
        ("sign", None),
        ("sign", 5),
    ],
)
def test_a_bad_parameter_is_minus_7_with_its_name(shop, field, value):
    body = shop.ask(sign="x") | {field: value}
    answer = shop.call("create", {name: given for name, given in body.items() if given is not None})
    assert (answer["status"], list(answer["data"])) == (-7, [field])


def test_the_least_amount_is_5000(shop):
    assert shop.create(amount=5_000)["payment_amount"] == 5_000


def test_an_amount_over_the_ceiling_is_minus_4(shop):
    settings(shop, ceiling_rial=60_000)
    assert shop.call("create", shop.ask(amount=60_001))["status"] == -4
    assert shop.call("create", shop.ask(amount=60_000))["status"] == 1


def test_an_inactive_gateway_is_minus_2(shop):
    settings(shop, active=False)
    assert shop.call("create", shop.ask())["status"] == -2


def test_a_wrong_sign_on_create_is_minus_1(shop):
    assert shop.call("create", shop.ask(sign=shop.sign(50_000, "A-2", CALLBACK)))["status"] == -1


def test_a_sign_that_no_hash_can_be_is_wrong(shop):
    assert shop.call("create", shop.ask(sign="\ud800"))["status"] == -1


def test_an_upper_case_sign_is_wrong(shop):
    assert shop.call("create", shop.ask(sign=shop.ask()["sign"].upper()))["status"] == -1


def test_an_unsigned_gateway_needs_no_sign(shop):
    settings(shop, signed=False)
    callback = shop.paid(sign=None)
    assert shop.verify(callback, sign=None)["status"] == 1


@pytest.mark.parametrize("path", ["create", "verify", "inquiry"])
def test_a_foreign_gateway_id_is_unauthenticated(shop, path):
    answer = shop.call(path, shop.ask(), bearer="somebody-else")
    assert answer["status"] == "unauthenticated"
    assert {"tag", "action", "api_version"} <= answer.keys()


# The callback


def test_a_paid_callback_has_all_fields(shop):
    callback = shop.paid()
    assert list(callback) == [
        "status",
        "order_id",
        "ref_num",
        "transaction_id",
        "card_number",
        "hashed_card_number",
        "tracking_code",
    ]
    assert callback["status"] == "1"


@pytest.mark.parametrize("outcome", ["fail", "cancel"])
def test_an_unpaid_callback_has_four_fields(shop, outcome):
    callback = shop.play(shop.create(), outcome)
    assert list(callback) == ["status", "order_id", "ref_num", "transaction_id"]
    assert callback["status"] == "-98"


def test_the_card_is_masked_with_six_stars(shop, people):
    card = people.person(3).card.number
    callback = shop.play(shop.create(), card=card)
    assert callback["card_number"] == f"{card[:6]}******{card[-4:]}"
    assert callback["hashed_card_number"] == hashlib.sha256(card.encode()).hexdigest()


def test_another_card_than_the_merchants_fails(shop, people):
    mine, other = (people.person(index).card.number for index in (1, 2))
    assert shop.play(shop.create(card_number=mine), card=other)["status"] == "-98"
    assert shop.play(shop.create(card_number=mine), card=mine)["status"] == "1"
    assert shop.paid(card_number=mine)["card_number"][:6] == mine[:6]


def test_somebody_elses_card_fails_where_a_national_code_was_given(shop, people):
    payer, other = people.person(1), people.person(2)
    assert shop.play(shop.create(national_code=payer.national_code), card=other.card.number)["status"] == "-98"
    assert shop.play(shop.create(national_code=payer.national_code), card=payer.card.number)["status"] == "1"
    assert shop.paid(national_code=payer.national_code)["status"] == "1"


# Verify


def test_verify_takes_the_money(shop):
    callback = shop.paid()
    answer = shop.verify(callback)
    assert answer["status"] == 1
    assert answer["data"] == {
        "price": 50_000,
        "ref_num": callback["ref_num"],
        "card_number": callback["card_number"],
    }
    assert shop.state(callback["ref_num"]) == "SUCCEED"


def test_a_second_verify_is_minus_6(shop):
    callback = shop.paid()
    shop.verify(callback)
    assert shop.verify(callback)["status"] == -6


def test_a_second_verify_is_minus_6_after_the_window_too(shop):
    callback = shop.paid()
    shop.verify(callback)
    advance(shop, HOUR)
    assert shop.verify(callback)["status"] == -6


def test_verify_of_an_unknown_ref_num_is_minus_5(shop):
    assert shop.verify({"ref_num": "nobodys"})["status"] == -5


def test_verify_without_its_parameters_is_minus_7(shop):
    answer = shop.call("verify", {})
    assert (answer["status"], set(answer["data"])) == (-7, {"ref_num", "amount"})


@pytest.mark.parametrize("outcome", ["fail", "cancel"])
def test_what_was_not_paid_is_not_verifiable(shop, outcome):
    assert shop.verify(shop.play(shop.create(), outcome))["status"] == -8


def test_what_nobody_decided_yet_is_not_verifiable(shop):
    assert shop.verify(shop.create())["status"] == -8


@pytest.mark.parametrize(("seconds", "status"), [(10 * MINUTE - 1, 1), (10 * MINUTE, -8)])
def test_the_window_is_ten_minutes_from_the_payment(shop, seconds, status):
    created = shop.create()
    advance(shop, 15 * MINUTE)
    callback = shop.play(created)
    advance(shop, seconds)
    assert shop.verify(callback)["status"] == status


def test_a_wrong_amount_is_minus_9_and_changes_nothing(shop):
    callback = shop.paid()
    assert shop.verify(callback, amount=49_999)["status"] == -9
    assert shop.verify(callback)["status"] == 1


@pytest.mark.parametrize("amount", [50_000, 51_200])
def test_verify_takes_the_amount_with_or_without_the_payers_fee(shop, amount):
    settings(shop, payer_fee_rial=1_200)
    assert shop.verify(shop.paid(), amount=amount)["data"]["price"] == amount


@pytest.mark.parametrize("field", ["card_number", "tracking_code"])
def test_a_sign_over_another_card_or_tracking_code_is_minus_9(shop, field):
    assert shop.verify(shop.paid() | {field: "000000******0000"})["status"] == -9


def test_verify_without_a_sign_is_minus_7(shop):
    assert shop.verify(shop.paid(), sign=None)["data"].keys() == {"sign"}


@pytest.mark.parametrize(("accepted", "status"), [(False, -9), (True, 1)])
def test_the_short_sign_is_taken_where_it_is_switched_on(shop, accepted, status):
    settings(shop, short_verify_sign=accepted)
    callback = shop.paid()
    assert shop.verify(callback, sign=shop.sign(50_000, callback["ref_num"]))["status"] == status


def test_the_long_sign_is_taken_beside_the_short_one(shop):
    settings(shop, short_verify_sign=True)
    assert shop.verify(shop.paid())["status"] == 1


# Inquiry


def test_inquiry_of_an_unpaid_payment_has_all_fields(shop):
    created = shop.create()
    answer = shop.inquire(created["ref_num"])
    assert answer["status"] == 1
    assert answer["data"] == {
        "ref_num": created["ref_num"],
        "status": "INIT",
        "payment_date": None,
        "payment_amount": 50_000,
        "order_id": "A-1",
        "ref_id": None,
        "tracking_code": None,
        "card_number": None,
        "hashed_card_number": None,
    }


def test_inquiry_agrees_with_the_callback(shop):
    shop.world.clock.set(datetime(2026, 11, 21, 13, 5, 9, tzinfo=TEHRAN))
    callback = shop.paid()
    data = shop.inquire(callback["ref_num"])["data"]
    shared = {"order_id", "ref_num", "card_number", "hashed_card_number", "tracking_code"}
    assert {name: data[name] for name in shared} == {name: callback[name] for name in shared}
    assert (data["status"], data["payment_date"]) == ("UNVERIFIED", "2026-11-21 13:05:09")


def test_inquiry_takes_the_whole_verify_payload(shop):
    callback = shop.paid()
    assert shop.call("inquiry", {"ref_num": callback["ref_num"], "amount": 1, "sign": "x"})["status"] == 1


def test_inquiry_of_an_unknown_ref_num_is_minus_5(shop):
    assert shop.inquire("nobodys")["status"] == -5


def test_inquiry_without_a_ref_num_is_minus_7(shop):
    assert shop.call("inquiry", {})["status"] == -7


@pytest.mark.parametrize(("outcome", "state"), [("fail", "FAILED"), ("cancel", "CANCELLED")])
def test_an_unpaid_payment_says_why(shop, outcome, state):
    assert shop.state(shop.play(shop.create(), outcome)["ref_num"]) == state


def test_a_payment_whose_payer_never_came_stays_init(shop):
    created = shop.create()
    advance(shop, 100 * HOUR)
    assert shop.state(created["ref_num"]) == "INIT"


@pytest.mark.parametrize(("hours", "state"), [(71, "UNVERIFIED"), (72, "REVERSED")])
def test_unverified_money_goes_back_after_72_hours(shop, hours, state):
    callback = shop.paid()
    advance(shop, hours * HOUR)
    assert shop.state(callback["ref_num"]) == state


def test_a_reversed_payment_is_not_verifiable(shop):
    settings(shop, reversal_seconds=60)
    callback = shop.paid()
    advance(shop, MINUTE)
    assert shop.verify(callback)["status"] == -8


@pytest.mark.parametrize(("seconds", "state"), [(29, "VERIFY_PENDING"), (30, "SUCCEED")])
def test_a_verify_may_take_its_time(shop, seconds, state):
    settings(shop, pending_seconds=30)
    callback = shop.paid()
    assert shop.verify(callback)["status"] == 1
    advance(shop, seconds)
    assert shop.state(callback["ref_num"]) == state


# Playing without a browser


def test_the_book_shows_every_payment_without_a_card_number(shop, people):
    card = people.person(5).card.number
    callback = shop.play(shop.create(), card=card)
    shop.create(order_id="A-2")
    book = shop.caller.admin("GET", "payments")
    assert book["count"] == 2
    first, second = book["payments"]
    assert (first["state"], first["card_number"], first["order_id"]) == ("UNVERIFIED", callback["card_number"], "A-1")
    assert (second["state"], second["decided_at"]) == ("INIT", None)
    assert card not in str(book)


def test_a_payment_is_played_by_its_token_too(shop):
    created = shop.create()
    assert shop.caller.admin("POST", "pay", {"token": created["token"], "outcome": "cancel"})["status"] == "-98"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"outcome": "pay"}, "ref_num"),
        ({"ref_num": "nobodys", "outcome": "pay"}, "unknown"),
        ({"token": "nobodys", "outcome": "pay"}, "unknown"),
        ({"token": [], "outcome": "pay"}, "list"),
        ({"ref_num": None}, "outcome"),
        ({"ref_num": None, "outcome": "steal"}, "steal"),
        ({"ref_num": None, "outcome": "pay", "card": "12"}, "sixteen"),
        ({"ref_num": None, "outcome": "pay", "colour": "red"}, "colour"),
    ],
)
def test_a_wrong_play_is_refused(shop, body, said):
    if "ref_num" in body and body["ref_num"] is None:
        body = body | {"ref_num": shop.create()["ref_num"]}
    got = shop.caller.send("POST", "/_sandbox/pay", body)
    assert got.status == 400
    assert said in got.body["error"]


def test_a_decided_payment_is_not_played_again(shop):
    created = shop.create()
    shop.play(created, "cancel")
    again = shop.caller.send("POST", "/_sandbox/pay", {"ref_num": created["ref_num"], "outcome": "pay"})
    assert (again.status, again.body["error"]) == (400, "token used")


def test_a_bank_may_turn_a_payment_afterwards(shop):
    callback = shop.paid()
    shop.verify(callback)
    shop.caller.admin("PATCH", f"payments/{callback['ref_num']}", {"state": "REVERSED"})
    assert shop.state(callback["ref_num"]) == "REVERSED"


def test_a_payment_may_show_a_word_that_no_contract_knows(shop):
    callback = shop.paid()
    shop.caller.admin("PATCH", f"payments/{callback['ref_num']}", {"state": "ON_THE_WAY"})
    assert shop.state(callback["ref_num"]) == "ON_THE_WAY"
    assert shop.verify(callback)["status"] == -8


@pytest.mark.parametrize("state", [None, "", 5])
def test_a_payment_is_turned_to_a_word_only(shop, state):
    ref_num = shop.create()["ref_num"]
    assert shop.caller.send("PATCH", f"/_sandbox/payments/{ref_num}", {"state": state}).status == 400


def test_reset_forgets_the_payments(shop):
    ref_num = shop.create()["ref_num"]
    shop.caller.admin("POST", "reset")
    assert shop.inquire(ref_num)["status"] == -5


def test_nothing_of_the_gateway_is_billed(shop):
    shop.verify(shop.paid())
    assert shop.world.ledger.entries == []


def test_no_repr_shows_a_card(shop, people):
    payer = people.person(5)
    shop.play(shop.create(card_number=payer.card.number, national_code=payer.national_code))
    shown = repr(list(shop.payments))
    assert payer.card.number not in shown
    assert payer.national_code not in shown


def test_the_page_lists_every_setting_with_its_default(shop):
    listed = named_rows(section("docs/sandbox-gateway.md", "Settings"))
    shown = {name: cells[0].replace(",", "") for name, cells in listed.items()}
    settings = shop.world.settings.as_dict()
    assert shown == {
        name: str(value).lower() for name, value in settings.items() if name.startswith("paystar_gateway_")
    }
