"""Access and refresh tokens: who got which pair and until when. Lifetimes run on the sandbox clock.

Assumed, because the contract is silent: a refresh uses up its refresh token, while the old access token lives on until
its own end; and a new pair does not end older ones.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_iranpay.sandbox.jibit.errors import Refused

if TYPE_CHECKING:
    from airflow_provider_iranpay.sandbox.clock import Clock
    from airflow_provider_iranpay.sandbox.settings import Settings

__all__ = ["API_KEY", "SECRET_KEY", "Tokens"]

API_KEY = "sandbox-api-key"
SECRET_KEY = "sandbox-secret-key"  # noqa: S105  meant to be known


@dataclass(frozen=True, slots=True)
class _Pair:
    access: str
    access_until: float
    refresh: str
    refresh_until: float


class Tokens:
    """Gives tokens out and knows the living ones."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self.revoke_all()

    def revoke_all(self) -> None:
        """Every token given out so far is dead."""
        self._by_access: dict[str, _Pair] = {}
        self._by_refresh: dict[str, _Pair] = {}

    def generate(self, api_key: str, secret_key: str) -> dict[str, str]:
        """A new pair for the right credentials.

        :raises Refused: ``invalid.credentials``.
        """
        if (api_key, secret_key) != (API_KEY, SECRET_KEY):
            raise Refused("invalid.credentials")
        return self._issue()

    def refresh(self, access: str, refresh: str) -> dict[str, str]:
        """A new pair for an old one, whose access token may be dead.

        :raises Refused: ``refreshToken.not_valid`` or ``invalid.tokens_pair``.
        """
        pair = self._by_refresh.get(refresh)
        if pair is None or pair.refresh_until <= self._clock.timestamp():
            raise Refused("refreshToken.not_valid")
        if pair.access != access:
            raise Refused("invalid.tokens_pair")
        del self._by_refresh[refresh]
        return self._issue()

    def alive(self, access: str) -> bool:
        """Whether this access token opens the door now."""
        pair = self._by_access.get(access)
        return pair is not None and pair.access_until > self._clock.timestamp()

    def _issue(self) -> dict[str, str]:
        now = self._clock.timestamp()
        pair = _Pair(
            access=f"sandbox-access-{secrets.token_hex(16)}",
            access_until=now + self._settings.access_token_seconds,
            refresh=f"sandbox-refresh-{secrets.token_hex(16)}",
            refresh_until=now + self._settings.refresh_token_seconds,
        )
        self._by_access[pair.access] = pair
        self._by_refresh[pair.refresh] = pair
        return {"accessToken": pair.access, "refreshToken": pair.refresh}
