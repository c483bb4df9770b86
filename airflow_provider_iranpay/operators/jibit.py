"""Jibit's operators: the daily consumption report and the balances, into the warehouse. Both are free to read."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import BaseOperator, Context

__all__ = ["JibitBalanceOperator", "JibitDailyReportOperator"]

_JIBIT = "jibit_default"
_WAREHOUSE = "iranpay_warehouse"


class JibitDailyReportOperator(BaseOperator):
    """Load the consumption report of a Tehran day, and again those of the days before it.

    Each day is one transaction and is replaced as a whole. A day that is read lower than before is kept as a version
    ``WENT_DOWN``, shown, and not applied. Tables: ``iranpay_daily_report`` (a row per day and version; a day without
    use has one, a day that was never read has none) and ``iranpay_daily_consumption`` (a row per day and service).

    Returns a small manifest: ``{"days": [{day, jalali_day, status, services, times_used, version}], "times_used": n,
    "went_down": n}``; readings that were not applied are not in the sum.

    :param day: Jalali or ISO text; empty for the Tehran date of the run's ``data_interval_start`` (templated).
    :param lookback_days: days before it that are read again, since a report may still grow.
    :param apply_lower: apply a report that went down, once a person has looked at it (templated).
    :param jibit_conn_id: connection of type ``jibit`` (templated).
    :param warehouse_conn_id: connection of the warehouse (templated).
    """

    template_fields: Sequence[str] = ("day", "apply_lower", "jibit_conn_id", "warehouse_conn_id")
    ui_color = "#e3f0ea"

    def __init__(
        self,
        *,
        day: str | None = None,
        lookback_days: int = 0,
        apply_lower: bool | str = False,
        jibit_conn_id: str = _JIBIT,
        warehouse_conn_id: str = _WAREHOUSE,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.day = day
        self.lookback_days = lookback_days
        self.apply_lower = apply_lower
        self.jibit_conn_id = jibit_conn_id
        self.warehouse_conn_id = warehouse_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Load the run's own day, then those before it; a day that the provider refuses fails the task in the end."""
        from airflow_provider_iranpay.exceptions import Rejected, UnreadableAnswer
        from airflow_provider_iranpay.hooks.errors import failing_at_once
        from airflow_provider_iranpay.hooks.jibit import JibitHook
        from airflow_provider_iranpay.hooks.warehouse import WarehouseHook
        from airflow_provider_iranpay.ingest.daily_consumption import DayLoad, load_daily_report
        from airflow_provider_iranpay.ingest.days import days_to_load
        from airflow_provider_iranpay.operators.run import flag, load_context, tehran_day_of_run

        with failing_at_once():
            days = days_to_load(tehran_day_of_run(context, self.day), self.lookback_days)
            apply_lower = flag("apply_lower", self.apply_lower)
        hook = JibitHook(self.jibit_conn_id)
        loads: list[DayLoad] = []
        refused = []
        with failing_at_once(), WarehouseHook(self.warehouse_conn_id).get_conn() as warehouse:
            for day in reversed(days):  # the run's own day first: no older day shall stand in its way
                asked_at = datetime.now(UTC)  # before the call: a report asked for before midnight is not a final one
                try:
                    report = hook.daily_report(day)
                except (Rejected, UnreadableAnswer) as error:
                    self.log.error("%s: %s", day, error)
                    refused.append(error)
                    continue
                load = load_daily_report(
                    warehouse,
                    report,
                    scope=hook.scope,
                    day=day,
                    read_at=asked_at,
                    context=load_context(context),
                    apply_lower=apply_lower,
                )
                self.log.log(logging.WARNING if load.status == "went_down" else logging.INFO, "%s", load)
                loads.insert(0, load)
        if refused:
            raise refused[0]
        went_down = [load for load in loads if load.status == "went_down"]
        return {
            "days": [load.as_manifest() for load in loads],
            "times_used": sum(load.times_used for load in loads if load not in went_down),
            "went_down": len(went_down),
        }


class JibitBalanceOperator(BaseOperator):
    """Add a snapshot of the account's balances, as they are now, to ``iranpay_balance``.

    A balance is known for the moment of asking alone: a run for a past day takes today's, under today's date. Amounts
    are in the currency that Jibit names. Returns a small manifest: ``{day, jalali_day, taken_at, balances}``.

    :param jibit_conn_id: connection of type ``jibit`` (templated).
    :param warehouse_conn_id: connection of the warehouse (templated).
    """

    template_fields: Sequence[str] = ("jibit_conn_id", "warehouse_conn_id")
    ui_color = "#e3f0ea"

    def __init__(self, *, jibit_conn_id: str = _JIBIT, warehouse_conn_id: str = _WAREHOUSE, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.jibit_conn_id = jibit_conn_id
        self.warehouse_conn_id = warehouse_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Ask for the balances and load them."""
        from airflow_provider_iranpay.hooks.errors import failing_at_once
        from airflow_provider_iranpay.hooks.jibit import JibitHook
        from airflow_provider_iranpay.hooks.warehouse import WarehouseHook
        from airflow_provider_iranpay.ingest.balances import load_balances
        from airflow_provider_iranpay.operators.run import load_context

        hook = JibitHook(self.jibit_conn_id)
        with failing_at_once(), WarehouseHook(self.warehouse_conn_id).get_conn() as warehouse:
            load = load_balances(
                warehouse,
                hook.balances(),
                scope=hook.scope,
                taken_at=datetime.now(UTC),
                context=load_context(context),
            )
        self.log.info("%s balances of %s taken", load.balances, hook.scope.account)
        return load.as_manifest()
