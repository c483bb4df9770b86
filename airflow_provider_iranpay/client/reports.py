"""What a call that brought no answer says: an error with its facts, and a text with what happened and what to do.

Nothing is decided here. What a provider says is masked, freed of secrets and cut before it stands in a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote, quote_plus

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.api.contract import Api, Failure, Request, Safety, Tokens
from airflow_provider_iranpay.client.phase import Broken, Move, Phase, Received, Verdict
from airflow_provider_iranpay.iran.masks import mask_text

__all__ = ["Unanswered", "report", "unreadable_answer"]

_LONGEST_SHOWN: Final = 200
_SHORTEST_ASKED: Final = 3
"""Shorter texts stand in ordinary words as well."""
_LONG_RUN: Final = re.compile(r"\d{8,}")

_WHAT_NOW: Final = {
    exceptions.NotSent: "Nothing was sent: check host, proxy, DNS and firewall, then run again.",
    exceptions.TransientFailure: "Run again later.",
}

_WHAT_IF_SENT: Final = {
    Safety.BILLABLE_READ: (
        "The request may have been carried out and paid for, so it is not sent again: look it up by its track id first."
    ),
    Safety.IDEMPOTENT_WRITE: "The request may have been carried out, so it is not sent again before an inquiry.",
    Safety.MONEY_WRITE: (
        "The money may have been sent, so nothing is sent again: ask the list for each item's own track id first."
    ),
    Safety.CREATE: "It may have been created, and nobody can pay it: no money moved. Create another, with a new id.",
}


_AFTER_A_REFUSAL: Final = {
    Safety.MONEY_WRITE: (
        " Nothing was sent by this request. Where an earlier one may have had the same track id, look that up before "
        "you use another."
    ),
}


class Unanswered(NamedTuple):
    """One send that brought no answer.

    :param failure: the provider's own no; None where nothing in its envelope came.
    :param retry_after: seconds after which another try may bring an answer, where that is known.
    """

    request: Request[Any]
    event: Received | Broken
    failure: Failure | None
    verdict: Verdict
    tokens: Tokens | None
    track_id: str
    retry_after: float | None


def report(api: Api, ended: Unanswered) -> exceptions.CallError:
    """Make the error of a send that brought no answer."""
    event, failure = ended.event, ended.failure
    clean = _Cleaner(api, ended)
    return ended.verdict.error(
        _refused(api, failure, ended, clean) if failure else _lost(api, ended.request, event, ended.verdict),
        provider=api.name,
        service=ended.request.endpoint.service,
        code=clean(failure.code) if failure else None,
        http_status=event.status if isinstance(event, Received) else None,
        error_class=failure.error_class if failure else None,
        retry_after=ended.retry_after,
        track_id=ended.track_id,
        phase=_phase(event, failure),
    )


def unreadable_answer(api: Api, request: Request[Any], reason: str, track_id: str) -> exceptions.UnreadableAnswer:
    """Make the error of an answer that lacks what was asked for.

    :param reason: names a field of the answer, never its value.
    """
    paid = "It counts as paid. " if request.endpoint.safety is Safety.BILLABLE_READ else ""
    return exceptions.UnreadableAnswer(
        f"the answer cannot be used: {reason}. {paid}Quote the track id to the provider's support.",
        provider=api.name,
        service=request.endpoint.service,
        track_id=track_id,
        phase=Phase.ANSWERED,
    )


class _Cleaner:
    """Makes a provider's text fit for a message: without secrets and without what was asked, masked, then cut, since a
    remote may say anything.

    Long runs of digits go even where they touch letters: unlike our own texts, it holds no track id of ours.
    """

    def __init__(self, api: Api, ended: Unanswered) -> None:
        tokens = ended.tokens
        held = (tokens.access, tokens.refresh) if tokens else ()
        secrets = [secret for secret in (*api.secrets(), *held) if secret]
        spelled = [spelling for secret in secrets for spelling in (secret, quote(secret, safe=""), quote_plus(secret))]
        asked = [text for text in _texts(ended.request.wire) if len(text) >= _SHORTEST_ASKED]
        self._secrets = sorted({*spelled, *asked}, key=len, reverse=True)

    def __call__(self, remote_text: str) -> str:
        for secret in self._secrets:
            remote_text = remote_text.replace(secret, "***")
        masked = _LONG_RUN.sub("********", mask_text(remote_text))
        return masked if len(masked) <= _LONGEST_SHOWN else f"{masked[:_LONGEST_SHOWN]}…"


def _phase(event: Received | Broken, failure: Failure | None) -> Phase:
    if failure is not None and failure.definite:
        return Phase.ANSWERED
    return event.phase if isinstance(event, Broken) else Phase.MAYBE_SENT


def _refused(api: Api, failure: Failure, ended: Unanswered, clean: _Cleaner) -> str:
    said = f"{clean(failure.code)}" + (f" («{clean(failure.message)}»)" if failure.message else "")
    safety = ended.request.endpoint.safety
    if not failure.definite:
        what_now = _WHAT_IF_SENT.get(safety, "")
        return f"answered with {said}, which does not prove that nothing was done. {what_now} {failure.remedy}"
    if ended.verdict.move is not Move.AUTHENTICATE:
        return f"refused with {said}. {failure.remedy}{_AFTER_A_REFUSAL.get(safety, '')}"
    own = f"{failure.remedy} " if safety is Safety.TOKEN else ""
    return f"refused with {said}. {own}{api.refused_again()}"


def _texts(sent: object) -> Iterator[str]:
    """Every text in what was sent, however deep."""
    if isinstance(sent, str):
        yield sent
    elif isinstance(sent, Mapping):
        for value in sent.values():
            yield from _texts(value)
    elif isinstance(sent, list):
        for value in sent:
            yield from _texts(value)


def _lost(api: Api, request: Request[Any], event: Received | Broken, verdict: Verdict) -> str:
    if isinstance(event, Broken):
        happened = event.reason
    elif 300 <= event.status < 400:
        happened = f"HTTP {event.status}: a redirect, never followed; check the base URL (host) of the connection"
    else:
        happened = f"HTTP {event.status} with a body that is not {api.name}'s"
    return f"{happened}. {_WHAT_NOW.get(verdict.error) or _WHAT_IF_SENT[request.endpoint.safety]}"
