"""Does a customer's card, IBAN and mobile belong to the national code? Asked once, and again when the answer is old.

The query names the customers, a row each, with the columns `customer_id`, `national_code`, `birth_date`, `card`, `iban`
and `mobile` (other names: give the tasks `columns`). A customer whose answer is still fresh costs nothing: it comes
from the journal. The answers stand in the warehouse, in the tables `customer_card_match`, `customer_iban_match` and
`customer_mobile_match`.

It spends money, so it has no schedule. Before the first run:

1. Make the connections `jibit_default`, with the extra `prices` if there shall be a budget, and `iranpay_warehouse`,
   with the extra `journal_keys`.
2. Trigger it with `estimate_only`: each task logs what it would ask, and what that would cost at the most.
3. Trigger it with a budget. It is shared by the three tasks and by all runs of a Jalali month.

A task that fails goes on where it was when you clear it; nothing is paid twice.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, Param

from airflow_provider_iranpay.operators.bulk import BulkInquiryOperator

with DAG(
    dag_id="iranpay_customer_matching",
    schedule=None,
    max_active_runs=1,
    max_active_tasks=1,  # the rate is the account's, so its tasks take turns
    tags=["iranpay", "jibit"],
    doc_md=__doc__,
    params={
        "sql": Param(
            "SELECT customer_id, national_code, birth_date, card, iban, mobile FROM customers ORDER BY customer_id",
            type="string",
            title="Customers",
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
            title="Budget of the month (Rial)",
            description="For all three tasks and all runs of a Jalali month; empty: no limit.",
        ),
        "estimate_only": Param(False, type="boolean", title="Only estimate", description="Nothing is sent or paid."),
    },
) as dag:
    for claim, inquiry in (("card", "match_card"), ("iban", "match_iban"), ("mobile", "match_mobile")):
        BulkInquiryOperator(
            task_id=inquiry,
            inquiry=inquiry,
            sql="{{ params.sql }}",
            source_conn_id="{{ params.source_conn_id }}",
            key="customer_id",
            target_table=f"customer_{claim}_match",
            conn_ids="{{ params.conn_ids | join(',') }}",
            warehouse_conn_id="{{ params.warehouse_conn_id }}",
            rate_per_second="{{ params.rate_per_second }}",
            budget_rial="{{ params.budget_rial }}",
            budget_name=dag.dag_id,
            estimate_only="{{ params.estimate_only }}",
            retries=3,
            retry_delay=pendulum.duration(minutes=10),
        )
