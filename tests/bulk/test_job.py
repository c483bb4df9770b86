"""A bulk inquiry from end to end: what it leaves behind adds up, or it says so."""

from __future__ import annotations

import dataclasses
import json
import logging
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from airflow_provider_iranpay.bulk import job as job_module
from airflow_provider_iranpay.bulk import run as run_module
from airflow_provider_iranpay.bulk.columns import OUTCOME_COLUMNS, Column
from airflow_provider_iranpay.bulk.job import Budget, BulkJob, Reuse
from airflow_provider_iranpay.bulk.plan import Plan
from airflow_provider_iranpay.bulk.run import Pace
from airflow_provider_iranpay.bulk.sources import FrameSource
from airflow_provider_iranpay.exceptions import ConfigurationError, RunIncomplete, RunStopped, SumsDoNotClose
from airflow_provider_iranpay.warehouse.journal.tables import budget as budget_table
from airflow_provider_iranpay.warehouse.provenance import LoadContext
from airflow_provider_iranpay.warehouse.tables import bulk_task
from airflow_provider_iranpay.warehouse.tables import run as run_table
from tests.bulk.playing import (
    COLUMNS,
    INQUIRY,
    LOST,
    NO,
    OPERATOR,
    PRICE,
    QUOTA,
    REFUSED,
    RING,
    TRANSIENT,
    UNREADABLE,
    Provider,
    mobile,
    national_code,
    table,
)

TASK = LoadContext(dag_id="night", run_id="scheduled__1", task_id="ask")
NAMES = ["id", "matched", *(column.name for column in OUTCOME_COLUMNS)]


class Kept:
    """A target that keeps what it is given.

    :ivar prepared: what it was prepared for.
    :ivar written: the rows, once they are all there.
    """

    def __init__(self, refuses=False):
        self.refuses = refuses
        self.prepared = None
        self.written = None

    def prepare(self, key, outputs):
        if self.refuses:
            raise ConfigurationError("The table does not fit.")
        self.prepared = (key, list(outputs))

    def write(self, rows):
        self.written = [dict(zip(NAMES, row, strict=True)) for row in rows]
        return len(self.written)

    def statuses(self):
        return [row["status"] for row in self.written]


@pytest.fixture
def work(desk):
    """Makes a job over some people."""

    def made(people, *providers, **how):
        return BulkJob(
            inquiry=INQUIRY,
            source=FrameSource(table(people)),
            key="id",
            ways=[provider.way for provider in providers],
            warehouse=desk.warehouse,
            keys=RING,
            **{"columns": COLUMNS, "pace": Pace(concurrency=4)} | how,
        )

    return made


def tasks(desk):
    with desk.warehouse.engine.connect() as connection:
        return connection.execute(select(bulk_task)).all()


def count(desk, of):
    with desk.warehouse.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(of))


def kinds(value):
    """The types of everything in a value."""
    if isinstance(value, dict):
        return {dict} | {kind for pair in value.items() for one in pair for kind in kinds(one)}
    return {type(value)}


MIXED = {2: NO, 3: REFUSED, 4: LOST, 5: UNREADABLE, 6: TRANSIENT}


# What it leaves


def test_the_manifest_is_plain_and_adds_up(desk, work):
    desk.run(table([1]), Provider())
    people = [1, 2, 3, 4, 5, 6, 7, 2, 4]
    job = work(people, Provider(ends=MIXED), budget=Budget(cap_rial=10_000, name="month"), fail_above=1)
    manifest = job.perform()
    assert kinds(manifest) <= {dict, str, int, type(None)}
    assert json.loads(json.dumps(manifest)) == manifest
    as_of, budget = manifest.pop("as_of"), manifest.pop("budget")
    assert datetime.fromisoformat(as_of).tzinfo is not None
    assert manifest == {
        "inquiry": "match_mobile",
        "rows": 9,
        "status": {"failed": 1, "matched": 2, "not_matched": 2, "provider_error": 1, "unknown": 2, "unreadable": 1},
        "origin": {"cached": 1, "duplicate": 1, "none": 4, "paid": 3},
        "questions": 7,
        "attempts": 6,
        "paid": 3,
        "spent_rial": 3 * PRICE,
        "reserved_rial": PRICE,
        "saved_rial": 2 * PRICE,
        "unknown": 1,
        "unknown_repeat_rial": PRICE,
        "estimate": {
            "rows": 9,
            "invalid": 0,
            "duplicates": 2,
            "kept": 1,
            "held": 0,
            "unknown": 0,
            "to_ask": 6,
            "cost_rial": 6 * PRICE,
        },
        "ended_by": None,
    }
    assert budget.pop("name").startswith("month/14")
    assert budget == {"cap_rial": 10_000, "spent_rial": 3 * PRICE, "reserved_rial": PRICE}


