"""What is asked next: in the order of the rows, and what another worker has only once it is free."""

from __future__ import annotations

from contextlib import closing, contextmanager

import pytest

from airflow_provider_iranpay.bulk import agenda as module
from airflow_provider_iranpay.bulk.agenda import Agenda
from airflow_provider_iranpay.warehouse.journal.records import Claim, Kind, Terms
from airflow_provider_iranpay.warehouse.journal.states import Event, State
from tests.bulk.playing import INQUIRY, LOST, Provider, mobile, table
from tests.bulk.test_plan import Batches
from tests.warehouse.journal.playing import STALE, Clock, Desk


class Watch:
    """The clock of this process, set by hand."""

    def __init__(self):
        self.now = 1_000.0

    def monotonic(self):
        return self.now

    def pass_(self, seconds=2.0):
        """By default long enough to look again at what another worker has."""
        self.now += seconds


@pytest.fixture(autouse=True)
def watch(monkeypatch):
    """The clock by which the agenda waits."""
    made = Watch()
    monkeypatch.setattr(module, "time", made)
    return made


class Noted(dict):
    """What became of questions that need no call, by the ordinal of their row."""

    def __call__(self, question, outcome):
        assert question.leader not in self
        self[question.leader] = outcome


@contextmanager
def agenda_of(desk, people, *, patience=60, bank_patience=60, size=100, **how):
    """An agenda, what it noted, and its journal."""
    with (
        closing(desk.journal()) as journal,
        closing(desk.plan(journal, Batches(table(people), size), Provider(), **how)) as plan,
    ):
        noted = Noted()
        agenda = Agenda(plan, journal, note=noted, patience_seconds=patience, bank_seconds=bank_patience)
        yield agenda, noted, journal


def taken(agenda):
    """The rows of all questions that are free now."""
    return [question.leader for question, _ in iter(agenda.take, None)]


def claim(journal, standing):
    (won,) = journal.commit(
        claims=[Claim(standing, Terms(INQUIRY.name, "jibit", "another", 1), track_id=str(id(standing)))]
    ).won
    return won


@contextmanager
def another_with(desk, *people):
    """Another worker, who has the questions to these people."""
    with closing(desk.journal()) as journal, closing(desk.plan(journal, table(people), Provider())) as plan:
        questions = [one for one, _ in plan.open_questions()]
        found = journal.look_up([one.ask for one in questions], desk.freshness())
        yield journal, [claim(journal, standing) for standing in found]


@pytest.mark.parametrize("size", [1, 2, 100])
def test_questions_come_once_each_in_the_order_of_their_rows(desk, size):
    desk.run(table([2]), Provider())
    with agenda_of(desk, [1, 2, 3, 1, 4], size=size) as (agenda, noted, _):
        assert not agenda.is_empty
        assert taken(agenda) == [1, 3, 5]
        assert agenda.is_empty
        assert noted == {}  # the kept one was noted by the plan


def test_a_new_question_is_free_and_has_no_attempt(desk):
    with agenda_of(desk, [1]) as (agenda, _, _):
        question, standing = agenda.take()
        assert (standing.kind, standing.attempt, standing.ask) == (Kind.FREE, None, question.ask)


def test_one_that_was_asked_before_comes_as_it_stands(desk):
    desk.run(table([1]), Provider(otherwise=LOST))
    with agenda_of(desk, [1], retry_unknown=True) as (agenda, _, _):
        _, standing = agenda.take()
        assert (standing.kind, standing.state) == (Kind.FREE, State.UNKNOWN)
        assert standing.attempt is not None


def test_one_that_somebody_was_quicker_with_is_looked_up_again(desk):
    with agenda_of(desk, [1, 2]) as (agenda, noted, _):
        first, second = agenda.take()[0], agenda.take()[0]
        desk.run(table([1]), Provider())
        agenda.look_up_again([first, second])
        assert not agenda.is_empty
        assert taken(agenda) == [2]
        assert noted[1].origin == "cached"
        assert agenda.is_empty


def test_one_that_another_worker_has_is_parked_until_it_is_answered(desk, watch):
    with another_with(desk, 1) as (other, (attempt,)), agenda_of(desk, [1]) as (agenda, noted, _):
        for _ in range(3):
            assert agenda.take() is None
            watch.pass_()
        assert (agenda.is_empty, noted) == (False, {})
        answers = Desk(desk.warehouse, other.environment)
        other.commit(answers=[answers.answer(attempt, Event.REJECTED_FREE, content=None)])
        assert taken(agenda) == [1]
        assert agenda.is_empty


def test_what_is_free_does_not_wait_for_what_another_worker_has(desk):
    with another_with(desk, 1), agenda_of(desk, [1, 2], size=1) as (agenda, _, _):
        assert taken(agenda) == [2]
        assert not agenda.is_empty


def test_patience_ends_with_an_outcome_of_its_own(desk, watch):
    with another_with(desk, 1), agenda_of(desk, [1], patience=60) as (agenda, noted, _):
        agenda.take()
        watch.pass_(60)
        agenda.take()
        assert noted == {}
        watch.pass_()
        assert agenda.take() is None
        assert noted[1].status == "not_sent_busy"
        assert agenda.is_empty


def looks_of(monkeypatch, journal, watch, seconds=0.0):
    """Each look that the journal is asked for; it takes so long."""
    looks, look_up = [], journal.look_up

    def looked_up(*what):
        assert len(looks) < 9, "it looks again and again"
        looks.append(watch.now)
        watch.pass_(seconds)
        return look_up(*what)

    monkeypatch.setattr(journal, "look_up", looked_up)
    return looks


