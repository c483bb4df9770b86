"""Rules about what goes wrong, and when. Which bytes that means on the wire is the transport's business.

Every kind of fault is a row of :data:`KINDS`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import count
from typing import TYPE_CHECKING, Any

from airflow_provider_iranpay.sandbox.face import FORBIDDEN, INTERNAL
from airflow_provider_iranpay.sandbox.messages import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["KINDS", "Content", "Fault", "FaultBook", "Kind"]


class Content(Enum):
    """What a fault puts in the place of the provider's answer."""

    OWN = auto()
    """Nothing: the answer stays."""
    ERROR = auto()
    """The provider's own error envelope with ``code`` and ``status``."""
    PAGE = auto()
    """An HTML page with ``status``, padded to ``megabytes`` if that is set."""
    REDIRECT = auto()
    """An empty answer with ``status`` that points to ``location``."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault.

    :param processed: whether the provider handles, and bills, the request first.
    :param options: the options it takes, with their defaults; ``None`` means that the option has to be given.
    """

    processed: bool
    wire: Wire = Wire.PLAIN
    content: Content = Content.OWN
    options: Mapping[str, Any] = field(default_factory=dict)


KINDS: Mapping[str, Kind] = {
    "refuse": Kind(True, options={"seconds": 1.0}),
    "reset_before": Kind(False, Wire.RESET),
    "reset_after": Kind(True, Wire.RESET),
    "die_on_reuse": Kind(False, Wire.CLOSE),
    "cut_body": Kind(True, Wire.CUT_BODY),
    "cut_header": Kind(True, Wire.CUT_HEADER),
    "hang": Kind(True, Wire.HANG),
    "hang_before": Kind(False, Wire.HANG),
    "slow_bytes": Kind(True, Wire.SLOW, options={"seconds": 0.05}),
    "non_json": Kind(True, content=Content.PAGE, options={"status": 200}),
    "html_5xx": Kind(False, content=Content.PAGE, options={"status": 502}),
    "huge_html": Kind(False, content=Content.PAGE, options={"status": 502, "megabytes": 8}),
    "json_5xx": Kind(False, content=Content.ERROR, options={"status": 500, "code": INTERNAL}),
    "forbidden": Kind(False, content=Content.ERROR, options={"status": 403, "code": FORBIDDEN}),
    "error": Kind(False, content=Content.ERROR, options={"status": 400, "code": None}),
    "redirect": Kind(False, content=Content.REDIRECT, options={"status": 307, "location": None}),
}
_MAX_SECONDS = 1_000_000_000
_MAX_MEGABYTES = 256
_BODILESS_STATUSES = (204, 304)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any, *, most: float) -> bool:
    return type(value) in (int, float) and 0 <= value <= most


def _is_whole(value: Any, *, least: int, most: float = float("inf")) -> bool:
    return type(value) is int and least <= value <= most


def _is_status(value: Any) -> bool:
    return _is_whole(value, least=200, most=599) and value not in _BODILESS_STATUSES


def _is_location(value: Any) -> bool:
    return _is_text(value) and value.isascii() and value.isprintable() and value.strip() == value


@dataclass(frozen=True, slots=True)
class _Domain:
    """The values that a condition or an option takes: a predicate, and its words in an error."""

    fits: Callable[[Any], bool]
    words: str


_OPTIONS: Mapping[str, _Domain] = {
    "seconds": _Domain(lambda value: _is_number(value, most=_MAX_SECONDS), f"a number from 0 to {_MAX_SECONDS}"),
    "status": _Domain(_is_status, f"200 to 599 without {_BODILESS_STATUSES}, which have no body"),
    "code": _Domain(_is_text, "a text"),
    "megabytes": _Domain(
        lambda value: _is_whole(value, least=0, most=_MAX_MEGABYTES), f"a whole number from 0 to {_MAX_MEGABYTES}"
    ),
    "location": _Domain(_is_location, "ASCII without control characters"),
}
_CONDITIONS: Mapping[str, _Domain] = {
    "service": _Domain(lambda value: value is None or _is_text(value), "a text or null"),
    "path": _Domain(lambda value: value is None or _is_text(value), "a text or null"),
    "probability": _Domain(lambda value: _is_number(value, most=1), "a number from 0 to 1"),
    "nth": _Domain(lambda value: value is None or _is_whole(value, least=1), "a whole number from 1, or null"),
    "count": _Domain(lambda value: value is None or _is_whole(value, least=1), "a whole number from 1, or null"),
    "seed": _Domain(lambda value: type(value) is int, "a whole number"),
}


