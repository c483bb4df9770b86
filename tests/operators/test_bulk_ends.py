"""Every end of a bulk task that the page lists, brought about: what Airflow is told, and what is kept."""

from __future__ import annotations

import inspect
import re
from collections import Counter

import pytest
from airflow.sdk.exceptions import AirflowFailException
from sqlalchemy import text

from airflow_provider_iranpay.bulk.columns import LOADED_AT, OUTCOME_COLUMNS
from airflow_provider_iranpay.bulk.outcomes import ANSWERS, Origin, Status
from airflow_provider_iranpay.exceptions import IranPayError, LeaseLost
from airflow_provider_iranpay.inquiries import INQUIRIES
from airflow_provider_iranpay.operators.bulk import BaseBulkInquiry, BaseTableInquiry, BulkInquiryOperator
from airflow_provider_iranpay.warehouse.journal.journal import Journal
from tests.docs.pages import blocks, named_rows, read, rows, section

PAGE = "docs/bulk.md"
ROWS = "SELECT customer_id, mobile, national_code FROM customers"
BAD_ROWS = "SELECT customer_id, customer_id AS mobile, national_code FROM customers"
SERVICE = {"service": "jibit.match_mobile"}


@pytest.fixture
def warehouse_url(sqlite_url):
    return sqlite_url


@pytest.fixture
def world(sandbox):
    return sandbox.world


@pytest.fixture
def ask(priced, customers, airflow_context):
    """Run a task; gives what Airflow is told, and the manifest that it then has."""

    def run(**arguments):
        given = {"inquiry": "match_mobile", "sql": ROWS, "key": "customer_id", "target_table": "matches"} | arguments
        killed = given.pop("killed", False)
        operator = BulkInquiryOperator(task_id="t", **given)
        if killed:
            operator.on_kill()
        try:
            return "succeeds", operator.execute(airflow_context)
        except IranPayError as error:
            told = "fails at once" if isinstance(error, AirflowFailException) else "is retried"
            return told, airflow_context["pushed"].get("manifest")

    return run


def every_row_answered(ask, world, _):
    return ask()


def few_rows_unanswered(ask, world, _):
    world.faults.add("reset_after", count=2, **SERVICE)
    return ask()


def many_rows_that_a_repeat_may_bring(ask, world, _):
    world.faults.add("error", code="server.error", status=500, probability=0.9, seed=1, **SERVICE)
    return ask()


def many_rows_that_no_repeat_brings(ask, world, _):
    return ask(sql=BAD_ROWS)


def budget_reached(ask, world, _):
    return ask(budget_rial=10 * 3_000)


def quota_reached(ask, world, _):
    world.change_settings({"daily_limits": {"jibit.match_mobile": 5}})
    return ask()


def a_person_is_needed(ask, world, _):
    world.change_settings({"balances": {"PRF": 0, "POF": 0}})
    return ask()


def twenty_doubtful_answers(ask, world, _):
    world.faults.add("reset_after", **SERVICE)
    return ask(concurrency=1)


def provider_down(ask, world, monkeypatch):
    monkeypatch.setattr("airflow_provider_iranpay.bulk.health.FAILURES_IN_A_ROW", 8)
    world.faults.add("error", code="server.error", status=500, **SERVICE)
    return ask(concurrency=8)


def banks_stay_closed(ask, world, _):
    world.change_settings({"unavailable_banks": ["MELLI", "MELLAT", "SADERAT", "SEPAH", "TEJARAT", "SAMAN"]})
    return ask(inquiry="card_to_iban", sql="SELECT customer_id, card FROM customers", on_unavailable="skip")


def lease_lost(ask, world, monkeypatch):
    def lose(*_, **__):
        raise LeaseLost("This worker was silent for longer than its lease.")

    monkeypatch.setattr(Journal, "commit", lose)
    return ask()


def told_to_end(ask, world, _):
    return ask(killed=True)


def a_key_stands_twice(ask, world, _):
    return ask(key="national_code", sql=f"{ROWS} UNION ALL {ROWS}")


def not_fit(ask, world, _):
    return ask(conn_ids="iranpay_warehouse")


