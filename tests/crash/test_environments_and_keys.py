"""Another environment, and another key ring: what counts there of what was paid before."""

from __future__ import annotations

import signal

from airflow_provider_iranpay.sandbox import Sandbox
from airflow_provider_iranpay.warehouse.engine import open_warehouse
from airflow_provider_iranpay.warehouse.journal.journal import Journal
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing
from tests.crash.nights import KEYS, until
from tests.crash.strikes import Strike

NEWER = (("next night", b"m" * 32), *KEYS)


def rotate(night):
    """Make the newer ring the known one."""
    with open_warehouse(night.errand.warehouse) as warehouse:
        journal = Journal.open(warehouse, KeyRing(dict(KEYS)), night.errand.url)
        journal.rotate(KeyRing(dict(NEWER)))
        journal.close()


def test_an_answer_of_one_environment_does_not_count_in_another(night):
    with Sandbox(seed=1) as other:
        assert night.do()["origin"]["paid"] == 30
        manifest = night.do(url=other.url)
        assert manifest["origin"] == {"paid": 30, "duplicate": 1, "none": 1}
        assert len(other.world.ledger.entries) == len(night.billed) == 30
        for url in (night.errand.url, other.url):
            assert night.do(url=url)["origin"] == {"cached": 30, "duplicate": 1, "none": 1}
        assert len(other.world.ledger.entries) == len(night.billed) == 30


def test_an_unknown_call_of_one_environment_holds_nothing_up_in_another(night):
    night.kill_at(Strike("requests_are_out"))
    with Sandbox(seed=1) as other:
        manifest = night.do(url=other.url)
        assert (manifest["unknown"], manifest["paid"]) == (0, 30)


def test_a_rotated_ring_pays_nothing_again(night):
    night.do()
    rotate(night)
    manifest = night.do(keys=NEWER)
    assert manifest["origin"] == {"cached": 30, "duplicate": 1, "none": 1}
    assert manifest["attempts"] == 0
    night.assert_books_agree()


def test_a_ring_without_the_old_key_is_refused_before_anything_is_sent(night):
    night.do()
    for keys in (NEWER[:1], NEWER, ()):
        ending = night.start(keys=keys).ending()
        assert ending.error == "ConfigurationError"
    rotate(night)
    for keys in (NEWER[:1], KEYS, NEWER[::-1]):
        assert night.start(keys=keys).ending().error == "ConfigurationError"
    assert night.received == 30


def test_a_ring_that_is_rotated_after_a_crash_pays_nothing_again(night):
    night.kill_at(Strike("answers_are_committed", nth=3))
    left = night.states()["claimed"]
    rotate(night)
    manifest = night.do(keys=NEWER)
    assert manifest["unknown"] == left
    assert night.billed_again == {}
    night.assert_books_agree()


def test_a_worker_whose_ring_is_rotated_settles_what_it_has_sent_and_claims_nothing_more(night):
    worker = night.start(strike=Strike("answers_are_committed", deed="freeze", nth=3))
    until(worker.is_frozen)
    assert night.states()["claimed"] > 0
    rotate(night)
    worker.signal(signal.SIGCONT)
    assert worker.ending().error == "ConfigurationError"
    assert set(night.states()) <= {"answered", "not_sent"}
    night.assert_books_agree()

    kept = night.states()["answered"]
    manifest = night.do(keys=NEWER)
    assert (manifest["origin"]["cached"], manifest["attempts"]) == (kept, 30 - kept)
    assert night.billed_again == {}
