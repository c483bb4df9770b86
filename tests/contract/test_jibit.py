"""Every endpoint of Jibit through its hook method: the question as people ask it, the answer as the hook gives it."""

from __future__ import annotations

from datetime import date

import pytest

from airflow_provider_iranpay.iran.days import from_jalali_yyyymmdd, tehran_day

PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


def test_card_inquiry(hook, person):
    info = hook.card_inquiry(" ".join(person.card.number[start : start + 4] for start in (0, 4, 8, 12)))
    assert (info.number, info.bank, info.type) == (person.card.number, person.account.bank_id, person.card.type)
    assert info.owner_name == str(person.name)
    assert info.deposit_number == person.account.number


def test_card_to_account(hook, person):
    answer = hook.card_to_account(int(person.card.number))
    assert (answer.deposit_number, answer.bank) == (person.account.number, person.account.bank_id)


def test_card_to_iban(hook, person):
    answer = hook.card_to_iban(person.card.number.translate(PERSIAN))
    assert (answer.iban, answer.type, answer.status) == (person.account.iban, "DEBIT", person.account.status)
    assert answer.owners[0].last_name == person.name.last


def test_iban_inquiry(hook, person):
    answer = hook.iban_inquiry(person.account.iban.removeprefix("IR"))
    assert (answer.iban, answer.deposit_number) == (person.account.iban, person.account.number)
    assert (answer.bank, answer.status) == (person.account.bank_id, person.account.status)


@pytest.mark.parametrize("name", ["jibit_id", "iban_code", "persian_name"])
def test_account_to_iban(hook, person, name):
    answer = hook.account_to_iban(getattr(person.account.bank, name), person.account.number)
    assert answer.iban == person.account.iban


def test_card_to_iban_availability(hook, sandbox):
    sandbox.world.change_settings({"unavailable_banks": ["SAMAN"]})
    report = hook.card_to_iban_availability()
    assert report.available("MELLI")
    assert not report.available("SAMAN")
    assert not report.available("NO_SUCH_BANK")


def test_match_card(hook, people):
    mine, other = people[0], people[1]
    birth_date = from_jalali_yyyymmdd(mine.birth_date)
    assert hook.match_card(mine.card.number, mine.national_code, birth_date) is True
    assert hook.match_card(other.card.number, mine.national_code, birth_date) is False


def test_match_iban(hook, people):
    mine, other = people[0], people[1]
    assert hook.match_iban(mine.account.iban.lower(), mine.national_code, mine.birth_date) is True
    assert hook.match_iban(other.account.iban, mine.national_code, mine.birth_date) is False


def test_match_mobile(hook, people):
    mine, other = people[0], people[1]
    assert hook.match_mobile("+98" + mine.mobile[1:], mine.national_code) is True
    assert hook.match_mobile(other.mobile, mine.national_code) is False


def test_postal_code(hook, person):
    address = hook.postal_code(person.address.postal_code)
    assert address.province == person.address.place.province
    assert address.district == person.address.place.district
    assert address.postal_code == person.address.postal_code


def test_military_service(hook, people):
    seen = {hook.military_service(one.national_code).qualified: one.conscription for one in people[:60]}
    assert seen[False] == "absent_without_leave"
    assert seen[True] != "absent_without_leave"


def test_sana(hook, person):
    answer = hook.sana(person.national_code, person.mobile)
    assert (answer.registered, answer.matched) == (True, True)


def test_balances(hook, sandbox):
    sandbox.world.change_settings({"balances": {"PRF": 1_250_000, "POF": 0}})
    balances = {balance.balance_type: balance for balance in hook.balances().balances}
    assert (balances["PRF"].amount, balances["PRF"].currency) == (1_250_000, "IRR")


def test_daily_report(hook, sandbox, people):
    sandbox.world.change_settings({"report_parts": 2})
    for one in people[:5]:
        hook.match_mobile(one.mobile, one.national_code)
    report = hook.daily_report(tehran_day(sandbox.world.clock.now()))
    counts = [use.count for part in report.reports for use in part]
    assert sum(counts) == 5
    assert {use.persian_name for part in report.reports for use in part} == {"تطبیق موبایل و کد ملی"}


@pytest.mark.parametrize("empty", ["object", "list"])
def test_daily_report_of_a_day_without_use(hook, sandbox, empty):
    sandbox.world.change_settings({"empty_report": empty})
    report = hook.daily_report(date(2021, 9, 30))
    assert [use for part in report.reports for use in part] == []


def test_match_card_name(hook, people, person):
    assert hook.match_card_name(person.card.number, str(person.name).replace("ی", "ي")) is True
    assert hook.match_card_name(person.card.number, "نام دیگر") is False


def test_match_iban_name(hook, person):
    assert hook.match_iban_name(person.account.iban, str(person.name)) is True
    assert hook.match_iban_name(person.account.iban, "نام دیگر") is False


def test_match_account_name(hook, person):
    bank, number = person.account.bank_id, person.account.number
    assert hook.match_account_name(bank, number, str(person.name)) is True
    assert hook.match_account_name(bank, number, "نام دیگر") is False


def test_match_account(hook, person, people):
    bank, number = person.account.bank_id, person.account.number
    other = next(one for one in people if one is not person)
    assert hook.match_account(bank, number, person.national_code, person.birth_date) is True
    assert hook.match_account(bank, number, other.national_code, other.birth_date) is False


def test_name_similarity(hook, person):
    alike = hook.name_similarity(
        person.national_code, person.birth_date, first_name=person.name.first, last_name="نام دیگر"
    )
    assert alike.first_name == 100
    assert alike.last_name < 100


def test_foreigner_identity(hook, sandbox):
    foreigner = sandbox.world.population.foreigner(0)
    assert foreigner.name.last in str(hook.foreigner_identity(foreigner.fida).raw)


def test_corporation_identity(hook, sandbox):
    company = sandbox.world.population.company(0)
    assert company.name in str(hook.corporation_identity(company.legal_id).raw)


def test_postal_location(hook, person):
    where = hook.postal_location(person.address.postal_code)
    assert where.latitude == pytest.approx(person.address.place.latitude, abs=1)
    assert where.longitude == pytest.approx(person.address.place.longitude, abs=1)
