"""Hard nights: several accounts, workers thought gone, keys that are replaced. Nothing is paid twice, sums close."""

from __future__ import annotations

import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from sqlalchemy import text

from airflow_provider_iranpay.bulk.job import BulkJob
from airflow_provider_iranpay.bulk.outcomes import kept_content
from airflow_provider_iranpay.bulk.run import Pace
from airflow_provider_iranpay.bulk.sources import FrameSource
from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.inquiries import INQUIRIES
from airflow_provider_iranpay.warehouse.engine import open_warehouse
from airflow_provider_iranpay.warehouse.journal.journal import Journal
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing
from airflow_provider_iranpay.warehouse.journal.records import Answer, Claim, Kind, Standing, Terms, worker_of
from airflow_provider_iranpay.warehouse.journal.states import Event
from tests.bulk.playing import (
    ENVIRONMENT,
    INQUIRY,
    LEASE,
    LOST,
    PRICE,
    REFUSED,
    RING,
    TRANSIENT,
    UNLISTED,
    UNREACHED,
    Provider,
    Table,
    national_code,
    table,
)
from tests.bulk.waiting import until


def end_leases(desk):
    with desk.warehouse.transaction() as connection:
        past = text("UPDATE iranpay_worker SET lease_until = :past, stale_at = :past WHERE NOT ended")
        connection.execute(past, {"past": "2020-01-01T00:00:00.000000+00:00"})


def claim_one(desk, journal, frame, provider):
    """Claim the frame's only question, and send nothing."""
    with closing(desk.plan(journal, frame, provider, inquiry=provider.inquiry)) as plan:
        question, _ = next(plan.open_questions())
        terms = Terms(provider.inquiry.name, provider.name, "shop", PRICE)
        claim = Claim(Standing(question.ask, Kind.FREE), terms, "0" * 32)
        (won,) = journal.commit(claims=[claim]).won
    return question, won.key


def yes_to(question, key):
    """The answer to a claim."""
    now = datetime.now(UTC)
    content = kept_content(200, b'{"matched": true}')
    return Answer(key, question.ask, Event.ANSWERED, content, sent_at=now, answered_at=now)


@contextmanager
def begun(run):
    """A run in a thread; gives what it raises."""
    raised = []

    def perform():
        try:
            run.perform()
        except Exception as error:  # noqa: BLE001 - looked at by the test
            raised.append(error)

    thread = threading.Thread(target=perform, daemon=True)
    thread.start()
    try:
        yield raised
    finally:
        thread.join(20)
    assert not thread.is_alive()


@pytest.mark.parametrize("second", [TRANSIENT, UNREACHED, UNLISTED])
def test_a_refusal_that_was_paid_and_kept_is_not_paid_again_where_the_second_account_has_failed(desk, second):
    as_of = datetime.now(UTC)
    accounts = (
        Provider("paystar", otherwise=REFUSED),
        Provider("jibit", otherwise=second),
        Provider(account="other", otherwise=TRANSIENT),
    )
    desk.run(table([1, 2]), *accounts, as_of=as_of)
    again = desk.run(table([1, 2]), *accounts, as_of=as_of)
    assert again.statuses == {"provider_error": 2}
    assert desk.count(provider="paystar") == 2


def test_a_run_that_is_cleared_replays_though_a_later_one_has_asked_again_and_failed(desk):
    then = datetime.now(UTC) - timedelta(minutes=1)
    desk.run(table([1]), Provider(), as_of=then)
    desk.run(table([1]), Provider(otherwise=TRANSIENT), as_of=then + INQUIRY.fresh + timedelta(days=1))
    assert desk.estimate(table([1]), Provider(), as_of=then).kept == 1


def test_a_pruned_question_that_was_asked_again_for_nothing_stays_pruned(desk):
    desk.run(table([1]), Provider())
    with closing(desk.journal()) as journal:
        later = datetime.now(UTC) + timedelta(days=1)
        assert journal.prune(before=later, reconciled_until=later) == 1
    desk.run(table([1]), Provider(otherwise=UNREACHED), ask_pruned=True)
    assert desk.estimate(table([1]), Provider()).held == 1


def test_sums_close_where_one_account_has_a_price_and_another_has_none(desk):
    manifest = BulkJob(
        inquiry=INQUIRY,
        source=FrameSource(table([1, 2])),
        key="id",
        ways=[Provider("paystar", otherwise=REFUSED).way, Provider(price_rial=None).way],
        warehouse=desk.warehouse,
        keys=RING,
    ).perform()
    assert manifest["status"] == {"matched": 2}
    assert (manifest["paid"], manifest["spent_rial"]) == (4, None)


@pytest.mark.parametrize("concurrency", [4, 64])
def test_an_account_that_makes_no_sense_stops_the_run_though_another_one_answers(desk, concurrency):
    nonsense = Provider("paystar", otherwise=UNLISTED)
    played = desk.run(table(range(300)), nonsense, Provider(), pace=Pace(concurrency=concurrency))
    assert played.run.ended_by == "not_sent_stopped"
    assert len(nonsense.asked) < 200


