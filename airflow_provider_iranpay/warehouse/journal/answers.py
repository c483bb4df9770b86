"""What is kept of an answer, sealed together: its bytes, the hash of the request that brought it, and of which call it
was. No row is read or written here.

The call stands in its claim as well. Here it spares a look at that for each answer that is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import compress, repeat
from typing import Any, NamedTuple

from airflow_provider_iranpay.warehouse.journal.keyring import WIRE_BYTES, KeyRing
from airflow_provider_iranpay.warehouse.journal.records import Ask

__all__ = ["Kept", "Recalled", "open_answer", "recalled", "seal_answer"]

_NO_WIRE = bytes(WIRE_BYTES)
_LINE_ENDS = b"\n"
"""Behind the provider and behind the track id; each is a line."""


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
    return seal(ask.questions[0], b"".join((f"{provider}\n{track_id}\n".encode(), wire or _NO_WIRE, content)))


def open_answer(keys: KeyRing, ask: Ask, sealed: bytes, provider: str) -> bytes | None:
    """Open an answer.

    :param provider: who gave it.
    :return: None if today's request to that provider is another one.
    :raises ConfigurationError: it does not open.
    """
    _, _, answer = keys.open_(ask.questions, sealed).split(_LINE_ENDS, 2)
    today, then = ask.wire(provider), answer[:WIRE_BYTES]
    return answer[WIRE_BYTES:] if today is None or then in (today, _NO_WIRE) else None


def recalled(rows: Iterable[tuple[bytes, Any, bytes | None]], keys: KeyRing) -> Recalled:
    """Open the answers that the newest key has sealed.

    :param rows: questions that were asked: of each its hash, and when its answer came and that one, sealed, if it is
        fresh and all that there is to know.
    :raises ConfigurationError: one does not open.
    """
    found, head = Recalled([], []), keys.newest_head
    sealed = []
    for row in rows:
        if row[2] is not None and row[2].startswith(head):
            sealed.append(row)
        else:
            found.others.append(row[0])
    if sealed:
        questions, instants, contents = zip(*sealed, strict=True)
        opened = keys.open_many(questions, contents)
        providers, calls, answers = zip(*map(bytes.split, opened, repeat(_LINE_ENDS), repeat(2)), strict=True)
        columns = (
            questions,
            b"\n".join(calls).decode().split("\n"),
            _aware(instants),
            [answer[:WIRE_BYTES] for answer in answers],
            [answer[WIRE_BYTES:] for answer in answers],
        )
        for provider in sorted(set(providers)):
            of_it = [one == provider for one in providers]
            found.kept.append(Kept(provider.decode(), *(list(compress(column, of_it)) for column in columns)))
    return found


def _aware(instants: Sequence[Any]) -> list[datetime]:
    """Bring instants to UTC; SQLite holds them so, as texts."""
    if isinstance(instants[0], str):
        return list(map(datetime.fromisoformat, instants))
    return [instant.astimezone(UTC) for instant in instants]
