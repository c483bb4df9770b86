"""When an account pauses, what the log says of it, and who is told."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import pytest
from sqlalchemy.exc import OperationalError

from airflow_provider_iranpay.bulk.outcomes import Outcome, Status
from airflow_provider_iranpay.bulk.pauses import Pauses
from airflow_provider_iranpay.client.account import Account
from tests.bulk.playing import Provider

FAILED = Outcome(Status.FAILED, error_message="jibit match_card: it could not answer now.")
OK = Outcome(Status.MATCHED)


class Client:
    """The part of a client that pauses, with the account of a process of its own."""

    def __init__(self):
        self._account = Account()
        self.pauses = []

    def pause(self, seconds):
        self.pauses.append(seconds)
        self._account.pause(seconds)

    @property
    def paused(self):
        return self._account.pause_left()


@dataclass
class Lane:
    """The part of a lane that is asked."""

    client: Client = field(default_factory=Client)
    way: object = field(default_factory=lambda: Provider().way)
    is_closed: bool = False


@dataclass
class Worker:
    """A run in a process of its own."""

    desk: object
    lane: Lane = field(default_factory=Lane)

    def __post_init__(self):
        self.pauses = Pauses(self.lane, self.desk.pace(Provider()))

    @property
    def paused(self):
        return self.lane.client.paused

    def hear(self, *outcomes):
        for outcome in outcomes:
            self.pauses.hear(outcome)

    def exchange(self):
        self.pauses.exchange()


@pytest.fixture
def one(desk):
    return Worker(desk)


@pytest.fixture
def another(desk):
    return Worker(desk)


def test_ten_failures_in_a_row_pause_the_account_and_the_log_says_why_in_one_line(one, caplog):
    one.hear(*[FAILED] * 9)
    assert one.paused == 0
    one.hear(FAILED)
    assert 4.5 < one.paused <= 5
    (record,) = caplog.records
    said = record.getMessage()
    assert said.startswith("jibit account shop: nothing is sent with this account for 5 s. 10 calls in a row")
    assert "since 20" in said
    assert "+03:30" in said
    assert said.endswith(FAILED.error_message)


def test_what_ends_while_it_pauses_says_nothing_new(one):
    one.hear(*[FAILED] * 40)
    assert one.lane.client.pauses == [5.0]


def test_since_when_is_told_anew_after_a_success(one):
    one.hear(*[FAILED] * 5, OK)
    assert one.pauses._since is None
    one.hear(FAILED)
    assert one.pauses._since is not None


def test_an_account_that_is_closed_does_not_pause_and_tells_nobody(one, another):
    one.lane.is_closed = True
    one.hear(*[FAILED] * 10)
    one.lane.client.pause(5)
    one.exchange()
    another.exchange()
    assert one.lane.client.pauses == [5]
    assert another.paused == 0


def test_another_worker_pauses_too_and_says_so(one, another, caplog):
    one.hear(*[FAILED] * 10)
    one.exchange()
    caplog.clear()
    another.exchange()
    assert 4 < another.paused <= 5
    (record,) = caplog.records
    assert "jibit account shop: nothing is sent for " in record.getMessage()
    assert "another worker" in record.getMessage()


def test_a_pause_that_the_provider_has_asked_for_is_told_as_well(one, another):
    one.lane.client.pause(100)
    one.exchange()
    another.exchange()
    assert 95 < another.paused <= 100


def test_one_pause_is_not_told_back_and_grows_by_nobody(one, another, monkeypatch):
    told = []
    for worker in (one, another):
        pause = worker.pauses._shared.pause
        monkeypatch.setattr(worker.pauses._shared, "pause", lambda seconds, pause=pause: told.append(pause(seconds)))
    one.lane.client.pause(100)
    for _ in range(5):
        for worker in (one, another):
            worker.pauses._asks_at = 0.0
            worker.exchange()
    assert len(told) == 1


def test_a_pause_that_was_made_longer_is_told_again(one, another):
    one.lane.client.pause(5)
    one.exchange()
    one.lane.client.pause(50)
    one.exchange()
    another.exchange()
    assert another.paused > 45


def test_others_are_asked_once_a_second(one, monkeypatch):
    asked = []
    monkeypatch.setattr(one.pauses._shared, "paused", lambda: asked.append(None) or 0.0)
    began = time.monotonic()
    while time.monotonic() < began + 0.5:
        one.exchange()
    assert len(asked) == 1
    one.pauses._asks_at -= 1
    one.exchange()
    assert len(asked) == 2


def test_a_warehouse_that_is_away_ends_no_run_and_is_told_once_it_is_back(one, another, monkeypatch, caplog):
    def gone(*_):
        raise OperationalError("INSERT", None, ConnectionError("gone"))

    with monkeypatch.context() as broken:
        broken.setattr(one.pauses._shared, "pause", gone)
        one.lane.client.pause(50)
        for _ in range(3):
            one.pauses._asks_at = 0.0
            one.exchange()
    (record,) = caplog.records
    assert "cannot be shared now: OperationalError" in record.getMessage()
    one.pauses._asks_at = 0.0
    one.exchange()
    another.exchange()
    assert another.paused > 45
