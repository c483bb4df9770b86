"""What the calls of an account cost: the connection's extra ``prices``. No price of a provider is written down here."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.hooks.connection import read_object
from airflow_provider_iranpay.inquiries import INQUIRIES

__all__ = ["read_prices"]


def read_prices(text: str, *, provider: str, conn_id: str) -> Mapping[str, int]:
    """Read inquiry name to Rial per call.

    :param text: a JSON object; empty where the connection has no prices.
    :raises ConfigurationError: a name is no paid inquiry of the provider, or a price no whole number of Rial.
    """
    try:
        return _checked(read_object(text or {}, "prices"), provider)
    except ConfigurationError as error:
        problem = str(error)
    raise ConfigurationError(f"connection {conn_id}: {problem}")


def _checked(prices: Mapping[str, object], provider: str) -> Mapping[str, int]:
    paid = [name for name, inquiry in INQUIRIES.items() if provider in inquiry.answered_by and not inquiry.is_free]
    checked: dict[str, int] = {}
    for name, price in prices.items():
        if name not in paid:
            raise ConfigurationError(
                f"prices: {name!r} is no paid inquiry of {provider}; give one of {', '.join(paid)}."
            )
        if type(price) is not int or price < 0:  # True would count as one Rial
            raise ConfigurationError(f"prices: {name}: give a whole number of Rial, 0 or more, without quotes.")
        checked[name] = price
    return checked
