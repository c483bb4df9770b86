"""A desk with workers, on both databases."""

from __future__ import annotations

import pytest

from tests.warehouse.journal.playing import Desk


@pytest.fixture
def desk(warehouse):
    """Workers on a new warehouse."""
    return Desk(warehouse)
