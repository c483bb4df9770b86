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
    AirflowTokenStore(KEY).save("access_token", PAIR)
    assert AirflowTokenStore(KEY).load("access_token") == PAIR


def test_the_key_says_token_so_that_the_page_masks_it_and_differs_by_environment(shelf):
    AirflowTokenStore(KEY).save("access_token", PAIR)
    AirflowTokenStore(AccountKey("jibit", "real", "main", "fingerprint-1")).save("access_token", PAIR)
    assert len(shelf.values) == 2
    assert all("token" in key for key in shelf.values)


def test_saved_and_loaded_tokens_are_masked(shelf, masked):
    AirflowTokenStore(KEY).save("access_token", PAIR)
    AirflowTokenStore(KEY).load("access_token")
    assert masked == [PAIR.access, PAIR.refresh] * 2


def test_tokens_of_other_credentials_are_not_taken(shelf):
    AirflowTokenStore(KEY).save("access_token", PAIR)
    assert (
        AirflowTokenStore(AccountKey(KEY.provider, KEY.environment, KEY.name, "fingerprint-2")).load("access_token")
        is None
    )


@pytest.mark.parametrize("stored", ["", "no json", "[]", "null", "{}", json.dumps({"owner": None, "access": "x"})])
def test_a_store_that_cannot_be_read_is_as_good_as_empty(shelf, stored):
    store = AirflowTokenStore(KEY)
    store.save("access_token", PAIR)
    shelf.values = dict.fromkeys(shelf.values, stored)
    assert store.load("access_token") is None


def test_outside_a_task_nothing_is_stored_and_nothing_is_said(masked, caplog):
    store = AirflowTokenStore(KEY)
    store.save("access_token", PAIR)
    assert store.load("access_token") is None
    assert masked == [PAIR.access, PAIR.refresh]
    assert caplog.text == ""


# Several keys


def test_each_key_of_an_account_is_stored_apart(shelf):
    store = AirflowTokenStore(KEY)
    store.save("api_key", PAIR)
    store.save("inquiry_key", Tokens("access-token-2"))
    assert (store.load("api_key"), store.load("inquiry_key")) == (PAIR, Tokens("access-token-2"))
    assert store.load("access_token") is None


# Refresh tokens that the connection gives


def own(bearer: str) -> str:
    """The refresh token of a connection, one for each key."""
    return {"api_key": "refresh-token-1", "inquiry_key": "refresh-inquiry-key-1"}[bearer]


REPLACED = Tokens("access-token-2", "refresh-token-2")


@pytest.fixture
def outside(monkeypatch):
    """As in a shell or on a page."""
    monkeypatch.setattr("airflow_provider_iranpay.hooks.token_store._in_task", lambda: False)


def test_a_store_that_is_not_shared_neither_reads_nor_writes(shelf):
    AirflowTokenStore(KEY, given=own).save("api_key", PAIR)
    store = AirflowTokenStore(KEY, shared=False, given=own)
    assert store.load("api_key") is None
    store.save("api_key", Tokens("access-token-2", "refresh-token-1"))
    assert AirflowTokenStore(KEY, given=own).load("api_key") == PAIR


def test_a_refresh_token_that_replaces_the_connections_own_is_stored_even_where_nothing_is_shared(shelf):
    AirflowTokenStore(KEY, shared=False, given=own).save("api_key", REPLACED)
    assert AirflowTokenStore(KEY, given=own).load("api_key") == REPLACED


def test_each_keys_refresh_token_is_held_against_its_own_in_the_connection(shelf, outside, caplog):
    AirflowTokenStore(KEY, given=own).save("inquiry_key", PAIR)
    assert "replaced the refresh token" in caplog.text


def test_a_new_refresh_token_in_the_connection_leaves_alone_what_was_stored_under_the_old_one(shelf):
    AirflowTokenStore(KEY, given=own).save("api_key", REPLACED)
    assert AirflowTokenStore(KEY, given=lambda _: "refresh-token-of-today").load("api_key") is None
    assert AirflowTokenStore(KEY, given=own).load("api_key") == REPLACED


def test_a_stored_refresh_token_that_the_connection_lacks_is_not_called_safe_to_delete(shelf):
    AirflowTokenStore(KEY).save("access_token", PAIR)
    AirflowTokenStore(KEY, given=own).save("api_key", REPLACED)
    safe, needed = shelf.descriptions.values()
    assert "Safe to delete" in safe
    assert "Delete it only with a new refresh token" in needed


def test_what_is_stored_does_not_show_the_refresh_token_of_the_connection(shelf):
    AirflowTokenStore(KEY, given=own).save("api_key", REPLACED)
    assert "refresh-token-1" not in str(shelf.values) + str(shelf.descriptions)


def test_a_refresh_token_that_is_lost_with_the_process_is_said_aloud_and_not_shown(shelf, outside, caplog):
    store = AirflowTokenStore(KEY, given=own)
    store.save("api_key", REPLACED)
    assert shelf.values == {}
    assert f"account main: {store.lost}" in caplog.text
    assert "replaced the refresh token" in store.lost
    assert REPLACED.refresh not in caplog.text
    assert REPLACED.access not in caplog.text


@pytest.mark.parametrize(
    ("given", "tokens"),
    [
        (own, PAIR),
        (own, Tokens("access-token-2")),
        (None, REPLACED),
    ],
    ids=["the connection's own", "none came", "the provider gives them by itself"],
)
def test_where_no_refresh_token_of_the_connection_was_replaced_nothing_is_said(given, tokens, shelf, outside, caplog):
    store = AirflowTokenStore(KEY, given=given)
    store.save("api_key", tokens)
    assert (caplog.text, store.lost, shelf.values) == ("", "", {})


def test_a_store_that_cannot_be_written_says_so_and_shows_no_token(shelf, monkeypatch, caplog):
    def fail(*_, **__):
        raise RuntimeError("the database is away")

    monkeypatch.setattr(Variable, "set", fail)
    AirflowTokenStore(KEY, given=own).save("api_key", REPLACED)
    assert "cannot be shared" in caplog.text
    assert "could not be stored" in caplog.text
    assert REPLACED.refresh not in caplog.text


def test_tasks_share_one_token_through_a_variable(connect, sandbox, run_dag):
    connect(extra={"account_name": "of this test alone"})
    with DAG("share", schedule=None) as dag:

        @task(retries=0)
        def ask():
            Account._known.clear()  # as a process of its own would
            JibitHook().balances()

        ask() >> ask()
    assert str(run_dag(dag).state) == "success"
    assert sandbox.world.received["jibit.generate_token"] == 1
    assert sandbox.world.received["jibit.balances"] == 2
