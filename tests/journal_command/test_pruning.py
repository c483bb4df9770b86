"""``prune``: answers go, what they have cost stays."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from airflow_provider_iranpay.warehouse import plans, tables

OLD = ("prune", "--older-than", "5d", "--reconciled-until", "1405/08/01")


def states(journal):
    (shown,) = json.loads(journal("show", "--environment", "real", "--output", "json")[1])
    return {one["state"]: (one["attempts"], one["cost_rial"]) for one in shown["attempts"]}


def test_a_dry_run_counts_and_throws_nothing_away(journal, fill):
    fill()
    before = states(journal)
    code, out, _ = journal(*OLD, "--dry-run")
    assert (code, out) == (0, "Answers to throw away: 3. A tombstone with time and cost stays of each.\n")
    assert states(journal) == before


def test_what_is_thrown_away_keeps_its_cost(journal, fill):
    fill()
    code, out, _ = journal(*OLD, typed="yes")
    assert (code, out.splitlines()[-1]) == (0, "Thrown away: 3.")
    assert states(journal) == {"pruned": (3, 10_000), "unknown": (2, 0)}


def test_without_a_persons_yes_nothing_goes(journal, fill):
    fill()
    before = states(journal)
    assert journal(*OLD)[0] == 1
    assert states(journal) == before


@pytest.mark.parametrize(("until", "count"), [("1404/10/10", 0), ("1404/10/11", 3)])
def test_the_last_reconciled_day_goes_and_no_later_one(journal, fill, until, count):
    fill()  # answered on 1404/10/11, Tehran's day
    out = journal("prune", "--older-than", "0d", "--reconciled-until", until, "--dry-run")[1]
    assert f"Answers to throw away: {count}." in out


def test_of_several_environments_one_has_to_be_named(journal, fill):
    fill("http://127.0.0.1:8321/ide")
    fill()
    code, out, err = journal(*OLD, "--yes")
    assert (code, out) == (1, "")
    assert "--environment: say which one is meant of http://127.0.0.1:8321/ide, real." in err
    assert journal(*OLD, "--environment", "real", "--yes")[0] == 0
    assert "pruned" in states(journal)


@pytest.fixture
def planned(opened):
    """Plans of an environment with a piece each: one past its end, one that is not; gives whose pieces are left."""
    for name, days in (("past", -1), ("coming", 1)):
        values = {
            "plan_id": name, "environment": "real", "inquiry": "match_card", "dag_id": "d", "run_id": "r",
            "task_id": name, "state": "ready", "as_of": datetime.now(UTC), "key_name": "id", "key_dtype": "Int64",
            "price_rial": None, "rows": 1, "estimate": {}, "created_at": datetime.now(UTC),
            "expires_at": datetime.now(UTC) + timedelta(days=days),
        }  # fmt: skip
        with opened.transaction() as connection:
            plans.begin_plan(connection, plans.PlanRow(**values))
            connection.execute(tables.plan_piece.insert().values(plan_id=name, chunk=0, number=1, sealed=b"sealed"))

    def left():
        with opened.engine.connect() as connection:
            return set(connection.scalars(select(tables.plan_piece.c.plan_id)))

    return left


def test_rows_of_plans_past_their_end_go_without_a_question(journal, fill, planned):
    fill()
    out = journal(*OLD, "--dry-run")[1]
    assert out.splitlines()[0] == "Plans past their end whose rows are to throw away: 1."
    assert planned() == {"past", "coming"}
    code, out, _ = journal(*OLD)
    assert (code, out.splitlines()[0]) == (1, "Plans past their end whose rows are thrown away: 1.")
    assert planned() == {"coming"}


@pytest.mark.parametrize(
    "words",
    [
        ("--older-than", "180", "--reconciled-until", "1405/08/01"),
        ("--older-than", "180d", "--reconciled-until", "2026-10-23"),
    ],
)
def test_an_age_and_a_day_are_written_in_one_way(journal, words):
    with pytest.raises(SystemExit) as ended:
        journal("prune", *words)
    assert ended.value.code == 2
