"""Tokens as a state machine: several workers, one store without compare-and-set, and a provider that forgets tokens."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tenacity import wait_none

from airflow_provider_iranpay.api.contract import Request, Tokens
from airflow_provider_iranpay.api.jibit import Jibit, endpoints
from airflow_provider_iranpay.client.account import Account
from airflow_provider_iranpay.client.conversation import Conversation, GetTokens, LoadTokens, SaveTokens, Send
from airflow_provider_iranpay.client.phase import Received
from airflow_provider_iranpay.client.retries import Retries

AT = datetime(2026, 11, 21, tzinfo=UTC)
QUESTION = endpoints.MATCH_MOBILE.request({"national_code": "0012345679", "mobile": "09120000000"})
WORKERS = 3


class Provider:
    """The least that the contract says of tokens."""

    def __init__(self) -> None:
        self.numbers = itertools.count(1)
        self.access: set[str] = set()
        self.pairs: set[tuple[str, str]] = set()
        self.token_calls = 0

    def answer(self, request: Request, tokens: Tokens | None) -> Received:
        if tokens is not None:
            alive = tokens.access in self.access
            return reply(200, {"matched": True}) if alive else reply(403, {"code": "forbidden", "message": ""})
        self.token_calls += 1
        if request.endpoint is endpoints.GENERATE:
            return self.issue()
        pair = (request.body["accessToken"], request.body["refreshToken"])
        if pair not in self.pairs:
            return reply(400, {"code": "refreshToken.not_valid", "message": ""})
        self.pairs.discard(pair)
        return self.issue()

    def issue(self) -> Received:
        number = next(self.numbers)
        access, refresh = f"access-{number}", f"refresh-{number}"
        self.access.add(access)
        self.pairs.add((access, refresh))
        return reply(200, {"accessToken": access, "refreshToken": refresh})


def reply(status: int, body: dict[str, object]) -> Received:
    return Received(status, json.dumps(body).encode(), AT)


class TokenMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.provider = Provider()
        self.stored: Tokens | None = None
        self.accounts = [Account() for _ in range(WORKERS)]
        self.conversation = Conversation(Jibit("k", "s"), Retries(wait=wait_none()))
        self.allowed = 1  # token calls that anything so far can excuse
        self.sends = 0

    def run_(self, steps, account: Account):
        happened = None
        while True:
            try:
                step = steps.send(happened)
            except StopIteration as end:
                return end.value
            happened = self.perform(step, account)

    def perform(self, step, account: Account):
        match step:
            case Send(request, _, tokens):
                self.sends += tokens is not None
                return self.provider.answer(request, tokens)
            case GetTokens(bearer, refused):
                return account.tokens(
                    bearer,
                    refused,
                    lambda refused, last: self.run_(
                        self.conversation.renew(bearer, refused, last=last, track_id="t"), account
                    ),
                )
            case LoadTokens(_):
                return self.stored
            case SaveTokens(_, tokens):
                self.stored = tokens
        return None

    @rule(worker=st.integers(0, WORKERS - 1))
    def a_worker_asks(self, worker):
        self.sends = 0
        answer = self.run_(self.conversation.call(QUESTION, track_id="t"), self.accounts[worker])
        assert answer is True
        assert self.sends <= 3  # mine, another worker's, fresh ones

    @rule(worker=st.integers(0, WORKERS - 1))
    def a_worker_is_replaced(self, worker):
        self.accounts[worker] = Account()

    @rule()
    def access_tokens_die(self):
        self.provider.access.clear()
        self.allowed += 1

    @rule()
    def whole_pairs_die(self):
        self.provider.access.clear()
        self.provider.pairs.clear()
        self.allowed += 2  # a refresh that is refused, and a new pair

    @rule()
    def the_store_is_emptied(self):
        self.stored = None
        self.allowed += 2 * WORKERS

    @invariant()
    def no_more_token_calls_than_the_events_excuse(self):
        assert self.provider.token_calls <= self.allowed

    @invariant()
    def what_is_stored_can_be_refreshed_unless_its_pair_died(self):
        """A worker never writes an older pair over a newer one."""
        if self.stored is not None and self.provider.pairs:
            newest = max(self.provider.pairs, key=lambda pair: int(pair[0].partition("-")[2]))
            assert self.stored.access == newest[0]


TestTokens = TokenMachine.TestCase
TestTokens.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
