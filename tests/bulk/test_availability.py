"""Closed banks: heard from the report, kept from being asked, and asked once they are open again."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager

import pandas as pd
import pytest

from airflow_provider_iranpay.bulk import availability as module
from airflow_provider_iranpay.bulk import run as run_module
from airflow_provider_iranpay.bulk.availability import Availability
from airflow_provider_iranpay.bulk.outcomes import Outcome, Status
from airflow_provider_iranpay.bulk.run import Pace
from airflow_provider_iranpay.exceptions import TransientFailure
from airflow_provider_iranpay.inquiries import INQUIRIES
from airflow_provider_iranpay.iran.identifiers import build_iban, complete_card
from tests.bulk.playing import PRICE, UNREACHED, End, Provider
from tests.bulk.test_run import Slept
from tests.bulk.waiting import performing, some_turns, until

CARD_TO_IBAN = INQUIRIES["card_to_iban"]
IBAN = build_iban("017", "7")
ANSWER = End(
    200,
    {
        "jibit": f'{{"ibanInfo": {{"iban": "{IBAN}"}}}}',
        "paystar": f'{{"status": 1, "data": {{"iban": "{IBAN}"}}}}',
    },
)
BROKEN = TransientFailure("it broke.", provider="jibit", service="card_to_iban_availability", phase="answered")
BANK_IS_DOWN = End(400, {"jibit": '{"code": "card.source_bank_is_not_active"}'})
PREFIXES = {"MELLI": "603799", "SAMAN": "621986", "BLU": "62198618", "KOSAR": "505801", "NOBODY": "999999"}
"""First digits of cards: BLU's are Saman's, Kosar has no id of Jibit, and nobody's bank is in no table."""


def card(bank, number=1):
    prefix = PREFIXES[bank]
    return complete_card(f"{prefix}{number:0{15 - len(prefix)}d}")


def cards(**banks):
    """A row for each of so many cards of banks, bank after bank, with the keys 1, 2, 3."""
    numbers = [card(bank, number) for bank, count in banks.items() for number in range(1, count + 1)]
    return pd.DataFrame({"id": range(1, len(numbers) + 1), "card": pd.Series(numbers, dtype="object")})


class Report:
    """A report that says what it is told to, from then on.

    :ivar asked: how often.
    """

    def __init__(self, *closed):
        self.closed = frozenset(closed)
        self.error = None
        self.may_come = threading.Event()
        self.may_come.set()
        self.asked = 0

    def __call__(self):
        self.asked += 1
        assert self.may_come.wait(10)
        if self.error is not None:
            raise self.error
        return self.closed

    def comes(self, times=2):
        """Wait until it has come again; the first to come may have been under way."""
        until(lambda seen=self.asked: self.asked >= seen + times)


