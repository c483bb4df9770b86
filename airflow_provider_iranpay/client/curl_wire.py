"""Many exchanges at once on libcurl's multi interface, in one thread: each sends one request at the most, its phase
proven, its time and body bounded.

Here is everything that keeps libcurl from doing more than it was told: no repeat on a connection that died, no
redirect, no netrc, no proxy from the environment, no cookies, no connection shared with a forked child.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import socket
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, Generic, TypeVar
from weakref import WeakSet

import pycurl  # type: ignore[import-untyped]
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from airflow_provider_iranpay.client.message import HEADERS, LARGEST_BODY, TOO_LARGE, TOO_SLOW, Message
from airflow_provider_iranpay.client.network import Network
from airflow_provider_iranpay.client.phase import Broken, Phase, Received

__all__ = ["CurlWire"]

K = TypeVar("K")

_LONGEST_NAP: Final = 0.1
"""Seconds: libcurl names no socket above the 1,024th file of the process, so nobody waits on such a one for long."""
_WAKING: Final = 4096


class CurlWire(Generic[K]):
    """Reaches one provider. For one thread, ``wake`` excepted; connections are kept and used again.

    An exchange ends after ``connect_timeout + read_timeout`` together; libcurl has no limit between two bytes that is
    finer than seconds.
    """

    _living: ClassVar[WeakSet[CurlWire[Any]]] = WeakSet()
    _of_parents: ClassVar[list[object]] = []

    def __init__(self, network: Network) -> None:
        self._network = network
        self._open()
        self._living.add(self)

    @property
    def in_flight(self) -> int:
        """How many exchanges have begun and not ended."""
        return len(self._flying)

    def send(self, message: Message, key: K) -> None:
        """Begin to send one request; what becomes of it comes out of ``turn`` or ``abandon``, once, with its key."""
        exchange = self._idle.pop() if self._idle else _Exchange(self._network)
        try:
            exchange.prepare(message)
            self._multi.add_handle(exchange.curl)
        except (pycurl.error, ValueError):  # as in the other wire, no library's text outlives this
            self._refused.append((key, Broken(Phase.NOT_SENT, "the request cannot be made")))
        else:
            self._flying[exchange.curl] = exchange, key

    def turn(self, patience: float) -> list[tuple[K, Received | Broken]]:
        """Read and write what can be, and return the exchanges that have ended; if none has, wait until something can
        be done again.

        :param patience: seconds to wait at the most.
        """
        self._multi.perform()
        ended = self._taken_back() + self._ended()
        if not ended:
            self._wait(patience)
        return ended

    def abandon(self) -> list[tuple[K, Received | Broken]]:
        """End all exchanges, and return what can be said of each."""
        left = self._taken_back()
        for exchange, key in self._flying.values():
            self._multi.remove_handle(exchange.curl)
            left.append((key, Broken(exchange.phase, "it was given up before an answer came")))
        self._flying.clear()
        return left

    def wake(self) -> None:
        """End the waiting of ``turn``; from any thread, and from a signal handler."""
        with contextlib.suppress(OSError):  # full: it wakes as it is; closed: nobody waits
            self._bell.send(b"\0")

    def close(self) -> None:
        """Close the connections; exchanges that have not ended are forgotten."""
        self.abandon()
        self._multi.close()
        for exchange in self._idle:
            exchange.curl.close()
        self._idle.clear()
        self._bell.close()
        self._ear.close()
        self._living.discard(self)

    def _open(self) -> None:
        self._multi: Any = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_PIPELINING, 0)
        self._multi.setopt(pycurl.M_MAXCONNECTS, _KEPT_CONNECTIONS)
        self._idle: list[_Exchange] = []
        self._flying: dict[Any, tuple[_Exchange, K]] = {}
        self._refused: list[tuple[K, Received | Broken]] = []
        self._ear, self._bell = socket.socketpair()
        self._ear.setblocking(False)
        self._bell.setblocking(False)

    @classmethod
    def after_fork(cls) -> None:
        """Leave the connections to the parent, and do not even close them: that would say goodbye in its name."""
        for wire in cls._living:
            cls._of_parents.append((wire._multi, wire._idle, wire._flying))  # noqa: SLF001 - its own class
            wire._open()  # noqa: SLF001

    def _taken_back(self) -> list[tuple[K, Received | Broken]]:
        refused, self._refused = self._refused, []
        return refused

    def _ended(self) -> list[tuple[K, Received | Broken]]:
        ended: list[tuple[K, Received | Broken]] = []
        more = bool(self._flying)
        now = datetime.now(UTC)
        while more:
            more, whole, failed = self._multi.info_read()
            for curl in whole:
                exchange, key = self._landed(curl)
                ended.append((key, exchange.received(now)))
            for curl, error, _ in failed:
                exchange, key = self._landed(curl)
                ended.append((key, exchange.broken(error)))
        return ended

    def _landed(self, curl: Any) -> tuple[_Exchange, K]:
        self._multi.remove_handle(curl)
        exchange, key = self._flying.pop(curl)
        self._idle.append(exchange)
        return exchange, key

    def _wait(self, patience: float) -> None:
        due = self._multi.timeout()
        limits = [patience, *([due / 1000] if due >= 0 else []), *([_LONGEST_NAP] if self._flying else [])]
        readable, writable, failing = self._multi.fdset()
        ready, _, _ = select.select([self._ear, *readable], writable, failing, max(0.0, min(limits)))
        if self._ear in ready:
            self._ear.recv(_WAKING)


os.register_at_fork(after_in_child=CurlWire.after_fork)

_KEPT_CONNECTIONS: Final = 1024

# By names of their own: looked up for each call in half the time.
_URL: Final = pycurl.URL
_HTTPHEADER: Final = pycurl.HTTPHEADER
_RESPONSE_CODE: Final = pycurl.RESPONSE_CODE
_GO_ON: Final[int] = pycurl.PREREQFUNC_OK
_STOP: Final[int] = pycurl.PREREQFUNC_ABORT


class _Exchange:
    """One exchange at a time, on a handle that is used again."""

    def __init__(self, network: Network) -> None:
        self.curl: Any = pycurl.Curl()
        for option, value in _settings(network).items():
            self.curl.setopt(option, value)
        self._head: list[bytes] = []
        self._body: list[bytes] = []
        self._size = 0
        self._starts = 0
        self._form: tuple[str, bool] | None = None
        self.curl.setopt(pycurl.PREREQFUNCTION, self._may_start)
        self.curl.setopt(pycurl.HEADERFUNCTION, self._head.append)
        self.curl.setopt(pycurl.WRITEFUNCTION, self._take)

    def prepare(self, message: Message) -> None:
        """Forget the exchange before, and get ready for this one.

        :raises ValueError: a header would be read as more than one, or is no ASCII text.
        """
        together = "".join(message.headers)
        if not (together.isascii() and together.isprintable()):
            raise ValueError("a header is not printable ASCII text")
        self._head.clear()
        self._body.clear()
        self._size = self._starts = 0
        body, setopt = message.body, self.curl.setopt
        setopt(_URL, message.url.encode())
        setopt(_HTTPHEADER, (_HEADERS if body is None else _HEADERS_WITH_BODY) + message.headers)
        form = message.method, body is None
        if form != self._form:
            setopt(pycurl.HTTPGET, 1)
            setopt(pycurl.CUSTOMREQUEST, message.method)
            self._form = form
        if body is not None:
            setopt(pycurl.POSTFIELDS, body)

    @property
    def phase(self) -> Phase:
        """``NOT_SENT`` until libcurl comes to the request: DNS, TCP, a proxy's CONNECT and TLS lie before that."""
        return Phase.MAYBE_SENT if self._starts else Phase.NOT_SENT

    def received(self, at: datetime) -> Received | Broken:
        """Say what came, where libcurl takes it for whole; a header that was cut is whole to it."""
        status = self.curl.getinfo(_RESPONSE_CODE)
        told = _told(self._head)
        if told is None or status < 200:
            return Broken(self.phase, _CUT_OFF)
        body = b"".join(self._body)
        if not told:
            return Received(status, body, at)
        return Received(status, body, at, told.get(b"retry-after"), told.get(b"x-track-id"))

    def broken(self, error: int) -> Broken:
        """Say what happened, in words of ours and the operating system's: libcurl's hold hosts and URLs."""
        if self._size > LARGEST_BODY:
            return Broken(self.phase, TOO_LARGE)
        if error == pycurl.E_OPERATION_TIMEDOUT:
            return Broken(self.phase, self._late())
        if self._starts > 1:
            return Broken(self.phase, "the connection ended before an answer came")
        number = self.curl.getinfo(pycurl.OS_ERRNO)
        detail = os.strerror(number) if number else f"libcurl's error {error}"
        return Broken(self.phase, f"{_PLAIN.get(error, 'the exchange failed')} ({detail})")

    def _late(self) -> str:
        if self.phase is Phase.NOT_SENT:
            return "the connection timed out"
        return TOO_SLOW if self._head else "no answer came in time"

    def _may_start(self, *_: object) -> int:
        # libcurl sends a request again where a used connection died without a byte: here its second start ends.
        self._starts += 1
        return _GO_ON if self._starts == 1 else _STOP

    def _take(self, chunk: bytes) -> int:
        self._size += len(chunk)
        if self._size > LARGEST_BODY:
            return 0  # libcurl ends an exchange whose bytes are not taken
        self._body.append(chunk)
        return len(chunk)


