"""Which keys open the door, which tokens renew them, and until when. Lifetimes run on the sandbox clock.

Assumed, because the contract is silent: a new key ends no older one, and no refresh token is used up; settings turn
both round.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_iranpay.iran.days import TEHRAN
from airflow_provider_iranpay.sandbox.paystar.credentials import CREDENTIALS
from airflow_provider_iranpay.sandbox.paystar.service import Key, Refused

if TYPE_CHECKING:
    from airflow_provider_iranpay.sandbox.clock import Clock
    from airflow_provider_iranpay.sandbox.settings import Settings

__all__ = ["Keys", "Standing"]

_INVALID_REFRESH_TOKEN = 13


class Standing(Enum):
    """What the provider thinks of a Bearer."""

    ALIVE = auto()
    DEAD = auto()
    UNKNOWN = auto()


class _Names(NamedTuple):
    """How one kind of key is called on the wire."""

    key: str
    until: str
    refresh: str


_WIRE = {
    Key.API_KEY: _Names("api_key", "api_key_expire_date", "refresh_token"),
    Key.WALLET_API_KEY: _Names("api_key", "api_key_expire_date", "refresh_token"),
    Key.WALLET_INQUIRY_KEY: _Names("inquiry_key", "inquiry_key_expire_date", "refresh_inquiry_key"),
}
_FIRST_REFRESH_TOKENS = {
    Key.API_KEY: CREDENTIALS.refresh_token,
    Key.WALLET_API_KEY: CREDENTIALS.wallet_refresh_token,
    Key.WALLET_INQUIRY_KEY: CREDENTIALS.refresh_inquiry_key,
}


class Keys:
    """Gives keys out and knows the living ones."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self.reset()

    def reset(self) -> None:
        """Every key given out so far is unknown, and the first refresh tokens are good again."""
        self._until: dict[Key, dict[str, float]] = {kind: {} for kind in _WIRE}
        self._refresh_tokens = dict(_FIRST_REFRESH_TOKENS)

    def expire_all(self) -> None:
        """Every key given out so far is dead."""
        for given in self._until.values():
            given.update(dict.fromkeys(given, self._clock.timestamp()))

    def refresh(self, kind: Key, refresh_token: object) -> dict[str, str]:
        """A new key, as the members of ``data``; with a new refresh token where those rotate.

        :raises Refused: code 13.
        """
        if refresh_token != self._refresh_tokens[kind]:
            raise Refused(_INVALID_REFRESH_TOKEN)
        names, given = _WIRE[kind], self._until[kind]
        now = self._clock.timestamp()
        if self._settings.paystar_one_key:
            given.update({key: min(until, now) for key, until in given.items()})
        key, until = (
            f"sandbox-{names.key.replace('_', '-')}-{secrets.token_hex(16)}",
            now + self._settings.paystar_key_seconds,
        )
        given[key] = until
        data = {names.key: key, names.until: f"{datetime.fromtimestamp(until, TEHRAN):%Y-%m-%d %H:%M:%S}"}
        if self._settings.paystar_rotate_refresh_tokens:
            self._refresh_tokens[kind] = f"sandbox-refresh-{secrets.token_hex(16)}"
            data[names.refresh] = self._refresh_tokens[kind]
        return data

    def standing(self, kind: Key, bearer: str) -> Standing:
        """Whether this Bearer opens what wants ``kind``."""
        if kind is Key.GATEWAY_ID:
            return Standing.ALIVE if bearer == CREDENTIALS.gateway_id else Standing.UNKNOWN
        until = self._until[kind].get(bearer)
        if until is None:
            return Standing.UNKNOWN
        return Standing.ALIVE if until > self._clock.timestamp() else Standing.DEAD
