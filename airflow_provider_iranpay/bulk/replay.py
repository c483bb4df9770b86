"""Kept answers become outcomes again, many at a time: the same outcomes as ``outcomes.replayed`` makes of each.

What is not plain is left to that. No row is read or written here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache, cached_property, partial
from itertools import compress, repeat
from operator import not_
from typing import Any, Final, NamedTuple

from airflow_provider_iranpay.api.contract import Request
from airflow_provider_iranpay.bulk.outcomes import Origin, Outcome, of_answer
from airflow_provider_iranpay.bulk.ways import Reader
from airflow_provider_iranpay.client.conversation import reread
from airflow_provider_iranpay.exceptions import IranPayError
from airflow_provider_iranpay.inquiries import Inquiry
from airflow_provider_iranpay.warehouse.journal.answers import Kept, only

__all__ = ["Replay"]

_CACHED: Final = Origin.CACHED.value
_READINGS_KNOWN: Final = 1_000

_outcome: Final[Callable[[tuple[Any, ...]], Outcome]] = partial(tuple.__new__, Outcome)
"""Makes an outcome of all its fields; ``Outcome._make`` would count them for each row."""

NamedColumns = Mapping[str, Sequence[str | None]]


class Replay:
    """Reads the answers to the questions of one table.

    :param inputs: gives its canonical inputs, in columns, with None where a row has none; called if they are needed.
    :param reader_of: finds what reads a provider's answers.
    :param negative_since: the oldest moment of a negative answer that counts.
    """

    def __init__(
        self,
        inquiry: Inquiry,
        inputs: Callable[[], NamedColumns],
        reader_of: Callable[[str], Reader | None],
        *,
        negative_since: datetime,
    ) -> None:
        self._inquiry = inquiry
        self._give_inputs = inputs
        self._reader_of = reader_of
        self._negative_since = negative_since
        self._readings_of = cache(self._begun)

    def outcomes(self, rows: Mapping[bytes, int], kept: Kept) -> tuple[dict[int, Outcome], list[int]]:
        """Return what rows come to, and the rows whose answer is old, of another request, or an error by now.

        :param rows: by the hashes of their questions.
        """
        places = list(map(rows.__getitem__, kept.questions))
        readings = self._readings_of(kept.provider)
        if readings is None:
            return {}, places
        known, wires = readings.known.get, readings.wires
        read = [
            (known(content) or readings.read(row, content)) if wires[row] == wire else None
            for row, wire, content in zip(places, kept.wires, kept.contents, strict=True)
        ]
        since = self._negative_since
        counts = [
            reading is not None and (reading.is_positive or at >= since)
            for reading, at in zip(read, kept.answered_at, strict=True)
        ]
        left = list(compress(places, map(not_, counts)))
        if len(left) == len(places):
            return {}, left
        told, found, track_ids, answered_at = only(counts, places, read, kept.track_ids, kept.answered_at)
        statuses, cells, _ = zip(*found, strict=True)
        nothing, zero = repeat(None), repeat(0)
        columns = (statuses, repeat(_CACHED), nothing, nothing, repeat(kept.provider), zero, zero)
        outcomes = map(_outcome, zip(*columns, track_ids, answered_at, cells))  # noqa: B905 - some have no end
        return dict(zip(told, outcomes, strict=True)), left

    @cached_property
    def _inputs(self) -> NamedColumns:
        """The columns in which anything is given."""
        return {name: column for name, column in self._give_inputs().items() if any(column)}

    def _begun(self, provider: str) -> _Readings | None:
        reader = self._reader_of(provider)
        wires = None if reader is None else reader.wires(self._inputs)
        return None if reader is None or wires is None else _Readings(self._inquiry, reader, self._inputs, wires)


class _Reading(NamedTuple):
    """What an answer says."""

    status: str
    cells: tuple[Any, ...]
    is_positive: bool


class _Readings:
    """Reads answers of one provider, and those that are the same to the letter once.

    :ivar wires: for each row the hash of its request as it would go there today.
    """

    def __init__(self, inquiry: Inquiry, reader: Reader, inputs: NamedColumns, wires: Sequence[bytes]) -> None:
        self.wires = wires
        self._inquiry = inquiry
        self._reader = reader
        self._inputs = inputs
        self._says_the_same_to_all = not reader.answering.endpoint.echoes
        self.known: dict[bytes, _Reading] = {}

    def read(self, row: int, content: bytes) -> _Reading | None:
        """Read an answer; None where today's rules see an error in it."""
        read = reread(self._reader.api, self._request(row), int.from_bytes(content[:2], "big"), content[2:], "")
        if isinstance(read, IranPayError):
            return None
        outcome = of_answer(self._inquiry, self._reader.answering.cells(read))
        reading = _Reading(outcome.status, outcome.cells, bool(self._inquiry.positive(outcome.cells)))
        if self._says_the_same_to_all and len(self.known) < _READINGS_KNOWN:
            self.known[content] = reading
        return reading

    def _request(self, row: int) -> Request[Any]:
        return self._reader.request({name: value for name, column in self._inputs.items() if (value := column[row])})
