"""Opening the warehouse: which databases are fit for it, how safely they write, and its transactions.

No table and no row is named here. SQLite is the embedded default, PostgreSQL the real warehouse. What is remembered
decides whether money is spent again, so both are opened to keep every commit through a crash, and refused if they would
not.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import URL, BigInteger, Connection, Engine, create_engine, event, func, literal, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError

from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.warehouse.tables import create_missing, schema_is_current

__all__ = ["Warehouse", "lock_until_commit", "open_warehouse"]

WAIT_SECONDS = 60
"""How long one writer waits for another before it fails: a merge of a million rows takes a few seconds."""

CONNECT_SECONDS = 10

_POSTGRESQL_DRIVERS = {"postgresql", "postgresql+psycopg"}
_SQLITE_DRIVERS = {"sqlite", "sqlite+pysqlite"}

_SQLITE_SETTINGS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
"""What each connection answers to ``PRAGMA name``; 2 is FULL: a commit is on the disk before it is reported."""

_POSTGRESQL_SETTINGS = {"synchronous_commit": "on", "fsync": "on", "server_encoding": "UTF8"}
"""What the server answers to ``SHOW name``; any other encoding cannot hold Persian."""


class Warehouse:
    """An open warehouse. Made by :func:`open_warehouse`; usable as a context manager that closes it.

    :ivar engine: for reading: ``with warehouse.engine.connect() as connection``. Writing goes through
        :meth:`transaction`.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(iranpay_writes=True)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Open one write transaction: committed at the end of the block, rolled back whole if the block raises.

        On SQLite it is the only writer from its first moment on, others wait up to a minute; so it never fails half-way
        because another one wrote in between.
        """
        with self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def lock_until_commit(connection: Connection, *name: str) -> None:
    """Wait until no other transaction holds the lock of this name, and hold it until this one ends.

    SQLite needs none: a transaction of :meth:`Warehouse.transaction` is alone there already.

    :param name: parts of the name, for example a table and a day; other parts are another lock.
    """
    if connection.dialect.name != "postgresql":
        return
    digest = blake2b(repr(("iranpay", *name)).encode(), digest_size=8).digest()
    key = int.from_bytes(digest, signed=True)
    connection.execute(select(func.pg_advisory_xact_lock(literal(key, BigInteger))))


def open_warehouse(url: str | URL) -> Warehouse:
    """Open the warehouse, assert that it keeps what it commits, and create the tables that are missing.

    :param url: ``sqlite:////absolute/path.db`` or ``postgresql+psycopg://user:password@host/database``.
    :raises ConfigurationError: for any other database, a path that is not a file's absolute path in an existing
        directory, a server that cannot be reached or is not durable, or a schema that is newer than this code. Never
        shows the password.
    """
    parsed = _parsed(url)
    engine = _sqlite_engine(parsed) if parsed.drivername in _SQLITE_DRIVERS else _postgresql_engine(parsed)
    warehouse = Warehouse(engine)
    try:
        with engine.connect() as connection:
            _assert_settings(connection)
            ready = schema_is_current(connection)
        if not ready:
            with warehouse.transaction() as connection:
                lock_until_commit(connection, "schema")
                create_missing(connection)
    except DBAPIError as error:
        warehouse.close()
        raise ConfigurationError(
            f"The warehouse {_place(parsed)} cannot be opened: {_without_secrets(str(error.orig), parsed)}"
        ) from None
    except BaseException:
        warehouse.close()
        raise
    return warehouse


def _parsed(url: str | URL) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigurationError(
            "The warehouse's URL cannot be read. Write sqlite:////absolute/path.db or "
            "postgresql+psycopg://user:password@host/database, with special characters of the password percent-encoded."
        ) from None
    if parsed.drivername not in _SQLITE_DRIVERS | _POSTGRESQL_DRIVERS:
        raise ConfigurationError(
            f"The warehouse cannot live in {parsed.drivername!r}. Use sqlite:////absolute/path.db or "
            "postgresql+psycopg://user:password@host/database."
        )
    return parsed


def _sqlite_engine(url: URL) -> Engine:
    path = url.database or ""
    if not os.path.isabs(path) or url.query:
        raise ConfigurationError(
            "The SQLite warehouse needs the absolute path of a file and nothing else, as in "
            "sqlite:////srv/iranpay/warehouse.db (four slashes): a database in memory is forgotten, and a relative "
            "path is another file in every working directory."
        )
    if not Path(path).parent.is_dir():
        raise ConfigurationError(
            f"The directory of the SQLite warehouse {path} does not exist. Create it, or correct the path."
        )
    if Path(path).is_dir():
        raise ConfigurationError(f"The SQLite warehouse {path} is a directory. Name a file in it.")
    engine = create_engine(url, connect_args={"timeout": WAIT_SECONDS}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


_SQLITE_CACHE_KIB = 65_536
"""Of each connection. SQLite's own 2 MB do not hold the index of a journal, whose pages are hit at random."""


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own transactions begin late and end before DDL: ours are begun by _begin_sqlite alone.
    connection.isolation_level = None
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            # Two processes turn a new file to WAL: SQLite answers "locked" at once, without its busy timeout.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{_SQLITE_CACHE_KIB}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("iranpay_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql_engine(url: URL) -> Engine:
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={
                "connect_timeout": url.query.get("connect_timeout", CONNECT_SECONDS),
                # A prepared statement would outlive the staging table that it was planned for.
                "prepare_threshold": None,
            },
            # A statement after a lock must see what its last holder committed.
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
            hide_parameters=True,
        )
    except ModuleNotFoundError:
        raise ConfigurationError(
            "A PostgreSQL warehouse needs psycopg: pip install 'airflow-provider-iranpay[postgres]'."
        ) from None
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_postgresql(connection: Any, _record: object) -> None:
    connection.execute("SET synchronous_commit TO on")
    connection.execute(f"SET lock_timeout TO '{WAIT_SECONDS}s'")
    # A host that vanishes in the middle of a transaction would keep its rows locked for hours.
    connection.execute(f"SET idle_in_transaction_session_timeout TO '{WAIT_SECONDS}s'")
    connection.commit()


def _assert_settings(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        question, expected = "PRAGMA", dict[str, object](_SQLITE_SETTINGS)
    else:
        question, expected = "SHOW", dict[str, object](_POSTGRESQL_SETTINGS)
    for name, wanted in expected.items():
        found = connection.exec_driver_sql(f"{question} {name}").scalar()
        if found != wanted:
            raise ConfigurationError(
                f"The warehouse {_place(connection.engine.url)} has {name} = {found} and needs {wanted}: it would not "
                "keep what it is given. SQLite needs a local disk, not a network share; PostgreSQL a database in UTF8 "
                "and no pooler that drops a session's settings."
            )


def _place(url: URL) -> str:
    return url.set(query={}).render_as_string(hide_password=True)


def _without_secrets(text: str, url: URL) -> str:
    secrets = [url.password, *(url.query.get(name) for name in ("password", "sslpassword"))]
    for secret in filter(None, secrets):
        text = text.replace(str(secret), "***")
    return " ".join(text.split())
