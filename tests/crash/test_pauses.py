"""What another worker has found of the account: nothing is sent until the pause is over, and nothing is lost by it."""

from __future__ import annotations

import signal
import time

import pytest

from airflow_provider_iranpay.sandbox.latency import Latency
from airflow_provider_iranpay.warehouse.engine import open_warehouse
from airflow_provider_iranpay.warehouse.pace import SharedPace
from tests.crash.nights import SERVICES, until

MANY = tuple(range(50))
LEASE_SECONDS = 4.0


@pytest.fixture
def another(night):
    """Another worker of the same account, which pauses it."""
    with open_warehouse(night.errand.warehouse) as warehouse:
        yield SharedPace(warehouse, environment=night.sandbox.url, provider="jibit", account="main")


@pytest.mark.parametrize("rate_per_second", [None, 100.0])
def test_a_worker_that_begins_in_a_pause_sends_nothing_before_its_end(night, another, rate_per_second):
    another.pause(5)
    pauses_until = time.monotonic() + 5
    worker = night.start(people=MANY, rate_per_second=rate_per_second)
    until(lambda: night.states()["claimed"])
    until(lambda: time.monotonic() > pauses_until - 0.5)
    assert night.received == 0
    assert worker.manifest()["paid"] == len(MANY)
    night.assert_books_agree()


def test_a_worker_that_is_sending_stops_within_two_seconds_and_goes_on_afterwards(night, another):
    night.sandbox.world.settings.latency = Latency("fixed", 0.05)
    people = tuple(range(400))
    worker = night.start(people=people)
    until(lambda: night.received > 4)
    another.pause(4)
    told = time.monotonic()
    until(lambda: time.monotonic() > told + 2)
    received = night.received
    assert received < len(people)
    until(lambda: time.monotonic() > told + 3.5)
    assert night.received == received
    assert worker.manifest()["paid"] == len(people)
    night.assert_books_agree()


def test_the_lease_outlives_a_pause_that_is_longer(night, another):
    another.pause(3 * LEASE_SECONDS)
    manifest = night.do(people=MANY, lease_seconds=LEASE_SECONDS)
    assert (manifest["paid"], manifest["unknown"]) == (len(MANY), 0)


@pytest.mark.parametrize("rate_per_second", [None, 100.0])
def test_a_worker_that_is_told_to_end_does_so_in_a_pause(night, another, rate_per_second):
    another.pause(60)
    worker = night.start(people=MANY, rate_per_second=rate_per_second)
    until(lambda: worker.has_begun and night.states()["claimed"])
    begun = time.monotonic()
    worker.signal(signal.SIGTERM)
    assert worker.ending(5).error == "RunIncomplete"
    assert time.monotonic() - begun < 4
    assert night.received == 0
    assert set(night.states()) == {"not_sent"}


def test_a_run_of_failures_pauses_every_worker_of_the_account(night, another):
    night.sandbox.world.faults.add("error", service=SERVICES["jibit"], status=400, code="providers.not_available")
    worker = night.start(people=MANY, concurrency=10)
    until(lambda: another.paused() > 0)
    assert another.paused() <= 5
    received = night.received
    assert received >= 40  # each of ten calls was sent four times
    night.sandbox.world.faults.clear()
    until(lambda: another.paused() < 1)
    assert night.received <= received + 10
    manifest = worker.manifest()
    assert manifest["status"]["failed"] < 25
    assert manifest["status"]["matched"] > 25
    night.assert_books_agree()
