"""Paystar on a canned wire: invented accounts of its three products, replies in its envelope, and a driver that plays
from a script. No test lives here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from tenacity import wait_none

from airflow_provider_iranpay.api.contract import Request, Tokens
from airflow_provider_iranpay.api.paystar import Paystar
from airflow_provider_iranpay.client.account import Account
from airflow_provider_iranpay.client.conversation import Conversation, GetTokens, LoadTokens, SaveTokens, Send
from airflow_provider_iranpay.client.phase import Broken, Phase, Received
from airflow_provider_iranpay.client.retries import Retries

T = TypeVar("T")

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TRIES = 4

CARD, IBAN, CODE, MOBILE = "6037990000000006", "IR760170000000000000000001", "0012345679", "09120000000"
MASKED_CARD = "603799******0006"

BANKING = Paystar(
    credentials={"application_id": "app-of-a-test", "access_password": "word-of-a-test"},
    refresh_tokens={"refresh_token": "renewer-of-a-test"},
)
SIGN_KEY = "0a1b2c3d"  # looks like hex, and is a text
GATEWAY = Paystar(credentials={"gateway_id": "gateway-of-a-test"}, sign_key=SIGN_KEY)
UNSIGNED_GATEWAY = Paystar(credentials={"gateway_id": "gateway-of-a-test"})
WALLET = Paystar(
    credentials={"wallet_hashid": "wallet-of-a-test", "password": "word-of-a-test"},
    refresh_tokens={"refresh_token": "renewer-of-a-test", "refresh_inquiry_key": "inquirer-of-a-test"},
    sign_key=SIGN_KEY,
)

NOT_SENT = Broken(Phase.NOT_SENT, "the connection failed (Connection refused)")
LOST = Broken(Phase.MAYBE_SENT, "no answer came in time (timed out)")
HTML_502 = Received(502, b"<html>bad gateway</html>", AT)


def reply(status: object, data: object = None, *, message: str = "پیام", http: int = 200) -> Received:
    """A complete response in Paystar's envelope."""
    return Received(http, json.dumps({"status": status, "data": data, "message": message}).encode(), AT)


def new_key(key: str = "key-1", **more: str) -> Received:
    """The answer of a refresh call."""
    return reply(1, {"api_key": key, "api_key_expire_date": "2026-11-22 15:30:00"} | more)


class Wire:
    """Plays the driver: answers the sends of each service from its own script (the last event of each goes on for
    ever), keeps keys as an account does, and writes down every step.
    """

    def __init__(self, api: Paystar, *, stored: Tokens | None = None, **scripts: Sequence[Received | Broken]) -> None:
        self.scripts = {service: list(events) for service, events in scripts.items()}
        self.stored = stored
        self.account = Account()
        self.steps: list[object] = []
        self.conversation = Conversation(api, Retries(TRIES, wait=wait_none()))

    def call(self, request: Request[T], *, track_id: str | None = None) -> T:
        """Make one call."""
        return self.run(self.conversation.call(request, track_id="track-1"))

    def run(self, steps: Any) -> Any:
        """Run a conversation to its end."""
        happened = None
        while True:
            try:
                step = steps.send(happened)
            except StopIteration as end:
                return end.value
            self.steps.append(step)
            assert len(self.steps) < 200, "a conversation without an end"
            happened = self.perform(step)

    def perform(self, step: object) -> object:
        """Do what a step asks for."""
        match step:
            case Send(request):
                events = self.scripts[request.endpoint.service]
                return events.pop(0) if len(events) > 1 else events[0]
            case GetTokens(bearer, refused):
                return self.account.tokens(
                    bearer,
                    refused,
                    lambda refused, last: self.run(
                        self.conversation.renew(bearer, refused, last=last, track_id="track-2")
                    ),
                )
            case LoadTokens():
                return self.stored
            case SaveTokens(_, tokens):
                self.stored = tokens
        return None

    def sent(self, service: str) -> list[Send]:
        """The sends of one service."""
        return [step for step in self.steps if isinstance(step, Send) and step.request.endpoint.service == service]
