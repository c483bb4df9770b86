"""Bulk runs to play with: invented people, and accounts whose provider answers by a script, without a socket."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pandas as pd
from sqlalchemy import func, select

from airflow_provider_iranpay.api.jibit import Jibit
from airflow_provider_iranpay.api.paystar import BirthCalendar, Paystar
from airflow_provider_iranpay.bulk.plan import make_plan
from airflow_provider_iranpay.bulk.questions import Questioner
from airflow_provider_iranpay.bulk.run import Pace, Run
from airflow_provider_iranpay.bulk.sources import FrameSource
from airflow_provider_iranpay.bulk.ways import Way
from airflow_provider_iranpay.client.conversation import reread
from airflow_provider_iranpay.client.many_driver import Ended
from airflow_provider_iranpay.exceptions import CallError, NotSent, OutcomeUnknown
from airflow_provider_iranpay.inquiries import INQUIRIES
from airflow_provider_iranpay.iran.identifiers import complete_national_code
from airflow_provider_iranpay.warehouse.journal.journal import Journal
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing
from airflow_provider_iranpay.warehouse.journal.leases import Lease
from airflow_provider_iranpay.warehouse.journal.records import Freshness
from airflow_provider_iranpay.warehouse.journal.tables import attempt
from airflow_provider_iranpay.warehouse.pace import SharedPace

RING = KeyRing({"test": b"t" * 32})
ENVIRONMENT = "http://sandbox.test"
INQUIRY = INQUIRIES["match_mobile"]
COLUMNS = {"mobile": "mobile", "national_code": "national_code"}
LEASE = Lease(length=timedelta(seconds=30), whole_call=timedelta(seconds=5))
PRICE = 100


# People


def national_code(person: int) -> str:
    return complete_national_code(f"01{person:07d}")


def mobile(person: int) -> str:
    return f"0912{person:07d}"


def table(people: Iterable[int]) -> pd.DataFrame:
    """A row for each person, with the keys 1, 2, 3."""
    people = list(people)
    return pd.DataFrame(
        {
            "id": pd.Series(range(1, len(people) + 1), dtype="int64"),
            "mobile": pd.Series(map(mobile, people), dtype="object"),
            "national_code": pd.Series(map(national_code, people), dtype="object"),
        }
    )


# What a provider says


class End(NamedTuple):
    """How a call ends: with what the provider said, or with an error of the wire."""

    status: int = 0
    body: Mapping[str, str] = {}
    error: type[CallError] | None = None
    sends: int = 1

    def of(self, api, request, track_id):
        """The end of one call."""
        now = datetime.now(UTC)
        if self.error is not None:
            facts = {"provider": api.name, "service": request.endpoint.service, "track_id": track_id}
            error = self.error("it broke.", **facts, phase="maybe_sent" if self.sends else "not_sent")
            return Ended(None, error, None, None, None, self.sends, now if self.sends else None)
        body = self.body[api.name].encode()
        read = reread(api, request, self.status, body, track_id)
        error = read if isinstance(read, CallError) else None
        return Ended(None if error else read, error, now, self.status, body, self.sends, now)


YES = End(200, {"jibit": '{"matched": true}', "paystar": '{"status": 1, "data": {"is_matched": true}}'})
NO = End(200, {"jibit": '{"matched": false}', "paystar": '{"status": 1, "data": {"is_matched": false}}'})
REFUSED = End(400, {"jibit": '{"code": "mobileNumber.not_valid"}', "paystar": '{"status": 10}'})
"""A definite error that is listed: it is kept."""
UNLISTED = End(400, {"jibit": '{"code": "moon.is_full"}', "paystar": '{"status": 4711}'})
TRANSIENT = End(400, {"jibit": '{"code": "providers.not_available"}', "paystar": '{"status": 11}'})
QUOTA = End(400, {"jibit": '{"code": "daily_limit.reached"}'})
OPERATOR = End(400, {"jibit": '{"code": "balance.not_enough"}', "paystar": '{"status": 9}'})
UNREADABLE = End(200, {"jibit": '{"matched": "maybe"}', "paystar": '{"status": 1, "data": {"is_matched": 7}}'})
LOST = End(error=OutcomeUnknown)
UNREACHED = End(error=NotSent, sends=0)


@dataclass
class Provider:
    """One account, and what its provider says.

    :param ends: of people that have one of their own.
    :param otherwise: of all others.
    :param taking: called in the lane's thread with each job that is taken, before it is sent.
    :param closed_banks: its report; none by default.
    :ivar asked: people, in the order in which they were asked.
    :ivar clients: of the runs so far.
    """

    name: str = "jibit"
    account: str = "shop"
    price_rial: int | None = PRICE
    ends: Mapping[int, End] = field(default_factory=dict)
    otherwise: End = YES
    taking: Callable = lambda job: None
    birth_calendar: str = "jalali"
    inquiry: object = INQUIRY
    closed_banks: Callable | None = None
    asked: list[int] = field(default_factory=list)
    clients: list[ScriptedClient] = field(default_factory=list)

    def __post_init__(self):
        self.api = (
            Jibit("login", "secret")
            if self.name == "jibit"
            else Paystar(credentials={}, birth_calendar=BirthCalendar(self.birth_calendar))
        )
        self._permits = None

    @property
    def way(self):
        return Way(
            api=self.api,
            answering=self.inquiry.answered_by[self.name],
            provider=self.name,
            account=self.account,
            environment=ENVIRONMENT,
            price_rial=self.price_rial,
            whole_call_seconds=5,
            client=self._client,
            closed_banks=self.closed_banks,
        )

    def withhold(self):
        """Answer nothing from now on."""
        self._permits = threading.Semaphore(0)

    def go_on(self, count=None):
        """Answer again: so many, or all."""
        if count is None:
            self._permits = None
        else:
            self._permits.release(count)
        for client in self.clients:
            client.wake()

    def may_answer(self):
        """Whether one more call may be answered now."""
        permits = self._permits
        return permits is None or permits.acquire(blocking=False)

    def end(self, request):
        """How the call to a person ends; it counts as asked."""
        wire = request.wire
        code = wire.get("nationalCode") or wire.get("national_id")
        person = int(code[2:9] if code else wire.get("account_number") or wire.get("card") or wire["number"])
        self.asked.append(person)
        return self.ends.get(person, self.otherwise)

    def _client(self, *, in_flight, pacer, may_send):
        client = ScriptedClient(self, in_flight, may_send)
        self.clients.append(client)
        return client


class ScriptedClient:
    """What a run sees of ``ManyClient``, over a script.

    :ivar most_open: the most calls that were in flight at once.
    :ivar stopped: set once it was told to send nothing more.
    :ivar pauses: seconds of each pause that it was told of; it goes on all the same.
    """

    def __init__(self, provider, in_flight, may_send):
        self._provider = provider
        self._most = in_flight
        self._may_send = may_send
        self._open = []
        self._bell = threading.Event()
        self.stopped = threading.Event()
        self._ends_at = float("inf")
        self.most_open = 0
        self.paused = 0.0
        self.pauses = []

    @property
    def in_flight(self):
        return len(self._open)

    def pause(self, seconds):
        self.pauses.append(seconds)

    def stop(self, grace=3.0):
        self.stopped.set()
        if grace is not None:
            self._ends_at = min(self._ends_at, time.monotonic() + grace)
        self.wake()

    def wake(self):
        self._bell.set()

    def run(self, source):
        while True:
            self._bell.clear()
            self._take(source)
            while self._open and self._provider.may_answer():
                job, end = self._open.pop(0)
                source.ended(job, end.of(self._provider.api, job.request, job.track_id))
                self._take(source)
            if time.monotonic() >= self._ends_at:
                for job, _ in self._open:
                    source.ended(job, LOST.of(self._provider.api, job.request, job.track_id))
                self._open.clear()
            if not self._open and (self.stopped.is_set() or source.exhausted()):
                return
            self._bell.wait(0.02)

    def _take(self, source):
        while not self.stopped.is_set() and len(self._open) < self._most and self._may_send():
            job = source.take()
            if job is None:
                return
            self._provider.taking(job)
            self._open.append((job, self._provider.end(job.request)))
            self.most_open = max(self.most_open, len(self._open))


# Plans and runs


@dataclass
class Table:
    """Plans and runs over one warehouse."""

    warehouse: object

    def journal(self, **how):
        return Journal.open(self.warehouse, RING, ENVIRONMENT, lease=LEASE, **how)

    def pace(self, provider):
        """What the account's workers share."""
        return SharedPace(self.warehouse, environment=ENVIRONMENT, provider=provider.name, account=provider.account)

    def freshness(self, max_age=INQUIRY.fresh, as_of=None, **switches):
        return Freshness(as_of=as_of or datetime.now(UTC), max_age=max_age, **switches)

    def plan(self, journal, frame, *providers, inquiry=INQUIRY, columns=None, **freshness):
        """What a run of these providers would do; close it."""
        ways = [provider.way for provider in providers]
        freshness = {"max_age": inquiry.fresh} | freshness
        questioner = Questioner(inquiry, ways, journal, self.freshness(**freshness), inquiry.fresh_negative)
        source = frame if hasattr(frame, "batches") else FrameSource(frame)
        there = set(source.columns())
        columns = columns or {one.name: one.name for one in inquiry.inputs if one.name in there}
        return make_plan(source, key="id", columns=columns, questioner=questioner)

    def estimate(self, frame, *providers, **how):
        """The plan's estimate."""
        with closing(self.journal()) as journal, closing(self.plan(journal, frame, *providers, **how)) as plan:
            return plan.estimate

    @contextmanager
    def planned(self, frame, *providers, pace=None, budget=None, clocks=None, **how):
        """A run that was not begun; it is closed at the end of the block."""
        with (
            closing(self.journal(**clocks or {})) as journal,
            closing(self.plan(journal, frame, *providers, **how)) as plan,
        ):
            if budget is not None:
                journal.open_budget("budget", budget)
            pace = pace or Pace(concurrency=4)
            shared = [self.pace(provider) for provider in providers]
            run = Run(plan, journal, pace=pace, shared=shared, budget=None if budget is None else "budget")
            played = Played(run, plan, journal)
            yield played
            played.rows = dict(results_of(plan, run.rest))

    def run(self, frame, *providers, **how):
        """A run that was done, from plan to results."""
        with self.planned(frame, *providers, **how) as played:
            played.run.perform()
        return played

    def attempts(self, **where):
        """Rows of attempts, oldest first."""
        with self.warehouse.engine.connect() as connection:
            rows = connection.execute(
                select(attempt)
                .where(*(attempt.c[name] == value for name, value in where.items()))
                .order_by(attempt.c.claimed_at, attempt.c.attempt_id)
            )
            return rows.all()

    def count(self, **where):
        with self.warehouse.engine.connect() as connection:
            named = (attempt.c[name] == value for name, value in where.items())
            return connection.scalar(select(func.count()).select_from(attempt).where(*named))

    def money(self):
        """What attempts have cost, and what is reserved for them, in Rial."""
        rows = self.attempts()
        spent = sum(row.cost_rial or 0 for row in rows)
        return spent, sum(row.price_rial or 0 for row in rows if row.cost_rial is None)


def results_of(plan, rest):
    """Each row's key with its outcome, in the order of the rows."""
    return [pair for keys, outcomes in plan.results(rest) for pair in zip(keys, outcomes, strict=True)]


class Played:
    """A run.

    :ivar rows: what they came to, by their keys; there once it is closed.
    """

    def __init__(self, run, plan, journal):
        self.run = run
        self.plan = plan
        self.journal = journal
        self.rows = {}

    @property
    def statuses(self):
        """How many rows have each status."""
        return pd.Series([str(one.status) for one in self.rows.values()], dtype=object).value_counts().to_dict()

    @property
    def cost_rial(self):
        return sum(one.cost_rial or 0 for one in self.rows.values())
