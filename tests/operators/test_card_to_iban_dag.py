"""The DAG that converts cards by mapped workers: what it asks, what it pays, and both databases."""

from __future__ import annotations

import runpy
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import text

from airflow_provider_iranpay.bulk import snapshot

DAG_FILE = Path(__file__).parents[2] / "dags" / "iranpay_card_to_iban.py"
PRICE_RIAL = 2_500


def read_dag():
    """Read the DAG file anew: ``dag.test`` leaves a run's conf in the Params of the object it was called on."""
    return runpy.run_path(str(DAG_FILE))["dag"]


@pytest.fixture
def convert(run_dag, bulk_warehouse, connect, customers, monkeypatch):
    """Run the DAG with Params, with six questions or more in a chunk; returns task instances by task and map index."""
    monkeypatch.setattr(snapshot, "ASSUMED_PER_SECOND", 0.1)
    connect(extra={"prices": {"card_to_iban": PRICE_RIAL}})

    def run(**params):
        done = run_dag(read_dag(), run_conf=params)
        return {(task.task_id.removeprefix("convert."), task.map_index): task for task in done.get_task_instances()}

    return run


def states(tasks):
    return {name: str(task.state) for name, task in tasks.items()}


def summary(tasks):
    return tasks["summary", -1].xcom_pull(task_ids="convert.summary")


def billed(sandbox):
    return Counter(entry.service for entry in sandbox.world.ledger.entries)


def table(warehouse):
    with warehouse.engine.connect() as connection:
        return connection.execute(text("SELECT customer_id, status, cost_rial, iban FROM card_iban")).all()


def test_every_card_is_converted_by_a_worker_and_the_sums_close_to_the_providers_bill(
    convert, sandbox, customers, bulk_warehouse
):
    tasks = convert()
    assert states(tasks) == {("plan", -1): "success", ("summary", -1): "success"} | {
        ("chunk", index): "success" for index in range(5)
    }
    manifest = summary(tasks)
    rows = table(bulk_warehouse)
    assert {row.customer_id for row in rows} == set(customers.customer_id)
    assert manifest["status"] == Counter(row.status for row in rows)
    assert manifest["chunks"] == {"done": 5}
    bill = [entry.price_rial for entry in sandbox.world.ledger.entries]
    assert manifest["paid"] == len(bill)
    assert manifest["spent_rial"] == PRICE_RIAL * len(bill) == sum(row.cost_rial for row in rows)


def test_a_second_run_pays_nothing(convert, sandbox):
    convert()
    paid = billed(sandbox)
    assert paid["jibit.card_to_iban"] > 20
    manifest = summary(convert())
    assert billed(sandbox) == paid
    assert (manifest["paid"], manifest["spent_rial"]) == (0, 0)
    assert manifest["origin"].keys() <= {"cached", "duplicate"}


def test_an_estimate_has_no_chunks_and_names_the_cost(convert, sandbox):
    tasks = convert(estimate_only=True)
    assert states(tasks) == {("plan", -1): "success", ("chunk", -1): "skipped", ("summary", -1): "success"}
    estimate = summary(tasks)["estimate"]
    assert billed(sandbox) == {}
    assert (estimate["rows"], estimate["cost_rial"]) == (30, estimate["to_ask"] * PRICE_RIAL)


def test_the_chunks_share_the_budget_of_the_run(convert, sandbox):
    tasks = convert(budget_rial=10 * PRICE_RIAL)
    assert states(tasks)["summary", -1] == "failed"
    manifest = tasks["summary", -1].xcom_pull(task_ids="convert.summary", key="manifest")
    assert manifest["spent_rial"] == sum(billed(sandbox).values()) * PRICE_RIAL <= 10 * PRICE_RIAL
    (budget,) = manifest["budgets"]
    assert (budget["cap_rial"], budget["spent_rial"]) == (10 * PRICE_RIAL, manifest["spent_rial"])
    assert manifest["status"]["not_sent_budget"] == 30 - manifest["rows_without_result"] - sum(
        rows for status, rows in manifest["status"].items() if status != "not_sent_budget"
    )


def test_the_dag_starts_only_by_hand():
    dag = read_dag()
    assert not dag.timetable.can_be_scheduled
    assert dag.max_active_runs == 1
