"""A journal to play with: a clock that is set by hand, invented questions, one kind of claim."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import OperationalError

from airflow_provider_iranpay.warehouse.journal.journal import Journal
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing, wire_hash
from airflow_provider_iranpay.warehouse.journal.leases import Lease
from airflow_provider_iranpay.warehouse.journal.records import Answer, Ask, Claim, Freshness, Terms
from airflow_provider_iranpay.warehouse.journal.states import Event

RING = KeyRing({"old": b"o" * 32})
NEW_RING = KeyRing({"new": b"n" * 32, "old": b"o" * 32})
LEASE = Lease(length=timedelta(seconds=90), whole_call=timedelta(seconds=60))
STALE = timedelta(seconds=90 + 60 + 30)
START = datetime(2026, 1, 1, tzinfo=UTC)
MONTH = timedelta(days=30)
WITH_ANSWER = {Event.ANSWERED, Event.REJECTED, Event.REJECTED_FREE, Event.UNREADABLE}


class Clock:
    """The clock of the database and of the processes."""

    def __init__(self):
        self.now = START

    def __call__(self, connection):
        return self.now

    def seconds(self):
        return (self.now - START).total_seconds()

    def pass_(self, span):
        self.now += span


class Unreliable:
    """A warehouse whose next replies to a commit are lost: it is committed, and an error says that it is not known."""

    def __init__(self, warehouse):
        self._warehouse = warehouse
        self.engine = warehouse.engine
        self.lose = 0

    @contextmanager
    def transaction(self):
        with self._warehouse.transaction() as connection:
            yield connection
        if self.lose:
            self.lose -= 1
            raise OperationalError("COMMIT", {}, Exception("the server is gone"))


class Desk:
    """Any number of workers on one warehouse and one clock."""

    def __init__(self, warehouse, environment="real"):
        self.warehouse = Unreliable(warehouse)
        self.environment = environment
        self.clock = Clock()

    def worker(self, ring=RING, environment=None):
        return Journal.open(
            self.warehouse,
            ring,
            environment or self.environment,
            lease=LEASE,
            clock=self.clock,
            monotonic=self.clock.seconds,
        )

    def fresh(self, max_age=MONTH, **switches):
        return Freshness(as_of=self.clock.now, max_age=max_age, **switches)

    def answer(self, attempt, event=Event.ANSWERED, content=b"its answer", wire=b"wire"):
        with_answer = event in WITH_ANSWER and content is not None
        return Answer(
            key=attempt.key,
            ask=attempt.claim.standing.ask,
            event=event,
            content=content if with_answer else None,
            wire=wire and wire_hash(wire),
            answered_at=self.clock.now if with_answer else None,
        )

    def look(self, journal, *names, wire=b"wire", **freshness):
        return journal.look_up([ask(journal, name, wire) for name in names], self.fresh(**freshness))

    def claim(self, journal, *names, price_rial=10, budget=None, **freshness):
        claims = [claim(found, price_rial) for found in self.look(journal, *names, **freshness)]
        return journal.commit(claims=claims, budget=budget)

    def claimed(self, journal, name, **how):
        """Claim one question, and win."""
        (attempt,) = self.claim(journal, name, **how).won
        return attempt


def ask(journal, name, wire=b"wire"):
    questions = journal.keys.questions_under_all_keys(journal.environment, "match_card", {"card": name})
    return Ask(questions, lambda provider: wire and wire_hash(wire))


def claim(found, price_rial=10, *, provider="jibit", after=None, **more):
    return Claim(found, Terms("match_card", provider, "shop", price_rial, **more), "invented", after)
