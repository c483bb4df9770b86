"""How readings of a provider's daily report become the rows of a day and its versions."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import event

from airflow_provider_iranpay.api.jibit.answers import read_daily_report
from airflow_provider_iranpay.exceptions import ReadingOutOfDate, SumsDoNotClose
from airflow_provider_iranpay.ingest import daily_consumption
from airflow_provider_iranpay.ingest.daily_consumption import DayLoad, load_daily_report
from airflow_provider_iranpay.warehouse import tables
from airflow_provider_iranpay.warehouse.engine import lock_until_commit, open_warehouse
from airflow_provider_iranpay.warehouse.provenance import LoadContext, Scope
from tests.ingest.readings import DAY, DAY_ENDS, SCOPE, consumption, held, load, report, versions


def test_the_first_reading_becomes_the_rows_of_the_day(warehouse):
    outcome = load(warehouse, {"cards": 3, "ibans": 2})
    assert outcome == DayLoad(day=DAY, jalali_day="1404-01-01", status="loaded", services=2, times_used=5, version=1)
    cards, ibans = held(warehouse, tables.daily_consumption)
    assert (cards.environment, cards.account, cards.day, cards.jalali_day) == ("real", "main", DAY, "1404-01-01")
    assert (cards.service, cards.persian_name, cards.times_used, cards.version) == ("cards", "سرویس cards", 3, 1)
    assert cards.raw == [{"service": "cards", "persianName": "سرویس cards", "count": 3}]
    assert (ibans.service, ibans.times_used) == ("ibans", 2)


def test_several_report_objects_with_one_service_are_summed_and_all_kept(warehouse):
    outcome = load(warehouse, {"cards": 3}, {"cards": 4, "ibans": 1}, {"cards": 0})
    assert (outcome.services, outcome.times_used) == (2, 8)
    assert consumption(warehouse) == {"cards": 7, "ibans": 1}
    cards, _ = held(warehouse, tables.daily_consumption)
    assert [entry["count"] for entry in cards.raw] == [3, 4, 0]


def test_a_service_has_the_first_name_that_any_of_its_entries_gives(warehouse):
    entries = [{"service": "cards", "count": 1}, {"service": "cards", "persianName": "استعلام کارت", "count": 1}]
    named_late = read_daily_report({"report": [{"services": [entry]} for entry in entries]})
    load_daily_report(warehouse, named_late, scope=SCOPE, day=DAY, read_at=DAY_ENDS, context=LoadContext())
    (cards,) = held(warehouse, tables.daily_consumption)
    assert cards.persian_name == "استعلام کارت"


@pytest.mark.parametrize("objects", [(), ({},)], ids=["no report object", "an object without services"])
def test_an_empty_day_is_known_to_be_empty(warehouse, objects):
    assert load(warehouse, *objects).status == "empty"
    (row,) = held(warehouse, tables.daily_report)
    assert (row.status, row.services, row.times_used) == ("APPLIED", 0, 0)
    assert consumption(warehouse) == {}


def test_a_day_that_was_never_read_has_no_row(warehouse):
    assert held(warehouse, tables.daily_report) == []


def test_the_answer_is_kept_as_it_came(warehouse):
    load(warehouse, {"cards": 3})
    (row,) = held(warehouse, tables.daily_report)
    assert row.raw == report({"cards": 3}).raw


def test_every_row_names_the_load_that_brought_it(warehouse):
    load(warehouse, {"cards": 3, "ibans": 2})
    (brought,) = held(warehouse, tables.load)
    rows = [*held(warehouse, tables.daily_report), *held(warehouse, tables.daily_consumption)]
    assert {row.load_id for row in rows} == {brought.load_id}
    assert (brought.kind, brought.rows, brought.read_at) == ("daily_consumption", 2, DAY_ENDS)
    assert (brought.dag_id, brought.run_id, brought.task_id) == ("nightly", "run 1", "report")


def test_an_equal_reading_only_confirms_the_version(warehouse):
    load(warehouse, {"cards": 3}, hour=1)
    before, rows = held(warehouse, tables.daily_report)[0], held(warehouse, tables.daily_consumption)
    assert load(warehouse, {"cards": 3}, hour=2) == DayLoad(
        day=DAY, jalali_day="1404-01-01", status="unchanged", services=1, times_used=3, version=1
    )
    (after,) = held(warehouse, tables.daily_report)
    assert after._asdict() == {**before._asdict(), "confirmed_at": DAY_ENDS + timedelta(hours=2)}
    assert held(warehouse, tables.daily_consumption) == rows
    assert len(held(warehouse, tables.load)) == 1


def test_the_order_of_services_and_objects_is_no_difference(warehouse):
    load(warehouse, {"cards": 3, "ibans": 1}, {"cards": 4})
    assert load(warehouse, {"cards": 4}, {"ibans": 1, "cards": 3}).status == "unchanged"


def test_another_name_of_a_service_is_a_difference(warehouse):
    load(warehouse, {"cards": 3})
    renamed = read_daily_report(
        {"report": [{"services": [{"service": "cards", "persianName": "نام تازه", "count": 3}]}]}
    )
    outcome = load_daily_report(warehouse, renamed, scope=SCOPE, day=DAY, read_at=DAY_ENDS, context=LoadContext())
    assert (outcome.status, outcome.version) == ("loaded", 2)
    (cards,) = held(warehouse, tables.daily_consumption)
    assert cards.persian_name == "نام تازه"


def test_a_reading_that_went_up_replaces_the_day_as_a_whole(warehouse):
    load(warehouse, {"cards": 3, "idle": 0})
    outcome = load(warehouse, {"cards": 4, "ibans": 1}, hour=1)
    assert (outcome.status, outcome.version, outcome.times_used) == ("loaded", 2, 5)
    assert consumption(warehouse) == {"cards": 4, "ibans": 1}
    assert {row.version for row in held(warehouse, tables.daily_consumption)} == {2}
    assert versions(warehouse) == [("SUPERSEDED", 3), ("APPLIED", 5)]


@pytest.mark.parametrize(
    "lower", [{"cards": 2, "ibans": 2}, {"cards": 2, "ibans": 9}, {"ibans": 2}, {"cards": 0, "ibans": 2}, {}],
    ids=["lower", "lower though the sum is higher", "missing", "zero", "empty"],
)  # fmt: skip
def test_a_reading_with_a_lower_service_is_kept_and_not_applied(warehouse, lower):
    load(warehouse, {"cards": 3, "ibans": 2})
    outcome = load(warehouse, lower, hour=1)
    assert (outcome.status, outcome.version) == ("went_down", 2)
    assert (outcome.services, outcome.times_used) == (len(lower), sum(lower.values()))
    assert consumption(warehouse) == {"cards": 3, "ibans": 2}
    assert versions(warehouse) == [("APPLIED", 5), ("WENT_DOWN", sum(lower.values()))]


def test_the_same_lower_reading_again_only_confirms_its_version(warehouse):
    load(warehouse, {"cards": 3})
    load(warehouse, {"cards": 2}, hour=1)
    assert load(warehouse, {"cards": 2}, hour=2).version == 2
    standing, lower = held(warehouse, tables.daily_report)
    assert standing.confirmed_at == DAY_ENDS
    assert (lower.read_at, lower.confirmed_at) == (DAY_ENDS + timedelta(hours=1), DAY_ENDS + timedelta(hours=2))


def test_a_lower_reading_is_judged_anew_against_a_new_version(warehouse):
    for hour, count in enumerate([3, 2, 4, 2]):
        load(warehouse, {"cards": count}, hour=hour)
    assert versions(warehouse) == [("SUPERSEDED", 3), ("WENT_DOWN", 2), ("APPLIED", 4), ("WENT_DOWN", 2)]


def test_a_lower_reading_is_applied_on_demand(warehouse):
    load(warehouse, {"cards": 3, "ibans": 1})
    load(warehouse, {"cards": 2}, hour=1)
    outcome = load(warehouse, {"cards": 2}, hour=2, apply_lower=True)
    assert (outcome.status, outcome.version) == ("loaded", 3)
    assert consumption(warehouse) == {"cards": 2}
    assert versions(warehouse) == [("SUPERSEDED", 4), ("WENT_DOWN", 2), ("APPLIED", 2)]


def test_a_day_emptied_on_demand_has_no_rows(warehouse):
    load(warehouse, {"cards": 3})
    assert load(warehouse, hour=1, apply_lower=True).status == "empty"
    assert consumption(warehouse) == {}


def test_a_service_that_was_never_used_may_disappear(warehouse):
    load(warehouse, {"cards": 3, "idle": 0})
    assert load(warehouse, {"cards": 3}).status == "loaded"


@pytest.mark.parametrize(
    ("before_the_end", "is_final"), [(timedelta(microseconds=1), False), (timedelta(0), True)], ids=["before", "at"]
)
def test_a_reading_is_final_from_the_end_of_the_tehran_day_on(warehouse, before_the_end, is_final):
    load_daily_report(
        warehouse, report({"cards": 1}), scope=SCOPE, day=DAY, read_at=DAY_ENDS - before_the_end, context=LoadContext()
    )
    assert held(warehouse, tables.daily_report)[0].is_final is is_final


def test_a_version_becomes_final_when_it_is_confirmed_after_the_day(warehouse):
    load(warehouse, {"cards": 1}, hour=-1)
    load(warehouse, {"cards": 1}, hour=1)
    assert held(warehouse, tables.daily_report)[0].is_final is True


def test_an_equal_reading_that_comes_late_takes_nothing_back(warehouse):
    load(warehouse, {"cards": 1}, hour=1)
    before = held(warehouse, tables.daily_report)
    assert load(warehouse, {"cards": 1}, hour=-1).status == "unchanged"
    assert held(warehouse, tables.daily_report) == before


def test_a_reading_older_than_one_that_went_down_is_refused_too(warehouse):
    load(warehouse, {"cards": 10}, hour=1)
    load(warehouse, {"cards": 5}, hour=3)
    with pytest.raises(ReadingOutOfDate):
        load(warehouse, {"cards": 12}, hour=2)


def test_a_different_reading_older_than_the_standing_one_is_refused(warehouse):
    load(warehouse, {"cards": 3}, hour=2)
    with pytest.raises(ReadingOutOfDate, match="daily report of 2025-03-21"):
        load(warehouse, {"cards": 2}, hour=1, apply_lower=True)
    assert versions(warehouse) == [("APPLIED", 3)]


def test_a_reading_time_without_a_time_zone_is_refused(warehouse):
    with pytest.raises(ValueError, match="time zone"):
        load_daily_report(
            warehouse,
            report(),
            scope=SCOPE,
            day=DAY,
            read_at=datetime(2025, 3, 21),  # noqa: DTZ001 - the point of the test
            context=LoadContext(),
        )


def test_days_accounts_and_environments_do_not_touch_each_other(warehouse):
    load(warehouse, {"cards": 3})
    load(warehouse, {"cards": 2}, day=date(2025, 3, 20))
    load(warehouse, {"cards": 1}, scope=Scope(environment="real", account="other"))
    load(warehouse, {"cards": 0}, scope=Scope(environment="http://localhost:8080", account="main"))
    assert sorted(row.times_used for row in held(warehouse, tables.daily_consumption)) == [0, 1, 2, 3]
    assert {row.version for row in held(warehouse, tables.daily_report)} == {1}


def test_a_row_that_is_lost_on_the_way_undoes_the_day(warehouse, monkeypatch):
    load(warehouse, {"cards": 3})
    whole = daily_consumption.replace_partition
    monkeypatch.setattr(
        daily_consumption,
        "replace_partition",
        lambda connection, table, rows, **where: whole(connection, table, list(rows)[1:], **where),
    )
    with pytest.raises(SumsDoNotClose, match="2025-03-21 says 9 uses and 4 were written"):
        load(warehouse, {"cards": 5, "ibans": 4}, hour=1)
    assert consumption(warehouse) == {"cards": 3}
    assert versions(warehouse) == [("APPLIED", 3)]


def test_the_manifest_is_plain_json(warehouse):
    manifest = load(warehouse, {"cards": 3}).as_manifest()
    assert json.loads(json.dumps(manifest)) == {
        "day": "2025-03-21",
        "jalali_day": "1404-01-01",
        "status": "loaded",
        "services": 1,
        "times_used": 3,
        "version": 1,
    }


def test_a_day_that_went_down_says_what_a_person_can_do(warehouse):
    load(warehouse, {"cards": 3})
    said = str(load(warehouse, {"cards": 2}, hour=1))
    assert said.startswith("1404-01-01 (2025-03-21): went_down, 1 services used 2 times")
    assert "the Param apply_lower" in said
    assert "apply_lower" not in str(load(warehouse, {"cards": 3}, hour=2))


def test_workers_that_load_one_day_at_once_leave_one_whole_reading(warehouse, warehouse_url):
    readings = [{f"service {n}": 10 + n for n in range(count)} for count in (5, 10, 15, 20)]
    start = threading.Barrier(len(readings))
    outcomes, failures = [], []

    def worker(counts):
        try:
            with open_warehouse(warehouse_url) as own:
                start.wait(60)
                outcomes.append(load(own, counts))
        except Exception as error:  # noqa: BLE001 - asserted below
            failures.append(error)

    workers = [threading.Thread(target=worker, args=(counts,)) for counts in readings]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join(60)
    assert failures == []
    assert sorted(outcome.version for outcome in outcomes) == [1, 2, 3, 4]
    assert consumption(warehouse) == readings[-1]
    assert [status for status, _ in versions(warehouse)].count("APPLIED") == 1


def test_a_worker_waits_for_the_one_that_loads_the_same_day_and_judges_by_what_it_left(postgres_url):
    outcomes = []

    def second():
        with open_warehouse(postgres_url) as own:
            outcomes.append(load(own, {"cards": 2}))

    with open_warehouse(postgres_url) as warehouse:
        load(warehouse, {"cards": 1})
        with warehouse.transaction() as connection:
            lock_until_commit(connection, "iranpay_daily_report", "real", "main", DAY.isoformat())
            worker = threading.Thread(target=second)
            worker.start()
            with warehouse.engine.connect() as observer:
                while not observer.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar():
                    pass
            assert outcomes == []
        worker.join(60)
        assert [outcome.version for outcome in outcomes] == [2]


_KILLED_AT_ITS_COMMIT = """
import os, signal, sys
from sqlalchemy import event
from airflow_provider_iranpay.warehouse.engine import open_warehouse
from tests.ingest.readings import load
warehouse = open_warehouse(sys.argv[1])
@event.listens_for(warehouse.engine, "commit")
def die(connection):
    print("committing", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
load(warehouse, {"cards": 9}, hour=1)
"""


def test_a_worker_killed_at_its_commit_leaves_the_old_day_whole(warehouse, warehouse_url):
    load(warehouse, {"cards": 3, "ibans": 2})
    tables_of_the_day = (tables.daily_report, tables.daily_consumption, tables.load)
    before = [held(warehouse, table) for table in tables_of_the_day]
    child = subprocess.run(
        [sys.executable, "-c", _KILLED_AT_ITS_COMMIT, warehouse_url], capture_output=True, text=True, check=False
    )
    assert (child.returncode, child.stdout) == (-signal.SIGKILL, "committing\n")
    assert [held(warehouse, table) for table in tables_of_the_day] == before
    assert load(warehouse, {"cards": 9, "ibans": 2}, hour=1).version == 2


def test_a_reading_is_loaded_in_one_transaction(warehouse):
    commits = []
    event.listen(warehouse.engine, "commit", commits.append)
    load(warehouse, {"cards": 3})
    load(warehouse, {"cards": 4})
    assert len(commits) == 2
