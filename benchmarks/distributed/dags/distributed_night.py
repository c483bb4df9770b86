"""One bulk inquiry in slices, one mapped task each. What it asks of how many is said by the environment."""

from __future__ import annotations

import os
from datetime import timedelta

from airflow.sdk import DAG

from airflow_provider_iranpay.operators.bulk import BulkInquiryOperator

ROWS, SLICES, WORKERS = (int(os.environ[f"NIGHT_{name}"]) for name in ("ROWS", "SLICES", "WORKERS"))
RATE = float(os.environ["NIGHT_RATE"])
PEOPLE = "SELECT customer_id, national_code, mobile FROM customers"
BOUNDS = [(ROWS * number // SLICES, ROWS * (number + 1) // SLICES) for number in range(SLICES)]

with DAG(dag_id="distributed_night", schedule=None, max_active_runs=1):
    BulkInquiryOperator.partial(
        task_id="match_mobile",
        inquiry="match_mobile",
        key="customer_id",
        target_table="mobile_match",
        rate_per_second=RATE / WORKERS,
        concurrency=int(os.environ["NIGHT_CONCURRENCY"]),
        budget_rial=10**12,
        retries=3,
        retry_delay=timedelta(seconds=5),
    ).expand(
        sql=[
            f"{PEOPLE} WHERE customer_id >= {first} AND customer_id < {end} ORDER BY customer_id"
            for first, end in BOUNDS
        ]
    )
