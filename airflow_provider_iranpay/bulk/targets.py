"""Tables that a bulk run writes: one of the warehouse, or a file. What a row means was decided before it came here.

A result row is the key, the inquiry's outputs, ``OUTCOME_COLUMNS``, and ``loaded_at``, which is added here. Values of a
row never reach a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import compress, count, repeat
from operator import add
from typing import Any, Final, Protocol

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnCollection,
    ColumnElement,
    Connection,
    Double,
    Integer,
    MetaData,
    Table,
    Text,
    and_,
    inspect,
    literal_column,
    not_,
    or_,
)
from sqlalchemy import Column as TableColumn
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from airflow_provider_iranpay.bulk.columns import LOADED_AT, OUTCOME_COLUMNS, Column
from airflow_provider_iranpay.bulk.files import FilePath, TableFile
from airflow_provider_iranpay.bulk.outcomes import ANSWERS
from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.inquiries import Dtype
from airflow_provider_iranpay.warehouse.column_types import UtcTimestamp
from airflow_provider_iranpay.warehouse.engine import Warehouse, lock_until_commit
from airflow_provider_iranpay.warehouse.loading import upsert
from airflow_provider_iranpay.warehouse.runs import own_target

__all__ = ["Column", "FileTarget", "TableTarget", "Target"]

_TYPES: Final[dict[Dtype, TypeEngine[Any]]] = {
    "boolean": Boolean(),
    "string": Text(),
    "Int64": BigInteger(),
    "Float64": Double(),
    "datetime64[us, Asia/Tehran]": UtcTimestamp(),
}
_KEY_TYPES: Final[dict[Dtype, TypeEngine[Any]]] = {
    "string": Text(),
    "Int64": BigInteger().with_variant(Integer(), "sqlite"),  # SQLite keeps such a key as the row's own number
}
_NAME: Final = re.compile(r"(?:([A-Za-z_][A-Za-z0-9_]{0,62})\.)?([A-Za-z_][A-Za-z0-9_]{0,62})")
_LONGEST_COLUMN_NAME: Final = 63
"""Bytes; PostgreSQL cuts what is longer."""

# Part of the statement's text: the driver binds the values of a row and no others.
_ANSWERS: Final[list[ColumnElement[str]]] = [literal_column(f"'{status}'") for status in sorted(ANSWERS)]


class Target(Protocol):
    """Where the rows of a run go."""

    def prepare(self, key: Column, outputs: Sequence[Column]) -> None:
        """Refuse, before anything is paid, whatever can be refused. Comes before :meth:`write`.

        :raises ConfigurationError: says what is wrong and what to do.
        """

    def write(self, rows: Iterable[tuple[Any, ...]]) -> int:
        """Write all rows, or none if it raises.

        :param rows: read once, in bounded memory: the key, the outputs, ``OUTCOME_COLUMNS``.
        :return: rows given.
        """


class TableTarget:
    """A table of the warehouse, made if it is missing. The key is its primary key.

    **A row without an answer never replaces one that has an answer**, whichever run brought it: a provider that is
    unreachable tonight takes nothing away. All other rows replace the stored row of their key.

    :param table_name: ``table``, or ``schema.table`` on PostgreSQL. Names that begin with ``iranpay_`` are the
        provider's own.
    :param inquiry: whose results go there; another one's are refused then.
    :raises ConfigurationError: for any other name.
    """

    def __init__(self, warehouse: Warehouse, table_name: str, *, inquiry: str | None = None) -> None:
        self._warehouse = warehouse
        self._inquiry = inquiry
        self._schema, self._name = _table_name(table_name, warehouse.engine.dialect.name)
        self._table: Table

    def prepare(self, key: Column, outputs: Sequence[Column]) -> None:
        """Make the table, or see that it can take the rows: a table that is there may have more columns.

        :raises ConfigurationError: for a key or a table that is not fit; names the columns.
        """
        columns = _result_columns(key, outputs)
        if key.dtype not in _KEY_TYPES:
            raise ConfigurationError(f"The key column {key.name} holds {key.dtype}. A key is text or a whole number.")
        self._table = Table(
            self._name,
            MetaData(schema=self._schema),
            TableColumn(key.name, _KEY_TYPES[key.dtype], primary_key=True, autoincrement=False),
            *(TableColumn(column.name, _TYPES[column.dtype]) for column in columns[1:]),
        )
        try:
            with self._warehouse.transaction() as connection:
                lock_until_commit(connection, "target", self._name)
                self._assert_own(connection)
                if inspect(connection).has_table(self._name, self._schema):
                    self._assert_fit(connection, key)
                else:
                    self._table.create(connection)
                # The database itself checks types, keys and permissions, as it will for the real rows.
                upsert(connection, self._table, (), keep=self._stored_answer_stays)
        except (DBAPIError, self._warehouse.engine.dialect.loaded_dbapi.Error) as error:
            cause = getattr(error, "orig", error)
            raise ConfigurationError(
                f"The database refuses the table {self._table.fullname} ({type(cause).__name__}: "
                f"{str(cause).splitlines()[0]}). Name another table, or correct this one."
            ) from None

    def write(self, rows: Iterable[tuple[Any, ...]]) -> int:
        """Write all rows in one transaction.

        :param rows: may read from the warehouse and must not write to it: on SQLite there is one writer.
        :raises InvalidInput: for a row without a key, or of another shape; nothing was written.
        :raises LoadRefused: if the database refuses a row; nothing was written.
        """
        stamped = _Stamped(rows)
        with self._warehouse.transaction() as connection:
            upsert(connection, self._table, stamped, keep=self._stored_answer_stays)
        return stamped.given()

    def _stored_answer_stays(self, new: ColumnCollection[str, Any]) -> ColumnElement[bool]:
        return and_(not_(_is_answer(new["status"])), _is_answer(self._table.c.status))

    def _assert_own(self, connection: Connection) -> None:
        """Two inquiries in one table would leave answers of one beside rows of the other."""
        if self._inquiry is None:
            return
        owner = own_target(connection, self._table.fullname, self._inquiry)
        if owner != self._inquiry:
            raise ConfigurationError(
                f"The table {self._table.fullname} holds results of {owner}. Give {self._inquiry} a table of its own."
            )

    def _assert_fit(self, connection: Connection, key: Column) -> None:
        found = {column["name"]: column for column in inspect(connection).get_columns(self._name, self._schema)}
        name = self._table.fullname
        missing = [column.name for column in self._table.columns if column.name not in found]
        if missing:
            raise ConfigurationError(
                f"The table {name} has no column {', '.join(missing)}. Add what is missing, or name another table: it "
                "is made with all columns."
            )
        if isinstance(found[key.name]["type"], Integer) is not (key.dtype == "Int64"):
            raise ConfigurationError(
                f"The key {key.name} is {'a number' if key.dtype == 'Int64' else 'text'} here and not in the table "
                f"{name}. Name another table, or bring the key as it is there."
            )
        needed = [
            column
            for column, facts in found.items()
            if column != key.name and not facts["nullable"] and facts["default"] is None
        ]
        if needed:
            raise ConfigurationError(
                f"The table {name} demands a value in {', '.join(needed)}, and a result row need not have one. Let "
                "these columns be empty."
            )
        without_zone = [
            column.name
            for column in self._table.columns
            if isinstance(column.type, UtcTimestamp) and not getattr(found[column.name]["type"], "timezone", True)
        ]
        if without_zone and connection.dialect.name == "postgresql":
            raise ConfigurationError(
                f"The table {name} has times without a zone in {', '.join(without_zone)}. Make them timestamptz."
            )


class FileTarget:
    """A CSV, JSONL or Parquet file, local or in object storage; its format is named by its suffix.

    The file is new with each run and replaces the one before it as a whole, rows in the order given. So nothing stands
    between an old answer and a new row without one: give each run a file of its own, or a table.

    :param path: see :class:`~airflow_provider_iranpay.bulk.files.TableFile`.
    """

    def __init__(self, path: FilePath) -> None:
        self._file = TableFile(path)
        self._columns: Sequence[Column]

    def prepare(self, key: Column, outputs: Sequence[Column]) -> None:
        """Refuse names that come twice, and a place where no file can be written.

        :raises ConfigurationError: as said.
        """
        self._columns = _result_columns(key, outputs)
        self._file.assert_writable()

    def write(self, rows: Iterable[tuple[Any, ...]]) -> int:
        """Write the file and put it in its place. If it raises, the old file stays."""
        stamped = _Stamped(rows)
        with self._file.writing() as file:
            self._file.format.write(file, self._columns, stamped)
        return stamped.given()


class _Stamped:
    """Rows with the time of their loading, counted."""

    def __init__(self, rows: Iterable[tuple[Any, ...]]) -> None:
        self._rows = rows
        self._numbers = count(1)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        loaded_at = (datetime.now(UTC),)
        numbered = compress(self._rows, self._numbers)  # takes a number for each row; none of them is false
        return map(add, numbered, repeat(loaded_at))

    def given(self) -> int:
        """Return how many rows were read, once all are."""
        return next(self._numbers) - 1


def _is_answer(status: ColumnElement[str]) -> ColumnElement[bool]:
    # Not IN: SQLite would build its list anew for every row, measured ten times slower.
    return or_(*(status == answer for answer in _ANSWERS))


def _result_columns(key: Column, outputs: Sequence[Column]) -> Sequence[Column]:
    columns = (key, *outputs, *OUTCOME_COLUMNS, LOADED_AT)
    # Databases and spreadsheets do not all tell IBAN from iban.
    if key.name.casefold() in {column.name for column in columns[1:]}:
        raise ConfigurationError(
            f"The key column {key.name} is called like a column of the result. Rename it, as in "
            f"'SELECT {key.name} AS row_id'."
        )
    if not key.name.isprintable() or not 0 < len(key.name.encode()) <= _LONGEST_COLUMN_NAME:
        raise ConfigurationError(
            f"The key column needs a name of printable characters, at most {_LONGEST_COLUMN_NAME} bytes. Rename it."
        )
    return columns


def _table_name(text: str, dialect: str) -> tuple[str | None, str]:
    parts = _NAME.fullmatch(text)
    if parts is None:
        raise ConfigurationError(
            f"{text!r} is no name of a table. Use letters, digits and underscores, at most 63, as in card_owners or, "
            "on PostgreSQL, staging.card_owners."
        )
    schema, name = parts.groups()
    if name.lower().startswith(("iranpay_", "sqlite_")):
        raise ConfigurationError(
            f"The name {name} is taken: tables that begin with iranpay_ are the provider's own, those with sqlite_ the "
            "database's. Choose another name."
        )
    if schema is not None and dialect == "sqlite":
        raise ConfigurationError(f"SQLite has no schemas: name the table {name} alone.")
    return schema, name
