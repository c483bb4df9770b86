"""What a bulk task stands on: customers of the sandbox in a warehouse that has a journal key, and prices."""

from __future__ import annotations

import json
import signal
from dataclasses import asdict
from types import SimpleNamespace

import pandas as pd
import pytest
from sqlalchemy import make_url

from airflow_provider_iranpay.sandbox.sample import customer
from airflow_provider_iranpay.warehouse.engine import open_warehouse
from airflow_provider_iranpay.warehouse.journal.keyring import new_key

PRICES_RIAL = {"match_card": 5_000, "match_iban": 4_000, "match_mobile": 3_000}


@pytest.fixture
def bulk_warehouse(warehouse_url, monkeypatch):
    """The warehouse behind ``iranpay_warehouse``, on each database in turn."""
    url = make_url(warehouse_url)
    if url.drivername == "sqlite":
        described = {"conn_type": "sqlite", "host": url.database}
    else:
        described = {"conn_type": "postgres", "login": url.username, "password": url.password, "schema": url.database}
        described |= {"host": url.host or url.query["host"], "port": url.port}
    described["extra"] = {"journal_keys": {"test": new_key()}}
    monkeypatch.setenv("AIRFLOW_CONN_IRANPAY_WAREHOUSE", json.dumps(described))
    with open_warehouse(warehouse_url) as opened:
        yield opened


@pytest.fixture
def priced(connect):
    """The connection ``jibit_default`` with prices."""
    connect(extra={"prices": PRICES_RIAL})
    return PRICES_RIAL


@pytest.fixture
def customers(sandbox, bulk_warehouse):
    """Thirty customers in the table ``customers``; gives the frame."""
    frame = pd.DataFrame([asdict(customer(sandbox.world.population, index)) for index in range(30)])
    with bulk_warehouse.transaction() as connection:
        frame.to_sql("customers", connection, index=False)
    return frame


@pytest.fixture
def airflow_context():
    """As much of a running task as an operator asks for; what it pushes is in ``pushed``."""
    pushed = {}
    instance = SimpleNamespace(
        dag_id="d", run_id="r", task_id="t", map_index=None, xcom_push=lambda key, value: pushed.update({key: value})
    )
    return {"ti": instance, "pushed": pushed}


@pytest.fixture
def old_handler():
    """Put back the handler that a task run in this process replaces."""
    old = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, old)
