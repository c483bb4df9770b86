"""Tokens in Airflow: an encrypted Variable inside a task, the process's memory elsewhere; always known to the secrets
masker.
"""

from __future__ import annotations

import hashlib
import json
import logging

from airflow.sdk import Variable, get_current_context
from airflow.sdk.log import mask_secret

from airflow_provider_iranpay.api.contract import Tokens
from airflow_provider_iranpay.client.account import AccountKey

__all__ = ["AirflowTokenStore"]

log = logging.getLogger(__name__)

_LOST = (
    "The %s account %s got a new refresh token, which outlives this process only inside a task. "
    "If the next call is refused, put a new refresh token into the connection."
)


class AirflowTokenStore:
    """Shares the tokens of one account between workers, by best effort: a Variable has no compare-and-set.

    A store that cannot be reached never stops a call: the worker then gets tokens of its own.

    :param shared: False for tokens that nobody else shall see or have made.
    :param given: the refresh tokens that the connection holds, where the provider does not give them by itself. One
        that replaces them is shared in any case, and said aloud where it cannot be: the connection's own may be dead.
    """

    def __init__(self, key: AccountKey, *, shared: bool = True, given: frozenset[str] | None = None) -> None:
        self._key = key
        self._shared = shared
        self._given = given

    def load(self, bearer: str) -> Tokens | None:
        """Return the account's stored tokens; None outside a task, or where they belong to other credentials."""
        if not (self._shared and _in_task()):
            return None
        try:
            stored = json.loads(Variable.get(self._variable(bearer), default=None) or "{}")
            if stored.get("owner") != self._owner():
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
        replaced = self._given is not None and tokens.refresh is not None and tokens.refresh not in self._given
        if not _in_task():
            if replaced:
                log.warning(_LOST, self._key.provider, self._key.name)
            return
        if not (self._shared or replaced):
            return
        content = {"owner": self._owner(), "access": tokens.access, "refresh": tokens.refresh}
        try:
            Variable.set(self._variable(bearer), json.dumps(content), description=self._description())
        except Exception as error:  # noqa: BLE001 - a token that is not shared costs another worker one call
            log.warning(
                "The token of %s cannot be shared with other workers (%s).", self._key.name, type(error).__name__
            )

    def _variable(self, bearer: str) -> str:
        key = self._key
        place = hashlib.sha256("\0".join((key.environment, key.name, bearer)).encode()).hexdigest()[:16]
        return f"iranpay_{key.provider}_token_{place}"

    def _description(self) -> str:
        key = self._key
        return f"Tokens of the {key.provider} account {key.name} ({key.environment}). Safe to delete."

    def _owner(self) -> list[str]:
        return [self._key.environment, self._key.name, self._key.fingerprint]


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
