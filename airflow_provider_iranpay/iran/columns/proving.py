"""How a check of one value is run over a column: a proof for the clean cells, the check itself for the others.

Which proof belongs to which check is not known here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from airflow_provider_iranpay.iran.checked import Checked, Reason
from airflow_provider_iranpay.iran.columns.cells import Bytes, Cells, Column, clean_blocks, read, texts_of
from airflow_provider_iranpay.iran.columns.digits import Truths

__all__ = ["REASONS", "CheckedColumn", "Codes", "Proof", "code_of", "each", "over", "verdicts"]

REASONS: Final[tuple[Reason | None, ...]] = (None, *Reason)
"""What a reason code stands for; 0 is a cell that passed. Codes hold inside one process: store the reason's text."""

Codes: TypeAlias = npt.NDArray[np.uint8]

_CODES: Final = {reason: code for code, reason in enumerate(REASONS)}
_ASK: Final = 255
"""In place of a reason code: nothing is known yet."""
_DISTINCT_KEPT: Final = 2**14


@dataclass(frozen=True, slots=True)
class CheckedColumn:
    """The outcome of checking a column, one entry for each row. Doubts are left out.

    :param values: the canonical ``str``, None where the cell was refused (dtype object). Left out of ``repr``.
    :param reasons: indices into :data:`REASONS`, 0 where the cell passed (dtype uint8).
    """

    values: npt.NDArray[np.object_] = field(repr=False)
    reasons: Codes


@dataclass(frozen=True, slots=True)
class Proof:
    """How the outcome of clean cells is found without the check.

    :param width: characters of the text.
    :param verdicts: takes the bytes of the texts, shape ``(width, rows)``, and answers with :func:`verdicts`.
    :param numbers: the numbers that mean the text that they make with zeros on the left.
    :param rewrite: turns the bytes into those of the value; None where the text is the value.
    """

    width: int
    verdicts: Callable[[Bytes], Codes]
    numbers: range = range(0)
    rewrite: Callable[[Bytes], Bytes] | None = None


def code_of(reason: Reason | None) -> int:
    """Return the index of a reason in :data:`REASONS`."""
    return _CODES[reason]


def verdicts(is_clear: Truths, *rules: tuple[Truths, Reason]) -> Codes:
    """Return the reason codes of a block.

    :param is_clear: where the rules decide; everywhere else the check has to.
    :param rules: what has to hold and the reason if it does not, in the order in which the check asks.
    """
    codes = np.zeros(len(is_clear), dtype=np.uint8)
    for holds, otherwise in reversed(rules):
        codes[~holds] = _CODES[otherwise]
    codes[~is_clear] = _ASK
    return codes


def over(column: Column, check: Callable[[object], Checked], proof: Proof | None = None) -> CheckedColumn:
    """Check a column like ``check`` cell by cell; clean cells with a verdict are not handed to it."""
    result = CheckedColumn(np.full(len(column), None, dtype=object), np.full(len(column), _ASK, dtype=np.uint8))
    for part, cells in read(column):
        chunk = CheckedColumn(result.values[part], result.reasons[part])
        if proof:
            _prove(chunk, cells, proof)
        rows = np.flatnonzero(chunk.reasons == _ASK)
        for row, cell in zip(rows, cells.originals(rows), strict=True):
            checked = check(cell)
            chunk.values[row], chunk.reasons[row] = checked.value, _CODES[checked.reason]
    return result


def _prove(chunk: CheckedColumn, cells: Cells, proof: Proof) -> None:
    for clean, text in clean_blocks(cells, proof.width, proof.numbers):
        codes = proof.verdicts(text)
        passed = codes == 0
        rows, proven = (clean, text) if passed.all() else (clean[passed], text[:, passed])
        chunk.values[rows] = texts_of(proof.rewrite(proven)) if proof.rewrite else cells.texts(rows, proven)
        chunk.reasons[clean] = codes


def each(check: Callable[[object], Checked]) -> Callable[[Column], CheckedColumn]:
    """Turn a check of one value into a check of a column that asks it cell by cell, and once for what comes again."""

    def checked(column: Column) -> CheckedColumn:
        known = lru_cache(_DISTINCT_KEPT, typed=True)(check)

        def ask(cell: object) -> Checked:
            try:
                return known(cell)
            except TypeError:  # a list, for example: it has no hash
                return check(cell)

        return over(column, ask)

    return checked
