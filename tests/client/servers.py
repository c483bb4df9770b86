"""Tiny TCP servers that misbehave on purpose and count the requests that they receive."""

from __future__ import annotations

import contextlib
import itertools
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator

OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{"matched":true}'

Behaviour = Callable[["Peer", int], None]


class Peer:
    """The server's side of one connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


class Server:
    """Serves one behaviour on a free port.

    ``received`` counts whole request heads, ``heads`` holds them, and `X
    and which one it was there, both from 1.
    """

    def __init__(self, behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self.behaviour = behaviour
        self._tls = tls
        self.received = 0
        self.heads: list[bytes] = []
        self.order: list[tuple[int, int]] = []
        self._accepted = itertools.count(1)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            head, number, here = b"", next(self._accepted), 0
            while chunk := connection.recv(65536):
                head += chunk
                while b"\r\n\r\n" in head:
                    one, _, head = head.partition(b"\r\n\r\n")
                    self.received += 1
                    self.heads.append(one)
                    here += 1
                    self.order.append((number, here))
                    self.behaviour(Peer(connection), self.received)
                    if connection.fileno() == -1:
                        return

    def close(self) -> None:
        self._socket.close()


@contextlib.contextmanager
def serving(behaviour: Behaviour, *, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(behaviour, tls)
    try:
        yield server
    finally:
        server.close()
