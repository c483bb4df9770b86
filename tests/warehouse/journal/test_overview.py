"""What a person is shown of the journal."""

from __future__ import annotations

from airflow_provider_iranpay.warehouse.journal.budgets import Balance
from airflow_provider_iranpay.warehouse.journal.overview import Overview, environments, list_budgets, overview
from airflow_provider_iranpay.warehouse.journal.states import Event, State
from tests.warehouse.journal.playing import RING, Desk

SANDBOX = "http://localhost:8000"


def test_attempts_are_counted_and_summed_by_inquiry_account_and_state(desk, warehouse):
    one = desk.worker()
    won = desk.claim(one, "first", "second", "third", price_rial=7).won
    one.commit(answers=[desk.answer(won[0]), desk.answer(won[1]), desk.answer(won[2], Event.SILENCE)])
    of = {"inquiry": "match_card", "provider": "jibit", "account": "shop"}
    with warehouse.engine.connect() as connection:
        assert overview(connection, "real") == [
            Overview(**of, state=State.ANSWERED, attempts=2, cost_rial=14, reserved_rial=0),
            Overview(**of, state=State.UNKNOWN, attempts=1, cost_rial=0, reserved_rial=7),
        ]


def test_each_environment_is_counted_alone(warehouse):
    sandbox = Desk(warehouse, SANDBOX).worker(RING)
    Desk(warehouse).claimed(Desk(warehouse).worker(), "card")
    sandbox.open_budget("b", 10)
    sandbox.open_budget("a", 20)
    with warehouse.engine.connect() as connection:
        assert environments(connection) == [SANDBOX, "real"]
        assert overview(connection, SANDBOX) == []
        assert [(name, budget.cap_rial) for name, budget in list_budgets(connection, SANDBOX)] == [("a", 20), ("b", 10)]
        assert list_budgets(connection, "real") == []


def test_a_budget_is_shown_as_it_stands(desk, warehouse):
    one = desk.worker()
    one.open_budget("night", 25)
    won = desk.claim(one, "first", "second", budget="night").won
    one.commit(answers=[desk.answer(won[0])])
    with warehouse.engine.connect() as connection:
        assert list_budgets(connection, "real") == [("night", Balance(cap_rial=25, spent_rial=10, reserved_rial=10))]
