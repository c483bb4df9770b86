"""Whose rows they are and which task brought them: plain values, light to import, that the faces hand down."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LoadContext", "Scope"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whose data it is; part of every natural key.

    :param environment: ``real``, or the base URL of a sandbox.
    :param account: name of the provider account, which survives new credentials.
    """

    environment: str
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadContext:
    """The Airflow task that loads; all empty outside Airflow.

    :param map_index: of a mapped task, else -1.
    """

    dag_id: str = ""
    run_id: str = ""
    task_id: str = ""
    map_index: int = -1
