"""JSON Lines: UTF-8, one object on each line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO

import msgspec
import pandas as pd

from airflow_provider_iranpay.bulk.columns import Column
from airflow_provider_iranpay.bulk.formats.contract import BATCH_ROWS, Broken, each_cell, tehran_text

__all__ = ["batches", "columns", "write"]

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def columns(file: BinaryIO) -> list[str]:
    """Read the whole file for the names that its objects have, in the order of their first appearance."""
    names: dict[str, None] = {}
    for record in _objects(file):
        names.update(dict.fromkeys(record))
    return list(names)


def batches(file: BinaryIO, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Read the columns, with dtype object: cells are what JSON says, and None where an object lacks the name."""
    objects = _objects(file)
    while batch := list(islice(objects, BATCH_ROWS)):
        yield pd.DataFrame({name: pd.Series([one.get(name) for one in batch], dtype=object) for name in columns})


def write(file: BinaryIO, columns: Sequence[Column], rows: Iterable[tuple[Any, ...]]) -> None:
    """Write times in ISO with offset, and null for what is missing."""
    names = [column.name for column in columns]
    records = each_cell(rows, columns, {"datetime64[us, Asia/Tehran]": tehran_text})
    file.writelines(_encode(dict(zip(names, cells, strict=True))) + b"\n" for cells in records)


def _objects(file: BinaryIO) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file, 1):
        content = (line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line).strip()
        if not content:
            continue
        try:
            yield _decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Broken(
                "json",
                f'Line {number} is no JSON object in UTF-8. Write one object on each line, as in {{"card": ...}}.',
            ) from None
