"""Paystar's API as data: where it is, its three products with their credentials, and how keys are renewed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from airflow_provider_iranpay.api.contract import Answered, Outgoing, Renewal, Request, Tokens
from airflow_provider_iranpay.api.paystar import errors
from airflow_provider_iranpay.api.paystar.endpoints import REFRESHES, PaystarEndpoint
from airflow_provider_iranpay.api.paystar.envelope import understand
from airflow_provider_iranpay.api.paystar.signatures import sign
from airflow_provider_iranpay.iran.days import from_jalali_dashed

__all__ = ["BASE_URL", "BirthCalendar", "Paystar"]

BASE_URL: Final = "https://core.paystar.ir/api"


class BirthCalendar(StrEnum):
    """In which calendar ``birth_date`` is sent: not documented, so the connection says it."""

    JALALI = "jalali"
    GREGORIAN = "gregorian"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paystar:
    """Paystar for one account of one product.

    :param credentials: by wire name: ``application_id`` and ``access_password``; ``gateway_id``; ``wallet_hashid`` and
        ``password``.
    :param refresh_tokens: what renews keys, by wire name: ``refresh_token``, ``refresh_inquiry_key``.
    :param sign_key: empty where the account does not sign.
    """

    credentials: Mapping[str, str] = field(repr=False)
    refresh_tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    sign_key: str = field(default="", repr=False)
    birth_calendar: BirthCalendar = BirthCalendar.JALALI

    @property
    def name(self) -> str:
        """The provider's name, as it stands in errors, keys and tables."""
        return "paystar"

    def understand(self, request: Request[Any], status: int, body: bytes) -> Answered | None:
        """Read a complete response, by the family of its endpoint."""
        row = _row(request)
        return understand(row.family, row.safety, http_status=status, body=body)

    @property
    def echoes_track_id(self) -> bool:
        """Nobody says so: another ``X-TRACK-ID`` may be a gateway's on the way."""
        return False

    @property
    def errors_are_free(self) -> bool:
        """Nobody says so."""
        return False

    def refresh_token(self, bearer: str) -> str:
        """Return the refresh token that the connection holds for a key."""
        return self.refresh_tokens[REFRESHES[bearer].by]

    def renewals(self, bearer: str, held: Sequence[Tokens]) -> Sequence[Renewal]:
        """Renew with the refresh token that was last given, else with the connection's."""
        known = dict.fromkeys([*(tokens.refresh for tokens in held if tokens.refresh), self.refresh_token(bearer)])
        by, rows = REFRESHES[bearer]
        return [
            Renewal(Request(endpoint=row, body={by: token}), keeps=token, spare=number > 0)
            for token in known
            for number, row in enumerate(rows)
        ]

    def exact(self, request: Request[Any]) -> Mapping[str, Any]:
        """Give the parameters, birth dates in the account's calendar."""
        wire = request.wire
        if self.birth_calendar is BirthCalendar.GREGORIAN and "birth_date" in wire:
            return {**wire, "birth_date": from_jalali_dashed(wire["birth_date"]).isoformat()}
        return wire

    def outgoing(self, request: Request[Any], tokens: Tokens | None) -> Outgoing:
        """Add the Bearer, the credentials and the signature."""
        row = _row(request)
        wire = {name: self.credentials[name] for name in row.credentials} | dict(self.exact(request))
        if row.signed and self.sign_key:
            wire["sign"] = sign((wire[name] for name in row.signed), key=self.sign_key)
        wire = {name: value for name, value in wire.items() if name not in row.unsent}
        bearer = tokens.access if tokens else self.credentials.get(row.permanent_bearer or "")
        authorization = f"Bearer {bearer}" if bearer else None
        return Outgoing(authorization, {}, wire) if row.method == "POST" else Outgoing(authorization, wire, None)

    def lists(self, code: str) -> bool:
        """Whether one of the tables lists a code."""
        return errors.is_listed(code)

    def secrets(self) -> Sequence[str]:
        """Name the credentials, which no message may repeat."""
        return tuple(filter(None, (*self.credentials.values(), *self.refresh_tokens.values(), self.sign_key)))

    def refused_again(self) -> str:
        """Name the suspects of a second refusal."""
        return errors.SUSPECTS


def _row(request: Request[Any]) -> PaystarEndpoint[Any]:
    row = request.endpoint
    assert isinstance(row, PaystarEndpoint)  # noqa: S101 - no other provider's request comes here
    return row
