"""Thirty days of paid calls, made in the sandbox; the nightly DAG run for each of them; and the sums held together."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from demo.place import DAGS, Place, prepared

DAYS = 30
CALLS_A_DAY = (20, 60)


def run(console: Console) -> None:
    """Show the month, and fail unless warehouse and sandbox agree to the last call."""
    with prepared() as place:
        days = _days()
        console.print(f"1. {DAYS} days of paid calls through JibitHook, on the sandbox's clock …")
        outcomes = _make_traffic(place, days)
        billed = place.admin("GET", "ledger?count=true")["count"]
        console.print(
            f"   {outcomes.total()} calls: {outcomes['answered']} answered, {outcomes['refused']} refused for good and "
            f"free; {billed} billed by the sandbox"
        )
        console.print("2. the DAG iranpay_daily_consumption, run by Airflow for each of the days …")
        _run_dag(days)
        console.print("3. what the warehouse holds now")
        _show(console, days, billed)


def _days() -> list[date]:
    from airflow_provider_iranpay.iran.days import tehran_day

    yesterday = tehran_day(datetime.now(UTC)) - timedelta(days=1)
    return [yesterday - timedelta(days=back) for back in reversed(range(DAYS))]


def _make_traffic(place: Place, days: Iterable[date]) -> Counter[str]:
    from airflow_provider_iranpay.exceptions import Rejected
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
    customers, outcomes = place.customers(200), Counter[str]()
    for day in days:
        morning, _ = day_bounds(day)
        place.admin("PUT", "clock", {"now": (morning + timedelta(hours=9)).isoformat()})
        for _ in range(chance.randint(*CALLS_A_DAY)):
            try:
                chance.choice(asks)(chance.choice(customers))
                outcomes["answered"] += 1
            except Rejected:
                outcomes["refused"] += 1
    place.admin("PUT", "clock", {"now": datetime.now(UTC).isoformat()})
    return outcomes


def _run_dag(days: Iterable[date]) -> None:
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.utils.db import initdb

    from airflow_provider_iranpay.iran.days import day_bounds

    initdb()
    DagBundlesManager().sync_bundles_to_db()
    bag = DagBag(DAGS)
    sync_bag_to_db(bag, "dags-folder", None)
    dag = bag.dags["iranpay_daily_consumption"]
    states: Counter[str] = Counter()
    for day in days:
        _, midnight = day_bounds(day)
        states[str(dag.test(logical_date=midnight + timedelta(hours=12)).state)] += 1
    if states != {"success": DAYS}:
        raise SystemExit(f"Some runs did not succeed: {dict(states)}")


def _show(console: Console, days: list[date], billed: int) -> None:
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
            .where(daily_report.c.status == "APPLIED", daily_report.c.day.in_(days))
            .order_by(daily_report.c.day)
        ).all()
    console.print(_table("By service", ["name", "service", "days", "times used"], per_service))
    console.print(_table("By day", ["Jalali day", "services", "times used"], per_day))
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
