"""Which hook a provider connection belongs to: its type says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from airflow.sdk import BaseHook

from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.hooks.base import IranPayHook
from airflow_provider_iranpay.hooks.jibit import JibitHook
from airflow_provider_iranpay.hooks.paystar import PaystarBankingHook, PaystarGatewayHook, PaystarWalletHook

__all__ = ["provider_hook"]

_HOOKS: Final[Mapping[str, Callable[[str], IranPayHook]]] = {
    hook.conn_type: hook for hook in (JibitHook, PaystarBankingHook, PaystarGatewayHook, PaystarWalletHook)
}


def provider_hook(conn_id: str) -> IranPayHook:
    """Return the hook of a connection, whichever provider's it is.

    :raises ConfigurationError: the connection is of another type.
    """
    kind = BaseHook.get_connection(conn_id).conn_type
    hook = _HOOKS.get(kind or "")
    if hook is None:
        raise ConfigurationError(f"connection {conn_id}: its type is {kind!r}; give one of {', '.join(_HOOKS)}.")
    return hook(conn_id)
