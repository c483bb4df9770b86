"""``@task.bulk_inquiry`` through Airflow: a function's frame is asked about, and does not reach XCom."""

from __future__ import annotations

import pandas as pd
import pytest
from airflow.sdk import DAG, task
from sqlalchemy import text

MATCHING = {"inquiry": "match_mobile", "key": "customer_id", "target_table": "matches"}


def states(run):
    return {one.task_id: str(one.state) for one in run.get_task_instances()}


def test_the_frame_that_a_function_returns_is_asked_about(priced, customers, bulk_warehouse, run_dag):
    with DAG("decorated", schedule=None, params={"rows": 7}) as dag:

        @task.bulk_inquiry(**MATCHING)
        def match(source, params=None):
            return customers.head(params["rows"]) if source == "crm" else None

        @task
        def look(manifest):
            assert manifest["rows"] == 7

        look(match("crm"))
    run = run_dag(dag)
    assert states(run) == {"match": "success", "look": "success"}
    with bulk_warehouse.engine.connect() as connection:
        told = dict(connection.execute(text("SELECT customer_id, status FROM matches")).all())
    truth = customers.head(7).set_index("customer_id").matches_mobile
    assert told == {key: "matched" if value == "true" else "not_matched" for key, value in truth.items()}


@pytest.mark.parametrize("returned", [None, [{"customer_id": 1}], {"customer_id": [1]}, pd.Series([1])])
def test_anything_but_a_frame_is_refused_by_its_type(returned, sandbox, priced, bulk_warehouse, airflow_context):
    with DAG("refused", schedule=None):

        @task.bulk_inquiry(**MATCHING)
        def match():
            return returned

        operator = match().operator
    with pytest.raises(ValueError, match=f"returned a {type(returned).__name__}. Return a pandas DataFrame"):
        operator.execute(airflow_context)
    assert sandbox.world.ledger.entries == []


def test_a_decorator_refuses_at_once_what_an_operator_does():
    @task.bulk_inquiry(**MATCHING | {"inquiry": "match_everything"})
    def match():
        return pd.DataFrame()

    with DAG("parsed", schedule=None), pytest.raises(ValueError, match="inquiry: unknown"):
        match()
