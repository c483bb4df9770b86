"""One bulk inquiry by many workers. What it asks of how many is said by the environment."""

from __future__ import annotations

import os
from datetime import timedelta

from airflow.sdk import DAG

from airflow_provider_iranpay.operators.bulk_group import bulk_inquiry_group

WORKERS = int(os.environ["NIGHT_WORKERS"])

with DAG(dag_id="distributed_night", schedule=None, max_active_runs=1):
    bulk_inquiry_group(
        "match",
        inquiry="match_mobile",
        sql="SELECT customer_id, national_code, mobile FROM customers ORDER BY customer_id",
        key="customer_id",
        target_table="mobile_match",
        rate_per_second=float(os.environ["NIGHT_RATE"]),
        concurrency=int(os.environ["NIGHT_CONCURRENCY"]),
        budget_rial=10**12,
        chunk_seconds=1.0,
        most_chunks=int(os.environ["NIGHT_CHUNKS"]),
        # Airflow refuses a task that has waited in a queue for ten minutes, and it takes another try.
        at_once=WORKERS,
        default_args={"retries": 3, "retry_delay": timedelta(seconds=5)},
    )
