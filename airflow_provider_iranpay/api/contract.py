"""The words in which both HTTP APIs are written down: what to send, how to read an answer, what a failure means.

Data and pure functions only: no I/O, no clock, nothing of one provider. Each provider has a package of its own beside
this module.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Literal, Protocol, TypeVar

import msgspec

from airflow_provider_iranpay.exceptions import InvalidInput
from airflow_provider_iranpay.iran.cells import is_missing
from airflow_provider_iranpay.record import Record

__all__ = [
    "Answered",
    "Api",
    "Endpoint",
    "ErrorClass",
    "Failure",
    "Granted",
    "Outgoing",
    "Parameter",
    "Renewal",
    "Request",
    "Safety",
    "Shown",
    "Success",
    "Tokens",
    "UnreadablePayload",
    "Weight",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Payload = Mapping[str, Any]


class Safety(StrEnum):
    """What a call does in the world; it alone decides about repeating a call that may have been sent."""

    FREE_READ = "free_read"
    BILLABLE_READ = "billable_read"
    IDEMPOTENT_WRITE = "idempotent_write"
    MONEY_WRITE = "money_write"
    CREATE = "create"
    TOKEN = "token"  # noqa: S105 - a class of calls, not a secret


class ErrorClass(StrEnum):
    """What a provider's definite error asks of the caller."""

    AUTHENTICATE = "authenticate"
    TRANSIENT = "transient"
    QUOTA = "quota"
    OPERATOR = "operator"
    FINAL = "final"


class Weight(StrEnum):
    """How well a fact of a contract is known."""

    DOCUMENTED = "documented"
    OBSERVED = "observed"


class Shown:
    """An answer as XCom keeps it, which anybody may look at: what ``repr`` shows of a dataclass, and no more."""

    __slots__ = ()

    def serialize(self) -> dict[str, Any]:
        """Name the fields without personal data and secrets (Airflow calls this)."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.repr}  # type: ignore[arg-type]


class UnreadablePayload(ValueError):
    """An answer in the provider's own envelope lacks what was asked for, or contradicts the question.

    The text names a field of the answer, never its value.
    """


@dataclass(frozen=True, slots=True)
class Parameter:
    """One input of an endpoint.

    :param name: what Python callers say, for example ``national_code``.
    :param wire: what the provider reads, for example ``nationalCode``.
    :param encode: ``(name, value) -> what JSON or a query carries``; raises ``InvalidInput`` before anything is sent.
    :param optional: may be None, and is then not sent.
    """

    name: str
    wire: str
    encode: Callable[[str, object], Any]
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint(Generic[T_co]):
    """One row of a provider's table of calls.

    :param read: turns the payload of a success into the answer, which is never None; raises :class:`UnreadablePayload`.
    :param any_of: names of optional parameters of which at least one has to be given.
    :param fixed: wire parameters that make this service out of a shared path, for example ``deposit=true``.
    :param echoes: fields of the answer (``data.ref_num``: inside an object) that repeat a wire parameter; another value
        there is somebody else's answer.
    :param exact_echoes: they repeat it to the letter; else separators and case do not matter, and stars hide anything.
    :param bearer: name of the key that it is sent with, one that has to be renewed; None where it needs none.
    """

    service: str
    path: str
    safety: Safety
    read: Callable[[Payload], T_co]
    parameters: tuple[Parameter, ...] = ()
    any_of: tuple[str, ...] = ()
    fixed: Mapping[str, str] = field(default_factory=dict)
    echoes: Mapping[str, str] = field(default_factory=dict)
    exact_echoes: bool = False
    method: Literal["GET", "POST"] = "GET"
    weight: Weight = Weight.DOCUMENTED
    bearer: str | None = "access_token"
    _names: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Gather the names of the parameters, which each request is held against."""
        object.__setattr__(self, "_names", frozenset(parameter.name for parameter in self.parameters))

    def request(self, values: Mapping[str, object], *, also_required: Collection[str] = ()) -> Request[T_co]:
        """Normalise and check the inputs, and say what to send.

        :param also_required: optional parameters that this account cannot do without.
        :raises InvalidInput: a value is missing, or is not what the provider accepts.
        :raises TypeError: a name is none of this call's: left out, it would have made another question.
        """
        if not values.keys() <= self._names:
            unknown = ", ".join(sorted(values.keys() - self._names))
            raise TypeError(f"{self.service} has no parameter {unknown}")
        wire: dict[str, Any] = dict(self.fixed)
        try:
            self._require_any(values)
            for parameter in self.parameters:
                value = values.get(parameter.name)
                if not parameter.optional or parameter.name in also_required or _is_given(value):
                    wire[parameter.wire] = parameter.encode(parameter.name, value)
        except InvalidInput as error:
            refused = error.of(self.service)
        else:
            return self._request(wire)
        raise refused

    def _require_any(self, values: Mapping[str, object]) -> None:
        if self.any_of and not any(_is_given(values.get(name)) for name in self.any_of):
            raise InvalidInput(self.any_of[0], "is_required", f"Give at least one of {', '.join(self.any_of)}.")

    def _request(self, wire: Mapping[str, Any]) -> Request[T_co]:
        if self.method == "GET":
            return Request(endpoint=self, query=wire)
        return Request(endpoint=self, body=wire)


