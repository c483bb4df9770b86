"""Tables that a bulk run reads: a data frame, a file, a query. What a column means is not known here.

A cell is what stands in the source: text is not stripped, and no number is made of it. No source but a frame is ever
whole in memory.
"""

from __future__ import annotations

import gzip
import logging
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, BinaryIO, Final, Protocol

import pandas as pd
from sqlalchemy import Connection, CursorResult, Engine, Row, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from airflow_provider_iranpay.bulk.files import FilePath, TableFile
from airflow_provider_iranpay.bulk.formats.contract import BATCH_ROWS, Broken
from airflow_provider_iranpay.exceptions import ConfigurationError, InvalidInput

__all__ = ["BATCH_ROWS", "FileSource", "FrameSource", "Source", "SqlSource"]


class Source(Protocol):
    """A table that can be read more than once, from its first row.

    :ivar description: for log lines; holds no cell, no parameter and no credential.
    """

    description: str

    def columns(self) -> Sequence[str]:
        """Names of the columns that there are, in their order; each once."""

    def batches(self, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Read the rows in their order.

        :param columns: names of :meth:`columns`.
        :return: frames of exactly these columns, of at most ``BATCH_ROWS`` rows. Their indexes mean nothing.
        """


class FrameSource:
    """A pandas frame, for example what a decorated function returned. Its columns keep their dtypes."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame
        self.description = f"a data frame of {len(frame)} rows"

    def columns(self) -> Sequence[str]:
        """Names of the columns.

        :raises ConfigurationError: for a name that is no text, or that two columns have.
        """
        names = list(self._frame.columns)
        if not all(isinstance(name, str) for name in names):
            raise ConfigurationError(
                f"A column of {self.description} has a name that is no text. Name the columns, as in "
                "frame.rename(columns={0: 'card'})."
            )
        return _each_once(names, self.description)

    def batches(self, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Slice the frame."""
        chosen = self._frame[list(columns)]
        for start in range(0, len(chosen), BATCH_ROWS):
            yield chosen.iloc[start : start + BATCH_ROWS]


class FileSource:
    """A CSV, JSONL or Parquet file, local or in object storage; its format is named by its suffix.

    Cells of CSV are text exactly as it stands in the file (dtype string; an empty one is ""), of JSONL what JSON says
    (dtype object; what an object lacks is None), of Parquet Arrow's.

    :param path: see :class:`~airflow_provider_iranpay.bulk.files.TableFile`.
    """

    def __init__(self, path: FilePath) -> None:
        self._file = TableFile(path)
        self.description = f"the file {self._file.name}"

    def columns(self) -> Sequence[str]:
        """Names of the columns. A JSONL file is read whole for them: any line can have one more.

        :raises ConfigurationError: if the file cannot be opened, or two columns have one name.
        :raises InvalidInput: if it is broken; says where.
        """
        with self._reading() as file:
            return _each_once(self._file.format.columns(file), self.description)

    def batches(self, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Read the file.

        :raises ConfigurationError: if the file cannot be opened.
        :raises InvalidInput: if it is broken; says where.
        """
        with self._reading() as file:
            yield from self._file.format.batches(file, columns)

    @contextmanager
    def _reading(self) -> Iterator[BinaryIO]:
        try:
            with self._file.reading() as file:
                yield file
        except Broken as broken:
            raise InvalidInput(self._file.name, broken.reason, str(broken)) from None
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise InvalidInput(
                self._file.name, "compression", "It is no gzip file, or a part of one. Write it again."
            ) from None


class SqlSource:
    """What a query returns, on any database that SQLAlchemy knows. Columns have the dtype object.

    Read through a cursor on the server where the database has one. Nothing is committed; PostgreSQL and SQLite are told
    to refuse writing.

    :param sql: one statement that returns rows, with parameters as ``:name``. Let it order its rows if their order
        matters: a database promises none.
    """

    def __init__(self, engine: Engine, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        self._engine = engine
        self._sql = text(sql)
        self._parameters = dict(parameters or {})
        self.description = f"a query on {engine.dialect.name}" + (
            f", database {engine.url.database}" if engine.url.database else ""
        )

    def columns(self) -> Sequence[str]:
        """Names of the columns, as the cursor has them; no row is fetched.

        :raises ConfigurationError: if the database refuses the query, or two columns have one name.
        """
        with self._result() as result:
            return _each_once(list(result.keys()), self.description)

    def batches(self, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Run the query.

        :raises ConfigurationError: if the database refuses the query, or breaks off.
        """
        with self._result() as result:
            names = list(result.keys())
            at = [names.index(name) for name in columns]
            for rows in _fetched(result):
                cells = list(zip(*rows, strict=True))
                yield pd.DataFrame(
                    {name: pd.Series(cells[i], dtype=object) for name, i in zip(columns, at, strict=True)}
                )

    @contextmanager
    def _result(self) -> Iterator[CursorResult[Any]]:
        try:
            with self._engine.connect() as connection, _refusing_writes(connection):
                options = {"stream_results": True, "yield_per": BATCH_ROWS}
                with connection.execute(self._sql, self._parameters, execution_options=options) as result:
                    if not result.returns_rows:
                        raise ConfigurationError(f"{self.description}: it returns no rows. Write a SELECT.")
                    yield result
        except SQLAlchemyError as error:
            raise ConfigurationError(
                f"{self.description}: it failed ({_why(error)}). Run the query by hand to see more."
            ) from None


def _why(error: SQLAlchemyError) -> str:
    """Name the error. The database's own words can quote a cell, but not where it names what the query lacks."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    said = str(cause).splitlines()[:1]
    is_about_names = getattr(cause, "sqlstate", None) in _NAMES or any(map(_SQLITE_NAMES.match, said))
    return f"{type(cause).__name__}: {said[0]}" if is_about_names else type(cause).__name__


_NAMES: Final = ("42P01", "42703")
"""PostgreSQL's states of a table and a column that are not there."""
_SQLITE_NAMES: Final = re.compile("no such (table|column): |attempt to write a readonly database$")


def _fetched(result: CursorResult[Any]) -> Iterator[Sequence[Row[Any]]]:
    """Fetch the rows, and keep them out of SQLAlchemy's own log, which would show each of them at DEBUG."""
    parts = result.partitions(BATCH_ROWS)
    while True:
        fetching = _fetching.set(True)
        try:
            rows = next(parts, None)
        finally:
            _fetching.reset(fetching)
        if rows is None:
            return
        yield rows


_fetching: Final[ContextVar[bool]] = ContextVar("iranpay_fetching", default=False)
logging.getLogger("sqlalchemy.engine.Engine").addFilter(lambda _: not _fetching.get())


@contextmanager
def _refusing_writes(connection: Connection) -> Iterator[None]:
    match connection.dialect.name:
        case "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield
        case "sqlite":
            connection.exec_driver_sql("PRAGMA query_only = ON")
            try:
                yield
            finally:
                connection.exec_driver_sql("PRAGMA query_only = OFF")
        case _:
            yield


def _each_once(names: Sequence[str], description: str) -> Sequence[str]:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ConfigurationError(
            f"In {description} two columns have one name: {', '.join(repeated)}. Give each column a name of its own."
        )
    return names