_HEADERS: Final = [f"Accept: {HEADERS['Accept']}"]
"""Of those of every call, what libcurl has no setting for."""
_HEADERS_WITH_BODY: Final = [*_HEADERS, "Expect:"]
"""Without the last, libcurl asks before it sends a large body, and sends it again without asking after a 417."""


def _settings(network: Network) -> dict[int, object]:
    trusted = network.ca_bundle or DEFAULT_CA_BUNDLE_PATH
    return {
        pycurl.NOSIGNAL: 1,
        pycurl.PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS,
        pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_1_1,
        pycurl.HTTP09_ALLOWED: 0,
        pycurl.FOLLOWLOCATION: 0,
        pycurl.NETRC: pycurl.NETRC_IGNORED,
        pycurl.PROXY: network.proxy or "",  # an empty one, since without any libcurl asks the environment
        pycurl.NOPROXY: "",
        pycurl.CONNECTTIMEOUT_MS: round(network.connect_timeout * 1000),
        pycurl.TIMEOUT_MS: round((network.connect_timeout + network.read_timeout) * 1000),
        pycurl.SSL_VERIFYPEER: 1,
        pycurl.SSL_VERIFYHOST: 2,
        pycurl.CAINFO: trusted,
        pycurl.PROXY_CAINFO: trusted,
        pycurl.USERAGENT: HEADERS["User-Agent"],
        pycurl.ACCEPT_ENCODING: HEADERS["Accept-Encoding"],
    }


