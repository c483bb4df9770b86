"""Ways to call a sandbox in tests: as a careful client, and as bare bytes on a socket."""

from __future__ import annotations

import http.client
import json
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from airflow_provider_iranpay.sandbox import Sandbox

TIMEOUT_SECONDS = 5


@dataclass(frozen=True)
class Got:
    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> str | None:
        return self.body.get("code")


class Caller:
    """Speaks to one sandbox over one kept-alive connection."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=TIMEOUT_SECONDS)
        self.token: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Got:
        content = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        self.connection.request(method, path, content, headers)
        response = self.connection.getresponse()
        received = response.read()
        as_json = "json" in (response.headers["Content-Type"] or "")
        return Got(response.status, json.loads(received) if as_json else received, dict(response.headers))

    def log_in(self) -> dict[str, str]:
        pair = self.generate().body
        self.token = pair["accessToken"]
        return pair

    def generate(self, **changes: Any) -> Got:
        keys = {"apiKey": self.sandbox.api_key, "secretKey": self.sandbox.secret_key} | changes
        return self.send("POST", "/ide/v1/tokens/generate", {name: key for name, key in keys.items() if key})

    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def get(self, path: str, track: str | None = None, **query: str) -> Got:
        headers = self.bearer() | ({"X-TRACK-ID": track} if track else {})
        return self.send("GET", f"/ide/v1/{path}?{urlencode(query)}", **headers)

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        got = self.send(method, f"/_sandbox/{path}", body)
        assert got.status == 200, got.body
        return got.body

    def raw(self, path: str) -> tuple[bytes, BaseException | None]:
        """Sends ``GET path`` on a fresh connection, reads to its end: the bytes that came, and how it ended."""
        with socket.create_connection(self.address, timeout=TIMEOUT_SECONDS) as wire:
            wire.sendall(self.request(path))
            return read_to_end(wire)

    def request(self, path: str) -> bytes:
        return f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.token}\r\n\r\n".encode()

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.sandbox.url)
        return parts.hostname, parts.port


def read_to_end(wire: socket.socket) -> tuple[bytes, BaseException | None]:
    received = b""
    try:
        while chunk := wire.recv(65536):
            received += chunk
    except OSError as end:
        return received, end
    return received, None
