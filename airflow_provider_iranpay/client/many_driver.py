"""The driver of many calls at once: runs any number of conversations in one thread, on libcurl, for bulk runs.

No rule of its own: what is repeated, and what a failure means, the conversations say. Here is only when: who waits, who
is held back, who goes next, and how a run ends.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Generic, Protocol, TypeVar

from airflow_provider_iranpay.api.contract import Api, Granted, Request, Tokens
from airflow_provider_iranpay.client.account import Account, TokenStore
from airflow_provider_iranpay.client.conversation import Conversation, GetTokens, Pause, Send, Step, Steps, Wait
from airflow_provider_iranpay.client.curl_wire import CurlWire
from airflow_provider_iranpay.client.message import compose
from airflow_provider_iranpay.client.network import Network
from airflow_provider_iranpay.client.pacer import Pacer
from airflow_provider_iranpay.client.phase import Broken, Phase, Received
from airflow_provider_iranpay.client.retries import Retries
from airflow_provider_iranpay.client.sync_driver import SyncClient
from airflow_provider_iranpay.exceptions import CallError, ConfigurationError, IranPayError, NotSent
from airflow_provider_iranpay.record import MutableRecord, Record

__all__ = ["Ended", "Job", "ManyClient", "Source"]

T = TypeVar("T")
log = logging.getLogger(__name__)

_LONGEST_SLEEP: Final = 1.0
"""Seconds after which a source that has nothing now is asked again, should it have forgotten to wake the client."""
_LONGEST_HOLD: Final = 0.5
"""Seconds after which ``may_send`` is asked again."""
_MOST_IN_FLIGHT: Final = 900
"""libcurl waits on the first 1,024 files of a process only; the rest is left to the others that it has open."""


class Job(MutableRecord, Generic[T]):
    """One call to be made.

    :param track_id: what the provider sees of the call; random, at most 50 characters.
    """

    request: Request[T]
    track_id: str


class Ended(Record, gc=True, frozen=True):
    """What became of a job, and what a journal keeps of it. It holds personal data.

    :param value: the answer; None where there is an error.
    :param error: why there is no answer; None where there is one.
    :param at: when the last complete response came, whosever it was (timezone-aware); None where none came.
    :param status: HTTP status of the response that ended the call, if that was in the provider's own envelope: an
        answer, an unreadable one, or a definite no. Else None.
    :param body: the body of the same response.
    :param sends: how often the request left this machine, or may have: each send that is not proven not to have.
    :param sent_at: when the last of those began (timezone-aware); None where there was none.
    """

    value: Any
    error: IranPayError | None
    at: datetime | None
    status: int | None
    body: bytes | None
    sends: int
    sent_at: datetime | None


class Source(Protocol):
    """What feeds a run, and takes what comes of it. It is called in the run's thread, which it must not block
    for long.
    """

    def take(self) -> Job[Any] | None:
        """Give the next call to start; None where there is none now, and then ``wake`` the client once there is."""

    def exhausted(self) -> bool:
        """Whether ``take`` will never again give one."""

    def ended(self, job: Job[Any], ended: Ended) -> None:
        """Take what became of a job: once for each."""


class _Talk(MutableRecord, eq=False, gc=True):
    """One open conversation.

    :param held: the tokens that it begins with.
    :param steps: begun where it has more to say than one send and its answer.
    :param error: what its last send brought, where that is repeated.
    :param response: the last complete one.
    :param sends: how often its request left this machine, or may have.
    :param began: when its last send began.
    :param sent_at: when the last of ``sends`` began.
    """

    job: Job[Any]
    held: Tokens | None
    steps: Steps[Any] | None = None
    error: CallError | None = None
    response: Received | None = None
    sends: int = 0
    began: datetime | None = None
    sent_at: datetime | None = None

    def hear(self, event: Received | Broken) -> None:
        """Write down what a send brought."""
        if isinstance(event, Received):
            self.response = event
        elif event.phase is Phase.NOT_SENT:
            return
        self.sends += 1
        self.sent_at = self.began

    def ended(self, value: object, error: IranPayError | None) -> Ended:
        """Say what became of the job."""
        heard = self.response
        if heard is None:
            return Ended(value, error, None, None, None, self.sends, self.sent_at)
        if error is None or self._is_told_by_an_answer(error):
            return Ended(value, error, heard.at, heard.status, heard.body, self.sends, self.sent_at)
        return Ended(value, error, heard.at, None, None, self.sends, self.sent_at)

    def _is_told_by_an_answer(self, error: IranPayError) -> bool:
        """Whether it is the answer to this call that says so, and not the one to a token call."""
        if not isinstance(error, CallError):
            return False
        return error.phase == Phase.ANSWERED and error.track_id == self.job.track_id


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
    :param in_flight: calls that are open at once, those that wait to be repeated included; at most 900.
    :param pacer: holds back sends, repeats included; token calls are not counted.
    :param may_send: asked before each send, repeats included. While it says no, nothing is sent; it is asked again
        after ``wake``, and every half second.
    :raises ConfigurationError: more in flight than can be waited for.
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
        may_send: Callable[[], bool] = lambda: True,
    ) -> None:
        if in_flight > _MOST_IN_FLIGHT:
            raise ConfigurationError(f"in_flight: {in_flight} is too much, set {_MOST_IN_FLIGHT} at the most.")
        self._api = api
        self._network = network
        self._account = account
        self._most_open = in_flight
        self._pacer = pacer
        self._may_send = may_send
        self._conversation = Conversation(api, retries or Retries())
        self._renewing = SyncClient(api, network, account=account, store=store, retries=retries)
        self._wire: CurlWire[_Talk] = CurlWire(network)
        self._open = 0
        self._ready: deque[tuple[_Talk, Send]] = deque()
        self._waiting: list[tuple[float, int, _Talk]] = []
        self._order = itertools.count()
        self._renewals: dict[str, _Renewal] = {}
        self._stopped = False
        self._ends_at = math.inf
        self._held_for = 0.0
        self._mistake: Exception | None = None

    def run(self, source: Source) -> None:
        """Make the calls of a source until it is exhausted and nothing is open any more.

        :raises Exception: what is no error of a call (a mistake in the code, a source that fails) stops the run as
            ``stop`` does and is raised at its end; the job that it happened to is not ended.
        """
        self._source = source
        self._tells_all = log.isEnabledFor(logging.DEBUG)
        try:
            while not self._is_over():
                for talk, event in self._wire.turn(self._patience()):
                    self._hear(talk, event)
        finally:
            self._wire.close()
            self._renewing.close()
        if self._mistake is not None:
            raise self._mistake

    def stop(self, grace: float | None = 3.0) -> None:
        """Send nothing more, and end the run once what is in flight has ended, or the grace is over.

        What then is still in flight ends as its phase says; what waits to be repeated, with the error that it waits
        for; all else as not sent. Of several stops the earliest end counts. From any thread, and from a signal handler.

        :param grace: seconds; None leaves to what is in flight its own time-outs.
        """
        self._stopped = True
        if grace is not None:
            self._ends_at = min(self._ends_at, time.monotonic() + grace)
        self.wake()

    def wake(self) -> None:
        """Ask the source again, now. From any thread, and from a signal handler."""
        self._wire.wake()

    def pause(self, seconds: float) -> None:
        """Send nothing for some seconds, nor let any other client of the account in this process. From any thread."""
        self._account.pause(seconds)

    @property
    def paused(self) -> float:
        """Seconds for which all calls of the account are still held back; 0 where they are not."""
        return self._account.pause_left()

    @property
    def in_flight(self) -> int:
        """How many calls are on the wire now."""
        return self._wire.in_flight

    def _is_over(self) -> bool:
        """Do all that can be done without the network, and say whether anything is left."""
        self._go_on_with_tokens()
        if not self._stopped:
            self._go_on_after_waiting()
            self._begin()
            self._send()
        if self._stopped:
            self._let_go()
        return not self._open and (self._stopped or self._source.exhausted())

    def _begin(self) -> None:
        while self._open < self._most_open and (job := self._taken()) is not None:
            self._open += 1
            bearer = job.request.endpoint.bearer
            held = self._account.held(bearer, None) if bearer else None
            first = self._conversation.first(job.request, track_id=job.track_id, held=held)
            self._place(_Talk(job, held), first)

    def _taken(self) -> Job[Any] | None:
        if self._stopped:
            return None
        try:
            return self._source.take()
        except Exception as mistake:  # noqa: BLE001 - raised at the end of the run
            self._stop_for(mistake)
            return None

    def _hear(self, talk: _Talk, event: Received | Broken) -> None:
        talk.hear(event)
        if self._tells_all:
            said = event.status if isinstance(event, Received) else event.reason
            log.debug(
                "%s %s: %s, track id %s", self._api.name, talk.job.request.endpoint.service, said, talk.job.track_id
            )
        try:
            value = self._conversation.answer(talk.job.request, event, talk.job.track_id)
        except Exception as ended_by:  # noqa: BLE001 - told apart where it ends
            self._fail(talk, ended_by)
            return
        if value is None:
            self._go_on(talk, event)
        else:
            self._end(talk, value)

    def _go_on(self, talk: _Talk, happened: object = None) -> None:
        """Tell a conversation what happened, and put it where its next step belongs."""
        steps = talk.steps or self._begun(talk)
        try:
            step = steps.send(happened)
            while isinstance(step, Pause):
                self._pause(step)
                step = steps.send(None)
        except Exception as ended_by:  # noqa: BLE001 - told apart where it ends
            self._fail(talk, ended_by)
            return
        self._place(talk, step)

    def _begun(self, talk: _Talk) -> Steps[Any]:
        """Begin a conversation whose first step has been taken."""
        steps = self._conversation.call(talk.job.request, track_id=talk.job.track_id, held=talk.held)
        next(steps)
        talk.steps = steps
        return steps

    def _place(self, talk: _Talk, step: Step) -> None:
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
                self._fail(talk, TypeError(f"a call takes no step like {type(step).__name__}"))

    def _fail(self, talk: _Talk, error: Exception) -> None:
        if isinstance(error, IranPayError):
            self._end(talk, error=error)
        else:
            self._open -= 1
            self._stop_for(error)

    def _end(self, talk: _Talk, value: object = None, *, error: IranPayError | None = None) -> None:
        self._open -= 1
        try:
            self._source.ended(talk.job, talk.ended(value, error))
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
        now = datetime.now(UTC)
        while self._ready and not self._hold():
            for _ in range(1 if self._pacer else len(self._ready)):
                if self._stopped:
                    return
                if not self._is_let_send():
                    self._held_for = _LONGEST_HOLD
                    return
                self._send_next(now)

    def _send_next(self, now: datetime) -> None:
        talk, step = self._ready.popleft()
        try:
            message = compose(self._api, self._network, step)
        except Exception as error:  # noqa: BLE001 - told apart where it ends
            self._fail(talk, error)
            return
        if self._pacer is not None:
            self._pacer.take()
        talk.began = now
        self._wire.send(message, talk)

    def _hold(self) -> float:
        """Find for how many seconds the account is paused or has no slot; 0 where it may be sent to now."""
        self._held_for = self._account.pause_left() or self._slot_left()
        return self._held_for

    def _slot_left(self) -> float:
        try:
            return self._pacer.left(len(self._ready)) if self._pacer else 0.0
        except Exception as mistake:  # noqa: BLE001 - raised at the end of the run
            self._stop_for(mistake)
            return _LONGEST_HOLD

    def _is_let_send(self) -> bool:
        try:
            return self._may_send()
        except Exception as mistake:  # noqa: BLE001 - raised at the end of the run
            self._stop_for(mistake)
            return False

    def _patience(self) -> float:
        """Seconds until something here has to be done again."""
        now = time.monotonic()
        dues = [_LONGEST_SLEEP, self._ends_at - now]
        if self._waiting:
            dues.append(self._waiting[0][0] - now)
        if self._ready:
            dues.append(self._held_for)
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
                    self._fail(talk, renewal.outcome)
                elif renewal.outcome is not None and renewal.outcome.tokens != refused:
                    self._go_on(talk, renewal.outcome)
                else:  # it was begun for somebody else, and brought just what this one saw refused
                    self._get_tokens(talk, bearer=bearer, refused=refused)

    def _let_go(self) -> None:
        """End what is not in flight; at the end of the grace, all."""
        if time.monotonic() >= self._ends_at:
            for talk, event in self._wire.abandon():
                self._hear(talk, event)
        left = [talk for talk, _ in self._ready]
        left += [talk for *_, talk in self._waiting]
        left += [talk for renewal in self._renewals.values() for talk, _ in renewal.waiting]
        self._ready.clear()
        self._waiting.clear()
        self._renewals.clear()
        for talk in left:
            self._end(talk, error=talk.error or self._not_sent(talk.job))

    def _not_sent(self, job: Job[Any]) -> NotSent:
        return NotSent(
            "the run was stopped before this was sent. Nothing was sent: run again.",
            provider=self._api.name,
            service=job.request.endpoint.service,
            track_id=job.track_id,
            phase=Phase.NOT_SENT,
        )
