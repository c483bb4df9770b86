"""The group of tasks that many workers carry out: what it refuses, what passes between its tasks, and how it ends."""

from __future__ import annotations

import inspect
import json
from datetime import timedelta

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException
from sqlalchemy import text

from airflow_provider_iranpay.bulk import snapshot
from airflow_provider_iranpay.exceptions import ConfigurationError, InvalidInput
from airflow_provider_iranpay.operators.bulk_group import (
    ChunkOperator,
    PlanOperator,
    SummaryOperator,
    bulk_inquiry_group,
)
from tests.docs.pages import named_rows, section
from tests.hooks.test_provider_info import imported_by

FIT = {
    "inquiry": "match_mobile",
    "sql": "SELECT customer_id, mobile, national_code FROM customers ORDER BY customer_id",
    "key": "customer_id",
    "target_table": "matches",
}
PLANNING = {"chunk_seconds": 60, "most_chunks": 4, "keep_for": timedelta(days=1)}


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Ten questions in a chunk, or more."""
    monkeypatch.setattr(snapshot, "ASSUMED_PER_SECOND", 1 / 6)


@pytest.fixture
def dag(customers, priced):
    with DAG("grouped", schedule=None) as made:
        bulk_inquiry_group("match", **FIT)
    return made


@pytest.fixture
def run(run_dag):
    """Run a DAG; gives its task instances by name and map index, and how each ended."""

    def run_it(dag):
        tasks = {(one.task_id.removeprefix("match."), one.map_index): one for one in run_dag(dag).get_task_instances()}
        return tasks, {name: str(one.state) for name, one in tasks.items()}

    return run_it


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"inquiry": "match_everything"}, "inquiry"),
        ({"output_path": "matches.csv"}, "output_path"),
        ({"target_table": None}, "target_table"),
        ({"input_path": "customers.csv"}, "sql"),
        ({"columns": {"card": "pan"}}, "columns"),
        ({"chunk_seconds": 0}, "chunk_seconds"),
        ({"most_chunks": 0}, "most_chunks"),
        ({"most_chunks": 1025}, "most_chunks"),
        ({"keep_for": timedelta(0)}, "keep_for"),
        ({"fail_above": 2}, "fail_above"),
    ],
)
def test_what_cannot_be_is_refused_when_the_dag_is_parsed(changes, field):
    given = {name: value for name, value in (FIT | changes).items() if value is not None}
    with DAG("d", schedule=None), pytest.raises(InvalidInput) as caught:
        bulk_inquiry_group("g", **given)
    assert caught.value.field == field


def test_an_argument_that_there_is_not_is_refused_when_the_dag_is_parsed():
    with DAG("d", schedule=None), pytest.raises(TypeError, match="batch_size"):
        bulk_inquiry_group("g", batch_size=10, **FIT)


def test_parsing_a_dag_with_a_group_imports_neither_pandas_nor_libcurl():
    assert not {"pandas", "numpy", "pycurl", "sqlalchemy"} & imported_by(
        "import airflow_provider_iranpay.operators.bulk_group"
    ) - imported_by("import airflow.sdk")


def test_what_passes_between_the_tasks_has_no_value_of_a_row(dag, run, bulk_warehouse):
    tasks, ends = run(dag)
    assert set(ends.values()) == {"success"}
    descriptors = tasks["plan", -1].xcom_pull(task_ids="match.plan")
    plan_id = tasks["plan", -1].xcom_pull(task_ids="match.plan", key="plan_id")
    assert [one["chunk"] for one in descriptors] == [0, 1, 2]
    assert sum(one["rows"] for one in descriptors) == 30
    assert all(one == {"plan_id": plan_id, "chunk": one["chunk"], "rows": one["rows"]} for one in descriptors)
    manifest = tasks["summary", -1].xcom_pull(task_ids="match.summary")
    assert (manifest["rows"], manifest["chunks"], manifest["paid"]) == (30, {"done": 3}, 30)
    with bulk_warehouse.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM matches")) == 30


def test_a_chunk_that_fails_fails_the_summary_and_with_it_the_run(dag, run, sandbox, bulk_warehouse):
    sandbox.world.change_settings({"daily_limits": {"jibit.match_mobile": 15}})
    tasks, ends = run(dag)
    assert ends["plan", -1] == "success"
    assert ends["summary", -1] == "failed"
    assert "failed" in {ends["chunk", index] for index in range(3)}
    manifest = tasks["summary", -1].xcom_pull(task_ids="match.summary", key="manifest")
    assert manifest["paid"] == 15 == len(sandbox.world.ledger.entries)
    assert sum(manifest["status"].values()) + manifest["rows_without_result"] == 30


def test_a_plan_that_fails_fails_the_summary(dag, run, customers, bulk_warehouse, sandbox):
    with bulk_warehouse.transaction() as connection:
        connection.exec_driver_sql("UPDATE customers SET customer_id = 'C00000001'")
    _, ends = run(dag)
    assert (ends["plan", -1], ends["summary", -1]) == ("failed", "failed")
    assert sandbox.world.ledger.entries == []


def test_an_empty_source_skips_the_chunks_and_succeeds(dag, run, bulk_warehouse):
    with bulk_warehouse.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM customers")
    tasks, ends = run(dag)
    assert ends == {("plan", -1): "success", ("chunk", -1): "skipped", ("summary", -1): "success"}
    assert tasks["summary", -1].xcom_pull(task_ids="match.summary")["rows"] == 0


# The tasks by themselves, as they run again when they are cleared


@pytest.fixture
def plan(priced, customers, airflow_context):
    """Plan, as the task would; gives the descriptors."""
    return lambda **how: PlanOperator(task_id="plan", **FIT, **PLANNING, **how).execute(airflow_context)


@pytest.fixture
def ask(airflow_context):
    """Ask a chunk, as its task would."""
    given = {name: value for name, value in FIT.items() if name != "sql"}
    return lambda chunk, **how: ChunkOperator(task_id="chunk", chunk=chunk, **given, **how).execute(airflow_context)


@pytest.fixture
def sum_up(airflow_context):
    """Add up, as the task would."""

    def run_it(plan_id=None):
        plan_id = plan_id or airflow_context["pushed"]["plan_id"]
        operator = SummaryOperator(
            task_id="summary", plan_id=plan_id, fail_above=0.1, warehouse_conn_id="iranpay_warehouse"
        )
        return operator.execute(airflow_context)

    return run_it


def test_a_chunk_that_is_told_to_end_sends_nothing_and_is_asked_when_it_is_cleared(
    plan, ask, sum_up, sandbox, airflow_context
):
    first, *others = plan()
    for chunk in others:
        ask(chunk)
    before = len(sandbox.world.ledger.entries)
    given = {name: value for name, value in FIT.items() if name != "sql"}
    killed = ChunkOperator(task_id="chunk", chunk=first, **given)
    killed.on_kill()
    with pytest.raises(Exception, match="told to end"):
        killed.execute(airflow_context)
    with pytest.raises(AirflowFailException, match=r"0 \(running\)\. Clear them"):
        sum_up()
    assert len(sandbox.world.ledger.entries) == before
    assert airflow_context["pushed"]["manifest"]["rows_without_result"] == first["rows"]

    ask(first)
    assert sum_up()["paid"] == 30 == len(sandbox.world.ledger.entries)


def test_a_source_that_changes_after_the_plan_breaks_no_sum(plan, ask, sum_up, bulk_warehouse):
    chunks = plan()
    with bulk_warehouse.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM customers")
    for chunk in chunks:
        ask(chunk)
    assert sum_up()["rows"] == 30


def test_a_summary_without_a_plan_fails_at_once(bulk_warehouse, sum_up):
    with pytest.raises(AirflowFailException, match="the task that plans has failed"):
        sum_up("None")


def test_every_task_refuses_a_file_where_workers_do_not_share_it(plan, ask, sum_up, bulk_warehouse, monkeypatch):
    chunks = plan()
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "KubernetesExecutor")
    if bulk_warehouse.engine.dialect.name == "postgresql":
        for chunk in chunks:
            ask(chunk)
        assert sum_up()["rows"] == 30
        return
    for task in (plan, lambda: ask(chunks[0]), sum_up):
        with pytest.raises(ConfigurationError, match="KubernetesExecutor"):
            task()


def test_a_manifest_is_plain_json_and_its_fields_are_listed(plan, ask, sum_up):
    manifests = [ask(chunk, budget_rial=10**9) for chunk in plan(budget_rial=10**9)]
    manifest = sum_up()
    assert json.loads(json.dumps(manifest)) == manifest
    own = named_rows(section("docs/scale.md", "What the summary returns"))
    assert manifest.keys() == own.keys() | (manifests[0].keys() - {"ended_by", "budget"})


def test_every_argument_of_a_group_is_listed():
    listed = named_rows(section("docs/scale.md", "Arguments of a group"))
    given = inspect.signature(bulk_inquiry_group).parameters
    own = {name for name, one in given.items() if one.kind is one.KEYWORD_ONLY} - {"warehouse_conn_id"}
    assert listed.keys() == own


def test_every_task_of_a_group_is_listed():
    with DAG("d", schedule=None) as dag:
        bulk_inquiry_group("g", **FIT)
    assert {f"g.{name}" for name in named_rows(section("docs/scale.md", "Many workers"))} == set(dag.task_ids)
