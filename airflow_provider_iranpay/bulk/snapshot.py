"""The rows of a plan in the warehouse, in sealed pieces: each worker reads those of its chunk.

What was read once is what is asked, however the source changes meanwhile. A row is where its question is: rows that ask
the same are in one chunk. No question is asked here, and no piece opens at another place than its own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from airflow_provider_iranpay.bulk.plan import Estimate, Plan
from airflow_provider_iranpay.bulk.spool import StoredBlock
from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.warehouse import plans
from airflow_provider_iranpay.warehouse.engine import Warehouse
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing
from airflow_provider_iranpay.warehouse.plans import Piece

__all__ = ["ASSUMED_PER_SECOND", "ChunkSizes", "read_chunk", "write_chunks"]

ASSUMED_PER_SECOND: Final = 300.0
"""Questions, of a run without a rate."""
_KEPT_PER_SECOND: Final = 25_000.0
"""Rows that need no call, read and written, as ``docs/performance.md`` measures them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkSizes:
    """How large chunks are.

    :param seconds: of work that a chunk has, or more.
    :param most: chunks of a plan.
    :param questions_per_second: as fast as they can be asked.
    """

    seconds: float = 60.0
    most: int = 64
    questions_per_second: float = ASSUMED_PER_SECOND

    def count(self, estimate: Estimate) -> int:
        """Say how many chunks a plan has at most; none if it has no rows."""
        if not estimate.rows:
            return 0
        return max(1, min(self.most, int(self.work(estimate.to_ask, estimate.rows) / self.seconds)))

    def work(self, to_ask: int, rows: int) -> float:
        """Say how many seconds of work questions and rows are."""
        return to_ask / self.questions_per_second + rows / _KEPT_PER_SECOND


class _Rows(msgspec.Struct, array_like=True):
    """Rows of one piece; see :class:`~airflow_provider_iranpay.bulk.plan.CheckedRows`."""

    keys: list[Any]
    inputs: list[list[str | None]]
    refused: dict[int, tuple[str, str]]


_encode = msgspec.msgpack.Encoder().encode
_rows_of: Final = msgspec.msgpack.Decoder(_Rows).decode


def write_chunks(plan: Plan, warehouse: Warehouse, keys: KeyRing, plan_id: str, sizes: ChunkSizes) -> list[int]:
    """Write the rows of a plan, in a transaction for each block of them.

    :return: rows of each chunk.
    :raises ConfigurationError: another plan has taken its place.
    """
    rows: Counter[int] = Counter()
    for block, homes in _shared_out(plan, sizes):
        pieces = []
        for chunk, offsets in homes.items():
            content = _encode(_some(block, offsets))
            pieces.append(Piece(chunk, block.first, keys.seal_piece(_place(plan_id, chunk, block.first), content)))
            rows[chunk] += len(offsets)
        with warehouse.transaction() as connection:
            if not plans.add_pieces(connection, plan_id, pieces):
                raise ConfigurationError("Another try of this task has made a plan meanwhile: that one counts.")
    return [rows[chunk] for chunk in range(len(rows))]


def _shared_out(plan: Plan, sizes: ChunkSizes) -> Iterator[tuple[StoredBlock, Mapping[int, list[int]]]]:
    """Give each block with the offsets of its rows by their chunk.

    A chunk is a range of rows with about as much work as any other one, without those rows of it whose question an
    earlier chunk asks.
    """
    most = sizes.count(plan.estimate)
    share = sizes.work(plan.estimate.to_ask, plan.estimate.rows) / max(1, most)
    starts: list[int] = []
    asked = 0
    for block, leaders, asks in plan.rows_to_share():
        homes: dict[int, list[int]] = {}
        for offset, ask in enumerate(asks):
            ordinal = block.first + offset
            leader = leaders.get(ordinal)
            if leader is not None:
                chunk = bisect_right(starts, leader) - 1
            else:
                if not starts or (len(starts) < most and sizes.work(asked, ordinal - 1) >= len(starts) * share):
                    starts.append(ordinal)
                chunk = len(starts) - 1
            asked += ask
            homes.setdefault(chunk, []).append(offset)
        yield block, homes


def _some(block: StoredBlock, offsets: list[int]) -> _Rows:
    if len(offsets) == len(block.keys):
        return _Rows(block.keys, block.inputs, block.refused)
    return _Rows(
        [block.keys[offset] for offset in offsets],
        [[column[offset] for offset in offsets] for column in block.inputs],
        {at: block.refused[offset] for at, offset in enumerate(offsets) if offset in block.refused},
    )


def read_chunk(warehouse: Warehouse, keys: KeyRing, plan_id: str, chunk: int) -> Iterator[_Rows]:
    """Read the rows of a chunk, a piece at a time.

    :raises ConfigurationError: a piece does not open, or was thrown away meanwhile.
    """
    with warehouse.engine.connect() as connection:
        numbers = plans.piece_numbers(connection, plan_id, chunk)
    for number in numbers:
        with warehouse.engine.connect() as connection:
            sealed = plans.piece(connection, plan_id, chunk, number)
        if sealed is None:
            raise ConfigurationError("The rows of this plan were thrown away meanwhile: clear the task that plans.")
        yield _rows_of(keys.open_piece(_place(plan_id, chunk, number), sealed))


def _place(plan_id: str, chunk: int, number: int) -> bytes:
    return f"{plan_id}/{chunk}/{number}".encode()
