"""A provider's balances become rows, once for each moment."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from airflow_provider_iranpay.api.jibit.answers import read_balances
from airflow_provider_iranpay.exceptions import InvalidInput
from airflow_provider_iranpay.ingest.balances import BalanceLoad, load_balances
from airflow_provider_iranpay.warehouse import tables
from airflow_provider_iranpay.warehouse.provenance import LoadContext, Scope

SCOPE = Scope(environment="real", account="main")
NEARLY_MIDNIGHT = datetime(2025, 3, 21, 20, 29, 59, tzinfo=UTC)
MIDNIGHT = datetime(2025, 3, 21, 20, 30, tzinfo=UTC)


def answer(*balances):
    return read_balances(
        {"balances": [{"balanceType": kind, "currency": unit, "amount": amount} for kind, unit, amount in balances]}
    )


def load(warehouse, balances, *, taken_at=MIDNIGHT, scope=SCOPE):
    context = LoadContext(dag_id="nightly", run_id="run 1", task_id="balances")
    return load_balances(warehouse, balances, scope=scope, taken_at=taken_at, context=context)


def held(warehouse, table=tables.balance):
    with warehouse.engine.connect() as connection:
        return connection.execute(select(table).order_by(*table.primary_key)).all()


def test_every_balance_becomes_a_row_in_the_currency_that_the_provider_names(warehouse):
    outcome = load(warehouse, answer(("PRF", "RIALS", 5_000_000_000_000), ("POF", "تومان", -3)))
    assert outcome == BalanceLoad(day=date(2025, 3, 22), taken_at=MIDNIGHT, balances=2)
    assert [(row.balance_type, row.currency, row.amount, row.raw) for row in held(warehouse)] == [
        ("POF", "تومان", -3, {"balanceType": "POF", "currency": "تومان", "amount": -3}),
        ("PRF", "RIALS", 5_000_000_000_000, {"balanceType": "PRF", "currency": "RIALS", "amount": 5_000_000_000_000}),
    ]


def test_a_balance_belongs_to_the_tehran_day_on_which_it_was_read(warehouse):
    load(warehouse, answer(("PRF", "RIALS", 1)), taken_at=NEARLY_MIDNIGHT)
    load(warehouse, answer(("PRF", "RIALS", 1)), taken_at=MIDNIGHT)
    assert [row.day for row in held(warehouse)] == [date(2025, 3, 21), date(2025, 3, 22)]


def test_loading_the_same_answer_again_changes_nothing(warehouse):
    load(warehouse, answer(("PRF", "RIALS", 1)))
    before = held(warehouse)
    load(warehouse, answer(("PRF", "RIALS", 1)))
    assert held(warehouse) == before


def test_every_row_names_the_load_that_brought_it(warehouse):
    load(warehouse, answer(("PRF", "RIALS", 1), ("POF", "RIALS", 2)))
    (brought,) = held(warehouse, tables.load)
    assert {row.load_id for row in held(warehouse)} == {brought.load_id}
    assert (brought.kind, brought.environment, brought.account) == ("balance", "real", "main")
    assert (brought.dag_id, brought.run_id, brought.task_id) == ("nightly", "run 1", "balances")
    assert (brought.read_at, brought.rows) == (MIDNIGHT, 2)


def test_a_sandbox_and_another_account_have_rows_of_their_own(warehouse):
    for scope in (
        SCOPE,
        Scope(environment="http://localhost:1", account="main"),
        Scope(environment="real", account="b"),
    ):
        load(warehouse, answer(("PRF", "RIALS", 1)), scope=scope)
    assert len(held(warehouse)) == 3


def test_an_answer_that_names_a_balance_twice_is_refused_whole(warehouse):
    with pytest.raises(InvalidInput, match="row 1, iranpay_balance: repeated_key"):
        load(warehouse, answer(("PRF", "RIALS", 1), ("PRF", "RIALS", 2)))
    assert held(warehouse) == held(warehouse, tables.load) == []


def test_a_moment_without_a_time_zone_is_refused(warehouse):
    with pytest.raises(ValueError, match="time zone"):
        load(warehouse, answer(), taken_at=datetime(2025, 3, 21))  # noqa: DTZ001 - the point of the test


def test_the_manifest_is_plain_json(warehouse):
    manifest = load(warehouse, answer(("PRF", "RIALS", 1))).as_manifest()
    assert json.loads(json.dumps(manifest)) == {
        "day": "2025-03-22",
        "jalali_day": "1404-01-02",
        "taken_at": "2025-03-21T20:30:00+00:00",
        "balances": 1,
    }
