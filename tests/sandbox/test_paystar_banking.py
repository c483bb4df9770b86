"""What Paystar's open banking answers about the people who live in the sandbox."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from airflow_provider_iranpay.iran.days import from_jalali_yymmdd, from_jalali_yyyymmdd, jalali_dashed

NOW = datetime(2025, 11, 21, 8, tzinfo=UTC)
DEPOSIT = "0100000000001"


@pytest.fixture
def world(sandbox):
    return sandbox.world


@pytest.fixture
def person(find):
    return find(lambda one: one.card.state == "active" and one.card.type == "DEBIT" and len(one.account.owners) == 1)


def born(person):
    return from_jalali_yyyymmdd(person.birth_date)


def who(person, **more):
    return {"national_id": person.national_code, "birth_date": jalali_dashed(born(person))} | more


def test_a_mobile_belongs_to_its_owner_alone(banking, person, people):
    path, code = "info-matching/mobile-national-id", person.national_code
    assert banking.service(path, national_id=code, mobile_number=person.mobile).body["data"] == {"is_matched": True}
    other = people.stranger(person.index).mobile
    assert banking.service(path, national_id=code, mobile_number=other).body["data"] == {"is_matched": False}


@pytest.mark.parametrize("service", ["card", "iban"])
def test_an_instrument_belongs_to_its_owner_alone(banking, person, people, service):
    path = f"info-matching/{service}-national-id"

    def things(owner):
        return {"card_number": owner.card.number} if service == "card" else {"iban": owner.account.iban}

    assert banking.service(path, **who(person), **things(person)).body["data"] == {"is_matched": True}
    other = people.stranger(person.index)
    assert banking.service(path, **who(person), **things(other)).body["data"] == {"is_matched": False}


def test_another_birth_date_does_not_match(banking, person):
    got = banking.service(
        "info-matching/iban-national-id", **who(person, iban=person.account.iban, birth_date="1300-01-01")
    )
    assert got.body["data"] == {"is_matched": False}


def test_the_calendar_of_a_birth_date_is_a_setting(world, banking, person):
    world.change_settings({"paystar_birth_calendar": "gregorian"})
    asked = who(person, iban=person.account.iban)
    path = "info-matching/iban-national-id"
    assert banking.service(path, **asked | {"birth_date": born(person).isoformat()}).body["data"] == {
        "is_matched": True
    }
    assert banking.service(path, **asked).body["data"] == {"is_matched": False}


@pytest.mark.parametrize("birth_date", ["13700101", "1370/01/01", "1370-1-1", "1370-13-01", 13700101, "۱۳۷۰-۰۱-۰۱"])
def test_a_birth_date_of_another_form_is_refused(banking, person, birth_date):
    got = banking.service(
        "info-matching/iban-national-id", **who(person, iban=person.account.iban, birth_date=birth_date)
    )
    assert (got.body["status"], list(got.body["data"])) == (10, ["birth_date"])


@pytest.mark.parametrize(
    ("path", "given", "field"),
    [
        (
            "info-matching/mobile-national-id",
            {"national_id": "1111111111", "mobile_number": "09120000000"},
            "national_id",
        ),
        (
            "info-matching/mobile-national-id",
            {"national_id": "0013542419", "mobile_number": "9120000000"},
            "mobile_number",
        ),
        ("bank-inquiry/card-to-iban", {"card": "6037991234567890"}, "card"),
        ("bank-inquiry/iban-inquiry", {"iban": "ir062960000000100324200001"}, "iban"),
        ("bank-inquiry/iban-inquiry", {"iban": "IR072960000000100324200001"}, "iban"),
        ("bank-inquiry/account-to-iban", {"account_number": "x", "bank_id": "017"}, "account_number"),
        ("bank-inquiry/account-to-iban", {"account_number": "1", "bank_id": "17"}, "bank_id"),
        ("bank-inquiry/account-to-iban", {"account_number": "1", "bank_id": 17}, "bank_id"),
    ],
)
def test_a_value_of_the_wrong_form_is_named(banking, path, given, field):
    got = banking.service(path, **given)
    assert got.body["status"] == 10
    assert field in got.body["data"]


def test_a_card_leads_to_its_iban_bank_and_owners(banking, person):
    assert banking.service("bank-inquiry/card-to-iban", card=person.card.number).body["data"] == {
        "iban": person.account.iban,
        "bank": person.account.bank.persian_name,
        "owners": [{"first_name": person.name.first, "last_name": person.name.last}],
    }


def test_a_card_that_is_not_in_use_has_no_iban(world, banking, find):
    stolen = find(lambda one: one.card.state == "stolen")
    assert banking.service("bank-inquiry/card-to-iban", card=stolen.card.number).body["status"] == 10
    assert world.ledger.entries == []


def test_a_bank_that_is_down_is_an_upstream_error(world, banking, person):
    world.change_settings({"unavailable_banks": [person.account.bank_id]})
    assert banking.service("bank-inquiry/card-to-iban", card=person.card.number).body["status"] == 11


def test_an_iban_tells_its_owners(banking, find):
    joint = find(lambda one: len(one.account.owners) == 2)
    data = banking.service("bank-inquiry/iban-inquiry", iban=joint.account.iban).body["data"]
    assert [owner["last_name"] for owner in data["owners"]] == [owner.last for owner in joint.account.owners]


def test_an_account_leads_to_its_iban(banking, person):
    asked = {"account_number": person.account.number, "bank_id": person.account.bank.iban_code}
    assert banking.service("bank-inquiry/account-to-iban", **asked).body["data"] == {"iban": person.account.iban}


def test_an_iban_that_nobody_has_is_an_invalid_input(world, banking):
    got = banking.service("bank-inquiry/iban-inquiry", iban="IR062960000000100324200001")
    assert (got.body["status"], list(got.body["data"])) == (10, ["iban"])
    assert world.ledger.entries == []


def deposit(banking, path="balance", **given):
    return banking.call("GET", f"/open-banking/service/{path}", **{"account_number": DEPOSIT} | given)


def test_a_balance_is_what_the_settings_say_and_free(world, banking):
    world.change_settings({"paystar_deposits": {DEPOSIT: 1_234}})
    assert deposit(banking).body["data"] == {"account_number": DEPOSIT, "amount": 1_234}
    assert deposit(banking).body["status"] == "ok"
    assert world.ledger.entries == []


def test_a_deposit_of_somebody_else_is_an_invalid_input(banking):
    assert deposit(banking, account_number="99").body["status"] == 10


@pytest.fixture
def november(world):
    world.clock.change(to=NOW, freeze=True)
    return {"from_date": "2025-10-23", "to_date": "2025-11-21"}


def statement(banking, **days):
    return deposit(banking, "invoice", **days).body["data"]["transactions"]


def instants(rows):
    return [row["transaction_date_time"] for row in rows]


def test_a_statement_is_always_the_same(world, banking, november):
    rows = statement(banking, **november)
    assert len(rows) > 20
    assert rows == statement(banking, **november)
    assert rows != statement(banking, **november, account_number="0100000000002")


def test_a_statement_is_in_order_and_within_its_days_and_not_ahead_of_the_clock(banking, november):
    times = instants(statement(banking, **november))
    days = [from_jalali_yymmdd(time[:8].replace("-", "")) for time in times]
    assert times == sorted(times)
    assert date(2025, 10, 23) <= days[0] <= days[-1] <= date(2025, 11, 21)
    assert times[-1] <= "04-08-30 11:30:00"


def test_two_halves_of_a_statement_are_the_whole(banking, november):
    first = statement(banking, from_date="2025-10-23", to_date="2025-11-04")
    second = statement(banking, from_date="2025-11-05", to_date="2025-11-21")
    assert first + second == statement(banking, **november)


def test_a_row_of_a_statement_is_either_debit_or_credit_in_whole_rials(banking, november):
    for row in statement(banking, **november):
        assert min(row["debit_amount"], row["credit_amount"]) == 0 < max(row["debit_amount"], row["credit_amount"])
        assert type(row["debit_amount"]) is type(row["credit_amount"]) is int


@pytest.mark.parametrize(
    "days",
    [
        {"from_date": "2025-11-21", "to_date": "2025-11-20"},
        {"from_date": "2024-01-01", "to_date": "2025-11-20"},
        {"from_date": "20251101", "to_date": "2025-11-20"},
        {"from_date": "2025-02-30", "to_date": "2025-11-20"},
    ],
)
def test_days_that_are_none_or_too_many_are_refused(banking, november, days):
    assert deposit(banking, "invoice", **days).body["status"] == 10
