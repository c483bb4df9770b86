"""The operator of bulk inquiries: what it refuses when a DAG is parsed, where rows come from and where answers go."""

from __future__ import annotations

import json
import os
from datetime import timedelta

import pandas as pd
import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException
from sqlalchemy import text

from airflow_provider_iranpay.exceptions import ConfigurationError, InvalidInput, RunStopped
from airflow_provider_iranpay.operators.bulk import BulkInquiryOperator
from tests.hooks.test_provider_info import imported_by

ROWS = "SELECT customer_id, mobile, national_code FROM customers"
FIT = {"inquiry": "match_mobile", "sql": ROWS, "key": "customer_id", "target_table": "matches"}


def make(**changes):
    given = {name: value for name, value in (FIT | changes).items() if value is not None}
    return BulkInquiryOperator(task_id="t", **given)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"inquiry": "match_everything"}, "inquiry"),
        ({"columns": {"card": "pan"}}, "columns"),
        ({"sql": None}, "sql"),
        ({"input_path": "customers.csv"}, "sql"),
        ({"sql": None, "input_path": "customers.csv", "source_conn_id": "crm"}, "sql"),
        ({"sql": None, "input_path": "customers.csv", "parameters": {"day": 1}}, "sql"),
        ({"target_table": None}, "target_table"),
        ({"target_table": None, "estimate_only": "{{ params.estimate_only }}"}, "target_table"),
        ({"conn_ids": ()}, "conn_ids"),
        ({"concurrency": 0}, "concurrency"),
        ({"budget_name": "kyc"}, "budget_name"),
        ({"on_unknown": "repeat"}, "on_unknown"),
        ({"on_unavailable": "hope"}, "on_unavailable"),
        ({"fail_above": 10}, "fail_above"),
    ],
)
def test_what_cannot_be_is_refused_when_the_dag_is_parsed(changes, field):
    with pytest.raises(InvalidInput) as caught:
        make(**changes)
    assert caught.value.field == field
    assert len(caught.value.remedy) > 10


def test_an_unknown_inquiry_is_told_all_that_there_are():
    with pytest.raises(InvalidInput, match="card_to_iban, account_to_iban"):
        make(inquiry="match_everything")


@pytest.mark.parametrize("changes", [{}, {"target_table": None, "output_path": "x.csv"}, {"estimate_only": True}])
def test_what_can_be_is_taken(changes):
    assert make(**changes).inquiry == "match_mobile"


def test_parsing_a_dag_with_bulk_inquiries_imports_neither_pandas_nor_libcurl():
    loaded = imported_by("import airflow_provider_iranpay.decorators.bulk")
    assert not {"pandas", "numpy", "pycurl"} & loaded


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"budget_rial": "a lot"}, "budget_rial"),
        ({"budget_rial": "0"}, "budget_rial"),
        ({"rate_per_second": "-1"}, "rate_per_second"),
        ({"rate_per_second": "nan"}, "rate_per_second"),
        ({"estimate_only": "perhaps"}, "estimate_only"),
    ],
)
def test_a_template_that_gives_nonsense_fails_the_task_at_once(changes, field, priced, customers, airflow_context):
    with pytest.raises(InvalidInput) as caught:
        make(**changes).execute(airflow_context)
    assert caught.value.field == field
    assert isinstance(caught.value, AirflowFailException)


def test_none_from_a_template_is_none(priced, customers, airflow_context):
    templated = ("budget_rial", "budget_name", "rate_per_second", "source_conn_id", "output_path")
    operator = make(**dict.fromkeys(templated, "None"), estimate_only="True")
    assert operator.execute(airflow_context)["estimate"]["rows"] == 30


def test_a_template_that_names_no_target_is_refused_before_anything_is_paid(
    priced, customers, airflow_context, sandbox
):
    operator = make()
    operator.target_table = ""  # as a Param that was left empty renders
    with pytest.raises(InvalidInput, match="target_table"):
        operator.execute(airflow_context)
    assert sandbox.world.ledger.entries == []


def test_persian_digits_from_a_form_are_digits(priced, customers, airflow_context):
    manifest = make(budget_rial="۵۰۰۰۰۰۰").execute(airflow_context)
    assert manifest["budget"]["cap_rial"] == 5_000_000
    assert manifest["budget"]["name"] == "d/r/t"


def told(manifest):
    return manifest["rows"], manifest["status"]


@pytest.fixture
def truth(customers):
    matches = (customers.matches_mobile == "true").sum()
    return 30, {"matched": matches, "not_matched": 30 - matches}


def test_rows_of_another_database_are_asked_about(priced, customers, truth, airflow_context, monkeypatch):
    described = json.loads(os.environ["AIRFLOW_CONN_IRANPAY_WAREHOUSE"])
    monkeypatch.setenv("AIRFLOW_CONN_CRM", json.dumps(described | {"extra": {}}))
    some = make(source_conn_id="crm", sql=f"{ROWS} WHERE customer_id <= :last", parameters={"last": "C00000010"})
    assert some.execute(airflow_context)["rows"] == 10
    assert told(make(source_conn_id="crm").execute(airflow_context)) == truth


