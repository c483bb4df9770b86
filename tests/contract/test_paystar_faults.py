"""Faults: each ends in one clear message, and no fault makes a hook of Paystar pay, send or create twice."""

from __future__ import annotations

import logging
import re
import socket

import pytest
from airflow.sdk.exceptions import AirflowFailException
from tenacity import wait_none

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.client.retries import Retries
from airflow_provider_iranpay.hooks.paystar import PaystarBankingHook, PaystarGatewayHook, PaystarWalletHook
from tests.contract.paystar_calls import BILLABLE, CREATE, DEPOSIT, FREE, MONEY, know_payment, payout, settlement

HOOKS = {"banking": PaystarBankingHook, "gateway": PaystarGatewayHook, "wallet": PaystarWalletHook}

ONCE = [
    *((call, "may have been carried out and paid for") for call in BILLABLE),
    *((call, "The money may have been sent, so nothing is sent again") for call in MONEY),
    *((call, "may have been created, and nobody can pay it") for call in CREATE),
]
HANGING = [ONCE[0], *ONCE[len(BILLABLE) - 1 :]]
SENT_ONCE = pytest.mark.parametrize(("call", "says"), ONCE, ids=[str(call) for call, _ in ONCE])
ONE_OF_EACH = [BILLABLE[0], BILLABLE[-1], *FREE, *MONEY, *CREATE]


@pytest.fixture(autouse=True)
def _known_payment(sandbox):
    know_payment(sandbox)


def received(sandbox, call) -> int:
    return sandbox.world.received[f"paystar.{call.service}"]


def impatient(call):
    return HOOKS[call.hook](retries=Retries(tries=3, wait=wait_none(), longest_wait=0.01))


@SENT_ONCE
@pytest.mark.parametrize(
    ("fault", "done"),
    [
        ("reset_before", 0),
        ("reset_after", 1),
        ("cut_body", 1),
        ("cut_header", 1),
        ("non_json", 1),
        ("html_5xx", 0),
        ("huge_html", 0),
        ("redirect", 0),
    ],
)
def test_a_call_without_an_answer_is_unknown_and_sent_once(request, sandbox, person, call, says, fault, done):
    hook = request.getfixturevalue(call.hook)
    options = {"location": f"{sandbox.paystar_url}/open-banking/service/balance"} if fault == "redirect" else {}
    sandbox.world.faults.add(fault, service=f"paystar.{call.service}", **options)
    with pytest.raises(exceptions.OutcomeUnknown, match=says) as caught:
        call.ask(hook, person)
    assert isinstance(caught.value, AirflowFailException)
    assert received(sandbox, call) == 1
    assert call.carried_out(sandbox) == done
    assert caught.value.service == call.service
    assert caught.value.track_id in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(("call", "says"), HANGING, ids=[str(call) for call, _ in HANGING])
@pytest.mark.parametrize(("fault", "options"), [("hang", {}), ("slow_bytes", {"seconds": 0.1})])
def test_an_answer_that_does_not_end_is_unknown(connect_paystar, sandbox, person, call, says, fault, options):
    connect_paystar(call.hook, extra={"read_timeout": 0.2, "connect_timeout": 0.3})
    sandbox.world.faults.add(fault, service=f"paystar.{call.service}", **options)
    with pytest.raises(exceptions.OutcomeUnknown, match=says):
        call.ask(HOOKS[call.hook](), person)
    assert received(sandbox, call) == 1


@pytest.mark.parametrize("call", FREE, ids=str)
@pytest.mark.parametrize("fault", ["reset_after", "cut_body", "cut_header", "html_5xx", "non_json", "json_5xx"])
def test_a_free_read_is_repeated(request, sandbox, person, call, fault):
    sandbox.world.faults.add(fault, service=f"paystar.{call.service}", count=2)
    call.ask(request.getfixturevalue(call.hook), person)
    assert received(sandbox, call) == 3


@pytest.mark.parametrize("call", FREE, ids=str)
@pytest.mark.parametrize("fault", ["reset_after", "json_5xx"])
def test_a_fault_of_a_free_read_that_stays_is_left_to_airflows_retries(request, sandbox, person, call, fault):
    sandbox.world.faults.add(fault, service=f"paystar.{call.service}")
    with pytest.raises(exceptions.TransientFailure) as caught:
        call.ask(request.getfixturevalue(call.hook), person)
    assert not isinstance(caught.value, AirflowFailException)
    assert received(sandbox, call) == 3


