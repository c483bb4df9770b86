"""Only successes are billed, once each, at the price and on the Tehran day they happened."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from airflow_provider_iranpay.iran.days import jalali_yymmdd, tehran_day
from airflow_provider_iranpay.sandbox.clock import Clock
from airflow_provider_iranpay.sandbox.jibit.services import BILLED
from airflow_provider_iranpay.sandbox.ledger import Ledger
from airflow_provider_iranpay.sandbox.settings import Settings

DAY = date(2025, 11, 20)
YY_MM_DD = jalali_yymmdd(DAY)


@pytest.fixture
def world(sandbox):
    return sandbox.world


def ask(caller, person, **changes):
    asked = {"nationalCode": person.national_code, "mobileNumber": person.mobile} | changes
    return caller.get("services/matching", track="the-track", **asked)


def report(caller, day=YY_MM_DD):
    return caller.get("reports/daily", yearMonthDay=day).body["report"]


def counts(parts):
    total = {}
    for part in parts:
        for service in part["services"]:
            total[service["service"]] = total.get(service["service"], 0) + service["count"]
    return total


def test_a_success_is_one_entry(world, caller, people):
    person = people.person(1)
    world.clock.freeze()
    ask(caller, person)
    [entry] = world.ledger.entries
    assert entry.as_dict() == {
        "number": 1,
        "at": world.clock.now().isoformat(),
        "service": "jibit.match_mobile",
        "price_rial": 3500,
        "balance": "PRF",
        "track_id": "the-track",
        "question": f"nationalCode={person.national_code}&mobileNumber={person.mobile}",
    }


def test_a_free_call_draws_on_no_balance(world, caller, people):
    world.change_settings({"prices": {"jibit.match_mobile": 0}, "balances": {"PRF": None, "POF": None}})
    assert ask(caller, people.person(1)).body == {"matched": True}
    assert world.ledger.entries[0].balance is None


def test_no_match_is_a_success(world, caller, people):
    ask(caller, people.person(1), mobileNumber=people.person(2).mobile)
    assert len(world.ledger.entries) == 1


def test_what_was_billed_is_missing_from_the_balance(world, caller, people):
    before = world.settings.balances["PRF"]
    ask(caller, people.person(1))
    assert before - world.settings.balances["PRF"] == 3500


def test_a_price_can_be_changed(world, caller, people):
    world.change_settings({"prices": {"jibit.match_mobile": 1}})
    ask(caller, people.person(1))
    assert world.ledger.entries[0].price_rial == 1


@pytest.mark.parametrize("path", ["balances", "services/availability?cardToIBAN=true&"])
def test_office_services_are_free(world, caller, path):
    assert caller.get(path).status == 200
    assert world.ledger.entries == []


def test_a_question_billed_twice_is_seen(world, caller, people):
    ask(caller, people.person(1))
    ask(caller, people.person(2))
    ask(caller, people.person(1))
    [(service, question)] = world.ledger.repeated()
    assert (service, people.person(1).mobile in question) == ("jibit.match_mobile", True)


def test_the_postpaid_balance_pays_when_the_prepaid_cannot(world, caller, people):
    world.change_settings({"balances": {"PRF": 3499, "POF": 5000}})
    ask(caller, people.person(1))
    assert world.settings.balances == {"PRF": 3499, "POF": 1500}
    assert world.ledger.entries[0].balance == "POF"


def test_an_empty_balance_refuses_and_takes_nothing(world, caller, people):
    world.change_settings({"balances": {"PRF": 3499, "POF": 3499}})
    assert ask(caller, people.person(1)).code == "balance.not_enough"
    assert world.settings.balances == {"PRF": 3499, "POF": 3499}
    assert world.ledger.entries == []


def test_a_ledger_never_bills_what_nobody_can_pay():
    ledger = Ledger(Clock(), Settings(prices={"jibit.sana": 1}, balances={"PRF": 0}))
    with pytest.raises(ValueError, match="no balance"):
        ledger.bill("jibit.sana", question="", track_id=None)


def test_balances_on_the_wire(world, caller):
    world.change_settings({"balances": {"PRF": 10, "POF": 20}, "currency": "TOMAN"})
    assert caller.get("balances").body == {
        "balances": [
            {"balanceType": "PRF", "currency": "TOMAN", "amount": 10},
            {"balanceType": "POF", "currency": "TOMAN", "amount": 20},
        ]
    }


def test_the_daily_quota_counts_successes_of_a_service(world, caller, people):
    world.change_settings({"daily_limits": {"jibit.match_mobile": 2}})
    ask(caller, people.person(1))
    ask(caller, people.person(1), nationalCode="0012345679")
    ask(caller, people.person(1))
    got = ask(caller, people.person(1))
    assert (got.status, got.code) == (429, "daily_limit.reached")
    assert caller.get("services/social/msq", nationalCode=people.person(1).national_code).status == 200


def test_the_daily_quota_is_new_on_the_next_tehran_day(world, caller, people):
    world.clock.set(datetime(2025, 11, 20, 20, 29, 0, tzinfo=UTC))  # 23:59 in Tehran
    world.clock.freeze()
    caller.log_in()
    world.change_settings({"daily_limits": {"jibit.match_mobile": 1}})
    ask(caller, people.person(1))
    assert ask(caller, people.person(1)).code == "daily_limit.reached"
    world.clock.advance(60)
    assert ask(caller, people.person(1)).status == 200


def test_the_report_counts_the_tehran_day(world, caller, people):
    world.clock.set(datetime(2025, 11, 20, 20, 29, 59, tzinfo=UTC))
    world.clock.freeze()
    caller.log_in()
    ask(caller, people.person(1))
    world.clock.advance(1)
    ask(caller, people.person(1))
    ask(caller, people.person(2))
    tomorrow = jalali_yymmdd(DAY + timedelta(1))
    assert counts(report(caller)) == {"MATCHING_MOBILE_NATIONAL_CODE": 1}
    assert counts(report(caller, tomorrow)) == {"MATCHING_MOBILE_NATIONAL_CODE": 2}


def test_the_report_names_a_service_in_persian(world, caller, people):
    ask(caller, people.person(1))
    today = jalali_yymmdd(world.ledger.today())
    assert report(caller, today) == [
        {"services": [{"service": "MATCHING_MOBILE_NATIONAL_CODE", "persianName": "تطبیق موبایل و کد ملی", "count": 1}]}
    ]


def test_every_billed_service_has_a_report_name_of_its_own():
    names = [service.report for service in BILLED]
    assert len({name for name, _ in names}) == len({persian for _, persian in names}) == len(BILLED)


@pytest.mark.parametrize(("form", "body"), [("object", [{"services": []}]), ("list", [])])
def test_an_empty_day_in_both_forms(world, caller, form, body):
    world.change_settings({"empty_report": form})
    assert report(caller) == body


def test_the_report_of_the_first_jalali_century_day(world, caller):
    world.ledger.write_history(["jibit.sana"], first=date(2021, 9, 30), last=date(2021, 9, 30), per_day=3, seed=0)
    assert counts(report(caller, "000708")) == {"SANA": 3}


@pytest.mark.parametrize("parts", [1, 2, 3, 7])
def test_counts_over_several_report_objects_add_up(world, caller, parts):
    world.ledger.write_history([one.name for one in BILLED], first=DAY, last=DAY, per_day=100, seed=1)
    whole = counts(report(caller))
    world.change_settings({"report_parts": parts})
    assert len(report(caller)) == parts
    assert counts(report(caller)) == whole
    assert sum(whole.values()) == 100


def test_a_correction_lowers_a_day_when_it_is_read_again(world, caller):
    world.ledger.write_history(["jibit.sana"], first=DAY, last=DAY, per_day=5, seed=0)
    world.change_settings({"report_corrections": {YY_MM_DD: {"jibit.sana": -2, "jibit.military_service": 1}}})
    assert counts(report(caller)) == {"SANA": 3, "MILITARY_SERVICE": 1}


def test_history_fills_each_day_and_leaves_the_balance(world):
    before = dict(world.settings.balances)
    written = world.ledger.write_history(["jibit.sana"], first=DAY, last=DAY + timedelta(2), per_day=10, seed=0)
    assert written == len(world.ledger.entries) == 30
    assert [world.ledger.counts(DAY + timedelta(n)).total() for n in range(-1, 4)] == [0, 10, 10, 10, 0]
    assert {tehran_day(datetime.fromtimestamp(one.at, UTC)) for one in world.ledger.entries} == {
        DAY + timedelta(n) for n in range(3)
    }
    assert world.settings.balances == before
    assert not world.ledger.repeated()


def test_history_of_one_seed_is_always_the_same():
    services = [one.name for one in BILLED]
    books = []
    for _ in range(2):
        ledger = Ledger(Clock(), Settings(prices={}))
        ledger.write_history(services, first=DAY, last=DAY, per_day=50, seed=9)
        books.append(ledger.entries)
    assert books[0] == books[1]


def test_entries_since_a_number(world):
    world.ledger.write_history(["jibit.sana", "jibit.military_service"], first=DAY, last=DAY, per_day=10, seed=0)
    assert [entry.number for entry in world.ledger.since(7)] == [8, 9, 10]
    assert {entry.service for entry in world.ledger.since(0, "jibit.sana")} == {"jibit.sana"}
