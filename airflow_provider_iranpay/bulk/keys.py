"""The user's key of a row: what can be one, and how an error names its rows. No key is ever shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_iranpay.exceptions import InvalidInput
from airflow_provider_iranpay.inquiries import Dtype
from airflow_provider_iranpay.iran.cells import is_missing
from airflow_provider_iranpay.iran.masks import mask_shape

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Keys", "named_rows"]

_SHOWN: Final = 10
"""Offenders that an error names."""
_LARGEST: Final = 2**63 - 1


class Keys:
    """Takes the keys of a source in, batch by batch: all of them are integers, or all become text.

    :ivar dtype: of the column that they make.
    :ivar read: rows that were taken in.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._kinds: set[type] = set()
        self.read = 0

    @property
    def dtype(self) -> Dtype:
        """``Int64`` where all are integers, else ``string``."""
        return "Int64" if self._kinds == {int} else "string"

    def take(self, column: pd.Series[Any]) -> list[int | str]:
        """Return the keys as they are stored.

        :raises InvalidInput: one is missing or cannot be a key, or integers and texts are mixed; names the rows.
        """
        first = self.read + 1
        cells = column.tolist()
        self.read += len(cells)
        kinds = set(map(type, cells))
        if not kinds <= {int, str}:
            self._refuse(first, cells, "is_required", "Give each row a key of its own.", is_missing)
            self._refuse(first, cells, "type", "A key is an integer or a text.", _is_no_key)
            cells = [cell if isinstance(cell, int) else str(cell) for cell in cells]
            kinds = set(map(type, cells))
        self._kinds |= kinds
        if len(self._kinds) > 1:
            raise InvalidInput(self._name, "type", "Some keys are integers and others are texts: make them alike.")
        if int in kinds:
            if _is_too_large(max(cells)) or _is_too_large(min(cells)):
                self._refuse(first, cells, "too_large", "A key that is an integer has 64 bits.", _is_too_large)
        elif not all(map(str.strip, cells)):
            self._refuse(first, cells, "is_required", "Give each row a key of its own.", lambda cell: not cell.strip())
        elif _is_no_text("".join(cells)):
            self._refuse(first, cells, "characters", "A key is text that a database can hold.", _is_no_text)
        return cells

    def _refuse(self, first: int, cells: list[Any], reason: str, remedy: str, is_bad: Any) -> None:
        bad = [(ordinal, cell) for ordinal, cell in enumerate(cells, first) if is_bad(cell)]
        if bad:
            worst = bad[0][1]
            is_text_or_integer = isinstance(worst, int | str) and not isinstance(worst, bool)
            shape = mask_shape(worst) if is_text_or_integer else f"a {type(worst).__name__}"
            shape = "" if reason == "is_required" else f" The first is {shape}."
            rows = named_rows(ordinal for ordinal, _ in bad)
            raise InvalidInput(self._name, reason, f"{remedy}{shape} Nothing was paid.", row=rows)


def named_rows(ordinals: Iterable[int]) -> str:
    """Name rows by their numbers, the first few of them."""
    numbers = list(ordinals)
    more = f" and {len(numbers) - _SHOWN:,} more" if len(numbers) > _SHOWN else ""
    return ", ".join(map(str, numbers[:_SHOWN])) + more


def _is_no_key(cell: object) -> bool:
    return isinstance(cell, bool | float | bytes | list | dict | tuple | set)


def _is_too_large(cell: int) -> bool:
    return not -_LARGEST <= cell <= _LARGEST


def _is_no_text(cell: str) -> bool:
    return "\0" in cell or (not cell.isascii() and any("\ud800" <= letter <= "\udfff" for letter in cell))
