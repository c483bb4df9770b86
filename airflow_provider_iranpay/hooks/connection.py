"""From an Airflow connection to settings: fields, JSON and URI forms alike, where every extra may have become text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_iranpay.client.network import Network, is_loopback
from airflow_provider_iranpay.exceptions import ConfigurationError

if TYPE_CHECKING:
    from airflow.sdk import Connection

__all__ = ["Settings", "Shape", "read_extra", "read_object", "read_settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What every provider connection says.

    :param account_name: names the paid account in keys and tables; the connection id where the extra is empty.
    :param own: the extras that belong to the provider alone, as texts; empty where the connection has none.
    """

    network: Network
    account_name: str
    login: str = field(repr=False)
    password: str = field(repr=False)
    own: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a kind of connection has to say.

    :param required: the fields (``login``, ``password``) and extras that must not be empty.
    :param optional: extras of the provider's own that may be.
    """

    required: tuple[str, ...] = ("login", "password")
    optional: tuple[str, ...] = ()


def read_settings(connection: Connection, *, default_base_url: str, shape: Shape) -> Settings:
    """Read a connection.

    :param default_base_url: where an empty host leads; its path is also that of its bare host name.
    :raises ConfigurationError: a field is missing or cannot be used; the message names the connection and the field.
    """
    try:
        extra = read_extra(connection)
        return Settings(
            network=Network(
                base_url=_base_url(connection, default_base_url),
                connect_timeout=_number(extra, "connect_timeout", default=5.0),
                read_timeout=_number(extra, "read_timeout", default=60.0),
                proxy=extra.get("proxy") or None,
                ca_bundle=extra.get("ca_bundle") or None,
                allow_http=_flag(extra, "allow_http"),
            ),
            account_name=str(extra.get("account_name") or connection.conn_id).strip(),
            **_credentials(connection, extra, shape),
        )
    except ConfigurationError as error:
        problem = str(error)
    raise ConfigurationError(f"connection {connection.conn_id}: {problem}")


def read_extra(connection: Connection) -> Mapping[str, Any]:
    """Read the extras; what is no JSON object is refused, since dropping it would drop proxy and certificates too."""
    return read_object(connection.extra or {}, "extra")


def read_object(value: object, name: str) -> Mapping[str, Any]:
    """Read a JSON object, or the text of one: a form and the URI form know texts alone.

    :param name: of the field or extra, for the error. What stands in it is not shown.
    :raises ConfigurationError: it is something else, or has a name twice, of which one would be dropped.
    """
    found = value
    if isinstance(value, str):
        try:
            found = json.loads(value, object_pairs_hook=_without_twins)
        except ValueError:
            found = None
    if not isinstance(found, Mapping):
        raise ConfigurationError(f"{name}: give a JSON object, each name once.")
    return found


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _base_url(connection: Connection, default: str) -> str:
    """Join host, port and schema; the host alone may be a whole URL. Without a scheme it is https, on loopback http.

    The provider's own host without a path gets the path that its API has.
    """
    host, schema = (connection.host or "").strip().rstrip("/"), (connection.schema or "").strip("/ ")
    if not host:
        return default
    if set("?#") & set(host):
        raise ConfigurationError("host: a base URL has no query and no fragment.")
    try:
        if "://" not in host:
            host = _with_scheme(_bracketed(host), schema)
        parts = urlsplit(host)
        if connection.port and parts.port is None:
            parts = parts._replace(netloc=f"{parts.netloc}:{connection.port}")
        if schema and schema not in _SCHEMES:
            parts = parts._replace(path=f"{parts.path}/{schema}")
        known = urlsplit(default)
        if parts.hostname == known.hostname and not parts.path:
            parts = parts._replace(path=known.path)
    except ValueError:
        raise ConfigurationError("host: give a host name, or a whole base URL.") from None
    return parts.geturl()


_SCHEMES = ("http", "https")


def _with_scheme(host: str, schema: str) -> str:
    if schema in _SCHEMES:  # the habit of Airflow's own HTTP connections
        return f"{schema}://{host}"
    return f"http://{host}" if is_loopback(urlsplit(f"//{host}").hostname or "") else f"https://{host}"


def _bracketed(host: str) -> str:
    try:
        return f"[{host}]" if ip_address(host).version == 6 else host
    except ValueError:
        return host


def _credentials(connection: Connection, extra: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    """Read the login, the password and the provider's own extras."""
    fields = {"login": (connection.login or "").strip(), "password": (connection.password or "").strip()}
    extras = [name for name in (*shape.required, *shape.optional) if name not in fields]
    own = {name: _text(extra.get(name)) for name in extras}
    for name in shape.required:
        if not (fields | own)[name]:
            raise ConfigurationError(f"{name}: it is empty; fill it in.")
    return {**fields, "own": own}


def _text(value: object) -> str:
    return json.dumps(value) if isinstance(value, dict) else str(value or "").strip()


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
