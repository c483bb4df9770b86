"""Thirty days of paid calls, made in the sandbox; the nightly DAG run for each of them; and the sums held together."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from demo.place import Place, prepared

DAYS = 30
CALLS_A_DAY = (20, 60)


def run(console: Console) -> None:
    """Show the month, and fail unless warehouse and sandbox agree to the last call."""
    with prepared() as place:
        days = _days()
        console.print(f"1. {DAYS} days of paid calls through JibitHook, on the sandbox's clock …")
        calls = _make_traffic(place, days)
        billed = place.admin("GET", "ledger?count=only")["count"]
        console.print(f"   {calls} calls made, {billed} billed by the sandbox")
        console.print("2. the DAG iranpay_daily_consumption, run by Airflow for each of the days …")
        _run_dag(days)
        console.print("3. what the warehouse holds now")
        _show(console, billed)


def _days() -> list[date]:
    from airflow_provider_iranpay.iran.days import tehran_day

    yesterday = tehran_day(datetime.now(UTC)) - timedelta(days=1)
    return [yesterday - timedelta(days=back) for back in reversed(range(DAYS))]


def _make_traffic(place: Place, days: Iterable[date]) -> int:
    from airflow_provider_iranpay.hooks.jibit import JibitHook
    from airflow_provider_iranpay.iran.days import day_bounds

    hook = JibitHook()
    asks = [
        lambda c: hook.match_card(c["card"], c["national_code"], c["birth_date"]),
        lambda c: hook.match_iban(c["iban"], c["national_code"], c["birth_date"]),
        lambda c: hook.match_mobile(c["mobile"], c["national_code"]),
        lambda c: hook.iban_inquiry(c["iban"]),
        lambda c: hook.postal_code(c["postal_code"]),
    ]
    chance = random.Random(1405)  # noqa: S311 - a demonstration that is the same every time
    customers, calls = place.customers(200), 0
    for day in days:
        morning, _ = day_bounds(day)
        place.admin("PUT", "clock", {"now": (morning + timedelta(hours=9)).isoformat()})
        for _ in range(chance.randint(*CALLS_A_DAY)):
            chance.choice(asks)(chance.choice(customers))
            calls += 1
    place.admin("PUT", "clock", {"now": datetime.now(UTC).isoformat()})
    return calls


def _run_dag(days: Iterable[date]) -> None:
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.utils.db import initdb
    from airflow.utils.session import create_session

    from airflow_provider_iranpay.iran.days import day_bounds
    from dags.iranpay_daily_consumption import dag

    initdb()
    with create_session() as session:
        session.merge(DagBundleModel(name="demo"))
    bag = DagBag(dag_folder=os.devnull)
    bag.bag_dag(dag)
    sync_bag_to_db(bag, "demo", None)
    states: Counter[str] = Counter()
    for day in days:
        _, midnight = day_bounds(day)
        states[str(dag.test(logical_date=midnight + timedelta(hours=12)).state)] += 1
    if states != {"success": DAYS}:
        raise SystemExit(f"Some runs did not succeed: {dict(states)}")


def _show(console: Console, billed: int) -> None:
    from sqlalchemy import func, select

    from airflow_provider_iranpay.hooks.warehouse import WarehouseHook
    from airflow_provider_iranpay.warehouse.tables import daily_consumption, daily_report

    with WarehouseHook().get_conn() as warehouse, warehouse.engine.connect() as connection:
        row = daily_consumption.c
        per_service = connection.execute(
            select(row.persian_name, row.service, func.count().label("days"), func.sum(row.times_used).label("uses"))
            .group_by(row.service, row.persian_name)
            .order_by(func.sum(row.times_used).desc())
        ).all()
        per_day = connection.execute(
            select(daily_report.c.jalali_day, daily_report.c.services, daily_report.c.times_used)
            .where(daily_report.c.status == "APPLIED")
            .order_by(daily_report.c.day)
        ).all()
    console.print(_table("iranpay_daily_consumption, by service", ["name", "service", "days", "times used"], per_service))
    console.print(_table("iranpay_daily_report", ["Jalali day", "services", "times used"], per_day))
    loaded = sum(line.uses for line in per_service)
    agree = loaded == billed and len(per_day) == DAYS
    console.print(f"{loaded} uses in the warehouse, {billed} billed by the sandbox, {len(per_day)} of {DAYS} days.")
    if not agree:
        raise SystemExit("The sums do not close.")
    console.print("[bold green]The sums close.")


def _table(title: str, columns: list[str], rows: Iterable[Any]) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="left" if column in ("name", "service", "Jalali day") else "right")
    for row in rows:
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    return table
