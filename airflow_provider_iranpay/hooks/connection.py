"""From an Airflow connection to settings: fields, JSON and URI forms alike, where every extra may have become text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_iranpay.client.network import Network, is_loopback
from airflow_provider_iranpay.exceptions import ConfigurationError

if TYPE_CHECKING:
    from airflow.sdk import Connection

__all__ = ["Settings", "read_settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What every provider connection says.

    :param account_name: names the paid account in keys and tables; the connection id where the extra is empty.
    """

    network: Network
    account_name: str
    login: str = field(repr=False)
    password: str = field(repr=False)


def read_settings(connection: Connection, *, default_base_url: str) -> Settings:
    """Read a connection.

    :raises ConfigurationError: a field is missing or cannot be used; the message names the connection and the field.
    """
    extra = connection.extra_dejson
    try:
        return Settings(
            network=Network(
                base_url=_base_url(connection) or default_base_url,
                connect_timeout=_number(extra, "connect_timeout", default=5.0),
                read_timeout=_number(extra, "read_timeout", default=60.0),
                proxy=extra.get("proxy") or None,
                ca_bundle=extra.get("ca_bundle") or None,
                allow_http=_flag(extra, "allow_http"),
            ),
            account_name=str(extra.get("account_name") or connection.conn_id),
            login=_required(connection.login, "login"),
            password=_required(connection.password, "password"),
        )
    except ConfigurationError as error:
        problem = str(error)
    raise ConfigurationError(f"connection {connection.conn_id}: {problem}")


def _base_url(connection: Connection) -> str | None:
    """Join host, port and schema; the host alone may be a whole URL. Without a scheme it is https, on loopback http."""
    host = (connection.host or "").strip()
    if not host:
        return None
    if "://" not in host:
        name = host.strip("[]")
        scheme = "http" if is_loopback(urlsplit(f"//{host}").hostname or name) else "https"
        host = f"{scheme}://[{name}]" if name.count(":") > 1 else f"{scheme}://{host}"
    if connection.port and urlsplit(host).port is None:
        parts = urlsplit(host)
        host = parts._replace(netloc=f"{parts.netloc}:{connection.port}").geturl()
    path = (connection.schema or "").strip("/")
    return f"{host.rstrip('/')}/{path}" if path else host.rstrip("/")


def _required(value: str | None, name: str) -> str:
    if not value:
        raise ConfigurationError(f"{name}: it is empty; fill it in.")
    return value


def _number(extra: Mapping[str, Any], name: str, *, default: float) -> float:
    value = extra.get(name)
    if value in (None, ""):
        return default
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ConfigurationError(f"{name}: give a number of seconds.") from None


def _flag(extra: Mapping[str, Any], name: str) -> bool:
    value = str(extra.get(name) or "false").lower()
    if value not in ("true", "false", "1", "0"):
        raise ConfigurationError(f"{name}: give true or false.")
    return value in ("true", "1")
