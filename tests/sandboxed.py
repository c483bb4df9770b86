"""Hooks against the sandbox: two readings of each contract, written apart, meet here."""

from __future__ import annotations

import json

import pytest
from tenacity import wait_none

from airflow_provider_iranpay.client.retries import Retries
from airflow_provider_iranpay.sandbox import Sandbox


@pytest.fixture(scope="session")
def running_sandbox():
    with Sandbox(seed=1) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox):
    """The sandbox as new."""
    running_sandbox.world.reset()
    return running_sandbox


@pytest.fixture
def connect(sandbox, monkeypatch):
    """Set the connection ``jibit_default``; keywords replace fields, ``extra`` adds extras."""

    def set_connection(**fields):
        described = {
            "conn_type": "jibit",
            "host": sandbox.jibit_url,
            "login": sandbox.api_key,
            "password": sandbox.secret_key,
        } | fields
        monkeypatch.setenv("AIRFLOW_CONN_JIBIT_DEFAULT", json.dumps(described))

    set_connection()
    return set_connection


@pytest.fixture
def hook(connect):
    """A hook that does not wait between its tries."""
    from airflow_provider_iranpay.hooks.jibit import JibitHook

    return JibitHook(retries=Retries(tries=3, wait=wait_none()))


@pytest.fixture
def people(sandbox):
    """The first inhabitants of the sandbox."""
    return [sandbox.world.population.person(index) for index in range(300)]


@pytest.fixture
def person(people):
    """Somebody with an active debit card and an account that shows its owner."""
    return next(
        one
        for one in people
        if one.card.state == "active"
        and one.card.type == "DEBIT"
        and len(one.account.owners) == 1
        and one.sana_registered
    )
