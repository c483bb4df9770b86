"""Canaries through a bulk task: personal data and secrets go in, and only the target table shows what it was given."""

from __future__ import annotations

import json
import logging
import traceback
from dataclasses import asdict
from types import SimpleNamespace

import pandas as pd
import pytest

from airflow_provider_iranpay.bulk import snapshot
from airflow_provider_iranpay.exceptions import IranPayError
from airflow_provider_iranpay.operators.bulk import BulkInquiryOperator
from airflow_provider_iranpay.operators.bulk_group import bulk_inquiry_group
from airflow_provider_iranpay.sandbox.sample import customer
from airflow_provider_iranpay.warehouse.engine import open_warehouse
from airflow_provider_iranpay.warehouse.journal.keyring import new_key
from tests.e2e.canaries import AWKWARD_PASSWORD, airflow_database_text, found

PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
PERSONAL = [
    "first_name",
    "last_name",
    "national_code",
    "birth_date",
    "mobile",
    "card",
    "iban",
    "account",
    "postal_code",
]
INQUIRIES = ["match_iban", "match_mobile", "card_to_iban", "name_similarity", "postal_code", "match_card_name"]
FAULTS = ["reset_after", "cut_body", "non_json", "html_5xx", "json_5xx", "forbidden"]
CASES = [("match_card", "none"), *(("match_card", fault) for fault in FAULTS), *zip(INQUIRIES, FAULTS, strict=True)]
KEY = new_key()


@pytest.fixture
def rows(sandbox):
    """Customers, some of them with broken cells, in Latin and in Persian digits. The key is a secret of its own."""
    frame = pd.DataFrame([asdict(customer(sandbox.world.population, index)) for index in range(24)])
    frame["name"] = frame.first_name + " " + frame.last_name
    for column in ("national_code", "card", "iban", "mobile", "birth_date"):
        frame.loc[frame.index % 6 == 1, column] = frame[column].str.translate(PERSIAN)
        frame.loc[frame.index % 6 == 2, column] = frame[column] + "1"
    frame["customer_id"] = frame.national_code.str.translate(PERSIAN) + "-" + frame.index.astype(str)
    return frame


@pytest.fixture
def canaries(rows, sandbox):
    """Everything that must not come out. Two-letter names stand in too many words to be looked for."""
    cells = {cell for column in PERSONAL for cell in rows[column] if len(cell) > 3}
    return [*cells, *rows.name, sandbox.api_key, sandbox.secret_key, KEY, AWKWARD_PASSWORD]


@pytest.fixture
def warehouse(sqlite_url, tmp_path, connect, rows, monkeypatch):
    described = {"conn_type": "sqlite", "host": str(tmp_path / "warehouse.db"), "password": AWKWARD_PASSWORD}
    described["extra"] = {"journal_keys": {"k": KEY}}
    monkeypatch.setenv("AIRFLOW_CONN_IRANPAY_WAREHOUSE", json.dumps(described))
    connect(extra={"prices": dict.fromkeys(["match_card", *INQUIRIES], 1_000)})
    with open_warehouse(sqlite_url) as opened:
        with opened.transaction() as connection:
            rows.to_sql("customers", connection, index=False)
        yield opened


@pytest.fixture
def said(said, caplog):
    """The same but for SQLAlchemy's rows, which it shows to whoever sets its own logger to DEBUG."""
    for name in [name for name in logging.root.manager.loggerDict if name.startswith("sqlalchemy")]:
        caplog.set_level(logging.INFO, logger=name)
    return said


@pytest.fixture
def airflow_task_context():
    """As much of a running task as an operator asks for; what it pushes is in ``pushed``."""
    pushed = {}
    instance = SimpleNamespace(
        dag_id="d", run_id="r", task_id="t", map_index=None, xcom_push=lambda key, value: pushed.update({key: value})
    )
    return {"ti": instance, "pushed": pushed}


def arguments(inquiry):
    return {
        "inquiry": inquiry,
        "sql": "SELECT * FROM customers WHERE national_code <> :nobody",
        "parameters": {"nobody": "0012345679"},
        "key": "customer_id",
        "target_table": f"told_{inquiry}",
        "budget_rial": 10_000,
    }


