"""Jibit's inquiry API ("ide") as data: where it is, how it says yes and no, and how tokens are renewed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from airflow_provider_iranpay.api.contract import Answered, Request, Success, Tokens, UnreadablePayload
from airflow_provider_iranpay.api.jibit import errors
from airflow_provider_iranpay.api.jibit.endpoints import ENDPOINTS, GENERATE, REFRESH
from airflow_provider_iranpay.api.payload import decode_object

__all__ = ["BASE_URL", "ENDPOINTS", "Jibit"]

BASE_URL: Final = "https://napi.jibit.ir/ide"


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

    def understand(self, request: Request[Any], status: int, body: bytes) -> Answered | None:
        """Read a complete response.

        The code decides, not the status (documented): an error envelope is one whatever its status, unless the body
        of a 2xx holds what was asked for. A body that is not a JSON object, and a 5xx or 408 without a code, are not
        Jibit's answer. A bare 401 is: it can only mean the token.
        """
        payload = decode_object(body)
        if payload is None:
            return errors.failure(None, "", status) if status == 401 else None
        code, message = _error_in(payload)
        if 200 <= status < 300 and (code is None or _is_answer(request, payload)):
            return Success(payload)
        if code is None and not (400 <= status < 500 and status != 408):
            return None
        return errors.failure(code, message, status)

    def renewals(self, held: Tokens | None) -> Sequence[Request[Tokens]]:
        """Refresh while there is a pair to refresh, then generate."""
        generate = Request(endpoint=GENERATE, body={"apiKey": self.api_key, "secretKey": self.secret_key})
        if held is None or held.refresh is None:
            return (generate,)
        return (Request(endpoint=REFRESH, body={"accessToken": held.access, "refreshToken": held.refresh}), generate)

    def authorization(self, tokens: Tokens) -> str:
        """Compose the ``Authorization`` header."""
        return f"Bearer {tokens.access}"

    def refused_again(self) -> str:
        """Name the three suspects of a second ``forbidden``."""
        return errors.SUSPECTS


def _error_in(payload: Mapping[str, Any]) -> tuple[str | None, str]:
    """Find code and message: flat first (captured), then ``errors[0]``. A postal answer's ``code`` is digits, and no
    error.
    """
    nested = payload.get("errors")
    first = nested[0] if isinstance(nested, list) and nested and isinstance(nested[0], Mapping) else {}
    for place in (payload, first):
        code, message = place.get("code"), place.get("message")
        if isinstance(code, str) and code and not code.isdigit():
            return code, message if isinstance(message, str) else ""
    return None, ""


def _is_answer(request: Request[Any], payload: Mapping[str, Any]) -> bool:
    try:
        request.read(payload)
    except UnreadablePayload:
        return False
    return True
