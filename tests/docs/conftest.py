"""What a reader of the pages has: the sandbox, its connection, and a warehouse that the nightly DAG has filled."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
import requests

from airflow_provider_iranpay.ingest.balances import load_balances
from airflow_provider_iranpay.ingest.daily_consumption import load_daily_report
from airflow_provider_iranpay.ingest.days import days_to_load
from airflow_provider_iranpay.warehouse.engine import open_warehouse
from airflow_provider_iranpay.warehouse.provenance import LoadContext, Scope

ENVIRONMENT = "http://127.0.0.1:8321"
DAY = date(2026, 11, 20)
READ_AT = datetime(2026, 11, 21, 10, tzinfo=UTC)
TRAFFIC = {"from_day": "2026-11-01", "to_day": "2026-11-20", "per_day": 500}
CORRECTION = {"050829": {"jibit.match_mobile": -3}}


@pytest.fixture
def fill(sandbox, hook):
    """Load a warehouse as the DAG does: three days and the balances, then the last day again, which went down."""

    def load(warehouse):
        whose = {"scope": Scope(environment=ENVIRONMENT, account="jibit_default"), "context": LoadContext()}

        def read(day):
            return load_daily_report(warehouse, hook.daily_report(day), day=day, read_at=READ_AT, **whose)

        sandbox.world.clock.set(READ_AT)
        requests.post(f"{sandbox.url}/_sandbox/traffic", json=TRAFFIC, timeout=10).raise_for_status()
        loads = [read(day) for day in days_to_load(DAY, 2)]
        load_balances(warehouse, hook.balances(), taken_at=READ_AT, **whose)
        sandbox.world.change_settings({"report_corrections": CORRECTION})
        return [*loads, read(DAY)]

    return load


@pytest.fixture
def filled_file(fill, sqlite_url, tmp_path, monkeypatch):
    """The same in a file, behind the connection ``iranpay_warehouse``; gives what each load did."""
    described = {"conn_type": "sqlite", "host": str(tmp_path / "warehouse.db")}
    monkeypatch.setenv("AIRFLOW_CONN_IRANPAY_WAREHOUSE", json.dumps(described))
    with open_warehouse(sqlite_url) as opened:
        return fill(opened)
