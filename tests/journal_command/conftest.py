"""The commands as a person types them, on a journal in each database behind the connection ``iranpay_warehouse``."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import make_url

from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing, new_key
from airflow_provider_iranpay.warehouse.journal.records import key_text
from airflow_provider_iranpay.warehouse.journal.states import Event
from tests.warehouse.journal.playing import Desk

OLD = {"old": new_key()}


@pytest.fixture
def store(monkeypatch, warehouse_url):
    """Set the extra ``journal_keys`` of the connection."""
    url = make_url(warehouse_url)
    if url.drivername == "sqlite":
        place = {"conn_type": "sqlite", "host": url.database}
    else:
        server = url.query.get("host", url.host)
        place = {"conn_type": "postgres", "host": server, "schema": url.database, "login": url.username}

    def set_keys(keys):
        monkeypatch.setenv("AIRFLOW_CONN_IRANPAY_WAREHOUSE", json.dumps(place | {"extra": {"journal_keys": keys}}))

    set_keys(OLD)
    return set_keys


@pytest.fixture
def opened(store, warehouse):
    """The warehouse behind the connection."""
    return warehouse


@pytest.fixture
def fill(opened):
    """Fill the journal of an environment: 2 answers, 1 free error, and unknown attempts, each at 5,000 Rial."""

    def play(environment="real", *, unknown=2):
        desk = Desk(opened, environment)
        worker = desk.worker(KeyRing.parse(OLD))
        worker.open_budget("night", 100_000)
        events = [Event.ANSWERED, Event.ANSWERED, Event.REJECTED_FREE, *[Event.SILENCE] * unknown]
        names = [f"card {number}" for number in range(len(events))]
        won = desk.claim(worker, *names, price_rial=5_000, budget="night").won
        worker.commit(answers=[desk.answer(one, event) for one, event in zip(won, events, strict=True)])
        worker.close()
        return [key_text(one.key) for one in won[3:]]

    return play


@pytest.fixture
def journal(store, monkeypatch, capsys):
    """Run ``airflow iranpay journal`` with these words; ``typed`` is what the person answers. Gives code, out, err."""
    from airflow.cli.cli_parser import get_parser

    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")  # the command sets it; here it is taken back

    def run(*words, typed=None):
        def answer():
            if typed is None:
                raise EOFError
            return typed

        monkeypatch.setattr("builtins.input", answer)
        capsys.readouterr()
        args = get_parser().parse_args(["iranpay", "journal", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            args.func(args)
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return run
