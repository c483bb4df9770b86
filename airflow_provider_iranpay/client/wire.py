"""One exchange on the wire with requests: exactly one request at the most, its phase proven, its body bounded.

Here is everything that keeps the HTTP library from doing more than it was told: no retry, no redirect, no netrc, no
proxy from the environment, no cookies, no URL in a debug log.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final

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


def open_session(network: Network, *, pool_size: int = 16) -> requests.Session:
    """Make a session that does what it is told and no more."""
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.verify = network.ca_bundle or True
    session.proxies = {"http": network.proxy, "https": network.proxy} if network.proxy else {}
    session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json"})
    for scheme in ("http://", "https://"):
        session.mount(scheme, _OnceAdapter(max_retries=0, pool_connections=1, pool_maxsize=pool_size))
    return session


def exchange(session: requests.Session, request: requests.Request, network: Network) -> Received | Broken:
    """Send one request and read its answer whole.

    :returns: ``Broken`` instead of an exception, so that no library's text (they hold URLs) outlives this function.
    """
    timeout = (network.connect_timeout, network.read_timeout)
    with _quiet_libraries():
        try:
            response = session.send(
                session.prepare_request(request),
                stream=True,
                allow_redirects=False,
                timeout=timeout,
                verify=session.verify,
                proxies=dict(session.proxies),
            )
            with response:
                body = _read_body(response, deadline=time.monotonic() + network.read_timeout)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, _BodyRefused) as error:
            return _broken(error)
    return Received(response.status_code, body, datetime.now(UTC), response.headers.get("Retry-After"))


class _BodyRefused(Exception):
    """The body is too large or too slow."""


def _read_body(response: requests.Response, *, deadline: float) -> bytes:
    body = bytearray()
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > LARGEST_BODY:
            raise _BodyRefused(f"the answer is larger than {LARGEST_BODY // 2**20} MiB")
        if time.monotonic() > deadline:
            raise _BodyRefused("the answer came too slowly")
    return bytes(body)


def _broken(error: Exception) -> Broken:
    """Turn a library's exception into a phase and a reason without data of the call."""
    chain = list(_chain(error))
    phase = Phase.NOT_SENT if any(getattr(link, _NOT_SENT, False) for link in chain) else Phase.MAYBE_SENT
    root = chain[-1]
    detail = root.strerror if isinstance(root, OSError) and root.strerror else None
    if isinstance(error, _BodyRefused):
        return Broken(phase, str(error))
    return Broken(phase, f"{_PLAIN.get(type(error), 'no answer')} ({detail or type(root).__name__})")


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


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__


_NOT_SENT: Final = "iranpay_not_sent"


class _Exact(HTTPConnection):
    """A connection that proves "not sent", and whose header comes in time as a whole."""

    def connect(self) -> None:
        """Mark every error of connecting: until this has returned, no byte of the request is on the wire.

        DNS, TCP, a proxy's CONNECT and the TLS handshake all happen inside it.
        """
        try:
            super().connect()
        except Exception as error:
            setattr(error, _NOT_SENT, True)
            raise

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]
        """Hang up when the header takes longer than the read timeout, which the library counts from byte to byte."""
        hang_up = threading.Timer(float(self.timeout or 0) + _GRACE, self._hang_up, (self.sock,))
        hang_up.daemon = True
        hang_up.start()
        try:
            return super().getresponse()
        finally:
            hang_up.cancel()

    @staticmethod
    def _hang_up(connected: socket.socket) -> None:
        with suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)


class _ExactTLS(_Exact, HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Exact


class _TLSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _ExactTLS


class _OnceAdapter(HTTPAdapter):
    """requests' adapter over pools whose connections mark errors of connecting."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> urllib3.ProxyManager:
        manager: urllib3.ProxyManager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}
        return manager


_ours: ContextVar[bool] = ContextVar("iranpay_exchange", default=False)


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    mark = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(mark)


def _not_ours(_: logging.LogRecord) -> bool:
    """Drop a library's log record of our own exchanges: urllib3 writes the whole URL at DEBUG level."""
    return not _ours.get()


for _library in ("urllib3.connectionpool", "urllib3.util.retry", "urllib3.poolmanager", "urllib3.connection"):
    logging.getLogger(_library).addFilter(_not_ours)
