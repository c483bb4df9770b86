"""A server that costs next to nothing: one canned answer to whatever comes, token calls included.

``python -m benchmarks.loopback [SECONDS]`` prints its port and serves until it is terminated, each answer that many
seconds late. ``arrivals`` asks it when requests came. The sandbox is no match for it: its own work would hide the
client's.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
import urllib.request
from array import array
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["BODY", "Answering", "Arrived", "arrivals"]

_BODY_BYTES = 308
_FIELDS = {"matched": True, "accessToken": "benchmark-access", "refreshToken": "benchmark-refresh", "trackId": ""}


def _body() -> bytes:
    missing = _BODY_BYTES - len(json.dumps(_FIELDS))
    return json.dumps(_FIELDS | {"trackId": "0" * missing}).encode()


BODY = _body()
"""What every answer holds: 308 bytes of JSON that both a matching and a token call can be read from."""

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
_ASKED = "/arrivals"
_HEADER_END = b"\r\n\r\n"
_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Arrived(NamedTuple):
    """When requests came.

    :param span: seconds between the first and the last.
    :param busiest: how many came in the busiest second.
    """

    span: float
    busiest: int


def arrivals(url: str) -> Arrived:
    """Ask a server that serves here when requests came since it was asked last."""
    with urllib.request.urlopen(f"{url}{_ASKED}") as answer:  # noqa: S310 - ours
        return Arrived(*json.load(answer))


def _arrived(times: Sequence[float]) -> Arrived:
    most = first = 0
    for last, now in enumerate(times):
        while times[first] <= now - 1:
            first += 1
        most = max(most, last - first + 1)
    return Arrived(times[-1] - times[0] if times else 0.0, most)


class Answering(asyncio.Protocol):
    """One connection. Requests may come in pieces, and several at once; of their headers only the length is read."""

    def __init__(self, times: array[float] | None = None, late_seconds: float = 0.0) -> None:
        self._times = array("d") if times is None else times
        self._late_seconds = late_seconds
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - asyncio's word for a stream
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while (end := _end_of_request(self._unread)) is not None:
            request, self._unread = self._unread, self._unread[end:]
            if request.startswith(b"GET %b " % _ASKED.encode()):
                self._transport.write(_told(_arrived(self._times)))
                del self._times[:]
                continue
            self._times.append(time.monotonic())
            if self._late_seconds:
                asyncio.get_running_loop().call_later(self._late_seconds, self._transport.write, _ANSWER)
            else:
                self._transport.write(_ANSWER)


def _end_of_request(unread: bytes) -> int | None:
    header_end = unread.find(_HEADER_END)
    if header_end < 0:
        return None
    length = _CONTENT_LENGTH.search(unread, 0, header_end)
    end = header_end + len(_HEADER_END) + (int(length[1]) if length else 0)
    return end if len(unread) >= end else None


def _told(arrived: Arrived) -> bytes:
    body = json.dumps(arrived).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


async def _serve(late_seconds: float) -> None:
    times = array("d")
    server = await asyncio.get_running_loop().create_server(lambda: Answering(times, late_seconds), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
