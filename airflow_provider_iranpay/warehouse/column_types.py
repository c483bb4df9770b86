"""Column types that mean the same on SQLite and on PostgreSQL. No table and no statement lives here."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = ["JsonText", "UtcTimestamp", "stored_instant"]


def stored_instant(value: datetime | None, dialect_name: str) -> datetime | str | None:
    """Turn an aware datetime into what a database holds for :class:`UtcTimestamp`.

    :raises ValueError: it has no time zone.
    """
    if value is None:
        return None
    if value.tzinfo is not UTC:
        if value.utcoffset() is None:
            raise ValueError("A datetime without a time zone cannot be stored: give an aware one.")
        value = value.astimezone(UTC)
    return value.isoformat("T", "microseconds") if dialect_name == "sqlite" else value


class UtcTimestamp(TypeDecorator[datetime]):
    """An instant: ``timestamptz`` on PostgreSQL; on SQLite, which has no such type, ISO text in UTC.

    The text has a fixed width down to the microsecond, so it sorts and compares as time does. What is read is always
    aware, in UTC.

    :raises ValueError: for a datetime without a time zone, whose instant nobody can know.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose text on SQLite."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Turn an aware datetime into what the database holds."""
        return stored_instant(value, dialect.name)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn what the database holds into an aware datetime in UTC."""
        if value is None:
            return None
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
        return instant.astimezone(UTC)


class JsonText(TypeDecorator[Any]):
    """A JSON value as text that a person can read in the database: Persian stays Persian.

    Text and not ``jsonb``: what a provider sent is evidence, and ``jsonb`` would reorder its keys.

    :raises ValueError: for NaN and the infinities, which JSON does not have.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Write the value as JSON."""
        return None if value is None else json.dumps(value, ensure_ascii=False, allow_nan=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        """Read the JSON back."""
        return None if value is None else json.loads(value)
