"""HTTP/1.1 over asyncio and h11: bytes in, bytes out, and every way in which bytes can fail to arrive.

Nothing here knows what is asked or answered: a handler turns a request into a reply, and the reply says how it is sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
import struct
import traceback
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

import h11

from airflow_provider_iranpay.sandbox.messages import Answer, Reply, Request, Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    Handler = Callable[[Request], Reply]

__all__ = ["Listener"]

log = logging.getLogger(__name__)

_SLASHES = re.compile("//+")
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_BACKLOG = 1024
_RETRY_SECONDS = 1.0
_NOT_WRITABLE = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Listener:
    """Listens on one port and serves every connection with one handler.

    All methods belong to the thread of the event loop.

    :param handler: called once per complete request; it must not block.
    """

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.connections: set[_Connection] = set()
        self.refusing = False
        self._server: asyncio.Server | None = None
        self._address: tuple[str, int] = ("", 0)
        self._reopening: asyncio.Task[None] | None = None
        self._reopen_now = asyncio.Event()

    async def open(self, host: str, port: int) -> int:
        """Listens; port 0 takes any free one.

        :returns: the port.
        :raises OSError: the address cannot be had.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._address = (host, port)
        holder = self._bind(family)
        self._address = (host, holder.getsockname()[1])
        await self._listen(holder)
        return self._address[1]

    def refuse(self, seconds: float) -> None:
        """Refuses new connections for ``seconds``, and closes all that are not in the middle of an exchange."""
        if self._server is None or self.refusing:
            return
        family = self._server.sockets[0].family
        self._server.close()
        self.refusing = True
        # Bound but not listening: connections are refused. Its predecessor's connections need the option for the bind
        # to succeed; without the option from then on, nobody else can take the port meanwhile.
        holder = self._bind(family)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        self._reopen_now.clear()
        for connection in list(self.connections):
            connection.close_if_idle()
        self._reopening = asyncio.get_running_loop().create_task(self._reopen(holder, seconds))

    async def reopen(self) -> None:
        """Ends a refusal before its time."""
        self._reopen_now.set()
        if self._reopening is not None:
            await asyncio.wait([self._reopening], timeout=_RETRY_SECONDS)

    async def close(self) -> None:
        """Stops listening and drops every connection."""
        if self._reopening is not None:
            self._reopening.cancel()
            await asyncio.gather(self._reopening, return_exceptions=True)
            self.refusing = False
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.abort()

    async def _reopen(self, holder: socket.socket, seconds: float) -> None:
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._reopen_now.wait(), seconds)
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            await self._listen_at_last(holder)
        except asyncio.CancelledError:
            holder.close()
            raise
        self.refusing = False

    async def _listen_at_last(self, holder: socket.socket) -> None:
        said = False
        while True:
            try:
                await self._listen(holder)
                return
            except OSError as wrong:
                if not said:
                    log.error("Cannot listen on port %s again, trying on: %s", self._address[1], wrong.strerror)
                said = True
                await asyncio.sleep(_RETRY_SECONDS)

    async def _listen(self, holder: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), sock=holder, backlog=_BACKLOG)

    def _bind(self, family: int) -> socket.socket:
        holder = socket.socket(family, socket.SOCK_STREAM)
        try:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            holder.bind(self._address)
        except OSError:
            holder.close()
            raise
        return holder


