"""Both contracts as the code has them, for the page of coverage: what is called, with what, and how it ends.

All of it is looked up in the tables of ``api``, the hooks and the sandbox. Nothing is written or judged here.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from airflow_provider_iranpay.api.contract import Endpoint, Tokens, Weight
from airflow_provider_iranpay.api.jibit import Jibit
from airflow_provider_iranpay.api.jibit import endpoints as jibit
from airflow_provider_iranpay.api.jibit import errors as jibit_errors
from airflow_provider_iranpay.api.paystar import endpoints as paystar
from airflow_provider_iranpay.api.paystar import envelope, gateway
from airflow_provider_iranpay.api.paystar import errors as paystar_errors
from airflow_provider_iranpay.hooks.jibit import JibitHook
from airflow_provider_iranpay.hooks.paystar import PaystarBankingHook, PaystarGatewayHook, PaystarWalletHook
from airflow_provider_iranpay.sandbox.jibit.services import SERVICES as JIBIT_SERVICES
from airflow_provider_iranpay.sandbox.paystar.face import SERVICES as PAYSTAR_SERVICES

__all__ = ["Product", "Provider", "Row", "jibit_in_code", "paystar_in_code"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One thing of a contract that is called.

    :param constants: the names in the table of endpoints by which a hook method means it.
    :param path: as the sandbox knows it too.
    :param reader: reads its answer; None where a browser sees it.
    """

    service: str
    constants: frozenset[str]
    method: str
    path: str
    inputs: tuple[str, ...]
    weight: str
    safety: str
    reader: Callable[..., Any] | None

    @property
    def call(self) -> str:
        return f"`{self.method} {self.path}`"


@dataclass(frozen=True)
class Product:
    """What one kind of connection calls."""

    name: str
    hook: type
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Provider:
    """A contract.

    :param envelope: reads what every answer has.
    :param others: readers of what is no answer to a call, by what it is.
    :param codes: tables of codes, by where they are said; each rule has an ``error_class``.
    """

    name: str
    products: tuple[Product, ...]
    services: Iterable[Any]
    envelope: Callable[..., Any]
    others: Mapping[str, Callable[..., Any]]
    codes: Mapping[str, Mapping[Any, Any]]


def _row(table: ModuleType, endpoint: Endpoint[Any], *, given: Iterable[str] = (), key: str | None = None) -> Row:
    """A row of an endpoint.

    :param given: inputs that the client adds.
    :param key: of a call that renews: the name of the key.
    """
    meant = endpoint if key is None else key
    return Row(
        service=endpoint.service,
        constants=frozenset(name for name, value in vars(table).items() if value is meant),
        method=endpoint.method,
        path=endpoint.path,
        inputs=(*_credentials(endpoint), *given, *_parameters(endpoint)),
        weight=endpoint.weight.value,
        safety=endpoint.safety.value,
        reader=endpoint.read,
    )


def _credentials(endpoint: Endpoint[Any]) -> tuple[str, ...]:
    if not isinstance(endpoint, paystar.PaystarEndpoint):
        return ()
    return (*endpoint.credentials, *(["sign?"] if endpoint.signed else []))


def _parameters(endpoint: Endpoint[Any]) -> Iterator[str]:
    """Parameters as they are sent; one that holds items, with what these have."""
    yield from (f"{name}={value}" for name, value in endpoint.fixed.items())
    for parameter in endpoint.parameters:
        if parameter.wire not in getattr(endpoint, "unsent", ()):
            yield parameter.wire + _may_be_left_out(parameter.optional)
            yield from (f"{parameter.wire}[].{name}" for name in _items(parameter.encode))


def _items(encode: Any) -> Iterator[str]:
    """The fields of the dataclass that an encoder takes, if it takes one."""
    for kind in filter(dataclasses.is_dataclass, map(encode.__globals__.get, encode.__code__.co_names)):
        for one in dataclasses.fields(kind):
            yield one.name + _may_be_left_out(one.default is not dataclasses.MISSING)


def _may_be_left_out(optional: bool) -> str:
    return "?" if optional else ""


def jibit_in_code() -> Provider:
    renewals = Jibit("key", "secret").renewals("access_token", [Tokens("access", "refresh")])
    rows = [_row(jibit, endpoint) for endpoint in jibit.ENDPOINTS.values()]
    rows += [_row(jibit, one.request.endpoint, given=one.request.body or ()) for one in renewals]
    codes = {f"{prefix}*": rule for prefix, rule in jibit_errors.PREFIXES.items()}
    codes |= jibit_errors.CODES | {f"*{suffix}": rule for suffix, rule in jibit_errors.SUFFIXES.items()}
    return Provider(
        "Jibit",
        (Product("Inquiries", JibitHook, tuple(rows)),),
        JIBIT_SERVICES,
        Jibit.understand,
        {},
        {"every call": codes},
    )


def paystar_in_code() -> Provider:
    def rows(endpoints: Mapping[str, Endpoint[Any]], *keys: str) -> tuple[Row, ...]:
        refreshes = ((key, row, paystar.REFRESHES[key].by) for key in keys for row in paystar.REFRESHES[key].endpoints)
        return (
            *(_row(paystar, endpoint) for endpoint in endpoints.values()),
            *(_row(paystar, row, given=[by], key=key) for key, row, by in refreshes),
        )

    return Provider(
        "Paystar",
        (
            Product("Open banking and bank transfer", PaystarBankingHook, rows(paystar.BANKING, paystar.API_KEY)),
            Product("Payment gateway", PaystarGatewayHook, (*rows(paystar.GATEWAY), _payment_page())),
            Product("Wallet", PaystarWalletHook, rows(paystar.WALLET, paystar.WALLET_KEY, paystar.INQUIRY_KEY)),
        ),
        PAYSTAR_SERVICES,
        envelope.understand,
        {"the callback": gateway.read_callback},
        {
            "open banking, bank transfer, wallet": paystar_errors.CODES,
            "payment gateway": paystar_errors.GATEWAY_CODES,
            "payment gateway, direct": paystar_errors.DIRECT_CODES,
            "every product, in words": paystar_errors.TEXTS,
        },
    )


def _payment_page() -> Row:
    """The one thing that a browser calls: the hook only says where it is."""
    (service,) = [service for service in PAYSTAR_SERVICES if service.path == paystar.PAYMENT_PAGE]
    return Row(
        service=service.name.partition(".")[2],
        constants=frozenset({"PAYMENT_PAGE"}),
        method="/".join(service.method),
        path=service.path,
        inputs=tuple(inspect.signature(PaystarGatewayHook.payment_url).parameters)[1:],
        weight=Weight.DOCUMENTED.value,
        safety="(a browser's)",
        reader=None,
    )
