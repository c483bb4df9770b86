"""The driver of many calls at once: runs any number of conversations in one thread, on libcurl, for bulk runs.

No rule of its own: what is repeated, and what a failure means, the conversations say. Here is only when: who waits, who
is held back, who goes next, and how a run ends.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Generic, Protocol, TypeVar

from airflow_provider_iranpay.api.contract import Api, Granted, Request, Tokens
from airflow_provider_iranpay.client.account import Account, TokenStore
from airflow_provider_iranpay.client.conversation import Conversation, GetTokens, Pause, Send, Steps, Wait
from airflow_provider_iranpay.client.curl_wire import CurlWire
from airflow_provider_iranpay.client.message import compose
from airflow_provider_iranpay.client.network import Network
from airflow_provider_iranpay.client.pacer import Pacer
from airflow_provider_iranpay.client.phase import Broken, Phase, Received
from airflow_provider_iranpay.client.retries import Retries
from airflow_provider_iranpay.client.sync_driver import SyncClient
from airflow_provider_iranpay.exceptions import CallError, IranPayError, NotSent

__all__ = ["Answer", "Job", "ManyClient", "Source"]

T = TypeVar("T")
log = logging.getLogger(__name__)

_LONGEST_SLEEP: Final = 1.0
"""Seconds after which a source that has nothing now is asked again, should it have forgotten to wake the client."""


@dataclass(frozen=True, slots=True)
class Job(Generic[T]):
    """One call to be made.

    :param track_id: what the provider sees of the call; random, at most 50 characters.
    :param key: the caller's own.
    """

    request: Request[T]
    track_id: str
    key: object = None


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What a call brought.

    :param at: when it came (timezone-aware).
    """

    value: T
    at: datetime


class Source(Protocol):
    """What feeds a run, and takes what comes of it. It is called in the run's thread, which it must not block
    for long.
    """

    def take(self) -> Job[Any] | None:
        """Give the next call to start; None where there is none now, and then ``wake`` the client once there is."""

    def exhausted(self) -> bool:
        """Whether ``take`` will never again give one."""

    def ended(self, job: Job[Any], outcome: Answer[Any] | IranPayError) -> None:
        """Take what became of a job: once for each."""


@dataclass(slots=True, eq=False)
class _Talk:
    """One open conversation.

    :param answered_at: when its last answer came.
    :param error: what its last send brought, where that is repeated.
    """

    job: Job[Any]
    steps: Steps[Any]
    answered_at: datetime
    error: CallError | None = None


@dataclass(slots=True)
class _Renewal:
    """Conversations that wait for tokens of one kind, each with those that it saw refused, while a thread gets them."""

    waiting: list[tuple[_Talk, Tokens | None]] = field(default_factory=list)
    outcome: Granted | Exception | None = None


