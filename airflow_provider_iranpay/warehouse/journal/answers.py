"""What is kept of an answer: its bytes and the hash of the request that brought it, sealed together. No row is here."""

from __future__ import annotations

from collections.abc import Callable

from airflow_provider_iranpay.warehouse.journal.keyring import WIRE_BYTES, KeyRing
from airflow_provider_iranpay.warehouse.journal.records import Ask

__all__ = ["open_answer", "seal_answer"]

_NO_WIRE = bytes(WIRE_BYTES)


def seal_answer(seal: Callable[[bytes, bytes], bytes], ask: Ask, content: bytes, wire: bytes | None) -> bytes:
    """Seal an answer beside its question.

    :param seal: of the newest key.
    """
    return seal(ask.questions[0], (wire or _NO_WIRE) + content)


def open_answer(keys: KeyRing, ask: Ask, sealed: bytes, provider: str) -> bytes | None:
    """Open an answer.

    :param provider: who gave it.
    :return: None if today's request to that provider is another one.
    :raises ConfigurationError: it does not open.
    """
    opened = keys.open_(ask.questions, sealed)
    today, then = ask.wire(provider), opened[:WIRE_BYTES]
    return opened[WIRE_BYTES:] if today is None or then in (today, _NO_WIRE) else None
