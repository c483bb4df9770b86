"""What can be switched while the sandbox runs. Values and their checks only: the provider's face acts on them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_iranpay.iran.banks import by_jibit_id
from airflow_provider_iranpay.iran.days import from_jalali_yymmdd
from airflow_provider_iranpay.sandbox.latency import Latency

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["DEFAULT_PREPAID_RIAL", "EMPTY_REPORTS", "RETRY_AFTER_FORMS", "Known", "RateLimit", "Settings"]

DEFAULT_PREPAID_RIAL = 100_000_000_000
EMPTY_REPORTS = ("object", "list")
RETRY_AFTER_FORMS = ("none", "seconds", "date")
_DAY_SECONDS = 86_400
_MAX_SECONDS = 1_000_000_000
_MAX_REPORT_PARTS = 1_000


class Known(NamedTuple):
    """The names of services that exist, and of those among them that are ever billed."""

    services: frozenset[str]
    billed: frozenset[str]


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most ``per_second`` requests in any one second; the rest is answered with 429.

    :param code: code of the JSON envelope; without one the 429 has a plain text body.
    :param retry_after: form of the ``Retry-After`` header: ``none``, ``seconds`` or ``date``.
    :raises ValueError: a value out of range.
    """

    per_second: int
    code: str | None = None
    retry_after: str = "none"
    retry_after_seconds: int = 1

    def __post_init__(self) -> None:
        for name, most in (("per_second", None), ("retry_after_seconds", _MAX_SECONDS)):
            expected = f"{name} as a whole number from 0" + (f" to {most}" if most else "")
            _require(_amount(getattr(self, name), most=most), expected)
        _require(self.code is None or isinstance(self.code, str), "code as a text or null")
        _require(self.retry_after in RETRY_AFTER_FORMS, f"retry_after in {RETRY_AFTER_FORMS}")


@dataclass(slots=True)
class Settings:
    """The switches. Mappings may be changed in place; :meth:`patch` checks what comes from outside.

    :param prices: Rial per successful call, by service; a service that is missing here is free.
    :param balances: what is left in Rial, ``PRF`` prepaid and ``POF`` postpaid; billing draws on them in this order.
    :param currency: the text that ``/v1/balances`` calls the currency.
    :param ip_whitelist: addresses that may call; ``None`` lets everybody in.
    :param switched_off: services that answer ``forbidden``.
    :param daily_limits: successful calls per Tehran day, by service.
    :param unknown_fields: add a field that no contract knows to every object of an answer.
    :param unknown_enums: answer every enumeration with a member that no contract knows.
    :param unavailable_banks: banks whose card-to-IBAN conversion is down.
    :param report_corrections: Jalali ``yyMMdd`` to service to a number added to that day's count.
    :param report_parts: over how many report objects a day's counts are spread.
    :param empty_report: an empty day is ``object``: ``[{"services":[]}]``, or ``list``: ``[]``.
    """

    prices: dict[str, int]
    balances: dict[str, int] = field(default_factory=lambda: {"PRF": DEFAULT_PREPAID_RIAL, "POF": 0})
    currency: str = "IRR"
    access_token_seconds: int = _DAY_SECONDS
    refresh_token_seconds: int = 2 * _DAY_SECONDS
    ip_whitelist: list[str] | None = None
    switched_off: list[str] = field(default_factory=list)
    daily_limits: dict[str, int] = field(default_factory=dict)
    rate_limit: RateLimit | None = None
    unknown_fields: bool = False
    unknown_enums: bool = False
    unavailable_banks: list[str] = field(default_factory=list)
    report_corrections: dict[str, dict[str, int]] = field(default_factory=dict)
    report_parts: int = 1
    empty_report: str = "object"
    latency: Latency = field(default_factory=Latency)

    def patch(self, changes: Mapping[str, object], known: Known) -> None:
        """Changes what ``changes`` names, all of it or nothing.

        Mappings are merged, and an entry of ``None`` is taken out; anything else replaces the old value.

        :param known: the names that may stand where a service is meant.
        :raises ValueError: an unknown setting, or a value that does not fit; its text names the setting.
        """
        fresh: dict[str, Any] = {}
        for name, value in changes.items():
            if name not in _READERS:
                raise ValueError(f"{name}: no such setting; known are {', '.join(_READERS)}")
            try:
                fresh[name] = _READERS[name](value, known)
            except (ValueError, TypeError) as wrong:
                raise ValueError(f"{name}: {wrong}") from wrong
        for name, value in fresh.items():
            if name in _MERGED:
                merged = {**getattr(self, name), **value}
                value = {key: entry for key, entry in merged.items() if entry is not None}  # noqa: PLW2901
            setattr(self, name, value)

    def reset(self, *, prices: dict[str, int]) -> None:
        """Every setting as it was made, with ``prices``."""
        fresh = Settings(prices)
        for one in dataclasses.fields(self):
            setattr(self, one.name, getattr(fresh, one.name))

    def as_dict(self) -> dict[str, Any]:
        """Every setting, as JSON can hold it."""
        values = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        rate = self.rate_limit
        return values | {"latency": self.latency.as_dict(), "rate_limit": dataclasses.asdict(rate) if rate else None}


