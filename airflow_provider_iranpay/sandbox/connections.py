"""The providers of a sandbox as Airflow connections. Plain data: Airflow itself is not needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_iranpay.sandbox.jibit.face import Jibit
from airflow_provider_iranpay.sandbox.jibit.tokens import API_KEY, SECRET_KEY
from airflow_provider_iranpay.sandbox.paystar.credentials import CREDENTIALS
from airflow_provider_iranpay.sandbox.paystar.face import Paystar

__all__ = ["connections"]


def connections(url: str) -> dict[str, dict[str, Any]]:
    """Connection id to its fields, as Airflow reads them from JSON.

    :param url: where the sandbox is served.
    """
    paystar = f"{url}{Paystar.prefix}"
    return {
        "jibit_default": {
            "conn_type": "jibit",
            "host": f"{url}{Jibit.prefix}",
            "login": API_KEY,
            "password": SECRET_KEY,
            "extra": {"prices": _prices(Jibit.prices)},
        },
        "paystar_banking_default": {
            "conn_type": "paystar_banking",
            "host": paystar,
            "login": CREDENTIALS.application_id,
            "password": CREDENTIALS.access_password,
            "extra": {"refresh_token": CREDENTIALS.refresh_token, "prices": _prices(Paystar.prices)},
        },
        "paystar_gateway_default": {
            "conn_type": "paystar_gateway",
            "host": paystar,
            "login": CREDENTIALS.gateway_id,
            "password": CREDENTIALS.gateway_sign_key,
        },
        "paystar_wallet_default": {
            "conn_type": "paystar_wallet",
            "host": paystar,
            "login": CREDENTIALS.wallet_hashid,
            "password": CREDENTIALS.wallet_password,
            "extra": {
                "refresh_token": CREDENTIALS.wallet_refresh_token,
                "refresh_inquiry_key": CREDENTIALS.refresh_inquiry_key,
                "sign_key": CREDENTIALS.wallet_sign_key,
            },
        },
    }


def _prices(billed: Mapping[str, int]) -> dict[str, int]:
    """Name the sandbox's default prices as a connection does: by inquiry."""
    named = {service.split(".")[1]: price for service, price in billed.items()}
    return {name: price for name, price in named.items() if name not in _NO_INQUIRIES}


_NO_INQUIRIES = ("statement", "transfer")
