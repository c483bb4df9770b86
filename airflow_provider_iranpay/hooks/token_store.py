"""Tokens in Airflow: an encrypted Variable inside a task, the process's memory elsewhere; always known to the secrets
masker.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable

from airflow.sdk import Variable, get_current_context
from airflow.sdk.log import mask_secret

from airflow_provider_iranpay.api.contract import Tokens
from airflow_provider_iranpay.client.account import AccountKey

__all__ = ["AirflowTokenStore"]

log = logging.getLogger(__name__)

_LOST = (
    "The provider replaced the refresh token, and the new one could not be stored: only a task can. "
    "If calls are refused from now on, put a new refresh token into the connection."
)


class AirflowTokenStore:
    """Shares the tokens of one account between workers, by best effort: a Variable has no compare-and-set.

    A store that cannot be reached never stops a call: the worker then gets tokens of its own.

    :param shared: False for tokens that nobody else shall see or have made.
    :param given: names the refresh token that the connection holds for a key, where the provider does not give it by
        itself. One that replaces it is shared in any case, and said aloud where it cannot be: the connection's own may
        be dead. Where the connection gets a new one, what was stored under the old one is left alone.
    """

    def __init__(self, key: AccountKey, *, shared: bool = True, given: Callable[[str], str] | None = None) -> None:
        self._key = key
        self._shared = shared
        self._given = given
        self.lost = ""
        """What to do about a refresh token that was replaced and could not be stored."""

    def load(self, bearer: str) -> Tokens | None:
        """Return the account's stored tokens; None outside a task, or where they belong to other credentials."""
        if not (self._shared and _in_task()):
            return None
        try:
            stored = json.loads(Variable.get(self._variable(bearer), default=None) or "{}")
            if stored.get("owner") != self._owner(bearer):
                return None
            tokens = Tokens(stored["access"], stored["refresh"])
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the store, the provider gives new tokens
            log.warning(
                "The shared token of %s cannot be read (%s); a new one is fetched.",
                self._key.name,
                type(error).__name__,
            )
            return None
        _mask(tokens)
        return tokens

    def save(self, bearer: str, tokens: Tokens) -> None:
        """Mask the tokens from now on, and share them with the other workers if this is a task."""
        _mask(tokens)
        replaced = self._given is not None and tokens.refresh not in (None, self._given(bearer))
        if not _in_task():
            if replaced:
                self._lose()
            return
        if not (self._shared or replaced):
            return
        content = {"owner": self._owner(bearer), "access": tokens.access, "refresh": tokens.refresh}
        try:
            Variable.set(self._variable(bearer), json.dumps(content), description=self._description())
        except Exception as error:  # noqa: BLE001 - a token that is not shared costs another worker one call
            log.warning(
                "The token of %s cannot be shared with other workers (%s).", self._key.name, type(error).__name__
            )
            if replaced:
                self._lose()

    def _lose(self) -> None:
        self.lost = _LOST
        log.warning("The %s account %s: %s", self._key.provider, self._key.name, _LOST)

    def _variable(self, bearer: str) -> str:
        key = self._key
        place = _hash(key.environment, key.name, key.fingerprint, bearer)
        return f"iranpay_{key.provider}_token_{place}"

    def _description(self) -> str:
        key = self._key
        when = "Safe to delete" if self._given is None else "Delete it only with a new refresh token in the connection"
        return f"Tokens of the {key.provider} account {key.name} ({key.environment}). {when}."

    def _owner(self, bearer: str) -> str:
        return _hash(self._given(bearer) if self._given else "")


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _in_task() -> bool:
    try:
        get_current_context()
    except RuntimeError:
        return False
    return True


def _mask(tokens: Tokens) -> None:
    for secret in (tokens.access, tokens.refresh):
        if secret:
            mask_secret(secret)
