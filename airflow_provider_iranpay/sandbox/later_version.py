"""The same answer as a later version of an API might give it. What is open to change, the face says."""

from __future__ import annotations

from typing import Any

__all__ = ["UNKNOWN_MEMBER", "later"]

UNKNOWN_MEMBER = "SANDBOX_UNKNOWN"
_FIELD = {"sandboxUnknownField": {"nested": [1, None]}}


def later(body: Any, *, fields: bool, enums: frozenset[str] = frozenset()) -> Any:
    """``body`` with what no contract knows.

    :param fields: add a field to every object.
    :param enums: keys whose texts become :data:`UNKNOWN_MEMBER`.
    """
    if isinstance(body, list):
        return [later(item, fields=fields, enums=enums) for item in body]
    if not isinstance(body, dict):
        return body
    grown = {
        key: UNKNOWN_MEMBER if key in enums and isinstance(value, str) else later(value, fields=fields, enums=enums)
        for key, value in body.items()
    }
    return grown | _FIELD if fields else grown
