"""``rotate-key``: two runs, and between them no key is known to the journal alone."""

from __future__ import annotations

import json

import pytest

from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.hooks.warehouse import WarehouseHook
from airflow_provider_iranpay.warehouse.journal.journal import Journal
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing, new_key
from tests.journal_command.conftest import OLD

SANDBOX = "http://127.0.0.1:8321/ide"


def worker_starts(warehouse, environment="real"):
    try:
        Journal.open(warehouse, WarehouseHook().get_journal_keys(), environment).close()
    except ConfigurationError:
        return False
    return True


def test_the_first_key_of_a_new_journal_needs_no_connection(journal, monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_IRANPAY_WAREHOUSE")
    code, out, err = journal("rotate-key", "--new")
    assert code == 0
    assert len(KeyRing.parse(json.loads(out)).fingerprints) == 1
    assert "as you keep a password" in err


def test_a_new_key_is_printed_in_front_and_nothing_is_changed(journal, fill, opened):
    fill()
    code, out, err = journal("rotate-key")
    printed = json.loads(out)
    assert code == 0
    assert list(printed.items())[1:] == list(OLD.items())
    assert "Nothing is changed yet" in err
    assert not [key for key in printed.values() if key in err]
    assert worker_starts(opened)


def test_a_key_that_was_printed_and_never_stored_is_nothing(journal, fill):
    fill()
    first, second = (json.loads(journal("rotate-key")[1]) for _ in range(2))
    assert first.keys() == second.keys()
    assert first != second


def test_the_second_run_finds_it_stored_and_tells_the_journal_of_every_environment(journal, fill, opened, store):
    fill()
    fill(SANDBOX)
    store(json.loads(journal("rotate-key")[1]))
    assert not worker_starts(opened)
    assert journal("rotate-key")[0] == 1  # nobody said yes
    assert not worker_starts(opened)
    code, out, _ = journal("rotate-key", typed="yes")
    assert code == 0
    assert {f"{SANDBOX}: done.", "real: done."} <= set(out.splitlines())
    assert worker_starts(opened)
    assert worker_starts(opened, SANDBOX)


def test_two_keys_of_one_day_have_two_names(journal, fill, store):
    fill()
    for count in (2, 3):
        store(json.loads(journal("rotate-key")[1]))
        journal("rotate-key", "--yes")
        assert len(json.loads(journal("rotate-key")[1])) == count + 1


def test_a_ring_that_lacks_a_needed_key_is_refused_with_what_it_would_cost(journal, fill, store, opened):
    fill()
    store({"other": new_key()})
    code, out, err = journal("rotate-key", "--yes")
    assert (code, out) == (1, "")
    assert "lacks old. real: 5 questions that have cost 20,000 Rial would not be found, and be paid again." in err
    assert not worker_starts(opened)


@pytest.mark.parametrize(("typed", "given_up"), [("give up old", True), ("yes", False), (None, False)])
def test_a_lost_key_is_given_up_by_typing_so(journal, fill, store, opened, typed, given_up):
    fill()
    store({"other": new_key()})
    code, out, _ = journal("rotate-key", "--give-up", "old", "--yes", typed=typed)
    assert (code == 0) is given_up
    assert "real: 5 questions that have cost 20,000 Rial would not be found, and be paid again." in out
    assert worker_starts(opened) is given_up


def test_a_key_that_is_not_lost_cannot_be_given_up(journal, fill, store):
    fill()
    assert "nothing is lost" in journal("rotate-key", "--give-up", "old")[2]
    store({"other": new_key(), **OLD})
    code, _, err = journal("rotate-key", "--give-up", "old", typed="give up old")
    assert code == 1
    assert "lacks no key" in err


def test_a_connection_without_keys_is_told_how_to_make_one(journal, fill, store):
    fill()
    store({})
    code, _, err = journal("rotate-key")
    assert code == 1
    assert "rotate-key --new" in err
