"""What both wires share: an HTTP request in no library's words, and the bounds of its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from airflow_provider_iranpay.api.contract import Api
from airflow_provider_iranpay.client.conversation import Send
from airflow_provider_iranpay.client.network import USER_AGENT, Network

__all__ = ["HEADERS", "LARGEST_BODY", "TOO_LARGE", "TOO_SLOW", "Message", "compose"]

LARGEST_BODY: Final = 16 * 2**20
TOO_LARGE: Final = f"the answer is larger than {LARGEST_BODY // 2**20} MiB"
TOO_SLOW: Final = "the answer came too slowly"

HEADERS: Final = {"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip, deflate"}
"""Those of every call."""
_OF_JSON: Final = {"Content-Type": "application/json"}


@dataclass(slots=True)
class Message:
    """One request. It holds personal data and secrets: no ``repr`` shows them.

    :param url: whole, query included.
    :param headers: those that the call adds to the ones of every call (``HEADERS``).
    :param body: None for a request without one.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


def compose(api: Api, network: Network, send: Send) -> Message:
    """Make the message of a send, with the account's credentials in it."""
    endpoint = send.request.endpoint
    ready = api.outgoing(send.request, send.tokens)
    url = network.base_url.rstrip("/") + endpoint.path
    headers = {"X-TRACK-ID": send.track_id}
    if ready.authorization is not None:
        headers["Authorization"] = ready.authorization
    if ready.query:
        url = f"{url}?{'&'.join([_pair(name, value) for name, value in ready.query.items()])}"
    if ready.body is None:
        return Message(endpoint.method, url, headers)
    return Message(endpoint.method, url, headers | _OF_JSON, json.dumps(ready.body, allow_nan=False).encode())


def _pair(name: str, value: object) -> str:
    """Write one parameter of a query; most hold digits alone, which need no quoting."""
    if isinstance(value, str) and value.isascii() and value.isalnum():
        return f"{name}={value}"
    return urlencode({name: value}, doseq=True)
