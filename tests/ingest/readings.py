"""Readings of a daily report for tests, and what the warehouse then holds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select

from airflow_provider_iranpay.api.jibit.answers import read_daily_report
from airflow_provider_iranpay.ingest.daily_consumption import load_daily_report
from airflow_provider_iranpay.warehouse import tables
from airflow_provider_iranpay.warehouse.provenance import LoadContext, Scope

DAY = date(2025, 3, 21)
DAY_ENDS = datetime(2025, 3, 21, 20, 30, tzinfo=UTC)
SCOPE = Scope(environment="real", account="main")


def report(*objects):
    """The provider's answer with one report object for each mapping of service to count."""
    return read_daily_report(
        {
            "report": [
                {
                    "services": [
                        {"service": service, "persianName": f"سرویس {service}", "count": count}
                        for service, count in counts.items()
                    ]
                }
                for counts in objects
            ]
        }
    )


def load(warehouse, *objects, hour=0, scope=SCOPE, day=DAY, **settings):
    """Load the report as read so many hours after the end of the day."""
    return load_daily_report(
        warehouse,
        report(*objects),
        scope=scope,
        day=day,
        read_at=DAY_ENDS + timedelta(hours=hour),
        context=LoadContext(dag_id="nightly", run_id="run 1", task_id="report"),
        **settings,
    )


def held(warehouse, table):
    """All rows of a table, in the order of its key."""
    with warehouse.engine.connect() as connection:
        return connection.execute(select(table).order_by(*table.primary_key)).all()


def consumption(warehouse):
    """Service to count, as it stands."""
    return {row.service: row.times_used for row in held(warehouse, tables.daily_consumption)}


def versions(warehouse):
    """Status and count of each version."""
    return [(row.status, row.times_used) for row in held(warehouse, tables.daily_report)]