@pytest.mark.parametrize(("inquiry", "fault"), CASES)
def test_nothing_personal_is_logged_raised_or_returned(
    inquiry, fault, warehouse, sandbox, canaries, airflow_task_context, said
):
    if fault != "none":
        sandbox.world.faults.add(fault, path="/ide/v1/", probability=0.5, seed=3)
    out = []
    for _ in range(2):
        try:
            out.append(BulkInquiryOperator(task_id="t", **arguments(inquiry)).execute(airflow_task_context))
        except IranPayError as error:
            out += [*traceback.format_exception(error), repr(error), error.__dict__]
    everything = "\n".join(map(str, [*out, airflow_task_context["pushed"], said()]))
    assert "24 rows" in everything
    assert found(canaries, everything) == []


def test_refused_keys_and_broken_sources_do_not_show_their_cells(warehouse, rows, canaries, airflow_task_context, said):
    broken = [
        {"key": "name", "sql": "SELECT * FROM customers UNION ALL SELECT * FROM customers"},
        {"key": "customer_id", "sql": "SELECT * FROM customers WHERE nothing = :nobody"},
        {"key": "customer_id", "sql": "SELECT NULL AS customer_id, card, national_code, birth_date FROM customers"},
        {"key": "customer_id", "sql": "SELECT customer_id, card AS x, national_code, birth_date FROM customers"},
    ]
    out = []
    for changes in broken:
        with pytest.raises(IranPayError) as caught:
            BulkInquiryOperator(task_id="t", **arguments("match_card") | changes).execute(airflow_task_context)
        out += [*traceback.format_exception(caught.value), repr(caught.value), repr(caught.value.__dict__)]
    assert found(canaries, "\n".join(out) + said()) == []


def test_a_task_leaks_into_no_log_xcom_or_rendered_template(warehouse, rows, canaries, sandbox, run_dag, said):
    from airflow.sdk import DAG, task

    with DAG("bulk_leaks", schedule=None) as dag:
        BulkInquiryOperator(task_id="query", **arguments("match_iban"))

        @task.bulk_inquiry(inquiry="match_mobile", key="customer_id", target_table="told")
        def function():
            sandbox.world.faults.add("reset_after", service="jibit.match_mobile")
            return rows

        function()
    run = run_dag(dag)
    assert {one.task_id: str(one.state) for one in run.get_task_instances()} == {
        "query": "failed",
        "function": "failed",
    }
    out = said() + airflow_database_text()
    assert "RunStopped" in out
    assert "'bulk_leaks'" in out
    assert "SELECT * FROM customers" in out
    assert found(canaries, out) == []


def test_a_group_leaks_into_no_log_xcom_rendered_template_or_table(
    warehouse, canaries, sandbox, run_dag, said, monkeypatch
):
    from airflow.sdk import DAG

    monkeypatch.setattr(snapshot, "ASSUMED_PER_SECOND", 0.1)  # chunks of a few questions
    sandbox.world.faults.add("reset_after", service="jibit.match_iban", probability=0.5, seed=3)
    with DAG("group_leaks", schedule=None) as dag:
        bulk_inquiry_group("many", **arguments("match_iban"))
    run = run_dag(dag)
    assert "failed" in {str(one.state) for one in run.get_task_instances() if one.task_id == "many.summary"}
    out = said() + airflow_database_text() + stored_by_us(warehouse)
    assert "chunks have not come to a good end" in out or "rows are without an answer" in out
    assert "'group_leaks'" in out
    assert found(canaries, out) == []


def stored_by_us(warehouse):
    """All rows of all tables that are the provider's own."""
    with warehouse.engine.connect() as connection:
        ours = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'iranpay_%'"
        names = connection.exec_driver_sql(ours).scalars().all()
        return "".join(
            str(tuple(row)) for name in names for row in connection.exec_driver_sql(f"SELECT * FROM {name}").all()
        )


def test_the_journal_and_the_run_tables_hold_no_personal_data_in_the_clear(
    warehouse, canaries, airflow_task_context, tmp_path, said
):
    BulkInquiryOperator(task_id="t", **arguments("card_to_iban") | {"budget_rial": None, "fail_above": 1}).execute(
        airflow_task_context
    )
    stored = stored_by_us(warehouse)
    assert "card_to_iban" in stored
    assert found(canaries, stored) == []