class _Connection(asyncio.Protocol):
    """One client connection: one request at a time, in the order they come."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._http = h11.Connection(h11.SERVER)
        self._head: h11.Request | None = None
        self._body: list[bytes] = []
        self._served = 0
        self._answering = False
        self._client_ip = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  asyncio's word for a stream
        self._transport = transport
        self._client_ip = transport.get_extra_info("peername")[0]
        self._listener.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._listener.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        if not data.isascii() and self._http.their_state is h11.IDLE and b"\n" not in self._http.trailing_data[0]:
            data = _escaped(data)
        self._http.receive_data(data)
        self._advance()

    def eof_received(self) -> bool:
        """Keeps a half-closed connection while its last request is being answered."""
        self._http.receive_data(b"")
        return self._answering

    def close_if_idle(self) -> None:
        """Closes in order, unless a request is being read or answered."""
        if self._head is None:
            self._transport.close()

    def abort(self) -> None:
        """Drops the connection and whatever was still to be sent."""
        self._transport.abort()

    def _advance(self) -> None:
        try:
            self._read()
        except h11.RemoteProtocolError as wrong:
            self._reject(wrong.error_status_hint)

    def _read(self) -> None:
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                if self._http.they_are_waiting_for_100_continue:
                    go_on = self._http.send(h11.InformationalResponse(status_code=100, headers=[]))
                    self._transport.write(go_on or b"")
                return
            if event is h11.PAUSED:
                return
            if isinstance(event, h11.Request):
                self._head = event
            elif isinstance(event, h11.Data):
                self._body.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                self._handle()
            else:
                self._transport.close()
                return

    def _handle(self) -> None:
        head = self._head
        if head is None:
            return
        self._served += 1
        request = _request(head, body=b"".join(self._body), client_ip=self._client_ip, number=self._served)
        self._body.clear()
        reply = self._reply_to(request)
        self._answering = reply.wire is not Wire.HANG
        if reply.delay_seconds > 0:
            self._loop.call_later(reply.delay_seconds, self._deliver_late, reply)
        else:
            self._deliver(reply)

    def _reply_to(self, request: Request) -> Reply:
        try:
            return self._listener.handler(request)
        except Exception as error:  # noqa: BLE001  the server outlives a fault of its own
            # The message of an error may quote what was asked, so only its kind and its place are logged.
            place = traceback.extract_tb(error.__traceback__)[-1]
            log.error("%s at %s:%s on %s", type(error).__name__, place.filename, place.lineno, request.path)
            return Reply(Answer(500, b""))

    def _deliver_late(self, reply: Reply) -> None:
        if not self._transport.is_closing():
            self._deliver(reply)
            self._advance()

    def _deliver(self, reply: Reply) -> None:
        match reply.wire:
            case Wire.PLAIN:
                self._transport.write(self._encode(reply.answer))
                self._finish()
            case Wire.HANG:
                pass
            case Wire.CLOSE:
                self._transport.close()
            case Wire.RESET:
                self._reset()
            case Wire.CUT_HEADER | Wire.CUT_BODY:
                self._transport.write(_cut(self._encode(reply.answer), reply.wire))
                self._transport.close()
            case Wire.SLOW:
                self._trickle(self._encode(reply.answer), reply.pace_seconds)

    def _finish(self) -> None:
        self._head = None
        self._answering = False
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        else:
            self._transport.close()

    def _trickle(self, left: bytes, pace_seconds: float) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(left[:1])
        if len(left) > 1:
            self._loop.call_later(pace_seconds, self._trickle, left[1:], pace_seconds)
        else:
            self._finish()
            self._advance()

    def _reset(self) -> None:
        # Lingering for zero seconds turns the close into an RST.
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._transport.abort()

    def _reject(self, status: int) -> None:
        if self._http.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            self._transport.write(self._encode(Answer(status, b"")))
        self._transport.close()

    def _encode(self, answer: Answer) -> bytes:
        try:
            return self._written(answer)
        except h11.LocalProtocolError as wrong:
            log.error("An answer with status %s that HTTP cannot carry: %s", answer.status, wrong)
            return _NOT_WRITABLE

    def _written(self, answer: Answer) -> bytes:
        # Back to the very bytes that were read: a header that is echoed may hold any of them.
        headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in answer.headers]
        headers.append((b"Content-Length", b"%d" % len(answer.body)))
        if self._listener.refusing:
            headers.append((b"Connection", b"close"))
        bodiless = self._head is not None and self._head.method == b"HEAD"
        http = self._http
        parts = (
            http.send(h11.Response(status_code=answer.status, headers=headers)),
            http.send(h11.Data(data=b"" if bodiless else answer.body)),
            http.send(h11.EndOfMessage()),
        )
        return b"".join(part for part in parts if part)


def _request(head: h11.Request, *, body: bytes, client_ip: str, number: int) -> Request:
    path, _, query = head.target.decode("ascii").partition("?")
    return Request(
        method=head.method.decode("ascii"),
        path=unquote(_SLASHES.sub("/", path)),
        query=dict(parse_qsl(query, keep_blank_values=True)),
        headers={name.decode("ascii"): value.decode("latin-1") for name, value in head.headers},
        body=body,
        client_ip=client_ip,
        number=number,
    )


def _escaped(data: bytes) -> bytes:
    """``data`` with the request line that it begins with in ASCII: some clients send the UTF-8 of a query as it is."""
    line, end, rest = data.partition(b"\n")
    return _NOT_ASCII.sub(lambda byte: b"%%%02X" % ord(byte[0]), line) + end + rest


def _cut(whole: bytes, wire: Wire) -> bytes:
    header = whole.index(b"\r\n\r\n") + 4
    return whole[: header // 2] if wire is Wire.CUT_HEADER else whole[: (header + len(whole)) // 2]
