"""A connection's type says which hook it belongs to."""

from __future__ import annotations

import json

import pytest

from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.get_provider_info import get_provider_info
from airflow_provider_iranpay.hooks.providers import provider_hook

TYPES = {one["connection-type"]: one["hook-class-name"] for one in get_provider_info()["connection-types"]}


def connect(monkeypatch, kind):
    monkeypatch.setenv("AIRFLOW_CONN_MINE", json.dumps({"conn_type": kind, "login": "l", "password": "p"}))


@pytest.mark.parametrize("kind", TYPES)
def test_every_connection_type_of_ours_has_its_hook(monkeypatch, kind):
    connect(monkeypatch, kind)
    hook = provider_hook("mine")
    assert f"{type(hook).__module__}.{type(hook).__name__}" == TYPES[kind]


def test_another_type_is_refused_with_those_that_there_are(monkeypatch):
    connect(monkeypatch, "http")
    with pytest.raises(ConfigurationError, match="connection mine: its type is 'http'; give one of jibit, paystar_ban"):
        provider_hook("mine")
