"""The book of payments under any order of steps: a model that only counts says what each step may do."""

from __future__ import annotations

from datetime import UTC, datetime

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from airflow_provider_iranpay.sandbox.clock import Clock
from airflow_provider_iranpay.sandbox.paystar.payments import NewPayment, Outcome, Payments, State, Unfit, Why
from airflow_provider_iranpay.sandbox.settings import Settings

TOKEN, WINDOW, BACK = 20 * 60, 10 * 60, 72 * 3600
FINAL = {State.SUCCEED, State.FAILED, State.CANCELLED, State.REVERSED}
STEPS = {
    State.INIT: {State.INIT, State.FAILED, State.CANCELLED, State.UNVERIFIED, State.REVERSED},
    State.UNVERIFIED: {State.UNVERIFIED, State.VERIFY_PENDING, State.SUCCEED, State.REVERSED},
    State.VERIFY_PENDING: {State.VERIFY_PENDING, State.SUCCEED},
    **{state: {state} for state in FINAL},
}


class Life(RuleBasedStateMachine):
    """One payment, from its create on."""

    @initialize(pending=st.sampled_from([0, 90]))
    def create(self, pending):
        self.clock = Clock(datetime(2026, 1, 1, tzinfo=UTC), real=lambda: 0.0)
        settings = Settings({}, paystar_gateway_pending_seconds=pending)
        self.book = Payments(self.clock, settings, draw=lambda limit: limit // 3)
        self.payment = self.book.create(NewPayment(order_id="1", amount_rial=5_000, callback="https://shop.example"))
        self.age, self.paid_at_age, self.verified, self.decided = 0, None, 0, False
        self.last = State.INIT

    @rule(seconds=st.one_of(st.integers(1, 700), st.integers(0, BACK), st.sampled_from([TOKEN, WINDOW, BACK])))
    def wait(self, seconds):
        self.clock.advance(seconds)
        self.age += seconds

    @rule(outcome=st.sampled_from(Outcome))
    def decide(self, outcome):
        if self.decided or self.age >= TOKEN:
            with pytest.raises(Unfit) as refused:
                self.book.decide(self.payment.token, outcome, card="x")
            assert refused.value.why is (Why.TOKEN_USED if self.decided else Why.TOKEN_EXPIRED)
            return
        self.book.decide(self.payment.token, outcome, card="x")
        self.decided = True
        if outcome is Outcome.PAY:
            self.paid_at_age = self.age

    @rule()
    def verify(self):
        fits = self.paid_at_age is not None and self.age - self.paid_at_age < WINDOW and not self.verified
        if fits:
            self.book.verify(self.payment)
            self.verified += 1
            return
        with pytest.raises(Unfit) as refused:
            self.book.verify(self.payment)
        assert refused.value.why is (Why.ALREADY_VERIFIED if self.verified else Why.NOT_VERIFIABLE)

    @precondition(lambda self: self.paid_at_age is not None and not self.verified)
    @rule()
    def look_at_unverified_money(self):
        gone = self.age - self.paid_at_age >= BACK
        assert self.state() is (State.REVERSED if gone else State.UNVERIFIED)

    @invariant()
    def it_goes_forward_only(self):
        state = self.state()
        assert state in STEPS[self.last]
        self.last = state

    @invariant()
    def money_is_taken_by_exactly_one_verify(self):
        assert (self.state() in {State.SUCCEED, State.VERIFY_PENDING}) == (self.verified == 1)
        assert self.verified <= 1

    @invariant()
    def only_the_payer_ends_the_waiting(self):
        assert (self.state() is State.INIT) == (not self.decided)

    def state(self):
        return self.payment.state(self.clock.timestamp())


TestLife = Life.TestCase
