"""Which of any number of rows are alike, by hashes that they are given, in bounded memory.

Up to half a million rows are held. More are spread by their hashes over 256 heaps on disk, so that rows which are alike
come into one heap, and the heaps are compared one after the other: of a billion rows, each has some four million. What
the hashes mean is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Alike", "Numbers", "Pairs"]

Numbers: TypeAlias = npt.NDArray[np.uint64]
Pairs: TypeAlias = tuple[Numbers, Numbers]
"""Ordinals of rows, and for each of them the ordinal of the first row that is like it."""

_HELD_ROWS: Final = 2**19
_HEAPS: Final = 256
_HEAP_SHIFT: Final = np.uint64(56)


class Alike:
    """Compares rows.

    :param write: takes the number of a heap and bytes that belong to it.
    :param read: gives back the bytes of a heap, in the order in which they were written.
    """

    def __init__(self, write: Callable[[int, bytes], None], read: Callable[[int], Iterable[bytes]]) -> None:
        self._write = write
        self._read = read
        self._held: list[Numbers] = []
        self._count = 0
        self._is_on_disk = False

    def add(self, ordinals: Numbers, hashes: Numbers) -> None:
        """Take rows in, of larger ordinals than all before.

        :param hashes: of the shape ``(rows, 2)``; rows are alike if both are equal. The first is spread evenly.
        """
        self._held.append(np.column_stack((hashes, ordinals)))
        self._count += len(ordinals)
        if self._count >= _HELD_ROWS:
            self._spread()

    def pairs(self) -> Iterator[Pairs]:
        """Point each row that is like an earlier one to the first of them; in no order."""
        if not self._is_on_disk:
            yield from _compared(self._held)
            return
        self._spread()
        for heap in range(_HEAPS):
            yield from _compared(np.frombuffer(piece, np.uint64).reshape(-1, 3) for piece in self._read(heap))

    def _spread(self) -> None:
        if not self._held:
            return
        rows = np.concatenate(self._held)
        heaps = (rows[:, 0] >> _HEAP_SHIFT).astype(np.uint8)
        ends = np.cumsum(np.bincount(heaps, minlength=_HEAPS))
        for heap, some in enumerate(np.split(rows[np.argsort(heaps, kind="stable")], ends[:-1])):
            if len(some):
                self._write(heap, some.tobytes())
        self._held.clear()
        self._count = 0
        self._is_on_disk = True


def _compared(pieces: Iterable[Numbers]) -> Iterator[Pairs]:
    """Compare the rows of all pieces; only those that differ are held, however many are alike."""
    different = np.empty((0, 3), np.uint64)
    waiting: list[Numbers] = []
    for piece in pieces:
        waiting.append(piece)
        if sum(map(len, waiting)) >= _HELD_ROWS:
            different, pairs = _told_apart(np.concatenate([different, *waiting]))
            waiting.clear()
            yield pairs
    yield _told_apart(np.concatenate([different, *waiting]))[1]


def _told_apart(rows: Numbers) -> tuple[Numbers, Pairs]:
    """Return the first of the rows that are alike, and the pairs that they make with the others."""
    in_order = np.sort(rows[:, 0])
    repeated = in_order[1:][in_order[1:] == in_order[:-1]]
    suspects = np.flatnonzero(np.isin(rows[:, 0], repeated)) if len(repeated) else np.empty(0, np.intp)
    order = suspects[np.lexsort(rows[suspects].T[::-1])]
    some = rows[order]
    again = np.zeros(len(some), dtype=np.bool_)
    again[1:] = (some[1:, :2] == some[:-1, :2]).all(axis=1)
    first = np.maximum.accumulate(np.where(again, 0, np.arange(len(some))))
    is_first = np.ones(len(rows), dtype=np.bool_)
    is_first[order[again]] = False
    return rows[is_first], (some[again, 2], some[first[again], 2])
