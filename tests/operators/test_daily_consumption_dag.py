"""The nightly DAG through Airflow: days, replays, versions, and both databases."""

from __future__ import annotations

import json
import runpy
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url, select

from airflow_provider_iranpay.iran.days import day_bounds, jalali_dashed, tehran_day
from airflow_provider_iranpay.warehouse.engine import open_warehouse
from airflow_provider_iranpay.warehouse.tables import balance, daily_consumption, daily_report, load

DAG_FILE = Path(__file__).parents[2] / "dags" / "iranpay_daily_consumption.py"


@pytest.fixture
def warehouse(warehouse_url, connect, monkeypatch):
    """The warehouse behind ``iranpay_warehouse``, on each database in turn: the connection is all that changes."""
    url = make_url(warehouse_url)
    if url.drivername == "sqlite":
        described = {"conn_type": "sqlite", "host": url.database}
    else:
        described = {"conn_type": "postgres", "login": url.username, "password": url.password, "schema": url.database}
        described |= {"host": url.host or url.query["host"], "port": url.port}
    monkeypatch.setenv("AIRFLOW_CONN_IRANPAY_WAREHOUSE", json.dumps(described))
    with open_warehouse(warehouse_url) as opened:
        yield opened


@pytest.fixture
def dag():
    """The DAG file, read anew: ``dag.test`` leaves a run's conf in the Params of the object it was called on."""
    return runpy.run_path(str(DAG_FILE))["dag"]


@pytest.fixture
def today(sandbox):
    return tehran_day(sandbox.world.clock.now())


@pytest.fixture
def run_day(run_dag, dag):
    """Run the DAG as the scheduler would for a Tehran day; returns its manifest."""

    def run(day, **how):
        _, midnight = day_bounds(day)
        run = run_dag(dag, **({"logical_date": midnight + timedelta(hours=12)} | how))
        assert str(run.state) == "success"
        tasks = {task.task_id: task for task in run.get_task_instances()}
        return tasks["load_daily_report"].xcom_pull(task_ids="load_daily_report")

    return run


def rows(warehouse, *columns):
    with warehouse.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(*columns))]


def history(sandbox, first, last, per_day=10, services=("jibit.match_card", "jibit.iban_inquiry")):
    return sandbox.world.ledger.write_history(list(services), first=first, last=last, per_day=per_day, seed=1)


def test_a_run_loads_its_day_and_reads_two_days_before_it_again(warehouse, sandbox, run_day, today):
    history(sandbox, today - timedelta(days=9), today)
    yesterday = today - timedelta(days=1)
    manifest = run_day(yesterday)
    expected = [yesterday - timedelta(days=2), yesterday - timedelta(days=1), yesterday]
    assert [day for day, _ in rows(warehouse, daily_report.c.day, daily_report.c.version)] == expected
    assert [entry["status"] for entry in manifest["days"]] == ["loaded"] * 3
    assert manifest["times_used"] == 30
    assert sum(used for _, _, used in rows(warehouse, *daily_consumption.c["day", "service", "times_used"])) == 30


def test_the_rows_say_in_persian_what_was_used_and_whose_load_brought_them(warehouse, sandbox, run_day, today):
    yesterday = today - timedelta(days=1)
    history(sandbox, yesterday, yesterday, services=["jibit.match_card"])
    run_day(yesterday)
    with warehouse.engine.connect() as connection:
        row = connection.execute(select(daily_consumption)).one()
        source = connection.execute(select(load).where(load.c.load_id == row.load_id)).one()
    assert (row.environment, row.account) == (sandbox.url, "jibit_default")
    assert (row.persian_name, row.service, row.times_used) == ("تطبیق کارت و کد ملی", "MATCHING_CARD_NATIONAL_CODE", 10)
    assert row.jalali_day == jalali_dashed(yesterday)
    assert (source.dag_id, source.task_id) == ("iranpay_daily_consumption", "load_daily_report")


def test_a_backfill_reaches_every_day_once(warehouse, sandbox, run_day, today):
    days = [today - timedelta(days=back) for back in (5, 4, 3, 2, 1)]
    billed = history(sandbox, days[0], days[-1], per_day=7)
    for day in days:
        run_day(day)
    assert [status for _, status in rows(warehouse, *daily_report.c["day", "status"])] == ["APPLIED"] * 7
    assert sum(used for _, _, used in rows(warehouse, *daily_consumption.c["day", "service", "times_used"])) == billed


def test_running_a_day_again_changes_nothing(warehouse, sandbox, run_day, today):
    yesterday = today - timedelta(days=1)
    history(sandbox, yesterday, yesterday)
    run_day(yesterday)
    before = rows(warehouse, *daily_consumption.c["day", "service", "times_used", "version", "load_id"])
    assert run_day(yesterday)["days"][-1]["status"] == "unchanged"
    assert rows(warehouse, *daily_consumption.c["day", "service", "times_used", "version", "load_id"]) == before


def test_a_day_without_use_is_recorded_and_a_day_that_was_not_read_is_not(warehouse, run_day, today):
    yesterday = today - timedelta(days=1)
    assert run_day(yesterday)["days"][-1]["status"] == "empty"
    read = dict(rows(warehouse, *daily_report.c["day", "services"]))
    assert read[yesterday] == 0
    assert yesterday - timedelta(days=3) not in read


