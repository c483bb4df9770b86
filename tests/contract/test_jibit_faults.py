"""Faults: each ends in one clear message, and no fault makes a hook pay twice."""

from __future__ import annotations

import logging
import socket
import time

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.hooks.jibit import JibitHook


def ask(hook, person) -> bool:
    return hook.match_mobile(person.mobile, person.national_code)


def billed(sandbox) -> int:
    return len(sandbox.world.ledger.entries)


@pytest.mark.parametrize(
    ("fault", "bills"),
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
def test_a_billable_call_without_an_answer_is_unknown_and_sent_once(hook, sandbox, person, fault, bills):
    options = {"location": f"{sandbox.jibit_url}/v1/balances"} if fault == "redirect" else {}
    sandbox.world.faults.add(fault, service="jibit.match_mobile", **options)
    with pytest.raises(exceptions.OutcomeUnknown, match="may have been carried out") as caught:
        ask(hook, person)
    assert isinstance(caught.value, AirflowFailException)
    assert sandbox.world.received["jibit.match_mobile"] == 1
    assert billed(sandbox) == bills
    assert caught.value.service == "match_mobile"
    assert caught.value.track_id in str(caught.value)
    assert len(str(caught.value)) < 600


def test_an_answer_that_never_comes_is_unknown(connect, sandbox, person):
    connect(extra={"read_timeout": 0.3})
    sandbox.world.faults.add("hang", service="jibit.match_mobile")
    with pytest.raises(exceptions.OutcomeUnknown, match="no answer came in time"):
        ask(JibitHook(), person)
    assert sandbox.world.received["jibit.match_mobile"] == 1


def test_an_answer_that_drips_is_unknown(connect, sandbox, person):
    connect(extra={"read_timeout": 0.4})
    sandbox.world.faults.add("slow_bytes", service="jibit.match_mobile", seconds=0.1)
    with pytest.raises(exceptions.OutcomeUnknown):
        ask(JibitHook(), person)
    assert sandbox.world.received["jibit.match_mobile"] == 1


@pytest.mark.parametrize("fault", ["reset_after", "cut_body", "cut_header", "html_5xx", "non_json", "json_5xx"])
def test_a_free_read_is_repeated(hook, sandbox, fault):
    sandbox.world.faults.add(fault, service="jibit.balances", count=2)
    assert hook.balances().balances
    assert sandbox.world.received["jibit.balances"] == 3


def test_a_reused_connection_that_dies_is_never_billed_twice(hook, sandbox, people):
    sandbox.world.faults.add("die_on_reuse", service="jibit.match_mobile", probability=0.5, seed=7)
    unknown = 0
    for one in people[:60]:
        try:
            ask(hook, one)
        except exceptions.OutcomeUnknown:
            unknown += 1
    assert 0 < unknown < 60
    assert sandbox.world.received["jibit.match_mobile"] == 60
    assert not sandbox.world.ledger.repeated()


def test_a_transient_error_of_the_provider_is_repeated_and_billed_once(hook, sandbox, person):
    sandbox.world.faults.add("json_5xx", service="jibit.match_mobile", count=2)
    assert ask(hook, person) is True
    assert billed(sandbox) == 1


def test_a_transient_error_that_stays_is_left_to_airflows_retries(hook, sandbox, person):
    sandbox.world.faults.add("json_5xx", service="jibit.match_mobile")
    with pytest.raises(exceptions.TransientFailure) as caught:
        ask(hook, person)
    assert not isinstance(caught.value, AirflowFailException)
    assert sandbox.world.received["jibit.match_mobile"] == 3


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_obeyed_in_both_forms(connect, sandbox, person, form):
    rate = {"per_second": 1, "code": "rate.exceeded", "retry_after": form, "retry_after_seconds": 1}
    hook = JibitHook()
    ask(hook, person)
    sandbox.world.change_settings({"rate_limit": rate})
    began = time.monotonic()
    for _ in range(3):
        ask(hook, person)
    assert time.monotonic() - began > 0.9
    assert sandbox.world.received["jibit.match_mobile"] <= 10


def test_a_429_without_an_envelope_is_unknown_for_a_paid_call(hook, sandbox, person):
    hook.balances()
    sandbox.world.change_settings({"rate_limit": {"per_second": 0}})
    with pytest.raises(exceptions.OutcomeUnknown, match="HTTP 429"):
        ask(hook, person)


ENDS = [
    ("wrong credentials", exceptions.OperatorNeeded, r"generate_token.*invalid\.credentials.*API key"),
    ("not on the whitelist", exceptions.OperatorNeeded, r"forbidden.*whitelist"),
    ("quota reached", exceptions.QuotaReached, r"match_mobile.*daily_limit\.reached.*next Tehran day"),
    ("empty wallet", exceptions.OperatorNeeded, r"match_mobile.*balance\.not_enough.*charge it"),
    ("closed port", exceptions.NotSent, r"Nothing was sent.*host"),
]


@pytest.mark.parametrize(("what", "kind", "says"), ENDS, ids=[end[0] for end in ENDS])
def test_each_end_says_what_happened_and_what_to_do(connect, sandbox, hook, person, what, kind, says):
    match what:
        case "wrong credentials":
            connect(password="wrong")
        case "not on the whitelist":
            sandbox.world.change_settings({"ip_whitelist": ["10.1.2.3"]})
        case "quota reached":
            sandbox.world.change_settings({"daily_limits": {"jibit.match_mobile": 0}})
        case "empty wallet":
            sandbox.world.change_settings({"balances": {"PRF": 0, "POF": 0}})
        case "closed port":
            with socket.create_server(("127.0.0.1", 0)) as server:
                port = server.getsockname()[1]
            connect(host=f"http://127.0.0.1:{port}/ide")
    with pytest.raises(kind, match=says) as caught:
        ask(hook, person)
    assert "track id" in str(caught.value)
    assert billed(sandbox) == 0


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda hook, one: hook.account_to_iban("NO_SUCH_BANK", one.account.number), r"bank\.not_valid.*bank ids"),
        (
            lambda hook, one: hook.account_to_iban("no such bank!", one.account.number),
            r"account_to_iban: bank: unknown_bank\. Name the bank",
        ),
        (
            lambda hook, one: hook.match_card(one.card.number, one.national_code, "1990-01-15"),
            r"match_card: birth_date: gregorian",
        ),
        (lambda hook, one: hook.daily_report("1500/13/01"), r"daily_report: day: .*Jalali text"),
        (lambda hook, one: hook.card_inquiry("6037990000000007"), r"card_inquiry: card: check_digit"),
    ],
)
def test_bad_input_is_refused_and_costs_nothing(hook, sandbox, person, call, says):
    with pytest.raises((exceptions.InvalidInput, exceptions.Rejected), match=says) as caught:
        call(hook, person)
    assert isinstance(caught.value, AirflowFailException)
    assert billed(sandbox) == 0


