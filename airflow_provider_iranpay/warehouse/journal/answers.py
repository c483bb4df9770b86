"""What is kept of an answer, sealed together: its bytes, the hash of the request that brought it, and of which call it
was. No row is read or written here.

The call stands in its claim as well. Here it spares a look at that for each answer that is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from airflow_provider_iranpay.warehouse.journal.keyring import WIRE_BYTES, KeyRing
from airflow_provider_iranpay.warehouse.journal.records import Ask

__all__ = ["Kept", "Recalled", "open_answer", "recalled", "seal_answer"]

_NO_WIRE = bytes(WIRE_BYTES)
_CALL_ENDS = b"\n"
"""Behind provider and track id; neither is more than a line."""

Kept = tuple[bytes, str, str, datetime, bytes, bytes]
"""A fresh answer: the hash of what was asked, the provider, the track id, when it came, the hash of the request that
brought it, and its content. It is none to today's request, if that is another one. A tuple, as there are millions."""


class Recalled(NamedTuple):
    """What the journal has of questions that were ever asked.

    :param kept: those whose answer is all that there is to know.
    :param others: the hashes of all others.
    """

    kept: list[Kept]
    others: list[bytes]

    def __repr__(self) -> str:
        return f"Recalled({len(self.kept)} kept, {len(self.others)} others)"


def seal_answer(
    seal: Callable[[bytes, bytes], bytes], ask: Ask, content: bytes, wire: bytes | None, provider: str, track_id: str
) -> bytes:
    """Seal an answer beside its question.

    :param seal: of the newest key.
    :param wire: hash of the request that brought it; None if later requests are not to be compared with it.
    """
    call = f"{provider} {track_id}".encode()
    return seal(ask.questions[0], b"".join((wire or _NO_WIRE, call, _CALL_ENDS, content)))


def open_answer(keys: KeyRing, ask: Ask, sealed: bytes, provider: str) -> bytes | None:
    """Open an answer.

    :param provider: who gave it.
    :return: None if today's request to that provider is another one.
    :raises ConfigurationError: it does not open.
    """
    opened = keys.open_(ask.questions, sealed)
    today, then = ask.wire(provider), opened[:WIRE_BYTES]
    if today is None or then in (today, _NO_WIRE):
        return opened[opened.index(_CALL_ENDS, WIRE_BYTES) + 1 :]
    return None


def recalled(rows: Iterable[tuple[bytes, Any, bytes | None]], keys: KeyRing, since: datetime) -> Recalled:
    """Open the fresh answers that the newest key has sealed.

    :param rows: questions that were asked: of each its hash, and when its answer came and that one, sealed, if it is
        all that there is to know.
    :raises ConfigurationError: one does not open.
    """
    found = Recalled([], [])
    keep, leave = found.kept.append, found.others.append
    open_ = keys.opener()
    for question, at, sealed in rows:
        if sealed is not None:
            answered_at = datetime.fromisoformat(at) if isinstance(at, str) else at.astimezone(UTC)
            opened = open_(question, sealed) if answered_at >= since else None
            if opened is not None:
                end = opened.index(_CALL_ENDS, WIRE_BYTES)
                provider, track_id = opened[WIRE_BYTES:end].decode().split(" ", 1)
                keep((question, provider, track_id, answered_at, opened[:WIRE_BYTES], opened[end + 1 :]))
                continue
        leave(question)
    return found
