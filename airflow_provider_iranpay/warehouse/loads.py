"""The record of a load, from which every data row says where it came from. No data rows are written here."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import uuid4

from sqlalchemy import Connection, insert

from airflow_provider_iranpay.warehouse import tables
from airflow_provider_iranpay.warehouse.provenance import LoadContext, Scope

__all__ = ["LoadKind", "record_load"]

LoadKind = Literal["daily_consumption", "balance"]


def record_load(
    connection: Connection, kind: LoadKind, *, scope: Scope, context: LoadContext, read_at: datetime, rows: int
) -> str:
    """Note a load, in the transaction that writes its rows: a load that is seen is a load that was committed.

    :param read_at: when the provider answered, aware.
    :param rows: rows that the answer held.
    :return: the ``load_id`` for its rows.
    """
    load_id = str(uuid4())
    connection.execute(
        insert(tables.load).values(
            load_id=load_id,
            kind=kind,
            environment=scope.environment,
            account=scope.account,
            dag_id=context.dag_id,
            run_id=context.run_id,
            task_id=context.task_id,
            read_at=read_at,
            rows=rows,
        )
    )
    return load_id
