"""Seeded numbers: an invertible numbering of people, and dice that always fall the same way. Nothing about people here.

An identifier carries its owner's index, scrambled, so that a million owners are looked up without one index in memory.
"""

from __future__ import annotations

import struct
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CAPACITY", "Dice", "Shuffle"]

T = TypeVar("T")

CAPACITY = 10**8
"""How many indices there are: eight digits."""


class Shuffle:
    """A one-to-one map of ``0 <= index < CAPACITY`` onto eight digits and back.

    :param seed: of the whole population.
    :param label: what is numbered; each label has a map of its own.
    """

    def __init__(self, seed: int, label: str) -> None:
        factor: int
        self._shift: int
        factor, self._shift = struct.unpack("<QQ", blake2b(f"{seed}/{label}".encode(), digest_size=16).digest())
        # Coprime to 10**8, so that the affine map can be undone: ends in 1, 3, 7 or 9.
        self._factor: int = factor // 10 * 10 + (1, 3, 7, 9)[factor % 4]
        self._inverse: int = pow(self._factor, -1, CAPACITY)

    def digits(self, index: int) -> str:
        """The eight digits of ``index``."""
        return f"{(self._factor * index + self._shift) % CAPACITY:08d}"

    def index(self, digits: str) -> int:
        """The index that has these eight digits."""
        return (int(digits) - self._shift) * self._inverse % CAPACITY


class Dice:
    """Up to 32 draws that depend on the key alone."""

    def __init__(self, key: str) -> None:
        self._draws = iter(struct.unpack("<32H", blake2b(key.encode(), digest_size=64).digest()))

    def below(self, limit: int) -> int:
        """A whole number from 0 to ``limit - 1``; ``limit`` at most 65536."""
        draw: int = next(self._draws)
        return draw * limit >> 16

    def pick(self, options: Sequence[T]) -> T:
        """One of ``options``; an option that stands there twice comes twice as often."""
        return options[self.below(len(options))]
