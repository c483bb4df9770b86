"""Parquet, through pyarrow, which this package does not require."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, BinaryIO

import pandas as pd

from airflow_provider_iranpay.bulk.columns import Column
from airflow_provider_iranpay.bulk.formats.contract import BATCH_ROWS, Broken
from airflow_provider_iranpay.exceptions import ConfigurationError

try:
    import pyarrow as pa
    from pyarrow import parquet
except ModuleNotFoundError:
    raise ConfigurationError("A Parquet file needs pyarrow: pip install 'airflow-provider-iranpay[parquet]'.") from None

__all__ = ["batches", "columns", "write"]

_TYPES = {
    "boolean": pa.bool_(),
    "string": pa.string(),
    "Int64": pa.int64(),
    "Float64": pa.float64(),
    "datetime64[us, Asia/Tehran]": pa.timestamp("us", tz="Asia/Tehran"),
}


def columns(file: BinaryIO) -> list[str]:
    """Read the schema."""
    with _opened(file) as opened:
        return list(opened.schema_arrow.names)


def batches(file: BinaryIO, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Read the columns, with Arrow's dtypes and without copying text."""
    with _opened(file) as opened:
        for batch in opened.iter_batches(BATCH_ROWS, columns=list(columns)):
            yield batch.select(list(columns)).to_pandas(types_mapper=pd.ArrowDtype)


def write(file: BinaryIO, columns: Sequence[Column], rows: Iterable[tuple[Any, ...]]) -> None:
    """Write each column with the Arrow type of its dtype."""
    schema = pa.schema([(column.name, _TYPES[column.dtype]) for column in columns])
    left = iter(rows)
    with parquet.ParquetWriter(file, schema) as writer:
        while batch := list(islice(left, BATCH_ROWS)):
            cells = zip(*batch, strict=True)
            arrays = [pa.array(some, field.type) for some, field in zip(cells, schema, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


@contextmanager
def _opened(file: BinaryIO) -> Iterator[Any]:
    try:
        with parquet.ParquetFile(file) as opened:
            yield opened
    except pa.ArrowException:
        raise Broken("parquet", "It is no Parquet file, or a part of one. Write it again.") from None
