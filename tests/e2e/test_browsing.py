"""The browser and the merchant that the tests of pages stand on: what they see, and what they do not let pass."""

from __future__ import annotations

import pytest

from tests.browsing import Callback, watch

FORM = """<form action="{url}" method="{method}"><input name="name" value="علی & co"><input name="empty">
<button>Send</button></form>"""


@pytest.fixture
def problems_on(browser):
    """What was wrong with a page, once it is shown and left."""

    def visit(content, *, beside="about:blank"):
        with browser.new_context() as context:
            problems = watch(context)
            page = context.new_page()
            page.goto(beside)
            page.set_content(content)
        return problems

    return visit


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_merchant_receives_the_form_that_a_payer_sends(browser_page, merchant, method):
    browser_page.set_content(FORM.format(url=merchant.callback_url, method=method))
    browser_page.get_by_role("button").click()
    assert browser_page.get_by_role("heading").inner_text() == "Thank you"
    assert merchant.received == [Callback(method, {"name": "علی & co", "empty": ""})]


def test_a_merchant_sees_the_query_of_its_address_beside_the_form(browser_page, merchant):
    browser_page.set_content(FORM.format(url=f"{merchant.callback_url}?shop=7", method="POST"))
    browser_page.get_by_role("button").click()
    browser_page.get_by_role("heading").wait_for()
    assert merchant.received[0].fields["shop"] == "7"


def test_payers_share_nothing(browser, merchant):
    for _ in range(2):
        with browser.new_context() as context:
            page = context.new_page()
            page.goto(merchant.callback_url)
            assert page.evaluate("document.cookie") == ""
            page.evaluate("document.cookie = 'seen=1'")


def test_an_error_of_a_script_is_a_problem(problems_on):
    (problem,) = problems_on("<script>throw new Error('broken')</script>")
    assert problem.startswith("script: ")
    assert "broken" in problem


def test_an_error_on_the_console_is_a_problem(problems_on):
    assert problems_on("<script>console.error('odd')</script>") == ["console: odd"]


def test_what_a_page_only_mentions_on_the_console_is_none(problems_on):
    assert problems_on("<script>console.log('even')</script>") == []


def test_a_missing_part_of_a_page_is_a_problem(problems_on, merchant):
    address = f"{merchant.callback_url}/missing.png"
    assert problems_on(f"<img src='{address}'>", beside=merchant.callback_url) == [f"HTTP 404: {address}"]


@pytest.mark.parametrize("address", ["https://shop.example/", "http://192.0.2.1/"])
def test_another_machine_is_a_problem_and_is_not_reached(problems_on, address):
    assert problems_on(f"<img src='{address}'>") == [
        f"left this machine: {address}",
        f"net::ERR_NAME_NOT_RESOLVED: {address}",
    ]


def test_a_page_that_answers_with_an_http_error_is_no_problem(browser_page, merchant):
    assert browser_page.goto(merchant.callback_url + "/elsewhere").status == 404
