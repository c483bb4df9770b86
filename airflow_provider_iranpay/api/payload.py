"""Strict readers of JSON payloads: a value of a wrong kind is an error, never a guess.

Texts of open enumerations pass as they are. What a whole answer looks like is each provider's business.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from airflow_provider_iranpay.api.contract import UnreadablePayload
from airflow_provider_iranpay.iran.checked import Refusal
from airflow_provider_iranpay.iran.money import LARGEST_RIAL, read_rial

__all__ = ["boolean", "decode_object", "identity", "integer", "items", "mapping", "optional_text", "rial", "text"]

_EXACT_FLOATS = 2**53


def decode_object(body: bytes) -> dict[str, Any] | None:
    """Parse a body as one JSON object (UTF-8), each key once; None where it is anything else."""
    plain = _decode_plain(body)
    return _decode_strictly(body) if plain is None else plain


def _decode_plain(body: bytes) -> dict[str, Any] | None:
    """Parse an object that has as many keys as colons, so that none stands twice; None for all others, good or bad.

    msgspec is several times faster than ``json``, and takes the last of two values of a key.
    """
    if _BACKSLASH in body and b"\\u" in body:  # one byte is found much faster than two, and most bodies have none
        return None
    try:
        decoded = _PLAIN_DECODER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    colons = body.count(b":")
    return decoded if len(decoded) == colons or _keys(decoded) == colons else None


def _keys(decoded: Mapping[str, Any]) -> int:
    """Count keys; those of objects in lists are left out, so that such a body is no plain one."""
    keys = len(decoded)
    for value in decoded.values():
        if type(value) is dict:
            keys += _keys(value)
    return keys


def _decode_strictly(body: bytes) -> dict[str, Any] | None:
    try:
        decoded = _DECODER.decode(body.decode("utf-8-sig"))
        if b"\\u" in body:
            _refuse_what_is_no_text(decoded)
    except (ValueError, RecursionError):
        return None
    return decoded if isinstance(decoded, dict) else None


def _refuse_what_is_no_text(decoded: object) -> None:
    """Refuse lone surrogates and NUL, which JSON can escape and neither UTF-8 nor a database can hold.

    :raises ValueError: there is one.
    """
    written = json.dumps(decoded, ensure_ascii=False)
    written.encode()
    if "\\u0000" in written.replace("\\\\", ""):  # a backslash that was meant is written as two
        raise ValueError("NUL")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _one_value_a_key(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    decoded = dict(pairs)
    if len(decoded) != len(pairs):
        raise ValueError("a key stands twice")
    return decoded


_BACKSLASH: Final = ord("\\")
_PLAIN_DECODER: Final = msgspec.json.Decoder(dict[str, Any])
_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_one_value_a_key)


def mapping(payload: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Read a nested object that has to be there."""
    value = payload.get(key)
    if not isinstance(value, Mapping):
        raise UnreadablePayload(f"it has no object {key!r}")
    return value


def items(payload: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Read a list of objects that has to be there (it may be empty)."""
    value = payload.get(key)
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise UnreadablePayload(f"it has no list of objects {key!r}")
    return value


def boolean(payload: Mapping[str, Any], key: str) -> bool:
    """Read a JSON ``true`` or ``false``; the text ``"false"`` and the number 0 are refused: both would mislead."""
    value = payload.get(key)
    if not isinstance(value, bool):
        raise UnreadablePayload(f"its {key!r} is not true or false")
    return value


def integer(payload: Mapping[str, Any], key: str) -> int:
    """Read an exact whole number; ``5.0`` is one, ``5.5``, ``"5"`` and ``true`` are not."""
    value = payload.get(key)
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_FLOATS:
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= LARGEST_RIAL:
        raise UnreadablePayload(f"its {key!r} is not a whole number")
    return value


def rial(payload: Mapping[str, Any], key: str) -> int:
    """Read an amount: a whole number, or its text with thousands commas or without."""
    value = payload.get(key)
    if not isinstance(value, str):
        return integer(payload, key)
    try:
        return read_rial(value)
    except Refusal:
        raise UnreadablePayload(f"its {key!r} is not an amount") from None


def text(payload: Mapping[str, Any], key: str) -> str:
    """Read a text that has to be there and is not empty."""
    value = payload.get(key)
    if not isinstance(value, str) or not value:
        raise UnreadablePayload(f"it has no text {key!r}")
    return value


def identity(payload: Mapping[str, Any], key: str) -> str:
    """Read what something is known by: a text, or a whole number that stands for one."""
    value = optional_text(payload, key)
    if value is None:
        raise UnreadablePayload(f"it has no {key!r}")
    return value


def optional_text(payload: Mapping[str, Any], *keys: str) -> str | None:
    """Read a text that may be missing: the first of several spellings of its key that holds one."""
    for key in keys:
        value = payload.get(key)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return None