_STATUS_LINE: Final = b"\nHTTP/"
_END: Final = re.compile(rb"\n\r?\n")
_TOLD: Final = re.compile(rb"\n(retry-after|x-track-id):([^\r\n]*)", re.IGNORECASE)


def _told(lines: list[bytes]) -> dict[bytes, str] | None:
    """Return what the final answer's header tells, without interim answers before it and trailers behind it; None
    where its end never came.
    """
    head = b"".join(lines)
    begin = head.rfind(_STATUS_LINE) + 1
    end = _END.search(head, begin)
    if end is None:
        return None
    told: dict[bytes, str] = {}
    for written, value in _TOLD.findall(head, begin, end.start()):
        name, text = written.lower(), value.decode("latin-1").strip()
        told[name] = f"{told[name]}, {text}" if name in told else text
    return told


_TLS_FAILED: Final = "TLS failed"
_CUT_OFF: Final = "the answer was cut off"
_PLAIN: Final[dict[int, str]] = {
    pycurl.E_COULDNT_RESOLVE_PROXY: "the proxy failed",
    pycurl.E_COULDNT_RESOLVE_HOST: "the host is not known",
    pycurl.E_COULDNT_CONNECT: "the connection failed",
    pycurl.E_SEND_ERROR: "the connection failed",
    pycurl.E_RECV_ERROR: "the connection failed",
    pycurl.E_GOT_NOTHING: "the connection ended before an answer came",
    pycurl.E_PARTIAL_FILE: _CUT_OFF,
    pycurl.E_BAD_CONTENT_ENCODING: _CUT_OFF,
    pycurl.E_SSL_CONNECT_ERROR: _TLS_FAILED,
    pycurl.E_PEER_FAILED_VERIFICATION: _TLS_FAILED,
    pycurl.E_SSL_CACERT_BADFILE: _TLS_FAILED,
}
