"""Money that was sent: each item of the request meets its item of the answer by ``track_id``, or is unknown.

Nothing here sends twice. How an unknown item is looked up later is the journal's affair.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from uuid import uuid4

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.api.contract import Request
from airflow_provider_iranpay.api.paystar.transfers import TransferAnswer, TransferItem
from airflow_provider_iranpay.payments.caller import Caller

__all__ = ["UNKNOWN", "listed", "send"]

log = logging.getLogger(__name__)

FAILED: Final = "failed"
UNKNOWN: Final = "unknown"
_SHOWN: Final = 20


def send(
    client: Caller, request: Request[TransferAnswer], *, also_known_as: Callable[[str], str] = lambda track_id: track_id
) -> tuple[TransferItem, ...]:
    """Send money once, and say what became of each item.

    :param request: of a call that moves money, with its items under ``transfers``.
    :param also_known_as: another identity under which an answer may name an item.
    :returns: one item per item of the request, in its order; ``unknown`` where the answer leaves it out, names it more
        than once, or calls it failed without an identity of its own: it was not taken up, and an earlier one with this
        track id may have been.
    :raises OutcomeUnknown: no answer, or one that names no item; the error names the track ids. Nothing is sent again.
    :raises CallError: a definite refusal of the whole request, or a proof that it was not sent.
    """
    asked = [item["track_id"] for item in request.wire["transfers"]]
    track_id = uuid4().hex
    try:
        answer = client.call(request, track_id=track_id)
    except exceptions.OutcomeUnknown as error:
        lost = error
    else:
        items = _matched(asked, answer, also_known_as)
        unknown = [item.track_id for item in items if item.status == UNKNOWN]
        if any(item.raw for item in items):
            if unknown:
                log.warning(
                    "%s (track id %s): not settled by the answer, so unknown: %s.",
                    request.endpoint.service,
                    track_id,
                    _named(unknown),
                )
            return items
        lost = exceptions.OutcomeUnknown(
            "the answer names none of the items. They may have been accepted, so nothing is sent again: ask the list "
            "for each item's own track id first.",
            provider="paystar",
            service=request.endpoint.service,
            track_id=track_id,
            phase="answered",
        )
    raise lost.noting(f"What may have been sent: {_named(asked)}.", transfer_track_ids=tuple(asked))


def listed(
    client: Caller, request: Request[TransferAnswer], *, track_id: str | None = None
) -> tuple[TransferItem, ...]:
    """Ask a list of what was sent.

    :param track_id: the identity that the request asks for; only items of it are believed to be its answer.
    :raises UnreadableAnswer: the list shows others instead: whether the one is in it is not known.
    """
    call_id = uuid4().hex
    items = client.call(request, track_id=call_id).items
    if track_id is None:
        return items
    found = tuple(item for item in items if item.track_id == track_id)
    if items and not found:
        raise exceptions.UnreadableAnswer(
            "the list does not keep to the track id that was asked for, so it does not show whether it is there.",
            provider="paystar",
            service=request.endpoint.service,
            track_id=call_id,
            phase="answered",
        )
    return found


def _matched(asked: list[str], answer: TransferAnswer, also_known_as: Callable[[str], str]) -> tuple[TransferItem, ...]:
    named: defaultdict[str, list[TransferItem]] = defaultdict(list)
    for item in answer.items:
        named[item.track_id].append(item)
    items = []
    for track_id in asked:
        other = also_known_as(track_id)
        names = [track_id] if other in asked else [track_id, other]
        found = [item for name in names for item in named[name]]
        items.append(_believed(found, track_id))
    return tuple(items)


def _believed(found: list[TransferItem], track_id: str) -> TransferItem:
    if len(found) != 1:
        return TransferItem(track_id=track_id, status=UNKNOWN)
    (item,) = found
    # Refused before it was taken up, which may be because an earlier one has this track id, and is on its way.
    refused = item.status == FAILED and item.hashid is None
    return replace(item, track_id=track_id, status=UNKNOWN if refused else item.status)


def _named(track_ids: list[str]) -> str:
    shown = ", ".join(track_ids[:_SHOWN])
    return shown if len(track_ids) <= _SHOWN else f"{shown} and {len(track_ids) - _SHOWN:,} more"
