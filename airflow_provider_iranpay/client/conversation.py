"""One conversation with a provider: authenticate, send, authenticate again and replay, repeat where that is safe.

It is a generator: it yields what to do next (a ``Step``) and is sent what happened. It does no I/O, reads no clock
and knows no HTTP library; a driver runs it. What may be repeated is decided by the tables of ``phase``, what a
failure means by the provider's own tables; nothing else decides.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.api.contract import (
    Api,
    ErrorClass,
    Failure,
    Granted,
    Request,
    Safety,
    Success,
    Tokens,
    UnreadablePayload,
)
from airflow_provider_iranpay.client.phase import (
    AFTER_FAILURE,
    AFTER_MAYBE_SENT,
    AFTER_NOT_SENT,
    Broken,
    Move,
    Phase,
    Received,
    Verdict,
)
from airflow_provider_iranpay.client.retries import Retries, seconds_told
from airflow_provider_iranpay.iran.days import day_bounds, tehran_day
from airflow_provider_iranpay.iran.masks import mask_text

__all__ = ["Conversation", "GetTokens", "LoadTokens", "Pause", "SaveTokens", "Send", "Step", "Wait"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Send:
    """Send this; answered with ``Received`` or ``Broken``. The authorization is None for token calls."""

    request: Request[Any]
    track_id: str
    authorization: Tokens | None


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

    refused: Tokens | None


@dataclass(frozen=True, slots=True)
class LoadTokens:
    """Read the shared token store; answered with tokens or None."""


@dataclass(frozen=True, slots=True)
class SaveTokens:
    """Write the shared token store, before the tokens are used; answered with None."""

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

    def call(self, request: Request[T], *, track_id: str) -> Steps[T]:
        """Bring the answer to a request.

        :param track_id: random, the same for every send of this conversation; at most 50 characters.
        :raises CallError: one of its subclasses, by the tables of ``phase``.
        """
        granted: Granted | None = (yield GetTokens(refused=None)) if request.endpoint.bearer else None
        chances = _CHANCES
        attempt = 0
        while True:
            attempt += 1
            tokens = granted.tokens if granted else None
            event: Received | Broken = _of_this_call((yield Send(request, track_id, tokens)), track_id)
            answered = self._understand(request, event)
            if isinstance(answered, Success):
                return self._read(request, answered, event, track_id)
            verdict = _verdict(request, event, answered)
            summary = self._summary(event, answered, verdict, tokens)
            error = self._error(request, event, answered, verdict.error, summary, track_id)
            if isinstance(event, Received) and (told := self._told(event)):
                yield Pause(told, error)
            if verdict.move is Move.AUTHENTICATE and granted is not None and chances:
                granted = yield GetTokens(refused=granted.tokens)
                chances = 0 if granted.fresh else chances - 1
            elif attempt < self._tries(verdict.move):
                yield Wait(self.retries.seconds(attempt), error)
            else:
                raise error

    def renew(self, refused: Tokens | None, *, track_id: str) -> Steps[Granted]:
        """Bring tokens that are not the refused ones, from the store or from the provider.

        The store has no compare-and-set: a worker whose renewal is refused reads it again, since another worker may
        just have renewed the same pair, and only then goes on to the next way of renewing.
        """
        stored: Tokens | None = yield LoadTokens()
        if stored is not None and stored != refused:
            return Granted(stored, fresh=False)
        held = stored or refused
        refusal: exceptions.CallError | None = None
        for request in self.api.renewals(held):
            try:
                tokens = yield from self.call(request, track_id=track_id)
            except (exceptions.Rejected, exceptions.OperatorNeeded, exceptions.TransientFailure) as error:
                refusal = error
            else:
                yield SaveTokens(tokens)
                return Granted(tokens, fresh=True)
            newer: Tokens | None = yield LoadTokens()
            if newer is not None and newer != held:
                return Granted(newer, fresh=False)
        raise refusal or exceptions.ConfigurationError(f"{self.api.name}: no way to get a token is known")

    def _understand(self, request: Request[Any], event: Received | Broken) -> Success | Failure | None:
        if isinstance(event, Broken):
            return None
        return self.api.understand(request, event.status, event.body)

    def _read(self, request: Request[T], success: Success, event: Received | Broken, track_id: str) -> T:
        try:
            return request.read(success.payload)
        except UnreadablePayload as unreadable:
            reason = str(unreadable)
        paid = "It counts as paid. " if request.endpoint.safety is Safety.BILLABLE_READ else ""
        raise exceptions.UnreadableAnswer(
            f"the answer cannot be used: {reason}. {paid}Quote the track id to the provider's support.",
            provider=self.api.name,
            service=request.endpoint.service,
            http_status=event.status if isinstance(event, Received) else None,
            track_id=track_id,
            phase=Phase.ANSWERED,
        )

    def _tries(self, move: Move) -> int:
        return {Move.REPEAT: self.retries.tries, Move.REPEAT_ONCE: 2}.get(move, 0)

    def _error(
        self,
        request: Request[Any],
        event: Received | Broken,
        failure: Failure | None,
        kind: type[exceptions.CallError],
        summary: str,
        track_id: str,
    ) -> exceptions.CallError:
        return kind(
            summary,
            provider=self.api.name,
            service=request.endpoint.service,
            code=_shown(failure.code) if failure else None,
            http_status=event.status if isinstance(event, Received) else None,
            error_class=failure.error_class if failure else None,
            retry_after=self._retry_after(event, failure),
            track_id=track_id,
            phase=_phase(event, failure),
        )

    def _retry_after(self, event: Received | Broken, failure: Failure | None) -> float | None:
        if isinstance(event, Broken):
            return None
        if failure is not None and failure.error_class is ErrorClass.QUOTA:
            _, midnight = day_bounds(tehran_day(event.at))
            return (midnight - event.at).total_seconds()
        return self._told(event)

    def _told(self, event: Received) -> float | None:
        return seconds_told(event.retry_after, at=event.at, longest=self.retries.longest_wait)

    def _summary(
        self, event: Received | Broken, failure: Failure | None, verdict: Verdict, tokens: Tokens | None
    ) -> str:
        if failure is not None:
            message = self._without_secrets(failure.message, tokens)
            said = f"refused with {_shown(failure.code)}" + (f" («{_shown(message)}»)" if message else "")
            again = verdict.move is Move.AUTHENTICATE
            return f"{said}. {self.api.refused_again() if again else failure.remedy}"
        if isinstance(event, Broken):
            happened = event.reason
        elif 300 <= event.status < 400:
            happened = (
                f"HTTP {event.status}: a redirect, which is never followed; check the base URL (host) of the connection"
            )
        else:
            happened = f"HTTP {event.status} with a body that is not {self.api.name}'s"
        return f"{happened}. {_WHAT_NOW[verdict.error]}"

    def _without_secrets(self, remote_text: str, tokens: Tokens | None) -> str:
        for secret in (*self.api.secrets(), *((tokens.access, tokens.refresh) if tokens else ())):
            remote_text = remote_text.replace(secret, "***") if secret else remote_text
        return remote_text


_CHANCES = 2
"""How often a refused call is replayed: once with fresh tokens, and before that once with those that another worker
left, since they may be dead as well. A refusal of fresh tokens is final."""

_LONGEST_SHOWN = 200
_LONG_RUN = re.compile(r"\d{8,}")

_WHAT_NOW = {
    exceptions.NotSent: "Nothing was sent: check host, proxy, DNS and firewall, then run again.",
    exceptions.TransientFailure: "Nothing was paid: run again.",
    exceptions.OutcomeUnknown: (
        "The request may have been carried out and paid for, so it is not sent again: look it up by its track id first."
    ),
}


def _shown(remote_text: str) -> str:
    """Make a provider's text fit for a message: masked, then cut, since a remote may say anything.

    Long runs of digits go even where they touch letters: unlike our own texts, this one holds no track id of ours.
    """
    masked = _LONG_RUN.sub("********", mask_text(remote_text))
    return masked if len(masked) <= _LONGEST_SHOWN else f"{masked[:_LONGEST_SHOWN]}…"


def _of_this_call(event: Received | Broken, track_id: str) -> Received | Broken:
    """Refuse an answer that carries another call's track id (the echo is documented): it is not the answer to this."""
    if isinstance(event, Received) and event.track_id not in (None, track_id):
        return Broken(Phase.MAYBE_SENT, "the answer to another call came: its X-TRACK-ID is not ours")
    return event


def _phase(event: Received | Broken, failure: Failure | None) -> Phase:
    if isinstance(event, Broken):
        return event.phase
    return Phase.ANSWERED if failure is not None else Phase.MAYBE_SENT


def _verdict(request: Request[Any], event: Received | Broken, failure: Failure | None) -> Verdict:
    if failure is not None:
        return AFTER_FAILURE[failure.error_class]
    if isinstance(event, Broken) and event.phase is Phase.NOT_SENT:
        return AFTER_NOT_SENT
    return AFTER_MAYBE_SENT[request.endpoint.safety]
