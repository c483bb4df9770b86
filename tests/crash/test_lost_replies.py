"""Commits whose reply is lost, commits that fail, and a server that drops its connections."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text

from airflow_provider_iranpay.sandbox.latency import Latency
from tests.crash.nights import until
from tests.crash.strikes import Strike


@pytest.mark.parametrize(
    "boundary", ["claims_are_committed", "answers_are_committed", "claims_are_committing", "answers_are_committing"]
)
def test_what_a_commit_did_is_not_done_again_when_its_reply_is_lost_and_is_done_when_it_failed(night, boundary):
    strike = Strike(boundary, deed="lose_connection", every_other=True)
    worker = night.start(strike=strike)
    manifest = worker.manifest()
    assert worker.was_struck
    night.assert_rows_close(manifest, worker.errand)
    assert manifest["paid"] == manifest["attempts"] == len(night.billed) == len(night.errand.people)
    assert night.states() == {"answered": len(night.errand.people)}
    night.assert_books_agree()


def test_a_run_that_breaks_down_keeps_each_answer_that_it_has_paid_for(night):
    night.sandbox.world.settings.latency = Latency("fixed", 0.05)
    worker = night.start(strike=Strike("answers_are_committing", deed="break_down", nth=2))
    assert worker.join() == 1
    assert worker.was_struck
    assert night.states()["answered"] == len(night.billed)


def test_two_workers_that_lose_replies_still_share_out_the_questions(night):
    night.sandbox.world.settings.latency = Latency("fixed", 0.01)
    strike = Strike("claims_are_committed", deed="lose_connection", every_other=True)
    people = night.errand.people
    workers = [night.start(people=order, strike=strike, in_order=True) for order in (people, people[::-1])]
    manifests = [worker.manifest() for worker in workers]
    assert sum(manifest["paid"] for manifest in manifests) == len(night.billed) == len(people)
    assert night.billed_again == {}
    night.assert_books_agree()


@pytest.mark.parametrize("warehouse_url", ["postgresql"], indirect=True)
def test_a_server_that_drops_its_connections_ends_a_run_at_worst_and_costs_nothing(night, warehouse_url):
    night.sandbox.world.settings.latency = Latency("fixed", 0.01)
    worker = night.start(people=tuple(range(80)))
    watcher = create_engine(warehouse_url, isolation_level="AUTOCOMMIT")
    drop = text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with watcher.connect() as connection:
        for received in (10, 30, 50):
            until(lambda received=received: night.received >= received or not worker.process.is_alive())
            connection.execute(drop)
    watcher.dispose()
    worker.join()
    night.let_leases_end()
    night.do(people=tuple(range(80)))
    assert night.billed_again == {}
    night.assert_books_agree()