def test_unknown_fields_and_words_of_a_newer_jibit_do_no_harm(hook, sandbox, person):
    sandbox.world.change_settings({"unknown_fields": True, "unknown_enums": True})
    assert ask(hook, person) is True
    assert hook.card_inquiry(person.card.number).bank
    assert hook.iban_inquiry(person.account.iban).status
    assert hook.balances().balances
    assert hook.card_to_iban_availability().banks


class TestConnectionTest:
    """``test_connection`` is free, and tells apart what a person has to look at."""

    def test_works(self, hook, sandbox):
        works, message = hook.test_connection()
        assert works
        assert "PRF 100,000,000,000 IRR" in message
        assert billed(sandbox) == 0

    def test_unreachable(self, connect):
        connect(host="http://127.0.0.1:1/ide")
        works, message = JibitHook().test_connection()
        assert not works
        assert message.startswith("Unreachable: ")

    def test_wrong_credentials_in_spite_of_a_living_token(self, connect, hook, person):
        ask(hook, person)
        connect(password="wrong")
        works, message = JibitHook().test_connection()
        assert not works
        assert message.startswith("Wrong credentials: ")

    def test_refused(self, connect, sandbox):
        sandbox.world.change_settings({"ip_whitelist": ["10.1.2.3"]})
        works, message = JibitHook().test_connection()
        assert not works
        assert message.startswith("Refused: ")
        assert all(suspect in message for suspect in ("whitelist", "enabled", "secret key"))

    def test_a_connection_that_is_not_filled_in(self, connect):
        connect(login="")
        works, message = JibitHook().test_connection()
        assert (works, message) == (False, "connection jibit_default: login: it is empty; fill it in.")


def test_every_log_line_of_a_call_has_its_track_id(hook, sandbox, person, caplog):
    caplog.set_level(logging.DEBUG, logger="airflow_provider_iranpay")
    sandbox.world.faults.add("json_5xx", service="jibit.match_mobile", count=1)
    ask(hook, person)
    lines = [record.getMessage() for record in caplog.records if "match_mobile" in record.getMessage()]
    track_id = sandbox.world.ledger.entries[0].track_id
    assert len(lines) == 3
    assert all(track_id in line for line in lines)
