"""One exchange on the wire with requests: exactly one request at the most, its phase proven, its time and body bounded.

Here is everything that keeps the HTTP library from doing more than it was told: no retry, no redirect, no netrc, no
proxy from the environment, no cookies, no URL in a debug log, no connection shared with a forked child.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final
from weakref import WeakSet

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from airflow_provider_iranpay.client.network import USER_AGENT, Network
from airflow_provider_iranpay.client.phase import Broken, Phase, Received

__all__ = ["exchange", "open_session"]

LARGEST_BODY: Final = 16 * 2**20
_CHUNK: Final = 2**16
_GRACE: Final = 0.2  # seconds in which the library's own time-out, whose message says more, may come first

_sessions: WeakSet[requests.Session] = WeakSet()


def open_session(network: Network) -> requests.Session:
    """Make a session that does what it is told and no more."""
    session = requests.Session()
    session.trust_env = False
    session.proxies = {"http": network.proxy, "https": network.proxy} if network.proxy else {}
    session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json"})
    _mount(session)
    _sessions.add(session)
    return session


def _mount(session: requests.Session) -> None:
    for scheme in ("http://", "https://"):
        session.mount(scheme, _OnceAdapter(max_retries=0, pool_connections=1, pool_maxsize=16))


def _leave_connections_to_the_parent() -> None:
    """Start anew after a fork: on a shared connection, parent and child would read each other's answers."""
    for session in _sessions:
        _mount(session)


os.register_at_fork(after_in_child=_leave_connections_to_the_parent)


def exchange(session: requests.Session, request: requests.Request, network: Network) -> Received | Broken:
    """Send one request and read its answer whole, within ``connect_timeout + read_timeout``.

    :returns: ``Broken`` for whatever goes wrong: no library's text (they hold URLs) outlives this function, and nothing
        that is raised here could be mistaken for "not sent".
    """
    watch = _Watch(network.connect_timeout + network.read_timeout + _GRACE)
    handled = sys.exception()
    try:
        prepared = session.prepare_request(request)
        with watch:
            # The adapter rather than the session: the latter reads redirects, even those that it does not follow.
            response = session.get_adapter(prepared.url or "").send(
                prepared,
                stream=True,
                timeout=(network.connect_timeout, network.read_timeout),
                verify=network.ca_bundle or True,
                proxies=dict(session.proxies),
            )
            with response:
                body = _read_body(response)
    except Exception as error:  # noqa: BLE001 - see above
        return Broken(watch.phase, "the answer came too slowly" if watch.over else _reason(error, handled))
    if watch.over:
        return Broken(watch.phase, "the answer came too slowly")
    headers = response.headers
    return Received(
        response.status_code,
        body,
        datetime.now(UTC),
        retry_after=headers.get("Retry-After"),
        track_id=headers.get("X-TRACK-ID"),
    )


class _BodyRefused(Exception):
    """The body is too large."""


def _read_body(response: requests.Response) -> bytes:
    body = bytearray()
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > LARGEST_BODY:
            raise _BodyRefused(f"the answer is larger than {LARGEST_BODY // 2**20} MiB")
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
    """Watches one exchange: whether any byte may have left, and whether its time is over.

    The library counts its time-outs from byte to byte; when the time of the whole exchange is over, the watch hangs up.
    """

    def __init__(self, seconds: float) -> None:
        self.phase = Phase.NOT_SENT
        self.over = False
        self.connection: _Exact | None = None
        self._timer = threading.Timer(seconds, self._hang_up)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()  # before anything is sent: where no thread can be had, nothing is
        self._mark = _watch.set(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        _watch.reset(self._mark)

    def _hang_up(self) -> None:
        self.over = True
        connected = self.connection.sock if self.connection is not None else None
        if connected is not None:
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)


_watch: ContextVar[_Watch | None] = ContextVar("iranpay_exchange", default=None)


class _Exact(HTTPConnection):
    """A connection that tells its watch when a byte of the request can leave, and that takes no answer for another's.

    DNS, TCP, a proxy's CONNECT and the TLS handshake all happen inside ``connect``: as long as it has not returned, and
    the connection is not a used one, the request is not on the wire.
    """

    debuglevel = 0  # http.client prints requests where another library has set it

    def connect(self) -> None:
        """Connect, and say so once it is done."""
        watch = _watch.get()
        if watch is not None:
            watch.connection = self
        super().connect()
        if watch is not None:
            watch.phase = Phase.MAYBE_SENT

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send the request; on a connection that is open already, from here on nothing proves "not sent"."""
        watch = _watch.get()
        if watch is not None:
            watch.connection = self
            if self.sock is not None:
                watch.phase = Phase.MAYBE_SENT
        super().request(*args, **kwargs)

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
    """requests' adapter over pools of exact connections; it keeps no cookies, which are the session's affair."""

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
