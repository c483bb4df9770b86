"""Columns that Arrow holds, read from its buffers without a copy. The one module here that needs pyarrow."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.types as kinds

from airflow_provider_iranpay.iran.columns.cells import Bytes, Cells, Numbers, Objects, Rows

__all__ = ["read_chunk"]


def read_chunk(chunk: pa.Array) -> Cells:
    """Find the way to the cells of one contiguous array; what has no short cut becomes Python objects."""
    if kinds.is_dictionary(chunk.type):
        chunk = chunk.dictionary_decode()
    if kinds.is_string_view(chunk.type):
        chunk = chunk.cast(pa.large_string())
    if kinds.is_string(chunk.type) or kinds.is_large_string(chunk.type):
        return _Texts(chunk)
    if kinds.is_integer(chunk.type) or kinds.is_floating(chunk.type):
        return Numbers(
            chunk.fill_null(0).to_numpy(zero_copy_only=False), lambda rows: chunk.take(pa.array(rows)).to_pylist()
        )
    return Objects(chunk.to_pylist())


class _Texts:
    """Cells of one array of strings: offsets into one long UTF-8 text."""

    def __init__(self, chunk: pa.Array) -> None:
        self._chunk = chunk
        self._offsets, self._text = _buffers(chunk)
        self._known = chunk.is_valid().to_numpy(zero_copy_only=False) if chunk.null_count else None

    def __len__(self) -> int:
        return len(self._chunk)

    def clean(self, block: slice, width: int, numbers: range) -> tuple[Rows, Bytes]:
        """Pick the texts of the right length in bytes; whether they are ASCII is left to whoever reads them."""
        del numbers
        offsets = self._offsets[block.start : block.stop + 1]
        clean = np.diff(offsets) == width
        if self._known is not None:
            clean &= self._known[block]
        if clean.all():
            rows, characters = (
                np.arange(block.start, block.stop),
                self._text[offsets[0] : offsets[-1]].reshape(-1, width),
            )
        else:
            places = np.flatnonzero(clean)
            rows = places + block.start
            characters = self._text[offsets[places][:, np.newaxis] + np.arange(width)]
        return rows, np.ascontiguousarray(characters.T)

    def texts(self, rows: Rows, characters: Bytes) -> npt.NDArray[np.object_]:
        """Return the cells."""
        del characters
        return self.originals(rows)

    def originals(self, rows: Rows) -> npt.NDArray[np.object_]:
        """Return the cells."""
        together = len(rows) > 0 and rows[-1] - rows[0] == len(rows) - 1
        cells = self._chunk.slice(rows[0], len(rows)) if together else self._chunk.take(pa.array(rows))
        objects: npt.NDArray[np.object_] = cells.to_numpy(zero_copy_only=False)
        return objects


def _buffers(chunk: pa.Array) -> tuple[npt.NDArray[np.integer], Bytes]:
    """Return the offsets of the rows and their ends, and the text that they point into."""
    _, offsets, text = chunk.buffers()
    dtype = np.dtype(np.int64 if kinds.is_large_string(chunk.type) else np.int32)
    if not len(chunk):
        return np.zeros(1, dtype), np.empty(0, np.uint8)
    return (
        np.frombuffer(offsets, dtype, count=len(chunk) + 1, offset=chunk.offset * dtype.itemsize),
        np.frombuffer(text, np.uint8) if text else np.empty(0, np.uint8),
    )
