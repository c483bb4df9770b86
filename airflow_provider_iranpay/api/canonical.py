"""Requests from inputs that were checked before and brought to the catalogue's canonical form: the same requests, made
without checking each value again.

What the wire carries for a canonical value is said here for each encoder that has a short way; all others encode.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar, cast

from airflow_provider_iranpay.api import encoding
from airflow_provider_iranpay.api.contract import Endpoint, Request
from airflow_provider_iranpay.exceptions import InvalidInput

__all__ = ["requests_of", "wire_columns"]

T = TypeVar("T")


def requests_of(endpoint: Endpoint[T]) -> Callable[[Mapping[str, str | None]], Request[T]]:
    """Return what makes an endpoint's requests from canonical inputs; None where one is left out.

    :return: equal to ``endpoint.request`` for such inputs; raises :class:`InvalidInput` as it does.
    """
    names = [parameter.name for parameter in endpoint.parameters]
    wire_names = [parameter.wire for parameter in endpoint.parameters]
    writers = [_SHORT.get(one.encode) or partial(one.encode, one.name) for one in endpoint.parameters]
    are_as_they_are = all(write is _as_it_is for write in writers)
    fixed = dict(endpoint.fixed)
    in_query = endpoint.method == "GET"

    def request(inputs: Mapping[str, str | None]) -> Request[T]:
        values = [*map(inputs.get, names)]
        try:
            if are_as_they_are and None not in values:
                wire: dict[str, Any] = {**fixed, **dict(zip(wire_names, values))}  # noqa: B905 - strict takes longer
            else:
                given = zip(wire_names, writers, values, strict=True)
                wire = fixed | {name: write(value) for name, write, value in given if value is not None}
        except InvalidInput as error:
            refused = error.of(endpoint.service)
        else:
            return Request(endpoint=endpoint, query=wire) if in_query else Request(endpoint=endpoint, body=wire)
        raise refused

    return request


def wire_columns(
    endpoint: Endpoint[Any], inputs: Mapping[str, Sequence[str | None]]
) -> dict[str, Sequence[str]] | None:
    """Turn columns of canonical inputs into what the wire carries, by wire names.

    :return: None where there is no short way, or a row has no value.
    """
    columns: dict[str, Sequence[str]] = {}
    for parameter in endpoint.parameters:
        if parameter.name in inputs:
            write = _SHORT.get(parameter.encode)
            column = inputs[parameter.name]
            if write is None or None in column:
                return None
            values = cast("Sequence[str]", column)
            columns[parameter.wire] = values if write is _as_it_is else list(map(write, values))
    return columns


def _as_it_is(value: str) -> str:
    return value


def _dashed(value: str) -> str:
    return f"{value[:4]}-{value[4:6]}-{value[6:]}"


_SHORT: Final[Mapping[Any, Callable[[str], str]]] = {
    encoding.card: _as_it_is,
    encoding.iban: _as_it_is,
    encoding.account: _as_it_is,
    encoding.national_code: _as_it_is,
    encoding.mobile: _as_it_is,
    encoding.postal_code: _as_it_is,
    encoding.fida_code: _as_it_is,
    encoding.corporation_code: _as_it_is,
    encoding.name: _as_it_is,
    encoding.birth_date: _as_it_is,
    encoding.birth_date_dashed: _dashed,
}