def test_what_the_first_account_has_cost_stays_where_another_worker_is_quicker_and_the_run_stops(desk):
    jibit = Provider()
    gone = desk.journal()
    question, key = claim_one(desk, gone, table([500]), jibit)
    other = desk.journal()
    claim_one(desk, other, table([501]), jibit)
    end_leases(desk)
    with closing(desk.journal()) as journal:
        assert journal.recover() == 2

    def late(job):
        if job.request.wire["national_id"] == national_code(500):
            gone.commit(answers=[yes_to(question, key)])

    paystar = Provider("paystar", taking=late, ends={500: UNLISTED}, otherwise=LOST)
    rows = table([500, 501, *range(18)])
    with desk.planned(rows, paystar, jibit, pace=Pace(concurrency=1, ahead=1), retry_unknown=True) as played:
        played.run.perform()
        own = played.journal.own_sums()
    assert played.cost_rial == own.spent_rial == played.run.totals.spent_rial == PRICE


def test_a_row_whose_call_others_have_closed_is_unknown_and_keeps_track_id_and_cost(desk):
    paystar, jibit = Provider("paystar", otherwise=UNLISTED), Provider(otherwise=UNREACHED)
    jibit.withhold()
    with desk.planned(table([1, 2, 3]), paystar, jibit, pace=Pace(concurrency=1, ahead=1)) as played:
        with begun(played.run):
            until(lambda: jibit.asked)
            end_leases(desk)
            with closing(desk.journal()) as journal:
                closed = journal.recover()
            jibit.go_on()
        own = played.journal.own_sums()
    assert played.statuses["unknown"] == desk.count(state="unknown") == closed
    assert played.cost_rial == own.spent_rial == played.run.totals.spent_rial
    assert all(row.track_id for row in played.rows.values() if row.status == "unknown")


def test_what_is_on_its_way_when_the_keys_are_replaced_is_waited_for(desk):
    provider = Provider()
    provider.withhold()
    with desk.planned(table(range(30)), provider) as played, begun(played.run) as raised:
        until(lambda: len(provider.asked) == 4)
        with closing(desk.journal()) as journal:
            journal.rotate(KeyRing({"new": b"n" * 32, "test": b"t" * 32}))
        provider.go_on(2)
        until(provider.clients[0].stopped.is_set)
        time.sleep(3)  # longer than a run that is killed waits
        provider.go_on()
    assert [type(error) for error in raised] == [ConfigurationError]
    assert desk.count(state="unknown") == 0
    assert desk.count(state="answered") == 4


def test_an_answer_that_an_old_worker_has_sealed_outlives_its_key(sqlite_url):
    old, new = {"old": b"o" * 32}, {"new": b"n" * 32}
    with open_warehouse(sqlite_url) as warehouse:
        desk = Table(warehouse)

        def journal(keys):
            return Journal.open(warehouse, KeyRing(keys), ENVIRONMENT, lease=LEASE)

        def kept(journal):
            with closing(desk.plan(journal, table([1]), Provider())) as plan:
                return plan.estimate.kept

        worker = journal(old)
        question, key = claim_one(desk, worker, table([1]), Provider())
        journal(old).rotate(KeyRing(new | old))
        both = journal(new | old)
        assert kept(both) == 0  # it is busy, and moves to the new key
        worker.commit(answers=[yes_to(question, key)])
        with pytest.raises(ConfigurationError, match="1 questions"):
            both.rotate(KeyRing(new))
        assert kept(both) == 1
        both.rotate(KeyRing(new))
        assert kept(journal(new)) == 1


def test_a_free_question_of_a_worker_that_is_gone_is_asked_again(desk):
    free = Provider("paystar", price_rial=0, inquiry=INQUIRIES["gateway_inquiry"])
    frame = pd.DataFrame({"id": [1], "ref_num": ["order-7"]})
    claim_one(desk, desk.journal(), frame, free)
    end_leases(desk)
    job = BulkJob(
        inquiry=free.inquiry,
        source=FrameSource(frame),
        key="id",
        ways=[free.way],
        warehouse=desk.warehouse,
        keys=RING,
        estimate_only=True,
    )
    assert job.perform()["estimate"]["to_ask"] == 1


def test_a_gone_worker_whose_row_is_locked_neither_spins_nor_holds_up_the_others(postgres_url, monkeypatch):
    with open_warehouse(postgres_url) as warehouse:
        desk = Table(warehouse)
        _, key = claim_one(desk, desk.journal(), table([1]), Provider())
        end_leases(desk)
        recovered = []
        recover = Journal.recover
        monkeypatch.setattr(Journal, "recover", lambda journal: recovered.append(1) or recover(journal))
        with warehouse.engine.connect() as frozen:
            frozen.execute(
                text("SELECT 1 FROM iranpay_worker WHERE worker = :name FOR UPDATE"), {"name": worker_of(key)}
            )
            played = desk.run(table([1, 2, 3]), Provider(), pace=Pace(concurrency=4, patience_seconds=1))
    assert played.statuses == {"matched": 2, "not_sent_busy": 1}
    assert len(recovered) < 5


def test_a_run_that_breaks_down_waits_for_what_is_on_its_way(desk, monkeypatch):
    """Each of these answers is paid: a deadline that only a killed run has would make them unknown."""
    monkeypatch.setattr("airflow_provider_iranpay.bulk.run._STOP_SECONDS", 0)
    provider = Provider()
    provider.withhold()

    def heard(_):
        if len(provider.asked) == 4:
            raise ArithmeticError

    def perform(played):
        with pytest.raises(ArithmeticError):
            played.run.perform(heard)

    with desk.planned(table(range(1, 31)), provider, pace=Pace(concurrency=4)) as played:
        run = threading.Thread(target=perform, args=(played,))
        run.start()
        until(lambda: played.run._lanes[0].is_closed)
        provider.go_on()
        run.join(20)
    assert desk.count(state="unknown") == 0
    assert desk.count(state="answered") == 4
