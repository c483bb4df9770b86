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


class AirflowTokenStore:
    """Shares the tokens of one account between workers, by best effort: a Variable has no compare-and-set.

    A store that cannot be reached never stops a call: the worker then gets tokens of its own.

    :param shared: False for tokens that nobody else shall see or have made.
    """

    def __init__(self, key: AccountKey, *, shared: bool = True) -> None:
        place = hashlib.sha256(f"{key.environment}\0{key.name}".encode()).hexdigest()[:16]
        self._variable = f"iranpay_{key.provider}_token_{place}"
        self._key = key
        self._shared = shared

    def load(self) -> Tokens | None:
        """Return the account's stored tokens; None outside a task, or where they belong to other credentials."""
        if not (self._shared and _in_task()):
            return None
        try:
            stored = json.loads(Variable.get(self._variable, default=None) or "{}")
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

    def save(self, tokens: Tokens) -> None:
        """Mask the tokens from now on, and share them with the other workers if this is a task."""
        _mask(tokens)
        if not (self._shared and _in_task()):
            return
        content = {"owner": self._owner(), "access": tokens.access, "refresh": tokens.refresh}
        try:
            Variable.set(self._variable, json.dumps(content), description=self._description())
        except Exception as error:  # noqa: BLE001 - a token that is not shared costs another worker one call
            log.warning(
                "The token of %s cannot be shared with other workers (%s).", self._key.name, type(error).__name__
            )

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
