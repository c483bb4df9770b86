"""Signatures as the contract says: HMAC-SHA512 over parts joined by ``#``, in lower-case hex.

Who signs what stands with the calls.
"""

from __future__ import annotations

import hmac

__all__ = ["is_signed", "sign"]


def sign(key: str, *parts: object) -> str:
    """The signature of ``parts``.

    :param key: taken as text, never hex-decoded.
    """
    return hmac.new(key.encode(), "#".join(map(str, parts)).encode(errors="replace"), "sha512").hexdigest()


def is_signed(given: str, key: str, *parts: object) -> bool:
    """Whether ``given`` is the signature of ``parts``, to the letter."""
    return hmac.compare_digest(given.encode(errors="replace"), sign(key, *parts).encode())