def test_without_a_price_it_says_that_it_does_not_know_the_money(work):
    manifest = work([1, 2], Provider(price_rial=None)).perform()
    assert (manifest["saved_rial"], manifest["unknown_repeat_rial"], manifest["estimate"]["cost_rial"]) == (None,) * 3
    assert (manifest["paid"], manifest["spent_rial"]) == (2, None)
    assert "budget" not in manifest


def test_what_is_unknown_stays_in_the_count_of_a_repeat(work):
    first = work([1, 2], Provider(ends={1: LOST}), fail_above=1).perform()
    again = work([1, 2], Provider(), fail_above=1).perform()
    assert first["unknown"] == again["unknown"] == 1
    assert again["unknown_repeat_rial"] == PRICE
    assert (again["attempts"], again["reserved_rial"]) == (0, 0)


def test_a_row_of_a_target_is_key_outputs_and_outcome(work):
    target = Kept()
    work([1, 4], Provider(ends=MIXED), targets=[target], context=TASK, fail_above=1).perform()
    assert target.prepared == (Column("id", "Int64"), [Column("matched", "boolean")])
    answered, unknown = target.written
    assert answered["answered_at"].tzinfo is not None
    assert len(answered["track_id"]) == len(unknown["track_id"]) == 32
    assert {name: answered[name] for name in NAMES if name not in ("track_id", "answered_at")} == {
        "id": 1,
        "matched": True,
        "status": "matched",
        "origin": "paid",
        "error_code": None,
        "error_message": None,
        "provider": "jibit",
        "attempts": 1,
        "cost_rial": PRICE,
        "dag_id": "night",
        "run_id": "scheduled__1",
    }
    assert (unknown["id"], unknown["matched"], unknown["status"]) == (2, None, "unknown")
    assert unknown["answered_at"] is None


def test_each_target_gets_all_rows(work):
    targets = [Kept(), Kept()]
    manifest = work(range(1, 8), Provider(ends=MIXED), targets=targets, fail_above=1).perform()
    assert targets[0].written == targets[1].written
    assert len(targets[0].written) == manifest["rows"] == 7


def test_an_empty_table_is_done(work):
    target = Kept()
    manifest = work([], Provider(), targets=[target], fail_above=0).perform()
    assert (manifest["rows"], manifest["status"], manifest["origin"]) == (0, {}, {})
    assert not target.written


def test_columns_that_were_guessed_are_told_and_no_value_of_a_row_is(work, caplog):
    caplog.set_level(logging.DEBUG)
    work(range(1, 7), Provider(ends=MIXED), columns={}, context=TASK, fail_above=1).perform()
    assert "guessed by their names: mobile is mobile, national_code is national_code" in caplog.text
    for person in range(1, 7):
        assert mobile(person) not in caplog.text
        assert national_code(person) not in caplog.text


# The estimate


def test_an_estimate_pays_and_writes_nothing(desk, work):
    provider, target = Provider(), Kept(refuses=True)
    how = {"targets": [target], "budget": Budget(cap_rial=0, name="month"), "context": TASK, "estimate_only": True}
    found = work([1, 2, 2], provider, **how).perform(lambda _: pytest.fail("it began"))
    assert found == {
        "inquiry": "match_mobile",
        "estimate": {
            "rows": 3,
            "invalid": 0,
            "duplicates": 1,
            "kept": 0,
            "held": 0,
            "unknown": 0,
            "to_ask": 2,
            "cost_rial": 2 * PRICE,
        },
    }
    assert json.loads(json.dumps(found)) == found
    assert (provider.asked, target.prepared, target.written) == ([], None, None)
    assert (desk.count(), count(desk, budget_table), count(desk, bulk_task)) == (0, 0, 0)


