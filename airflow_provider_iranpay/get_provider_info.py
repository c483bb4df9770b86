"""What Airflow reads at the door: connection types with their forms, operators, hooks and commands. Data, and light
to import.
"""

from __future__ import annotations

from typing import Any

__all__ = ["get_provider_info"]

_PACKAGE = "airflow_provider_iranpay"
_PAYSTAR_URL = "https://core.paystar.ir/api"

_NETWORK_FIELDS: dict[str, Any] = {
    "account_name": {
        "label": "Account name",
        "description": "Names the paid account in tables; keep it when credentials change. Empty: the connection id.",
        "schema": {"type": ["string", "null"]},
    },
    "connect_timeout": {
        "label": "Connect timeout (seconds)",
        "schema": {"type": ["number", "null"], "default": 5, "exclusiveMinimum": 0, "maximum": 3600},
    },
    "read_timeout": {
        "label": "Read timeout (seconds)",
        "schema": {"type": ["number", "null"], "default": 60, "exclusiveMinimum": 0, "maximum": 3600},
    },
    "proxy": {
        "label": "Proxy URL",
        "description": "An HTTP proxy, such as http://proxy.internal:3128. The environment's proxies are not used.",
        "schema": {"type": ["string", "null"], "format": "password"},
    },
    "ca_bundle": {
        "label": "CA bundle (path)",
        "description": "PEM file of trusted certificates on the workers, instead of the built-in ones.",
        "schema": {"type": ["string", "null"]},
    },
    "allow_http": {
        "label": "Allow plain http",
        "description": "Only for a network that you trust; loopback needs no permission.",
        "schema": {"type": ["boolean", "null"], "default": False},
    },
}

_PRICES: dict[str, Any] = {
    "prices": {
        "label": "Prices (JSON)",
        "description": 'Rial for a call of each inquiry, for example {"match_card": 5000}. Budgets need them.',
        "schema": {"type": ["string", "null"], "format": "multiline"},
    },
}

_SECRET = {"schema": {"type": ["string", "null"], "format": "password"}}


def get_provider_info() -> dict[str, Any]:
    """Describe the provider in the form of Airflow's provider-info schema."""
    return {
        "package-name": "airflow-provider-iranpay",
        "name": "IranPay",
        "description": "Jibit and Paystar, the paid Iranian APIs of inquiries, bank transfers and payments.",
        "integrations": [
            {"integration-name": "Jibit", "external-doc-url": "https://jibit.ir/", "tags": ["service"]},
            {"integration-name": "Paystar", "external-doc-url": "https://paystar.ir/", "tags": ["service"]},
        ],
        "hooks": [
            {"integration-name": "Jibit", "python-modules": [f"{_PACKAGE}.hooks.jibit"]},
            {"integration-name": "Paystar", "python-modules": [f"{_PACKAGE}.hooks.paystar"]},
        ],
        "operators": [
            {
                "integration-name": "Jibit",
                "python-modules": [
                    f"{_PACKAGE}.operators.jibit",
                    f"{_PACKAGE}.operators.bulk",
                    f"{_PACKAGE}.operators.bulk_group",
                ],
            },
            {
                "integration-name": "Paystar",
                "python-modules": [f"{_PACKAGE}.operators.bulk", f"{_PACKAGE}.operators.bulk_group"],
            },
        ],
        "task-decorators": [{"class-name": f"{_PACKAGE}.decorators.bulk.bulk_inquiry", "name": "bulk_inquiry"}],
        "connection-types": [
            _connection_type(
                "jibit",
                hook="jibit.JibitHook",
                name="Jibit",
                labels={"login": "API key", "password": "Secret key"},
                base_url="https://napi.jibit.ir/ide",
                fields=_PRICES,
            ),
            _connection_type(
                "paystar_banking",
                hook="paystar.PaystarBankingHook",
                name="Paystar open banking",
                labels={"login": "Application id", "password": "Access password"},
                base_url=_PAYSTAR_URL,
                fields={
                    "refresh_token": {"label": "Refresh token", **_SECRET},
                    "birth_calendar": {
                        "label": "Calendar of birth dates",
                        "description": "In which calendar Paystar reads this account's birth dates.",
                        "schema": {"type": ["string", "null"], "enum": ["jalali", "gregorian"], "default": "jalali"},
                    },
                    **_PRICES,
                },
            ),
            _connection_type(
                "paystar_gateway",
                hook="paystar.PaystarGatewayHook",
                name="Paystar payment gateway",
                labels={"login": "Gateway id", "password": "Sign key (empty: unsigned)"},
                base_url=_PAYSTAR_URL,
            ),
            _connection_type(
                "paystar_wallet",
                hook="paystar.PaystarWalletHook",
                name="Paystar wallet",
                labels={"login": "Wallet hashid", "password": "Password"},
                base_url=_PAYSTAR_URL,
                fields={
                    "refresh_token": {"label": "Refresh token", **_SECRET},
                    "refresh_inquiry_key": {"label": "Refresh inquiry key", **_SECRET},
                    "sign_key": {"label": "Sign key", **_SECRET},
                },
            ),
        ],
        "cli": [f"{_PACKAGE}.cli.get_cli_commands"],
    }


def _connection_type(
    kind: str,
    *,
    hook: str,
    name: str,
    labels: dict[str, str],
    base_url: str,
    fields: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "connection-type": kind,
        "hook-class-name": f"{_PACKAGE}.hooks.{hook}",
        "hook-name": name,
        "ui-field-behaviour": {
            "hidden-fields": ["schema", "port", "extra"],
            "relabeling": {"host": "Base URL", **labels},
            "placeholders": {"host": f"{base_url} (empty: this one)"},
        },
        "conn-fields": {**(fields or {}), **_NETWORK_FIELDS},
    }
