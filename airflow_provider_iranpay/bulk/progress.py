"""How far a run is, for whoever waits for it: a line in the log, a bar on a terminal, a row in the warehouse."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column

from airflow_provider_iranpay.bulk.run import Totals

__all__ = ["Reporter"]

log = logging.getLogger(__name__)

_EVERY_SECONDS: Final = 10.0


class Reporter:
    """Tells of a run while it goes on. A context manager.

    :param to_ask: questions that are to be asked.
    :param price_rial: the highest that one may cost; None where it is not known.
    :param room_rial: of the budget, before the run; None without one.
    :param written: called now and then to write the row.
    """

    def __init__(
        self,
        title: str,
        *,
        to_ask: int,
        price_rial: int | None,
        room_rial: int | None = None,
        written: Callable[[Totals], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._title = title
        self._to_ask = to_ask
        self._price_rial = price_rial
        self._room_rial = room_rial
        self._written = written
        self._clock = clock
        self._began = self._told = clock()
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=None),
                TextColumn("{task.completed:,.0f} of {task.total:,.0f}", table_column=Column(no_wrap=True)),
                TextColumn("{task.fields[money]}", table_column=Column(no_wrap=True)),
                TimeRemainingColumn(table_column=Column(no_wrap=True)),
                console=Console(stderr=True),
                expand=True,
            )
            self._task = self._bar.add_task(self._title, total=self._to_ask, money="")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def hear(self, totals: Totals) -> None:
        """Take in how far the run is; it tells of it every few seconds."""
        if self._bar is not None:
            self._bar.update(self._task, completed=totals.questions, money=self._spent(totals))
        if self._clock() - self._told >= _EVERY_SECONDS:
            self._told = self._clock()
            self._written(totals)
            if self._bar is None:
                log.info("%s", self.line(totals))

    def line(self, totals: Totals) -> str:
        """Say how far the run is, in one line."""
        seconds = self._clock() - self._began
        rate = totals.questions / seconds if seconds else 0.0
        left = max(0, self._to_ask - totals.questions)
        eta = f", about {_duration(left / rate)} left" if rate else ""
        return f"{self._done(totals)}, {rate:,.0f}/s{eta}; {self._money(totals)}"

    def last_line(self, totals: Totals) -> str:
        """Say what has become of the run, in one line."""
        return f"{self._done(totals)} in {_duration(self._clock() - self._began)}; {self._spent(totals)}"

    def _done(self, totals: Totals) -> str:
        return f"{self._title}: {totals.questions:,} of {self._to_ask:,} questions"

    def _spent(self, totals: Totals) -> str:
        unknown = f", {totals.unknown:,} unknown" if totals.unknown else ""
        return f"{totals.paid:,} paid{unknown}" if self._price_rial is None else f"{totals.spent_rial:,} Rial{unknown}"

    def _money(self, totals: Totals) -> str:
        unknown = f", {totals.unknown:,} unknown" if totals.unknown else ""
        if self._price_rial is None:
            return f"{totals.paid:,} paid{unknown}"
        projected = totals.spent_rial + max(0, self._to_ask - totals.questions) * self._price_rial
        if self._room_rial is not None:
            projected = min(projected, self._room_rial)
        return f"{totals.spent_rial:,} Rial spent, {projected:,} at the end at most{unknown}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
