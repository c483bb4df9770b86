"""From the connection of the warehouse to an open warehouse. The connection is required: no file is ever made by
default.
"""

from __future__ import annotations

from airflow.sdk import BaseHook, Connection
from sqlalchemy import URL

from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.warehouse.engine import Warehouse, open_warehouse

__all__ = ["DEFAULT_WAREHOUSE_CONN_ID", "WarehouseHook"]

DEFAULT_WAREHOUSE_CONN_ID = "iranpay_warehouse"

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
    if driver is None:
        raise ConfigurationError(
            f"connection {connection.conn_id}: a warehouse is of type sqlite or postgres, not {connection.conn_type!r}."
        )
    if driver == "sqlite":
        return URL.create(driver, database=connection.host)
    sslmode = connection.extra_dejson.get("sslmode")
    return URL.create(
        driver,
        username=connection.login,
        password=connection.password,
        host=connection.host,
        port=connection.port,
        database=connection.schema,
        query={"sslmode": sslmode} if sslmode else {},
    )
