"""One conversation with a provider: authenticate, send, authenticate again and replay, repeat where that is safe.

It is a generator: it yields what to do next (a ``Step``) and is sent what happened. It does no I/O, reads no clock
and knows no HTTP library; a driver runs it. What may be repeated is decided by the tables of ``phase``, what a
failure means by the provider's own tables; nothing else decides.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.api.contract import (
    Answered,
    Api,
    ErrorClass,
    Failure,
    Granted,
    Renewal,
    Request,
    Safety,
    Success,
    Tokens,
    UnreadablePayload,
)
from airflow_provider_iranpay.client.phase import (
    AFTER_BILLED_FAILURE,
    AFTER_FAILURE,
    AFTER_MAYBE_SENT,
    AFTER_NOT_SENT,
    Broken,
    Move,
    Phase,
    Received,
    Verdict,
)
from airflow_provider_iranpay.client.reports import Unanswered, report, unreadable_answer
from airflow_provider_iranpay.client.retries import Retries, seconds_of_the_day, seconds_told
from airflow_provider_iranpay.record import Record

__all__ = ["Conversation", "GetTokens", "LoadTokens", "Pause", "SaveTokens", "Send", "Step", "Wait", "reread"]

T = TypeVar("T")


class Send(Record, frozen=True):
    """Send this; answered with ``Received`` or ``Broken``. The tokens are None where the call needs none."""

    request: Request[Any]
    track_id: str
    tokens: Tokens | None


@dataclass(frozen=True, slots=True)
class Wait:
    """Back off; answered with None.

    :param error: why, already masked.
    """

    seconds: float
    error: exceptions.CallError


@dataclass(frozen=True, slots=True)
class Pause:
    """Hold back all calls of the account, since the provider asked for it (``Retry-After``); answered with None."""

    seconds: float
    error: exceptions.CallError


@dataclass(frozen=True, slots=True)
class GetTokens:
    """Answered with ``Granted`` tokens other than the refused ones: the account's, another worker's, or fresh ones."""

    bearer: str
    refused: Tokens | None


@dataclass(frozen=True, slots=True)
class LoadTokens:
    """Read the shared token store; answered with tokens or None."""

    bearer: str


@dataclass(frozen=True, slots=True)
class SaveTokens:
    """Write the shared token store, before the tokens are used; answered with None."""

    bearer: str
    tokens: Tokens


Step = Send | Wait | Pause | GetTokens | LoadTokens | SaveTokens
Steps = Generator[Step, Any, T]


@dataclass(frozen=True, slots=True)
class Conversation:
    """The rules of talking to one provider.

    :param api: the provider, with the account's credentials in it.
    :param retries: how often and how long.
    """

    api: Api
    retries: Retries
    _known: dict[tuple[str, int, bytes], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def call(self, request: Request[T], *, track_id: str, held: Tokens | None = None) -> Steps[T]:
        """Bring the answer to a request.

        :param track_id: random, the same for every send of this conversation; at most 50 characters.
        :param held: tokens to begin with, where the account has some at hand; else it begins by getting them.
        :raises CallError: one of its subclasses, by the tables of ``phase``.
        """
        bearer = request.endpoint.bearer
        first = self.first(request, track_id=track_id, held=held)
        granted: Granted | None
        if isinstance(first, GetTokens):
            granted = yield first
        else:
            granted = Granted(first.tokens, fresh=False) if first.tokens else None
        chances = _CHANCES
        attempt = 0
        while True:
            attempt += 1
            tokens = granted.tokens if granted else None
            event = self._of_this_call((yield Send(request, track_id, tokens)), track_id)
            answered = self._understood(request, event)
            if isinstance(answered, Success):
                return _read(self.api, request, answered, track_id)
            verdict = _verdict(self.api, request, event, answered)
            told = self._told(event)
            later = _seconds_of_the_quota(event, answered) or told
            error = report(self.api, Unanswered(request, event, answered, verdict, tokens, track_id, later))
            if told:
                yield Pause(told, error)
            if verdict.move is Move.AUTHENTICATE and bearer and granted and chances:
                granted = yield GetTokens(bearer, refused=granted.tokens)
                chances = 0 if granted.fresh else chances - 1
            elif attempt < self._tries(verdict.move):
                yield Wait(self.retries.seconds(attempt), error)
            else:
                raise error

    def first(self, request: Request[Any], *, track_id: str, held: Tokens | None) -> GetTokens | Send:
        """Say what ``call`` begins with: a driver may take this step before it begins the call itself."""
        bearer = request.endpoint.bearer
        if bearer and held is None:
            return GetTokens(bearer, refused=None)
        return Send(request, track_id, held if bearer else None)

    def answer(self, request: Request[T], event: Received | Broken, track_id: str) -> T | None:
        """Read what a send has brought, where that is the answer: it ends the call, whatever came before it.

        Short answers that are the same to the letter are read once, but for those that repeat what was asked.

        :return: None where it is anything else, which is for ``call`` to hear: no answer is None.
        :raises UnreadableAnswer: as ``call`` does.
        """
        event = self._of_this_call(event, track_id)
        if not isinstance(event, Received):
            return None
        endpoint, known = request.endpoint, self._known
        said = endpoint.service, event.status, event.body
        value: T | None = known.get(said)
        if value is None and isinstance(answered := self._understood(request, event), Success):
            value = _read(self.api, request, answered, track_id)
            if not endpoint.echoes and len(event.body) <= _SHORT_BODY and len(known) < _MOST_KNOWN:
                known[said] = value
        return value

    def renew(
        self, bearer: str, refused: Tokens | None, *, last: Tokens | None = None, track_id: str
    ) -> Steps[Granted]:
        """Bring tokens that are not the refused ones, from the store or from the provider.

        The store has no compare-and-set: a worker whose renewal is refused reads it again, since another worker may
        just have renewed the same pair, and only then goes on to the next way of renewing.

        :param last: those that this process was last given: the store may not have taken them.
        """
        stored: Tokens | None = yield LoadTokens(bearer)
        if stored is not None and stored != refused:
            return Granted(stored, fresh=False)
        held = [tokens for tokens in (stored, last, refused) if tokens is not None]
        renewals = self.api.renewals(bearer, held)
        ended = yield from self._try_each(renewals, bearer, held=held, track_id=track_id)
        if isinstance(ended, Granted):
            return ended
        if ended.error_class == ErrorClass.AUTHENTICATE and renewals[-1].keeps:
            # Another worker may have renewed with the same refresh token, and not yet have written what it got.
            yield Wait(_RACE_SECONDS, ended)
            if (newer := (yield from self._newer(bearer, held))) is not None:
                return newer
        raise ended

    def _try_each(
        self, renewals: Sequence[Renewal], bearer: str, *, held: list[Tokens], track_id: str
    ) -> Steps[Granted | exceptions.CallError]:
        refusal: exceptions.CallError | None = None
        hopeless: set[str | None] = set()
        for renewal in renewals:
            if renewal.spare and renewal.keeps in hopeless:
                continue
            try:
                return (yield from self._renewed(bearer, renewal, track_id))
            except _NOT_RENEWED as error:
                if isinstance(error, exceptions.OperatorNeeded):
                    hopeless.add(renewal.keeps)
                # What a person can act upon is not hidden behind a later failure to connect.
                if refusal is None or not isinstance(error, exceptions.TransientFailure):
                    refusal = error
            if (newer := (yield from self._newer(bearer, held))) is not None:
                return newer
        if refusal is None:
            raise exceptions.ConfigurationError(f"{self.api.name}: no way to get a token is known")
        return refusal

    def _renewed(self, bearer: str, renewal: Renewal, track_id: str) -> Steps[Granted]:
        tokens = yield from self.call(renewal.request, track_id=track_id)
        if tokens.refresh is None:
            tokens = replace(tokens, refresh=renewal.keeps)
        yield SaveTokens(bearer, tokens)
        return Granted(tokens, fresh=True)

    def _newer(self, bearer: str, held: list[Tokens]) -> Steps[Granted | None]:
        stored: Tokens | None = yield LoadTokens(bearer)
        return None if stored is None or stored in held else Granted(stored, fresh=False)

    def _of_this_call(self, event: Received | Broken, track_id: str) -> Received | Broken:
        """Refuse an answer that carries another call's track id (where the echo is documented): it is not the answer to
        this.
        """
        echoed = event.track_id if isinstance(event, Received) else None
        if echoed is not None and self.api.echoes_track_id and echoed.strip().lower() != track_id:
            return Broken(Phase.MAYBE_SENT, "the answer to another call came: its X-TRACK-ID is not ours")
        return event

    def _understood(self, request: Request[Any], event: Received | Broken) -> Answered | None:
        return self.api.understand(request, event.status, event.body) if isinstance(event, Received) else None

    def _told(self, event: Received | Broken) -> float | None:
        if isinstance(event, Broken):
            return None
        return seconds_told(event.retry_after, at=event.at, longest=self.retries.longest_wait)

    def _tries(self, move: Move) -> int:
        return {Move.REPEAT: self.retries.tries, Move.REPEAT_ONCE: 2}.get(move, 0)


def reread(api: Api, request: Request[T], status: int, body: bytes, track_id: str) -> T | exceptions.CallError:
    """Read an answer that was kept, as a call would.

    :returns: the answer, or the error that the call would have raised, without a ``retry_after``: when it came is not
        told here.
    """
    answered = api.understand(request, status, body)
    if isinstance(answered, Success):
        try:
            return _read(api, request, answered, track_id)
        except exceptions.UnreadableAnswer as unreadable:
            return unreadable
    event = Received(status, body, _LONG_AGO)
    verdict = _verdict(api, request, event, answered)
    return report(api, Unanswered(request, event, answered, verdict, tokens=None, track_id=track_id, retry_after=None))


_LONG_AGO = datetime.min.replace(tzinfo=UTC)


_SHORT_BODY = 1_024
_MOST_KNOWN = 1_000
_CHANCES = 2
"""How often a refused call is replayed: once with fresh tokens, and before that once with those that another worker
left, since they may be dead as well. A refusal of fresh tokens is final."""


_RACE_SECONDS = 1.0
_NOT_RENEWED = (
    exceptions.Rejected,
    exceptions.OperatorNeeded,
    exceptions.TransientFailure,
    exceptions.UnreadableAnswer,
)


def _read(api: Api, request: Request[T], success: Success, track_id: str) -> T:
    try:
        return request.read(success.payload)
    except UnreadablePayload as unreadable:
        reason = str(unreadable)
    raise unreadable_answer(api, request, reason, track_id)


def _verdict(api: Api, request: Request[Any], event: Received | Broken, failure: Failure | None) -> Verdict:
    if failure is not None and failure.definite:
        billed = request.endpoint.safety is Safety.BILLABLE_READ and not api.errors_are_free
        return (AFTER_BILLED_FAILURE if billed else AFTER_FAILURE)[failure.error_class]
    if isinstance(event, Broken) and event.phase is Phase.NOT_SENT:
        return AFTER_NOT_SENT
    return AFTER_MAYBE_SENT[request.endpoint.safety]


def _seconds_of_the_quota(event: Received | Broken, failure: Failure | None) -> float | None:
    """Seconds until a quota begins anew, where it is used up."""
    if isinstance(event, Received) and failure is not None and failure.error_class is ErrorClass.QUOTA:
        return seconds_of_the_day(event.at)
    return None
