"""Jibit's inquiry API ("ide") as data: where it is, how it says yes and no, and how tokens are renewed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from airflow_provider_iranpay.api.contract import Answered, Outgoing, Renewal, Request, Success, Tokens
from airflow_provider_iranpay.api.jibit import errors
from airflow_provider_iranpay.api.jibit.endpoints import ENDPOINTS, GENERATE, REFRESH
from airflow_provider_iranpay.api.payload import decode_object

__all__ = ["BASE_URL", "ENDPOINTS", "Jibit"]

BASE_URL: Final = "https://napi.jibit.ir/ide"

_OF_GATEWAYS: Final = frozenset({408, 429})


@dataclass(frozen=True, slots=True)
class Jibit:
    """Jibit for one account.

    :param api_key: the connection's login.
    :param secret_key: the connection's password.
    """

    api_key: str = field(repr=False)
    secret_key: str = field(repr=False)

    @property
    def name(self) -> str:
        """The provider's name, as it stands in errors, keys and tables."""
        return "jibit"

    def understand(self, request: Request[Any], status: int, body: bytes) -> Answered | None:  # noqa: ARG002
        """Read a complete response.

        The code decides, not the status (documented): a code of the contract is an error whatever the status. On a 2xx
        any other code is part of an answer, which then is read or unreadable. Not Jibit's answer are: a body that is
        not a JSON object, and an object without a code where a gateway may have made it. A bare 401 is one, since it
        can only mean the token.
        """
        payload = decode_object(body)
        code, message = _error_in(payload or {})
        if payload is not None and 200 <= status < 300 and not (code and errors.is_known(code)):
            return Success(payload)
        says_no = 400 <= status < 500 and status not in _OF_GATEWAYS and message
        if code or says_no or status == 401:
            return errors.failure(code, message, status)
        return None

    @property
    def echoes_track_id(self) -> bool:
        """It does (documented)."""
        return True

    @property
    def errors_are_free(self) -> bool:
        """Only successes are billed (documented)."""
        return True

    def renewals(self, bearer: str, held: Sequence[Tokens]) -> Sequence[Renewal]:  # noqa: ARG002 - it has one kind
        """Refresh while there is a pair to refresh, then generate."""
        generate = Request(endpoint=GENERATE, body={"apiKey": self.api_key, "secretKey": self.secret_key})
        pairs = [tokens for tokens in held[:1] if tokens.refresh is not None]
        refresh = [{"accessToken": pair.access, "refreshToken": pair.refresh} for pair in pairs]
        return (*(Renewal(Request(endpoint=REFRESH, body=body)) for body in refresh), Renewal(generate))

    def exact(self, request: Request[Any]) -> Mapping[str, Any]:
        """Give the parameters as they are."""
        return request.wire

    def outgoing(self, request: Request[Any], tokens: Tokens | None) -> Outgoing:
        """Add the access token."""
        return Outgoing(f"Bearer {tokens.access}" if tokens else None, request.query, request.body)

    def lists(self, code: str) -> bool:
        """Whether the contract lists a code, or the family that it belongs to."""
        return errors.is_known(code)

    def secrets(self) -> Sequence[str]:
        """Name the credentials, which no message may repeat."""
        return (self.api_key, self.secret_key)

    def refused_again(self) -> str:
        """Name the three suspects of a second ``forbidden``."""
        return errors.SUSPECTS


def _error_in(payload: Mapping[str, Any]) -> tuple[str | None, str]:
    """Find code and message: flat first (captured), then ``errors[0]``. A postal answer's ``code`` is digits, and no
    error.
    """
    if "code" not in payload and "errors" not in payload:
        return None, _text(payload.get("message"))
    nested = payload.get("errors")
    first = nested[0] if isinstance(nested, list) and nested else None
    for place in (payload, first) if isinstance(first, dict) else (payload,):
        code = place.get("code")
        if isinstance(code, str) and code and not code.isdigit():
            return code, _text(place.get("message"))
    return None, _text(payload.get("message"))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