@pytest.mark.parametrize("call", BILLABLE, ids=str)
@pytest.mark.parametrize(("code", "status"), [("0", 500), ("0", 200), ("11", 200)])
def test_a_transient_no_to_a_paid_call_may_have_been_billed_and_is_not_repeated(
    banking, sandbox, person, call, code, status
):
    sandbox.world.faults.add("error", service=f"paystar.{call.service}", code=code, status=status)
    with pytest.raises(exceptions.TransientFailure):
        call.ask(banking, person)
    assert received(sandbox, call) == 1


@pytest.mark.parametrize("call", MONEY, ids=str)
@pytest.mark.parametrize(
    ("code", "status"), [("0", 500), ("0", 200), ("9", 200), ("11", 200), ("77", 200), ("10", 500)]
)
def test_a_doubtful_no_to_money_is_unknown_and_sent_once(request, sandbox, person, call, code, status):
    sandbox.world.faults.add("error", service=f"paystar.{call.service}", code=code, status=status)
    with pytest.raises(exceptions.OutcomeUnknown, match=r"(payout|settlement)-1"):
        call.ask(request.getfixturevalue(call.hook), person)
    assert received(sandbox, call) == 1


@pytest.mark.parametrize("call", CREATE, ids=str)
def test_a_system_error_at_create_asks_for_a_new_order_id(gateway, sandbox, person, call):
    sandbox.world.faults.add("error", service="paystar.gateway_create", code="-99", status=200, count=1)
    with pytest.raises(exceptions.OutcomeUnknown, match="Create another, with a new id") as caught:
        call.ask(gateway, person)
    assert (caught.value.code, sandbox.world.received["paystar.gateway_create"]) == ("-99", 1)


def test_a_reused_connection_that_dies_is_never_billed_twice(banking, sandbox, people):
    sandbox.world.faults.add("die_on_reuse", service="paystar.match_mobile", probability=0.5, seed=7)
    unknown = 0
    for one in people[:60]:
        try:
            banking.match_mobile(one.mobile, one.national_code)
        except exceptions.OutcomeUnknown:
            unknown += 1
    assert 0 < unknown < 60
    assert sandbox.world.received["paystar.match_mobile"] == 60
    assert not sandbox.world.ledger.repeated()


@pytest.mark.parametrize(
    ("call", "send"),
    [
        (MONEY[0], lambda hook, one, number: hook.transfer([payout(one, f"payout-{number}")])),
        (MONEY[1], lambda hook, one, number: hook.settle([settlement(one, f"out-{number}")], withdraw_type="1")),
        (CREATE[0], lambda hook, one, number: hook.create(50_000, f"A-{number}", "https://shop.example/back")),
    ],
    ids=["transfer", "settle", "gateway_create"],
)
def test_a_reused_connection_that_dies_sends_nothing_twice(request, sandbox, people, call, send):
    sandbox.world.change_settings({"paystar_duplicate_track_id": "again"})
    hook = request.getfixturevalue(call.hook)
    sandbox.world.faults.add("die_on_reuse", service=f"paystar.{call.service}", probability=0.5, seed=7)
    unknown = 0
    for number, one in enumerate(people[:40]):
        try:
            send(hook, one, number)
        except exceptions.OutcomeUnknown:
            unknown += 1
    assert 0 < unknown < 40
    assert received(sandbox, call) == 40
    assert call.carried_out(sandbox) == 40 - unknown


@pytest.mark.parametrize("call", FREE, ids=str)
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_read_in_both_forms_and_pauses_the_account(connect_paystar, sandbox, person, caplog, call, form):
    code = "-99" if call.hook == "gateway" else "0"
    hook = impatient(call)
    call.ask(hook, person)
    sandbox.world.change_settings(
        {"rate_limit": {"per_second": 0, "code": code, "retry_after": form, "retry_after_seconds": 60}}
    )
    with pytest.raises(exceptions.TransientFailure) as caught:
        call.ask(hook, person)
    assert (caught.value.http_status, caught.value.code) == (429, code)
    assert caught.value.retry_after == 0.01  # what Retries(longest_wait=...) allows
    assert caplog.text.count("All calls of the account pause") == 3


