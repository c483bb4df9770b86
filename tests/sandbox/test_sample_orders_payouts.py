"""Sample payouts: every kind is played, the list of transfers agrees with the files, and no money moves for them."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.iran.days import TEHRAN, tehran_day
from airflow_provider_iranpay.sandbox.clock import Clock
from airflow_provider_iranpay.sandbox.orders.play import play_payouts
from airflow_provider_iranpay.sandbox.paystar.transfers import Deposits, Order, State, Transfers
from airflow_provider_iranpay.sandbox.settings import Settings
from tests.sandbox.paystar_caller import item

NOW = datetime(2026, 11, 21, 13, 0, tzinfo=TEHRAN)
HOUR = 3600
DEPOSITS = ("0100000000001", "0100000000002")
MOST_PENDING = 48 * HOUR

# What the merchant booked, and what one transfer of it says; a slash parts the young from the old.
CELLS = """
               nothing           pending          success                failed
    sent       NOT_FOUND         PENDING/OVERDUE  MATCHED                MATCHED_FAILED
    no_answer  INTENT_NO_ANSWER  PENDING/OVERDUE  MATCHED                MATCHED_FAILED
    paid       -                 -                MATCHED                FAILED_BOOKED_PAID
    failed     -                 -                SUCCESS_BOOKED_FAILED  MATCHED_FAILED
