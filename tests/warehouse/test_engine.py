"""Which databases are opened as a warehouse, how safely they write, and what is said of those that are refused."""

from __future__ import annotations

import itertools
import sqlite3
import subprocess
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from sqlalchemy import create_engine, func, insert, inspect, make_url, select, update
from sqlalchemy.exc import OperationalError

from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.warehouse import engine as engine_module
from airflow_provider_iranpay.warehouse import tables
from airflow_provider_iranpay.warehouse.engine import lock_until_commit, open_warehouse
from airflow_provider_iranpay.warehouse.journal import tables as journal

OLD_LOAD = {
    "load_id": "before",
    "kind": "balance",
    "environment": "real",
    "account": "shop",
    "dag_id": "",
    "run_id": "",
    "task_id": "",
    "read_at": datetime(2026, 1, 1, tzinfo=UTC),
    "rows": 1,
}


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///warehouse.db",
        "sqlite:///file:warehouse?mode=memory&uri=true",
    ],
)
def test_sqlite_without_the_absolute_path_of_a_file_is_refused_and_nothing_is_made(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="absolute path"):
        open_warehouse(url)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_directory_is_named_and_not_made(tmp_path):
    with pytest.raises(ConfigurationError, match=r"directory .*/absent/warehouse\.db does not exist. Create it"):
        open_warehouse(f"sqlite:///{tmp_path}/absent/warehouse.db")
    assert not (tmp_path / "absent").exists()


def test_a_directory_in_place_of_the_file_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="is a directory"):
        open_warehouse(f"sqlite:///{tmp_path}")


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("not a database, but somebody needs it" * 100)
    with pytest.raises(ConfigurationError, match="cannot be opened: file is not a database"):
        open_warehouse(f"sqlite:///{file}")
    assert file.read_text().startswith("not a database")


@pytest.mark.parametrize("driver", ["mysql", "mssql+pyodbc", "duckdb", "postgresql+asyncpg", "sqlite+aiosqlite"])
def test_another_database_is_refused_by_name_without_its_password(driver):
    with pytest.raises(ConfigurationError) as refusal:
        open_warehouse(f"{driver}://me:s3cret@host/db")
    assert driver in str(refusal.value)
    assert "s3cret" not in str(refusal.value)


def test_an_unreadable_url_is_refused_without_repeating_it():
    with pytest.raises(ConfigurationError) as refusal:
        open_warehouse("me:s3cret@host/db")
    assert "s3cret" not in str(refusal.value)
    assert refusal.value.__suppress_context__


@pytest.mark.parametrize("query", ["", "?password=s3cret"])
def test_a_server_that_cannot_be_reached_is_named_without_the_password(query):
    with pytest.raises(ConfigurationError) as refusal:
        open_warehouse(f"postgresql+psycopg://me:s3cret@127.0.0.1:1/db{query}")
    assert "127.0.0.1:1/db" in str(refusal.value)
    assert "s3cret" not in str(refusal.value)


def test_a_password_that_the_driver_repeats_is_hidden(tmp_path):
    with pytest.raises(ConfigurationError) as refusal:
        open_warehouse(f"postgresql+psycopg://me:s3cret@/db?host={tmp_path}/s3cret")
    assert "***" in str(refusal.value)
    assert "s3cret" not in str(refusal.value)


def test_postgresql_without_a_driver_in_its_url_is_opened_with_psycopg(postgres_url):
    with open_warehouse(make_url(postgres_url).set(drivername="postgresql")) as warehouse:
        assert warehouse.engine.dialect.driver == "psycopg"


def test_sqlite_keeps_every_commit_on_every_connection(sqlite_url):
    with (
        open_warehouse(sqlite_url) as warehouse,
        warehouse.engine.connect() as first,
        warehouse.engine.connect() as second,
    ):
        for connection in (first, second):
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 60_000


def test_postgresql_keeps_every_commit_though_its_database_says_otherwise(postgres_url):
    url = make_url(postgres_url)
    other = create_engine(url, isolation_level="AUTOCOMMIT")
    with other.connect() as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {url.database} SET synchronous_commit TO off")
    other.dispose()
    with open_warehouse(postgres_url) as warehouse, warehouse.transaction() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "1min"


def test_a_database_that_does_not_take_the_settings_is_refused(warehouse_url, monkeypatch):
    monkeypatch.setitem(engine_module._SQLITE_SETTINGS, "synchronous", 3)
    monkeypatch.setitem(engine_module._POSTGRESQL_SETTINGS, "synchronous_commit", "remote_apply")
    with pytest.raises(ConfigurationError, match=r"has synchronous(_commit)? = (2|on) and needs (3|remote_apply)"):
        open_warehouse(warehouse_url)


def test_a_database_that_cannot_hold_persian_is_refused(postgres_server):
    engine = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    engine.dispose()
    with pytest.raises(ConfigurationError, match="server_encoding = LATIN1 and needs UTF8"):
        open_warehouse(postgres_server.set(database="latin"))


def test_opening_makes_the_tables_and_notes_their_schema(warehouse):
    assert set(inspect(warehouse.engine).get_table_names()) == set(tables.metadata.tables)
    with warehouse.engine.connect() as connection:
        assert connection.scalars(select(tables.schema.c.version)).all() == [tables.SCHEMA_VERSION]


def test_opening_again_changes_nothing(warehouse, warehouse_url):
    with open_warehouse(warehouse_url) as again, again.engine.connect() as connection:
        assert connection.scalars(select(tables.schema.c.version)).all() == [tables.SCHEMA_VERSION]