@pytest.mark.parametrize("ends", [{}, {2: NO, 3: REFUSED, 6: TRANSIENT}, MIXED])
def test_the_estimate_is_what_is_paid_and_what_failed_for_nothing(work, ends):
    people = [1, 2, 3, 4, 5, 6, 6]
    estimate = work(people, Provider(), estimate_only=True).perform()["estimate"]
    manifest = work(people, Provider(ends=ends), fail_above=1).perform()
    free = manifest["attempts"] - manifest["paid"] - manifest["unknown"]
    assert estimate == manifest["estimate"]
    assert estimate["cost_rial"] == manifest["spent_rial"] + manifest["reserved_rial"] + free * PRICE


# As of


def test_the_tries_of_one_dag_run_see_the_journal_as_of_one_moment(desk, work):
    tries = [work([1], Provider(), context=TASK).perform() for _ in range(2)]
    tries.append(work([1], Provider(), context=dataclasses.replace(TASK, task_id="other", map_index=3)).perform())
    assert len({one["as_of"] for one in tries}) == 1
    later = work([1], Provider(), context=dataclasses.replace(TASK, run_id="scheduled__2")).perform()
    assert later["as_of"] > tries[0]["as_of"]
    assert count(desk, run_table) == 2


def test_a_run_that_is_cleared_replays_though_its_answers_are_no_longer_fresh(work):
    reuse = Reuse(max_age=timedelta(0))
    work([1, 2], Provider(ends=MIXED), context=TASK, reuse=reuse).perform()
    cleared = Provider()
    manifest = work([1, 2], cleared, context=TASK, reuse=reuse).perform()
    assert (cleared.asked, manifest["origin"]) == ([], {"cached": 2})
    following = Provider()
    work([1, 2], following, context=dataclasses.replace(TASK, run_id="scheduled__2"), reuse=reuse).perform()
    assert sorted(following.asked) == [1, 2]


def test_outside_airflow_each_run_is_its_own(desk, work):
    reuse = Reuse(max_age=timedelta(0))
    first, second = (work([1], Provider(), reuse=reuse).perform() for _ in range(2))
    assert first["as_of"] < second["as_of"]
    assert second["origin"] == {"paid": 1}
    assert (count(desk, run_table), tasks(desk)) == (0, [])


def test_what_is_unknown_is_asked_again_if_that_is_said(work):
    work([1], Provider(otherwise=LOST), fail_above=1).perform()
    provider = Provider()
    manifest = work([1], provider, reuse=Reuse(on_unknown="retry")).perform()
    assert (provider.asked, manifest["status"], manifest["unknown"]) == ([1], {"matched": 1}, 0)


# Rows without an answer


def outcome(job):
    """The kind of error that a job ends with, None if it ends well."""
    try:
        job.perform()
    except RunIncomplete as error:
        return type(error)
    return None


@pytest.mark.parametrize(
    ("fail_above", "fails"), [(0.0, True), (0.29, True), (0.3, False), (0.31, False), (1.0, False)]
)
def test_it_fails_above_a_share_of_rows_without_an_answer(work, fail_above, fails):
    provider = Provider(ends=dict.fromkeys([1, 2, 3], LOST))
    assert (outcome(work(range(1, 11), provider, fail_above=fail_above)) is RunStopped) is fails


@pytest.mark.parametrize("ends", [{}, {1: NO}, {1: REFUSED}])
def test_a_no_and_a_definite_error_are_answers(work, ends):
    assert outcome(work([1, 2], Provider(ends=ends), fail_above=0)) is None


@pytest.mark.parametrize(
    ("end", "kind"), [(LOST, RunStopped), (UNREADABLE, RunStopped), (TRANSIENT, RunIncomplete)], ids=str
)
def test_what_a_repeat_may_mend_is_told_from_what_it_may_not(work, end, kind):
    assert outcome(work([1, 2], Provider(ends={1: end}), fail_above=0.4)) is kind


@pytest.mark.parametrize("end", [QUOTA, OPERATOR])
def test_a_run_that_could_not_go_on_fails_whatever_share_is_allowed(work, end):
    assert outcome(work(range(1, 21), Provider(ends={1: end}), fail_above=1)) is RunStopped


def test_a_run_that_makes_no_sense_is_stopped(work):
    assert outcome(work(range(1, 101), Provider(otherwise=LOST), fail_above=1)) is RunStopped


def test_a_provider_that_is_away_may_be_back_later(work):
    assert outcome(work(range(1, 101), Provider(otherwise=TRANSIENT), fail_above=1)) is RunIncomplete


