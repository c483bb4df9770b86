"""The DAG of customer matching through Airflow: what it asks, what it pays, and both databases."""

from __future__ import annotations

import runpy
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import text

DAG_FILE = Path(__file__).parents[2] / "dags" / "iranpay_customer_matching.py"
INQUIRIES = ("match_card", "match_iban", "match_mobile")


def read_dag():
    """Read the DAG file anew: ``dag.test`` leaves a run's conf in the Params of the object it was called on."""
    return runpy.run_path(str(DAG_FILE))["dag"]


@pytest.fixture
def match(run_dag, bulk_warehouse, priced, customers):
    """Run the DAG with Params; returns the manifest of each task."""

    def run(**params):
        done = run_dag(read_dag(), run_conf=params)
        tasks = {task.task_id: task for task in done.get_task_instances()}
        assert {name: str(task.state) for name, task in tasks.items()} == dict.fromkeys(INQUIRIES, "success")
        return {name: task.xcom_pull(task_ids=name) for name, task in tasks.items()}

    return run


def statuses(warehouse, table):
    with warehouse.engine.connect() as connection:
        return dict(connection.execute(text(f"SELECT customer_id, status FROM {table}")).all())


def billed(sandbox):
    return Counter(entry.service.removeprefix("jibit.") for entry in sandbox.world.ledger.entries)


def test_each_claim_is_told_as_it_is_and_a_second_run_pays_nothing(match, sandbox, customers, bulk_warehouse):
    first = match()
    for claim in ("card", "iban", "mobile"):
        told = statuses(bulk_warehouse, f"customer_{claim}_match")
        truth = dict(zip(customers.customer_id, customers[f"matches_{claim}"], strict=True))
        answered = {key: status for key, status in told.items() if status != "provider_error"}
        assert len(answered) > len(truth) * 0.8
        assert answered == {key: "matched" if truth[key] == "true" else "not_matched" for key in answered}
    paid = billed(sandbox)
    assert {name: manifest["paid"] for name, manifest in first.items()} == dict(paid)

    second = match()
    assert billed(sandbox) == paid
    assert {manifest["spent_rial"] for manifest in second.values()} == {0}
    assert second["match_iban"]["origin"].keys() <= {"cached", "duplicate"}


def test_an_estimate_sends_nothing_and_names_the_cost(match, sandbox, priced):
    manifests = match(estimate_only=True)
    assert billed(sandbox) == {}
    for name in INQUIRIES:
        estimate = manifests[name]["estimate"]
        assert estimate["rows"] == 30
        assert estimate["cost_rial"] == estimate["to_ask"] * priced[name]


def test_the_tasks_share_the_budget_of_the_month(match):
    manifests = match(budget_rial=10_000_000, rate_per_second=500)
    budgets = [manifests[name]["budget"] for name in INQUIRIES]
    assert len({budget["name"] for budget in budgets}) == 1
    assert budgets[0]["name"].startswith("iranpay_customer_matching/14")
    spent = sum(manifest["spent_rial"] for manifest in manifests.values())
    assert max(budget["spent_rial"] for budget in budgets) == spent > 0


def test_the_dag_starts_only_by_hand_and_its_tasks_take_turns():
    dag = read_dag()
    assert not dag.timetable.can_be_scheduled
    assert (dag.max_active_runs, dag.max_active_tasks) == (1, 1)
