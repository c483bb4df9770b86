"""The sandbox's own time: real time plus an offset, or standing still. Provider rules read no other clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Clock"]


class Clock:
    """A clock that can be set, advanced and frozen.

    :param start: the instant it shows first (aware); real time if left out.
    :param real: where real time comes from, in epoch seconds.
    :raises ValueError: ``start`` is naive.
    """

    def __init__(self, start: datetime | None = None, *, real: Callable[[], float] = time.time) -> None:
        self._real = real
        self._start = start
        self.reset()

    def reset(self) -> None:
        """Runs again from the instant it was made with."""
        self._offset = 0.0
        self._frozen_at: float | None = None
        if self._start is not None:
            self.set(self._start)

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still."""
        return self._frozen_at is not None

    def timestamp(self) -> float:
        """Now, in epoch seconds."""
        return self._real() + self._offset if self._frozen_at is None else self._frozen_at

    def now(self) -> datetime:
        """Now, as an aware UTC datetime."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def set(self, instant: datetime) -> None:
        """Shows ``instant`` from now on; a frozen clock stays frozen.

        :raises ValueError: ``instant`` is naive.
        """
        if instant.tzinfo is None:
            raise ValueError("the instant needs a UTC offset, for example 2025-11-21T10:00:00+03:30")
        if self._frozen_at is None:
            self._offset = instant.timestamp() - self._real()
        else:
            self._frozen_at = instant.timestamp()

    def advance(self, seconds: float) -> None:
        """Moves by ``seconds``, back if negative."""
        if self._frozen_at is None:
            self._offset += seconds
        else:
            self._frozen_at += seconds

    def freeze(self) -> None:
        """Stands still from now on."""
        self._frozen_at = self.timestamp()

    def unfreeze(self) -> None:
        """Runs on from the instant shown."""
        if self._frozen_at is not None:
            self._offset = self._frozen_at - self._real()
            self._frozen_at = None