@pytest.mark.parametrize(("fail_above", "kind"), [(0.5, None), (0.49, RunStopped)])
def test_a_budget_that_is_used_up_counts_like_rows_without_an_answer(work, fail_above, kind):
    job = work(range(1, 11), Provider(), budget=Budget(cap_rial=5 * PRICE, name="month"), fail_above=fail_above)
    assert outcome(job) is kind


def test_a_budget_that_does_not_cover_all_rows_pays_for_the_first_ones(work):
    target = Kept()
    budget = Budget(cap_rial=8 * PRICE, name="month")
    work(range(1, 41), Provider(), budget=budget, fail_above=1, targets=[target]).perform()
    assert target.statuses() == ["matched"] * 8 + ["not_sent_budget"] * 32


def test_all_is_written_before_it_fails(desk, work):
    target = Kept()
    job = work([1, 2, 3, 4, 5], Provider(ends={2: LOST, 5: TRANSIENT}), targets=[target], context=TASK, fail_above=0)
    said = r"2 of 5 rows are without an answer \(failed 1, unknown 1\); all are written"
    with pytest.raises(RunIncomplete, match=said) as caught:
        job.perform()
    assert target.statuses() == ["matched", "unknown", "matched", "matched", "failed"]
    (row,) = tasks(desk)
    assert row.state == "incomplete"
    assert row.manifest == caught.value.manifest
    assert row.manifest["rows"] == 5


# The row of the task


def test_the_row_of_the_task_says_how_far_it_came(desk, work):
    manifest = work([1, 2, 3, 3], Provider(ends={3: LOST}), context=TASK, fail_above=1).perform()
    (row,) = tasks(desk)
    assert (row.dag_id, row.run_id, row.task_id, row.map_index) == ("night", "scheduled__1", "ask", -1)
    assert (row.inquiry, row.state, row.rows, row.to_ask, row.asked) == ("match_mobile", "done", 4, 3, 3)
    assert (row.spent_rial, row.unknown, row.manifest) == (2 * PRICE, 1, manifest)


def test_while_it_runs_the_row_says_so(desk, work):
    provider, seen = Provider(), []
    provider.taking = lambda job: seen.extend(one.state for one in tasks(desk))
    work([1], provider, context=TASK).perform()
    assert seen == ["running"]


def test_a_repeat_writes_over_the_row_and_another_task_beside_it(desk, work):
    work([1, 2], Provider(), context=TASK).perform()
    work([1, 2], Provider(), context=TASK).perform()
    (row,) = tasks(desk)
    assert (row.to_ask, row.asked, row.spent_rial) == (0, 0, 0)
    work([1, 2], Provider(), context=dataclasses.replace(TASK, map_index=1)).perform()
    assert len(tasks(desk)) == 2


def test_a_run_that_could_not_go_on_names_why(desk, work):
    with pytest.raises(RunStopped):
        work([1, 2], Provider(ends={1: QUOTA}), context=TASK).perform()
    (row,) = tasks(desk)
    assert row.state == row.manifest["ended_by"] == "not_sent_quota"


def test_a_run_that_is_told_to_end_writes_no_results_and_a_repeat_goes_on(desk, work, monkeypatch):
    monkeypatch.setattr(run_module, "_STOP_SECONDS", 0.2)
    provider, target, runs = Provider(), Kept(), []

    def taking(job):
        if len(provider.asked) == 10:
            runs[0].kill()

    provider.taking = taking
    with pytest.raises(RunIncomplete, match="run again"):
        work(range(1, 31), provider, targets=[target], context=TASK).perform(runs.append)
    assert target.written is None
    assert [one.state for one in tasks(desk)] == ["killed"]
    answered = desk.count(state="answered")
    assert answered == len(provider.asked) < 30
    provider.taking = lambda job: None
    manifest = work(range(1, 31), provider, targets=[target], context=TASK).perform()
    assert manifest["status"] == {"matched": 30}
    assert manifest["origin"] == {"cached": answered, "paid": 30 - answered}
    assert len(provider.asked) == 30


# What is refused


def test_a_target_that_does_not_fit_is_refused_before_anything_is_paid(desk, work):
    provider = Provider()
    with pytest.raises(ConfigurationError, match="does not fit"):
        work([1], provider, targets=[Kept(), Kept(refuses=True)]).perform()
    assert (provider.asked, desk.count()) == ([], 0)


