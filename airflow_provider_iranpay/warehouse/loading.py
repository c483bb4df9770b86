"""The one path by which rows get into a table: in bulk, by the engine's fastest way, inside the caller's transaction.

Nothing here knows what a row means. A row's values never reach a message or a log: an error names the row by its
position in the input, counted from 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import chain, compress, count, islice, repeat
from operator import add, is_, itemgetter, not_
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnCollection,
    ColumnElement,
    Connection,
    Index,
    Insert,
    MetaData,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, IntegrityError

from airflow_provider_iranpay.exceptions import InvalidInput, LoadRefused
from airflow_provider_iranpay.warehouse.column_types import UtcTimestamp, stored_instant
from airflow_provider_iranpay.warehouse.engine import lock_until_commit
from airflow_provider_iranpay.warehouse.places import numbered_places

__all__ = ["LoadCounts", "Row", "merge", "replace_partition", "upsert"]

Row = Mapping[str, Any] | Sequence[Any]

Keep = Callable[["ColumnCollection[str, Any]"], ColumnElement[bool]]
"""From the columns of a new row, the condition under which the stored row of that key stays. It binds no values."""

_POSITION = "iranpay_position"
_TOGETHER = 32
"""Rows that are read together."""

_Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCounts:
    """What a load did to the table, in rows. ``inserted + updated + unchanged`` is the number of rows given."""

    inserted: int
    updated: int
    unchanged: int
    deleted: int = 0


def merge(connection: Connection, table: Table, rows: Iterable[Row]) -> LoadCounts:
    """Insert rows whose natural key (the primary key) is new and update those that differ.

    A row is left untouched where only columns marked ``NOT_COMPARED`` differ. Loads into one table wait for each other.

    :param connection: in a transaction of ``Warehouse.transaction``, which commits or rolls back the whole load.
    :param rows: mappings of exactly the table's columns, or sequences in their order; read once, in bounded memory.
    :raises InvalidInput: for a row of another shape, a missing value, or two rows with one key; nothing is written.
    :raises LoadRefused: if a rule of the database refuses a row; nothing is written.
    """
    with _staged(connection, table, rows) as staging:
        return _merge_staged(connection, table, staging)


def replace_partition(
    connection: Connection, table: Table, rows: Iterable[Row], *, partition: Mapping[str, Any]
) -> LoadCounts:
    """Make the rows of one partition exactly the given ones: as :func:`merge`, and rows not given are deleted.

    :param partition: the key columns that make the partition, with their values; every row must have them.
    :raises InvalidInput: as :func:`merge`, and for a row of another partition.
    :raises LoadRefused: as :func:`merge`.
    """
    with _staged(connection, table, rows) as staging:
        _refuse_strangers(connection, staging, partition)
        if connection.dialect.name == "sqlite":
            # It looks up each row of the table in the staging table: measured 500 times slower without an index.
            Index("iranpay_staging_key", *(staging.c[column.name] for column in table.primary_key)).create(connection)
        in_partition = and_(*(table.c[name] == value for name, value in partition.items()))
        not_given = ~exists().where(_same_key(table, staging))
        deleted = connection.execute(delete(table).where(in_partition, not_given)).rowcount
        return replace(_merge_staged(connection, table, staging), deleted=deleted)


def upsert(connection: Connection, table: Table, rows: Iterable[Row], *, keep: Keep) -> None:
    """Insert rows whose natural key (the primary key) is new, and let the others replace what is stored.

    Faster than :func:`merge`, which compares and counts; and the stored row can have the last word.

    :param connection: in a transaction of ``Warehouse.transaction``, which commits or rolls back the whole load.
    :param rows: as for :func:`merge`. Each key stands in them once: PostgreSQL refuses a second row of a key, SQLite
        takes it for a later one.
    :param keep: where it is true, the stored row stays as it is.
    :raises InvalidInput: as :func:`merge`.
    :raises LoadRefused: as :func:`merge`.
    """
    if connection.dialect.name == "sqlite":
        with _refusals_without_values(connection, table), connection.begin_nested():
            _execute_many(connection, _replacing(sqlite.insert(table), keep), _converted(table, connection, rows))
        return
    names = [column.name for column in table.columns]
    with _staged(connection, table, rows) as staging:
        new = postgresql.insert(table).from_select(names, select(*(staging.c[name] for name in names)))
        connection.execute(_replacing(new, keep))


def _replacing(new: sqlite.Insert | postgresql.Insert, keep: Keep) -> Any:
    table = new.table
    return new.on_conflict_do_update(
        index_elements=[column.name for column in table.primary_key],
        set_={column.name: new.excluded[column.name] for column in table.columns if not column.primary_key},
        where=keep(new.excluded).is_not(true()),
    )


@contextmanager
def _staged(connection: Connection, table: Table, rows: Iterable[Row]) -> Iterator[Table]:
    """Hold the rows in a staging table that is checked and exists for this block alone; a failure leaves no trace."""
    staging = Table(
        "iranpay_staging",
        MetaData(),
        Column(_POSITION, BigInteger),
        *(Column(column.name, column.type) for column in table.columns),
        prefixes=["TEMPORARY"],
        postgresql_on_commit="DROP",
    )
    lock_until_commit(connection, "load", table.name)
    with _refusals_without_values(connection, table), connection.begin_nested():
        staging.create(connection, checkfirst=False)
        positioned = map(add, zip(count(1)), _converted(table, connection, rows))
        _FILL[connection.dialect.name](connection, staging, positioned)
        _refuse_repeated_keys(connection, table, staging)
        with _hashed_joins(connection):
            yield staging
        staging.drop(connection, checkfirst=False)


@contextmanager
def _hashed_joins(connection: Connection) -> Iterator[None]:
    """Keep PostgreSQL from joining by nested loops over a target that grows meanwhile.

    It plans so where statistics say that the target is empty: measured 25,000 rows in 5 s instead of 0.5, quadratic.
    """
    if connection.dialect.name != "postgresql":
        yield
        return
    connection.execute(select(func.set_config("enable_nestloop", "off", True)))
    yield
    connection.execute(select(func.set_config("enable_nestloop", "on", True)))


@contextmanager
def _refusals_without_values(connection: Connection, table: Table) -> Iterator[None]:
    """Say which rule refused a row, and not which row: a database quotes the values of the row that it refuses."""
    driver = connection.dialect.loaded_dbapi
    try:
        yield
    except (IntegrityError, DataError, driver.IntegrityError, driver.DataError) as error:
        cause = getattr(error, "orig", error)
        facts = getattr(cause, "diag", None)
        rule = getattr(facts, "constraint_name", None) or getattr(facts, "column_name", None) or type(cause).__name__
        raise LoadRefused(
            f"{table.name}: the database refused the rows ({rule}). Nothing of this load was written. Check that the "
            "values fit the table's columns and rules."
        ) from None


def _converted(table: Table, connection: Connection, rows: Iterable[Row]) -> Iterator[tuple[Any, ...]]:
    """Turn rows into what the driver takes, in the order of the columns."""
    return chain.from_iterable(_converted_some(table, _converters(table, connection), iter(rows)))


def _converted_some(
    table: Table, converters: Sequence[tuple[int, _Convert]], unread: Iterator[Row]
) -> Iterator[Iterator[tuple[Any, ...]]]:
    """Convert rows by their columns, some rows at a time: it takes two thirds of the time."""
    names = [column.name for column in table.columns]
    pick: Callable[[Any], tuple[Any, ...]] = itemgetter(*names)
    required = [index for index, column in enumerate(table.columns) if not column.nullable]

    def in_columns(some: Sequence[Row], position: int) -> list[Iterable[Any]]:
        """Check rows. What is refused names the position, which is right for a single row."""
        if {*map(len, some)} != {len(names)} or len({*map(type, some)}) > 1:
            raise _wrong_shape(table, position)
        try:
            values: Iterable[Iterable[Any]] = map(pick, some) if isinstance(some[0], Mapping) else some
            columns: list[Iterable[Any]] = list(zip(*values, strict=True))
        except KeyError:
            raise _wrong_shape(table, position) from None
        for index in required:
            if any(map(is_, columns[index], repeat(None))):
                raise InvalidInput(names[index], "missing", "Give a value. Nothing was written.", row=str(position))
        for index, convert in converters:
            columns[index] = map(convert, columns[index])
        return columns

    position = 1
    while some := list(islice(unread, _TOGETHER)):
        try:
            pieces: Iterable[list[Iterable[Any]]] = [in_columns(some, position)]
        except InvalidInput:
            # One by one, so that the first wrong row is named, once the database has taken those before it.
            pieces = map(in_columns, ([row] for row in some), count(position))
        for columns in pieces:
            yield zip(*columns, strict=True)
        position += len(some)


def _converters(table: Table, connection: Connection) -> list[tuple[int, _Convert]]:
    found = []
    for index, column in enumerate(table.columns):
        convert: _Convert | None = column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
        if isinstance(column.type, UtcTimestamp):
            # SQLAlchemy's own way takes three times as long.
            convert = partial(stored_instant, dialect_name=connection.dialect.name)
        if convert is None:
            continue
        # Rows of one load share an instant, and so do answers that came together.
        repeats = isinstance(column.type, UtcTimestamp | Boolean)
        found.append((index, _Remembered(convert).__getitem__ if repeats else convert))
    return found


class _Remembered(dict[Any, Any]):
    """What values are converted to, each converted once as long as they are few."""

    def __init__(self, convert: _Convert) -> None:
        self._convert = convert

    def __missing__(self, value: Any) -> Any:
        if len(self) >= _REMEMBERED:
            self.clear()
        self[value] = converted = self._convert(value)
        return converted


_REMEMBERED = 4_096


def _fill_sqlite(connection: Connection, staging: Table, rows: Iterator[Sequence[Any]]) -> None:
    _execute_many(connection, insert(staging), rows)


def _execute_many(connection: Connection, statement: Insert | sqlite.Insert, rows: Iterator[Sequence[Any]]) -> None:
    """Insert rows, some with each statement, and bind what these have in common once: SQLite takes as long to bind a
    value as to store it.
    """
    driver: Any = connection.connection.driver_connection
    width = len(statement.table.c)
    text = str(statement.compile(dialect=connection.dialect))
    driver.executemany(text, ())  # the database looks at it even where there are no rows
    begin, _, end = text.partition(f"({', '.join('?' * width)})")
    while some := list(islice(rows, min(_TOGETHER, _MOST_BOUND // width))):
        columns = list(zip(*some, strict=True))
        common = tuple(map(_is_one_value, columns))
        shared = [column[0] for column in compress(columns, common)]
        own = chain.from_iterable(zip(*compress(columns, map(not_, common)), strict=True))
        driver.execute(f"{begin}{_places(common, len(some))}{end}", (*shared, *own))


_MOST_BOUND = 999
"""Values of one statement: few enough for every SQLite."""


def _is_one_value(column: Sequence[Any]) -> bool:
    """Whether a column has one value alone; of floats, equal ones may still differ."""
    return len({*column}) == 1 and len({*map(type, column)}) == 1 and not isinstance(column[0], float)


_places = lru_cache(maxsize=64)(numbered_places)


def _fill_postgresql(connection: Connection, staging: Table, rows: Iterator[Sequence[Any]]) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        # Binary COPY converts nothing: the driver has to write the very types of the columns.
        types = [column.type_code for column in cursor.execute(f"TABLE {staging.name} LIMIT 0").description]
        with cursor.copy(f"COPY {staging.name} FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)
    # Nobody else analyses a temporary table, and unanalysed it would be merged by nested loops.
    connection.exec_driver_sql(f"ANALYZE {staging.name}")


_FILL: Mapping[str, Callable[[Connection, Table, Iterator[Sequence[Any]]], None]] = {
    "sqlite": _fill_sqlite,
    "postgresql": _fill_postgresql,
}


def _merge_staged(connection: Connection, table: Table, staging: Table) -> LoadCounts:
    same_key = _same_key(table, staging)
    values = [column for column in table.columns if not column.primary_key]
    differs = or_(
        *(column.is_distinct_from(staging.c[column.name]) for column in values if column.info.get("compared", True))
    )
    staged = connection.scalar(select(func.count()).select_from(staging)) or 0
    updated = connection.execute(
        update(table).values({column.name: staging.c[column.name] for column in values}).where(same_key, differs)
    ).rowcount
    new = select(*(staging.c[column.name] for column in table.columns)).where(~exists().where(same_key))
    inserted = connection.execute(
        insert(table).from_select([column.name for column in table.columns], new),
        execution_options={"preserve_rowcount": True},
    ).rowcount
    return LoadCounts(inserted=inserted, updated=updated, unchanged=staged - inserted - updated)


def _same_key(table: Table, staging: Table) -> ColumnElement[bool]:
    return and_(*(column == staging.c[column.name] for column in table.primary_key))


def _refuse_repeated_keys(connection: Connection, table: Table, staging: Table) -> None:
    position = staging.c[_POSITION]
    repeated = connection.execute(
        select(func.min(position), func.max(position))
        .group_by(*(staging.c[column.name] for column in table.primary_key))
        .having(func.count() > 1)
        .order_by(func.min(position))
        .limit(1)
    ).first()
    if repeated is not None:
        key = ", ".join(column.name for column in table.primary_key)
        raise InvalidInput(
            table.name,
            "repeated_key",
            f"It has the same {key} as row {repeated[1]}: give each key once. Nothing was written.",
            row=str(repeated[0]),
        )


def _refuse_strangers(connection: Connection, staging: Table, partition: Mapping[str, Any]) -> None:
    elsewhere = or_(*(staging.c[name] != value for name, value in partition.items()))
    position = connection.scalar(select(func.min(staging.c[_POSITION])).where(elsewhere))
    if position is not None:
        names = ", ".join(partition)
        raise InvalidInput(
            names, "other_partition", "The row belongs elsewhere. Nothing was written.", row=str(position)
        )


def _wrong_shape(table: Table, position: int) -> InvalidInput:
    return InvalidInput(
        table.name, "wrong_columns", "A row has exactly the table's columns. Nothing was written.", row=str(position)
    )
