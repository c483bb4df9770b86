"""From a provider's connection to an account that a bulk run can ask. How it asks is in ``bulk``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from airflow_provider_iranpay.api.contract import Endpoint
from airflow_provider_iranpay.api.jibit.endpoints import ENDPOINTS
from airflow_provider_iranpay.api.paystar.endpoints import BANKING, GATEWAY, WALLET
from airflow_provider_iranpay.bulk.ways import Way
from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.hooks.base import IranPayHook
from airflow_provider_iranpay.hooks.jibit import JibitHook
from airflow_provider_iranpay.hooks.providers import provider_hook
from airflow_provider_iranpay.inquiries import Inquiry

__all__ = ["way"]

_CALLS: Final[Mapping[str, Mapping[str, Endpoint[Any]]]] = {
    "jibit": ENDPOINTS,
    "paystar_banking": BANKING,
    "paystar_gateway": GATEWAY,
    "paystar_wallet": WALLET,
}
"""Type of a connection to the calls that it is good for."""


def way(conn_id: str, inquiry: Inquiry) -> Way:
    """Make the way of an inquiry over a connection; nothing is sent yet.

    :raises ConfigurationError: the connection is not fit, or not of a product that answers the inquiry.
    """
    hook = provider_hook(conn_id)
    answering = inquiry.answered_by.get(hook.provider)
    if answering is None or answering.endpoint.service not in _CALLS[hook.conn_type]:
        raise ConfigurationError(
            f"connection {conn_id}: {hook.conn_type} does not answer {inquiry.name}. Name a connection of the type "
            f"{' or '.join(_answering(inquiry))}."
        )
    return Way(
        api=hook.api,
        answering=answering,
        provider=hook.provider,
        account=hook.account_name,
        environment=hook.environment,
        price_rial=0 if inquiry.is_free else hook.prices.get(inquiry.name),
        whole_call_seconds=hook.whole_call_seconds,
        client=hook.many_client,
        closed_banks=_closed_banks(hook, inquiry),
    )


def _closed_banks(hook: IranPayHook, inquiry: Inquiry) -> Callable[[], frozenset[str]] | None:
    if inquiry.name != "card_to_iban" or not isinstance(hook, JibitHook):
        return None
    return lambda: hook.card_to_iban_availability().closed


def _answering(inquiry: Inquiry) -> list[str]:
    endpoints = [answering.endpoint for answering in inquiry.answered_by.values()]
    return [kind for kind, calls in _CALLS.items() if any(calls.get(one.service) is one for one in endpoints)]
