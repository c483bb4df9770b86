"""What the journal holds: counts and Rial, budgets held against their attempts, and what is unknown. It only reads."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection

from airflow_provider_iranpay.exceptions import SumsDoNotClose
from airflow_provider_iranpay.journal_command import places, unknown_file
from airflow_provider_iranpay.journal_command.printing import write_csv, write_json, write_line, write_table
from airflow_provider_iranpay.warehouse.journal.budgets import Balance, check_budget
from airflow_provider_iranpay.warehouse.journal.overview import list_budgets, overview
from airflow_provider_iranpay.warehouse.journal.upkeep import Unknown, list_unknown

__all__ = ["show", "unknowns"]


def show(args: argparse.Namespace) -> bool:
    """Print each environment.

    :return: whether all budgets close.
    """
    with places.opened(args) as warehouse:
        shown = []
        for environment in places.known(warehouse, args.environment):
            with warehouse.engine.connect() as connection:
                shown.append(_environment(connection, environment))
    if args.output == "json":
        write_json(shown)
    else:
        for one in shown:
            _print(one)
    return all(budget["closes"] for one in shown for budget in one["budgets"])


def unknowns(args: argparse.Namespace) -> bool:
    """Print the attempts that maybe were paid and have no answer; as CSV in the form that ``resolve`` reads."""
    rows = []
    with places.opened(args) as warehouse:
        for environment in places.known(warehouse, args.environment):
            with warehouse.engine.connect() as connection:
                rows += [unknown_file.row(environment, one) for one in list_unknown(connection, environment)]
    if args.output == "csv":
        write_csv(unknown_file.COLUMNS, rows)
    elif args.output == "json":
        write_json(_without(rows, unknown_file.PAID))
    else:
        _print_unknowns(rows)
    return True


def _print_unknowns(rows: Sequence[Mapping[str, Any]]) -> None:
    for environment, its in groupby(rows, key=itemgetter("environment")):
        write_line(f"Environment {environment}", strong=True)
        write_table(_without(its, "environment", unknown_file.PAID))
    if rows:
        write_line("To resolve them: --output csv, write yes or no into the column paid, give the file to `resolve`.")
    else:
        write_line("Nothing is unknown.")


def _environment(connection: Connection, environment: str) -> dict[str, Any]:
    return {
        "environment": environment,
        "attempts": [asdict(one) for one in overview(connection, environment)],
        "budgets": [_budget(connection, environment, *one) for one in list_budgets(connection, environment)],
        "unknown": _unknown(list_unknown(connection, environment)),
    }


def _budget(connection: Connection, environment: str, name: str, balance: Balance) -> dict[str, Any]:
    difference = None
    try:
        balance = check_budget(connection, environment, name)
    except SumsDoNotClose as error:
        difference = str(error)
    closes = difference is None
    return {"name": name, **asdict(balance), "room_rial": balance.room_rial, "closes": closes, "difference": difference}


def _unknown(found: Sequence[Unknown]) -> dict[str, int]:
    return {
        "attempts": len(found),
        "at_most_rial": sum(one.price_rial or 0 for one in found),
        "without_price": sum(one.price_rial is None for one in found),
    }


def _print(shown: dict[str, Any]) -> None:
    write_line(f"Environment {shown['environment']}", strong=True)
    if shown["attempts"]:
        write_table(shown["attempts"])
    else:
        write_line("No attempt yet.\n")
    if shown["budgets"]:
        words = {True: "closes", False: "DOES NOT CLOSE"}
        checked = [{"budget": one["name"], **one, "check": words[one["closes"]]} for one in shown["budgets"]]
        write_table(_without(checked, "name", "closes", "difference"))
        for budget in shown["budgets"]:
            if not budget["closes"]:
                write_line(budget["difference"])
    unknown = shown["unknown"]
    unpriced = f", and {unknown['without_price']:,} of them have no price" if unknown["without_price"] else ""
    write_line(
        f"Unknown: {unknown['attempts']:,}; asking them again would cost at most {unknown['at_most_rial']:,} Rial"
        f"{unpriced}.\n"
    )


def _without(rows: Iterable[Mapping[str, Any]], *names: str) -> list[dict[str, Any]]:
    return [{name: cell for name, cell in row.items() if name not in names} for row in rows]