ENDS = {
    "every row has an answer": every_row_answered,
    "at most `fail_above` of the rows have none": few_rows_unanswered,
    "more have none, and a repeat may bring some": many_rows_that_a_repeat_may_bring,
    "more have none, and no repeat brings any": many_rows_that_no_repeat_brings,
    "the budget is reached, and more than `fail_above` have none": budget_reached,
    "the daily quota is reached": quota_reached,
    "the provider needs a person": a_person_is_needed,
    "20 answers in a row make no sense": twenty_doubtful_answers,
    "the provider is down": provider_down,
    "banks stay closed, with more than `fail_above` of the rows": banks_stay_closed,
    "the lease is lost": lease_lost,
    "Airflow tells it to end": told_to_end,
    "a key is missing or stands twice": a_key_stands_twice,
    "something is not fit": not_fit,
}
LISTED = {cells[0]: cells[1:] for cells in rows(section(PAGE, "How a task ends"))}


def test_every_end_is_listed_and_brought_about_here():
    assert list(LISTED) == list(ENDS)


@pytest.mark.parametrize("end", ENDS)
def test_a_task_ends_as_the_page_says(end, ask, world, bulk_warehouse, monkeypatch):
    the_task, reason, written = LISTED[end][:3]
    told, manifest = ENDS[end](ask, world, monkeypatch)
    assert told == the_task
    assert (written == "yes") is (manifest is not None)
    if manifest is None:
        return
    with bulk_warehouse.engine.connect() as connection:
        statuses = Counter(connection.execute(text("SELECT status FROM matches")).scalars())
    assert statuses == manifest["status"]
    assert sum(statuses.values()) == sum(manifest["origin"].values()) == manifest["rows"] == 30
    assert (manifest["ended_by"] or "") == reason.strip("`")


def test_every_status_is_listed_and_which_of_them_is_an_answer():
    listed = named_rows(section(PAGE, "Statuses"))
    assert list(listed) == list(Status)
    assert {status for status, cells in listed.items() if cells[0] == "yes"} == ANSWERS


def test_every_origin_is_listed():
    assert list(named_rows(section(PAGE, "Origins"))) == list(Origin)


def test_every_column_of_a_result_is_listed_with_its_type():
    listed = named_rows(section(PAGE, "What a row gets"))
    assert {name: cells[0] for name, cells in listed.items()} == {
        column.name: column.dtype for column in (*OUTCOME_COLUMNS, LOADED_AT)
    }


def test_every_argument_is_listed_and_which_of_them_is_templated():
    listed = named_rows(section(PAGE, "Arguments"))
    given = {
        name
        for kind in (BaseBulkInquiry, BaseTableInquiry, BulkInquiryOperator)
        for name, parameter in parameters(kind)
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    assert listed.keys() == given
    assert {name for name, cells in listed.items() if cells[0] == "yes"} == set(BulkInquiryOperator.template_fields)


def parameters(kind):
    return inspect.signature(kind.__init__).parameters.items()


def test_every_field_of_the_manifest_is_listed(ask):
    _, manifest = ask(budget_rial=10**9)
    assert list(named_rows(section(PAGE, "What a task returns"))) == list(manifest)


def test_the_page_says_for_how_long_answers_stand():
    paid = [inquiry for inquiry in INQUIRIES.values() if not inquiry.is_free]
    positive, negative = ({getattr(one, name).days for one in paid} for name in ("fresh", "fresh_negative"))
    said = re.search(r"(\d+) to (\d+) days for a positive answer, (\d+) to (\d+) for", read(PAGE))
    assert [int(days) for days in said.groups()] == [min(positive), max(positive), min(negative), max(negative)]


@pytest.mark.parametrize("example", [block for block in blocks("python") if block.page == PAGE], ids=str)
def test_the_examples_run(example, priced, customers, run_dag):
    page = {}
    exec(compile(example.text, str(example), "exec"), page)
    (task,) = run_dag(page["dag"]).get_task_instances()
    assert str(task.state) == "success"
    manifest = task.xcom_pull(task_ids=task.task_id)
    assert sum(manifest["status"].get(status, 0) for status in ("matched", "not_matched")) == manifest["rows"] > 1
