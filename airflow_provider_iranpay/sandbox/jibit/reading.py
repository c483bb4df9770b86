"""From a request to the service it means and the parameters it carries. No rule about who may call, and no answer."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_iranpay.sandbox.jibit.parameters import fault_of
from airflow_provider_iranpay.sandbox.jibit.services import SERVICES

if TYPE_CHECKING:
    from collections.abc import Collection

    from airflow_provider_iranpay.sandbox.jibit.services import Service
    from airflow_provider_iranpay.sandbox.messages import Request

__all__ = ["UNKNOWN_SERVICE", "Call", "read"]

UNKNOWN_SERVICE = "jibit.unknown"
"""Stands for the service of a request that means none."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request understood as far as it can be.

    :param service: what it means; ``None`` if that cannot be said.
    :param asked: the service's own parameters, decoded but not yet validated.
    :param problem: error code of what was already found wrong.
    """

    request: Request
    service: Service | None
    asked: dict[str, str]
    problem: str | None = None

    @property
    def name(self) -> str:
        """The service's name, or :data:`UNKNOWN_SERVICE`."""
        return self.service.name if self.service else UNKNOWN_SERVICE

    def fault(self) -> str | None:
        """The error code of the first thing wrong, in the order of the service's parameters."""
        if self.problem is None and self.service is not None:
            for parameter in self.service.parameters:
                if code := fault_of(parameter, self.asked.get(parameter.name)):
                    return code
        return self.problem


class _Route:
    """The services that share a path."""

    def __init__(self, services: list[Service]) -> None:
        self.services = services
        self.flags = tuple(service.flag for service in services if service.flag)
        self.names = {parameter.name for service in services for parameter in service.parameters}

    def service(self, given: dict[str, str], on: set[str]) -> Service | None:
        """The service that the flags in ``on`` and the parameters given fit best; ``None`` if they fit none."""
        flag = next(iter(on), None)
        fitting = [service for service in self.services if service.flag == flag] if len(on) < 2 else []
        # Between equals a name given blank decides, then the table's order: max() keeps the first.
        filled = _filled(given)
        return max(fitting, key=lambda one: (_overlap(one, filled), _overlap(one, given.keys())), default=None)


def _overlap(service: Service, names: Collection[str]) -> int:
    return sum(parameter.name in names for parameter in service.parameters)


def _filled(given: dict[str, str]) -> set[str]:
    return {name for name, value in given.items() if value.strip()}


def _routes() -> dict[str, _Route]:
    by_path: defaultdict[str, list[Service]] = defaultdict(list)
    for service in SERVICES:
        by_path[service.path].append(service)
    return {path: _Route(services) for path, services in by_path.items()}


_ROUTES = _routes()
_FLAG_VALUES = {"true": True, "1": True, "false": False, "0": False, "": False}


def read(request: Request, path: str) -> Call:
    """Understands ``request``, whose path without the face's prefix is ``path``.

    Where several services share a path, the one whose parameters are given most completely is meant; a value that
    belongs to another of them makes the mixture ``parameters.not_acceptable``. Names that no service knows are ignored,
    and so are blank values: clients send the fields that they do not use as ``null`` or empty (assumed).
    """
    route = _ROUTES.get(path)
    if route is None or request.method not in route.services[0].methods:
        return Call(request, None, {}, "handler.not_found")
    given = request.query
    if request.method == "POST":
        body = _json_object(request.body)
        if body is None:
            return Call(request, route.services[0], {}, "invalid.request_body")
        given = {**given, **body}
    return _choose(route, request, given)


def _choose(route: _Route, request: Request, given: dict[str, str]) -> Call:
    on = set()
    for flag in route.flags:
        value = _FLAG_VALUES.get(given.get(flag, "").lower())
        if value is None:
            return Call(request, route.services[0], {}, f"{flag}.not_valid")
        if value:
            on.add(flag)
    service = route.service(given, on)
    if service is None:
        return Call(request, route.services[0], {}, "parameters.not_acceptable")
    own = {parameter.name for parameter in service.parameters}
    asked = {name: value for name, value in given.items() if name in own}
    mixed = _filled(given) & (route.names - own)
    return Call(request, service, asked, "parameters.not_acceptable" if mixed else None)


def _json_object(body: bytes) -> dict[str, str] | None:
    """The members of a JSON object as the texts that a query would carry; ``None`` if the body is not one."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return {name: _as_text(value) for name, value in content.items()} if isinstance(content, dict) else None


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
