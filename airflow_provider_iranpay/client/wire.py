"""One exchange on the wire with requests: exactly one request at the most, its phase proven, its time and body bounded.

Here is everything that keeps the HTTP library from doing more than it was told: no retry, no redirect, no netrc, no
proxy from the environment, no cookies, no URL in a debug log, no connection shared with a forked child.
"""

from __future__ import annotations

import http.client
import io
import logging
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, ClassVar, Final
from weakref import WeakSet

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from airflow_provider_iranpay.client.message import HEADERS, LARGEST_BODY, TOO_LARGE, TOO_SLOW, Message
from airflow_provider_iranpay.client.network import Network
from airflow_provider_iranpay.client.phase import Broken, Phase, Received

__all__ = ["Wire"]

_CHUNK: Final = 2**16


class Wire:
    """Reaches one provider. Thread-safe; connections are kept and used again.

    It uses the adapter of requests without a session: that one reads redirects even when told not to follow them, takes
    passwords from netrc and proxies from the environment, and keeps cookies.
    """

    _living: ClassVar[WeakSet[Wire]] = WeakSet()

    def __init__(self, network: Network) -> None:
        self._network = network
        self._proxies = {"http": network.proxy, "https": network.proxy} if network.proxy else {}
        self._open()
        self._living.add(self)

    def exchange(self, message: Message) -> Received | Broken:
        """Send one request and read its answer whole, within ``connect_timeout + read_timeout``.

        :returns: ``Broken`` for whatever goes wrong: no library's text (they hold URLs) outlives this method, and
            nothing that is raised in it could be mistaken for "not sent".
        """
        network = self._network
        watch = _Watch(network.connect_timeout + network.read_timeout)
        handled = sys.exception()
        try:
            own = dict(line.split(": ", 1) for line in message.headers)
            prepared = requests.Request(
                message.method, message.url, headers={**HEADERS, **own}, data=message.body
            ).prepare()
            with watch:
                response = self._adapter.send(
                    prepared,
                    stream=True,
                    timeout=(network.connect_timeout, network.read_timeout),
                    verify=network.ca_bundle or True,
                    proxies=self._proxies,
                )
                with response:
                    body = _read_body(response)
        except Exception as error:  # noqa: BLE001 - see above
            in_time = watch.left() > 0
            return Broken(watch.phase, _reason(error, handled) if in_time else TOO_SLOW)
        headers = response.headers
        return Received(
            response.status_code,
            body,
            datetime.now(UTC),
            retry_after=headers.get("Retry-After"),
            track_id=headers.get("X-TRACK-ID"),
        )

    def close(self) -> None:
        """Close the connections."""
        self._adapter.close()

    def _open(self) -> None:
        self._adapter = _OnceAdapter(max_retries=0, pool_connections=1, pool_maxsize=16)

    @classmethod
    def after_fork(cls) -> None:
        """Leave the connections to the parent: on a shared one, the two would read each other's answers."""
        for wire in cls._living:
            wire._open()  # noqa: SLF001 - its own class


os.register_at_fork(after_in_child=Wire.after_fork)


class _BodyRefused(Exception):
    """The body is too large."""


def _read_body(response: requests.Response) -> bytes:
    body = bytearray()
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > LARGEST_BODY:
            raise _BodyRefused(TOO_LARGE)
    return bytes(body)


def _reason(error: Exception, handled: BaseException | None) -> str:
    """Say what happened without data of the call: a kind, and the operating system's or TLS's own words at the most.

    :param handled: what the caller was handling when the exchange began; it is no part of the story.
    """
    if isinstance(error, _BodyRefused):
        return str(error)
    root = list(_chain(error, handled))[-1]
    detail = root.strerror if isinstance(root, OSError) and root.strerror else type(root).__name__
    return f"{_PLAIN.get(type(error), 'the exchange failed')} ({detail})"


_PLAIN: Final[dict[type[Exception], str]] = {
    requests.ConnectTimeout: "the connection timed out",
    requests.ReadTimeout: "no answer came in time",
    requests.exceptions.SSLError: "TLS failed",
    requests.exceptions.ProxyError: "the proxy failed",
    requests.ConnectionError: "the connection failed",
    urllib3.exceptions.ReadTimeoutError: "the answer stopped in its middle",
    urllib3.exceptions.ProtocolError: "the answer was cut off",
    urllib3.exceptions.IncompleteRead: "the answer was cut off",
}


def _chain(error: BaseException, handled: BaseException | None) -> Iterator[BaseException]:
    seen = {id(handled)}
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__


class _Watch:
    """Watches one exchange: whether any byte may have left, and how much of its time is over.

    The library counts its time-outs from byte to byte, so an answer that drips would never end; the reader of each
    answer asks here how long it may still wait.
    """

    def __init__(self, seconds: float) -> None:
        self.phase = Phase.NOT_SENT
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that the exchange may still take; 0 or less when it has to end."""
        return self._ends - time.monotonic()

    def __enter__(self) -> None:
        self._mark = _watch.set(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _watch.reset(self._mark)


_watch: ContextVar[_Watch | None] = ContextVar("iranpay_exchange", default=None)


class _TimedReader(io.RawIOBase):
    """Reads an answer's bytes from its socket, and never waits longer than the exchange has left."""

    def __init__(self, raw: io.RawIOBase, connected: socket.socket, watch: _Watch) -> None:
        self._raw = raw
        self._socket = connected
        self._watch = watch
        self._longest = connected.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._watch.left()
        if left <= 0:
            raise TimeoutError("the exchange has taken too long")
        self._socket.settimeout(left if self._longest is None else min(left, self._longest))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    """http.client's response, a proxy's answer to CONNECT included, over a reader that keeps to the exchange's time."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        watch = _watch.get()
        if watch is not None:
            self.fp = io.BufferedReader(_TimedReader(self.fp.detach(), sock, watch))


class _Exact(HTTPConnection):
    """A connection that tells its watch when a byte of the request can leave, and that takes no answer for another's.

    DNS, TCP, a proxy's CONNECT and the TLS handshake all happen inside ``connect``: as long as it has not returned, and
    the connection is not a used one, the request is not on the wire.
    """

    debuglevel = 0  # http.client prints requests where another library has set it
    response_class = _TimedResponse

    def connect(self) -> None:
        """Connect, and say so once it is done."""
        super().connect()
        self._may_send()

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send the request; on a connection that is open already, from here on nothing proves "not sent"."""
        if self.sock is not None:
            self._may_send()
        super().request(*args, **kwargs)

    @staticmethod
    def _may_send() -> None:
        watch = _watch.get()
        if watch is not None:
            watch.phase = Phase.MAYBE_SENT

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]
        """Refuse an interim answer (103 and the like): the library takes it for the final one and keeps the connection.

        The real answer would then be read as that of the next question.
        """
        response = super().getresponse()
        if response.status < 200:
            self.close()
            raise urllib3.exceptions.ProtocolError("an interim answer")
        return response


class _ExactTLS(_Exact, HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Exact


class _TLSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _ExactTLS


class _OnceAdapter(HTTPAdapter):
    """requests' adapter over pools of exact connections."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> urllib3.ProxyManager:
        manager: urllib3.ProxyManager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}
        return manager


def _not_ours(_: logging.LogRecord) -> bool:
    """Drop a library's log record of our own exchanges: urllib3 writes the whole URL at DEBUG level."""
    return _watch.get() is None


for _library in ("urllib3.connectionpool", "urllib3.util.retry", "urllib3.poolmanager", "urllib3.connection"):
    logging.getLogger(_library).addFilter(_not_ours)
