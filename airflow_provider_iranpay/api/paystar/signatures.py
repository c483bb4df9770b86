"""Signatures as Paystar documents them: HMAC-SHA512 in lower-case hex, the key taken as text."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

__all__ = ["sign"]


def sign(parts: Iterable[object], *, key: str) -> str:
    """Sign the parts, joined by ``#``: integers as plain digits, texts exactly as they are sent.

    :param key: the sign key, as text: it is never hex-decoded.
    """
    message = "#".join(map(str, parts))
    return hmac.new(key.encode(), message.encode(), hashlib.sha512).hexdigest()
