"""What this layer needs of a client. No I/O lives here."""

from __future__ import annotations

from typing import Protocol, TypeVar

from airflow_provider_iranpay.api.contract import Request

__all__ = ["Caller"]

T = TypeVar("T")


class Caller(Protocol):
    """Brings the answer to a request, or raises a ``CallError``."""

    def call(self, request: Request[T], *, track_id: str | None = None) -> T:
        """Make one call, under a track id of the caller's where the caller has more to say about its answer."""