def _require(fits: bool, expected: str) -> None:
    if not fits:
        raise ValueError(f"expected {expected}")


def _flag(value: Any, _: Known) -> bool:
    _require(isinstance(value, bool), "true or false")
    return bool(value)


def _text(value: Any, _: Known) -> str:
    _require(isinstance(value, str), "a text")
    return str(value)


def _whole(least: int, most: int) -> Callable[[Any, Known], int]:
    def read(value: Any, _: Known) -> int:
        _require(type(value) is int and least <= value <= most, f"a whole number from {least} to {most}")
        return int(value)

    return read


def _empty_report(value: Any, _: Known) -> str:
    _require(value in EMPTY_REPORTS, " or ".join(EMPTY_REPORTS))
    return str(value)


def _mapping(value: Any, *, known: Callable[[str], bool], keys: str, values: Callable[[Any], bool]) -> dict[str, Any]:
    _require(isinstance(value, dict), f"an object of {keys}")
    for key, entry in value.items():
        _require(known(key), f"{keys}, not {key!r}")
        _require(entry is None or values(entry), f"a fitting value for {key!r}")
    return dict(value)


def _amount(value: object, *, most: int | None = None) -> bool:
    return type(value) is int and value >= 0 and (most is None or value <= most)


def _per_service(value: Any, known: Known) -> dict[str, Any]:
    return _mapping(value, known=known.services.__contains__, keys="names of services", values=_amount)


def _balances(value: Any, _: Known) -> dict[str, Any]:
    return _mapping(value, known=("PRF", "POF").__contains__, keys="PRF and POF", values=_amount)


def _corrections(value: Any, known: Known) -> dict[str, Any]:
    def counts(entry: Any) -> bool:
        return isinstance(entry, dict) and all(key in known.billed and type(n) is int for key, n in entry.items())

    def day(key: str) -> bool:
        from_jalali_yymmdd(key)
        return True

    return _mapping(value, known=day, keys="Jalali days yyMMdd", values=counts)


def _list_of(what: str, known: Callable[[str, Known], bool]) -> Callable[[Any, Known], list[str]]:
    def read(value: Any, names: Known) -> list[str]:
        _require(isinstance(value, list) and all(isinstance(item, str) for item in value), f"a list of {what}")
        unknown = [item for item in value if not known(item, names)]
        _require(not unknown, f"{what}, not {unknown}")
        return list(value)

    return read


_addresses = _list_of("IP addresses", lambda _, __: True)


def _whitelist(value: Any, known: Known) -> list[str] | None:
    return None if value is None else _addresses(value, known)


def _rate_limit(value: Any, _: Known) -> RateLimit | None:
    return None if value is None else RateLimit(**value)


_READERS: dict[str, Callable[[Any, Known], object]] = {
    "prices": _per_service,
    "balances": _balances,
    "currency": _text,
    "access_token_seconds": _whole(1, _MAX_SECONDS),
    "refresh_token_seconds": _whole(1, _MAX_SECONDS),
    "ip_whitelist": _whitelist,
    "switched_off": _list_of("services", lambda name, known: name in known.services),
    "daily_limits": _per_service,
    "rate_limit": _rate_limit,
    "unknown_fields": _flag,
    "unknown_enums": _flag,
    "unavailable_banks": _list_of("Jibit bank ids", lambda bank, _: by_jibit_id(bank) is not None),
    "report_corrections": _corrections,
    "report_parts": _whole(1, _MAX_REPORT_PARTS),
    "empty_report": _empty_report,
    "latency": lambda value, _: Latency(**value),
}
_MERGED = frozenset({"prices", "balances", "daily_limits", "report_corrections"})
