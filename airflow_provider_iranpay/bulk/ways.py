"""Who can be asked: the accounts of a run, in the order of preference, and a question as each would be sent it.

Nothing is sent from here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Protocol

import msgspec

from airflow_provider_iranpay.api.canonical import requests_of, wire_columns
from airflow_provider_iranpay.api.contract import Api, Request
from airflow_provider_iranpay.api.jibit import Jibit
from airflow_provider_iranpay.api.paystar import Paystar
from airflow_provider_iranpay.client.many_driver import ManyClient
from airflow_provider_iranpay.client.pacer import Pacer
from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.inquiries import Answering, Inquiry
from airflow_provider_iranpay.warehouse.journal.keyring import wire_hash, wire_hashes

__all__ = ["MakeClient", "Reader", "Way", "bare_reader", "highest_cost_rial", "same_environment"]

_HERE: Final = "\ue000"
"""Stands for a value in the form of a request."""

_encode = msgspec.json.Encoder(order="deterministic").encode

Inputs = Mapping[str, str | None]


class MakeClient(Protocol):
    """Makes the client of an account's calls, for one run of it."""

    def __call__(self, *, in_flight: int, pacer: Pacer | None, may_send: Callable[[], bool]) -> ManyClient:
        """Make it; nothing is sent yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How one provider's answers to the run's inquiry are read, for nothing."""

    api: Api
    answering: Answering
    request: Callable[[Inputs], Request[Any]] = field(init=False, repr=False, compare=False)
    """Makes the request of a question; raises ``InvalidInput`` where this provider does not take it."""
    _input_of: tuple[tuple[str, str], ...] = field(init=False, repr=False, compare=False)
    """Of each parameter its wire name, and the input that it carries."""

    def __post_init__(self) -> None:
        """Prepare to make requests."""
        endpoint = self.answering.endpoint
        object.__setattr__(self, "request", requests_of(endpoint))
        object.__setattr__(self, "_input_of", tuple([(one.wire, one.name) for one in endpoint.parameters]))

    def wire(self, request: Request[Any], inputs: Inputs) -> bytes:
        """Hash a question's request as this account sends it: where it goes, and its exact parameters.

        Those that repeat an input to the letter are hashed by its name: it is in the question's own hash, so two such
        hashes of one question are equal where the requests are.

        :param inputs: of the question, in canonical form.
        """
        exact, endpoint = self.api.exact(request), request.endpoint
        pairs = [(wire, its) for wire, its in self._input_of if wire in exact and exact[wire] == inputs.get(its)]
        if len(pairs) == len(exact):
            return _hash_of(endpoint.method, endpoint.path, *pairs)
        repeated = dict(pairs)
        others = {wire: value for wire, value in exact.items() if wire not in repeated}
        return wire_hash(_encode((endpoint.method, endpoint.path, repeated, others)))

    def wires(self, inputs: Mapping[str, Sequence[str | None]]) -> list[bytes] | None:
        """Hash the requests of questions, from columns of their canonical inputs: for each what :meth:`wire` gives.

        :return: None where there is no short way.
        """
        endpoint = self.answering.endpoint
        columns = wire_columns(endpoint, inputs)
        if not columns:
            return None
        repeated = {wire: its for wire, its in self._input_of if wire in columns and columns[wire] is inputs[its]}
        others = [columns[name] for name in sorted(columns) if name not in repeated]
        if not all(map(_is_written_as_it_is, others)):
            return None
        left_open = {**endpoint.fixed, **dict.fromkeys(columns.keys() - repeated.keys(), _HERE)}
        form = _encode((endpoint.method, endpoint.path, repeated, left_open)).decode()
        form = form.replace("%", "%%").replace(_HERE, "%s")
        if others:
            wires = wire_hashes(map(str.encode, map(form.__mod__, zip(*others, strict=True))))
        else:
            wires = [wire_hash((form % ()).encode())] * len(next(iter(columns.values())))
        # An account that writes its requests in a way of its own is found out by the first of them.
        first = {name: column[0] or "" for name, column in inputs.items()}
        return wires if wires and wires[0] == self.wire(self.request(first), first) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Way(Reader):
    """One account that can be asked the run's inquiry.

    :param account: its name in the journal; it survives new credentials.
    :param price_rial: what an answer costs; None where nobody has said so.
    :param whole_call_seconds: how long one call may take.
    :param closed_banks: asks, for nothing, of which banks (Jibit ids) no card can be asked about now; None where the
        provider does not report it.
    """

    provider: str
    account: str
    environment: str
    price_rial: int | None
    whole_call_seconds: float
    client: MakeClient
    closed_banks: Callable[[], Collection[str]] | None = None


_BARE: Final[Mapping[str, Api]] = {"jibit": Jibit("", ""), "paystar": Paystar(credentials={})}
"""Without an account: enough to read what a provider once answered."""


@lru_cache
def _hash_of(method: str, path: str, *repeated: tuple[str, str]) -> bytes:
    """Hash a request of nothing but the question's inputs. It holds none of their values."""
    return wire_hash(_encode((method, path, dict(repeated), {})))


def _is_written_as_it_is(column: Sequence[str]) -> bool:
    """Whether JSON writes texts with nothing but quotes around them."""
    together = "".join(column)
    return len(_encode(together)) == len(together.encode()) + 2


def bare_reader(inquiry: Inquiry, provider: str) -> Reader | None:
    """Make what reads a provider's kept answers where no account of the run does; None for an unknown provider."""
    answering = inquiry.answered_by.get(provider)
    return None if answering is None else Reader(api=_BARE[provider], answering=answering)


def same_environment(ways: Sequence[Way]) -> str:
    """Return the environment of all accounts.

    :raises ConfigurationError: there is none, they differ, two are the same account, or two write a question otherwise.
    """
    if not ways:
        raise ConfigurationError("conn_ids: name at least one connection that can answer.")
    environments = {way.environment for way in ways}
    if len(environments) > 1:
        raise ConfigurationError(
            f"conn_ids: the connections lead to different environments ({', '.join(sorted(environments))}); an answer "
            "of one does not count in the other. Name connections of one environment."
        )
    if len({(way.provider, way.account) for way in ways}) < len(ways):
        raise ConfigurationError("conn_ids: the same account is named twice. Name each once.")
    calendars = {way.api.birth_calendar for way in ways if isinstance(way.api, Paystar)}
    if len(calendars) > 1:
        raise ConfigurationError(
            "conn_ids: the connections of Paystar read birth dates in different calendars, so that the answer of one "
            "is none to the question of the other. Name one of them."
        )
    return environments.pop()


def highest_cost_rial(ways: Sequence[Way]) -> int | None:
    """Return what one question may cost at the most, all accounts asked in turn; None where a price is not known."""
    highest = before = 0
    for way in ways:
        if way.price_rial is None:
            return None
        highest = max(highest, before + way.price_rial)
        before += 0 if way.api.errors_are_free else way.price_rial
    return highest
