"""Values come back from SQLite and from PostgreSQL as they went in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, MetaData, Table, delete, insert, select
from sqlalchemy.exc import StatementError

from airflow_provider_iranpay.iran.days import TEHRAN
from airflow_provider_iranpay.warehouse.column_types import JsonText, UtcTimestamp

table = Table(
    "values",
    MetaData(),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcTimestamp),
    Column("raw", JsonText),
)
same_database = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
instants = st.datetimes(
    min_value=datetime(1900, 1, 2),  # noqa: DTZ001 - the zone is drawn beside it
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, TEHRAN, timezone(timedelta(hours=-9, minutes=-30))]),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def connection(warehouse):
    with warehouse.transaction() as connection:
        table.create(connection)
        yield connection


def stored(connection, **values):
    connection.execute(delete(table))
    connection.execute(insert(table).values(id=1, **values))
    return connection.execute(select(table)).one()


@same_database
@given(at=instants)
def test_an_instant_comes_back_as_the_same_instant_in_utc(connection, at):
    read = stored(connection, at=at).at
    assert read == at.astimezone(UTC)
    assert read.utcoffset() == timedelta(0)


@same_database
@given(first=instants, second=instants)
def test_instants_compare_in_the_database_as_in_python(connection, first, second):
    stored(connection, at=first)
    found = connection.execute(select(table.c.id).where(table.c.at < second)).all()
    assert bool(found) == (first.astimezone(UTC) < second.astimezone(UTC))


def test_an_instant_without_a_time_zone_is_refused(connection):
    with pytest.raises(StatementError, match="without a time zone"):
        stored(connection, at=datetime(2025, 3, 21))  # noqa: DTZ001 - the point of the test


@same_database
@given(raw=json_values)
def test_json_comes_back_equal(connection, raw):
    assert stored(connection, raw=raw).raw == raw


def test_persian_stays_readable_in_the_database(connection):
    stored(connection, raw={"persianName": "تطبیق کارت با کد ملی"})
    text = connection.exec_driver_sql('SELECT raw FROM "values"').scalar()
    assert text == '{"persianName": "تطبیق کارت با کد ملی"}'


def test_json_keeps_the_order_in_which_the_provider_sent_its_fields(connection):
    assert list(stored(connection, raw={"z": 1, "a": 2}).raw) == ["z", "a"]


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_json_does_not_have_is_refused(connection, number):
    with pytest.raises(StatementError, match="not JSON compliant"):
        stored(connection, raw=number)
