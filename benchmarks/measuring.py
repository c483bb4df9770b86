"""What a benchmark is, and what becomes of its rounds: a median and a spread for each figure.

Nothing of the package and nothing of the machine is known here.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from benchmarks.place import Place

__all__ = [
    "Benchmark",
    "Figure",
    "Result",
    "Round",
    "Timing",
    "duration",
    "interleaved",
    "per_second",
    "ratio",
    "summary",
    "timed",
]


class Timing(NamedTuple):
    """Seconds for one unit of work.

    :param wall: by the clock.
    :param cpu: processor time of the measured process, all of its threads and its share of the kernel.
    """

    wall: float
    cpu: float


Clock = Literal["wall", "cpu"]
Round = Mapping[str, Timing]
"""One round: what each contender took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number that is read off each round.

    :param name: its key in the results.
    :param kind: ``ratio`` counts how many times cheaper the subject is than the peer, ``value`` is in ``unit``.
    """

    name: str
    kind: Literal["ratio", "value"]
    unit: str
    of: Callable[[Round], float]


def ratio(name: str, *, subject: str, peer: str, clock: Clock) -> Figure:
    """Count how many times cheaper one contender is than another one of the same round."""
    return Figure(
        name=name,
        kind="ratio",
        unit="times",
        of=lambda measured: getattr(measured[peer], clock) / getattr(measured[subject], clock),
    )


def per_second(name: str, *, contender: str) -> Figure:
    """Count the units of work that a contender does in a second of the clock."""
    return Figure(name=name, kind="value", unit="/s", of=lambda measured: 1 / measured[contender].wall)


def duration(name: str, *, contender: str, clock: Clock, unit: Literal["s", "ms", "µs"]) -> Figure:
    """Say how long a contender takes for a unit of work."""
    scale = {"s": 1, "ms": 1e3, "µs": 1e6}[unit]
    return Figure(name=name, kind="value", unit=unit, of=lambda measured: getattr(measured[contender], clock) * scale)


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """Contenders that are measured together, and the figures that are read off them.

    :param title: what is done, for a person.
    :param rounds: does it; yields at least two rounds.
    """

    title: str
    figures: Sequence[Figure]
    rounds: Callable[[Place], Iterator[Round]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A figure over all rounds.

    :param median: of the rounds; of a ratio, the median of each round's own ratio.
    :param runs: number of rounds.
    :param spread: distance between the quartiles, divided by the median: half of the rounds lie within it. It is not
        the whole range, because on a shared machine a single disturbed round would stand for all.
    """

    median: float
    runs: int
    spread: float


def summary(figure: Figure, rounds: Sequence[Round]) -> Result:
    """Read a figure off all rounds, at least two."""
    values = [figure.of(measured) for measured in rounds]
    lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
    return Result(median=median, runs=len(values), spread=(upper - lower) / median)


def timed(work: Callable[[], object], *, units: int) -> Timing:
    """Do the work once.

    :param units: of work that it does.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Timing((time.perf_counter() - wall) / units, (time.process_time() - cpu) / units)


def interleaved(contenders: Mapping[str, Callable[[], Timing]], *, rounds: int) -> Iterator[Round]:
    """Let every contender work once in each round, after a round that only warms up.

    They work in turns forwards and backwards, so that a drift of the machine meets all of them alike.
    """
    order = list(contenders)
    for contender in order:
        contenders[contender]()
    for _ in range(rounds):
        yield {contender: contenders[contender]() for contender in order}
        order.reverse()
