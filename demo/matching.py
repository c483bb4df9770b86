"""Ten thousand customers matched with faults on, the worker killed in the middle, the run resumed, and the bill."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from demo.place import FOLDER, Place, prepared

MANIFEST = FOLDER / "manifest.json"
CUSTOMERS = 10_000
KILLED_AFTER = 4_000
FAULTS = [
    {"kind": "reset_after", "service": "jibit.match_card", "probability": 0.002, "seed": 1},
    {"kind": "html_5xx", "service": "jibit.match_card", "probability": 0.002, "seed": 2},
    {"kind": "error", "service": "jibit.match_card", "code": "providers.not_available", "probability": 0.01, "seed": 3},
]
_WORKER = [sys.executable, "-W", "ignore", "-m", "demo.matching_task"]


def run(console: Console) -> None:
    """Show it, and fail unless each call that the sandbox billed is one that the journal knows as paid."""
    with prepared() as place:
        place.customers(CUSTOMERS)
        console.print(f"1. {CUSTOMERS:,} customers; the estimate, for which nothing is sent")
        _work("estimate")
        _show_counts(console, _manifest()["estimate"])
        console.print("2. the run, with a sandbox that loses answers, fails, and is busy now and then …")
        for fault in FAULTS:
            place.admin("POST", "faults", fault)
        _kill_in_the_middle(console, place)
        console.print("3. the same run again, as Airflow's retry would start it …")
        _bury_the_dead(console)
        _work()
        manifest = _manifest()
        _show_counts(console, manifest["status"])
        console.print(
            f"   {manifest['origin']['cached']:,} answers were there from before the kill and cost nothing; "
            f"{manifest['paid']:,} were paid for now"
        )
        console.print("4. what may have been paid and has no answer, looked up in the sandbox's books by its track id")
        _resolve(console, place)
        console.print("5. the bill")
        _hold_against_the_bill(console, place)


def _work(*arguments: str) -> None:
    done = subprocess.run([*_WORKER, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"The task failed:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")


def _manifest() -> Any:
    return json.loads(MANIFEST.read_text(encoding="utf-8"))


def _kill_in_the_middle(console: Console, place: Place) -> None:
    worker = subprocess.Popen(_WORKER, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while _billed(place)["count"] < KILLED_AFTER:
        if worker.poll() is not None:
            raise SystemExit("The task ended before it could be killed.")
        time.sleep(0.05)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    time.sleep(0.5)  # what it had sent is still being answered
    console.print(f"   kill -9 after {_billed(place)['count']:,} billed calls")


def _bury_the_dead(console: Console) -> None:
    """Let the lease of the killed worker be over. By itself it is after three minutes."""
    from datetime import UTC, datetime, timedelta

    from sqlalchemy import update

    from airflow_provider_iranpay.hooks.warehouse import WarehouseHook
    from airflow_provider_iranpay.warehouse.journal.tables import worker

    long_ago = datetime.now(UTC) - timedelta(hours=1)
    with WarehouseHook().get_conn() as warehouse, warehouse.transaction() as connection:
        connection.execute(update(worker).values(lease_until=long_ago, stale_at=long_ago))
    console.print("   (the lease of the dead worker would end in three minutes; the demonstration ends it now)")


def _resolve(console: Console, place: Place) -> None:
    """Do what a person does with ``airflow iranpay journal unknowns`` and ``resolve``."""
    from airflow_provider_iranpay.hooks.jibit import JibitHook
    from airflow_provider_iranpay.hooks.warehouse import WarehouseHook
    from airflow_provider_iranpay.warehouse.journal.journal import Journal

    billed = {entry["track_id"] for entry in place.admin("GET", "ledger")["entries"]}
    hook = WarehouseHook()
    with hook.get_conn() as warehouse:
        journal = Journal.open(warehouse, hook.get_journal_keys(), JibitHook().environment)
        unknown = journal.unknown()
        for one in unknown:
            journal.resolve(one.attempt, paid=one.track_id in billed)
        journal.close()
    paid = sum(one.track_id in billed for one in unknown)
    console.print(f"   {len(unknown)} were unknown: {paid} were billed, {len(unknown) - paid} never arrived")


def _hold_against_the_bill(console: Console, place: Place) -> None:
    from sqlalchemy import func, select

    from airflow_provider_iranpay.hooks.warehouse import WarehouseHook
    from airflow_provider_iranpay.warehouse.journal.tables import attempt, budget

    bill = _billed(place)
    with WarehouseHook().get_conn() as warehouse, warehouse.engine.connect() as connection:
        states = connection.execute(
            select(attempt.c.state, func.count(), func.coalesce(func.sum(attempt.c.cost_rial), 0))
            .group_by(attempt.c.state)
            .order_by(attempt.c.state)
        ).all()
        spent, reserved = connection.execute(select(budget.c.spent_rial, budget.c.reserved_rial)).one()
    table = Table("state of an attempt", "attempts", "Rial", title="The journal", title_justify="left")
    for state, count, rial in states:
        table.add_row(state, f"{count:,}", f"{rial:,}")
    console.print(table)
    paid = sum(count for _, count, rial in states if rial)
    console.print(f"The sandbox billed {bill['count']:,} calls for {bill['spent_rial']:,} Rial, and the journal knows")
    console.print(f"{paid:,} attempts as paid, for {spent:,} Rial, with {reserved:,} still reserved.")
    if (bill["count"], bill["spent_rial"], 0, 0) != (paid, spent, reserved, bill["billed_again"]):
        raise SystemExit("The sums do not close.")
    console.print(f"[bold green]The sums close; questions that were billed twice: {bill['billed_again']}.")


def _billed(place: Place) -> Any:
    return place.admin("GET", "ledger?count=true")


def _show_counts(console: Console, counts: dict[str, Any]) -> None:
    console.print("   " + ", ".join(f"{name} {count:,}" for name, count in counts.items() if count is not None))
