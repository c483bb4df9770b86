"""The clock that workers share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow_provider_iranpay.warehouse.journal.leases import database_clock


def test_the_database_tells_the_time_in_utc_and_goes_on_within_a_transaction(warehouse):
    with warehouse.transaction() as connection:
        first = database_clock(connection)
        while (second := database_clock(connection)) == first:
            pass
    assert first < second
    assert second.utcoffset() == timedelta(0)
    assert abs(second - datetime.now(UTC)) < timedelta(minutes=1)
