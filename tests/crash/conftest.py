"""A night for each test."""

from __future__ import annotations

import pytest

from tests.crash.nights import Night


@pytest.fixture
def night(sandbox, warehouse_url, tmp_path):
    """A sandbox as new and an empty warehouse, once on SQLite and once on PostgreSQL, and nobody at work."""
    made = Night(sandbox, warehouse_url, tmp_path)
    yield made
    made.end()
