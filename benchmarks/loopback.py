"""A server that costs next to nothing: one canned answer to whatever comes, token calls included.

``python -m benchmarks.loopback [SECONDS]`` prints its port and serves until it is terminated, each answer that many
seconds late. ``GET /busiest`` says how many requests came in the busiest second so far, ``GET /span`` how many seconds
lie between the first and the last of them; both begin anew then. The sandbox is no match for it:
its own work would hide the client's.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from array import array

__all__ = ["BODY", "Answering"]

_BODY_BYTES = 308
_FIELDS = {"matched": True, "accessToken": "benchmark-access", "refreshToken": "benchmark-refresh", "trackId": ""}


def _body() -> bytes:
    missing = _BODY_BYTES - len(json.dumps(_FIELDS))
    return json.dumps(_FIELDS | {"trackId": "0" * missing}).encode()


BODY = _body()
"""What every answer holds: 308 bytes of JSON that both a matching and a token call can be read from."""

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
_HEADER_END = b"\r\n\r\n"
_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Arrivals:
    """When requests came, in seconds."""

    def __init__(self) -> None:
        self._times = array("d")

    def add(self) -> None:
        """Note one."""
        self._times.append(time.monotonic())

    def span(self) -> float:
        """Tell the seconds from the first to the last, and begin anew."""
        times, self._times = self._times, array("d")
        return times[-1] - times[0] if times else 0.0

    def busiest(self) -> int:
        """Count those of the busiest second, and begin anew."""
        times, self._times = self._times, array("d")
        most = first = 0
        for last, now in enumerate(times):
            while times[first] <= now - 1:
                first += 1
            most = max(most, last - first + 1)
        return most


class Answering(asyncio.Protocol):
    """One connection. Requests may come in pieces, and several at once; of their headers only the length is read."""

    def __init__(self, arrivals: Arrivals | None = None, late_seconds: float = 0.0) -> None:
        self._arrivals = arrivals or Arrivals()
        self._late_seconds = late_seconds
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - asyncio's word for a stream
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while (end := _end_of_request(self._unread)) is not None:
            request, self._unread = self._unread, self._unread[end:]
            if request.startswith(b"GET /busiest "):
                self._transport.write(_told(self._arrivals.busiest()))
                continue
            if request.startswith(b"GET /span "):
                self._transport.write(_told(self._arrivals.span()))
                continue
            self._arrivals.add()
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


def _told(figure: float) -> bytes:
    body = str(figure).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


async def _serve(late_seconds: float) -> None:
    arrivals = Arrivals()
    server = await asyncio.get_running_loop().create_server(lambda: Answering(arrivals, late_seconds), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