@SENT_ONCE
def test_a_429_without_an_envelope_is_unknown(connect_paystar, sandbox, person, call, says):
    hook = impatient(call)
    call.ask(hook, person)
    before = received(sandbox, call)
    sandbox.world.change_settings({"rate_limit": {"per_second": 0, "retry_after": "seconds"}})
    with pytest.raises(exceptions.OutcomeUnknown, match=rf"HTTP 429.*{says}") as caught:
        call.ask(hook, person)
    assert caught.value.retry_after == 0.01
    assert received(sandbox, call) == before + 1


@pytest.mark.parametrize("call", FREE, ids=str)
def test_a_429_without_an_envelope_is_waited_for_by_a_free_read(connect_paystar, sandbox, person, call):
    hook = impatient(call)
    call.ask(hook, person)
    sandbox.world.change_settings({"rate_limit": {"per_second": 0}})
    with pytest.raises(exceptions.TransientFailure, match="HTTP 429"):
        call.ask(hook, person)


ENDS = [
    ("wrong login", exceptions.OperatorNeeded, {
        "banking": r"refresh_api_key.*refused with 2.*login of the connection",
        "gateway": r"unauthenticated",
        "wallet": r"refused with 2.*login of the connection",
    }),
    ("not on the whitelist", (exceptions.OperatorNeeded, exceptions.Rejected), {
        "banking": r"refused with 7.*whitelist",
        "gateway": r"refused with -1",
        "wallet": r"refused with 7.*whitelist",
    }),
    ("switched off", exceptions.OperatorNeeded, {
        "banking": r"refused with 8.*enable the service",
        "gateway": r"refused with -2.*not active",
        "wallet": r"refused with 8.*enable the service",
    }),
    ("closed port", exceptions.NotSent, dict.fromkeys(HOOKS, r"Nothing was sent.*host")),
]  # fmt: skip


@pytest.mark.parametrize("call", ONE_OF_EACH, ids=str)
@pytest.mark.parametrize(("what", "kind", "says"), ENDS, ids=[end[0] for end in ENDS])
def test_each_end_says_what_happened_and_what_to_do(connect_paystar, sandbox, person, call, what, kind, says):
    match what:
        case "wrong login":
            connect_paystar(call.hook, login="wrong")
        case "not on the whitelist":
            sandbox.world.change_settings({"ip_whitelist": ["10.1.2.3"]})
        case "switched off":
            sandbox.world.change_settings({"switched_off": [f"paystar.{call.service}"]})
        case "closed port":
            with socket.create_server(("127.0.0.1", 0)) as server:
                connect_paystar(call.hook, host=f"http://127.0.0.1:{server.getsockname()[1]}/api")
    with pytest.raises(kind, match=says[call.hook]) as caught:
        call.ask(impatient(call), person)
    assert "track id" in str(caught.value)
    assert call.carried_out(sandbox) == 0


def test_an_empty_wallet_needs_an_operator_before_a_read(banking, sandbox, person):
    sandbox.world.change_settings({"paystar_wallet_rial": 0})
    with pytest.raises(exceptions.OperatorNeeded, match=r"match_mobile.*refused with 9.*charge it"):
        banking.match_mobile(person.mobile, person.national_code)
    assert sandbox.world.received["paystar.match_mobile"] == 1


def test_a_wrong_gateway_id_is_not_tried_twice(connect_paystar, sandbox, person):
    connect_paystar("gateway", login="wrong")
    with pytest.raises(exceptions.OperatorNeeded, match=r"unauthenticated.*credentials"):
        PaystarGatewayHook().inquiry("a")
    assert sandbox.world.received["paystar.gateway_inquiry"] == 1


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda hook, one: hook.account_to_iban("999", one.account.number), r"account_to_iban.*bank"),
        (
            lambda hook, one: hook.match_card(one.card.number, one.national_code, "1990-01-15"),
            r"match_card: birth_date",
        ),
        (lambda hook, one: hook.card_to_iban("6037990000000007"), r"card_to_iban: card: check_digit"),
        (lambda hook, one: hook.match_mobile("0912", one.national_code), r"match_mobile: mobile"),
        (lambda hook, one: hook.statement(DEPOSIT, "1500/13/01", "1500/13/02"), r"statement: from_date"),
        (lambda hook, one: hook.list_transfers(limit=-1), r"list_transfers: limit"),
        (lambda hook, one: hook.balance(""), r"balance: account"),
    ],
)
def test_bad_input_is_refused_and_costs_nothing(banking, sandbox, person, call, says):
    with pytest.raises((exceptions.InvalidInput, exceptions.Rejected), match=says) as caught:
        call(banking, person)
    assert isinstance(caught.value, AirflowFailException)
    assert sandbox.world.ledger.entries == []


