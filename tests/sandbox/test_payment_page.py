"""What a payer sees and where the browser is sent, as a browser without scripts would meet it."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

import hypothesis.strategies as st
import pytest
from hypothesis import given

from airflow_provider_iranpay.sandbox.paystar.callback import location
from airflow_provider_iranpay.sandbox.paystar.payer import usual_card
from airflow_provider_iranpay.sandbox.paystar.payments import NewPayment
from tests.sandbox.shop import CALLBACK, FORM, Page, Shop

HOSTILE = '"><script>alert(1)</script>&amp;'


@pytest.fixture
def shop(caller):
    caller.sandbox.world.clock.freeze()
    return Shop(caller)


def page(got):
    return Page(got.body)


def card_of(shop, created):
    return page(shop.open_page(token=created["token"])).by_id["card"]["value"]


def pay(shop, created, **fields):
    return shop.choose(created["token"], "pay", **{"card": card_of(shop, created)} | fields)


def test_the_page_is_persian_and_right_to_left(shop):
    seen = page(shop.open_page(token=shop.create(amount=12_500_000)["token"]))
    assert dict(seen.tags)["html"] == {"lang": "fa", "dir": "rtl"}
    assert "۱۲٬۵۰۰٬۰۰۰ ریال" in seen.text
    assert "۱٬۲۵۰٬۰۰۰ تومان" in seen.text
    assert "۲۰ دقیقه" in seen.text


def test_the_page_is_english_on_request(shop):
    seen = page(shop.open_page(token=shop.create(amount=12_500_005)["token"], lang="en"))
    assert dict(seen.tags)["html"] == {"lang": "en", "dir": "ltr"}
    assert "12,500,005 Rial" in seen.text
    assert "1,250,000.5 Toman" in seen.text
    assert "20 min" in seen.text


@pytest.mark.parametrize(("lang", "other"), [("fa", "en"), ("en", "fa")])
def test_the_page_leads_to_the_other_language(shop, lang, other):
    token = shop.create()["token"]
    link = page(shop.open_page(token=token, lang=lang)).by_id["language"]
    assert dict(parse_qsl(link["href"].removeprefix("?"))) == {"token": token, "lang": other}


@pytest.mark.parametrize(("lang", "word"), [("fa", "محیط آزمایشی"), ("en", "This is a sandbox")])
def test_every_page_says_that_no_money_moves(shop, lang, word):
    created = shop.create()
    pages = [shop.open_page(token=created["token"], lang=lang), shop.open_page(token="x", lang=lang)]
    assert all(word in page(got).text for got in pages)


def test_the_page_shows_what_the_payer_pays(shop):
    shop.world.change_settings({"paystar_gateway_payer_fee_rial": 1_200})
    assert page(shop.open_page(token=shop.create()["token"])).by_id["amount"]["data-rial"] == "51200"


def test_the_page_shows_the_merchants_order(shop):
    assert "INV-88" in page(shop.open_page(token=shop.create(order_id="INV-88")["token"])).text


def test_every_choice_is_a_button_with_an_id(shop):
    seen = page(shop.open_page(token=shop.create()["token"]))
    buttons = {attrs["id"]: (attrs["name"], attrs["value"]) for name, attrs in seen.tags if name == "button"}
    assert buttons == {"pay": ("outcome", "pay"), "fail": ("outcome", "fail"), "cancel": ("outcome", "cancel")}


def test_the_card_field_has_a_label_and_a_description(shop):
    seen = page(shop.open_page(token=shop.create()["token"]))
    assert ("label", {"for": "card"}) in seen.tags
    assert seen.by_id["card"]["aria-describedby"] in seen.by_id


def test_the_page_is_whole_in_itself(shop):
    got = shop.open_page(token=shop.create()["token"])
    assert [
        attrs for _, attrs in page(got).tags if attrs.get("src") or str(attrs.get("href", "")).startswith("http")
    ] == []
    assert "default-src 'none'" in got.headers["Content-Security-Policy"]
    assert got.headers["Cache-Control"] == "no-store"


def test_the_page_opens_with_a_token_in_a_form(shop):
    body = urlencode({"token": shop.create()["token"]}).encode()
    got = shop.caller.send("POST", "/api/pardakht/payment/", body, **FORM)
    assert (got.status, "pay" in page(got).by_id) == (200, True)


def test_looking_at_the_page_uses_nothing_up(shop):
    created = shop.create()
    for _ in range(3):
        assert shop.open_page(token=created["token"]).status == 200
    assert shop.state(created["ref_num"]) == "INIT"


def test_the_usual_card_is_that_of_an_inhabitant_whose_card_works(shop, people):
    payments = [
        shop.payments.create(NewPayment(order_id="1", amount_rial=5_000, callback=CALLBACK)) for _ in range(100)
    ]
    cards = [people.by_card(usual_card(payment, people)).card for payment in payments]
    assert {(card.state, card.type) for card in cards} == {("active", "DEBIT")}


@pytest.mark.parametrize(("seconds", "left"), [(0, "20 min"), (1, "20 min"), (61, "19 min"), (1199, "1 min")])
def test_the_time_left_is_in_minutes_begun(shop, seconds, left):
    token = shop.create()["token"]
    shop.world.clock.advance(seconds)
    assert f"Time left {left}" in page(shop.open_page(token=token, lang="en")).text


# The way back


def test_paying_brings_a_form_with_the_callback_fields(shop):
    created = shop.create()
    got = pay(shop, created)
    (form,) = (attrs for name, attrs in page(got).tags if name == "form")
    assert (got.status, form["method"], form["action"]) == (200, "post", CALLBACK)
    fields = page(got).hidden
    assert set(fields) == {
        "status", "order_id", "ref_num", "transaction_id", "card_number", "hashed_card_number", "tracking_code",
    }  # fmt: skip
    assert fields["status"] == "1"
    assert shop.verify(fields)["status"] == 1


@pytest.mark.parametrize("outcome", ["fail", "cancel"])
def test_not_paying_needs_no_card(shop, outcome):
    created = shop.create()
    fields = page(shop.choose(created["token"], outcome)).hidden
    assert (fields["status"], fields["ref_num"], len(fields)) == ("-98", created["ref_num"], 4)


def test_the_way_back_has_a_button_for_browsers_without_scripts(shop):
    assert "continue" in page(pay(shop, shop.create())).by_id


def test_a_callback_by_get_is_a_redirect_that_keeps_the_query(shop):
    got = pay(shop, shop.create(callback_method=1))
    there = urlsplit(got.headers["Location"])
    assert (got.status, there.netloc, there.path) == (303, "shop.example", "/back")
    query = dict(parse_qsl(there.query))
    assert (query["basket"], query["status"]) == ("7", "1")
    assert shop.verify(query)["status"] == 1


@pytest.mark.parametrize("method", ["1", 1])
def test_the_callback_method_is_a_number_or_its_text(shop, method):
    assert pay(shop, shop.create(callback_method=method)).status == 303


@pytest.mark.parametrize("method", [0, "0", "", "2", None])
def test_every_other_callback_method_is_a_form(shop, method):
    assert pay(shop, shop.create(callback_method=method)).status == 200


@pytest.mark.parametrize(
    ("callback", "begins"),
    [
        ("https://shop.example", "https://shop.example?status=1&"),
        ("https://shop.example/a?x=%D8%B3&y=a+b", "https://shop.example/a?x=%D8%B3&y=a+b&status=1&"),
        ("https://shop.example/سبد", "https://shop.example/%D8%B3%D8%A8%D8%AF?status=1&"),
    ],
)
def test_the_address_of_the_redirect_is_the_merchants(shop, callback, begins):
    got = pay(shop, shop.create(callback=callback, callback_method=1))
    assert got.headers["Location"].startswith(begins)


@given(
    order_id=st.text(st.characters(exclude_categories=["Cs"])), basket=st.text(st.characters(exclude_categories=["Cs"]))
)
def test_a_merchant_reads_back_whatever_it_calls_its_order(order_id, basket):
    there = location(f"https://shop.example/back?{urlencode({'basket': basket})}", {"order_id": order_id})
    assert there.isascii()
    query = parse_qsl(urlsplit(there).query, keep_blank_values=True)
    assert query == [("basket", basket), ("order_id", order_id)]


def test_a_fragment_stays_behind_the_query(shop):
    got = pay(shop, shop.create(callback="https://shop.example/a#done", callback_method=1))
    assert got.headers["Location"].endswith("#done")


# Cards


@pytest.mark.parametrize("typed", ["", "1234", "6037990000000001", "card"])
def test_what_is_no_card_is_asked_again(shop, typed):
    created = shop.create()
    got = pay(shop, created, card=typed)
    assert got.status == 200
    assert page(got).by_id["card"]["value"] == typed
    assert "card-wrong" in page(got).by_id
    assert shop.state(created["ref_num"]) == "INIT"


def test_a_card_may_be_typed_in_persian_digits_and_groups(shop, people):
    card = people.person(9).card.number
    typed = " ".join(card[place : place + 4] for place in range(0, 16, 4)).translate(
        str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
    )
    assert page(pay(shop, shop.create(), card=typed)).hidden["card_number"] == f"{card[:6]}******{card[-4:]}"


def test_a_card_that_the_merchant_does_not_allow_fails(shop, people):
    mine, other = (people.person(index).card.number for index in (1, 2))
    created = shop.create(card_number=mine)
    assert page(pay(shop, created, card=other)).hidden["status"] == "-98"
    assert shop.state(created["ref_num"]) == "FAILED"


def test_the_card_that_the_merchant_wants_stands_in_the_field(shop, people):
    mine = people.person(1)
    assert card_of(shop, shop.create(card_number=mine.card.number)).replace(" ", "") == mine.card.number
    assert card_of(shop, shop.create(national_code=mine.national_code)).replace(" ", "") == mine.card.number


# Tokens


@pytest.mark.parametrize("outcome", ["pay", "fail", "cancel"])
def test_a_token_is_used_up_by_a_choice(shop, outcome):
    created = shop.create()
    shop.choose(created["token"], outcome, card=card_of(shop, created))
    for again in (shop.open_page(token=created["token"], lang="en"), shop.choose(created["token"], "cancel")):
        assert again.status == 409
        assert "-3" in page(again).text
        assert "already over" in page(again).text


@pytest.mark.parametrize(("seconds", "status"), [(20 * 60 - 1, 200), (20 * 60, 410)])
def test_a_token_lives_twenty_minutes(shop, seconds, status):
    token = shop.create()["token"]
    shop.world.clock.advance(seconds)
    assert shop.open_page(token=token).status == status
    assert shop.choose(token, "cancel").status == status


@pytest.mark.parametrize("query", [{}, {"token": ""}, {"token": "x" * 5000}, {"token": HOSTILE}])
def test_an_unknown_token_is_a_kind_page(shop, query):
    got = shop.open_page(**query)
    assert (got.status, "notice" in page(got).by_id) == (404, True)


@pytest.mark.parametrize("lang", ["", "de", HOSTILE])
def test_an_unknown_language_is_persian(shop, lang):
    assert dict(page(shop.open_page(token="x", lang=lang)).tags)["html"]["lang"] == "fa"


def test_an_unknown_choice_shows_the_page_again(shop):
    created = shop.create()
    assert "pay" in page(shop.choose(created["token"], "steal")).by_id


# What others wrote


@pytest.mark.parametrize("outcome", ["pay", "cancel"])
def test_an_order_id_is_text_and_never_markup(shop, outcome):
    created = shop.create(order_id=HOSTILE)
    form = shop.open_page(token=created["token"])
    assert HOSTILE in page(form).text
    assert b"<script>alert" not in form.body
    back = shop.choose(created["token"], outcome, card=card_of(shop, created))
    assert b"<script>alert" not in back.body
    assert page(back).hidden["order_id"] == HOSTILE


def test_a_typed_card_is_text_and_never_markup(shop):
    got = pay(shop, shop.create(), card=HOSTILE)
    assert page(got).by_id["card"]["value"] == HOSTILE


def test_a_callback_is_an_attribute_and_never_markup(shop):
    callback = 'https://shop.example/?q="><script>alert(1)</script>'
    back = shop.choose(shop.create(callback=callback)["token"], "cancel")
    assert b"<script>alert" not in back.body
    assert [attrs["action"] for name, attrs in page(back).tags if name == "form"] == [callback]