@pytest.fixture
def often(monkeypatch):
    """Have a report asked over and over."""
    monkeypatch.setattr(module, "_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(module, "_APART_SECONDS", 0.0)


def account(report=None, name="jibit", **how):
    how = {"account": name, "otherwise": ANSWER} | how
    return Provider(name, inquiry=CARD_TO_IBAN, closed_banks=report, **how)


def pace(**how):
    return Pace(**({"concurrency": 4, "patience_seconds": 60} | how))


SKIP = {"on_unavailable": "skip"}


@contextmanager
def begun(desk, frame, *providers, **how):
    """A run that is performed meanwhile."""
    with (
        desk.planned(frame, *providers, inquiry=CARD_TO_IBAN, pace=pace(**how)) as played,
        performing(played.run) as played.task,
    ):
        yield played


def run(desk, frame, *providers, **how):
    with begun(desk, frame, *providers, **how) as played:
        pass
    return played


# What is known of one account


class Asked:
    """As much of a question as tells its bank."""

    def __init__(self, bank):
        self._card = card(bank)

    def value(self, name):
        assert name == "card"
        return self._card


@contextmanager
def listening(report):
    availability = Availability(account(report).way)
    availability.start()
    try:
        yield availability
    finally:
        report.may_come.set()
        availability.stop()


def heard(report):
    """What is known after a first report, that there is one."""
    with listening(report) as availability:
        until(lambda: availability.is_ready)
        return availability


def closed(availability):
    return {bank for bank in PREFIXES if availability.closed_bank(Asked(bank)) is not None}


@pytest.mark.parametrize(
    ("reported", "shut"),
    [
        ((), set()),
        (("MELLI",), {"MELLI"}),
        (("SAMAN",), {"SAMAN", "BLU"}),
        (("MELLI", "SAMAN", "SEPAH", "MOON"), {"MELLI", "SAMAN", "BLU"}),
    ],
)
def test_a_card_is_of_the_bank_that_its_first_digits_name(reported, shut):
    assert closed(heard(Report(*reported))) == shut


def test_an_account_without_a_report_is_ready_and_closes_nothing():
    availability = Availability(account().way)
    availability.start()
    assert (availability.is_ready, closed(availability)) == (True, set())


def test_until_the_first_report_has_come_it_is_not_ready(monkeypatch):
    report = Report("MELLI")
    report.may_come.clear()
    with listening(report) as availability:
        until(lambda: report.asked)
        assert not availability.is_ready
        report.may_come.set()
        until(lambda: availability.is_ready)
        assert closed(availability) == {"MELLI"}


def test_a_first_report_that_does_not_come_is_not_waited_for_for_long(monkeypatch):
    monkeypatch.setattr(module, "_FIRST_SECONDS", 0.05)
    report = Report("MELLI")
    report.may_come.clear()
    with listening(report) as availability:
        until(lambda: availability.is_ready)
        assert closed(availability) == set()


def test_each_opening_is_told_once(often):
    report = Report("MELLI", "SAMAN")
    with listening(report) as availability:
        until(lambda: closed(availability))
        assert availability.opened() == []
        report.closed = frozenset()
        until(lambda: not closed(availability))
        until(lambda: len(availability._opened) == 2)
        assert availability.opened() == ["MELLI", "SAMAN"]
        report.comes()
        assert availability.opened() == []


FAILED = Outcome(Status.FAILED, error_code="card.source_bank_is_not_active")


def test_a_bank_that_fails_while_it_counts_as_open_has_the_report_asked_early(monkeypatch):
    monkeypatch.setattr(module, "_APART_SECONDS", 0.0)
    report = Report()
    with listening(report) as availability:
        until(lambda: availability.is_ready)
        report.closed = {"MELLI"}
        assert availability.explains(Asked("MELLI"), FAILED)
        until(lambda: closed(availability) == {"MELLI"})
        assert availability.explains(Asked("MELLI"), FAILED)
        assert report.asked == 2


def test_no_other_end_is_explained_by_a_closed_bank_and_none_where_there_is_no_report():
    availability = heard(Report("MELLI"))
    others = [Outcome(Status.OK), Outcome(Status.FAILED, error_code="server.error"), Outcome(Status.UNKNOWN)]
    assert not any(availability.explains(Asked("MELLI"), one) for one in others)
    assert not Availability(account().way).explains(Asked("MELLI"), FAILED)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (BROKEN, "it broke."),
        (RuntimeError("6037990000000006"), "RuntimeError"),
    ],
)
def test_a_report_that_fails_closes_nothing_and_is_logged_once_until_it_comes_again(often, caplog, error, said):
    report = Report("MELLI")
    with listening(report) as availability:
        until(lambda: closed(availability))
        for _ in range(2):
            report.error = error
            until(lambda: not closed(availability))
            report.comes(5)
            report.error = None
            until(lambda: closed(availability))
    lines = [record.getMessage() for record in caplog.records if "no report" in record.getMessage()]
    assert len(lines) == 2
    assert all(line.endswith(said) for line in lines)
    assert "603799" not in caplog.text


# What a run does


def test_cards_of_a_closed_bank_are_not_sent_and_cost_nothing(each_desk):
    jibit = account(Report("SAMAN"))
    played = run(each_desk, cards(MELLI=3, SAMAN=2, BLU=1, KOSAR=1, NOBODY=1), jibit, **SKIP)
    assert played.statuses == {"ok": 5, "not_sent_unavailable": 3}
    assert len(jibit.asked) == 5
    assert played.cost_rial == played.run.totals.spent_rial == each_desk.money()[0] == 5 * PRICE
    assert each_desk.count() == 5
    assert played.run.ended_by is None
    row = played.rows[4]
    assert (row.origin, row.attempts, row.cost_rial, row.provider, row.track_id) == ("none", 0, 0, None, None)
    assert (row.error_code, "Saman Bank (SAMAN)" in row.error_message) == ("bank_closed", True)


def test_rows_that_ask_the_same_share_that_they_were_not_asked(desk):
    frame = pd.concat([cards(MELLI=2), cards(MELLI=2)], ignore_index=True).assign(id=range(4))
    played = run(desk, frame, account(Report("MELLI")), **SKIP)
    assert [(one.status, one.origin) for one in played.rows.values()] == [("not_sent_unavailable", "none")] * 4


def test_while_nothing_is_to_be_asked_no_report_is(desk):
    report = Report("MELLI")
    desk.run(cards(MELLI=3), account(), inquiry=CARD_TO_IBAN)
    played = run(desk, cards(MELLI=3), account(report))
    assert (report.asked, played.statuses) == (0, {"ok": 3})
    assert {one.origin for one in played.rows.values()} == {"cached"}