class Request(Record, Generic[T_co], kw_only=True, frozen=True):
    """One call, ready to be sent. Its query and body hold personal data and secrets."""

    endpoint: Endpoint[T_co]
    query: Mapping[str, Any] = msgspec.field(default_factory=dict)
    body: Mapping[str, Any] | None = None

    @property
    def wire(self) -> Mapping[str, Any]:
        """What is sent, wherever it stands."""
        return self.query if self.body is None else self.body

    def read(self, payload: Payload) -> T_co:
        """Turn the payload of a success into the answer.

        :raises UnreadablePayload: a field is missing or of a wrong kind, or the answer is to another question.
        """
        for path, wire in self.endpoint.echoes.items():
            if not _repeats(_at(payload, path), str(self.wire[wire]), exactly=self.endpoint.exact_echoes):
                raise UnreadablePayload(f"its {path!r} is not the one that was asked about")
        return self.endpoint.read(payload)


class Outgoing(Record, frozen=True):
    """A request as it leaves: with the account's credentials in it.

    :param authorization: the ``Authorization`` header, if any.
    """

    authorization: str | None
    query: Mapping[str, Any]
    body: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Tokens:
    """What authenticates calls.

    :param refresh: what renews them; None where the answer brought none.
    :param expires_at: when the access token dies, where the provider said so (timezone-aware).
    """

    access: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)
    expires_at: datetime | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        """Refuse what cannot stand in a header.

        :raises ValueError: without the token in it.
        """
        for token in (self.access, self.refresh):
            if token is not None and not (token.isascii() and token.isprintable() and token.strip() == token != ""):
                raise ValueError("a token is not printable ASCII text")


@dataclass(frozen=True, slots=True)
class Renewal:
    """One way to new tokens.

    :param keeps: the refresh token that stays in force where the answer brings no other.
    :param spare: another way to the same: of no use after a refusal that only a person can mend.
    """

    request: Request[Tokens]
    keeps: str | None = field(default=None, repr=False)
    spare: bool = False


@dataclass(slots=True)
class Granted:
    """Tokens to use.

    :param fresh: they have just come from the provider, so if they are refused too, new ones will not help.
    """

    tokens: Tokens
    fresh: bool


class Success(Record, frozen=True):
    """A complete body in the provider's own envelope that says yes."""

    payload: Payload


@dataclass(frozen=True, slots=True)
class Failure:
    """A complete body in the provider's own envelope that says no, and what that asks of the caller.

    :param definite: False where such a no does not prove that nothing was carried out: then the safety class decides.
    """

    code: str
    message: str
    error_class: ErrorClass
    remedy: str
    definite: bool = True


Answered = Success | Failure


class Api(Protocol):
    """What the conversation needs to know of a provider (with one account's credentials in it)."""

    @property
    def name(self) -> str:
        """``jibit`` or ``paystar``."""

    def understand(self, request: Request[Any], status: int, body: bytes) -> Answered | None:
        """Read a complete response; None where it is not in the provider's own envelope, and so no answer."""

    @property
    def echoes_track_id(self) -> bool:
        """Whether an answer with another ``X-TRACK-ID`` is another call's."""

    @property
    def errors_are_free(self) -> bool:
        """Whether it is known that only a success is billed."""

    def renewals(self, bearer: str, held: Sequence[Tokens]) -> Sequence[Renewal]:
        """Name the calls that bring new tokens of one kind, in the order in which to try them.

        :param held: the tokens that are known, the likeliest to be renewable first.
        """

    def exact(self, request: Request[Any]) -> Mapping[str, Any]:
        """Give a request's parameters as this account writes them, without credentials and signatures."""

    def outgoing(self, request: Request[Any], tokens: Tokens | None) -> Outgoing:
        """Add to a request what only the account knows: its tokens, credentials and signatures."""

    def lists(self, code: str) -> bool:
        """Whether the contract lists an error code: what it does not list is believed for the moment alone."""

    def secrets(self) -> Sequence[str]:
        """Name the credentials, which no message may repeat."""

    def refused_again(self) -> str:
        """Say what to check when fresh tokens are refused too."""


def _is_given(value: object) -> bool:
    return not is_missing(value) and (not isinstance(value, str) or value.strip() != "")


def _at(payload: object, path: str) -> object:
    """What stands at a path; a list of one thing is taken for the thing."""
    for key in path.split("."):
        payload = payload.get(key) if isinstance(payload, Mapping) else None
        if isinstance(payload, list) and len(payload) == 1:
            payload = payload[0]
    return payload


def _repeats(echoed: object, sent: str, *, exactly: bool) -> bool:
    """Whether an echo can be that of what was sent: a missing one can."""
    if echoed is None or str(echoed) == sent:
        return True
    if exactly:
        return False
    return "*" in str(echoed) or "".join(filter(str.isalnum, str(echoed))).upper() == sent.upper()
