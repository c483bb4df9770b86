"""What passes between the socket and the providers: a request, an answer, and how the answer is put on the wire.

No I/O lives here and nothing of any provider.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

__all__ = ["HTML", "Answer", "Reply", "Request", "Wire", "json_answer"]

HTML = ("Content-Type", "text/html; charset=UTF-8")
_JSON = ("Content-Type", "application/json;charset=UTF-8")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Request:
    """One complete HTTP request.

    :param path: percent-decoded, duplicate slashes collapsed, without the query.
    :param query: decoded parameters, ``+`` read as a space; of a repeated name the last value.
    :param headers: by lower-case name.
    :param client_ip: where the connection comes from.
    :param number: which request of its connection this is, from 1.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    client_ip: str
    number: int


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP response; ``Content-Length`` and ``Connection`` are the transport's business."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class Wire(Enum):
    """How an answer reaches the client, or does not."""

    PLAIN = auto()
    CLOSE = auto()
    """No byte; the connection is closed in order (FIN)."""
    RESET = auto()
    """No byte; the connection is reset (RST)."""
    CUT_HEADER = auto()
    """Half of the header block, then closed."""
    CUT_BODY = auto()
    """The full ``Content-Length`` announced, half of the body sent, then closed."""
    SLOW = auto()
    """One byte per interval."""
    HANG = auto()
    """Nothing, ever; the connection stays open."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with its delivery.

    :param delay_seconds: wait before the first byte.
    :param pace_seconds: interval between two bytes of a :attr:`Wire.SLOW` answer.
    """

    answer: Answer
    wire: Wire = Wire.PLAIN
    delay_seconds: float = 0.0
    pace_seconds: float = 0.0


def json_answer(status: int, body: Any, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """An answer whose body is ``body`` as compact UTF-8 JSON; half a surrogate pair stays a JSON escape."""
    return Answer(status, _encode(body).encode(errors="backslashreplace"), (_JSON, *headers))