def test_a_kept_answer_of_a_closed_bank_is_an_answer(desk):
    desk.run(cards(MELLI=2), account(), inquiry=CARD_TO_IBAN)
    played = run(desk, cards(MELLI=3), account(Report("MELLI")), **SKIP)
    assert [(one.status, one.origin) for one in played.rows.values()] == [
        ("ok", "cached"),
        ("ok", "cached"),
        ("not_sent_unavailable", "none"),
    ]


def test_an_answer_that_another_worker_brings_meanwhile_is_taken(desk, often):
    report, other = Report("MELLI"), account()
    with begun(desk, cards(MELLI=2, SAMAN=4), account(report), patience_seconds=2.0) as played:
        until(lambda: desk.count() == 4)
        desk.run(cards(MELLI=1), other, inquiry=CARD_TO_IBAN)
    assert [played.rows[key].status for key in (1, 2)] == ["ok", "not_sent_unavailable"]
    assert (played.rows[1].origin, len(other.asked)) == ("cached", 1)


@pytest.mark.parametrize("how", ["skip", "wait"])
def test_a_bank_that_opens_while_others_are_asked_is_asked(desk, often, how):
    report = Report("MELLI")
    jibit = account(report)
    jibit.withhold()
    with begun(desk, cards(MELLI=30, SAMAN=30), jibit, on_unavailable=how) as played:
        until(lambda: desk.count() == 8)
        assert all(number in jibit.asked for number in map(int, cards(SAMAN=4).card))
        report.closed = frozenset()
        report.comes()
        jibit.go_on()
    assert played.statuses == {"ok": 60}
    assert len(jibit.asked) == 60


def test_a_bank_that_closes_in_mid_run_closes_the_rest_of_its_rows(desk, often):
    report = Report()
    jibit = account(report)
    jibit.withhold()
    with begun(desk, cards(MELLI=50, SAMAN=5), jibit, **SKIP) as played:
        until(lambda: desk.count() == 8)
        report.closed = {"MELLI"}
        report.comes()
        jibit.go_on()
    assert played.statuses == {"ok": 13, "not_sent_unavailable": 42}
    assert desk.count() == 13


def test_one_that_is_open_again_is_asked_though_all_else_is_done(each_desk, often):
    report = Report("MELLI")
    jibit = account(report)
    with begun(each_desk, cards(MELLI=20, SAMAN=3), jibit) as played:
        until(lambda: each_desk.count(state="answered") == 3)
        some_turns(played.task)
        report.closed = frozenset()
    assert played.statuses == {"ok": 23}
    assert played.run.totals.paid == 23


def test_one_that_opens_and_closes_is_asked_as_long_as_it_is_open(desk, often):
    report = Report("MELLI")
    jibit = account(report)
    jibit.withhold()
    with begun(desk, cards(MELLI=40), jibit) as played:
        for opening in range(1, 4):
            report.closed = frozenset()
            until(lambda opening=opening: len(jibit.asked) >= 4 * opening)
            report.closed = {"MELLI"}
            report.comes()
            jibit.go_on(8)
            until(lambda: not desk.count(state="claimed"))
        assert desk.count() < 40
        report.closed = frozenset()
        jibit.go_on()
    assert played.statuses == {"ok": 40}
    assert len(set(jibit.asked)) == len(jibit.asked) == 40


def test_patience_with_a_closed_bank_ends(desk):
    played = run(desk, cards(MELLI=3, SAMAN=3), account(Report("MELLI")), patience_seconds=0.05)
    assert played.statuses == {"ok": 3, "not_sent_unavailable": 3}
    assert played.run.ended_by is None


def test_while_it_waits_the_lease_is_renewed(desk, often):
    clock, report = Slept(), Report("MELLI")
    how = {"inquiry": CARD_TO_IBAN, "pace": pace(), "clocks": {"monotonic": clock}}
    with desk.planned(cards(MELLI=5), account(report), **how) as played, performing(played.run) as task:
        for _ in range(4):
            some_turns(task)
            clock.asleep += 20
        some_turns(task)
        report.closed = frozenset()
    assert played.statuses == {"ok": 5}


def test_a_run_that_is_killed_while_it_waits_ends_at_once(desk):
    jibit = account(Report("MELLI"))
    with begun(desk, cards(MELLI=5, SAMAN=1), jibit) as played:
        until(lambda: desk.count(state="answered") == 1)
        played.run.kill()
    assert (played.run.was_killed, desk.count(), len(jibit.asked)) == (True, 1, 1)


def test_no_report_is_asked_once_the_run_is_over(desk, often):
    report = Report()
    run(desk, cards(MELLI=3), account(report))
    assert report.asked
    until(lambda: not [one for one in threading.enumerate() if one.name == "iranpay-jibit-banks"])