@dataclass(slots=True)
class Fault:
    """One rule. It fires on a request that fits ``service`` and ``path``, from the ``nth`` such request on, with
    ``probability``, at most ``count`` times.

    :param service: name of a service; ``None`` fits all.
    :param path: beginning of a path, for example ``/ide/v1/tokens``; ``None`` fits all.
    :param count: ``None`` means once if ``nth`` was given, else without end.
    :param seed: of the draws against ``probability``; with kind, service and path it decides them all, so that rules
        which agree in these four draw alike.
    :param options: see :data:`KINDS`.
    """

    number: int
    kind: str
    service: str | None = None
    path: str | None = None
    probability: float = 1.0
    nth: int | None = None
    count: int | None = None
    seed: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    fired: int = 0
    _dice: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._dice = random.Random(f"{self.seed}/{self.kind}/{self.service}/{self.path}")  # noqa: S311  reproducible, not secret
        if self.count is None and self.nth is not None:
            self.count = 1

    @property
    def unconditional(self) -> bool:
        """Whether nothing was said about when it fires."""
        return (self.service, self.path, self.nth, self.count, self.probability) == (None, None, None, None, 1.0)

    def strikes(self, service: str, path: str, request_number: int) -> bool:
        """Counts this request, and says whether the fault could fire on it.

        The dice are thrown for every request that all other conditions allow, whether another rule fires on it or not.
        """
        if self.service not in (None, service) or (self.path is not None and not path.startswith(self.path)):
            return False
        if self.kind == "die_on_reuse" and request_number == 1:
            return False
        self.seen += 1
        if self.seen < (self.nth or 1) or (self.count is not None and self.fired >= self.count):
            return False
        return self.probability >= 1.0 or self._dice.random() < self.probability

    def as_dict(self) -> dict[str, Any]:
        """For JSON: conditions, options and counters in one flat object."""
        names = ("number", "kind", "service", "path", "probability", "nth", "count", "seed", "seen", "fired")
        return {name: getattr(self, name) for name in names} | self.options


class FaultBook:
    """The rules in force, in the order they were given; all count a request, and the first that can fire on it does.

    :param services: the names that exist.
    """

    def __init__(self, services: frozenset[str]) -> None:
        self._services = services
        self._rules: list[Fault] = []
        self._numbers = count(1)
        self.refuse: Callable[[float], None] = lambda _: None
        """Closes the listener for some seconds; set by whoever owns the listener."""
        self.reopen: Callable[[], None] = lambda: None
        """Ends that before its time; set by the same."""

    def __iter__(self) -> Iterator[Fault]:
        return iter(list(self._rules))

    def add(self, kind: str, **given: Any) -> Fault:
        """Puts a rule in force.

        A ``refuse`` without conditions closes the listener at once; with conditions, at the request it fires on,
        which is still answered.

        :param given: fields of :class:`Fault` (``service``, ``path``, ``probability``, ``nth``, ``count``, ``seed``)
            and options of the kind.
        :raises ValueError: an unknown kind, service or option, or a value that does not fit.
        """
        fault = self._read(kind, given)
        if kind == "refuse" and fault.unconditional:
            fault.fired = 1
            self.refuse(fault.options["seconds"])
        else:
            self._rules.append(fault)
        return fault

    def remove(self, number: int) -> bool:
        """Takes one rule out; ``False`` if there is none of that number."""
        before = len(self._rules)
        self._rules = [rule for rule in self._rules if rule.number != number]
        return len(self._rules) < before

    def clear(self) -> None:
        """Takes every rule out."""
        self._rules = []

    def reset(self) -> None:
        """As it was when it was made: no rules, the next is number 1, and the listener is open."""
        self.reopen()
        self.clear()
        self._numbers = count(1)

    def strike(self, service: str, path: str, request_number: int) -> Fault | None:
        """The rule that fires on this request, if one does."""
        ready = [rule for rule in self._rules if rule.strikes(service, path, request_number)]
        if not ready:
            return None
        chosen = ready[0]
        chosen.fired += 1
        if chosen.kind == "refuse":
            self.refuse(chosen.options["seconds"])
        return chosen

    def _read(self, kind: str, given: dict[str, Any]) -> Fault:
        if kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}")
        conditions = {name: value for name, value in given.items() if name in _CONDITIONS}
        options = dict(KINDS[kind].options)
        for name, value in given.items():
            domain = _CONDITIONS.get(name) or (_OPTIONS[name] if name in options else None)
            if domain is None:
                raise ValueError(f"{kind} takes no {name}")
            if not domain.fits(value):
                raise ValueError(f"{name}: expected {domain.words}, not {value!r}")
            if name in options:
                options[name] = value
        missing = [name for name, value in options.items() if value is None]
        if missing:
            raise ValueError(f"{kind} needs {', '.join(missing)}")
        if conditions.get("service") not in self._services | {None}:
            raise ValueError(f"service is one of {', '.join(sorted(self._services))}")
        return Fault(next(self._numbers), kind, options=options, **conditions)
