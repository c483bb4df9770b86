"""CSV: UTF-8, a header, commas, quotes as in RFC 4180.

Cells are text exactly as it stands in the file: leading zeros, Persian digits and spaces stay. Python's own reader and
not pandas': it refuses a row of too many or too few cells, whose answers would be paid for with shifted cells.

Written cells are not changed for spreadsheets either. One that begins with ``=`` is a formula to them: import such a
file as text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, BinaryIO, Final

import pandas as pd

from airflow_provider_iranpay.bulk.columns import Column
from airflow_provider_iranpay.bulk.formats.contract import BATCH_ROWS, Broken, each_cell, tehran_text
from airflow_provider_iranpay.inquiries import Dtype

__all__ = ["batches", "columns", "write"]

_TEXTS: Final[Mapping[Dtype, Callable[[Any], str]]] = {
    "boolean": {True: "true", False: "false"}.__getitem__,
    "datetime64[us, Asia/Tehran]": tehran_text,
}


def columns(file: BinaryIO) -> list[str]:
    """Read the header."""
    with _records(file) as (header, _):
        return header


def batches(file: BinaryIO, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Read the columns, with dtype string; an empty cell is ""."""
    with _records(file) as (header, records):
        at = [(name, header.index(name)) for name in columns]
        while batch := list(islice(records, BATCH_ROWS)):
            cells = list(zip(*batch, strict=True))
            yield pd.DataFrame({name: pd.Series(cells[index], dtype="string") for name, index in at})


def write(file: BinaryIO, columns: Sequence[Column], rows: Iterable[tuple[Any, ...]]) -> None:
    """Write ``true`` and ``false``, times in ISO with offset, and nothing for what is missing."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow([column.name for column in columns])
    writer.writerows(each_cell(rows, columns, _TEXTS))
    text.detach()


@contextmanager
def _records(file: BinaryIO) -> Iterator[tuple[list[str], Iterator[list[str]]]]:
    """Yield the header, and the records, each as long as the header. Blank lines are left out."""
    reader = csv.reader(io.TextIOWrapper(file, encoding="utf-8-sig", newline=""), strict=True)
    try:
        header = next((record for record in reader if record), None)
        if header is None:
            raise Broken("no_header", "The file is empty. Write the names of the columns into its first line.")
        yield header, _whole(reader, len(header))
    except UnicodeDecodeError:
        raise Broken(
            "encoding",
            f"After line {reader.line_num} there is text that is not UTF-8. Save the file as CSV UTF-8.",
        ) from None
    except csv.Error:
        raise Broken(
            "quotes",
            f"The record at line {reader.line_num} cannot be read, most likely for a quote that is not closed or "
            "stands inside a cell. Quote the whole cell, and double the quotes in it.",
        ) from None


def _whole(reader: Any, width: int) -> Iterator[list[str]]:
    for record in reader:
        if len(record) == width:
            yield record
        elif record:
            raise Broken(
                "cells",
                f"The record that ends in line {reader.line_num} has {len(record)} cells and the header {width}. Quote "
                "cells that hold a comma.",
            )
