"""A local stand-in of the providers, with money, faults and a clock: nothing here costs a Rial or leaves the machine.

Written from the contracts alone, it is a second reading of them: of the package it may import ``iran`` and no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_iranpay.sandbox.server import Sandbox

__all__ = ["Sandbox"]


def __getattr__(name: str) -> Any:
    # The command line is mounted by `airflow`, which loads it on every call: the server is imported when it is used.
    if name == "Sandbox":
        from airflow_provider_iranpay.sandbox.server import Sandbox  # noqa: PLC0415

        return Sandbox
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
