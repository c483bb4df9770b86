"""The warehouse's connection: nothing is guessed, nothing is dropped."""

from __future__ import annotations

import json

import pytest
from airflow.sdk import Connection

from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.hooks.warehouse import _url


def connection(**fields):
    extra = fields.pop("extra", None)
    return Connection(conn_id="w", extra=json.dumps(extra) if extra is not None else None, **fields)


POSTGRES = {"conn_type": "postgres", "host": "db.internal", "schema": "iranpay", "login": "me", "password": "p@ss"}


def test_a_file_is_named_in_host_or_in_a_uri():
    assert _url(connection(conn_type="sqlite", host=" /srv/w.db ")).database == "/srv/w.db"
    for uri in ("sqlite:////srv/w.db", "sqlite://%2Fsrv%2Fw.db"):
        assert _url(Connection.from_uri(uri, conn_id="w")).database == "/srv/w.db"


def test_a_server_is_reached_as_all_fields_say():
    url = _url(connection(**POSTGRES, port=6432, extra={"sslmode": "verify-full", "sslrootcert": "/etc/ca.pem"}))
    assert url.render_as_string(hide_password=False) == (
        "postgresql+psycopg://me:p%40ss@db.internal:6432/iranpay?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem"
    )


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"conn_type": "postgres"}, "connection w: host"),
        (POSTGRES | {"schema": None}, "connection w: schema"),
        (POSTGRES | {"extra": {"sslmod": "require"}}, "connection w: extra: sslmod"),
        (POSTGRES | {"extra": ["sslmode"]}, "connection w: extra"),
        ({"conn_type": "sqlite"}, "connection w: host"),
        ({"conn_type": "sqlite", "host": "warehouse.db"}, "connection w: host"),
        ({"conn_type": "mysql", "host": "db"}, "connection w: a warehouse is of type sqlite or postgres"),
    ],
)
def test_what_would_be_guessed_or_dropped_is_refused(fields, says):
    with pytest.raises(ConfigurationError, match=says) as caught:
        _url(connection(**fields))
    assert "p@ss" not in str(caught.value)
