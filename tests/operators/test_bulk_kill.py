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


@pytest.fixture
def old_handler():
    """Put back the handler that a task run in this process replaces."""
    old = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, old)


def states(warehouse):
    with warehouse.engine.connect() as connection:
        return dict(connection.execute(text("SELECT state, count(*) FROM iranpay_attempt GROUP BY state")).all())


def wait_for(happened, seconds=30):
    until = time.monotonic() + seconds
    while not happened() and time.monotonic() < until:
        time.sleep(0.01)
    return happened()


def test_a_task_that_airflow_ends_sends_nothing_more_and_loses_no_answer(
    sandbox, priced, customers, bulk_warehouse, run_dag, old_handler
):
    sandbox.world.change_settings({"latency": {"kind": "fixed", "seconds": 0.3}})
    entries = sandbox.world.ledger.entries
    ended_at = []

    def terminate():
        if wait_for(lambda: len(entries) >= 6):
            ended_at.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGTERM)

    with DAG("killed", schedule=None) as dag:
        BulkInquiryOperator(task_id="ask", **MATCHING)
    killer = threading.Thread(target=terminate)
    killer.start()
    run = run_dag(dag)
    took = time.monotonic() - ended_at[0]
    killer.join()
    sent = len(entries)

    assert {str(task.state) for task in run.get_task_instances()} == {"failed"}
    assert took < AIRFLOWS_PATIENCE_SECONDS - 1
    assert 6 <= sent <= 6 + 2 * MATCHING["concurrency"]
    kept = states(bulk_warehouse)
    assert kept["answered"] == sent
    assert "unknown" not in kept
    assert "claimed" not in kept
    time.sleep(0.5)  # longer than a call takes
    assert len(entries) == sent

    sandbox.world.change_settings({"latency": {"kind": "none"}})
    done = run_dag(dag)
    assert {str(task.state) for task in done.get_task_instances()} == {"success"}
    assert len(entries) == len(customers)
    assert sandbox.world.ledger.repeated() == {}


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
