"""Whatever workers do to the journal in whatever order, it holds what a dictionary says, on both databases."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from airflow_provider_iranpay.exceptions import LeaseLost
from airflow_provider_iranpay.warehouse.journal import tables
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing
from airflow_provider_iranpay.warehouse.journal.records import Kind, worker_of
from airflow_provider_iranpay.warehouse.journal.states import OPEN, TRANSITIONS, Event, Money, State
from tests.warehouse.journal.playing import LEASE, MONTH, STALE, Desk, ask, claim

NAMES = ("first", "second", "third")
ANSWERED = {State.ANSWERED, State.REJECTED, State.UNREADABLE}
ANSWERS = [event for event in Event if event not in {Event.HOLD, Event.LEASE_ENDED, Event.PRUNED}]
CAP = 100
contents = st.none() | st.binary(max_size=3)
_environments = itertools.count(1)


class Paying(RuleBasedStateMachine):
    """The model: attempts by key, the latest attempt of each question, the leases of workers."""

    warehouse = None

    @initialize()
    def new_journal(self):
        self.desk = Desk(self.warehouse, environment=f"http://localhost:{next(_environments)}")
        self.rings = 1
        self.ring = KeyRing({"key 1": bytes([1]) * 32})
        self.attempts, self.latest, self.retried, self.leases, self.lapsed = {}, {}, {}, {}, set()
        self.workers = [self.new_worker() for _ in range(3)]
        self.workers[0].open_budget("night", CAP)

    def new_worker(self):
        journal = self.desk.worker(self.ring)
        self.leases[journal._worker] = self.now + LEASE.length
        return journal

    def lease(self, journal):
        """What a commit or a renewal does to the lease: what has lapsed stays so."""
        name = journal._worker
        until = self.leases[name]
        if until is None or until < self.now:
            self.lapsed.add(name)
        if name not in self.lapsed:
            self.leases[name] = self.now + LEASE.length
        assert journal.lapsed == (name in self.lapsed)

    @property
    def now(self):
        return self.desk.clock.now

    def kind(self, name, freshness):  # noqa: PLR0911 - one for each way in which a question can stand
        latest = self.attempts.get(self.latest.get(name))
        if latest is None:
            return Kind.FREE
        state = latest["state"]
        retried = self.retried.get(name)
        if self.has_failed(latest) or state is State.WRITTEN_OFF:
            return Kind.FREE if retried is None else self.after_unknown(retried, freshness)
        if state in OPEN:
            return self.somebodys(name)
        if state is State.UNKNOWN:
            return self.after_unknown(retried, freshness)
        if state is State.PRUNED:
            return Kind.FREE if freshness.ask_pruned else Kind.PRUNED
        if latest["answered_at"] < freshness.since:
            return Kind.FREE
        return Kind.UNREADABLE if state is State.UNREADABLE else Kind.KEPT

    def somebodys(self, name):
        until = self.leases[worker_of(self.latest[name])]
        gone = until is None or until + STALE - LEASE.length < self.now
        return Kind.STALE if gone else Kind.BUSY

    def after_unknown(self, retried, freshness):
        may = freshness.retry_unknown and (retried is None or retried < freshness.since)
        return Kind.FREE if may else Kind.UNKNOWN

    @rule(
        who=st.integers(0, 2),
        names=st.lists(st.sampled_from(NAMES), min_size=1, unique=True),
        price=st.sampled_from([0, 7, 30]),
        budget=st.sampled_from([None, "night"]),
        intent=st.booleans(),
        retry=st.booleans(),
        pruned=st.booleans(),
        late=st.sampled_from([None, 0, 1, 2]),
        lost_reply=st.booleans(),
    )
    def ask(self, *, who, names, price, budget, intent, retry, pruned, late, lost_reply):
        """One worker looks up; another one may be quicker; then it claims."""
        journal = self.able(who)
        freshness = self.desk.fresh(max_age=MONTH, retry_unknown=retry, ask_pruned=pruned)
        found = journal.look_up([ask(journal, name) for name in names], freshness)
        kinds = [self.kind(name, freshness) for name in names]
        assert [one.kind for one in found] == kinds
        for name, one in zip(names, found, strict=True):
            if one.kind in {Kind.KEPT, Kind.UNREADABLE}:
                assert one.answer == self.attempts[self.latest[name]]["content"]
        free = {name: one for name, one in zip(names, found, strict=True) if one.kind is Kind.FREE}
        if not free:
            return
        if late is not None:
            quicker = self.able(late)
            name = next(iter(free))
            again = quicker.look_up([ask(quicker, name)], freshness)
            self.claim(quicker, {name: again[0]}, freshness, price=5)
        self.desk.warehouse.lose = int(lost_reply)
        self.claim(journal, free, freshness, price=price, budget=budget, intent=intent)

    def able(self, who):
        """Return a worker, or its successor if its lease has lapsed."""
        journal = self.workers[who]
        if journal.lapsed:
            (found,) = journal.look_up([ask(journal, "never asked")], self.desk.fresh())
            with pytest.raises(LeaseLost):
                journal.commit(claims=[claim(found)])
            self.lease(journal)
            self.workers[who] = self.new_worker()
        return self.workers[who]

    def claim(self, journal, free, freshness, *, price, budget=None, intent=True):
        claims = {name: claim(one, price, intent=intent) for name, one in free.items()}
        done = journal.commit(claims=list(claims.values()), budget=budget)
        self.lease(journal)
        won, lost, over = [], [], []
        room = CAP - sum(self.budget_money())
        for name, one in free.items():
            key = self.latest.get(name)
            if (key, self.attempts[key]["state"] if key else None) != (one.attempt, one.state):
                lost.append(name)
            elif budget and price > room:
                over.append(name)
            else:
                won.append(name)
                room -= price if budget else 0
        by_claim = {id(one): name for name, one in claims.items()}
        assert [by_claim[id(one.claim)] for one in done.won] == won
        assert [by_claim[id(one.claim)] for one in done.lost] == lost
        assert [by_claim[id(one)] for one in done.over_budget] == over
        for attempt in done.won:
            name = by_claim[id(attempt.claim)]
            assert not any(
                one["name"] == name and self.is_kept(one) and one["answered_at"] >= freshness.since
                for one in self.attempts.values()
            ), "a question with a fresh answer is not paid again"
            self.remember_retry(name)
            self.note(journal, name, attempt, State.CLAIMED if intent else State.HELD, price, budget)

    def remember_retry(self, name):
        """A question remembers that it was asked again after an unknown attempt until it is answered."""
        before = self.attempts.get(self.latest.get(name))
        if before is not None and before["state"] is State.UNKNOWN:
            self.retried[name] = self.now
        elif self.retried.get(name) is not None:
            self.retried[name] = None if self.is_kept(before) else self.now

    def note(self, journal, name, attempt, state, price, budget):
        self.latest[name] = attempt.key
        self.attempts[attempt.key] = {
            "name": name,
            "journal": journal,
            "attempt": attempt,
            "state": state,
            "price": price,
            "cost": None,
            "budget": budget,
            "answered_at": None,
            "content": None,
        }

    def is_kept(self, one):
        return one["state"] in ANSWERED and one["content"] is not None

    def has_failed(self, one):
        return one["state"] is State.NOT_SENT or (one["state"] is State.REJECTED and one["content"] is None)

    @precondition(lambda self: self.attempts)
    @rule(
        data=st.data(), event=st.sampled_from([Event.NOT_SENT, Event.REJECTED, Event.SILENCE]), lost_reply=st.booleans()
    )
    def ask_somebody_else(self, *, data, event, lost_reply):
        """A worker settles an attempt and asks another provider in the same commit."""
        key = data.draw(st.sampled_from(list(self.attempts)))
        one = self.attempts[key]
        journal, first, name = one["journal"], one["attempt"], one["name"]
        if journal.lapsed or journal not in self.workers:
            return
        self.desk.warehouse.lose = int(lost_reply)
        done = journal.commit(
            answers=[self.desk.answer(first, event, content=None)],
            claims=[claim(first.claim.standing, 5, after=key)],
        )
        self.lease(journal)
        self.step(key, event)
        assert bool(done.won) == (one["state"] in {State.NOT_SENT, State.REJECTED} and self.latest[name] == key)
        for attempt in done.won:
            self.remember_retry(name)
            self.note(journal, name, attempt, State.CLAIMED, 5, None)

    def budget_money(self):
        ours = [one for one in self.attempts.values() if one["budget"]]
        spent = sum(one["cost"] for one in ours if one["cost"] is not None)
        return spent, sum(one["price"] for one in ours if one["cost"] is None)

    @precondition(lambda self: self.attempts)
    @rule(data=st.data(), event=st.sampled_from(ANSWERS), content=contents, lost_reply=st.booleans())
    def hear(self, data, event, content, lost_reply):
        """Something becomes of an attempt, whoever made it and whenever that was."""
        key = data.draw(st.sampled_from(list(self.attempts)))
        one = self.attempts[key]
        if event in {Event.RESOLVED_PAID, Event.RESOLVED_NOT_PAID}:
            if one["state"] is State.UNKNOWN:
                self.workers[0].resolve(key, paid=event is Event.RESOLVED_PAID)
                self.step(key, event)
                ours = [other["state"] for other in self.attempts.values() if other["name"] == one["name"]]
                if State.UNKNOWN not in ours:
                    self.retried.pop(one["name"], None)
            return
        if event in {Event.ANSWERED, Event.UNREADABLE}:
            content = content or b"needed"
        self.desk.warehouse.lose = int(lost_reply)
        answer = self.desk.answer(one["attempt"], event, content)
        done = one["journal"].commit(answers=[answer, answer])
        self.lease(one["journal"])
        if lost_reply:
            assert done.refused == []
        else:
            assert len(done.refused) == (1 if (one["state"], event) in TRANSITIONS else 2)
        self.step(key, event, content=content)

    def step(self, key, event, content=None):
        one = self.attempts[key]
        after = TRANSITIONS.get((one["state"], event))
        if after is None:
            return
        one["state"] = after.state
        if after.money is not Money.KEEP:
            one["cost"] = one["price"] if after.money is Money.SPEND else 0
        if after.state in ANSWERED:
            one |= {"answered_at": self.now, "content": content}
            shown = self.attempts[self.latest[one["name"]]]
            newer = self.is_kept(shown) and shown["answered_at"] >= self.now
            if content is not None and not newer:
                self.latest[one["name"]] = key

    @rule(seconds=st.sampled_from([20, 100, 200]))
    def wait(self, seconds):
        self.desk.clock.pass_(timedelta(seconds=seconds))

    @rule()
    def wait_for_a_month(self):
        self.desk.clock.pass_(MONTH + timedelta(seconds=1))

    @rule(who=st.integers(0, 2))
    def renew(self, who):
        self.workers[who].renew()
        self.lease(self.workers[who])

    @rule(who=st.integers(0, 2))
    def recover(self, who):
        closed = self.workers[who].recover()
        for worker, until in self.leases.items():
            if until is not None and until + STALE - LEASE.length < self.now:
                self.leases[worker] = None
                for key, one in self.attempts.items():
                    if worker_of(key) == worker and one["state"] in OPEN:
                        self.step(key, Event.LEASE_ENDED)
                        closed -= 1
        assert closed == 0

    @rule()
    def prune(self):
        before = self.now - timedelta(seconds=50)
        pruned = self.workers[0].prune(before=before, reconciled_until=self.now)
        for one in self.attempts.values():
            if one["state"] is not State.UNREADABLE and self.is_kept(one) and one["answered_at"] < before:
                one["state"] = State.PRUNED
                pruned -= 1
        assert pruned == 0

    @precondition(lambda self: self.rings < 3)
    @rule()
    def rotate(self):
        self.rings += 1
        keys = {f"key {number}": bytes([number]) * 32 for number in range(self.rings, 0, -1)}
        self.ring = KeyRing(keys)
        self.workers[0].rotate(self.ring)
        self.workers = [self.new_worker() for _ in self.workers]

    @invariant()
    def the_tables_hold_the_model(self):
        attempt, question = tables.attempt, tables.question
        ours = attempt.c.environment == self.desk.environment
        with self.warehouse.engine.connect() as connection:
            rows = connection.execute(select(attempt).where(ours)).all()
            latest = connection.execute(
                select(question.c.attempt_id).where(question.c.environment == self.desk.environment)
            ).all()
        assert {row.attempt_id: (row.state, row.cost_rial) for row in rows} == {
            key: (one["state"], one["cost"]) for key, one in self.attempts.items()
        }
        assert sorted(key for (key,) in latest) == sorted(self.latest.values())

    @invariant()
    def the_budget_is_the_sum_of_its_attempts_and_under_its_cap(self):
        found = self.workers[0].check("night")
        assert (found.spent_rial, found.reserved_rial) == self.budget_money()
        assert found.room_rial >= 0


def test_whatever_workers_do_the_journal_holds_what_the_model_says(warehouse):
    machine = type("OnThisWarehouse", (Paying,), {"warehouse": warehouse})
    run_state_machine_as_test(machine, settings=settings(max_examples=30, stateful_step_count=20, deadline=None))
