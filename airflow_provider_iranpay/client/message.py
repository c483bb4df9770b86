"""What both wires share: an HTTP request in no library's words, and the bounds of its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from airflow_provider_iranpay.api.contract import Api
from airflow_provider_iranpay.client.conversation import Send
from airflow_provider_iranpay.client.network import USER_AGENT, Network
from airflow_provider_iranpay.record import Record

__all__ = ["HEADERS", "LARGEST_BODY", "TOO_LARGE", "TOO_SLOW", "Message", "compose"]

LARGEST_BODY: Final = 16 * 2**20
TOO_LARGE: Final = f"the answer is larger than {LARGEST_BODY // 2**20} MiB"
TOO_SLOW: Final = "the answer came too slowly"

HEADERS: Final = {"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip, deflate"}
"""Those of every call."""
_OF_JSON: Final = "Content-Type: application/json"


class Message(Record, frozen=True):
    """One request. It holds personal data and secrets.

    :param url: whole, query included.
    :param headers: lines (``Name: value``) that the call adds to the header of every call (``HEADERS``).
    :param body: None for a request without one.
    """

    method: str
    url: str
    headers: list[str] = msgspec.field(default_factory=list)
    body: bytes | None = None


def compose(api: Api, network: Network, send: Send) -> Message:
    """Make the message of a send, with the account's credentials in it."""
    endpoint = send.request.endpoint
    ready = api.outgoing(send.request, send.tokens)
    url = network.root + endpoint.path
    headers = [f"X-TRACK-ID: {send.track_id}"]
    if ready.authorization is not None:
        headers.append(f"Authorization: {ready.authorization}")
    if ready.query:
        url = f"{url}?{_query(ready.query)}"
    if ready.body is None:
        return Message(endpoint.method, url, headers)
    headers.append(_OF_JSON)
    return Message(endpoint.method, url, headers, json.dumps(ready.body, allow_nan=False).encode())


def _query(parameters: Mapping[str, Any]) -> str:
    """Write a query; most have letters and digits alone, which need no quoting."""
    values = [*map(str, parameters.values())]
    together = "".join(values)
    if together.isascii() and together.isalnum():
        return "&".join(map("=".join, zip(parameters, values, strict=True)))
    return urlencode(parameters, doseq=True)
