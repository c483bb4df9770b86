"""From a request to the service it means and the parameters it carries. No rule about who may call, and no answer."""

from __future__ import annotations

import email.parser
import email.policy
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_provider_iranpay.sandbox.messages import Request
    from airflow_provider_iranpay.sandbox.paystar.service import Service

__all__ = ["UNKNOWN_SERVICE", "Call", "Routes"]

UNKNOWN_SERVICE = "paystar.unknown"
"""Stands for the service of a request that means none."""

_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_DEEPEST = 64  # as PHP reads names in brackets
_NAME_PART = re.compile(r"[^\[\]]+")


@dataclass(frozen=True, slots=True)
class Call:
    """A request understood as far as it can be.

    :param service: what it means; ``None`` if that cannot be said.
    :param asked: query and body merged; ``None`` if the body cannot be read.
    """

    request: Request
    service: Service | None
    asked: dict[str, Any] | None

    @property
    def name(self) -> str:
        """The service's name, or :data:`UNKNOWN_SERVICE`."""
        return self.service.name if self.service else UNKNOWN_SERVICE


class Routes:
    """The services by method and path."""

    def __init__(self, services: Iterable[Service]) -> None:
        self._rows = {(method, service.path): service for service in services for method in service.method}

    def read(self, request: Request, path: str) -> Call:
        """Understands ``request``, whose path without the face's prefix is ``path``; a slash at its end is ignored."""
        service = self._rows.get((request.method, path.rstrip("/")))
        return Call(request, service, _asked(request))


def _asked(request: Request) -> dict[str, Any] | None:
    """Query and body; a name of both has the body's value."""
    if not request.body.strip():
        return dict(request.query)
    content_type = request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if kind == _FORM:
        pairs = parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True)
        return {**request.query, **_form(pairs)}
    if kind == _MULTIPART:
        return {**request.query, **_form(_parts(content_type, request.body))}
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        return None
    return {**request.query, **body} if isinstance(body, dict) else None


def _form(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """A form; ``transfers[0][amount]`` is a list of objects, as PHP clients write one."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        *branches, leaf = _NAME_PART.findall(name)[:_DEEPEST] or [name]
        place = tree
        for branch in branches:
            inner = place.setdefault(branch, {})
            place = inner if isinstance(inner, dict) else {}
        place[leaf] = value
    return {name: _listed(value) for name, value in tree.items()}


def _parts(content_type: str, body: bytes) -> Iterator[tuple[str, str]]:
    """The fields of a multipart form, which PHP clients send where they give an array; files are passed over."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode(errors="replace")
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes) and part.get_filename() is None:
            yield name, content.decode(errors="replace")


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(member) for name, member in value.items()}
    return list(inner.values()) if all(name.isdecimal() for name in inner) else inner
