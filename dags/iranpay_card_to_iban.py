"""The IBAN of each card of a large table, by many workers; each card is asked once, and again when its answer is old.

The query names the cards, a row each, with the columns `customer_id` and `card`. Rows are read once, cut into chunks of
about a minute of work or more, and asked by mapped tasks, wherever Airflow runs them. The answers stand in the
warehouse, in the table `card_iban`. A card whose answer is still fresh costs nothing: it comes from the journal.

It spends money, so it has no schedule. Before the first run:

1. Make the connections `jibit_default`, with the extra `prices` if there shall be a budget, and `iranpay_warehouse`,
   with the extra `journal_keys`. Where workers run on several machines, the warehouse is PostgreSQL.
2. Trigger it with `estimate_only`: `convert.plan` logs what it would ask, and what that would cost at the most.
3. Trigger it with a budget. All chunks of the run share it.

`convert.summary` adds everything up. If it fails, it says which chunks to clear; nothing is paid twice.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, Param

from airflow_provider_iranpay.operators.bulk_group import bulk_inquiry_group

with DAG(
    dag_id="iranpay_card_to_iban",
    schedule=None,
    max_active_runs=1,
    tags=["iranpay", "jibit"],
    doc_md=__doc__,
    params={
        "sql": Param(
            "SELECT customer_id, card FROM customers ORDER BY customer_id",
            type="string",
            title="Cards",
            description="A query; put no personal data into it, for Airflow keeps it.",
        ),
        "source_conn_id": Param(
            "iranpay_warehouse", type="string", title="Their database", description="Any SQL connection of Airflow."
        ),
        "conn_ids": Param(
            ["jibit_default"],
            type="array",
            items={"type": "string"},
            title="Who is asked",
            description="Provider connections, the preferred one first.",
        ),
        "warehouse_conn_id": Param("iranpay_warehouse", type="string", title="Warehouse"),
        "rate_per_second": Param(
            None,
            type=["null", "number"],
            exclusiveMinimum=0,
            title="Calls in a second",
            description="What the provider allows this account; empty: as fast as it answers.",
        ),
        "budget_rial": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            title="Budget of the run (Rial)",
            description="For all chunks together; empty: no limit.",
        ),
        "estimate_only": Param(False, type="boolean", title="Only estimate", description="Nothing is sent or paid."),
    },
) as dag:
    bulk_inquiry_group(
        "convert",
        inquiry="card_to_iban",
        sql="{{ params.sql }}",
        source_conn_id="{{ params.source_conn_id }}",
        key="customer_id",
        target_table="card_iban",
        conn_ids="{{ params.conn_ids | join(',') }}",
        warehouse_conn_id="{{ params.warehouse_conn_id }}",
        rate_per_second="{{ params.rate_per_second }}",
        budget_rial="{{ params.budget_rial }}",
        estimate_only="{{ params.estimate_only }}",
        at_once=8,
        default_args={"retries": 3, "retry_delay": pendulum.duration(minutes=10)},
    )
