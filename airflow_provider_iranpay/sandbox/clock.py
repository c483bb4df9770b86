"""The sandbox's own time: real time plus an offset, or standing still. Provider rules read no other clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Clock"]

# Within the Jalali years 1350 to 1449: the two-digit years of the daily report can tell no others apart.
_FIRST = datetime(1971, 3, 22, tzinfo=UTC)
_END = datetime(2071, 3, 20, tzinfo=UTC)


class Clock:
    """A clock that can be set, advanced and frozen.

    :param start: the instant it shows first (aware); real time if left out.
    :param real: where real time comes from, in epoch seconds.
    :raises ValueError: ``start`` is naive, or outside the range that the clock shows (1971-03-22 to 2071-03-20).
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

        :raises ValueError: as :meth:`change`.
        """
        self.change(to=instant)

    def advance(self, seconds: float) -> None:
        """Moves by ``seconds``, back if negative.

        :raises ValueError: as :meth:`change`.
        """
        self.change(by=seconds)

    def change(self, *, to: datetime | None = None, by: float = 0.0, freeze: bool | None = None) -> None:
        """Shows another instant from now on.

        :param to: the instant (aware); the one shown now if left out.
        :param by: seconds to add to it.
        :param freeze: whether the clock stands still there; ``None`` leaves that as it is.
        :raises ValueError: ``to`` is naive, or the result is out of the range; nothing changed.
        """
        if to is not None and to.tzinfo is None:
            raise ValueError("the instant needs a UTC offset, for example 2025-11-21T10:00:00+03:30")
        shown = (self.timestamp() if to is None else to.timestamp()) + by
        if not _FIRST.timestamp() <= shown < _END.timestamp():
            raise ValueError(f"the clock shows instants from {_FIRST.isoformat()} to {_END.isoformat()}")
        self._offset = shown - self._real()
        self._frozen_at = shown if (self.frozen if freeze is None else freeze) else None

    def freeze(self) -> None:
        """Stands still from now on."""
        self._frozen_at = self.timestamp()

    def unfreeze(self) -> None:
        """Runs on from the instant shown."""
        if self._frozen_at is not None:
            self._offset = self._frozen_at - self._real()
            self._frozen_at = None