def test_a_schema_newer_than_the_code_is_refused(warehouse, warehouse_url):
    with warehouse.transaction() as connection:
        connection.execute(update(tables.schema).values(version=tables.SCHEMA_VERSION + 1))
    with pytest.raises(ConfigurationError, match=r"and this release .* knows version"):
        open_warehouse(warehouse_url)


def test_an_older_schema_gets_what_it_lacks_and_keeps_its_rows(warehouse, warehouse_url):
    with warehouse.transaction() as connection:
        connection.exec_driver_sql("DROP VIEW iranpay_attempt")
        journal.metadata.drop_all(connection, tables=[journal.claim, journal.end, journal.question, journal.worker])
        journal.metadata.drop_all(connection, tables=[journal.budget, journal.ring])
        connection.execute(update(tables.schema).values(version=1))
        connection.execute(insert(tables.load).values(OLD_LOAD))
    with open_warehouse(warehouse_url) as again, again.engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) == set(tables.metadata.tables)
        assert connection.scalars(select(tables.schema.c.version)).all() == [tables.SCHEMA_VERSION]
        assert connection.scalars(select(tables.load.c.load_id)).all() == ["before"]


def test_an_older_schema_is_left_as_it_was_if_its_completion_fails(warehouse, warehouse_url, monkeypatch):
    with warehouse.transaction() as connection:
        connection.exec_driver_sql("DROP VIEW iranpay_attempt")
        journal.metadata.drop_all(connection, tables=[journal.claim, journal.end])
        connection.execute(update(tables.schema).values(version=1))
    monkeypatch.setattr(tables, "delete", lambda table: pytest.fail("in between"))
    with pytest.raises(pytest.fail.Exception):
        open_warehouse(warehouse_url)
    with warehouse.engine.connect() as connection:
        assert not inspect(connection).has_table(journal.claim.name)
        assert connection.scalars(select(tables.schema.c.version)).all() == [1]


def test_processes_that_open_a_new_warehouse_at_once_all_succeed(warehouse_url):
    program = (
        "import sys; from airflow_provider_iranpay.warehouse.engine import open_warehouse; "
        "sys.stdin.read(1); open_warehouse(sys.argv[1]).close()"
    )
    workers = [
        subprocess.Popen([sys.executable, "-c", program, warehouse_url], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    for worker in workers:
        worker.stdin.close()
    assert [(worker.wait(60), worker.stderr.read()) for worker in workers] == [(0, b"")] * 4


def test_a_new_file_that_another_process_is_opening_is_waited_for(sqlite_url, tmp_path, monkeypatch):
    other = sqlite3.connect(tmp_path / "warehouse.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        other.rollback()

    monkeypatch.setattr(engine_module, "WAIT_SECONDS", 0)
    monkeypatch.setattr(engine_module, "time", SimpleNamespace(monotonic=lambda: 0.0, sleep=sleep))
    open_warehouse(sqlite_url).close()
    assert len(waits) == 1


def test_a_new_file_that_stays_locked_is_refused_in_the_end(sqlite_url, tmp_path, monkeypatch):
    other = sqlite3.connect(tmp_path / "warehouse.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    clock = itertools.count()
    monkeypatch.setattr(engine_module, "WAIT_SECONDS", 0)
    monkeypatch.setattr(engine_module, "time", SimpleNamespace(monotonic=lambda: next(clock), sleep=pytest.fail))
    with pytest.raises(ConfigurationError, match="cannot be opened: database is locked"):
        open_warehouse(sqlite_url)


def test_a_transaction_that_fails_leaves_nothing(warehouse):
    with suppress(KeyError), warehouse.transaction() as connection:
        connection.execute(insert(tables.schema).values(version=-1))
        raise KeyError
    with warehouse.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(tables.schema)) == 1


def test_an_sqlite_transaction_is_the_only_writer_from_its_first_moment(sqlite_url, monkeypatch):
    monkeypatch.setattr(engine_module, "WAIT_SECONDS", 0)
    with (
        open_warehouse(sqlite_url) as one,
        open_warehouse(sqlite_url) as other,
        one.transaction(),
        pytest.raises(OperationalError, match="locked"),
        other.transaction(),
    ):
        pass


def test_readers_do_not_wait_for_a_writer(warehouse, warehouse_url):
    with open_warehouse(warehouse_url) as other, warehouse.transaction() as writing:
        writing.execute(insert(tables.schema).values(version=-1))
        with other.engine.connect() as reading:
            assert reading.scalars(select(tables.schema.c.version)).all() == [tables.SCHEMA_VERSION]


def test_a_lock_is_held_until_the_transaction_ends(postgres_url):
    order = []

    def second():
        with open_warehouse(postgres_url) as other, other.transaction() as connection:
            lock_until_commit(connection, "day", "1")
            order.append("second")

    with open_warehouse(postgres_url) as warehouse:
        with warehouse.transaction() as connection:
            lock_until_commit(connection, "day", "1")
            worker = threading.Thread(target=second)
            worker.start()
            _wait_until_somebody_waits_for_a_lock(warehouse)
            order.append("first")
        worker.join(60)
    assert order == ["first", "second"]


def test_locks_of_different_names_do_not_wait_for_each_other(postgres_url):
    with (
        open_warehouse(postgres_url) as warehouse,
        warehouse.transaction() as first,
        warehouse.transaction() as second,
    ):
        second.exec_driver_sql("SET LOCAL lock_timeout TO '1s'")
        lock_until_commit(first, "a", "bc")
        lock_until_commit(second, "ab", "c")


def _wait_until_somebody_waits_for_a_lock(warehouse):
    with warehouse.engine.connect() as connection:
        while not connection.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar():
            pass
