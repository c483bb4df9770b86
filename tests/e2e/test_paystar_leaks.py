"""Canaries at Paystar's three hooks: passwords in the query of a GET, keys, IBANs, people; nothing of it comes out."""

from __future__ import annotations

import re
import traceback
from dataclasses import astuple, replace
from functools import partial
from urllib.parse import urlencode

import pytest
import requests
from airflow.sdk import DAG, task

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.hooks.paystar import PaystarBankingHook, PaystarGatewayHook, PaystarWalletHook
from airflow_provider_iranpay.sandbox.paystar import gates
from tests.contract.paystar_calls import CALLBACK, DEPOSIT, OTHER_DEPOSIT, payout, settlement
from tests.e2e.canaries import AWKWARD_PASSWORD, airflow_database_text, found

PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
FAULTS = [
    "none", "reset_before", "reset_after", "cut_body", "cut_header", "non_json", "html_5xx", "huge_html", "json_5xx",
    "forbidden", "redirect", "die_on_reuse",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _password_that_a_url_has_to_escape(connect_paystar, monkeypatch):
    monkeypatch.setattr(gates, "CREDENTIALS", replace(gates.CREDENTIALS, access_password=AWKWARD_PASSWORD))
    connect_paystar("banking", password=AWKWARD_PASSWORD)


@pytest.fixture
def canaries(sandbox, person):
    return [
        AWKWARD_PASSWORD,
        *(one for one in astuple(sandbox.paystar) if one != sandbox.paystar.access_password),
        DEPOSIT,
        OTHER_DEPOSIT,
        person.card.number,
        person.national_code,
        person.birth_date,
        f"{person.birth_date[:4]}-{person.birth_date[4:6]}-{person.birth_date[6:]}",
        person.mobile,
        person.mobile[1:],
        person.account.iban,
        person.account.iban[2:],
        person.account.number,
        str(person.name),
        person.name.last,
    ]


def leaks(canaries, out: str) -> list[str]:
    """The canaries that came out, and every key and refresh token of the sandbox's making."""
    return found(canaries, out) + re.findall(r"sandbox-(?:api-key|inquiry-key|refresh)-[0-9a-f]{32}", out)


def banking_calls(hook, person):
    for digits in ({}, PERSIAN):
        card, code = person.card.number.translate(digits), person.national_code.translate(digits)
        iban = person.account.iban.translate(digits)
        yield partial(hook.match_mobile, person.mobile.translate(digits), code)
        yield partial(hook.match_mobile, card, code)
        yield partial(hook.match_card, card, code, person.birth_date)
        yield partial(hook.match_card, card, code + "1", person.birth_date)
        yield partial(hook.match_card, card, code, code)
        yield partial(hook.match_iban, iban, code, person.birth_date)
        yield partial(hook.account_to_iban, person.account.bank.iban_code, person.account.number.translate(digits))
        yield partial(hook.account_to_iban, card, person.account.number)
        yield partial(hook.card_to_iban, card)
        yield partial(hook.card_to_iban, iban)
        yield partial(hook.iban_inquiry, iban)
        yield partial(hook.iban_inquiry, iban + card)
        yield partial(hook.balance, DEPOSIT.translate(digits))
        yield partial(hook.balance, person.account.number.translate(digits))
        yield partial(hook.statement, DEPOSIT.translate(digits), "1405/08/01", "1405/08/03")
        yield partial(hook.statement, DEPOSIT, code, iban)
        yield hook.list_transfers
        yield partial(hook.list_transfers, deposit=OTHER_DEPOSIT.translate(digits), track_id="payout-1")
        yield partial(hook.transfer, [payout(person, destination_account=iban)])
        yield partial(hook.transfer, [payout(person), payout(person, "payout-2", destination_account=iban + "1")])
        yield partial(
            hook.transfer, [payout(person, "payout-3", destination_account=person.account.number.translate(digits))]
        )
        yield partial(hook.transfer, [payout(person, "payout-4", amount=iban)])
        yield partial(hook.transfer, payout(person))
        yield partial(hook.transfer, iban)
    yield hook.refresh_api_key
    yield hook.test_connection


def gateway_calls(hook, person):
    whose = {"national_code": person.national_code, "card_number": person.card.number}
    private = {"name": str(person.name), "phone": person.mobile, "mail": "payer@shop.example"}
    for digits in ({}, PERSIAN):
        card = person.card.number.translate(digits)
        yield partial(hook.create, 50_000, "A-1", CALLBACK, **whose, **private)
        yield partial(hook.create, 50_000, "A-1", CALLBACK, card_number=card[:-1])
        yield partial(hook.create, 50_000, "A-1", CALLBACK, national_code=card)
        yield partial(hook.create, 50_000, "A-1", CALLBACK, allotment=card)
        yield partial(hook.create, card, "A-1", CALLBACK)
        yield partial(hook.create, 50_000, "A-1", card)
        yield partial(hook.inquiry, "0123456789ab")
        yield partial(hook.inquiry, card)
        yield partial(hook.verify, "0123456789ab", 50_000, card, "1")
        yield partial(hook.parse_callback, f"status={card}&order_id=1&ref_num=a&transaction_id=1")
        yield partial(hook.parse_callback, {"status": "1", "card_number": card})
        yield partial(hook.parse_callback, f"{card}=1&{card}=2")
    yield hook.test_connection


def wallet_calls(hook, person):
    for digits in ({}, PERSIAN):
        iban = person.account.iban.translate(digits)
        yield hook.balance
        yield hook.list_settlements
        yield partial(hook.list_settlements, "settlement-1")
        yield partial(hook.settle, [settlement(person, destination_number=iban)], withdraw_type="1")
        yield partial(hook.settle, [settlement(person, destination_number=iban + "1")], withdraw_type="1")
        yield partial(hook.settle, [settlement(person, destination_lastname="")], withdraw_type="1")
    yield hook.refresh_api_key
    yield hook.refresh_inquiry_key
    yield hook.test_connection


CALLS = {"banking": banking_calls, "gateway": gateway_calls, "wallet": wallet_calls}


def what_is_raised(calls) -> list[str]:
    """Make the calls; everything that their errors say, and that can be found on them."""
    raised = []
    for call in calls:
        try:
            call()
        except exceptions.IranPayError as error:
            raised += [*traceback.format_exception(error), repr(error), repr(error.__dict__)]
    return raised


def test_these_ears_hear_a_careless_client(sandbox, said):
    careless = {"access_password": AWKWARD_PASSWORD}
    with requests.Session() as session:
        session.get(f"{sandbox.paystar_url}/open-banking/service/balance", params=careless, timeout=10)
    out = said()
    assert "send: b'GET /api/open-banking/service/balance?access_password=p%40ss" in out
    assert found([AWKWARD_PASSWORD], out.partition("DEBUG")[2]) == [AWKWARD_PASSWORD]


@pytest.mark.parametrize("product", CALLS)
@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_personal_or_secret_is_logged_or_raised(request, sandbox, person, canaries, said, product, fault):
    sandbox.world.change_settings({"paystar_rotate_refresh_tokens": True, "paystar_duplicate_track_id": "again"})
    if fault != "none":
        options = {"location": "http://127.0.0.1:9/elsewhere"} if fault == "redirect" else {}
        sandbox.world.faults.add(fault, path="/api/", probability=0.6, seed=3, **options)
    raised = what_is_raised(CALLS[product](request.getfixturevalue(product), person))
    assert raised
    assert leaks(canaries, said() + "\n".join(raised)) == []


@pytest.mark.parametrize("form", ["code", "http_401", "unauthenticated", "http_400"])
@pytest.mark.parametrize("product", ["banking", "wallet"])
def test_a_key_that_dies_is_not_shown(request, sandbox, person, canaries, said, product, form):
    sandbox.world.change_settings({"paystar_expired_as": form, "paystar_key_seconds": 1})
    hook = request.getfixturevalue(product)
    raised = []
    for call in CALLS[product](hook, person):
        sandbox.world.clock.advance(5)
        raised += what_is_raised([call])
    assert leaks(canaries, said() + "\n".join(raised)) == []


@pytest.mark.parametrize("product", CALLS)
@pytest.mark.parametrize("wrong", ["login", "password", "extra"])
def test_wrong_credentials_are_not_shown_either(request, connect_paystar, person, canaries, said, product, wrong):
    secret = "wr0ng s&cret/of 6037990000000006"
    names = ("refresh_token", "refresh_inquiry_key", "sign_key")
    connect_paystar(product, **{wrong: dict.fromkeys(names, secret) if wrong == "extra" else secret})
    raised = what_is_raised(CALLS[product](request.getfixturevalue(product), person))
    assert leaks([*canaries, secret, "6037990000000006"], said() + "\n".join(raised)) == []


ECHOES = [
    "card {card} is bad",
    "{card}",
    "{iban}:{mobile}",
    "no {password} here",
    "no {password} nor {refresh_token}",
    "cannot GET /api/open-banking/service/balance?{query}",
]


@pytest.mark.parametrize("echo", ECHOES)
def test_what_the_provider_repeats_is_masked_before_it_is_shown(banking, sandbox, person, canaries, said, echo):
    code = echo.format(
        card=person.card.number,
        iban=person.account.iban,
        mobile=person.mobile,
        password=AWKWARD_PASSWORD,
        refresh_token=sandbox.paystar.refresh_token,
        query=urlencode({"access_password": AWKWARD_PASSWORD, "account_number": DEPOSIT}),
    )
    sandbox.world.faults.add("error", service="paystar.balance", code=code, status=400)
    raised = what_is_raised([partial(banking.balance, DEPOSIT)])
    assert "refused with" in raised[-2]
    assert leaks(canaries, said() + "\n".join(raised)) == []


def test_an_answer_is_shown_without_personal_data(banking, gateway, wallet, payer, person, canaries):
    created = gateway.create(50_000, "A-1", CALLBACK, card_number=person.card.number)
    callback = gateway.parse_callback(payer(created))
    verified = gateway.verify(callback.ref_num, 50_000, callback.card_number, callback.tracking_code)
    shown = [
        repr(answer)
        for answer in (
            banking.account_to_iban(person.account.bank.iban_code, person.account.number),
            banking.card_to_iban(person.card.number),
            banking.iban_inquiry(person.account.iban),
            banking.balance(DEPOSIT),
            banking.statement(DEPOSIT, "1405/08/01", "1405/08/05"),
            banking.statement(DEPOSIT, "1405/08/01", "1405/08/05").lines,
            banking.transfer([payout(person)]),
            banking.list_transfers(),
            created,
            callback,
            verified,
            verified.payment,
            wallet.balance(),
            wallet.settle([settlement(person)], withdraw_type="1"),
            wallet.list_settlements(),
            *(hook.client for hook in (banking, gateway, wallet)),
            *(hook.settings for hook in (banking, gateway, wallet)),
        )
    ]
    private = [*canaries, created.token, callback.card_number, callback.hashed_card_number]
    assert leaks(private, "".join(shown)) == []


def test_tasks_leak_into_no_log_xcom_rendered_template_or_database(
    connect_paystar, sandbox, person, run_dag, canaries, said
):
    sandbox.world.change_settings({"paystar_rotate_refresh_tokens": True})
    with DAG("paystar_leaks", schedule=None) as dag:

        @task(retries=0)
        def ask() -> list[object]:
            banking, wallet = PaystarBankingHook(), PaystarWalletHook()
            sent = banking.transfer([payout(person)])
            settled = wallet.settle([settlement(person)], withdraw_type="1")
            return [
                banking.match_card(person.card.number, person.national_code, person.birth_date),
                PaystarGatewayHook().create(50_000, "A-1", CALLBACK, card_number=person.card.number).ref_num,
                wallet.balance().available_rial,
                banking.refresh_api_key().isoformat(),
                *(f"{item.track_id} {item.hashid}" for item in (*sent, *settled, *banking.list_transfers())),
            ]

        @task(retries=0, trigger_rule="all_done")
        def lose(product: str) -> None:
            sandbox.world.faults.add("reset_after", path="/api/", count=1)
            if product == "banking":
                PaystarBankingHook().transfer([payout(person, "payout-2")])
            elif product == "wallet":
                PaystarWalletHook().settle([settlement(person, "settlement-2")], withdraw_type="1")
            else:
                PaystarGatewayHook().create(50_000, "A-2", CALLBACK, phone=person.mobile)

        @task(retries=0, trigger_rule="all_done")
        def mistake() -> None:
            PaystarBankingHook().transfer([payout(person, "payout-3", destination_account=person.account.iban + "1")])

        @task(retries=0, trigger_rule="all_done")
        def read_in_vain() -> None:
            sandbox.world.faults.add("json_5xx", service="paystar.list_transfers")
            PaystarBankingHook().list_transfers(deposit=DEPOSIT)

        ask() >> [lose(product) for product in CALLS] >> mistake() >> read_in_vain()
    run = run_dag(dag)
    states = {one.task_id: str(one.state) for one in run.get_task_instances()}
    out = said() + airflow_database_text()
    assert states.pop("ask") == "success"
    assert set(states.values()) == {"failed"}
    assert all(word in out for word in ("OutcomeUnknown", "InvalidInput", "TransientFailure", "'paystar_leaks'"))
    assert leaks(canaries, out) == []
