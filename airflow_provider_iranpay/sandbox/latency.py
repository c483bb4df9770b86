"""How long the provider thinks before it answers. Draws only; who waits is the transport's business."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Latency"]

_DRAWS: dict[str, Callable[[Latency, random.Random], float]] = {
    "none": lambda _, __: 0.0,
    "fixed": lambda it, _: it.seconds,
    "uniform": lambda it, dice: it.seconds + dice.random() * (it.high_seconds - it.seconds),
    "lognormal": lambda it, dice: dice.lognormvariate(math.log(it.seconds), it.sigma),
}
_LIMITS = {"seconds": 1_000_000_000, "high_seconds": 1_000_000_000, "sigma": 10}
"""Beyond these a draw could leave the range of floats, or of the event loop's timers."""


@dataclass(frozen=True, slots=True)
class Latency:
    """A distribution of seconds.

    :param kind: ``none``, ``fixed`` (``seconds``), ``uniform`` (from ``seconds`` to ``high_seconds``) or ``lognormal``
        (median ``seconds``, shape ``sigma``).
    :param seed: the same seed draws the same seconds in the same order.
    :raises ValueError: an unknown kind, or numbers that the kind cannot use.
    """

    kind: str = "none"
    seconds: float = 0.0
    high_seconds: float = 0.0
    sigma: float = 0.0
    seed: int = 0
    _dice: random.Random = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.kind not in _DRAWS:
            raise ValueError(f"kind is one of {', '.join(_DRAWS)}")
        for name, most in _LIMITS.items():
            value = getattr(self, name)
            if type(value) not in (int, float) or not 0 <= value <= most:
                raise ValueError(f"{name} is a number from 0 to {most}")
        if self.kind == "lognormal" and self.seconds == 0:
            raise ValueError("lognormal needs seconds above 0")
        if self.kind == "uniform" and self.high_seconds < self.seconds:
            raise ValueError("high_seconds is not below seconds")
        object.__setattr__(self, "_dice", random.Random(self.seed))  # noqa: S311  reproducible, not secret

    def draw(self) -> float:
        """The next wait, in seconds."""
        return _DRAWS[self.kind](self, self._dice)

    def as_dict(self) -> dict[str, Any]:
        """The parameters, as they were given."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.init}
