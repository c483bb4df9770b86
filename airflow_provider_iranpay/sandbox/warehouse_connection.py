"""The connection of a warehouse that goes with a sandbox: an SQLite file, and a journal key that is kept beside it."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

__all__ = ["warehouse_connection"]

_KEY_BYTES = 32


def warehouse_connection(file: Path) -> dict[str, Any]:
    """Describe the connection as Airflow reads it from JSON; it is the same each time for the same file.

    The key is random, in a file that only its owner can read: a warehouse may come to hold more than invented people.

    :raises OSError: the key cannot be written or read.
    """
    place = file.resolve()
    keys = {"sandbox": _key(place.with_name(f"{place.name}.journal-key"))}
    return {"conn_type": "sqlite", "host": str(place), "extra": {"journal_keys": keys}}


def _key(kept_in: Path) -> str:
    try:
        new = os.open(kept_in, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return kept_in.read_text(encoding="ascii")
    key = base64.b64encode(os.urandom(_KEY_BYTES)).decode()
    with open(new, "w", encoding="ascii") as file:
        file.write(key)
    return key
