"""Paystar's keys as a state machine: workers whose steps interleave, one store without compare-and-set, and a provider
that kills keys, rotates refresh tokens, or lets a new key end the older ones.
"""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tenacity import wait_none

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.api.contract import Granted, Request, Tokens
from airflow_provider_iranpay.api.paystar import Paystar, endpoints
from airflow_provider_iranpay.client.conversation import Conversation, GetTokens, LoadTokens, SaveTokens, Send
from airflow_provider_iranpay.client.phase import Received
from airflow_provider_iranpay.client.retries import Retries

AT = datetime(2026, 11, 21, tzinfo=UTC)
QUESTION = endpoints.MATCH_MOBILE.request({"national_code": "0012345679", "mobile": "09120000000"})
WORKERS = 3
OWN = "renewer-0"
"""The refresh token of the connection, which every worker knows."""


class Provider:
    """The least that the contract says of keys."""

    def __init__(self, *, rotates: bool, ends_older: bool, short_path_only: bool) -> None:
        self.rotates, self.ends_older, self.short_path_only = rotates, ends_older, short_path_only
        self.numbers = itertools.count(1)
        self.alive: set[str] = set()
        self.renewer = OWN
        self.renewals = 0

    def answer(self, request: Request, tokens: Tokens | None) -> Received:
        if tokens is not None:
            return reply(1, {"is_matched": True}) if tokens.access in self.alive else reply(5, None)
        self.renewals += 1
        if self.short_path_only and request.endpoint is endpoints.REFRESH_API_KEY:
            return Received(404, b"<html>", AT)
        return self.issue() if request.body["refresh_token"] == self.renewer else reply(13, None)

    def issue(self) -> Received:
        number = next(self.numbers)
        if self.ends_older:
            self.alive.clear()
        self.alive.add(f"key-{number}")
        if not self.rotates:
            return reply(1, {"api_key": f"key-{number}"})
        self.renewer = f"renewer-{number}"
        return reply(1, {"api_key": f"key-{number}", "refresh_token": self.renewer})


def reply(status: int, data: dict[str, object] | None) -> Received:
    return Received(200, json.dumps({"status": status, "data": data, "message": ""}).encode(), AT)


class Worker:
    """A process of its own: it remembers a key, and its call stands still between two steps."""

    def __init__(self) -> None:
        self.held: Tokens | None = None
        self.given: Tokens | None = None
        self.calls: list[Any] = []  # the call, and above it the renewal that it waits for
        self.happened: object = None
        self.sends = 0

    @property
    def busy(self) -> bool:
        return bool(self.calls)


class KeyMachine(RuleBasedStateMachine):
    @initialize(rotates=st.booleans(), ends_older=st.booleans(), short_path_only=st.booleans())
    def begin(self, rotates, ends_older, short_path_only):
        self.provider = Provider(rotates=rotates, ends_older=ends_older, short_path_only=short_path_only)
        self.stored: Tokens | None = None
        self.saved: set[Tokens] = set()
        self.workers = [Worker() for _ in range(WORKERS)]
        api = Paystar(
            credentials={"application_id": "app", "access_password": "word"}, refresh_tokens={"refresh_token": OWN}
        )
        self.conversation = Conversation(api, Retries(wait=wait_none()))

    def step(self, worker: Worker) -> object:
        """Go on by one step; returns what the call ended with, None while it goes on."""
        try:
            step = worker.calls[-1].send(worker.happened)
        except (StopIteration, exceptions.CallError) as end:
            return self.ended(worker, end)
        worker.happened = None
        match step:
            case GetTokens(bearer, refused) if worker.held is None or worker.held == refused:
                worker.calls.append(self.conversation.renew(bearer, refused, last=worker.given, track_id="t"))
            case GetTokens():
                worker.happened = Granted(worker.held, fresh=False)
            case Send(request, _, tokens):
                assert tokens is None or tokens in self.saved, "a key is used before others can have it"
                worker.sends += tokens is not None
                worker.happened = self.provider.answer(request, tokens)
            case LoadTokens():
                worker.happened = self.stored
            case SaveTokens(_, tokens):
                self.stored = tokens
                self.saved.add(tokens)
        return None

    def ended(self, worker: Worker, end: BaseException) -> object:
        worker.calls.pop()
        if isinstance(end, exceptions.CallError):
            worker.calls.clear()
            return end
        if worker.calls:
            worker.happened, worker.held = end.value, end.value.tokens
            if end.value.fresh:
                worker.given = end.value.tokens
            return None
        return end.value

    def finish(self, worker: Worker) -> object:
        while (ended := self.step(worker)) is None:
            pass
        return ended

    def ask(self, worker: Worker) -> None:
        worker.calls, worker.happened, worker.sends = [self.conversation.call(QUESTION, track_id="t")], None, 0

    @rule(number=st.integers(0, WORKERS - 1), steps=st.integers(1, 6))
    def a_worker_goes_on(self, number, steps):
        worker = self.workers[number]
        if not worker.busy:
            self.ask(worker)
        for _ in range(steps):
            ended = self.step(worker)
            assert worker.sends <= 3  # with the key that it holds, with another worker's, with a fresh one
            if ended is not None:
                assert ended is True or isinstance(ended, exceptions.OperatorNeeded)
                return

    @precondition(lambda self: not any(worker.busy for worker in self.workers))
    @rule(number=st.integers(0, WORKERS - 1))
    def a_worker_that_nobody_disturbs_is_always_answered(self, number):
        worker, before = self.workers[number], self.provider.renewals
        self.ask(worker)
        assert self.finish(worker) is True
        sends = 3 if self.provider.short_path_only else 2  # one for each path, and a 404 is repeated once
        refresh_tokens = 4  # of the store, of this process, of the refused key, of the connection
        assert self.provider.renewals - before <= sends * refresh_tokens

    @rule()
    def all_calls_come_to_an_end(self):
        for worker in self.workers:
            if worker.busy:
                self.finish(worker)

    @rule(number=st.integers(0, WORKERS - 1))
    def a_worker_is_replaced_once_it_is_done(self, number):
        if not self.workers[number].busy:
            self.workers[number] = Worker()

    @rule()
    def keys_die(self):
        self.provider.alive.clear()

    @precondition(lambda self: not self.provider.rotates)
    @rule()
    def the_store_is_emptied(self):
        self.stored = None

    @precondition(lambda self: self.provider.rotates and not any(worker.busy for worker in self.workers))
    @rule()
    def a_person_puts_the_connections_refresh_token_in_force_again(self):
        self.provider.renewer = OWN

    @invariant()
    def the_refresh_token_in_force_is_never_lost(self):
        if not any(worker.busy for worker in self.workers):
            kept = self.stored.refresh if self.stored else None
            assert self.provider.renewer in {OWN, kept}


TestKeys = KeyMachine.TestCase
TestKeys.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
