"""The synchronous driver: runs conversations on requests, one call at a time, for hooks. No rule of its own."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

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
from airflow_provider_iranpay.client.message import compose
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

    def tokens(self, bearer: str, refused: Tokens | None) -> Granted:
        """Bring tokens other than the refused ones: the account's, another worker's, or fresh ones.

        :raises CallError: one of its subclasses.
        """

        def renew(refused: Tokens | None, last: Tokens | None) -> Granted:
            return self._run(self._conversation.renew(bearer, refused, last=last, track_id=uuid.uuid4().hex))

        return self._account.tokens(bearer, refused, renew)

    def refresh(self, bearer: str) -> Tokens:
        """Renew one of the account's keys, unless another worker has just done so, and share it.

        :raises CallError: one of its subclasses.
        """
        granted = self.tokens(bearer, None)
        return (granted if granted.fresh else self.tokens(bearer, granted.tokens)).tokens

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
                return self.tokens(bearer, refused)
            case LoadTokens(bearer):
                return self._store.load(bearer)
            case SaveTokens(bearer, tokens):
                return self._store.save(bearer, tokens)

    def _send(self, step: Send) -> Received | Broken:
        while (left := self._account.pause_left()) > 0:
            self._sleep(left)
        started = time.monotonic()
        happened = self._wire.exchange(compose(self._api, self._network, step))
        log.debug(
            "%s %s: %s in %.0f ms, track id %s",
            self._api.name,
            step.request.endpoint.service,
            f"HTTP {happened.status}" if isinstance(happened, Received) else happened.reason,
            (time.monotonic() - started) * 1000,
            step.track_id,
        )
        return happened
