"""From the connection of the warehouse to an open warehouse. The connection is required: no file is ever made by
default.
"""

from __future__ import annotations

import os

from airflow.sdk import BaseHook, Connection
from sqlalchemy import URL

from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.hooks.connection import read_extra
from airflow_provider_iranpay.warehouse.engine import Warehouse, open_warehouse

__all__ = ["DEFAULT_WAREHOUSE_CONN_ID", "WarehouseHook"]

DEFAULT_WAREHOUSE_CONN_ID = "iranpay_warehouse"

_POSTGRES_FIELDS = {"host": "server, or the directory of its socket", "schema": "name of the database"}
_LIBPQ_OPTIONS = frozenset(
    {"application_name", "connect_timeout", "options", "sslcert", "sslkey", "sslmode", "sslrootcert"}
    | {"target_session_attrs"}
)
_DRIVERS = {"sqlite": "sqlite", "postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}


class WarehouseHook(BaseHook):
    """Opens the warehouse: SQLite (``host`` is the file's absolute path) or PostgreSQL (``schema`` is the database).

    :param warehouse_conn_id: an Airflow connection of type ``sqlite`` or ``postgres``.
    """

    def __init__(self, warehouse_conn_id: str = DEFAULT_WAREHOUSE_CONN_ID) -> None:
        super().__init__()
        self._conn_id = warehouse_conn_id

    def get_conn(self) -> Warehouse:
        """Open the warehouse; the caller closes it.

        :raises ConfigurationError: the connection or the database behind it is not fit; nothing was created.
        """
        return open_warehouse(_url(self.get_connection(self._conn_id)))


def _url(connection: Connection) -> URL:
    driver = _DRIVERS.get(connection.conn_type or "")
    try:
        if driver is None:
            raise ConfigurationError(f"a warehouse is of type sqlite or postgres, not {connection.conn_type!r}.")
        return _sqlite_url(connection) if driver == "sqlite" else _postgres_url(connection, driver)
    except ConfigurationError as error:
        problem = str(error)
    raise ConfigurationError(f"connection {connection.conn_id}: {problem}")


def _sqlite_url(connection: Connection) -> URL:
    """Take the path from ``host``, or from ``schema``, where a URI such as ``sqlite:////srv/w.db`` leaves it."""
    path = (connection.host or connection.schema or "").strip()
    if not os.path.isabs(path):
        raise ConfigurationError("host: give the absolute path of the SQLite file.")
    return URL.create("sqlite", database=path)


def _postgres_url(connection: Connection, driver: str) -> URL:
    """Name everything that libpq would otherwise guess: a server on this machine, a database called like the user."""
    for field, value in (("host", connection.host), ("schema", connection.schema)):
        if not value:
            raise ConfigurationError(f"{field}: give the {_POSTGRES_FIELDS[field]}.")
    extra = read_extra(connection)
    unknown = extra.keys() - _LIBPQ_OPTIONS
    if unknown:
        known = ", ".join(sorted(_LIBPQ_OPTIONS))
        raise ConfigurationError(f"extra: {', '.join(sorted(unknown))} is not one of the known options {known}.")
    return URL.create(
        driver,
        username=connection.login,
        password=connection.password,
        host=connection.host,
        port=connection.port,
        database=connection.schema,
        query={name: str(value) for name, value in extra.items()},
    )
