"""What Airflow reads at the door: connection types with their forms, operators, hooks and commands. Data, and light
to import.
"""

from __future__ import annotations

from typing import Any

__all__ = ["get_provider_info"]

_PACKAGE = "airflow_provider_iranpay"

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


def get_provider_info() -> dict[str, Any]:
    """Describe the provider in the form of Airflow's provider-info schema."""
    return {
        "package-name": "airflow-provider-iranpay",
        "name": "IranPay",
        "description": "Jibit, the paid Iranian API of identity and bank inquiries.",
        "integrations": [
            {
                "integration-name": "Jibit",
                "external-doc-url": "https://jibit.ir/",
                "tags": ["service"],
            }
        ],
        "hooks": [{"integration-name": "Jibit", "python-modules": [f"{_PACKAGE}.hooks.jibit"]}],
        "operators": [{"integration-name": "Jibit", "python-modules": [f"{_PACKAGE}.operators.jibit"]}],
        "connection-types": [
            {
                "connection-type": "jibit",
                "hook-class-name": f"{_PACKAGE}.hooks.jibit.JibitHook",
                "hook-name": "Jibit",
                "ui-field-behaviour": {
                    "hidden-fields": ["schema", "port", "extra"],
                    "relabeling": {"host": "Base URL", "login": "API key", "password": "Secret key"},
                    "placeholders": {"host": "https://napi.jibit.ir/ide (empty: this one)"},
                },
                "conn-fields": _NETWORK_FIELDS,
            }
        ],
        "cli": [f"{_PACKAGE}.cli.get_cli_commands"],
    }
