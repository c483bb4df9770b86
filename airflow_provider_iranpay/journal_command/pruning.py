"""Answers that nobody needs any more are thrown away; their tombstones stay. So are rows of plans past their end."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta

from airflow_provider_iranpay.iran.days import day_bounds
from airflow_provider_iranpay.journal_command import places
from airflow_provider_iranpay.journal_command.printing import agreed, write_line
from airflow_provider_iranpay.warehouse import plans
from airflow_provider_iranpay.warehouse.engine import Warehouse
from airflow_provider_iranpay.warehouse.journal import upkeep

__all__ = ["prune"]


def prune(args: argparse.Namespace) -> bool:
    """Count what would go, ask, and throw it away.

    :return: False where the person did not agree.
    """
    before = datetime.now(UTC) - timedelta(days=args.older_than)
    until = day_bounds(args.reconciled_until)[1]
    with places.opened(args) as warehouse:
        environment = places.one_of(warehouse, args.environment)
        _prune_plans(warehouse, environment, keep=args.dry_run)
        count = _prune(warehouse, environment, before=before, until=until, keep=True)
        write_line(f"Answers to throw away: {count:,}. A tombstone with time and cost stays of each.")
        if args.dry_run or not count:
            return True
        if not (args.yes or agreed("They cannot be brought back, and asking again costs.")):
            return False
        gone = _prune(warehouse, environment, before=before, until=until, keep=False)
    write_line(f"Thrown away: {gone:,}.")
    return True


def _prune_plans(warehouse: Warehouse, environment: str, *, keep: bool) -> None:
    """Throw the rows of plans away that nobody can use any more, or count them; no person need agree."""
    with warehouse.transaction() as connection:
        count = plans.drop_expired(connection, environment, datetime.now(UTC))
        if keep:
            connection.rollback()
    if count:
        done = "to throw away" if keep else "thrown away"
        write_line(f"Plans past their end whose rows are {done}: {count:,}.")


def _prune(warehouse: Warehouse, environment: str, *, before: datetime, until: datetime, keep: bool) -> int:
    """Do it, or count by doing it and taking it back."""
    with warehouse.transaction() as connection:
        count = upkeep.prune(connection, environment, before=before, reconciled_until=until)
        if keep:
            connection.rollback()
    return count
