"""Banks of the sandbox that are switched off and on while a task asks for the IBANs of cards."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest
from airflow.sdk import DAG
from sqlalchemy import text

from airflow_provider_iranpay.bulk import availability as module
from airflow_provider_iranpay.exceptions import RunIncomplete
from airflow_provider_iranpay.iran.banks import by_card
from airflow_provider_iranpay.operators.bulk import BulkInquiryOperator
from tests.bulk.waiting import Task, until
from tests.operators.test_bulk_kill import AIRFLOWS_PATIENCE_SECONDS, states

SERVICE, REPORT = "jibit.card_to_iban", "jibit.card_to_iban_availability"
FIT = {
    "inquiry": "card_to_iban",
    "sql": "SELECT customer_id, card FROM customers",
    "key": "customer_id",
    "target_table": "ibans",
    "fail_above": 1.0,
}
PRICE_RIAL = 6_000
SKIP = {"on_unavailable": "skip"}


@pytest.fixture
def world(sandbox):
    return sandbox.world


@pytest.fixture
def bank(connect, customers):
    """The bank with most of the cards."""
    connect(extra={"prices": {"card_to_iban": PRICE_RIAL}})
    return customers.card.map(lambda card: by_card(card).jibit_id).mode()[0]


@pytest.fixture
def of_bank(customers, bank):
    """Keys of its rows."""
    return set(customers.customer_id[customers.card.map(lambda card: by_card(card).jibit_id) == bank])


@pytest.fixture
def often(monkeypatch):
    """Have the report asked over and over."""
    monkeypatch.setattr(module, "_EVERY_SECONDS", 0.02)
    monkeypatch.setattr(module, "_APART_SECONDS", 0.01)


def make(**changes):
    return BulkInquiryOperator(task_id="t", **FIT | changes)


def close(world, *banks):
    world.change_settings({"unavailable_banks": list(banks)})


@pytest.fixture
def unsent(bulk_warehouse):
    """Keys of the rows that were not sent."""

    def read():
        with bulk_warehouse.engine.connect() as connection:
            found = connection.execute(text("SELECT customer_id, status, error_code FROM ibans")).all()
        return {key for key, *why in found if why == ["not_sent_unavailable", "bank_closed"]}

    return read


def assert_it_closes(manifest, world):
    """Hold the counts against the rows, and what was spent against what the sandbox has billed."""
    assert sum(manifest["status"].values()) == sum(manifest["origin"].values()) == manifest["rows"] == 30
    billed = [entry.question for entry in world.ledger.entries]
    assert manifest["spent_rial"] == PRICE_RIAL * len(billed)
    assert len(set(billed)) == len(billed)


def test_a_bank_that_is_closed_from_the_start_is_not_sent_and_a_repeat_asks_for_it_alone(
    world, of_bank, bank, airflow_context, unsent
):
    close(world, bank)
    manifest = make(**SKIP).execute(airflow_context)
    assert unsent() == of_bank
    assert manifest["estimate"]["to_ask"] == 30
    assert manifest["attempts"] == world.received[SERVICE] == 30 - len(of_bank)
    assert_it_closes(manifest, world)

    close(world)
    manifest = make(**SKIP).execute(airflow_context)
    assert unsent() == set()
    assert manifest["attempts"] <= len(of_bank) + 5  # what has failed for the moment is asked again too
    assert world.ledger.repeated() == {}


def test_a_bank_that_opens_while_the_task_waits_is_asked(world, of_bank, bank, airflow_context, unsent, often):
    close(world, bank)
    task = Task(lambda: airflow_context.update(manifest=make().execute(airflow_context)))
    until(lambda: world.received[SERVICE] == 30 - len(of_bank))
    reports = world.received[REPORT]
    until(lambda: world.received[REPORT] > reports + 2)
    assert world.received[SERVICE] == 30 - len(of_bank)
    close(world)
    task.join()
    assert unsent() == set()
    assert airflow_context["manifest"]["attempts"] == 30
    assert_it_closes(airflow_context["manifest"], world)


def test_a_bank_that_closes_in_mid_run_keeps_the_rest_of_its_rows(
    world, customers, bank, airflow_context, unsent, often
):
    world.change_settings({"latency": {"kind": "fixed", "seconds": 0.1}})
    task = Task(lambda: airflow_context.update(manifest=make(concurrency=1, **SKIP).execute(airflow_context)))
    until(lambda: world.received[SERVICE] >= 2)
    everyone = sorted(set(customers.card.map(lambda card: by_card(card).jibit_id)))
    close(world, *everyone)
    task.join()
    manifest = airflow_context["manifest"]
    assert len(unsent()) > 20
    assert manifest["attempts"] == 30 - len(unsent())
    assert_it_closes(manifest, world)


def test_a_report_that_fails_is_said_once_and_nothing_else_changes(
    world, bank, airflow_context, often, caplog, monkeypatch
):
    monkeypatch.setattr(module, "_FIRST_SECONDS", 30.0)
    world.faults.add("error", service=REPORT, code="server.error", status=500)
    manifest = make().execute(airflow_context)
    assert manifest["attempts"] == 30
    assert [record.levelname for record in caplog.records if "no report of closed banks" in record.message] == [
        "WARNING"
    ]
    assert_it_closes(manifest, world)


def test_what_jibit_reports_as_closed_is_asked_at_paystar(
    world, of_bank, bank, airflow_context, connect_paystar, monkeypatch
):
    connect_paystar("banking", extra={"prices": {"card_to_iban": PRICE_RIAL}})
    report = module.Availability._ask

    def open_by_itself(availability):
        report(availability)
        close(world)  # both providers of the sandbox lose a bank together

    close(world, bank)
    monkeypatch.setattr(module.Availability, "_ask", open_by_itself)
    manifest = make(conn_ids=["jibit_default", "paystar_banking_default"]).execute(airflow_context)
    assert world.received["paystar.card_to_iban"] >= len(of_bank)
    assert world.received[SERVICE] == 30 - len(of_bank)
    assert "not_sent_unavailable" not in manifest["status"]
    assert (sum(manifest["status"].values()), world.ledger.repeated()) == (30, {})


def test_a_task_that_airflow_ends_while_it_waits_ends_at_once_and_another_goes_on(
    world, of_bank, airflow_context, run_dag, old_handler, bulk_warehouse, unsent
):
    close(world, "MELLI")
    with DAG("waiting", schedule=None) as dag:
        make()

    def others_are_done():
        left = states(bulk_warehouse)
        return sum(left.values()) == 30 - len(of_bank) and "claimed" not in left

    def terminate():
        until(lambda: world.received[SERVICE] and others_are_done(), within=60)
        sent_at.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGTERM)

    sent_at = []
    killer = threading.Thread(target=terminate)
    killer.start()
    (ended,) = run_dag(dag).get_task_instances()
    took = time.monotonic() - sent_at[0]
    killer.join()
    assert str(ended.state) == "failed"
    assert took < AIRFLOWS_PATIENCE_SECONDS - 1
    assert others_are_done()
    manifest = make(**SKIP).execute(airflow_context)
    assert unsent() == of_bank
    assert world.ledger.repeated() == {}
    assert sum(manifest["status"].values()) == sum(manifest["origin"].values()) == 30


def test_too_many_rows_of_closed_banks_fail_the_task_for_a_retry(world, of_bank, bank, airflow_context):
    close(world, bank)
    share = len(of_bank) / 30
    with pytest.raises(RunIncomplete, match=f"not_sent_unavailable {len(of_bank)}"):
        make(fail_above=share / 2, **SKIP).execute(airflow_context)
    assert airflow_context["pushed"]["manifest"]["ended_by"] is None
