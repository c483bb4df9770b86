"""Hooks against the sandbox: two readings of each contract, written apart, meet here."""

from __future__ import annotations

import json

import pytest
import requests
from tenacity import wait_none

from airflow_provider_iranpay.client.retries import Retries
from airflow_provider_iranpay.sandbox import Sandbox
from airflow_provider_iranpay.sandbox.paystar.credentials import CREDENTIALS


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
def connect_paystar(sandbox, monkeypatch):
    """Set the three connections of Paystar; ``product`` and keywords replace fields of one of them."""
    ours = CREDENTIALS
    fields_of = {
        "banking": {"login": ours.application_id, "password": ours.access_password,
                    "extra": {"refresh_token": ours.refresh_token}},
        "gateway": {"login": ours.gateway_id, "password": ours.gateway_sign_key},
        "wallet": {"login": ours.wallet_hashid, "password": ours.wallet_password,
                   "extra": {"refresh_token": ours.wallet_refresh_token, "sign_key": ours.wallet_sign_key,
                             "refresh_inquiry_key": ours.refresh_inquiry_key}},
    }  # fmt: skip

    def set_connection(product, *, extra=None, **fields):
        described = {"conn_type": f"paystar_{product}", "host": sandbox.paystar_url} | fields_of[product] | fields
        described["extra"] = described.get("extra", {}) | (extra or {})
        monkeypatch.setenv(f"AIRFLOW_CONN_PAYSTAR_{product.upper()}_DEFAULT", json.dumps(described))

    for product in fields_of:
        set_connection(product)
    return set_connection


@pytest.fixture
def banking(connect_paystar):
    """A hook of open banking that does not wait between its tries."""
    from airflow_provider_iranpay.hooks.paystar import PaystarBankingHook

    return PaystarBankingHook(retries=Retries(tries=3, wait=wait_none()))


@pytest.fixture
def gateway(connect_paystar):
    """A hook of the payment gateway that does not wait between its tries."""
    from airflow_provider_iranpay.hooks.paystar import PaystarGatewayHook

    return PaystarGatewayHook(retries=Retries(tries=3, wait=wait_none()))


@pytest.fixture
def wallet(connect_paystar):
    """A hook of the wallet that does not wait between its tries."""
    from airflow_provider_iranpay.hooks.paystar import PaystarWalletHook

    return PaystarWalletHook(retries=Retries(tries=3, wait=wait_none()))


@pytest.fixture
def payer(sandbox):
    """Do what a payer does with a created payment, without a browser; gives the callback's fields."""

    def act(created, outcome="pay"):
        asked = {"ref_num": created.ref_num, "outcome": outcome}
        answer = requests.post(f"{sandbox.url}/_sandbox/pay", json=asked, timeout=10)
        answer.raise_for_status()
        return answer.json()

    return act


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
