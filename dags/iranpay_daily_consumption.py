"""Every night: yesterday's Jibit consumption and today's balances, into the warehouse.

The run of a Tehran day loads that day's report and reads the days before it again, since a report may still grow.
Copy this file into your DAGs folder; it needs the connections ``jibit_default`` and ``iranpay_warehouse``.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, Asset, CronDataIntervalTimetable, Param

from airflow_provider_iranpay.operators.jibit import JibitBalanceOperator, JibitDailyReportOperator

LOOKBACK_DAYS = 2

with DAG(
    dag_id="iranpay_daily_consumption",
    schedule=CronDataIntervalTimetable("30 0 * * *", timezone="Asia/Tehran"),
    start_date=pendulum.datetime(2026, 3, 21, tz="Asia/Tehran"),
    catchup=False,
    max_active_runs=1,
    tags=["iranpay", "jibit"],
    doc_md=__doc__,
    params={
        "day": Param(
            None,
            type=["null", "string"],
            title="Tehran day",
            description="Jalali (1405/08/30) or ISO (2026-11-21); empty: the day of the run's data interval.",
        ),
        "apply_lower": Param(
            False,
            type="boolean",
            title="Apply a report that went down",
            description="Only after a person has compared the versions in iranpay_daily_report.",
        ),
    },
) as dag:
    JibitDailyReportOperator(
        task_id="load_daily_report",
        day="{{ params.day or '' }}",
        lookback_days=LOOKBACK_DAYS,
        apply_lower="{{ params.apply_lower }}",
        retries=3,
        retry_delay=pendulum.duration(minutes=10),
        outlets=[Asset("x-iranpay://daily_consumption")],
    )
    JibitBalanceOperator(
        task_id="load_balances",
        retries=3,
        retry_delay=pendulum.duration(minutes=10),
        outlets=[Asset("x-iranpay://balance")],
    )
