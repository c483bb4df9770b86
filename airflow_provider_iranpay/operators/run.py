"""What an operator learns from the run it belongs to: the Tehran day, and where its rows come from."""

from __future__ import annotations

from datetime import date

from airflow.sdk import Context

from airflow_provider_iranpay.hooks.errors import InvalidInput
from airflow_provider_iranpay.iran.days import parse_day, tehran_day
from airflow_provider_iranpay.warehouse.provenance import LoadContext

__all__ = ["load_context", "tehran_day_of_run"]


def tehran_day_of_run(context: Context, day: str | None) -> date:
    """Return the day that was asked for, else the Tehran date of ``data_interval_start``.

    :param day: Jalali (``1405/08/30``) or ISO (``2026-11-21``) text; empty for the run's own day.
    :raises InvalidInput: the text is not a day, or there is none and the run has no data interval.
    """
    if day:
        asked = _iso(day) or parse_day(day).value
        if asked is None:
            raise InvalidInput("day", "not_a_day", "Give a Jalali day such as 1405/08/30, or 2026-11-21.")
        return asked
    start = context.get("data_interval_start")
    if start is None:
        raise InvalidInput("day", "is_required", "This run has no data interval: give the day as the Param `day`.")
    return tehran_day(start)


def _iso(day: str) -> date | None:
    """Read a Gregorian ISO date; a Jalali year never comes near the Gregorian ones of this century."""
    try:
        found = date.fromisoformat(day)
    except ValueError:
        return None
    return found if found.year >= 1900 else None


def load_context(context: Context) -> LoadContext:
    """Name the task whose rows these are."""
    instance = context["ti"]
    return LoadContext(dag_id=instance.dag_id, run_id=instance.run_id, task_id=instance.task_id)
