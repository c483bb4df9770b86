"""Open banking through its hook: the question as people ask it, the answer as the hook gives it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.hooks.paystar import PaystarBankingHook
from airflow_provider_iranpay.iran.days import TEHRAN, from_jalali_yyyymmdd, tehran_day
from tests.contract.paystar_calls import BILLABLE, DEPOSIT

PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


def without_raw(answer):
    return answer if isinstance(answer, bool) else replace(answer, raw={})


def test_match_mobile(banking, people):
    mine, other = people[0], people[1]
    assert banking.match_mobile("+98" + mine.mobile[1:], mine.national_code) is True
    assert banking.match_mobile(other.mobile.translate(PERSIAN), mine.national_code) is False


def test_match_card(banking, people):
    mine, other = people[0], people[1]
    birth_date = from_jalali_yyyymmdd(mine.birth_date)
    assert banking.match_card(mine.card.number, mine.national_code, birth_date) is True
    assert banking.match_card(other.card.number, mine.national_code, birth_date) is False


def test_match_iban(banking, people):
    mine, other = people[0], people[1]
    assert banking.match_iban(mine.account.iban.lower(), mine.national_code, mine.birth_date) is True
    assert banking.match_iban(other.account.iban, mine.national_code, mine.birth_date) is False


@pytest.mark.parametrize("calendar", ["jalali", "gregorian"])
def test_a_birth_date_is_sent_in_the_calendar_of_the_connection(connect_paystar, sandbox, person, calendar):
    sandbox.world.change_settings({"paystar_birth_calendar": calendar})
    connect_paystar("banking", extra={"birth_calendar": calendar})
    matches = {
        PaystarBankingHook().match_card(person.card.number, person.national_code, birth_date)
        for birth_date in (person.birth_date, from_jalali_yyyymmdd(person.birth_date))
    }
    assert matches == {True}


def test_a_birth_date_in_the_other_calendar_matches_nobody_and_is_paid_for(banking, sandbox, person):
    sandbox.world.change_settings({"paystar_birth_calendar": "gregorian"})
    assert banking.match_card(person.card.number, person.national_code, person.birth_date) is False
    assert len(sandbox.world.ledger.entries) == 1


@pytest.mark.parametrize("name", ["jibit_id", "iban_code", "persian_name"])
def test_account_to_iban(banking, person, name):
    answer = banking.account_to_iban(getattr(person.account.bank, name), person.account.number)
    assert answer.iban == person.account.iban


def test_card_to_iban(banking, person):
    answer = banking.card_to_iban(int(person.card.number))
    assert (answer.iban, answer.bank) == (person.account.iban, person.account.bank.persian_name)
    assert answer.owners[0].last_name == person.name.last


def test_iban_inquiry(banking, person):
    answer = banking.iban_inquiry(person.account.iban.removeprefix("IR"))
    assert answer.bank == person.account.bank.persian_name
    assert [(owner.first_name, owner.last_name) for owner in answer.owners] == [(person.name.first, person.name.last)]


def test_balance(banking, sandbox):
    sandbox.world.change_settings({"paystar_deposits": {DEPOSIT: 1_250_000}})
    assert banking.balance(DEPOSIT.translate(PERSIAN)).amount_rial == 1_250_000


def test_statement(banking, sandbox):
    sandbox.world.clock.set(datetime(2026, 11, 21, 10, tzinfo=UTC))
    lines = banking.statement(DEPOSIT, "1405/08/01", date(2026, 10, 30)).lines
    assert {tehran_day(line.at) for line in lines} <= {date(2026, 10, day) for day in range(23, 31)}
    assert len(lines) > 5
    assert all(line.at.tzinfo is TEHRAN for line in lines)
    assert all((line.debit_rial > 0) != (line.credit_rial > 0) for line in lines)


@pytest.mark.parametrize("call", BILLABLE, ids=str)
def test_each_paid_call_is_billed_once(banking, sandbox, person, call):
    call.ask(banking, person)
    assert [entry.service for entry in sandbox.world.ledger.entries] == [f"paystar.{call.service}"]


@pytest.mark.parametrize("call", BILLABLE, ids=str)
def test_data_in_another_shape_is_the_same_answer(banking, sandbox, person, call):
    plain = without_raw(call.ask(banking, person))
    sandbox.world.change_settings({"paystar_data_forms": "odd"})
    assert without_raw(call.ask(banking, person)) == plain


def test_an_empty_list_may_be_null_but_a_missing_one_says_nothing(banking, sandbox):
    sandbox.world.change_settings({"paystar_data_forms": "odd"})
    assert [banking.list_transfers() for _ in range(2)] == [(), ()]
    with pytest.raises(exceptions.UnreadableAnswer, match="it has no 'data'"):
        banking.list_transfers()


def test_an_unknown_iban_is_rejected_and_not_billed(banking, sandbox):
    with pytest.raises(exceptions.Rejected, match=r"iban_inquiry.*10.*iban"):
        banking.iban_inquiry("IR062960000000100324200001")
    assert sandbox.world.ledger.entries == []
