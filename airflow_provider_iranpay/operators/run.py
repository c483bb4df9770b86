"""What an operator learns from the run it belongs to: the Tehran day, and the task whose rows these are."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from airflow.sdk import Context

from airflow_provider_iranpay.exceptions import InvalidInput
from airflow_provider_iranpay.iran.days import parse_day, tehran_day
from airflow_provider_iranpay.iran.digits import ascii_digits
from airflow_provider_iranpay.warehouse.provenance import LoadContext

__all__ = ["flag", "load_context", "tehran_day_of_run"]


def tehran_day_of_run(context: Context, day: str | None) -> date:
    """Return the day that was asked for, else the Tehran date of ``data_interval_start``.

    :param day: Jalali (``1405/08/30``) or ISO (``2026-11-21``) text; empty for the run's own day.
    :raises InvalidInput: the text is not a day, the day has not come yet, or the run has no data interval.
    """
    asked = _asked(str(day)) if day and str(day).strip() else _own(context.get("data_interval_start"))
    if asked > tehran_day(datetime.now(UTC)):
        raise InvalidInput(
            "day", "in_the_future", f"{asked} has not come yet in Tehran; ask for today or a day before."
        )
    return asked


def _asked(day: str) -> date:
    try:
        gregorian = date.fromisoformat(ascii_digits(day).strip().replace("/", "-"))
    except ValueError:
        gregorian = None
    # A Jalali year of this century is centuries away from any Gregorian one, so the two readings never meet.
    if gregorian is not None and gregorian.year >= 1900:
        return gregorian
    checked = parse_day(day)
    if checked.value is None:
        raise InvalidInput("day", str(checked.reason), "Give a Jalali day such as 1405/08/30, or 2026-11-21.")
    return checked.value


def _own(start: Any) -> date:
    if start is None:
        raise InvalidInput("day", "is_required", "This run has no data interval: give the day as the Param `day`.")
    return tehran_day(start)


def flag(name: str, value: object) -> bool:
    """Read a truth value that may have come through a template.

    :raises InvalidInput: for anything but true and false.
    """
    word = str(value).strip().lower()
    if word not in ("true", "false"):
        raise InvalidInput(name, "not_true_or_false", "Give true or false.")
    return word == "true"


def load_context(context: Context) -> LoadContext:
    """Name the task whose rows these are."""
    instance = context["ti"]
    index = instance.map_index
    return LoadContext(
        dag_id=instance.dag_id,
        run_id=instance.run_id,
        task_id=instance.task_id,
        map_index=-1 if index is None else index,
    )