@pytest.mark.parametrize("call", [*BILLABLE, *FREE, *MONEY, *CREATE], ids=str)
def test_unknown_fields_of_a_newer_paystar_do_no_harm(request, sandbox, person, call):
    sandbox.world.change_settings({"unknown_fields": True})
    assert call.ask(request.getfixturevalue(call.hook), person) is not None


@pytest.mark.parametrize("call", ONE_OF_EACH, ids=str)
def test_every_log_line_of_a_call_has_its_track_id(request, sandbox, person, caplog, call):
    caplog.set_level(logging.DEBUG, logger="airflow_provider_iranpay")
    hook = request.getfixturevalue(call.hook)
    sandbox.world.faults.add("reset_before", service=f"paystar.{call.service}", count=1)
    if call in FREE:
        call.ask(hook, person)
    else:
        with pytest.raises(exceptions.OutcomeUnknown):
            call.ask(hook, person)
    lines = [record.getMessage() for record in caplog.records if f" {call.service}" in record.getMessage()]
    assert len(lines) == (3 if call in FREE else 1)
    assert len({re.search("track id ([0-9a-f]{32})", line)[1] for line in lines}) == 1


@pytest.mark.parametrize("product", HOOKS)
class TestConnectionTest:
    """``test_connection`` is free, and tells apart what a person has to look at."""

    def test_works(self, request, sandbox, product):
        works, message = request.getfixturevalue(product).test_connection()
        assert works
        assert message.startswith("Paystar answers and ")
        assert sandbox.world.ledger.entries == []

    def test_unreachable(self, connect_paystar, product):
        connect_paystar(product, host="http://127.0.0.1:1/api")
        works, message = HOOKS[product]().test_connection()
        assert not works
        assert message.startswith("Unreachable: ")

    def test_wrong_login(self, connect_paystar, product):
        connect_paystar(product, login="wrong")
        works, message = HOOKS[product]().test_connection()
        assert not works
        assert message.startswith("Wrong credentials: ")

    def test_refused(self, connect_paystar, sandbox, product):
        code = "-2" if product == "gateway" else "7"
        sandbox.world.faults.add("error", code=code, status=200)
        works, message = HOOKS[product]().test_connection()
        assert not works
        assert message.startswith("Refused: ")

    def test_no_usable_answer(self, connect_paystar, sandbox, product):
        sandbox.world.faults.add("html_5xx")
        works, message = HOOKS[product]().test_connection()
        assert not works
        assert message.startswith("No usable answer: ")

    def test_a_connection_that_is_not_filled_in(self, connect_paystar, product):
        connect_paystar(product, login="")
        works, message = HOOKS[product]().test_connection()
        assert (works, message) == (False, f"connection paystar_{product}_default: login: it is empty; fill it in.")


@pytest.mark.parametrize(
    ("product", "given"),
    [
        ("banking", {"password": "wrong"}),
        ("banking", {"extra": {"refresh_token": "wrong"}}),
        ("wallet", {"password": "wrong", "extra": {"sign_key": "sandbox-wallet-sign-key"}}),
        ("wallet", {"extra": {"refresh_inquiry_key": "wrong"}}),
    ],
)
def test_test_connection_finds_wrong_credentials_in_spite_of_a_living_key(request, connect_paystar, product, given):
    assert request.getfixturevalue(product).test_connection()[0]
    connect_paystar(product, **given)
    works, message = HOOKS[product]().test_connection()
    assert not works
    assert message.startswith("Wrong credentials: ")


def test_test_connection_tells_what_the_wallet_holds(wallet, sandbox):
    sandbox.world.change_settings({"paystar_wallet_rial": 1_250_000})
    assert "Available: 1,250,000 Rial" in wallet.test_connection()[1]


@pytest.mark.parametrize(("key", "says"), [("", "payments are not signed"), ("a key", "only tried by a payment")])
def test_test_connection_tells_whether_the_gateway_is_signed(connect_paystar, key, says):
    connect_paystar("gateway", password=key)
    assert says in PaystarGatewayHook().test_connection()[1]
