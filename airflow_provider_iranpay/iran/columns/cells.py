"""How the cells of a column are reached: as bytes where they are clean, as Python objects where they are not.

*Clean* is a cell of exactly so many ASCII characters, or a number that is written with that many digits. A column is
read in blocks that fit a processor's cache. What the bytes mean is not known here; Arrow's buffers are read in
:mod:`~airflow_provider_iranpay.iran.columns.arrow`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Bytes", "Cells", "Column", "Numbers", "Objects", "Rows", "arrow_of", "clean_blocks", "read", "texts_of"]

Column: TypeAlias = "pd.Series[Any] | pa.Array | pa.ChunkedArray | npt.NDArray[np.object_] | Sequence[object]"
"""A column of any type. Cells of a type that cannot carry the value are refused one by one, like in the checks."""

Rows: TypeAlias = npt.NDArray[np.intp]
Bytes: TypeAlias = npt.NDArray[np.uint8]

BLOCK_ROWS = 8192
_WHOLE_FLOATS = 2**53


class Cells(Protocol):
    """The cells of a column, or of one chunk of it."""

    def __len__(self) -> int: ...

    def clean(self, block: slice, width: int, numbers: range) -> tuple[Rows, Bytes]:
        """Return the clean rows of a block and their text, one character of all rows after the other.

        :param width: characters of a clean text.
        :param numbers: the numbers that are clean; they are written with zeros on the left.
        :return: the rows, counted within these cells, and ASCII codes of the shape ``(width, rows)``.
        """

    def texts(self, rows: Rows, characters: Bytes) -> Sequence[object] | npt.NDArray[np.object_]:
        """Return clean rows as ``str``.

        :param characters: of these rows, as :meth:`clean` gave them.
        """

    def originals(self, rows: Rows) -> Iterable[object]:
        """Return what the rows hold, as Python objects."""


def read(column: Column) -> Iterator[tuple[slice, Cells]]:
    """Find the way to a column's cells, chunk by chunk: yield which rows of the column they are, and the cells."""
    first = 0
    for cells in _chunks(column):
        yield slice(first, first + len(cells)), cells
        first += len(cells)


def arrow_of(column: Column) -> pa.Array | pa.ChunkedArray | None:
    """Return the Arrow array that holds the column, None if something else does. Nothing is copied."""
    if isinstance(column, pd.Series):
        dtype: Any = column.dtype
        held = isinstance(dtype, pd.ArrowDtype) or getattr(dtype, "storage", None) == "pyarrow"
        array: Any = column.array
        return array.__arrow_array__() if held else None
    return column if type(column).__module__.startswith("pyarrow") else None


def clean_blocks(cells: Cells, width: int, numbers: range) -> Iterator[tuple[Rows, Bytes]]:
    """Yield the clean rows of each block, as :meth:`Cells.clean` returns them."""
    for start in range(0, len(cells), BLOCK_ROWS):
        yield cells.clean(slice(start, min(start + BLOCK_ROWS, len(cells))), width, numbers)


def texts_of(characters: Bytes) -> list[str]:
    """Return as ``str`` what stands in ASCII codes of the shape ``(width, rows)``, line feeds not among them."""
    ends = np.full((1, characters.shape[1]), ord("\n"), dtype=np.uint8)
    return np.concatenate([characters, ends]).tobytes("F").decode("ascii").splitlines()


class Objects:
    """Cells that are Python objects, texts as a rule."""

    def __init__(self, cells: list[object]) -> None:
        self._cells = cells
        self._array = np.fromiter(cells, dtype=object, count=len(cells))

    def __len__(self) -> int:
        return len(self._cells)

    def clean(self, block: slice, width: int, numbers: range) -> tuple[Rows, Bytes]:
        """Pick the texts of the right length; numbers among objects are left to the checks."""
        del numbers
        cells = self._cells[block]
        rows, text = np.arange(block.start, block.stop), _joined(cells, width)
        if text is None:
            places = [
                place
                for place, cell in enumerate(cells)
                if isinstance(cell, str) and len(cell) == width and cell.isascii()
            ]
            rows, text = rows[places], "".join([str(cells[place]) for place in places])
        characters = np.frombuffer(text.encode("ascii"), dtype=np.uint8).reshape(-1, width)
        return rows, np.ascontiguousarray(characters.T)

    def texts(self, rows: Rows, characters: Bytes) -> npt.NDArray[np.object_]:
        """Return the objects themselves."""
        del characters
        return self._array[rows]

    def originals(self, rows: Rows) -> npt.NDArray[np.object_]:
        """Return the objects themselves."""
        return self._array[rows]


class Numbers:
    """Cells that are integers or floats.

    :param numbers: one for each row; 0, which is no identifier, where the cell holds nothing.
    :param originals: returns what rows hold, as Python objects.
    """

    def __init__(self, numbers: npt.NDArray[Any], originals: Callable[[Rows], list[object]]) -> None:
        self._numbers = _whole(numbers)
        self.originals = originals

    def __len__(self) -> int:
        return len(self._numbers)

    def clean(self, block: slice, width: int, numbers: range) -> tuple[Rows, Bytes]:
        """Pick the numbers of the range and write them."""
        cells = self._numbers[block]
        places = np.flatnonzero((cells >= numbers.start) & (cells < numbers.stop))
        return places + block.start, _written(cells[places].astype(np.int64), width)

    def texts(self, rows: Rows, characters: Bytes) -> list[str]:
        """Return the numbers as they were written."""
        del rows
        return texts_of(characters)


def _chunks(column: Column) -> Iterator[Cells]:
    arrow = arrow_of(column)
    if arrow is not None:
        from airflow_provider_iranpay.iran.columns.arrow import read_chunk  # noqa: PLC0415 - pyarrow is an extra

        yield from map(read_chunk, getattr(arrow, "chunks", [arrow]))
    elif isinstance(column, pd.Series):
        is_number = pd.api.types.is_integer_dtype(column.dtype) or pd.api.types.is_float_dtype(column.dtype)
        yield _numbers_of(column) if is_number else Objects(column.tolist())
    else:
        yield Objects(column.tolist() if isinstance(column, np.ndarray) else list(column))


def _numbers_of(column: pd.Series[Any]) -> Numbers:
    dtype: Any = getattr(column.dtype, "numpy_dtype", column.dtype)
    return Numbers(column.to_numpy(dtype=dtype, na_value=0), lambda rows: column.iloc[rows].tolist())


def _whole(numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if numbers.dtype.kind != "f":
        return numbers
    exact = (numbers >= 0) & (numbers < _WHOLE_FLOATS) & (np.floor(numbers) == numbers)
    return np.where(exact, numbers, 0).astype(np.int64)


def _written(numbers: npt.NDArray[np.int64], width: int) -> Bytes:
    characters = np.empty((width, len(numbers)), dtype=np.uint8)
    for place in reversed(range(width)):
        numbers, digit = np.divmod(numbers, 10)
        characters[place] = digit
    return characters + np.uint8(ord("0"))


def _joined(cells: list[Any], width: int) -> str | None:
    """Join the cells if all of them are clean; most columns are."""
    try:
        text = "".join(cells)
    except TypeError:
        return None
    return text if text.isascii() and set(map(len, cells)) <= {width} else None