class ManyClient:
    """Calls one provider account, many calls at once. One object is one run.

    Each open conversation is in one place at a time: ready to be sent, in flight, waiting for its time, or waiting for
    tokens.

    :param account: shared by all clients of the account in this process.
    :param store: where tokens outlive the process; only a thread of its own touches it.
    :param in_flight: calls that are open at once, those that wait to be repeated included.
    :param pacer: holds back sends, repeats included; token calls are not counted.
    :param grace: seconds that ``stop`` leaves to what is in flight.
    """

    def __init__(  # noqa: PLR0913 - what one account's calls need, all by keyword
        self,
        api: Api,
        network: Network,
        *,
        account: Account,
        store: TokenStore,
        retries: Retries | None = None,
        in_flight: int = 64,
        pacer: Pacer | None = None,
        grace: float = 3.0,
    ) -> None:
        self._api = api
        self._network = network
        self._account = account
        self._in_flight = in_flight
        self._pacer = pacer
        self._grace = grace
        self._conversation = Conversation(api, retries or Retries())
        self._renewing = SyncClient(api, network, account=account, store=store, retries=retries)
        self._wire: CurlWire[_Talk] = CurlWire(network)
        self._open = 0
        self._ready: deque[tuple[_Talk, Send]] = deque()
        self._waiting: list[tuple[float, int, _Talk]] = []
        self._order = itertools.count()
        self._renewals: dict[str, _Renewal] = {}
        self._ends_at: float | None = None
        self._mistake: Exception | None = None

    def run(self, source: Source) -> None:
        """Make the calls of a source until it is exhausted and nothing is open any more.

        :raises Exception: what is no error of a call (a mistake in the code, a source that fails) stops the run as
            ``stop`` does and is raised at its end; the job that it happened to is not ended.
        """
        self._source = source
        try:
            while not self._is_over():
                for talk, event in self._wire.turn(self._patience()):
                    self._hear(talk, event)
        finally:
            self._wire.close()
            self._renewing.close()
        if self._mistake is not None:
            raise self._mistake

    def stop(self) -> None:
        """Send nothing more, and end the run once what is in flight has ended, or the grace is over.

        What then is still in flight ends as its phase says; what waits to be repeated, with the error that it waits
        for; all else as not sent. From any thread, and from a signal handler.
        """
        if self._ends_at is None:
            self._ends_at = time.monotonic() + self._grace
        self.wake()

    def wake(self) -> None:
        """Ask the source again, now. From any thread, and from a signal handler."""
        self._wire.wake()

    def _is_over(self) -> bool:
        """Do all that can be done without the network, and say whether anything is left."""
        self._go_on_with_tokens()
        if self._ends_at is None:
            self._go_on_after_waiting()
            self._begin()
            self._send()
        if self._ends_at is not None:
            self._let_go(self._ends_at)
        return not self._open and (self._ends_at is not None or self._source.exhausted())

    def _begin(self) -> None:
        while self._open < self._in_flight and (job := self._taken()) is not None:
            self._open += 1
            steps = self._conversation.call(job.request, track_id=job.track_id)
            self._go_on(_Talk(job, steps, _NEVER))

    def _taken(self) -> Job[Any] | None:
        if self._ends_at is not None:
            return None
        try:
            return self._source.take()
        except Exception as mistake:  # noqa: BLE001 - raised at the end of the run
            self._stop_for(mistake)
            return None

    def _hear(self, talk: _Talk, event: Received | Broken) -> None:
        if isinstance(event, Received):
            talk.answered_at = event.at
        log.debug(
            "%s %s: %s, track id %s",
            self._api.name,
            talk.job.request.endpoint.service,
            event.status if isinstance(event, Received) else event.reason,
            talk.job.track_id,
        )
        self._go_on(talk, event)

    def _go_on(self, talk: _Talk, happened: object = None) -> None:
        """Tell a conversation what happened, and put it where its next step belongs."""
        try:
            step = talk.steps.send(happened)
            while isinstance(step, Pause):
                self._pause(step)
                step = talk.steps.send(None)
        except StopIteration as end:
            self._end(talk, Answer(end.value, talk.answered_at))
            return
        except Exception as ended_by:  # noqa: BLE001 - told apart where it ends
            self._end(talk, ended_by)
            return
        match step:
            case Send():
                self._ready.append((talk, step))
            case GetTokens(bearer, refused):
                self._get_tokens(talk, bearer=bearer, refused=refused)
            case Wait(seconds, error):
                talk.error = error
                log.debug("%s Waiting %.1f s before the next try.", error, seconds)
                heapq.heappush(self._waiting, (time.monotonic() + seconds, next(self._order), talk))
            case _:
                self._end(talk, TypeError(f"a call takes no step like {type(step).__name__}"))

    def _end(self, talk: _Talk, outcome: Answer[Any] | Exception) -> None:
        self._open -= 1
        talk.steps.close()
        if not isinstance(outcome, Answer | IranPayError):
            self._stop_for(outcome)
            return
        try:
            self._source.ended(talk.job, outcome)
        except Exception as mistake:  # noqa: BLE001 - raised at the end of the run
            self._stop_for(mistake)

    def _stop_for(self, mistake: Exception) -> None:
        self._mistake = self._mistake or mistake
        self.stop()

    def _pause(self, step: Pause) -> None:
        if not self._account.pause_left():  # else each call in flight would say it
            log.warning("%s All calls of the account pause for %.1f s.", step.error, step.seconds)
        self._account.pause(step.seconds)

    def _go_on_after_waiting(self) -> None:
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            *_, talk = heapq.heappop(self._waiting)
            self._go_on(talk)

    def _send(self) -> None:
        if self._account.pause_left():
            return
        while self._ready and self._ends_at is None and (self._pacer is None or not self._pacer.left()):
            talk, step = self._ready.popleft()
            try:
                message = compose(self._api, self._network, step)
            except Exception as error:  # noqa: BLE001 - told apart where it ends
                self._end(talk, error)
                continue
            if self._pacer is not None:
                self._pacer.take()
            self._wire.send(message, talk)

    def _patience(self) -> float:
        """Seconds until something here has to be done again."""
        now = time.monotonic()
        dues = [_LONGEST_SLEEP]
        if self._ends_at is not None:
            dues.append(self._ends_at - now)
        if self._waiting:
            dues.append(self._waiting[0][0] - now)
        if self._ready:
            dues.append(max(self._account.pause_left(), self._pacer.left() if self._pacer else 0.0))
        return max(0.0, min(dues))

    def _get_tokens(self, talk: _Talk, *, bearer: str, refused: Tokens | None) -> None:
        """Hand out the account's tokens, or wait for those that a thread brings; the store may block as it likes."""
        if (held := self._account.held(bearer, refused)) is not None:
            self._go_on(talk, Granted(held, fresh=False))
            return
        if (renewal := self._renewals.get(bearer)) is None:
            renewal = self._renewals[bearer] = _Renewal()
            threading.Thread(target=self._renew, args=(bearer, refused, renewal), daemon=True).start()
        renewal.waiting.append((talk, refused))

    def _renew(self, bearer: str, refused: Tokens | None, renewal: _Renewal) -> None:
        try:
            renewal.outcome = self._renewing.tokens(bearer, refused)
        except Exception as error:  # noqa: BLE001 - handed to whoever waits
            renewal.outcome = error
        self.wake()

    def _go_on_with_tokens(self) -> None:
        for bearer in [bearer for bearer, renewal in self._renewals.items() if renewal.outcome is not None]:
            renewal = self._renewals.pop(bearer)
            for talk, refused in renewal.waiting:
                if isinstance(renewal.outcome, Exception):
                    self._end(talk, renewal.outcome)
                elif renewal.outcome is not None and renewal.outcome.tokens != refused:
                    self._go_on(talk, renewal.outcome)
                else:  # it was begun for somebody else, and brought just what this one saw refused
                    self._get_tokens(talk, bearer=bearer, refused=refused)

    def _let_go(self, ends_at: float) -> None:
        """End what is not in flight; at the end of the grace, all."""
        if time.monotonic() >= ends_at:
            for talk, event in self._wire.abandon():
                self._hear(talk, event)
        left = [talk for talk, _ in self._ready]
        left += [talk for *_, talk in self._waiting]
        left += [talk for renewal in self._renewals.values() for talk, _ in renewal.waiting]
        self._ready.clear()
        self._waiting.clear()
        self._renewals.clear()
        for talk in left:
            self._end(talk, talk.error or self._not_sent(talk.job))

    def _not_sent(self, job: Job[Any]) -> NotSent:
        return NotSent(
            "the run was stopped before this was sent. Nothing was sent: run again.",
            provider=self._api.name,
            service=job.request.endpoint.service,
            track_id=job.track_id,
            phase=Phase.NOT_SENT,
        )


_NEVER: Final = datetime.min.replace(tzinfo=UTC)
