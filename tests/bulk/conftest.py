"""A table to play at: on SQLite, and where a database may matter on PostgreSQL too."""

from __future__ import annotations

import pytest

from airflow_provider_iranpay.warehouse.engine import open_warehouse
from tests.bulk.playing import Table


@pytest.fixture
def desk(sqlite_url):
    """Runs over a new warehouse."""
    with open_warehouse(sqlite_url) as warehouse:
        yield Table(warehouse)


@pytest.fixture
def each_desk(warehouse):
    """The same, once on SQLite and once on PostgreSQL."""
    return Table(warehouse)
