"""Jibit's operators: the daily consumption report and the balances, into the warehouse. Both read for free."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import BaseOperator, Context

from airflow_provider_iranpay.hooks.jibit import JibitHook
from airflow_provider_iranpay.hooks.warehouse import DEFAULT_WAREHOUSE_CONN_ID, WarehouseHook
from airflow_provider_iranpay.operators.run import load_context, tehran_day_of_run

__all__ = ["JibitBalanceOperator", "JibitDailyReportOperator"]


class JibitDailyReportOperator(BaseOperator):
    """Loads the consumption report of a Tehran day, and again those of the days before it.

    Each day is replaced as a whole. A day that is read lower than before is kept as a version ``WENT_DOWN`` and not applied.
    Tables: ``iranpay_daily_report`` (a row per day and version), ``iranpay_daily_consumption`` (a row per day and service).
    Returns a manifest of counts, a small JSON object.

    :param day: Jalali or ISO text; empty for the Tehran date of the run's ``data_interval_start`` (templated).
    :param lookback_days: days before it that are read again, since reports may still grow.
    :param apply_lower: apply a report that went down, after a person has looked at it.
    :param jibit_conn_id: connection of type ``jibit`` (templated).
    :param warehouse_conn_id: connection of the warehouse (templated).
    """

    template_fields: Sequence[str] = ("day", "jibit_conn_id", "warehouse_conn_id")
    ui_color = "#e3f0ea"

    def __init__(
        self,
        *,
        day: str | None = None,
        lookback_days: int = 0,
        apply_lower: bool = False,
        jibit_conn_id: str = JibitHook.default_conn_name,
        warehouse_conn_id: str = DEFAULT_WAREHOUSE_CONN_ID,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.day = day
        self.lookback_days = lookback_days
        self.apply_lower = apply_lower
        self.jibit_conn_id = jibit_conn_id
        self.warehouse_conn_id = warehouse_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Load the days, oldest first, each in a transaction of its own."""
        from airflow_provider_iranpay.ingest.daily_consumption import load_days  # noqa: PLC0415 - not at DAG parse

        day = tehran_day_of_run(context, self.day)
        hook = JibitHook(self.jibit_conn_id)
        with WarehouseHook(self.warehouse_conn_id).get_conn() as warehouse:
            raise NotImplementedError
