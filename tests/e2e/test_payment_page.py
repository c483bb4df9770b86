"""A payment from end to end: the merchant creates it, a payer decides in a real browser, the merchant verifies."""

from __future__ import annotations

import pytest

from airflow_provider_iranpay.exceptions import InvalidInput, NotConfirmed, Rejected

AMOUNT_RIAL = 1_250_000
MINUTES = 60


@pytest.fixture
def create(gateway, merchant):
    """Create a payment of this merchant."""
    return lambda **optional: gateway.create(AMOUNT_RIAL, "order <1>", merchant.callback_url, **optional)


@pytest.fixture
def decide(browser_page, gateway, merchant):
    """Open the payer's page, press a button, and read what the merchant then receives."""

    def press(created, button, *, language="fa"):
        browser_page.goto(f"{gateway.payment_url(created.token)}&lang={language}")
        browser_page.click(f"#{button}")
        browser_page.wait_for_url(f"{merchant.callback_url}**")
        browser_page.wait_for_selector("text=Thank you")
        return merchant.received[-1]

    return press


@pytest.mark.parametrize("language", ["fa", "en"])
@pytest.mark.parametrize(("callback_method", "method"), [(None, "POST"), (1, "GET")])
def test_a_payer_pays_and_the_merchant_verifies(gateway, create, decide, language, callback_method, method):
    created = create(callback_method=callback_method)
    brought = decide(created, "pay", language=language)
    assert brought.method == method
    callback = gateway.parse_callback(brought.fields)
    assert (callback.says_paid, callback.ref_num, callback.order_id) == (True, created.ref_num, "order <1>")
    assert gateway.inquiry(created.ref_num).status == "UNVERIFIED"
    paid = gateway.verify(callback.ref_num, AMOUNT_RIAL, callback.card_number, callback.tracking_code)
    assert (paid.order_id, paid.payment_amount_rial, paid.already_verified) == ("order <1>", AMOUNT_RIAL, False)
    assert gateway.inquiry(created.ref_num).status == "SUCCEED"


@pytest.mark.parametrize(("button", "status"), [("cancel", "CANCELLED"), ("fail", "FAILED")])
def test_a_payer_does_not_pay_and_nothing_can_be_verified(gateway, create, decide, button, status):
    created = create()
    callback = gateway.parse_callback(decide(created, button).fields)
    assert (callback.says_paid, callback.status, callback.card_number) == (False, -98, None)
    with pytest.raises((NotConfirmed, Rejected), match=f"(?i){status}|-98|-8"):
        gateway.verify(callback.ref_num, AMOUNT_RIAL, "603799******0006", "1")
    assert gateway.inquiry(created.ref_num).status == status


def test_the_page_is_persian_right_to_left_and_english_left_to_right(gateway, create, browser_page):
    browser_page.goto(gateway.payment_url(create().token))
    html = browser_page.locator("html")
    assert (html.get_attribute("lang"), html.get_attribute("dir")) == ("fa", "rtl")
    assert "۱٬۲۵۰٬۰۰۰" in browser_page.inner_text("#amount")
    assert "order <1>" in browser_page.inner_text("#order")
    browser_page.click("footer a")
    assert (html.get_attribute("lang"), html.get_attribute("dir")) == ("en", "ltr")
    assert "1,250,000 Rial" in browser_page.inner_text("#amount")


def test_the_page_fits_a_phone_and_needs_no_script(gateway, create, browser, merchant):
    with browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 640}) as context:
        page = context.new_page()
        page.goto(gateway.payment_url(create().token))
        page.click("#pay")
        page.click("#continue")
        page.wait_for_selector("text=Thank you")
    assert gateway.parse_callback(merchant.received[0].fields).says_paid


def test_a_payer_corrects_a_wrong_card(create, gateway, browser_page, merchant):
    browser_page.goto(gateway.payment_url(create().token))
    browser_page.fill("#card", "6037 9900 0000 0007")
    browser_page.click("#pay")
    assert browser_page.is_visible("#card-wrong")
    browser_page.fill("#card", "6037 9900 0000 0006")
    browser_page.click("#pay")
    browser_page.wait_for_selector("text=Thank you")
    assert merchant.received[0].fields["card_number"] == "603799******0006"


def test_a_page_opens_once(create, decide, gateway, browser_page):
    created = create()
    decide(created, "pay")
    browser_page.goto(gateway.payment_url(created.token))
    assert browser_page.is_visible("#notice")
    assert not browser_page.is_visible("#pay")


def test_a_page_dies_after_its_time(create, gateway, sandbox, browser_page):
    created = create()
    sandbox.world.clock.advance(21 * MINUTES)
    browser_page.goto(gateway.payment_url(created.token))
    assert browser_page.is_visible("#notice")


def test_a_payment_that_is_verified_too_late_goes_back(create, decide, gateway, sandbox):
    created = create()
    callback = gateway.parse_callback(decide(created, "pay").fields)
    sandbox.world.clock.advance(11 * MINUTES)
    with pytest.raises((NotConfirmed, Rejected)):
        gateway.verify(callback.ref_num, AMOUNT_RIAL, callback.card_number, callback.tracking_code)
    sandbox.world.clock.advance(72 * 60 * MINUTES)
    assert gateway.inquiry(created.ref_num).status == "REVERSED"


def test_a_callback_that_somebody_cut_is_refused(create, decide, gateway):
    fields = dict(decide(create(), "pay").fields)
    del fields["ref_num"]
    with pytest.raises(InvalidInput, match="ref_num: is_required"):
        gateway.parse_callback(fields)
