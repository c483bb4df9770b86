"""Tokens between workers: shared inside a task, private outside, never an obstacle."""

from __future__ import annotations

import json

import pytest
from airflow.sdk import DAG, Variable, task

from airflow_provider_iranpay.api.contract import Tokens
from airflow_provider_iranpay.client.account import Account, AccountKey
from airflow_provider_iranpay.hooks.jibit import JibitHook
from airflow_provider_iranpay.hooks.token_store import AirflowTokenStore

KEY = AccountKey("jibit", "https://sandbox.example/ide", "main", "fingerprint-1")
PAIR = Tokens("access-token-1", "refresh-token-1")


class Shelf:
    """Stands in for Airflow's Variables."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.descriptions: dict[str, str] = {}

    def get(self, key, default=None, **_):
        return self.values.get(key, default)

    def set(self, key, value, description=None, **_):
        self.values[key] = value
        self.descriptions[key] = description


@pytest.fixture
def shelf(monkeypatch):
    """Variables that work, as inside a task."""
    shelf = Shelf()
    monkeypatch.setattr(Variable, "get", shelf.get)
    monkeypatch.setattr(Variable, "set", shelf.set)
    monkeypatch.setattr("airflow_provider_iranpay.hooks.token_store._in_task", lambda: True)
    return shelf


@pytest.fixture
def masked(monkeypatch):
    """What the secrets masker has been told."""
    told: list[str] = []
    monkeypatch.setattr("airflow_provider_iranpay.hooks.token_store.mask_secret", told.append)
    return told


def test_what_one_worker_saves_another_loads(shelf):
    AirflowTokenStore(KEY).save(PAIR)
    assert AirflowTokenStore(KEY).load() == PAIR


def test_the_key_says_token_so_that_the_page_masks_it_and_differs_by_environment(shelf):
    AirflowTokenStore(KEY).save(PAIR)
    AirflowTokenStore(AccountKey("jibit", "real", "main", "fingerprint-1")).save(PAIR)
    assert len(shelf.values) == 2
    assert all("token" in key for key in shelf.values)


def test_saved_and_loaded_tokens_are_masked(shelf, masked):
    AirflowTokenStore(KEY).save(PAIR)
    AirflowTokenStore(KEY).load()
    assert masked == [PAIR.access, PAIR.refresh] * 2


def test_tokens_of_other_credentials_are_not_taken(shelf):
    AirflowTokenStore(KEY).save(PAIR)
    assert AirflowTokenStore(AccountKey(KEY.provider, KEY.environment, KEY.name, "fingerprint-2")).load() is None


@pytest.mark.parametrize("stored", ["", "no json", "[]", "null", "{}", json.dumps({"owner": None, "access": "x"})])
def test_a_store_that_cannot_be_read_is_as_good_as_empty(shelf, stored):
    store = AirflowTokenStore(KEY)
    store.save(PAIR)
    shelf.values = dict.fromkeys(shelf.values, stored)
    assert store.load() is None


def test_outside_a_task_nothing_is_stored_and_nothing_is_said(masked, caplog):
    store = AirflowTokenStore(KEY)
    store.save(PAIR)
    assert store.load() is None
    assert masked == [PAIR.access, PAIR.refresh]
    assert caplog.text == ""


def test_tasks_share_one_token_through_a_variable(connect, sandbox, run_dag):
    connect(extra={"account_name": "of this test alone"})
    with DAG("share", schedule=None) as dag:

        @task(retries=0)
        def ask():
            Account._known.clear()  # as a process of its own would
            JibitHook().balances()

        ask() >> ask()
    assert str(run_dag(dag).state) == "success"
    assert sandbox.world.received["generate_token"] == 1
    assert sandbox.world.received["balances"] == 2
