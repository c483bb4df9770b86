"""Who may pass, and how often: the checks before a call is looked at, in the order of :meth:`Gates.closed_to`.

The order is assumed. Every gate is switched by the settings.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from airflow_provider_iranpay.sandbox.jibit.errors import refusal
from airflow_provider_iranpay.sandbox.throttle import Throttle, bare_429, retry_after

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_iranpay.sandbox.jibit.desk import Desk
    from airflow_provider_iranpay.sandbox.jibit.reading import Call
    from airflow_provider_iranpay.sandbox.messages import Answer
    from airflow_provider_iranpay.sandbox.settings import RateLimit

__all__ = ["MAX_TRACK_ID", "Gates"]

MAX_TRACK_ID = 50
_BEARER = "bearer"


class Gates:
    """Refuses calls before they cost anything.

    :param monotonic: real seconds for the rate limit, which is about the wire and not about provider days.
    """

    def __init__(self, desk: Desk, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._desk = desk
        self._throttle = Throttle(monotonic=monotonic)

    def reset(self) -> None:
        """Forgets the requests of the last second."""
        self._throttle.reset()

    def closed_to(self, call: Call) -> Answer | None:
        """The refusal that this call meets before anybody looks at its parameters, or ``None``."""
        settings = self._desk.settings
        limit = settings.rate_limit
        if limit is not None and not self._throttle.admits(limit):
            return _too_many(limit)
        if settings.ip_whitelist is not None and call.request.client_ip not in settings.ip_whitelist:
            return refusal("forbidden")
        if len(call.request.headers.get("x-track-id", "")) > MAX_TRACK_ID:
            return refusal("trackId.length_exceeded")
        code = None if call.service is not None and call.service.open else self._token_problem(call)
        if code is None and call.name in settings.switched_off:
            code = "forbidden"
        return refusal(code) if code else None

    def money_problem(self, service: str) -> str | None:
        """The code that stands between a valid call of ``service`` and its answer, or ``None``."""
        desk = self._desk
        limit = desk.settings.daily_limits.get(service)
        if limit is not None and desk.ledger.billed_today(service) >= limit:
            return "daily_limit.reached"
        return None if desk.ledger.can_pay(service) else "balance.not_enough"

    def _token_problem(self, call: Call) -> str | None:
        scheme, _, token = call.request.headers.get("authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != _BEARER or not token:
            return "token.is_required"
        return None if self._desk.tokens.alive(token) else "forbidden"


def _too_many(limit: RateLimit) -> Answer:
    if limit.code is None:
        return bare_429(limit)
    return refusal(limit.code, status=429, headers=retry_after(limit))
