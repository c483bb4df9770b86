"""The paid part: what is claimed, sent, settled and left, and that the money of it closes."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_iranpay.bulk import agenda as agenda_module
from airflow_provider_iranpay.bulk import run as run_module
from airflow_provider_iranpay.bulk.outcomes import ANSWERS, Status
from airflow_provider_iranpay.bulk.run import Pace
from airflow_provider_iranpay.inquiries import INQUIRIES
from airflow_provider_iranpay.iran.identifiers import build_iban
from airflow_provider_iranpay.warehouse.engine import open_warehouse
from airflow_provider_iranpay.warehouse.journal.records import Kind
from tests.bulk.playing import (
    LOST,
    NO,
    OPERATOR,
    PRICE,
    QUOTA,
    REFUSED,
    TRANSIENT,
    UNLISTED,
    UNREACHED,
    UNREADABLE,
    YES,
    End,
    Provider,
    Table,
    table,
)
from tests.bulk.waiting import performing, some_turns, until

ONE_AT_A_TIME = Pace(concurrency=1, ahead=1)


def two(first="jibit", **how):
    """Two accounts: the first answers as it is told, the other one always with yes."""
    return Provider(first, **how), Provider("paystar" if first == "jibit" else "jibit", account="other")


def states(desk):
    return Counter(one.state for one in desk.attempts())


def watch(played, look):
    """Look after each commit of a run."""
    commit = played.journal.commit

    def watched(**what):
        done = commit(**what)
        look()
        return done

    played.journal.commit = watched


# What is claimed and sent


def test_all_rows_get_the_answer_to_their_question(each_desk):
    provider = Provider(ends={2: NO, 5: REFUSED})
    played = each_desk.run(table([1, 2, 3, 2, 4, 5, 1]), provider)
    assert [(one.status, one.origin) for one in played.rows.values()] == [
        ("matched", "paid"),
        ("not_matched", "paid"),
        ("matched", "paid"),
        ("not_matched", "duplicate"),
        ("matched", "paid"),
        ("provider_error", "paid"),
        ("matched", "duplicate"),
    ]
    assert sorted(provider.asked) == [1, 2, 3, 4, 5]
    assert played.cost_rial == played.run.totals.spent_rial == 4 * PRICE
    assert (played.run.ended_by, played.run.totals.attempts, played.run.totals.paid) == (None, 5, 4)


def test_nothing_is_sent_that_the_journal_has_not_committed(each_desk):
    def taking(job):
        (one,) = each_desk.attempts(track_id=job.track_id)
        assert (one.state, one.cost_rial, one.price_rial) == ("claimed", None, PRICE)

    provider = Provider(taking=taking)
    each_desk.run(table(range(1, 41)), provider, budget=40 * PRICE)
    assert len(provider.asked) == 40


def test_track_ids_are_random_and_each_is_used_once(desk):
    desk.run(table(range(1, 301)), Provider(), pace=Pace(concurrency=64))
    ids = [one.track_id for one in desk.attempts()]
    assert len(set(ids)) == 300
    assert all(len(one) == 32 and int(one, 16) >= 0 for one in ids)


@pytest.mark.parametrize(("concurrency", "ahead"), [(1, 1), (4, 2), (3, 10), (2, None)])
def test_claims_run_ahead_of_sends_by_no_more_than_they_may(desk, concurrency, ahead):
    most = ahead or concurrency
    leads = []
    jibit, paystar = two(otherwise=TRANSIENT)
    jibit.ends = {person: YES for person in range(1, 61) if person % 3}

    def taking(job):
        taken = len(jibit.asked) + len(paystar.asked) + 1
        leads.append(desk.count() - taken)

    jibit.taking = paystar.taking = taking
    desk.run(table(range(1, 61)), jibit, paystar, pace=Pace(concurrency=concurrency, ahead=ahead))
    # What follows a failed call needs no room; and the other lane may have taken one that it has not counted yet.
    assert max(leads) <= most + concurrency + 1
    assert jibit.clients[0].most_open <= concurrency


def test_while_nothing_is_answered_what_is_in_flight_and_ahead_is_claimed_and_no_more(desk):
    provider = Provider()
    provider.withhold()
    pace = Pace(concurrency=3, ahead=5)
    with desk.planned(table(range(1, 51)), provider, pace=pace) as played, performing(played.run) as task:
        until(lambda: desk.count() == 3 + 5)
        some_turns(task)
        assert states(desk) == {"claimed": 8}
        assert len(provider.asked) == 3
        provider.go_on()
    assert states(desk) == {"answered": 50}


# The second account


DEFINITE = {
    "refused": REFUSED,
    "unlisted": UNLISTED,
    "transient": TRANSIENT,
    "operator": OPERATOR,
    "unreached": UNREACHED,
}
OTHERS = {"yes": YES, "no": NO, "lost": LOST, "unreadable": UNREADABLE}


@pytest.mark.parametrize("first", ["jibit", "paystar"])
@pytest.mark.parametrize("end", DEFINITE.values(), ids=DEFINITE)
def test_after_a_definite_failure_the_second_account_is_asked(desk, first, end):
    one, other = two(first, otherwise=end)
    played = desk.run(table([1]), one, other)
    outcome = played.rows[1]
    spent = PRICE * (1 + (first == "paystar" and end.sends > 0))
    assert (one.asked, other.asked) == ([1], [1])
    assert (outcome.status, outcome.origin, outcome.provider) == ("matched", "paid", other.name)
    assert (outcome.attempts, outcome.cost_rial) == (2, spent)
    assert played.run.totals.spent_rial == desk.money()[0] == spent


def test_a_quota_that_is_used_up_sends_the_question_to_the_second_account(desk):
    jibit, paystar = two(otherwise=QUOTA)
    assert desk.run(table([1]), jibit, paystar).statuses == {"matched": 1}


@pytest.mark.parametrize("first", ["jibit", "paystar"])
@pytest.mark.parametrize("end", OTHERS.values(), ids=OTHERS)
def test_after_anything_else_it_is_not(desk, first, end):
    one, other = two(first, otherwise=end)
    played = desk.run(table([1]), one, other)
    assert (one.asked, other.asked) == ([1], [])
    assert (played.rows[1].attempts, played.rows[1].provider) == (1, first)
    assert played.cost_rial == played.run.totals.spent_rial == desk.money()[0]


def test_between_the_two_nobody_else_can_have_the_question(each_desk):
    jibit, paystar = two(otherwise=TRANSIENT)
    kinds = []
    with (
        each_desk.planned(table([1]), jibit, paystar) as played,
        closing(each_desk.journal()) as other,
    ):
        asks = [one.ask for one, _ in played.plan.open_questions()]
        watch(played, lambda: kinds.append(other.look_up(asks, each_desk.freshness())[0].kind))
        played.run.perform()
    assert kinds[:3] == [Kind.BUSY, Kind.BUSY, Kind.KEPT]
    assert set(kinds[3:]) <= {Kind.KEPT}


def test_what_the_second_account_has_no_room_for_stays_with_this_worker(desk):
    """The second account is at its limit while the first one goes on to fail; another worker looks in between."""
    paystar, jibit = two("paystar", otherwise=UNLISTED)
    paystar.withhold()
    jibit.withhold()
    other = Provider(account="third")
    pace = Pace(concurrency=2, ahead=1)
    with desk.planned(table(range(1, 10)), paystar, jibit, pace=pace) as played, performing(played.run):
        for step in range(1, 4):
            until(lambda step=step: (len(paystar.asked), desk.count(account="shop")) == (step + 1, step + 2))
            paystar.go_on(1)
            until(lambda step=step: desk.count(account="other") == step)
        until(lambda: (len(paystar.asked), len(jibit.asked)) == (5, 2))
        paystar.go_on(1)
        until(lambda: desk.count(state="rejected") == 4)
        desk.run(table([4]), other, pace=Pace(patience_seconds=0))
        assert other.asked == []
        paystar.go_on()
        jibit.go_on()
    assert played.cost_rial == played.run.totals.spent_rial


def test_where_both_fail_the_row_says_what_the_last_one_said(desk):
    jibit, paystar = Provider(otherwise=TRANSIENT), Provider("paystar", otherwise=UNLISTED)
    outcome = desk.run(table([1]), jibit, paystar).rows[1]
    assert (outcome.status, outcome.error_code, outcome.provider) == ("provider_error", "4711", "paystar")
    assert (outcome.attempts, outcome.cost_rial) == (2, PRICE)


ACCOUNTS = INQUIRIES["account_to_iban"]
IBAN = End(
    200,
    {
        "jibit": f'{{"ibanInfo": {{"iban": "{build_iban("017", "7")}"}}}}',
        "paystar": f'{{"status": 1, "data": {{"iban": "{build_iban("073", "7")}"}}}}',
    },
)


def run_of_accounts(desk, *names):
    """Two accounts, the first one at a bank that Jibit does not know."""
    frame = pd.DataFrame({"id": [1, 2], "bank": ["073", "017"], "account": ["1234561", "1234562"]})
    providers = [Provider(name, account=name, inquiry=ACCOUNTS, otherwise=IBAN) for name in names]
    return desk.run(frame, *providers, inquiry=ACCOUNTS), providers


def test_what_a_provider_does_not_take_is_asked_elsewhere(desk):
    played, (jibit, paystar) = run_of_accounts(desk, "jibit", "paystar")
    assert (jibit.asked, paystar.asked) == ([1234562], [1234561])
    assert [(one.status, one.provider, one.attempts) for one in played.rows.values()] == [
        ("ok", "paystar", 1),
        ("ok", "jibit", 1),
    ]


def test_what_no_provider_takes_is_invalid_and_costs_nothing(desk):
    played, (jibit,) = run_of_accounts(desk, "jibit")
    assert jibit.asked == [1234562]
    assert (played.rows[1].status, played.rows[1].error_code) == ("invalid_input", "no_jibit_id")
    assert (played.rows[1].attempts, played.rows[1].cost_rial, desk.count()) == (0, 0, 1)


# An account that is closed


@pytest.mark.parametrize(("end", "status"), [(QUOTA, "not_sent_quota"), (OPERATOR, "not_sent_stopped")])
def test_an_account_that_refuses_for_all_is_asked_nothing_more(desk, end, status):
    provider = Provider(ends={1: end})
    provider.withhold()
    pace = Pace(concurrency=3, ahead=10)
    with desk.planned(table(range(1, 51)), provider, pace=pace) as played, performing(played.run):
        until(lambda: len(provider.asked) == 3 and desk.count() == 13)
        provider.go_on(1)
        provider.clients[0].stopped.wait(10)
        provider.go_on()
    rows = played.rows
    assert played.run.ended_by == status
    assert not played.run.may_repeat
    assert set(provider.asked) <= {1, 2, 3, 4}
    assert {one.status for one in rows.values()} == {"matched", status}
    assert played.statuses["matched"] == len(provider.asked) - 1
    assert set(states(desk)) <= {"answered", "rejected", "not_sent"}


@pytest.mark.parametrize("end", [QUOTA, OPERATOR])
def test_what_it_was_to_be_asked_goes_to_the_second_account(desk, end):
    jibit, paystar = two(ends={1: end})
    jibit.withhold()
    pace = Pace(concurrency=3, ahead=10)
    with desk.planned(table(range(1, 51)), jibit, paystar, pace=pace) as played, performing(played.run):
        until(lambda: desk.count() == 13)
        jibit.go_on(1)
        jibit.clients[0].stopped.wait(10)
        jibit.go_on()
    rows = played.rows
    assert {one.status for one in rows.values()} == {"matched"}
    assert len(paystar.asked) + len(jibit.asked) == 51
    assert played.cost_rial == played.run.totals.spent_rial == desk.money()[0] == 50 * PRICE
    assert played.run.ended_by is None


def test_fifty_failures_in_a_row_close_an_account_and_a_repeat_may_help(desk):
    played = desk.run(table(range(1, 101)), Provider(otherwise=TRANSIENT), pace=ONE_AT_A_TIME)
    assert (played.run.ended_by, played.run.may_repeat) == ("not_sent_unavailable", True)
    assert 50 <= played.statuses["failed"] <= 52
    assert played.statuses["failed"] + played.statuses["not_sent_unavailable"] == 100


def test_forty_nine_do_not(desk):
    provider = Provider(ends=dict.fromkeys([*range(1, 50), *range(51, 100)], TRANSIENT))
    played = desk.run(table(range(1, 101)), provider, pace=ONE_AT_A_TIME)
    assert played.run.ended_by is None
    assert played.statuses == {"failed": 98, "matched": 2}


@pytest.mark.parametrize("end", [LOST, UNREADABLE, UNLISTED])
def test_twenty_doubtful_ends_in_a_row_stop_the_run(desk, end):
    jibit, paystar = two(otherwise=end)
    accounts = (jibit,) if end is UNLISTED else (jibit, paystar)  # else the second account makes sense of it
    played = desk.run(table(range(1, 101)), *accounts, pace=ONE_AT_A_TIME)
    assert (played.run.ended_by, played.run.may_repeat) == ("not_sent_stopped", False)
    assert 20 <= len(jibit.asked) <= 22
    assert paystar.asked == []
    assert played.statuses["not_sent_stopped"] == 100 - len(jibit.asked)


@pytest.mark.parametrize("end", [LOST, UNREADABLE, UNLISTED])
def test_nineteen_do_not(desk, end):
    provider = Provider(ends=dict.fromkeys([*range(1, 20), *range(21, 40)], end))
    played = desk.run(table(range(1, 61)), provider, pace=ONE_AT_A_TIME)
    assert played.run.ended_by is None
    assert played.statuses["matched"] == 60 - 38


# The budget


def run_within(desk, cap, count, *providers, **how):
    """A run of so many people under a budget, which is looked at after each commit."""
    with desk.planned(table(range(1, count + 1)), *providers, budget=cap, **how) as played:

        def look():
            balance = played.journal.check("budget")
            assert balance.spent_rial + balance.reserved_rial <= cap

        watch(played, look)
        played.run.perform()
        look()
        played.balance = played.journal.check("budget")
    return played


@pytest.mark.parametrize("cap", [0, PRICE - 1])
def test_without_room_nothing_is_sent(desk, cap):
    provider = Provider()
    played = run_within(desk, cap, 5, provider)
    assert provider.asked == []
    assert played.statuses == {"not_sent_budget": 5}
    assert (played.run.ended_by, desk.count()) == ("not_sent_budget", 0)


@pytest.mark.parametrize(("cap", "matched"), [(PRICE, 1), (10 * PRICE + PRICE - 1, 10), (29 * PRICE, 29)])
def test_as_many_are_asked_as_the_budget_covers(each_desk, cap, matched):
    played = run_within(each_desk, cap, 30, Provider())
    assert played.statuses == {"matched": matched, "not_sent_budget": 30 - matched}
    assert (played.balance.spent_rial, played.balance.reserved_rial) == (matched * PRICE, 0)
    assert all(one.error_code == "budget" for one in played.rows.values() if one.status == "not_sent_budget")


def test_a_budget_that_just_covers_all_stops_nothing(desk):
    played = run_within(desk, 30 * PRICE, 30, Provider())
    assert played.statuses == {"matched": 30}
    assert played.run.ended_by is None


@pytest.mark.parametrize("ahead", [1, 40])
def test_room_that_free_errors_give_back_is_used(desk, ahead):
    provider = Provider(ends=dict.fromkeys(range(1, 31), TRANSIENT))
    played = run_within(desk, 10 * PRICE, 60, provider, pace=Pace(concurrency=4, ahead=ahead))
    assert played.statuses == {"failed": 30, "matched": 10, "not_sent_budget": 20}
    assert played.balance.room_rial == 0


def test_errors_that_cost_give_nothing_back(desk):
    provider = Provider("paystar", ends=dict.fromkeys(range(1, 31), TRANSIENT))
    played = run_within(desk, 10 * PRICE, 60, provider)
    assert played.statuses == {"failed": 10, "not_sent_budget": 50}
    assert played.cost_rial == played.balance.spent_rial == 10 * PRICE


def test_what_is_unknown_stays_reserved(desk):
    provider = Provider(ends=dict.fromkeys(range(1, 5), LOST))
    played = run_within(desk, 10 * PRICE, 60, provider)
    assert played.statuses == {"unknown": 4, "matched": 6, "not_sent_budget": 50}
    assert (played.balance.spent_rial, played.balance.reserved_rial) == (6 * PRICE, 4 * PRICE)
    assert (played.run.totals.unknown, played.run.totals.unknown_rial) == (4, 4 * PRICE)


def test_a_run_that_makes_no_sense_does_not_pass_for_one_whose_budget_is_used_up(desk):
    played = run_within(desk, 20 * PRICE, 60, Provider(otherwise=LOST), pace=Pace(ahead=40))
    assert played.statuses["unknown"] == 20
    assert played.run.ended_by == "not_sent_stopped"


def test_the_next_run_goes_on_with_what_is_left_of_the_budget(desk):
    run_within(desk, 10 * PRICE, 30, Provider())
    assert run_within(desk, 10 * PRICE, 30, Provider()).statuses == {"matched": 10, "not_sent_budget": 20}
    played = run_within(desk, 15 * PRICE, 30, Provider())
    assert played.statuses == {"matched": 15, "not_sent_budget": 15}
    assert Counter(one.origin for one in played.rows.values()) == {"cached": 10, "paid": 5, "none": 15}


def test_a_second_account_that_the_budget_does_not_cover_is_not_asked(desk):
    jibit, paystar = two(otherwise=TRANSIENT)
    paystar.price_rial = 3 * PRICE
    played = run_within(desk, 2 * PRICE, 3, jibit, paystar)
    assert paystar.asked == []
    assert set(played.statuses) <= {"failed", "not_sent_budget"}
    assert played.balance.room_rial == 2 * PRICE


# Another worker


@pytest.fixture
def impatient(monkeypatch):
    """Questions of other workers are looked at again at once."""
    monkeypatch.setattr(agenda_module, "_LOOK_AGAIN_SECONDS", 0.01)


@pytest.mark.parametrize("end", [YES, NO, REFUSED, LOST, UNREADABLE])
def test_a_question_that_another_worker_has_is_waited_for_and_not_paid_again(each_desk, impatient, end):
    quick, late = Provider(ends={1: end}), Provider()
    quick.withhold()
    with (
        each_desk.planned(table([1]), quick) as first,
        each_desk.planned(table([1, 2]), late) as second,
        performing(first.run),
    ):
        until(lambda: quick.asked == [1])
        with performing(second.run) as task:
            until(lambda: late.asked == [2])
            some_turns(task)
            quick.go_on()
    mine, others = second.rows[1], first.rows[1]
    assert late.asked == [2]
    assert (mine.status, mine.cost_rial, mine.attempts) == (others.status, 0, 0)
    assert mine.origin == ("cached" if others.has_answer else "none")


def test_a_question_that_another_worker_failed_at_is_asked(desk, impatient):
    quick, late = Provider(otherwise=TRANSIENT), Provider()
    quick.withhold()
    with (
        desk.planned(table([1]), quick) as first,
        desk.planned(table([1]), late) as second,
        performing(first.run),
    ):
        until(lambda: quick.asked == [1])
        with performing(second.run) as task:
            some_turns(task)
            assert late.asked == []
            quick.go_on()
    assert late.asked == [1]
    assert (second.rows[1].status, second.rows[1].origin) == ("matched", "paid")


def test_a_question_that_the_plan_saw_with_another_worker_is_waited_for_too(desk, impatient):
    quick, late = Provider(), Provider()
    quick.withhold()
    with desk.planned(table([1]), quick) as first, performing(first.run):
        until(lambda: quick.asked == [1])
        with desk.planned(table([1]), late) as second:
            assert second.plan.estimate.to_ask == 1
            with performing(second.run) as task:
                some_turns(task)
                quick.go_on()
    assert late.asked == []
    assert second.rows[1].origin == "cached"


def test_patience_ends(desk, impatient):
    quick, late = Provider(), Provider()
    quick.withhold()
    with (
        desk.planned(table([1]), quick) as first,
        desk.planned(table([1, 2]), late, pace=Pace(patience_seconds=0.05)) as second,
        performing(first.run),
    ):
        until(lambda: quick.asked == [1])
        with performing(second.run):
            pass
        quick.go_on()
    assert late.asked == [2]
    assert [one.status for one in second.rows.values()] == ["not_sent_busy", "matched"]
    assert second.run.ended_by is None


def test_two_workers_at_one_table_pay_for_each_question_once(each_desk, impatient):
    both = Provider(), Provider(account="other")
    with (
        each_desk.planned(table(range(1, 61)), both[0], budget=60 * PRICE) as first,
        each_desk.planned(table(range(60, 0, -1)), both[1], budget=60 * PRICE) as second,
        performing(first.run),
        performing(second.run),
    ):
        pass
    assert Counter(both[0].asked + both[1].asked) == dict.fromkeys(range(1, 61), 1)
    assert {one.status for played in (first, second) for one in played.rows.values()} == {"matched"}
    assert first.cost_rial + second.cost_rial == each_desk.money()[0] == 60 * PRICE


# Ends before the end


@pytest.fixture
def short(monkeypatch):
    """A run that is killed waits for what is in flight a moment only."""
    monkeypatch.setattr(run_module, "_STOP_SECONDS", 0.3)


def test_a_run_that_is_killed_leaves_airflow_time_to_end_it():
    assert run_module._STOP_SECONDS <= 3


def test_a_run_that_is_killed_sends_nothing_more_and_settles_what_arrived(each_desk, short):
    provider = Provider()
    provider.withhold()
    pace = Pace(concurrency=4, ahead=4)
    with each_desk.planned(table(range(1, 51)), provider, pace=pace) as played, performing(played.run):
        until(lambda: len(provider.asked) == 4)
        provider.go_on(10)
        until(lambda: each_desk.count(state="answered") == 10)
        until(lambda: (len(provider.asked), each_desk.count()) == (14, 18))
        began = time.monotonic()
        played.run.kill()
    assert time.monotonic() - began < 2.5
    assert played.run.was_killed
    assert len(provider.asked) == 14
    assert states(each_desk) == {"answered": 10, "unknown": 4, "not_sent": 4}
    assert played.run.totals.spent_rial == 10 * PRICE == each_desk.money()[0]
    assert each_desk.money()[1] == 4 * PRICE


def test_what_arrives_after_the_kill_and_in_time_is_settled(desk, short):
    provider = Provider()
    provider.withhold()
    with desk.planned(table(range(1, 51)), provider) as played, performing(played.run):
        until(lambda: (len(provider.asked), desk.count()) == (4, 8))
        played.run.kill()
        provider.go_on()
    assert states(desk) == {"answered": 4, "not_sent": 4}
    assert len(provider.asked) == 4


def test_a_run_that_was_killed_before_it_began_sends_nothing(desk, short):
    provider = Provider()
    with desk.planned(table(range(1, 51)), provider) as played:
        played.run.kill()
        played.run.perform()
    assert (provider.asked, desk.count()) == ([], 0)
    assert {one.status for one in played.rows.values()} == {"not_sent_stopped"}


class Slept:
    """A clock of a machine that can be put to sleep."""

    def __init__(self):
        self.asleep = 0.0

    def __call__(self):
        return time.monotonic() + self.asleep


@pytest.mark.parametrize("accounts", [1, 2])
def test_a_worker_whose_lease_is_over_keeps_its_answers_and_asks_nothing_more(desk, accounts):
    clock, provider = Slept(), Provider()
    provider.withhold()
    others = [Provider("paystar")] * (accounts - 1)
    with (
        desk.planned(table(range(1, 51)), provider, *others, clocks={"monotonic": clock}) as played,
        performing(played.run),
    ):
        until(lambda: len(provider.asked) == 4)
        clock.asleep = 1_000.0
        provider.go_on()
    asked = len(provider.asked)
    assert asked < 50
    assert played.run.may_repeat
    assert played.run.ended_by == "not_sent_stopped"
    assert played.statuses["matched"] == asked == states(desk)["answered"]
    assert played.cost_rial == played.run.totals.spent_rial == desk.money()[0] == asked * PRICE


def test_what_the_first_account_has_cost_stays_when_the_lease_is_over(desk):
    clock = Slept()
    paystar, jibit = two("paystar", otherwise=UNLISTED)
    paystar.withhold()
    with (
        desk.planned(table(range(1, 10)), paystar, jibit, clocks={"monotonic": clock}) as played,
        performing(played.run),
    ):
        until(lambda: len(paystar.asked) == 4)
        clock.asleep = 1_000.0
        paystar.go_on()
    assert played.run.totals.spent_rial == desk.money()[0] == 4 * PRICE
    assert played.cost_rial == 4 * PRICE


def test_what_others_have_closed_meanwhile_is_what_the_journal_says(each_desk):
    """Others found the worker gone: a late answer still counts, and what it cannot prove any more is unknown."""
    provider = Provider(ends={2: UNREACHED, 3: LOST, 4: TRANSIENT})
    provider.withhold()
    with each_desk.planned(table([1, 2, 3, 4]), provider) as played, performing(played.run):
        until(lambda: len(provider.asked) == 4)
        with closing(each_desk.journal(clock=lambda _: datetime.now(UTC) + timedelta(days=1))) as other:
            assert other.recover() == 4
        provider.go_on()
    assert [one.status for one in played.rows.values()] == ["matched", "unknown", "unknown", "failed"]
    assert states(each_desk) == {"answered": 1, "unknown": 2, "rejected": 1}
    assert played.cost_rial == played.run.totals.spent_rial == PRICE
    assert each_desk.money() == (PRICE, 2 * PRICE)


class Mistake(Exception):
    pass


def test_a_mistake_in_a_lane_is_raised_and_what_had_arrived_is_settled(desk):
    provider = Provider()

    def taking(job):
        if len(provider.asked) == 20:
            raise Mistake

    provider.taking = taking
    with desk.planned(table(range(1, 51)), provider, budget=50 * PRICE) as played:
        with pytest.raises(Mistake):
            played.run.perform()
        balance = played.journal.check("budget")
    assert len(provider.asked) == 20
    counts = states(desk)
    assert counts["answered"] * PRICE == balance.spent_rial == played.run.totals.spent_rial
    assert counts["answered"] + counts["claimed"] >= 20
    assert counts["claimed"] * PRICE == balance.reserved_rial
    assert not any(thread.name in ("iranpay-jibit", "iranpay-paystar") for thread in threading.enumerate())


def test_a_mistake_in_the_listener_ends_the_lanes_too(desk):
    def heard(totals):
        raise Mistake

    with desk.planned(table(range(1, 51)), Provider()) as played, pytest.raises(Mistake):
        played.run.perform(heard)
    assert states(desk)["claimed"] == 0
    assert not any(thread.name in ("iranpay-jibit", "iranpay-paystar") for thread in threading.enumerate())


def test_the_totals_tell_how_far_it_is(desk):
    heard = []
    with desk.planned(table([*range(1, 31), 1]), Provider(ends={1: LOST})) as played:
        played.run.perform(lambda totals: heard.append((totals.questions, totals.spent_rial)))
    totals = played.run.totals
    assert heard == sorted(heard)
    assert heard[-1] == (30, 29 * PRICE)
    assert (totals.attempts, totals.paid, totals.unknown, totals.unknown_rial) == (30, 29, 1, PRICE)
    assert totals.statuses == {"matched": 29, "unknown": 1}


# All of it at once

ENDS = [YES, NO, REFUSED, UNLISTED, TRANSIENT, OPERATOR, UNREADABLE, LOST, UNREACHED]
FINAL = {"answered", "unknown", "unreadable"}
people = st.integers(1, 12)


@st.composite
def scripts(draw, name):
    """How one account answers; seldom with what closes it."""
    usual = st.sampled_from([one for one in ENDS if one is not OPERATOR])
    one = usual if draw(st.integers(0, 3)) else st.sampled_from(ENDS)
    return Provider(
        name, account=name, price_rial=draw(st.sampled_from([0, 70, 100])), ends=draw(st.dictionaries(people, one))
    )


@st.composite
def cases(draw):
    names = draw(st.sampled_from([["jibit"], ["paystar"], ["jibit", "paystar"], ["paystar", "jibit"]]))
    return {
        "people": draw(st.lists(people, min_size=1, max_size=20)),
        "providers": [draw(scripts(name)) for name in names],
        "cap": draw(st.integers(0, 1_500)),
        "pace": Pace(concurrency=draw(st.integers(1, 4)), ahead=draw(st.sampled_from([None, 1, 2, 40]))),
    }


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(case=cases())
def test_whatever_is_answered_the_sums_close(tmp_path_factory, case):
    rows, providers = case["people"], case["providers"]
    with open_warehouse(f"sqlite:///{tmp_path_factory.mktemp('run')}/warehouse.db") as warehouse:
        desk = Table(warehouse)
        with desk.planned(table(rows), *providers, pace=case["pace"], budget=case["cap"]) as played:
            played.run.perform()
            balance = played.journal.check("budget")
        totals = played.run.totals
        assert sum(played.statuses.values()) == len(rows)
        assert all(one.status in set(Status) for one in played.rows.values())
        assert all((one.origin != "none") is one.has_answer for one in played.rows.values())
        assert played.cost_rial == totals.spent_rial == balance.spent_rial == desk.money()[0]
        assert totals.unknown_rial == balance.reserved_rial == desk.money()[1]
        assert balance.spent_rial + balance.reserved_rial <= case["cap"]
        assert totals.attempts == desk.count()
        last, all_of = {}, defaultdict(list)
        for one in desk.attempts():
            assert one.state not in ("claimed", "held")
            all_of[one.question_id].append(one)
            last[one.question_id] = one
        for attempts in all_of.values():
            assert len({one.account for one in attempts}) == len(attempts)
            assert sum(one.state in FINAL for one in attempts) <= 1
        for provider in providers:
            assert len(set(provider.asked)) == len(provider.asked)
        answered = {key: one for key, one in played.rows.items() if one.has_answer}
        kept = {key for key, one in answered.items() if one.status != "provider_error" or one.error_code != "4711"}
        for provider in providers:
            provider.asked.clear()
        again = desk.run(table(rows), *providers, budget=10_000)
        repeated = {person for provider in providers for person in provider.asked}
        for key in kept - {key for key, one in answered.items() if one.error_code == "moon.is_full"}:
            assert again.rows[key].status == answered[key].status
            assert again.rows[key].cost_rial == 0
            assert rows[key - 1] not in repeated
        assert {one.status for one in again.rows.values()} & ANSWERS or not kept


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(rows=st.lists(people, min_size=1, max_size=20), accounts=st.tuples(*map(scripts, ("jibit", "paystar"))))
def test_whatever_two_workers_at_one_table_are_answered_the_sums_close(tmp_path_factory, impatient, rows, accounts):
    with open_warehouse(f"sqlite:///{tmp_path_factory.mktemp('runs')}/warehouse.db") as warehouse:
        desk = Table(warehouse)
        cap = 100 * len(rows)
        with (
            desk.planned(table(rows), accounts[0], pace=ONE_AT_A_TIME, budget=cap) as first,
            desk.planned(table(rows[::-1]), accounts[1], pace=ONE_AT_A_TIME, budget=cap) as second,
            performing(first.run),
            performing(second.run),
        ):
            pass
        for played in (first, second):
            assert len(played.rows) == len(rows)
            assert played.cost_rial == played.run.totals.spent_rial
        assert first.cost_rial + second.cost_rial == desk.money()[0]
        assert sum(desk.money()) <= cap
        finals = Counter(one.question_id for one in desk.attempts() if one.state in FINAL)
        assert set(finals.values()) <= {1}
        assert not desk.count(state="claimed")
