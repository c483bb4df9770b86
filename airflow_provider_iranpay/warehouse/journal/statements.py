"""The journal's hot statements, written once as text for both databases and carried out as fast as each can.

SQLite is fastest with one prepared statement that is run for each row, PostgreSQL with one statement over arrays. No
table is named here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from airflow_provider_iranpay.warehouse.places import numbered_places

__all__ = ["Insert", "ManyRows", "Statement", "prefer_keys", "select_any", "select_some"]


class Statement:
    """One statement.

    :param text: ``{name}`` stands for a value, ``{for_update}`` and ``{for_key_share}`` for the lock that PostgreSQL
        needs; on SQLite a transaction that writes is alone.
    :param values: name to PostgreSQL's type.
    """

    def __init__(self, text: str, **values: str) -> None:
        self._on_sqlite = text.format(for_update="", for_key_share="", **_places(values))
        named = {name: f"%({name})s::{kind}" for name, kind in values.items()}
        self._on_postgresql = text.format(for_update="FOR UPDATE", for_key_share="FOR KEY SHARE", **named)
        self._names = tuple(values)

    def first(self, connection: Connection, *values: Any) -> tuple[Any, ...] | None:
        """Read the first row for these values, in the order of their names; None where there is none."""
        if connection.dialect.name == "sqlite":
            with _driver(connection) as driver:
                row: tuple[Any, ...] | None = driver.execute(self._on_sqlite, values).fetchone()
            return row
        found = connection.exec_driver_sql(self._on_postgresql, self._named(values)).first()
        return None if found is None else tuple(found)

    def changed(self, connection: Connection, *values: Any) -> int:
        """Carry it out with these values, and count the rows that it has changed."""
        if connection.dialect.name == "sqlite":
            with _driver(connection) as driver:
                changed: int = driver.execute(self._on_sqlite, values).rowcount
            return changed
        return connection.exec_driver_sql(self._on_postgresql, self._named(values)).rowcount

    def _named(self, values: tuple[Any, ...]) -> dict[str, Any]:
        return dict(zip(self._names, values, strict=True))


class ManyRows:
    """A statement for many rows.

    :param text: ``{name}`` stands for a value, and ``{given}`` stands where PostgreSQL reads the rows in a ``FROM``.
    :param shared: name to type of the values that are the same for all rows.
    :param each: name to type of the values that each row has.
    """

    def __init__(self, text: str, *, shared: Mapping[str, str], each: Mapping[str, str]) -> None:
        self._shared = tuple(shared)
        self._each = tuple(each)
        self._on_sqlite = text.format(given="", **_left_open(shared), **_places(each))
        self._on_postgresql = text.format(given=_given(each), **_read(shared, each))

    def run(self, connection: Connection, shared: tuple[Any, ...], rows: Sequence[tuple[Any, ...]]) -> int:
        """Carry it out for these rows.

        :return: rows of the table that it has changed or made.
        """
        if not rows:
            return 0
        if connection.dialect.name == "sqlite":
            return self._run_on_sqlite(connection, shared, rows)
        return connection.exec_driver_sql(self._on_postgresql, self._in_arrays(shared, rows)).rowcount

    def _in_arrays(self, shared: tuple[Any, ...], rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
        columns = map(list, zip(*rows, strict=True))
        return dict(zip((*self._shared, *self._each), (*shared, *columns), strict=True))

    def _run_on_sqlite(self, connection: Connection, shared: tuple[Any, ...], rows: Sequence[tuple[Any, ...]]) -> int:
        # To bind a value takes SQLite as long as to store it: what all rows share stands in the text.
        return _changed(connection, self._on_sqlite.format(**_literals(self._shared, shared)), rows)


class Insert(ManyRows):
    """Inserts many rows; the values are called like the columns.

    :param on_conflict: the clause, if there is one, with what is to be returned.
    """

    def __init__(
        self, table: str, *, shared: Mapping[str, str], each: Mapping[str, str], on_conflict: str = ""
    ) -> None:
        names = (*shared, *each)
        into = f"INSERT INTO {table} ({', '.join(names)})"
        read = _read(shared, each)
        self._shared = tuple(shared)
        self._each = tuple(each)
        self._blobs = [place for place, kind in enumerate(each.values()) if kind == "bytea"]
        common = [True] * len(shared) + [False] * len(each)
        self._on_sqlite = f"{into} VALUES {numbered_places(common, 1)} {on_conflict}"
        self._together = f"{into} VALUES {numbered_places(common, _TOGETHER)} {on_conflict}"
        self._on_postgresql = f"{into} SELECT {', '.join(read[name] for name in names)} {_given(each)} {on_conflict}"

    def returning(
        self, connection: Connection, shared: tuple[Any, ...], rows: Sequence[tuple[Any, ...]]
    ) -> list[tuple[Any, ...]]:
        """Insert these rows on PostgreSQL, and give what the clause returns of each that it has made."""
        found = connection.exec_driver_sql(self._on_postgresql, self._in_arrays(shared, rows))
        return [tuple(row) for row in found]

    def _run_on_sqlite(self, connection: Connection, shared: tuple[Any, ...], rows: Sequence[tuple[Any, ...]]) -> int:
        values, width = list(chain.from_iterable(rows)), len(self._each)
        # A bytearray is bound as it is: of bytes the driver asks first whether they are to be adapted.
        for place in self._blobs:
            blobs = values[place::width]
            values[place::width] = [one and bytearray(one) for one in blobs] if None in blobs else map(bytearray, blobs)
        # What all share is bound once for some rows. In the text it would make each commit's statement a new one.
        step = width * _TOGETHER
        whole = len(values) - len(values) % step
        together = [(*shared, *values[start : start + step]) for start in range(0, whole, step)]
        alone = [(*shared, *values[start : start + width]) for start in range(whole, len(values), width)]
        made = 0
        for text, some in ((self._together, together), (self._on_sqlite, alone)):
            if some:
                made += _changed(connection, text, some)
        return made


_TOGETHER = 8
"""Rows of one statement on SQLite: more bring nothing."""


def _changed(connection: Connection, text: str, rows: Sequence[tuple[Any, ...]]) -> int:
    """Carry a statement out for each of these rows on SQLite.

    :return: rows of the table that it has changed or made.
    """
    with _driver(connection) as driver:
        changed: int = driver.executemany(text, rows).rowcount
    return changed


@contextmanager
def _driver(connection: Connection) -> Iterator[Any]:
    """Go past SQLAlchemy on SQLite: it takes as long as some rows do. Errors are the same."""
    try:
        yield connection.connection.driver_connection
    except sqlite3.Error as error:
        raise DBAPIError.instance(None, None, error, sqlite3.Error, hide_parameters=True) from error


def _literals(names: Sequence[str], values: tuple[Any, ...]) -> dict[str, str]:
    return dict(zip(names, map(_literal, values), strict=True))


def _left_open(values: Mapping[str, str]) -> dict[str, str]:
    return {name: f"{{{name}}}" for name in values}


def _literal(value: str | bytes | int | None) -> str:
    """Write a value as SQLite reads it in a statement's text."""
    match value:
        case None:
            return "NULL"
        case bytes():
            return f"X'{value.hex()}'"
        case int():
            return str(int(value))
        case str() if "\0" not in value:
            return "'{}'".format(value.replace("'", "''"))
    raise ValueError(f"SQLite has no literal for a {type(value).__name__} like this.")


