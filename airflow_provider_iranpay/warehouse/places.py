"""Where the values of many rows stand in one statement for SQLite: what the rows have in common is bound once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

__all__ = ["numbered_places"]


def numbered_places(common: Sequence[bool], rows: int) -> str:
    """Number the places: those that rows have in common first, then those of each row.

    :param common: for each column whether it is one of these.
    """
    numbers = count(1)
    shared = {index: next(numbers) for index, is_common in enumerate(common) if is_common}
    every = [[shared.get(index) or next(numbers) for index in range(len(common))] for _ in range(rows)]
    return ", ".join(f"({', '.join(f'?{number}' for number in row)})" for row in every)
