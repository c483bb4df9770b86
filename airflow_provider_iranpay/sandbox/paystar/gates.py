"""Who may pass: the checks before a call is looked at, in the order of :meth:`Gates.closed_to`, which is assumed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_iranpay.sandbox.paystar.credentials import CREDENTIALS
from airflow_provider_iranpay.sandbox.paystar.envelope import invalid_access, unauthenticated, unauthorized
from airflow_provider_iranpay.sandbox.paystar.keys import Standing
from airflow_provider_iranpay.sandbox.paystar.service import Family, Key, Refused
from airflow_provider_iranpay.sandbox.throttle import Throttle, bare_429, retry_after

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_iranpay.sandbox.messages import Answer, Request
    from airflow_provider_iranpay.sandbox.paystar.desk import Desk
    from airflow_provider_iranpay.sandbox.paystar.envelope import Envelope
    from airflow_provider_iranpay.sandbox.paystar.reading import Call
    from airflow_provider_iranpay.sandbox.paystar.service import Service

__all__ = ["Gates", "as_code", "known_application"]

_APPLICATION_NOT_FOUND = 2
_BEARER_CODES = {Standing.DEAD: 5, Standing.UNKNOWN: 4}
_WRONG_PASSWORD = 6
_FOREIGN_ADDRESS = 7
_SWITCHED_OFF = 8
_INVALID_INPUT = 10
_GATEWAY_WORDS = {_FOREIGN_ADDRESS: -1, _SWITCHED_OFF: -2, _INVALID_INPUT: -1}
"""The same in the gateway's own codes, which know no foreign address (assumed)."""


class Gates:
    """Refuses calls before they cost anything."""

    def __init__(self, desk: Desk, envelope: Envelope) -> None:
        self._desk = desk
        self._envelope = envelope
        self._throttle = Throttle()

    def reset(self) -> None:
        """Forgets the requests of the last second."""
        self._throttle.reset()

    def closed_to(self, call: Call) -> Answer | None:
        """The refusal that this call meets before anybody looks at its parameters, or ``None``.

        :raises Refused: 2 or 6: another application, or a wrong password.
        """
        settings = self._desk.settings
        family = call.service.family if call.service else Family.CODES
        if not self._throttle.admits(settings.rate_limit):
            return self._too_fast()
        if settings.ip_whitelist is not None and call.request.client_ip not in settings.ip_whitelist:
            return self._refusal(family, _FOREIGN_ADDRESS)
        if call.service is None:
            return None
        return self._closed_service(call, call.service)

    def _closed_service(self, call: Call, service: Service) -> Answer | None:
        if call.asked is None:
            return self._refusal(service.family, _INVALID_INPUT)
        closed = self._bearer_problem(call.request, service)
        if closed is not None:
            return closed
        if service.key is Key.API_KEY:
            known_application(call.asked)
        if service.name in self._desk.settings.switched_off:
            return self._refusal(service.family, _SWITCHED_OFF)
        return None

    def _bearer_problem(self, request: Request, service: Service) -> Answer | None:
        if service.key is None:
            return None
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        standing = self._desk.keys.standing(service.key, token.strip() if scheme.lower() == "bearer" else "")
        if standing is Standing.ALIVE:
            return None
        form = "unauthenticated" if service.key is Key.GATEWAY_ID else self._desk.settings.paystar_expired_as
        match form:
            case "unauthenticated":
                return unauthenticated(service)
            case "http_401":
                return unauthorized()
            case "http_400":
                return invalid_access()
            case _:
                return self._refusal(service.family, _BEARER_CODES[standing])

    def _refusal(self, family: Family, code: int) -> Answer:
        return self._envelope.refusal(Refused(_GATEWAY_WORDS[code] if family is Family.GATEWAY else code))

    def _too_fast(self) -> Answer:
        limit = self._desk.settings.rate_limit
        assert limit is not None  # noqa: S101  nobody is too fast without one
        if limit.code is None:
            return bare_429(limit)
        return self._envelope.refusal(Refused(as_code(limit.code), status=429), retry_after(limit))


def known_application(asked: Mapping[str, Any]) -> None:
    """Checks the application's id and password.

    :raises Refused: 2 or 6.
    """
    if asked.get("application_id") != CREDENTIALS.application_id:
        raise Refused(_APPLICATION_NOT_FOUND)
    if asked.get("access_password") != CREDENTIALS.access_password:
        raise Refused(_WRONG_PASSWORD)


def as_code(text: str) -> int | str:
    """``"-99"`` as the number it is on the wire; other texts as they are."""
    return int(text) if text.isascii() and text.removeprefix("-").isdecimal() else text