def test_a_budget_needs_a_price(desk, work):
    provider = Provider(price_rial=None)
    with pytest.raises(ConfigurationError, match="price of match_mobile is not known"):
        work([1], provider, budget=Budget(cap_rial=100, name="month")).perform()
    assert (provider.asked, desk.count()) == ([], 0)


def test_outside_airflow_a_budget_needs_a_name(work):
    provider = Provider()
    with pytest.raises(ConfigurationError, match="give it a name"):
        work([1], provider, budget=Budget(cap_rial=100)).perform()
    assert provider.asked == []


def test_a_budget_without_a_name_is_the_tasks_own_and_its_repeats_share_it(work):
    how = {"budget": Budget(cap_rial=2 * PRICE), "fail_above": 1}
    first = work([1, 2, 3], Provider(), context=TASK, **how).perform()
    assert first["budget"]["name"] == "night/scheduled__1/ask"
    again = work([1, 2, 3], Provider(), context=TASK, **how).perform()
    assert again["status"] == {"matched": 2, "not_sent_budget": 1}
    next_run = work([1, 2, 3], Provider(), context=dataclasses.replace(TASK, run_id="scheduled__2"), **how).perform()
    assert next_run["status"] == {"matched": 3}


def test_a_budget_that_has_a_name_is_shared_by_all_that_name_it_in_one_month(work, monkeypatch):
    how = {"budget": Budget(cap_rial=2 * PRICE, name="kyc"), "fail_above": 1}

    def on(day, person, **context):
        monkeypatch.setattr(job_module, "tehran_day", lambda _: day)
        return work([person], Provider(), context=dataclasses.replace(TASK, **context), **how).perform()

    last, first = date(2026, 10, 22), date(2026, 10, 23)
    assert on(last - timedelta(days=29), 1)["status"] == {"matched": 1}
    assert on(last, 2, dag_id="other")["status"] == {"matched": 1}
    assert on(last, 3, run_id="scheduled__2")["status"] == {"not_sent_budget": 1}
    manifest = on(first, 3, run_id="scheduled__2")
    assert (manifest["status"], manifest["budget"]["name"]) == ({"matched": 1}, "kyc/1405-08")


def test_accounts_of_two_environments_or_the_same_account_twice_or_none_are_refused(work):
    one = Provider()
    other = dataclasses.replace(one.way, environment="real", account="else")
    for ways, said in (
        ([], "name at least one"),
        ([one.way, other], "different environ"),
        ([one.way] * 2, "named twice"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            dataclasses.replace(work([1], one), ways=ways).perform()
    assert one.asked == []


# Sums that do not close


def tampered(monkeypatch, change):
    """Let the results of a plan be something else than what they are."""
    results = Plan.results

    def changed(plan, rest):
        yield zip(*change([pair for some in results(plan, rest) for pair in zip(*some, strict=True)]), strict=True)

    monkeypatch.setattr(Plan, "results", changed)


CHANGES = {
    "a row is missing": lambda rows: rows[:-1],
    "a row is there twice": lambda rows: [*rows, rows[0]],
    "a row has an origin and no answer": lambda rows: [
        (rows[0][0], rows[0][1]._replace(status="unknown")),
        *rows[1:],
    ],
    "a row has an answer and no origin": lambda rows: [
        (rows[0][0], rows[0][1]._replace(origin="none")),
        *rows[1:],
    ],
    "a row cost less": lambda rows: [(rows[0][0], rows[0][1]._replace(cost_rial=PRICE - 1)), *rows[1:]],
    "a row cost nothing": lambda rows: [(rows[0][0], rows[0][1]._replace(cost_rial=0)), *rows[1:]],
    "a row was paid twice": lambda rows: [(rows[0][0], rows[0][1]._replace(cost_rial=2 * PRICE)), *rows[1:]],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_rows_that_do_not_add_up_are_not_passed_over(work, monkeypatch, change):
    tampered(monkeypatch, change)
    with pytest.raises(SumsDoNotClose):
        work([1, 2, 3], Provider()).perform()


def test_rows_as_they_are_do_add_up(work, monkeypatch):
    tampered(monkeypatch, lambda rows: rows)
    work([1, 2, 3], Provider()).perform()