def test_a_report_that_fails_from_the_start_keeps_nothing_from_being_asked(desk):
    report = Report("MELLI")
    report.error = BROKEN
    assert run(desk, cards(MELLI=5), account(report)).statuses == {"ok": 5}


def test_a_report_that_hangs_delays_a_run_and_does_not_stop_it(desk, monkeypatch):
    monkeypatch.setattr(module, "_FIRST_SECONDS", 0.05)
    report = Report("MELLI")
    report.may_come.clear()
    try:
        assert run(desk, cards(MELLI=5), account(report)).statuses == {"ok": 5}
    finally:
        report.may_come.set()


def test_the_estimate_knows_nothing_of_closed_banks(desk):
    report = Report("MELLI")
    estimate = desk.estimate(cards(MELLI=3, SAMAN=1), account(report), inquiry=CARD_TO_IBAN)
    assert (estimate.to_ask, estimate.cost_rial, report.asked) == (4, 4 * PRICE, 0)


def test_a_budget_is_kept_for_what_can_be_asked(desk):
    jibit = account(Report("MELLI"))
    how = {"inquiry": CARD_TO_IBAN, "pace": pace(**SKIP)}
    played = desk.run(cards(MELLI=5, SAMAN=3), jibit, budget=3 * PRICE, **how)
    assert played.statuses == {"ok": 3, "not_sent_unavailable": 5}
    assert played.run.ended_by is None


def test_what_the_first_account_cannot_answer_now_goes_to_the_second(desk):
    jibit, paystar = account(Report("MELLI")), account(name="paystar")
    played = run(desk, cards(MELLI=5, SAMAN=3), jibit, paystar)
    assert (len(jibit.asked), len(paystar.asked)) == (3, 5)
    assert {one.attempts for one in played.rows.values()} == {1}
    assert played.statuses == {"ok": 8}


def test_the_second_is_not_asked_either_while_its_own_report_closes_the_bank(desk):
    first, second = account(Report("MELLI")), account(Report("SAMAN", "MELLI"), account="second")
    played = run(desk, cards(MELLI=5, SAMAN=3), first, second, **SKIP)
    assert (len(first.asked), second.asked) == (3, [])
    assert played.statuses == {"ok": 3, "not_sent_unavailable": 5}


def test_what_fails_at_the_first_is_not_held_back_for_a_second_whose_bank_is_closed(desk):
    paystar, jibit = account(name="paystar", otherwise=UNREACHED), account(Report("MELLI"))
    played = run(desk, cards(MELLI=3), paystar, jibit)
    assert jibit.asked == []
    assert {one.provider for one in played.rows.values()} == {"paystar"}
    assert played.statuses == {"not_sent_unavailable": 3}


def test_a_bank_that_fails_all_its_rows_does_not_close_an_account_that_has_a_report(desk):
    report = Report()
    jibit = account(report, ends=dict.fromkeys(map(int, cards(MELLI=200).card), BANK_IS_DOWN))
    played = run(desk, cards(MELLI=200, SAMAN=3), jibit, concurrency=1, ahead=100)
    assert played.run.ended_by is None
    assert played.statuses == {"ok": 3, "failed": 200}
    assert desk.run(cards(MELLI=200), account(ends=jibit.ends), inquiry=CARD_TO_IBAN).run.ended_by


def test_what_opens_and_closes_is_said_once_with_the_rows_that_wait(desk, often, caplog):
    caplog.set_level(logging.INFO)
    report = Report("MELLI")
    with begun(desk, cards(MELLI=1000, SAMAN=3), account(report), concurrency=64):
        until(lambda: desk.count(state="answered") == 3)
        report.comes()
        report.closed = frozenset()
    lines = [line for line in caplog.messages if "the bank" in line.lower()]
    assert lines == [
        "jibit: the bank MELLI is closed, as the provider reports.",
        "The bank MELLI is open again; 1,000 questions have waited for it.",
    ]


def test_rows_that_are_not_sent_are_not_gathered_in_memory(desk, monkeypatch):
    monkeypatch.setattr(run_module, "_NOTED_TOGETHER", 50)
    held = []
    how = {"inquiry": CARD_TO_IBAN, "pace": pace(**SKIP)}
    with desk.planned(cards(MELLI=1000), account(Report("MELLI")), **how) as played:
        played.run.perform(lambda _: held.append(len(played.run._outcomes)))
    assert max(held) < 50 + played.run._ahead
    assert played.statuses == {"not_sent_unavailable": 1000}


def test_many_cards_of_a_closed_bank_are_passed_over_without_waiting(desk):
    """A nap after each few of them would take 25 seconds."""
    played = run(desk, cards(MELLI=2000, SAMAN=1), account(Report("MELLI")), concurrency=1, ahead=4, **SKIP)
    assert played.statuses == {"ok": 1, "not_sent_unavailable": 2000}