@pytest.mark.parametrize("form", ["{}", "file://{}"])
@pytest.mark.parametrize("suffix", [".csv", ".jsonl.gz"])
def test_a_file_becomes_a_file(form, suffix, priced, customers, truth, airflow_context, tmp_path):
    customers.to_csv(tmp_path / "in.csv", index=False)
    places = {"input_path": form.format(tmp_path / "in.csv"), "output_path": form.format(tmp_path / f"out{suffix}")}
    manifest = make(sql=None, target_table=None, **places).execute(airflow_context)
    read = pd.read_csv if suffix == ".csv" else lambda path: pd.read_json(path, lines=True)
    written = read(tmp_path / f"out{suffix}")
    assert told(manifest) == truth
    assert written.customer_id.tolist() == customers.customer_id.tolist()
    assert (written.status == "matched").sum() == truth[1]["matched"]


def test_a_column_of_another_name_is_named(priced, customers, truth, airflow_context):
    renamed = "SELECT customer_id, mobile AS contact, national_code FROM customers"
    with pytest.raises(ConfigurationError, match="mobile"):
        make(sql=renamed).execute(airflow_context)
    assert told(make(sql=renamed, columns={"mobile": "contact"}).execute(airflow_context)) == truth


def test_a_kept_answer_is_old_when_the_user_says_so(priced, customers, airflow_context, sandbox):
    make().execute(airflow_context)
    again = airflow_context["ti"]
    again.run_id = "another"
    assert make().execute(airflow_context)["paid"] == 0
    assert make(max_age=timedelta(0)).execute(airflow_context)["paid"] == 30


def test_the_rows_name_the_task_that_brought_them(priced, customers, airflow_context, bulk_warehouse):
    make().execute(airflow_context)
    with bulk_warehouse.engine.connect() as connection:
        assert connection.execute(text("SELECT DISTINCT dag_id, run_id FROM matches")).all() == [("d", "r")]


def test_a_second_provider_is_asked_where_the_first_could_not_answer(
    priced, connect_paystar, customers, truth, airflow_context, sandbox
):
    sandbox.world.faults.add("error", service="jibit.match_mobile", code="providers.not_available", status=500)
    operator = make(conn_ids="jibit_default, paystar_banking_default", target_table="matches")
    assert told(operator.execute(airflow_context)) == truth
    assert {entry.service for entry in sandbox.world.ledger.entries} == {"paystar.match_mobile"}


def test_a_run_that_fails_has_pushed_its_manifest(priced, customers, airflow_context, sandbox):
    sandbox.world.change_settings({"daily_limits": {"jibit.match_mobile": 5}})
    with pytest.raises(RunStopped) as caught:
        make().execute(airflow_context)
    assert isinstance(caught.value, AirflowFailException)
    manifest = airflow_context["pushed"]["manifest"]
    assert (manifest["rows"], manifest["paid"], manifest["ended_by"]) == (30, 5, "not_sent_quota")
    assert json.loads(json.dumps(manifest)) == manifest


def test_a_journal_in_a_file_is_refused_where_workers_do_not_share_it(
    priced, customers, airflow_context, bulk_warehouse, monkeypatch, sandbox
):
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    if bulk_warehouse.engine.dialect.name == "postgresql":
        assert make().execute(airflow_context)["rows"] == 30
    else:
        with pytest.raises(ConfigurationError, match="CeleryExecutor"):
            make().execute(airflow_context)
        assert sandbox.world.ledger.entries == []


def test_what_is_rendered_is_stored_without_parameters():
    assert set(make().template_fields) & {"parameters", "key", "columns"} == set()


def test_a_task_can_be_mapped_over_files_whose_parts_share_what_is_known_and_a_budget(
    priced, customers, truth, run_dag, bulk_warehouse, tmp_path, sandbox
):
    halves = {"a.csv": customers.head(20), "b.csv": customers.tail(20)}
    for name, half in halves.items():
        half.to_csv(tmp_path / name, index=False)
    with DAG("mapped", schedule=None) as dag:
        BulkInquiryOperator.partial(
            task_id="t", inquiry="match_mobile", key="customer_id", target_table="matches", budget_rial=30 * 3_000
        ).expand(input_path=[str(tmp_path / name) for name in halves])
    assert {str(task.state) for task in run_dag(dag).get_task_instances()} == {"success"}
    assert len(sandbox.world.ledger.entries) == 30
    with bulk_warehouse.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM matches")) == 30
        assert connection.execute(text("SELECT map_index FROM iranpay_bulk_task ORDER BY map_index")).all() == [
            (0,),
            (1,),
        ]
