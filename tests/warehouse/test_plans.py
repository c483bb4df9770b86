"""What is written of plans: whose attempts belong to one, what they come to, and who takes whose place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from airflow_provider_iranpay.warehouse import plans
from airflow_provider_iranpay.warehouse.journal.states import Event
from airflow_provider_iranpay.warehouse.plans import Count, Money, Piece, PlanRow
from airflow_provider_iranpay.warehouse.provenance import LoadContext
from tests.warehouse.journal.playing import Desk

NOW = datetime(2026, 11, 21, tzinfo=UTC)
TASK = LoadContext(dag_id="night", run_id="r", task_id="ask.plan")


@pytest.fixture
def planned(warehouse):
    """Writes a plan down that is ready, with a chunk of three rows and one piece; gives its id."""

    def make(plan_id="one", *, environment="real", task_id=TASK.task_id, ready=True):
        row = PlanRow(
            plan_id=plan_id, environment=environment, inquiry="match_card", dag_id=TASK.dag_id, run_id=TASK.run_id,
            task_id=task_id, state="writing", as_of=NOW, key_name="id", key_dtype="Int64", price_rial=10, rows=3,
            estimate={"rows": 3}, created_at=NOW, expires_at=NOW + timedelta(days=7),
        )  # fmt: skip
        with warehouse.transaction() as connection:
            plans.begin_plan(connection, row)
            assert plans.add_pieces(connection, plan_id, [Piece(0, 1, b"sealed")])
            if ready:
                assert plans.make_ready(connection, plan_id, [3], NOW)
        return plan_id

    return make


@pytest.fixture
def pieces(warehouse):
    """The pieces of a plan's first chunk."""

    def read(plan_id):
        with warehouse.engine.connect() as connection:
            return plans.piece_numbers(connection, plan_id, 0)

    return read


def state(warehouse, plan_id):
    with warehouse.engine.connect() as connection:
        return plans.find_plan(connection, plan_id).state


def test_a_plan_is_read_as_it_was_written(planned, warehouse):
    planned()
    with warehouse.engine.connect() as connection:
        found = plans.find_plan(connection, "one")
        assert (found.state, found.as_of, found.estimate) == ("ready", NOW, {"rows": 3})
        assert plans.chunks(connection, "one") == [(0, 3, "planned", None, None, None)]
        assert plans.piece(connection, "one", 0, 1) == b"sealed"
        assert plans.piece(connection, "one", 0, 2) is None
        assert plans.find_plan(connection, "other") is None


def test_a_plan_takes_the_place_of_its_tasks_others_alone(planned, warehouse, pieces):
    planned("old")
    planned("half", ready=False)
    planned("elsewhere", environment="http://sandbox")
    planned("neighbour", task_id="other.plan")
    with warehouse.transaction() as connection:
        plans.replace_plans(connection, "real", TASK)
    assert {name: state(warehouse, name) for name in ("old", "half", "elsewhere", "neighbour")} == {
        "old": "gone", "half": "gone", "elsewhere": "ready", "neighbour": "ready",
    }  # fmt: skip
    assert [len(pieces(name)) for name in ("old", "half", "elsewhere", "neighbour")] == [0, 0, 1, 1]


def test_who_was_replaced_while_writing_writes_nothing_more(planned, warehouse, pieces):
    planned("half", ready=False)
    with warehouse.transaction() as connection:
        plans.replace_plans(connection, "real", TASK)
        assert not plans.add_pieces(connection, "half", [Piece(0, 2, b"late")])
        assert not plans.make_ready(connection, "half", [3], NOW)
    assert pieces("half") == []


@pytest.mark.parametrize(("days", "dropped"), [(7, 0), (8, 1)])
def test_rows_end_when_their_time_has_come(planned, warehouse, pieces, days, dropped):
    planned()
    planned("elsewhere", environment="http://sandbox")
    with warehouse.transaction() as connection:
        assert plans.drop_expired(connection, "real", NOW + timedelta(days=days)) == dropped
    assert len(pieces("one")) == 1 - dropped
    assert len(pieces("elsewhere")) == 1


def test_a_try_replaces_the_counts_of_an_earlier_one_as_a_whole(planned, warehouse):
    planned()
    for worker, counted in ((b"1", [Count("matched", "paid", 3, 30)]), (b"2", [Count("matched", "cached", 3, 0)])):
        values = {"state": "done", "worker": worker, "questions": 3, "unknown": 0, "spent_rial": 0, "updated_at": NOW}
        with warehouse.transaction() as connection:
            plans.begin_chunk(connection, "one", 0, worker=worker, budget=None, now=NOW)
            plans.close_chunk(connection, "one", 0, values=values, counted=counted)
    with warehouse.engine.connect() as connection:
        assert plans.counts(connection, "one") == {0: [("matched", "cached", 3, 0)]}
        assert plans.chunks(connection, "one") == [(0, 3, "done", 3, 0, 0)]


@pytest.mark.parametrize(
    ("event", "price_rial", "money"),
    [
        (None, 10, Money(1, 0, 0, 10)),
        (Event.ANSWERED, 10, Money(1, 1, 10, 0)),
        (Event.UNREADABLE, 10, Money(1, 1, 10, 0)),
        (Event.REJECTED, 10, Money(1, 1, 10, 0)),
        (Event.REJECTED_FREE, 10, Money(1, 0, 0, 0)),
        (Event.NOT_SENT, 10, Money(1, 0, 0, 0)),
        (Event.SILENCE, 10, Money(1, 0, 0, 10)),
        (Event.ANSWERED, None, Money(1, 1, 0, 0)),
        (Event.REJECTED_FREE, None, Money(1, 0, 0, 0)),
        (Event.ANSWERED, 0, Money(1, 1, 0, 0)),
        (Event.REJECTED_FREE, 0, Money(1, 0, 0, 0)),
    ],
)
def test_an_attempt_of_a_try_is_the_plans(planned, warehouse, event, price_rial, money):
    planned()
    desk = Desk(warehouse)
    journal, stranger = desk.worker(), desk.worker()
    with warehouse.transaction() as connection:
        plans.begin_chunk(connection, "one", 0, worker=journal.worker, budget="night", now=NOW)
    desk.claimed(stranger, "another")
    attempt = desk.claimed(journal, "card", price_rial=price_rial)
    if event is not None:
        journal.commit(answers=[desk.answer(attempt, event)])
    with warehouse.engine.connect() as connection:
        assert plans.money(connection, "one") == money
        assert plans.money(connection, "one", standing=True) == Money(0, 0, 0, 0)
        assert plans.budgets(connection, "one") == ["night"]


def test_what_a_person_writes_off_is_not_spent_for_an_answer(planned, warehouse):
    planned()
    desk = Desk(warehouse)
    journal = desk.worker()
    with warehouse.transaction() as connection:
        plans.begin_chunk(connection, "one", 0, worker=journal.worker, budget=None, now=NOW)
    attempt = desk.claimed(journal, "card")
    journal.commit(answers=[desk.answer(attempt, Event.SILENCE)])
    journal.resolve(attempt.key, paid=True)
    with warehouse.engine.connect() as connection:
        assert plans.money(connection, "one") == Money(1, 0, 0, 0)
