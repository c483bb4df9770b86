"""The warehouse's connection: nothing is guessed, nothing is dropped, and no key is shown."""

from __future__ import annotations

import json
import traceback

import pytest
from airflow.sdk import Connection
from airflow.sdk.log import redact
from sqlalchemy import make_url

from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.hooks.warehouse import WarehouseHook, _url
from airflow_provider_iranpay.sandbox.warehouse_connection import warehouse_connection
from airflow_provider_iranpay.warehouse.journal.journal import Journal
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing, new_key


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


KEYS = {"1405-08": new_key(), "1405-01": new_key()}


@pytest.fixture
def connect(monkeypatch):
    """Set the connection ``w`` and give its hook."""

    def set_connection(extra=None, **fields):
        described = {"conn_type": "sqlite", "host": "/srv/w.db"} | fields
        text = {} if extra is None else {"extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_W", json.dumps(described | text))
        return WarehouseHook("w")

    return set_connection


@pytest.mark.parametrize("keys", [KEYS, json.dumps(KEYS)], ids=["an object", "its text"])
def test_the_key_ring_is_read_in_the_order_of_the_connection(connect, keys):
    assert connect({"journal_keys": keys}).get_journal_keys().fingerprints == KeyRing.parse(KEYS).fingerprints


def test_a_key_is_known_to_the_secrets_masker_once_it_is_read(connect):
    fresh = new_key()
    connect({"journal_keys": {"new": fresh}}).get_journal_keys()
    assert redact(f"the key is {fresh}") == "the key is ***"


def test_the_keys_go_to_no_database(connect):
    options = {"sslmode": "require", "journal_keys": KEYS}
    assert _url(connection(**POSTGRES, extra=options)).query == {"sslmode": "require"}


@pytest.mark.parametrize("extra", [None, {}, {"journal_keys": ""}, {"journal_keys": {}}])
def test_without_keys_the_command_that_makes_one_is_named(connect, extra):
    with pytest.raises(ConfigurationError, match=r"connection w: journal_keys: .* rotate-key --new"):
        connect(extra).get_journal_keys()


@pytest.mark.parametrize(
    "keys",
    [
        "not json",
        '["a"]',
        ["a"],
        {"a": 7},
        {"a": "%%%"},
        {"a": "c2hvcnQ="},
        {"a": KEYS["1405-08"], "b": KEYS["1405-08"]},
        f'{{"a": "{KEYS["1405-08"]}", "a": "{KEYS["1405-01"]}"}}',
    ],
    ids=[
        "no json",
        "a list",
        "a list that is none",
        "a number",
        "no base64",
        "too short",
        "a key twice",
        "an id twice",
    ],
)
def test_keys_that_cannot_be_read_are_refused_and_not_shown(connect, keys):
    with pytest.raises(ConfigurationError, match="connection w: journal_keys: ") as caught:
        connect({"journal_keys": keys}).get_journal_keys()
    shown = "".join(traceback.format_exception(caught.value))
    assert not [secret for secret in (*KEYS.values(), "c2hvcnQ=", "%%%") if secret in shown]


def connected_to(url, connect):
    """The hook of a connection to a database of the tests."""
    url, extra = make_url(url), {"journal_keys": KEYS}
    if url.drivername == "sqlite":
        return connect(extra, host=url.database)
    place = {"host": url.query.get("host", url.host), "schema": url.database}
    return connect(extra, conn_type="postgres", login=url.username, password=url.password, **place)


def test_a_worker_opens_the_journal_with_the_keys_of_the_connection(warehouse_url, connect):
    hook = connected_to(warehouse_url, connect)
    with hook.get_conn() as warehouse:
        journal = Journal.open(warehouse, hook.get_journal_keys(), "real")
        assert (journal.environment, journal.may_send) == ("real", True)
        journal.close()


def test_the_sandbox_describes_a_warehouse_that_has_its_keys(connect, tmp_path):
    described = warehouse_connection(tmp_path / "w.db")
    hook = connect(described["extra"], host=described["host"])
    with hook.get_conn() as warehouse:
        Journal.open(warehouse, hook.get_journal_keys(), "http://127.0.0.1:8321/ide").close()


@pytest.mark.parametrize("executor", ["CeleryExecutor", "LocalExecutor,KubernetesExecutor"])
def test_a_file_is_no_journal_for_workers_of_other_machines(warehouse_url, connect, monkeypatch, executor):
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", executor)
    hook = connected_to(warehouse_url, connect)
    with hook.get_conn() as warehouse:
        if warehouse.engine.dialect.name == "postgresql":
            Journal.open(warehouse, hook.get_journal_keys(), "real").close()
            return
        with pytest.raises(ConfigurationError, match=f"{executor.rpartition(',')[-1]}.*postgres"):
            Journal.open(warehouse, hook.get_journal_keys(), "real")
