"""Connections in all their forms become the same settings; what is not safe is refused by name."""

from __future__ import annotations

import json

import pytest
from airflow.sdk import Connection

from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.hooks.connection import Shape, read_settings

REAL = "https://napi.jibit.ir/ide"


def settings(**fields):
    extra = fields.pop("extra", None)
    given = {"conn_id": "c", "conn_type": "jibit", "login": "key", "password": "secret"} | fields
    return read_settings(
        Connection(extra=json.dumps(extra) if extra else None, **given), default_base_url=REAL, shape=Shape()
    )


@pytest.mark.parametrize(
    ("fields", "base_url"),
    [
        ({}, REAL),
        ({"host": "https://other.example/ide/"}, "https://other.example/ide"),
        ({"host": "napi.jibit.ir", "schema": "ide"}, REAL),
        ({"host": "gateway.example", "port": 8443, "schema": "ide"}, "https://gateway.example:8443/ide"),
        ({"host": "127.0.0.1", "port": 8321, "schema": "ide"}, "http://127.0.0.1:8321/ide"),
        ({"host": "localhost:8321", "schema": "/ide"}, "http://localhost:8321/ide"),
        ({"host": "::1", "port": 8321, "schema": "ide"}, "http://[::1]:8321/ide"),
        ({"host": "http://127.0.0.1:8321/ide", "port": 8321}, "http://127.0.0.1:8321/ide"),
        ({"host": "napi.jibit.ir"}, REAL),
        ({"host": "https://napi.jibit.ir/"}, REAL),
        ({"host": "napi.jibit.ir", "schema": "https"}, REAL),
        ({"host": "[::1]:8321", "schema": "ide"}, "http://[::1]:8321/ide"),
        ({"host": "[2001:db8::5]:8443", "schema": "ide"}, "https://[2001:db8::5]:8443/ide"),
    ],
)
def test_host_port_and_schema_make_one_base_url(fields, base_url):
    assert settings(**fields).network.base_url == base_url


@pytest.mark.parametrize(
    "uri",
    [
        "jibit://key:secret@127.0.0.1:8321/ide?read_timeout=9&allow_http=true&account_name=main",
        "jibit://key:secret@http%3A%2F%2F127.0.0.1%3A8321%2Fide/?read_timeout=9&allow_http=true&account_name=main",
    ],
)
def test_a_uri_says_the_same_as_fields(uri):
    by_uri = read_settings(Connection.from_uri(uri, conn_id="c"), default_base_url=REAL, shape=Shape())
    extra = {"read_timeout": 9, "allow_http": True, "account_name": "main"}
    assert by_uri == settings(host="http://127.0.0.1:8321/ide", extra=extra)


def test_a_connection_survives_its_own_uri_form():
    connection = Connection(
        conn_id="c", conn_type="jibit", host="http://127.0.0.1:8321/ide", login="k/ +%", password="s@c:r?t",
        extra=json.dumps({"account_name": "main", "connect_timeout": 2.5}),
    )  # fmt: skip
    again = Connection.from_uri(connection.get_uri(), conn_id="c")
    assert read_settings(again, default_base_url=REAL, shape=Shape()) == read_settings(
        connection, default_base_url=REAL, shape=Shape()
    )


