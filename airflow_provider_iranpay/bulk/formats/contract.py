"""What every format offers, and what they share. No format's own rule lives here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, BinaryIO, Protocol

import pandas as pd

from airflow_provider_iranpay.bulk.columns import Column
from airflow_provider_iranpay.inquiries import Dtype
from airflow_provider_iranpay.iran.days import TEHRAN

__all__ = ["BATCH_ROWS", "Broken", "Format", "each_cell", "tehran_text"]

BATCH_ROWS = 20_000
"""The most rows that a reader or a writer holds at a time."""


class Broken(Exception):
    """A file is not what its suffix says. The text says where, and what to do; it holds no cell.

    :param reason: stable reason code, for example ``cells``.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(remedy)
        self.reason = reason


class Format(Protocol):
    """A module that reads and writes one format."""

    def columns(self, file: BinaryIO) -> list[str]:
        """Names of the columns, in their order; a name may come twice.

        :raises Broken: if they cannot be read.
        """

    def batches(self, file: BinaryIO, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Frames of these columns, in the order of the file, of at most ``BATCH_ROWS`` rows.

        :raises Broken: where the file is not what it should be.
        """

    def write(self, file: BinaryIO, columns: Sequence[Column], rows: Iterable[tuple[Any, ...]]) -> None:
        """Write rows of plain Python values in the order of the columns; a missing one is None."""


def each_cell(
    rows: Iterable[tuple[Any, ...]], columns: Sequence[Column], how: Mapping[Dtype, Callable[[Any], Any]]
) -> Iterator[list[Any]]:
    """Turn cells that are not missing into what a format writes, by the dtype of their column."""
    at = [(index, how[column.dtype]) for index, column in enumerate(columns) if column.dtype in how]
    for row in rows:
        cells = list(row)
        for index, turn in at:
            if cells[index] is not None:
                cells[index] = turn(cells[index])
        yield cells


def tehran_text(instant: datetime) -> str:
    """Return an instant as ISO text with the offset of Tehran."""
    return instant.astimezone(TEHRAN).isoformat()
