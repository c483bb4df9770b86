"""CSV: UTF-8, a header, commas, quotes as in RFC 4180.

Cells are text exactly as it stands in the file: leading zeros, Persian digits and spaces stay. Python's own reader and
not pandas': it refuses a row of too many or too few cells, whose answers would be paid for with shifted cells. As long
as there is no quote, lines are split at commas, which comes to the same four times as fast.

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

import numpy as np
import pandas as pd

from airflow_provider_iranpay.bulk.columns import Column
from airflow_provider_iranpay.bulk.formats.contract import BATCH_ROWS, Broken, each_cell, tehran_text
from airflow_provider_iranpay.inquiries import Dtype

__all__ = ["batches", "columns", "write"]

_TEXTS: Final[Mapping[Dtype, Callable[[Any], str]]] = {
    "boolean": {True: "true", False: "false"}.__getitem__,
    "datetime64[us, Asia/Tehran]": tehran_text,
}

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_PIECE_BYTES: Final = 65_536
_COMMA, _LINE_FEED = b",\n"


def columns(file: BinaryIO) -> list[str]:
    """Read the header."""
    with _opened(file) as records:
        return records.header()


def batches(file: BinaryIO, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Read the columns, with dtype object: texts; an empty cell is ""."""
    with _opened(file) as records:
        header = records.header()
        at = [(name, header.index(name)) for name in columns]
        for cells in records.batches(len(header)):
            yield pd.DataFrame({name: pd.Series(cells[index], dtype=object) for name, index in at})


def write(file: BinaryIO, columns: Sequence[Column], rows: Iterable[tuple[Any, ...]]) -> None:
    """Write ``true`` and ``false``, times in ISO with offset, and nothing for what is missing."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow([column.name for column in columns])
    writer.writerows(each_cell(rows, columns, _TEXTS))
    text.detach()


@contextmanager
def _opened(file: BinaryIO) -> Iterator[_Records]:
    records = _Records(file)
    try:
        yield records
    except UnicodeDecodeError:
        raise Broken(
            "encoding",
            f"After line {records.line} there is text that is not UTF-8. Save the file as CSV UTF-8.",
        ) from None
    except csv.Error:
        raise Broken(
            "quotes",
            f"The record at line {records.line} cannot be read, most likely for a quote that is not closed or "
            "stands inside a cell. Quote the whole cell, and double the quotes in it.",
        ) from None


class _Records:
    """The records of a file. Blank lines are left out."""

    def __init__(self, file: BinaryIO) -> None:
        self._plain = _PlainLines(file)
        self._reader: Any = None

    @property
    def line(self) -> int:
        """The line that was read last, counted from 1."""
        return self._plain.taken + (0 if self._reader is None else int(self._reader.line_num))

    def header(self) -> list[str]:
        """Read the first record."""
        line = self._plain.take(1)
        header = _split(line, line.count(b",") + 1) or next(filter(None, self._rest(line)), None)
        if header is None:
            raise Broken("no_header", "The file is empty. Write the names of the columns into its first line.")
        return header

    def batches(self, width: int) -> Iterator[Sequence[Sequence[str]]]:
        """Read the other records, at most ``BATCH_ROWS`` together, each of so many cells; column by column."""
        while self._reader is None and (lines := self._plain.take(BATCH_ROWS)):
            cells = _split(lines, width)
            if cells is None:
                self._rest(lines)
            else:
                yield [cells[place::width] for place in range(width)]
        records = self._whole(width)
        while batch := list(islice(records, BATCH_ROWS)):
            yield list(zip(*batch, strict=True))

    def _rest(self, first: bytes = b"") -> Any:
        """Have Python's reader read on.

        :param first: lines that were taken and go before the rest of the file.
        """
        if self._reader is None:
            text = io.TextIOWrapper(self._plain.rest(first), encoding="utf-8", newline="")
            self._reader = csv.reader(text, strict=True)
        return self._reader

    def _whole(self, width: int) -> Iterator[list[str]]:
        for record in self._rest():
            if len(record) == width:
                yield record
            elif record:
                raise Broken(
                    "cells",
                    f"The record that ends in line {self.line} has {len(record)} cells and the header {width}. Quote "
                    "cells that hold a comma.",
                )


class _PlainLines:
    """The front of a file, as far as its lines hold no quote and end in a line feed, or in CR and line feed.

    :ivar taken: lines that were taken.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._held = self._read().removeprefix(_BYTE_ORDER_MARK)
        self.taken = 0

    def take(self, most: int) -> bytes:
        """Take whole lines, as many as there are up to this, with a line feed alone at their ends. Empty where none
        are left, or one of them is not plain.
        """
        pieces, lines = [self._held], self._held.count(b"\n")
        while lines < most and _may_be_plain(pieces[-1]) and (piece := self._read()):
            pieces.append(piece)
            lines += piece.count(b"\n")
        self._held = b"".join(pieces)
        ends = np.flatnonzero(np.frombuffer(self._held, np.uint8) == _LINE_FEED)
        end = ends[most - 1] + 1 if len(ends) >= most else len(self._held)
        text = self._held[:end].replace(b"\r\n", b"\n")
        if not text or b'"' in text or b"\r" in text:
            return b""
        if not text.endswith(b"\n"):
            text += b"\n"
        self._held = self._held[end:]
        self.taken += text.count(b"\n")
        return text

    def rest(self, first: bytes) -> io.BufferedReader:
        """Return what was not taken as a file.

        :param first: what was taken last and goes before it.
        """
        self.taken -= first.count(b"\n")
        return io.BufferedReader(_Rest(io.BytesIO(first + self._held), self._file))

    def _read(self) -> bytes:
        return self._file.read(_PIECE_BYTES)


class _Rest(io.RawIOBase):
    """Two files one after the other."""

    def __init__(self, first: BinaryIO, second: BinaryIO) -> None:
        self._first, self._second = first, second

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._first.read(len(buffer)) or self._second.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def _may_be_plain(piece: bytes) -> bool:
    return b'"' not in piece and piece.count(b"\r") <= piece.count(b"\n") + 1


def _split(lines: bytes, width: int) -> list[str] | None:
    """Split lines of so many cells each, row by row; None where one is blank, has another number, or is no UTF-8."""
    if b"\n\n" in lines or not lines or lines.startswith(b"\n"):
        return None
    content = np.frombuffer(lines, np.uint8)
    marks = content[(content == _COMMA) | (content == _LINE_FEED)]
    if len(marks) % width:
        return None
    marks = marks.reshape(-1, width)
    if not ((marks[:, :-1] == _COMMA).all() and (marks[:, -1] == _LINE_FEED).all()):
        return None
    try:
        return lines[:-1].decode().replace("\n", ",").split(",")
    except UnicodeDecodeError:
        return None
