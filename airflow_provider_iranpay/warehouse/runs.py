"""What is remembered of bulk runs: as of when one sees the journal, how far its tasks are, whose a target table is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from airflow_provider_iranpay.warehouse.provenance import LoadContext
from airflow_provider_iranpay.warehouse.tables import bulk_task, run, target

__all__ = ["fix_as_of", "note_task", "own_target"]

_INSERTS: Mapping[str, Callable[..., Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def fix_as_of(connection: Connection, environment: str, context: LoadContext, now: datetime) -> datetime:
    """Return when a DAG run was first tried; the first one to ask fixes it.

    :param now: aware.
    """
    named = {"environment": environment, "dag_id": context.dag_id, "run_id": context.run_id}
    made = _INSERTS[connection.dialect.name](run).values(**named, as_of=now).on_conflict_do_nothing()
    connection.execute(made)
    found: datetime = connection.execute(
        select(run.c.as_of).where(*(run.c[name] == value for name, value in named.items()))
    ).scalar_one()
    return found


def own_target(connection: Connection, table_name: str, inquiry: str) -> str:
    """Return whose results a table holds; the first inquiry that asks owns it."""
    made = _INSERTS[connection.dialect.name](target).values(table_name=table_name, inquiry=inquiry)
    connection.execute(made.on_conflict_do_nothing())
    owner: str = connection.execute(select(target.c.inquiry).where(target.c.table_name == table_name)).scalar_one()
    return owner


def note_task(connection: Connection, environment: str, context: LoadContext, values: Mapping[str, Any]) -> None:
    """Write how far a task is, over what an earlier try has written.

    :param values: of all columns that are not in the key.
    """
    key = {
        "environment": environment,
        "dag_id": context.dag_id,
        "run_id": context.run_id,
        "task_id": context.task_id,
        "map_index": context.map_index,
    }
    here = and_(*(bulk_task.c[name] == value for name, value in key.items()))
    if not connection.execute(update(bulk_task).where(here).values(**values)).rowcount:
        connection.execute(insert(bulk_task).values(**key, **values))