def _places(values: Mapping[str, str]) -> dict[str, str]:
    return {name: f"?{place}" for place, name in enumerate(values, 1)}


def _read(shared: Mapping[str, str], each: Mapping[str, str]) -> dict[str, str]:
    """How PostgreSQL reads each value."""
    same = {name: f"%({name})s::{kind}" for name, kind in shared.items()}
    return same | {name: f"given.{name}" for name in each}


def _given(each: Mapping[str, str]) -> str:
    arrays = ", ".join(f"%({name})b::{kind}[]" for name, kind in each.items())
    return f"FROM unnest({arrays}) AS given ({', '.join(each)})"


def prefer_keys(connection: Connection) -> None:
    """Let PostgreSQL find rows by their keys until the transaction ends: it would read tables whole while they grow."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")


_AT_ONCE = 20_000
"""Values of one look-up."""

_FETCHED_TOGETHER = 500
"""Rows that are taken from the driver at once."""

_CUT_TOGETHER = 8
"""Values that SQLite cuts off in one step of a recursion, which takes longer than to cut."""

_CUT = (
    "(WITH RECURSIVE some (start) AS"
    " (SELECT 1 UNION ALL SELECT start + {step} FROM some WHERE start + {step} <= length(?1))"
    " SELECT substr(?1, start + each.column1, {size}) AS value FROM some CROSS JOIN (VALUES {places}) AS each"
    ") AS given CROSS JOIN"
)


def select_any(
    connection: Connection, statement: str, values: Sequence[bytes], shared: tuple[Any, ...] = ()
) -> Iterator[tuple[Any, ...]]:
    """Select the rows for any of these values, as the driver gives them; SQLite gives them once for each.

    :param statement: ``{given}`` stands where its tables begin, and ``{any}`` behind the column that has one of the
        values. Each ``{}``, between these two, is one that is shared.
    :param values: all of one length, none empty.
    """
    return chain.from_iterable(select_some(connection, statement, values, shared))


def select_some(
    connection: Connection, statement: str, values: Sequence[bytes], shared: tuple[Any, ...] = ()
) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Select the same, some rows at a time: few enough to stay in a core's cache while something is done with them."""
    for start in range(0, len(values), _AT_ONCE):
        some = values[start : start + _AT_ONCE]
        if connection.dialect.name == "sqlite":
            # In their own order, not in that of an index that IN would make of them: their rows often lie in it too.
            # And in one piece: to bind each takes as long as to find some.
            text = statement.format(*["?"] * len(shared), given=_cut(len(some[0])), any="= given.value")
            given: tuple[Any, ...] = (b"".join(some), *shared)
        else:
            text = statement.format(*["%s"] * len(shared), given="", any="= ANY(%s)")
            given = (*shared, list(some))
        cursor = connection.exec_driver_sql(text, given).cursor
        while rows := cursor.fetchmany(_FETCHED_TOGETHER):
            yield rows


def _cut(size: int) -> str:
    """Write how SQLite cuts values of one size apart. It may find empty ones behind the last."""
    places = ", ".join(f"({size * place})" for place in range(_CUT_TOGETHER))
    return _CUT.format(step=size * _CUT_TOGETHER, size=size, places=places)
