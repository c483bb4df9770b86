"""What a bulk task does when Airflow tells it to end: on SIGTERM, on a time-out, before it has begun."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest
from airflow.sdk import DAG
from sqlalchemy import text

from airflow_provider_iranpay.exceptions import RunIncomplete
from airflow_provider_iranpay.operators.bulk import BulkInquiryOperator

AIRFLOWS_PATIENCE_SECONDS = 5
MATCHING = {
    "inquiry": "match_mobile",
    "sql": "SELECT customer_id, mobile, national_code FROM customers",
    "key": "customer_id",
    "target_table": "matches",
    "concurrency": 4,
}


def states(warehouse):
    with warehouse.engine.connect() as connection:
        return dict(connection.execute(text("SELECT state, count(*) FROM iranpay_attempt GROUP BY state")).all())


def wait_for(happened, seconds=30):
    until = time.monotonic() + seconds
    while not happened() and time.monotonic() < until:
        time.sleep(0.01)
    return happened()


@pytest.fixture
def terminated(run_dag, old_handler):
    """Run a DAG with the task ``ask``, and send SIGTERM once it is so far; gives the seconds from then to its end."""

    def run(dag, so_far):
        sent_at = []

        def terminate():
            if wait_for(so_far):
                sent_at.append(time.monotonic())
                os.kill(os.getpid(), signal.SIGTERM)

        killer = threading.Thread(target=terminate)
        killer.start()
        done = run_dag(dag)
        ended_at = time.monotonic()
        killer.join()
        assert {str(task.state) for task in done.get_task_instances()} == {"failed"}
        return ended_at - sent_at[0]

    return run


@pytest.fixture
def dag():
    with DAG("killed", schedule=None) as made:
        BulkInquiryOperator(task_id="ask", **MATCHING)
    return made


def test_a_task_that_airflow_ends_sends_nothing_more_and_loses_no_answer(
    sandbox, priced, customers, bulk_warehouse, dag, terminated, run_dag
):
    sandbox.world.change_settings({"latency": {"kind": "fixed", "seconds": 0.3}})
    entries = sandbox.world.ledger.entries
    assert terminated(dag, lambda: len(entries) >= 6) < AIRFLOWS_PATIENCE_SECONDS - 1
    sent = len(entries)
    assert 6 <= sent <= 6 + 2 * MATCHING["concurrency"]
    kept = states(bulk_warehouse)
    assert kept.pop("answered") == sent
    assert kept.keys() <= {"not_sent"}
    time.sleep(0.5)  # longer than a call takes
    assert len(entries) == sent

    sandbox.world.change_settings({"latency": {"kind": "none"}})
    again = run_dag(dag)
    assert {str(task.state) for task in again.get_task_instances()} == {"success"}
    assert len(entries) == len(customers)
    assert sandbox.world.ledger.repeated() == {}


def test_what_has_no_answer_when_airflow_loses_patience_is_unknown(
    sandbox, priced, customers, bulk_warehouse, dag, terminated
):
    sandbox.world.faults.add("hang", service="jibit.match_mobile")
    received = sandbox.world.received
    took = terminated(dag, lambda: received["jibit.match_mobile"] == MATCHING["concurrency"])
    assert took < AIRFLOWS_PATIENCE_SECONDS - 1
    assert received["jibit.match_mobile"] == MATCHING["concurrency"]
    left = states(bulk_warehouse)
    assert left.pop("unknown") == MATCHING["concurrency"]
    assert left.keys() <= {"not_sent"}


def test_a_task_that_is_ended_before_it_has_begun_sends_nothing(sandbox, priced, customers, airflow_context):
    operator = BulkInquiryOperator(task_id="ask", **MATCHING)
    operator.on_kill()
    with pytest.raises(RunIncomplete, match="told to end") as caught:
        operator.execute(airflow_context)
    assert caught.value.manifest is None
    assert sandbox.world.ledger.entries == []


def test_ending_a_task_that_has_ended_does_nothing(sandbox, priced, customers, airflow_context):
    operator = BulkInquiryOperator(task_id="ask", **MATCHING)
    operator.execute(airflow_context)
    operator.on_kill()
    assert len(sandbox.world.ledger.entries) == len(customers)
