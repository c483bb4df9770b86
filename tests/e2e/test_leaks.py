"""Canaries: secrets and personal data go in everywhere, and are looked for in all that comes out anywhere."""

from __future__ import annotations

import logging
import traceback

import pytest

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.hooks.jibit import JibitHook
from tests.e2e.canaries import airflow_database_text, found

PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")

FAULTS = [
    "none", "reset_before", "reset_after", "cut_body", "cut_header", "non_json", "html_5xx", "huge_html", "json_5xx",
    "forbidden", "redirect", "die_on_reuse",
]  # fmt: skip


def canaries(sandbox, person) -> list[str]:
    """Everything that must not come out."""
    return [
        sandbox.api_key,
        sandbox.secret_key,
        person.card.number,
        person.national_code,
        person.birth_date,
        person.mobile,
        person.mobile[1:],
        person.account.iban,
        person.account.iban[2:],
        person.account.number,
        person.address.postal_code,
        str(person.name),
    ]


def calls(hook, person):
    """Every kind of personal data, in a right and in a wrong call, in Latin and in Persian digits."""
    for digits in ({}, PERSIAN):
        card, code = person.card.number.translate(digits), person.national_code.translate(digits)
        yield hook.match_card, card, code, person.birth_date
        yield hook.match_card, card[:-1], code, person.birth_date
        yield hook.match_card, card, code + "1", person.birth_date
        yield hook.match_card, card, code, code
        yield hook.match_iban, person.account.iban, code, person.birth_date
        yield hook.iban_inquiry, person.account.iban + card
        yield hook.match_mobile, person.mobile.translate(digits), code
        yield hook.match_mobile, card, code
        yield hook.card_inquiry, card
        yield hook.card_to_iban, card
        yield hook.account_to_iban, card, person.account.number
        yield hook.postal_code, person.address.postal_code.translate(digits)
        yield hook.match_card_name, card, str(person.name)
    yield (hook.balances,)
    yield hook.daily_report, person.national_code
    yield (hook.test_connection,)


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_personal_or_secret_is_logged_or_raised(hook, sandbox, person, said, fault):
    if fault != "none":
        options = {"location": "http://127.0.0.1:9/elsewhere"} if fault == "redirect" else {}
        sandbox.world.faults.add(fault, path="/ide/v1/", probability=0.7, seed=3, **options)
    raised = []
    for call, *arguments in calls(hook, person):
        try:
            call(*arguments)
        except exceptions.IranPayError as error:
            raised += [*traceback.format_exception(error), repr(error), repr(error.__dict__)]
    out = said() + "\n".join(raised)
    assert raised
    assert found(canaries(sandbox, person), out) == []
    assert [token for token in token_values(sandbox) if token in out] == []


@pytest.mark.parametrize("echo", ["{}", "card {} is bad"])
def test_what_the_provider_says_of_a_person_is_masked_before_it_is_shown(hook, sandbox, person, caplog, echo):
    caplog.set_level(logging.DEBUG)
    code = f"number.{person.card.number}.not_valid"
    sandbox.world.faults.add("error", service="jibit.card_inquiry", code=echo.format(code), status=400)
    with pytest.raises(exceptions.CallError) as caught:
        hook.card_inquiry(person.card.number)
    assert person.card.number not in str(caught.value) + repr(caught.value.__dict__) + caplog.text


def token_values(sandbox) -> set[str]:
    tokens = sandbox.world.jibit.tokens
    return set(tokens._by_access) | set(tokens._by_refresh)


def test_an_answer_is_shown_without_personal_data(hook, sandbox, person):
    shown = [
        repr(answer)
        for answer in (
            hook.card_inquiry(person.card.number),
            hook.card_to_account(person.card.number),
            hook.card_to_iban(person.card.number),
            hook.iban_inquiry(person.account.iban),
            hook.account_to_iban(person.account.bank_id, person.account.number),
            hook.postal_code(person.address.postal_code),
            hook.postal_location(person.address.postal_code),
        )
    ]
    assert found(canaries(sandbox, person), "".join(shown)) == []


def test_a_task_leaks_into_no_log_xcom_or_rendered_template(sandbox, connect, person, run_dag, said):
    from airflow.sdk import DAG, task

    with DAG("leaks", schedule=None) as dag:

        @task(retries=0)
        def ask() -> bool:
            return JibitHook().match_card(person.card.number, person.national_code, person.birth_date)

        @task(retries=0)
        def fail():
            sandbox.world.faults.add("reset_after", service="jibit.match_card")
            JibitHook().match_card(person.card.number, person.national_code, person.birth_date)

        ask() >> fail()
    run = run_dag(dag)
    assert {task.task_id: str(task.state) for task in run.get_task_instances()} == {"ask": "success", "fail": "failed"}
    out = said() + airflow_database_text()
    assert "OutcomeUnknown" in out
    assert "'leaks'" in out
    assert found(canaries(sandbox, person), out) == []
