"""Statements over many rows: the same on both databases, whatever the values hold."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine

from airflow_provider_iranpay.warehouse.journal.statements import Insert, ManyRows, _literal, select_any

TEXTS = ["plain", "it's", "'; DROP TABLE kept; --", "?1 :name %(name)s {name}", "پرداخت", '"quoted"', "\\", ""]

INSERT = Insert("kept", shared={"name": "text", "mark": "bytea"}, each={"number": "bigint"})
RENAME = ManyRows(
    "UPDATE kept SET name = {new} {given} WHERE kept.number = {number} AND kept.name = {old}",
    shared={"new": "text", "old": "text"},
    each={"number": "bigint"},
)
VALUES = (
    st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.binary()
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
)


@given(VALUES)
def test_a_literal_is_read_as_the_value(value):
    assert sqlite3.connect(":memory:").execute(f"SELECT {_literal(value)}").fetchone() == (value,)


def test_a_truth_is_written_as_a_number():
    assert (_literal(True), _literal(False)) == ("1", "0")


@pytest.mark.parametrize("value", ["\0", "a\0b", 1.5, object()])
def test_what_has_no_literal_is_refused(value):
    with pytest.raises(ValueError, match="no literal"):
        _literal(value)


@pytest.fixture
def connection(warehouse):
    with warehouse.transaction() as connection:
        kind = "bytea" if connection.dialect.name == "postgresql" else "blob"
        connection.exec_driver_sql(f"CREATE TEMPORARY TABLE kept (number bigint, name text, mark {kind})")
        yield connection


@pytest.mark.parametrize("name", TEXTS)
def test_what_rows_share_is_stored_as_it_is(connection, name):
    mark = b"\x00'\xff"
    assert INSERT.run(connection, (name, mark), [(1,), (2,)]) == 2
    rows = connection.exec_driver_sql("SELECT number, name, mark FROM kept ORDER BY number").all()
    assert [(number, text, bytes(stored)) for number, text, stored in rows] == [(1, name, mark), (2, name, mark)]


@pytest.mark.parametrize("name", TEXTS)
def test_only_the_rows_of_these_keys_are_changed_where_the_rest_fits(connection, name):
    INSERT.run(connection, (name, b""), [(1,), (2,), (3,)])
    INSERT.run(connection, ("another", b""), [(4,)])
    assert RENAME.run(connection, ("new", name), [(1,), (3,), (4,), (5,)]) == 2
    rows = connection.exec_driver_sql("SELECT number FROM kept WHERE name = 'new' ORDER BY number").all()
    assert [number for (number,) in rows] == [1, 3]


INSERT_NEW = Insert(
    "single", shared={"name": "text"}, each={"number": "bigint", "word": "text"}, on_conflict="ON CONFLICT DO NOTHING"
)


@pytest.mark.parametrize("rows", [0, 1, 7, 8, 9, 16, 100])
def test_any_number_of_rows_is_inserted_in_their_order(connection, rows):
    connection.exec_driver_sql("CREATE TEMPORARY TABLE single (number bigint PRIMARY KEY, name text, word text)")
    given = [(number, f"word {number}") for number in range(rows)]
    assert INSERT_NEW.run(connection, ("it's {name}",), given) == rows
    stored = connection.exec_driver_sql("SELECT number, word, name FROM single ORDER BY number").all()
    assert list(map(tuple, stored)) == [(*row, "it's {name}") for row in given]


@given(there=st.sets(st.integers(0, 40)), new=st.sets(st.integers(0, 40)))
def test_rows_that_are_there_are_left_out_and_not_counted(there, new):
    with create_engine("sqlite://").connect() as connection:
        connection.exec_driver_sql("CREATE TABLE single (number bigint PRIMARY KEY, name text, word text)")
        INSERT_NEW.run(connection, ("old",), [(number, "") for number in there])
        assert INSERT_NEW.run(connection, ("new",), [(number, "") for number in new]) == len(new - there)
        names = dict(map(tuple, connection.exec_driver_sql("SELECT number, name FROM single").all()))
    assert names == dict.fromkeys(new, "new") | dict.fromkeys(there, "old")


def test_rows_of_these_values_are_selected_where_the_rest_fits(connection):
    INSERT.run(connection, ("wanted", b"1"), [(1,), (2,)])
    INSERT.run(connection, ("wanted", b"2"), [(3,)])
    INSERT.run(connection, ("other", b"3"), [(4,)])
    statement = "SELECT number FROM {given} kept WHERE name = {} AND number <> {} AND mark {any}"
    found = select_any(connection, statement, [b"0", b"3", b"2", b"1"], ("wanted", 1))
    assert sorted(found) == [(2,), (3,)]


MARK = Insert("kept", shared={}, each={"mark": "bytea"})


@pytest.mark.parametrize("asked", [0, 1, 7, 8, 9, 16, 100, 5_001, 10_001])
def test_any_number_of_values_is_looked_up_in_their_order(asked):
    marks = [number.to_bytes(2, "big") for number in range(12_000)]
    there, wanted = dict.fromkeys(marks[::2]), marks[:asked][::-1] * 2
    with create_engine("sqlite://").connect() as connection:
        connection.exec_driver_sql("CREATE TABLE kept (mark blob PRIMARY KEY)")
        MARK.run(connection, (), [(mark,) for mark in there])
        found = select_any(connection, "SELECT mark FROM {given} kept WHERE mark {any}", wanted)
        assert list(found) == [(mark,) for mark in wanted if mark in there]