def test_between_two_looks_the_journal_is_left_alone(desk, watch, monkeypatch):
    with another_with(desk, 1), agenda_of(desk, [1]) as (agenda, _, journal):
        assert agenda.take() is None
        looks = looks_of(monkeypatch, journal, watch)
        for _ in range(9):
            watch.pass_(0.5)
            agenda.take()
        assert len(looks) == 2


def test_a_look_that_takes_long_does_not_hold_up_all_else(desk, watch, monkeypatch):
    with another_with(desk, 1), agenda_of(desk, [1]) as (agenda, _, journal):
        agenda.take()
        looks = looks_of(monkeypatch, journal, watch, seconds=5.0)
        watch.pass_()
        assert agenda.take() is None
        assert len(looks) == 1


@pytest.mark.parametrize("retry", [False, True])
def test_what_a_worker_that_is_gone_has_left_is_closed_and_held_or_asked_again(desk, retry):
    clock = Clock()
    with closing(desk.journal(clock=clock)) as gone, closing(desk.plan(gone, table([1]), Provider())) as plan:
        questions = [one for one, _ in plan.open_questions()]
        (standing,) = gone.look_up([questions[0].ask], desk.freshness())
        claim(gone, standing)
        clock.pass_(-STALE)  # the lease is long over by the clock of the others
    with agenda_of(desk, [1], retry_unknown=retry) as (agenda, noted, _):
        assert taken(agenda) == ([1] if retry else [])
        assert agenda.is_empty
        assert [one.status for one in noted.values()] == ([] if retry else ["unknown"])
    assert [one.state for one in desk.attempts()] == ["unknown"]


def kept_back(agenda, noted, *, bank="MELLI"):
    """Take all that is free, and give it back since its bank is closed."""
    questions = [question for question, _ in iter(agenda.take, None)]
    for question in questions:
        assert agenda.wait_for(bank, question)
    assert (agenda.take(), agenda.is_empty, noted) == (None, not questions, {})
    return [question.leader for question in questions]


@pytest.mark.parametrize("size", [1, 2, 100])
def test_what_waits_for_a_bank_is_given_again_once_it_is_open(desk, size):
    people = [3, 1, 2, 1, 4]
    with agenda_of(desk, people, size=size) as (agenda, noted, _):
        assert kept_back(agenda, noted) == [1, 2, 3, 5]
        agenda.open("SAMAN")
        assert agenda.take() is None
        agenda.open("MELLI")
        given = [question for question, _ in iter(agenda.take, None)]
        asked = [question.value("mobile") for question in given]
        assert asked == [mobile(people[question.leader - 1]) for question in given]
        assert [question.leader for question in given] == [1, 2, 3, 5]
        assert agenda.is_empty


def test_what_has_waited_comes_before_all_else(desk):
    with agenda_of(desk, [1, 2, 3], size=1) as (agenda, _, _):
        agenda.wait_for("MELLI", agenda.take()[0])
        agenda.open("MELLI")
        assert taken(agenda) == [1, 2, 3]


def test_what_another_worker_has_answered_while_it_waited_is_an_answer(desk):
    with agenda_of(desk, [1, 2]) as (agenda, noted, _):
        kept_back(agenda, noted)
        desk.run(table([2]), Provider())
        agenda.open("MELLI")
        assert taken(agenda) == [1]
        assert noted[2].origin == "cached"


def test_patience_with_a_bank_begins_when_nothing_else_is_left_and_anew_after_each_opening(desk, watch):
    with agenda_of(desk, [1, 2], size=1) as (agenda, noted, _):
        agenda.wait_for("MELLI", agenda.take()[0])
        watch.pass_(100)
        assert kept_back(agenda, noted) == [2]
        watch.pass_(59)
        assert agenda.take() is None
        agenda.open("MELLI")
        assert kept_back(agenda, noted) == [1, 2]
        watch.pass_(59)
        assert agenda.take() is None
        watch.pass_(1)
        question, _ = agenda.take()
        assert not agenda.wait_for("MELLI", question)
        assert taken(agenda) == [2]
        assert agenda.is_empty


def test_without_patience_what_waits_is_given_a_last_time_when_nothing_else_is_left(desk):
    with agenda_of(desk, [1, 2], size=1, bank_patience=0) as (agenda, _, _):
        assert agenda.wait_for("MELLI", agenda.take()[0])
        assert taken(agenda) == [2, 1]


def test_a_bank_is_given_up_only_after_what_another_worker_has(desk, watch):
    with another_with(desk, 1), agenda_of(desk, [1, 2], size=1, bank_patience=0) as (agenda, noted, _):
        agenda.wait_for("MELLI", agenda.take()[0])
        assert agenda.take() is None
        watch.pass_(61)
        assert taken(agenda) == [2]
        assert noted[1].status == "not_sent_busy"


def test_what_has_waited_is_looked_up_in_parts(desk, watch, monkeypatch):
    monkeypatch.setattr(module, "_LOOKED_UP_TOGETHER", 2)
    with agenda_of(desk, range(1, 6)) as (agenda, noted, journal):
        kept_back(agenda, noted)
        looks = looks_of(monkeypatch, journal, watch)
        agenda.open("MELLI")
        for leader in range(1, 6):
            assert not agenda.is_empty
            assert agenda.take()[0].leader == leader
        assert (agenda.take(), agenda.is_empty, len(looks)) == (None, True, 3)