def test_a_day_that_went_down_is_kept_as_a_version_and_applied_only_on_demand(warehouse, sandbox, run_day, today):
    yesterday = today - timedelta(days=1)
    history(sandbox, yesterday, yesterday, services=["jibit.match_card"])
    run_day(yesterday)
    from airflow_provider_iranpay.iran.days import jalali_yymmdd

    sandbox.world.change_settings({"report_corrections": {jalali_yymmdd(yesterday): {"jibit.match_card": -3}}})
    manifest = run_day(yesterday)
    assert manifest["went_down"] == 1
    versions = rows(warehouse, *daily_report.c["day", "version", "status", "times_used"])[-2:]
    assert [version[1:] for version in versions] == [(1, "APPLIED", 10), (2, "WENT_DOWN", 7)]
    assert rows(warehouse, daily_consumption.c.times_used) == [(10,)]
    assert run_day(yesterday, run_conf={"apply_lower": True})["days"][-1]["status"] == "loaded"
    assert rows(warehouse, daily_consumption.c.times_used) == [(7,)]


def test_a_manual_run_takes_the_day_that_it_is_given(warehouse, sandbox, run_day, today):
    asked = today - timedelta(days=8)
    history(sandbox, today - timedelta(days=12), today)
    manifest = run_day(today, run_conf={"day": jalali_dashed(asked).replace("-", "/")})
    assert manifest["days"][-1]["day"] == asked.isoformat()
    assert run_day(today, run_conf={"day": asked.isoformat()})["days"][-1]["status"] == "unchanged"


def test_balances_are_kept_with_the_moment_they_were_taken(warehouse, sandbox, run_day, today):
    sandbox.world.change_settings({"balances": {"PRF": 750_000, "POF": 0}})
    run_day(today - timedelta(days=1))
    taken = rows(warehouse, *balance.c["balance_type", "amount", "currency", "day"])
    assert [row[:3] for row in taken] == [("POF", 0, "IRR"), ("PRF", 750_000, "IRR")]
    assert {row[3] for row in taken} == {today}


@pytest.mark.parametrize("day", ["1500/01/01", "2121-03-21", "not a day", "1405/13/01"])
def test_a_day_that_is_none_or_has_not_come_fails_without_a_retry(warehouse, run_dag, dag, day):
    run = run_dag(dag, run_conf={"day": day})
    states = {task.task_id: (str(task.state), task.try_number) for task in run.get_task_instances()}
    assert states["load_daily_report"] == ("failed", 1)
    assert rows(warehouse, daily_report.c.day) == []


def test_an_older_day_that_is_refused_does_not_stand_in_the_way(warehouse, sandbox, hook, run_dag, dag, today):
    hook.balances()  # with living tokens, so that the third report asked for is that of the oldest day
    yesterday = today - timedelta(days=1)
    history(sandbox, yesterday - timedelta(days=2), yesterday)
    sandbox.world.faults.add("error", service="jibit.daily_report", code="yearMonthDay.not_valid", status=400, nth=3)
    run = run_dag(dag, run_conf={"day": yesterday.isoformat()})
    states = {task.task_id: str(task.state) for task in run.get_task_instances()}
    assert states["load_daily_report"] == "failed"
    assert rows(warehouse, daily_report.c.day) == [(yesterday - timedelta(days=1),), (yesterday,)]


@pytest.mark.parametrize("form", ["{} ", "{:%Y/%m/%d}", "jalali", "persian"])
def test_a_day_is_taken_in_every_form_that_people_write(form):
    from airflow_provider_iranpay.operators.run import tehran_day_of_run

    day = date(2026, 11, 20)
    persian = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
    text = {"jalali": "1405/8/29", "persian": day.isoformat().translate(persian)}.get(form) or form.format(day)
    assert tehran_day_of_run({}, text) == day


@pytest.mark.parametrize(("value", "means"), [(True, True), ("true", True), ("True", True), ("False", False)])
def test_a_truth_value_may_come_through_a_template(value, means):
    from airflow_provider_iranpay.operators.run import flag

    assert flag("apply_lower", value) is means


@pytest.mark.parametrize("value", ["1", "yes", "", None])
def test_what_is_neither_true_nor_false_is_refused(value):
    from airflow_provider_iranpay.exceptions import InvalidInput
    from airflow_provider_iranpay.operators.run import flag

    with pytest.raises(InvalidInput, match="apply_lower"):
        flag("apply_lower", value)


def test_the_runs_day_is_the_tehran_day_whatever_the_interval_is_written_in(dag):
    from airflow_provider_iranpay.operators.run import tehran_day_of_run

    midnight, _ = day_bounds(tehran_day(dag.start_date))
    assert tehran_day_of_run({"data_interval_start": midnight + timedelta(minutes=30)}, "") == tehran_day(
        dag.start_date
    )


def test_the_dag_is_one_that_can_be_backfilled_and_never_overlaps(dag):
    assert dag.max_active_runs == 1
    assert dag.timetable.can_be_scheduled
    assert not dag.catchup
