"""Statements that are carried out for many rows at once, as fast as each database can. No table is named here.

SQLite is fastest with one prepared statement that is run for each row, PostgreSQL with one statement over arrays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

__all__ = ["ManyRows", "prefer_keys", "select_any"]


class ManyRows:
    """A statement for many rows, written once for both databases.

    :param statement: ``{name}`` stands for a value. ``{given}`` stands where PostgreSQL reads the rows in a ``FROM``.
    :param shared: name to type of the values that are the same for all rows.
    :param each: name to type of the values that each row has.
    """

    def __init__(self, statement: str, *, shared: Mapping[str, str], each: Mapping[str, str]) -> None:
        names = [*shared, *each]
        self._on_sqlite = statement.format(given="", **{name: f"?{place}" for place, name in enumerate(names, 1)})
        arrays = ", ".join(f"%({name})b::{kind}[]" for name, kind in each.items())
        self._on_postgresql = statement.format(
            given=f"FROM unnest({arrays}) AS given ({', '.join(each)})",
            **{name: f"%({name})s::{kind}" for name, kind in shared.items()},
            **{name: f"given.{name}" for name in each},
        )
        self._names = names

    def run(self, connection: Connection, shared: tuple[Any, ...], rows: Sequence[tuple[Any, ...]]) -> int:
        """Carry it out for these rows.

        :return: rows of the table that it has changed or made.
        """
        if not rows:
            return 0
        if connection.dialect.name == "sqlite":
            given: Any = [shared + row for row in rows]
            return connection.exec_driver_sql(self._on_sqlite, given).rowcount
        columns = [list(column) for column in zip(*rows, strict=True)]
        given = dict(zip(self._names, [*shared, *columns], strict=True))
        return connection.exec_driver_sql(self._on_postgresql, given).rowcount


def prefer_keys(connection: Connection) -> None:
    """Let PostgreSQL find rows by their keys until the transaction ends: it would read tables whole while they grow."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")


_AT_ONCE = 5_000
"""Values of one look-up: the index is searched in order, so more at once find more on each page."""


def select_any(
    connection: Connection, statement: str, values: Sequence[bytes], shared: tuple[Any, ...] = ()
) -> Iterator[tuple[Any, ...]]:
    """Select the rows for any of these values, as the driver gives them.

    :param statement: ends where the values are named, after ``column``; each ``{}`` in it is one that is shared.
    """
    on_sqlite = connection.dialect.name == "sqlite"
    for start in range(0, len(values), _AT_ONCE):
        some = values[start : start + _AT_ONCE]
        if on_sqlite:
            text = f"{statement.replace('{}', '?')} IN ({','.join('?' * len(some))})"
            given: tuple[Any, ...] = (*shared, *some)
        else:
            text, given = f"{statement.replace('{}', '%s')} = ANY(%s)", (*shared, list(some))
        yield from connection.exec_driver_sql(text, given).cursor.fetchall()