def test_the_account_is_named_after_the_connection_unless_it_has_a_name():
    assert settings().account_name == "c"
    assert settings(extra={"account_name": "main"}).account_name == "main"


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"host": "http://napi.jibit.ir/ide"}, "host.*https"),
        ({"host": "ftp://napi.jibit.ir"}, "host"),
        ({"host": "https://key:secret@napi.jibit.ir"}, "host.*login"),
        ({"host": "https://[::1"}, "host"),
        ({"host": "gateway.example:abc", "port": 8443}, "host"),
        ({"host": "https://gateway.example:99999/ide"}, "host"),
        ({"host": "https://gateway.example/ide?"}, "host"),
        ({"host": "https://gateway.example/ide#"}, "host"),
        ({"host": "http://localhost:8321/ide", "extra": {"proxy": "http://proxy.example:3128"}}, "host.*https"),
        ({"extra": {"proxy": "socks5://proxy.example:1080"}}, "proxy"),
        ({"extra": {"proxy": "proxy.example:3128"}}, "proxy"),
        ({"extra": [1]}, "extra"),
        ({"login": None}, "login"),
        ({"password": ""}, "password"),
        ({"extra": {"connect_timeout": "soon"}}, "connect_timeout"),
        ({"extra": {"read_timeout": 0}}, "read_timeout"),
        ({"extra": {"read_timeout": "nan"}}, "read_timeout"),
        ({"extra": {"ca_bundle": "/no/such/file.pem"}}, "ca_bundle"),
        ({"extra": {"allow_http": "perhaps"}}, "allow_http"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_connection_and_the_field(fields, names):
    with pytest.raises(ConfigurationError, match=f"connection c: {names}"):
        settings(**fields)


def test_plain_http_to_another_machine_needs_permission():
    assert settings(host="http://10.0.0.5/ide", extra={"allow_http": "true"}).network.base_url == "http://10.0.0.5/ide"


@pytest.mark.parametrize(
    ("host", "environment"),
    [
        ("", "real"),
        ("napi.jibit.ir", "real"),
        ("https://NAPI.jibit.ir./ide", "real"),
        ("https://GW.example:443/ide/", "https://gw.example"),
        ("http://127.0.0.1:8321/ide", "http://127.0.0.1:8321"),
        ("https://gw.example/test/ide", "https://gw.example/test"),
    ],
)
def test_one_place_is_one_environment_however_it_is_written(host, environment):
    assert settings(host=host).network.environment(frozenset({"napi.jibit.ir"}), own_path="/ide") == environment


def test_settings_show_neither_secret_nor_proxy():
    shown = repr(settings(extra={"proxy": "http://user:hidden-word@proxy:3128"}))
    assert "secret" not in shown
    assert "hidden-word" not in shown


def test_an_extra_that_is_no_json_is_refused_rather_than_dropped():
    connection = Connection(conn_id="c", conn_type="jibit", login="k", password="s", extra="{proxy: x}")
    with pytest.raises(ConfigurationError, match="connection c: extra"):
        read_settings(connection, default_base_url=REAL, shape=Shape())


# What a kind of connection has to say

SHAPE = Shape(("login", "password", "refresh_token"), ("birth_calendar",))
PAYSTAR = "https://core.paystar.ir/api"


def of_shape(shape=SHAPE, **fields):
    given = {"conn_id": "c", "conn_type": "paystar_banking", "login": "app", "password": "word"} | fields
    extra = given.pop("extra", {"refresh_token": "renewer"})
    return read_settings(
        Connection(extra=json.dumps(extra) if extra else None, **given), default_base_url=PAYSTAR, shape=shape
    )


def test_extras_of_the_providers_own_are_texts_and_empty_where_the_connection_has_none():
    assert of_shape().own == {"refresh_token": "renewer", "birth_calendar": ""}
    assert of_shape(extra={"refresh_token": 12345, "birth_calendar": " jalali "}).own == {
        "refresh_token": "12345",
        "birth_calendar": "jalali",
    }


def test_extras_of_no_shape_are_left_where_they_are():
    assert of_shape(extra={"refresh_token": "renewer", "another": "x", "proxy": ""}).own.keys() == {
        "refresh_token",
        "birth_calendar",
    }


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        *(({"login": blank}, "login") for blank in ("", "  ")),
        ({"password": None}, "password"),
        ({"extra": None}, "refresh_token"),
        *(({"extra": {"refresh_token": blank}}, "refresh_token") for blank in (None, "", "  ")),
    ],
)
def test_what_a_shape_requires_is_asked_for_by_name(fields, named):
    with pytest.raises(ConfigurationError, match=f"connection c: {named}: it is empty"):
        of_shape(**fields)


def test_a_shape_may_do_without_a_password():
    settings = of_shape(Shape(("login",)), password=None, extra=None)
    assert (settings.login, settings.password, settings.own) == ("app", "", {})


def test_a_uri_carries_the_providers_own_extras_too():
    uri = "paystar-banking://app:word@?refresh_token=ren%2Fewer&birth_calendar=gregorian"
    settings = read_settings(Connection.from_uri(uri, conn_id="c"), default_base_url=PAYSTAR, shape=SHAPE)
    assert settings.own == {"refresh_token": "ren/ewer", "birth_calendar": "gregorian"}
    assert settings.network.base_url == PAYSTAR


@pytest.mark.parametrize("host", ["", "core.paystar.ir", "https://core.paystar.ir", "https://core.paystar.ir/api/"])
def test_the_providers_own_host_gets_its_own_path(host):
    assert of_shape(host=host).network.base_url == PAYSTAR


def test_settings_show_no_extra_of_the_provider():
    assert "renewer" not in repr(of_shape())
