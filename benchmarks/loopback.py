"""A server that costs next to nothing: one canned answer to whatever comes, token calls included.

``python -m benchmarks.loopback`` prints its port and serves until it is terminated. The sandbox is no match for it: its
own work would hide the client's.
"""

from __future__ import annotations

import asyncio
import json
import re

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


class Answering(asyncio.Protocol):
    """One connection. Requests may come in pieces, and several at once; of their headers only the length is read."""

    def __init__(self) -> None:
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - asyncio's word for a stream
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while (end := _end_of_request(self._unread)) is not None:
            self._unread = self._unread[end:]
            self._transport.write(_ANSWER)


def _end_of_request(unread: bytes) -> int | None:
    header_end = unread.find(_HEADER_END)
    if header_end < 0:
        return None
    length = _CONTENT_LENGTH.search(unread, 0, header_end)
    end = header_end + len(_HEADER_END) + (int(length[1]) if length else 0)
    return end if len(unread) >= end else None


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
