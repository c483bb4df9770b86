"""The synchronous driver: runs conversations on requests, one call at a time, for hooks. No rule of its own."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

import requests

from airflow_provider_iranpay.api.contract import Api, Granted, Request, Tokens
from airflow_provider_iranpay.client.account import Account, TokenStore
from airflow_provider_iranpay.client.conversation import (
    Conversation,
    GetTokens,
    LoadTokens,
    Pause,
    SaveTokens,
    Send,
    Step,
    Steps,
    Wait,
)
from airflow_provider_iranpay.client.network import Network
from airflow_provider_iranpay.client.phase import Broken, Received
from airflow_provider_iranpay.client.retries import Retries
from airflow_provider_iranpay.client.wire import Wire

__all__ = ["SyncClient"]

T = TypeVar("T")
log = logging.getLogger(__name__)


class SyncClient:
    """Calls one provider account. Thread-safe.

    :param account: shared by all clients of the account in this process.
    :param store: where tokens outlive the process.
    :param sleep: how to wait, in seconds.
    """

    def __init__(
        self,
        api: Api,
        network: Network,
        *,
        account: Account,
        store: TokenStore,
        retries: Retries | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api = api
        self._network = network
        self._account = account
        self._store = store
        self._sleep = sleep
        self._conversation = Conversation(api, retries or Retries())
        self._wire = Wire(network)

    def call(self, request: Request[T], *, track_id: str | None = None) -> T:
        """Bring the answer to a request.

        :param track_id: what the provider sees of the call; random if left out.
        :raises CallError: one of its subclasses; each carries the track id.
        """
        return self._run(self._conversation.call(request, track_id=track_id or uuid.uuid4().hex))

    def refresh(self, bearer: str) -> Tokens:
        """Renew one of the account's keys, unless another worker has just done so, and share it.

        :raises CallError: one of its subclasses.
        """
        granted = self._tokens(bearer, None)
        return (granted if granted.fresh else self._tokens(bearer, granted.tokens)).tokens

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def _run(self, steps: Steps[T]) -> T:
        happened: Any = None
        while True:
            try:
                step = steps.send(happened)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            happened = self._perform(step)

    def _perform(self, step: Step) -> Any:
        match step:
            case Send():
                return self._send(step)
            case Wait(seconds, error):
                log.warning("%s Waiting %.1f s before the next try.", error, seconds)
                return self._sleep(seconds)
            case Pause(seconds, error):
                log.warning("%s All calls of the account pause for %.1f s.", error, seconds)
                return self._account.pause(seconds)
            case GetTokens(bearer, refused):
                return self._tokens(bearer, refused)
            case LoadTokens(bearer):
                return self._store.load(bearer)
            case SaveTokens(bearer, tokens):
                return self._store.save(bearer, tokens)

    def _tokens(self, bearer: str, refused: Tokens | None) -> Granted:
        def renew(refused: Tokens | None, last: Tokens | None) -> Granted:
            return self._run(self._conversation.renew(bearer, refused, last=last, track_id=uuid.uuid4().hex))

        return self._account.tokens(bearer, refused, renew)

    def _send(self, step: Send) -> Received | Broken:
        while (left := self._account.pause_left()) > 0:
            self._sleep(left)
        endpoint, started = step.request.endpoint, time.monotonic()
        ready = self._api.outgoing(step.request, step.tokens)
        headers = {"X-TRACK-ID": step.track_id}
        if ready.authorization is not None:
            headers["Authorization"] = ready.authorization
        outgoing = requests.Request(
            endpoint.method,
            self._network.base_url.rstrip("/") + endpoint.path,
            params=dict(ready.query),
            json=ready.body,
            headers=headers,
        )
        happened = self._wire.exchange(outgoing)
        log.debug(
            "%s %s: %s in %.0f ms, track id %s",
            self._api.name,
            endpoint.service,
            f"HTTP {happened.status}" if isinstance(happened, Received) else happened.reason,
            (time.monotonic() - started) * 1000,
            step.track_id,
        )
        return happened
