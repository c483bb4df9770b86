"""Which environments of which warehouse a command is about."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.hooks.warehouse import WarehouseHook
from airflow_provider_iranpay.warehouse.engine import Warehouse
from airflow_provider_iranpay.warehouse.journal.overview import environments

__all__ = ["known", "one_of", "opened"]


@contextmanager
def opened(args: argparse.Namespace) -> Iterator[Warehouse]:
    """Open the warehouse of the command's connection."""
    with WarehouseHook(args.warehouse_conn_id).get_conn() as warehouse:
        yield warehouse


def known(warehouse: Warehouse, asked: str | None) -> Sequence[str]:
    """List the environments that have a journal, or the one of them that was asked for.

    :raises ConfigurationError: none has, or not that one.
    """
    with warehouse.engine.connect() as connection:
        found = environments(connection)
    if not found:
        raise ConfigurationError("This warehouse has no journal yet: the first bulk run makes it.")
    if asked is not None and asked not in found:
        raise ConfigurationError(f"--environment: the journal knows {_listed(found)}, not {asked!r}.")
    return found if asked is None else [asked]


def one_of(warehouse: Warehouse, asked: str | None) -> str:
    """Return the one environment that a command shall change.

    :raises ConfigurationError: there are several, and none was named.
    """
    found = known(warehouse, asked)
    if len(found) > 1:
        raise ConfigurationError(f"--environment: say which one is meant of {_listed(found)}.")
    return found[0]


def _listed(found: Sequence[str]) -> str:
    return ", ".join(found)