"""
HEADER, *ROWS = (line.split() for line in CELLS.strip().splitlines())
VERDICTS = {(name, state): cell.split("/") for name, *cells in ROWS for state, cell in zip(HEADER, cells, strict=True)}
OF_BOTH = {word for verdicts in VERDICTS.values() for word in verdicts} - {"-"}
OF_ALL = OF_BOTH | {"TWICE", "AMOUNT", "UNKNOWN_TO_US", "UNRECOGNISED"}


class Played:
    def __init__(self, people, *, days=10, per_day=60, seed=1, now=NOW):
        self.clock = Clock(now, real=lambda: 0.0)
        settings = Settings({})
        settings.paystar_deposits = dict.fromkeys(DEPOSITS, 5_000)
        self.settings = settings
        self.book = Transfers(self.clock, settings, purse=Deposits(settings), seed="1/transfers")
        self.play = lambda seed=seed: play_payouts(
            self.book, people, deposits=DEPOSITS, now=self.clock.now(), days=days, per_day=per_day, seed=seed
        )
        self.story = self.play()
        self.intents = {intent.track_id: intent for intent in self.story.payouts}

    def judged(self, *, was=None):
        """The verdict on every track id, from the files and the list alone."""
        amounts = {row.hashid: row.amount_rial for row in self.story.panel}
        at = self.clock.timestamp()
        listed = defaultdict(list)
        for transfer in self.book.newest_first():
            listed[transfer.order.track_id].append(transfer)
        return {
            track_id: f"PAYOUT_{self._judge(track_id, listed[track_id], amounts, at, (was or {}).get(track_id))}"
            for track_id in listed.keys() | self.intents.keys()
        }

    def _judge(self, track_id, transfers, amounts, at, was):
        intent = self.intents.get(track_id)
        if intent is None or len(transfers) > 1:
            return "TWICE" if intent else "UNKNOWN_TO_US"
        if not transfers:
            return VERDICTS[intent.status, "nothing"][0]
        (transfer,) = transfers
        if transfer.state not in HEADER:
            return "UNRECOGNISED"
        if was == "success" != transfer.state:
            return "WENT_BACK"
        if amounts[transfer.hashid] != intent.amount_rial:
            return "AMOUNT"
        young, *old = VERDICTS[intent.status, transfer.state]
        return old[0] if old and at - transfer.at > MOST_PENDING else young


@pytest.fixture
def played(people):
    return Played(people)


def told(lines):
    return {line.track_id: line.verdict for line in lines}


@pytest.mark.parametrize("minutes", [0, 5])
def test_the_truth_is_what_the_rules_say_for_some_minutes(played, minutes):
    played.clock.advance(60 * minutes)
    assert played.judged() == told(played.story.truth)


def test_the_later_truth_is_what_the_rules_say_an_hour_after(played):
    was = {transfer.order.track_id: transfer.state.value for transfer in played.book.newest_first()}
    played.clock.advance(HOUR)
    assert played.judged(was=was) == told(played.story.later)


@pytest.mark.parametrize("hour", [0, 1, 23])
def test_the_truth_holds_at_any_time_of_day(people, hour):
    played = Played(people, days=5, per_day=0, now=NOW.replace(hour=hour, minute=3))
    assert played.judged() == told(played.story.truth)


def test_every_verdict_is_played(played):
    assert set(told(played.story.truth).values()) == {f"PAYOUT_{word}" for word in OF_ALL}
    assert set(told(played.story.later).values()) == {f"PAYOUT_{word}" for word in OF_ALL | {"WENT_BACK"}}


def test_every_booked_word_meets_every_state_that_has_a_verdict(played):
    listed = {transfer.order.track_id: transfer.state.value for transfer in played.book.newest_first()}
    met = {(intent.status, listed.get(intent.track_id, "nothing")) for intent in played.story.payouts}
    assert met >= {cell for cell, verdicts in VERDICTS.items() if verdicts != ["-"]}


def test_every_kind_is_played_even_if_there_are_few_orders(people):
    few = Played(people, days=5, per_day=0)
    assert {line.verdict for line in few.story.later} == {f"PAYOUT_{word}" for word in OF_ALL | {"WENT_BACK"}}


def test_there_is_a_payout_for_twenty_orders_and_nearly_all_are_ordinary(people):
    story = Played(people, days=30, per_day=400).story
    counts = Counter(told(story.truth).values())
    assert len(story.truth) == 600
    assert counts["PAYOUT_MATCHED"] > 0.8 * len(story.truth)


@pytest.mark.parametrize(
    ("severity", "words"),
    [
        ("info", {"MATCHED", "MATCHED_FAILED", "INTENT_NO_ANSWER", "NOT_FOUND", "PENDING"}),
        ("warning", {"OVERDUE", "UNRECOGNISED"}),
        (
            "critical",
            {"FAILED_BOOKED_PAID", "SUCCESS_BOOKED_FAILED", "WENT_BACK", "TWICE", "AMOUNT", "UNKNOWN_TO_US"},
        ),
    ],
)
def test_a_verdict_has_its_severity(played, severity, words):
    lines = [line for line in played.story.later if line.severity == severity]
    assert {line.verdict for line in lines} == {f"PAYOUT_{word}" for word in words}


# Files


def test_the_truth_has_one_line_for_every_track_id_in_their_order(played):
    for lines in (played.story.truth, played.story.later):
        track_ids = [line.track_id for line in lines]
        assert track_ids == sorted(set(track_ids))
        assert set(track_ids) == played.intents.keys() | {row.track_id for row in played.story.panel}


def test_the_panel_is_the_book(played):
    panel = {(row.hashid, row.track_id, row.deposit, row.amount_rial, row.created_at) for row in played.story.panel}
    assert panel == {
        (one.hashid, one.order.track_id, one.order.source, one.order.amount_rial, tehran(one.at))
        for one in played.book.newest_first()
    }


def tehran(at):
    return datetime.fromtimestamp(at, TEHRAN).isoformat()


def test_an_amount_is_more_or_less_than_was_meant(played):
    wrong = {line.track_id for line in played.story.truth if line.verdict == "PAYOUT_AMOUNT"}
    more = {
        one.order.amount_rial > played.intents[one.order.track_id].amount_rial
        for one in played.book.newest_first()
        if one.order.track_id in wrong
    }
    assert more == {True, False}


def test_a_transfer_is_of_the_deposit_and_account_that_were_meant(played):
    for one in played.book.newest_first():
        intent = played.intents.get(one.order.track_id)
        if intent:
            assert (one.order.source, one.order.destination) == (intent.deposit, intent.destination_account)
            assert timedelta(0) < datetime.fromtimestamp(one.at, TEHRAN) - when(intent) < timedelta(minutes=5)


def when(row):
    return datetime.fromisoformat(row.created_at)


def test_a_destination_is_the_iban_of_an_inhabitant(played, people):
    strange = [row for row in played.story.payouts if people.by_iban(row.destination_account) is None]
    assert strange == []


def test_payouts_are_of_the_days_before_today_but_for_what_is_pending(people):
    played = Played(people, per_day=400)
    today = tehran_day(NOW)
    days = {tehran_day(when(intent)) for intent in played.story.payouts}
    assert days == {today - timedelta(n) for n in range(11)}
    truth = told(played.story.truth)
    of_today = {truth[intent.track_id] for intent in played.story.payouts if tehran_day(when(intent)) == today}
    assert of_today == {"PAYOUT_PENDING"}


def test_rows_are_in_the_order_of_time(played):
    for rows in (played.story.payouts, played.story.panel):
        assert [row.created_at for row in rows] == sorted(row.created_at for row in rows)


def test_the_same_seed_at_the_same_time_is_the_same(people, played):
    assert Played(people).story.as_tables() == played.story.as_tables()
    assert Played(people, seed=2).story.payouts != played.story.payouts


@pytest.mark.parametrize("later", [0, 1700])
def test_played_again_they_replace_the_first_ones(played, later):
    played.clock.advance(later)
    count = len(list(played.book.newest_first()))
    story = played.play()
    assert len(list(played.book.newest_first())) == count
    # What the first play would have turned by now is not turned before its new time.
    played.clock.advance(200)
    assert played.judged() == told(story.truth)


def test_those_of_another_seed_are_added(played):
    first = {one.hashid for one in played.book.newest_first()}
    played.play(seed=2)
    second = {one.hashid for one in played.book.newest_first()}
    assert (first < second, len(second)) == (True, 2 * len(first))


@pytest.mark.parametrize(("days", "per_day"), [(4, 1), (367, 1), (5, -1), (100, 1001)])
def test_too_much_or_too_little_is_refused(people, days, per_day):
    with pytest.raises(ValueError, match="days is 5 to 366"):
        Played(people, days=days, per_day=per_day)


def test_without_a_deposit_nothing_is_played(sandbox, banking):
    sandbox.world.change_settings({"paystar_deposits": dict.fromkeys(sandbox.world.settings.paystar_deposits)})
    refused = banking.send("POST", "/_sandbox/orders", {"days": 5, "per_day": 0})
    assert (refused.status, refused.body) == (400, {"error": "there is no deposit to pay from"})
    desk = sandbox.world.paystar.desk
    assert (list(desk.payments), list(desk.transfers.newest_first())) == ([], [])


# The book


@given(amounts=st.lists(st.integers(1, 1_000), max_size=10), waits=st.lists(st.integers(0, 30 * HOUR), min_size=10))
def test_no_money_moves_for_a_history(people, amounts, waits):
    """Every Rial is in the deposits, on the way, or paid by what was asked for, as if there were no history."""
    played = Played(people, days=5, per_day=0)
    book, settings = played.book, played.settings
    settings.paystar_transfer_failed_percent = 50
    for n, amount in enumerate(amounts):
        book.accept(Order(str(n), amount, DEPOSITS[0], "x"))
        played.clock.advance(waits[n])
        paid = sum(
            one.order.amount_rial for one in book.newest_first() if one.state is State.SUCCESS and not one.foreign
        )
        assert sum(settings.paystar_deposits.values()) + book.on_the_way_rial() + paid == 10_000


def test_what_was_pending_succeeds_a_day_after(played):
    pending = {one.hashid for one in played.book.newest_first() if one.state is State.PENDING}
    played.clock.advance(24 * HOUR)
    assert {one.state for one in played.book.newest_first() if one.hashid in pending} == {State.SUCCESS}


def test_a_reset_forgets_the_history(played):
    played.book.reset()
    assert list(played.book.newest_first()) == []
    assert [track_id for track_id in played.intents if played.book.of(track_id)] == []


# The list over HTTP


@pytest.fixture
def tables(sandbox, banking):
    sandbox.world.clock.set(NOW)
    sandbox.world.clock.freeze()
    banking.log_in()
    return banking.admin("POST", "orders", {"days": 5, "per_day": 0})


def listed(banking, **asked):
    return banking.transfers(limit=100, **asked).body["data"]


def test_the_list_shows_them_in_the_ordinary_form_newest_first(banking, tables):
    items = listed(banking)
    assert [one["hashid"] for one in items] == [row["hashid"] for row in reversed(tables["payouts.panel"])]
    assert {frozenset(one) for one in items} == {frozenset({"hashid", "track_id", "status", "message", "ref_code"})}
    assert all(one["message"] for one in items)
    assert {one["status"] for one in items} == {"pending", "success", "failed", "SANDBOX_UNKNOWN"}
    assert {len(one["ref_code"]) if one["ref_code"] else 0 for one in items if one["status"] == "success"} == {12}


def test_the_list_finds_them_by_track_id_and_by_deposit(banking, tables):
    transfers = Counter(row["track_id"] for row in tables["payouts.panel"])
    for line in tables["payouts.truth"]:
        assert len(listed(banking, track_id=line["track_id"])) == transfers[line["track_id"]]
    for deposit in {row["deposit"] for row in tables["payouts"]}:
        wanted = {row["hashid"] for row in tables["payouts.panel"] if row["deposit"] == deposit}
        assert {one["hashid"] for one in listed(banking, deposit=deposit)} == wanted


def test_a_transfer_of_today_stands_above_them(banking, people, tables):
    banking.transfer(item(people))
    assert listed(banking)[0]["track_id"] == "payout-1"


def test_a_transfer_of_before_stands_among_them(sandbox, banking, people):
    sandbox.world.clock.set(NOW - timedelta(hours=70))
    banking.log_in()
    banking.transfer(item(people))
    sandbox.world.clock.set(NOW)
    banking.log_in()
    banking.admin("POST", "orders", {"days": 5, "per_day": 0})
    at = [one["accepted_at"] for one in banking.admin("GET", "transfers")["transfers"]]
    assert at == sorted(at, reverse=True)
    assert 0 < [one["track_id"] for one in listed(banking)].index("payout-1") < len(at) - 1


def test_a_planted_track_id_is_a_repeated_one(banking, people, tables):
    planted = tables["payouts.panel"][0]["track_id"]
    assert banking.transfer(item(people, track_id=planted)).body["status"] == 10


def test_they_are_not_billed_and_the_deposits_stay(sandbox, tables):
    assert list(sandbox.world.ledger.entries) == []
    assert sandbox.world.settings.paystar_deposits == Settings({}).paystar_deposits
