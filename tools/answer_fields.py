"""Which fields of an answer a reader knows: found in its source, and in that of all that it calls.

A field is a text that is handed to a reader of payloads, to ``get`` or to ``[...]``, or that stands in a table of texts
that is named. What a ``raise`` says is none.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType
from typing import Any

__all__ = ["fields_of"]

READERS = "airflow_provider_iranpay.api."


def fields_of(reader: Callable[..., object]) -> list[str]:
    """Name the fields in the order in which they are read; ``*_date`` where the beginning is put together later."""
    return list(dict.fromkeys(_fields(reader, set())))


def _fields(function: Any, seen: set[object]) -> Iterator[str]:
    if function not in seen:
        seen.add(function)
        source = ast.parse(textwrap.dedent(inspect.getsource(function)))
        yield from _named(source, function.__globals__, seen)


def _named(node: ast.AST, known: Mapping[str, object], seen: set[object]) -> Iterator[str]:
    match node:
        case ast.Raise():
            return
        case ast.Name(id=name):
            yield from _behind(known.get(name), seen)
        case ast.Subscript(slice=key):
            yield from _texts(key)
        case ast.Call(func=ast.Attribute(attr="get"), args=keys):
            yield from _texts(*keys)
        case ast.Call(func=ast.Name(id=name), args=keys) if _reads(known.get(name)):
            yield from _texts(*keys)
    for child in ast.iter_child_nodes(node):
        yield from _named(child, known, seen)


def _behind(thing: object, seen: set[object]) -> Iterator[str]:
    if _reads(thing):
        yield from _fields(thing, seen)
    elif isinstance(thing, dict) and all(isinstance(text, str) for text in thing.values()):
        yield from thing.values()
    elif isinstance(thing, tuple) and all(isinstance(text, str) for text in thing):
        yield from thing


def _reads(thing: object) -> bool:
    return isinstance(thing, FunctionType) and thing.__module__.startswith(READERS)


def _texts(*keys: ast.expr) -> Iterator[str]:
    for key in keys:
        pieces = key.values if isinstance(key, ast.JoinedStr) else [key]
        if any(isinstance(piece, ast.Constant) and isinstance(piece.value, str) for piece in pieces):
            yield "".join(str(piece.value) if isinstance(piece, ast.Constant) else "*" for piece in pieces)
