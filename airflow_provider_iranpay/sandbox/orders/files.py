"""Sample orders as files: has a running sandbox play them, and writes its tables as CSV. No order is made here.

It speaks HTTP to the sandbox instead of playing by itself, because the payments have to be in the book of the server.
"""

from __future__ import annotations

import csv
import http.client
import json
import os
from typing import TYPE_CHECKING, Any

from airflow_provider_iranpay.sandbox.orders import story
from airflow_provider_iranpay.sandbox.orders.payouts import PAYOUT_TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    Tables = Mapping[str, list[dict[str, Any]]]

__all__ = ["NoSandbox", "Refusal", "ask", "paths", "write"]

_ROUTE = "/_sandbox/orders"
_TABLES = story.TABLES | PAYOUT_TABLES
_TIMEOUT_SECONDS = 120.0


class NoSandbox(Exception):
    """Nobody answers there, or somebody who is no sandbox."""


class Refusal(ValueError):
    """The sandbox does not play this; its text says why."""


def ask(host: str, port: int, *, days: int, per_day: int, seed: int) -> Tables:
    """Has the sandbox play the orders and payouts.

    :returns: the tables by name, their rows as objects.
    :raises NoSandbox: no sandbox answers.
    :raises Refusal: an argument is out of range.
    """
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("POST", _ROUTE, json.dumps({"days": days, "per_day": per_day, "seed": seed}))
        response = connection.getresponse()
        answer = json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as wrong:
        raise NoSandbox from wrong
    finally:
        connection.close()
    if isinstance(answer, dict) and response.status == http.client.BAD_REQUEST:
        raise Refusal(answer.get("error", ""))
    if not (isinstance(answer, dict) and _TABLES.keys() <= answer.keys()):
        raise NoSandbox
    return answer


def paths(out: Path) -> dict[str, Path]:
    """Where each table goes: the orders to ``out``, the others beside it under its name."""
    return {name: out if name == "orders" else out.with_name(f"{out.stem}.{name}.csv") for name in _TABLES}


def write(tables: Tables, out: Path) -> None:
    """Writes all tables as CSV in UTF-8 with a header; a file holds all its rows, or is as it was.

    :raises OSError: a file cannot be written.
    """
    for name, path in paths(out).items():
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with beside.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, _TABLES[name])
                writer.writeheader()
                writer.writerows(tables[name])
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
