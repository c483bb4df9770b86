"""What is kept of an answer, sealed together: its bytes, the hash of the request that brought it, and of which call it
was. No row is read or written here.

The call stands in its claim as well. Here it spares a look at that for each answer that is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import compress
from operator import not_
from typing import Any, NamedTuple

import msgspec

from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing
from airflow_provider_iranpay.warehouse.journal.records import Ask

__all__ = ["Kept", "Recalled", "only", "open_answer", "recalled", "seal_answer"]

_write = msgspec.msgpack.Encoder().encode
_read = msgspec.msgpack.Decoder(tuple[str, str, bytes, bytes]).decode
"""Provider, track id, hash of the request (empty if there is none), content."""


class Kept(NamedTuple):
    """Fresh answers of one provider, column by column, as there are millions.

    :param questions: the hashes of what was asked.
    :param answered_at: aware.
    :param wires: hashes of the requests that brought them: none is an answer to a request that is another one today.
    :param contents: status and body.
    """

    provider: str
    questions: Sequence[bytes]
    track_ids: Sequence[str]
    answered_at: Sequence[datetime]
    wires: Sequence[bytes]
    contents: Sequence[bytes]

    def __repr__(self) -> str:
        return f"Kept({self.provider}, {len(self.questions)} answers)"


class Recalled(NamedTuple):
    """What the journal has of questions that were ever asked.

    :param kept: those whose answer is all that there is to know.
    :param others: the hashes of all others.
    """

    kept: list[Kept]
    others: list[bytes]

    def __repr__(self) -> str:
        return f"Recalled({self.kept}, {len(self.others)} others)"


def seal_answer(
    seal: Callable[[bytes, bytes], bytes], ask: Ask, content: bytes, wire: bytes | None, provider: str, track_id: str
) -> bytes:
    """Seal an answer beside its question.

    :param seal: of the newest key.
    :param wire: hash of the request that brought it; None if later requests are not to be compared with it.
    """
    return seal(ask.questions[0], _write((provider, track_id, wire or b"", content)))


def open_answer(keys: KeyRing, ask: Ask, sealed: bytes, provider: str) -> bytes | None:
    """Open an answer.

    :param provider: who gave it.
    :return: None if today's request to that provider is another one.
    :raises ConfigurationError: it does not open.
    """
    _, _, then, content = _read(keys.open_(ask.questions, sealed))
    today = ask.wire(provider)
    return content if today is None or then in (today, b"") else None


def recalled(rows: Iterable[tuple[bytes, Any, bytes | None]], keys: KeyRing, since: datetime) -> Recalled:
    """Open the fresh answers that the newest key has sealed.

    :param rows: questions that were asked: of each its hash, and when its answer came and that one, sealed, if it is
        all that there is to know.
    :raises ConfigurationError: one does not open.
    """
    found, sealed = Recalled([], []), []
    for row in rows:
        if row[2] is None:
            found.others.append(row[0])
        else:
            sealed.append(row)
    if not sealed:
        return found
    questions: Sequence[bytes]
    contents: Sequence[bytes]
    questions, instants, contents = zip(*sealed, strict=True)
    answered_at: Sequence[datetime] = _aware(instants)
    if min(answered_at) < since:
        is_fresh = [at >= since for at in answered_at]
        found.others.extend(compress(questions, map(not_, is_fresh)))
        questions, answered_at, contents = only(is_fresh, questions, answered_at, contents)
    opened = keys.open_many(questions, contents)
    if not all(opened):
        is_open = list(map(bool, opened))
        found.others.extend(compress(questions, map(not_, is_open)))
        questions, answered_at, opened = only(is_open, questions, answered_at, opened)
    if opened:
        providers, track_ids, wires, bodies = zip(*map(_read, opened), strict=True)
        found.kept.extend(_of_each(providers, questions, track_ids, answered_at, wires, bodies))
    return found


def only(which: Sequence[bool], *columns: Sequence[Any]) -> tuple[Sequence[Any], ...]:
    """Take some rows of columns; columns as they are where that is all of them."""
    return columns if all(which) else tuple([list(compress(column, which)) for column in columns])


def _of_each(providers: Sequence[str], *columns: Sequence[Any]) -> Iterator[Kept]:
    for name in sorted(set(providers)):
        yield Kept(name, *only([provider == name for provider in providers], *columns))


def _aware(instants: Sequence[Any]) -> list[datetime]:
    """Bring instants to UTC; SQLite holds them so, as texts."""
    if isinstance(instants[0], str):
        return list(map(datetime.fromisoformat, instants))
    return [instant.astimezone(UTC) for instant in instants]
