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

__all__ = ["PAYSTAR_WALLET", "Known", "RateLimit", "Settings"]

PAYSTAR_WALLET = "paystar"
"""The name of Paystar's wallet among the balances that pay."""

DEFAULT_PREPAID_RIAL = 100_000_000_000
EMPTY_REPORTS = ("object", "list")
RETRY_AFTER_FORMS = ("none", "seconds", "date")
BIRTH_CALENDARS = ("jalali", "gregorian")
DATA_FORMS = ("plain", "odd")
AMOUNT_FORMS = ("int", "text")
DUPLICATE_TRACK_IDS = ("refuse", "same", "again")
EXPIRED_FORMS = ("code", "http_401", "unauthenticated", "http_400")
DEFAULT_DEPOSITS = {"0100000000001": 50_000_000_000, "0100000000002": 1_000_000_000}
_DAY_SECONDS = 86_400
_HOUR_SECONDS = 3_600
_MAX_SECONDS = 1_000_000_000
_MAX_REPORT_PARTS = 1_000
_MAX_RIAL = 10**18
_MAX_ROWS = 1_000


class Known(NamedTuple):
    """The names of services that exist, and of those among them that the daily report counts."""

    services: frozenset[str]
    reported: frozenset[str]


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
    :param paystar_wallet_rial: what Paystar's wallet holds: it pays for inquiries and for settlements.
    :param paystar_deposits: account number to the Rial in that deposit.
    :param paystar_key_seconds: life of the keys given out from now on.
    :param paystar_rotate_refresh_tokens: a refresh gives a new refresh token, and the old one is dead.
    :param paystar_one_key: a new key ends the older ones of its kind.
    :param paystar_expired_as: how a dead or wrong Bearer is answered: one of ``EXPIRED_FORMS``.
    :param paystar_birth_calendar: the calendar of ``birth_date``.
    :param paystar_data_forms: ``odd`` puts an object into a list of one; nothing is ``[]``, null or missing in turn.
    :param paystar_amounts_as: ``text`` writes the amounts that the contract leaves open with thousands commas.
    :param paystar_transfer_seconds: until a transfer is final.
    :param paystar_transfer_failed_percent: share of the transfers that fail.
    :param paystar_transfer_final_percent: share of the transfers that are final at once.
    :param paystar_duplicate_track_id: what a repeated track id does: one of ``DUPLICATE_TRACK_IDS``.
    :param paystar_single_as_list: a single transfer is answered with a list too.
    :param paystar_omit_items: how many accepted items the answer to a batch leaves out.
    :param paystar_list_moves: how many transfers of others arrive before each listing.
    :param paystar_gateway_active: an inactive gateway refuses create.
    :param paystar_gateway_signed: create and verify have to be signed.
    :param paystar_gateway_short_verify_sign: verify may also be signed without card and tracking code.
    :param paystar_gateway_payer_fee_rial: what the payer pays on top of the amount.
    :param paystar_gateway_ceiling_rial: the largest amount of one payment.
    :param paystar_gateway_token_seconds: how long a payer may take to decide.
    :param paystar_gateway_verify_seconds: how long after the payment a verify is accepted.
    :param paystar_gateway_pending_seconds: how long an accepted verify is ``VERIFY_PENDING``.
    :param paystar_gateway_reversal_seconds: after which time without verify the money goes back.
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
    paystar_gateway_active: bool = True
    paystar_gateway_signed: bool = True
    paystar_gateway_short_verify_sign: bool = False
    paystar_gateway_payer_fee_rial: int = 0
    paystar_gateway_ceiling_rial: int = 2_000_000_000
    paystar_gateway_token_seconds: int = 20 * 60
    paystar_gateway_verify_seconds: int = 10 * 60
    paystar_gateway_pending_seconds: int = 0
    paystar_gateway_reversal_seconds: int = 3 * _DAY_SECONDS
    latency: Latency = field(default_factory=Latency)
    paystar_wallet_rial: int = DEFAULT_PREPAID_RIAL
    paystar_deposits: dict[str, int] = field(default_factory=lambda: dict(DEFAULT_DEPOSITS))
    paystar_key_seconds: int = _DAY_SECONDS
    paystar_rotate_refresh_tokens: bool = False
    paystar_one_key: bool = False
    paystar_expired_as: str = "code"
    paystar_birth_calendar: str = "jalali"
    paystar_data_forms: str = "plain"
    paystar_amounts_as: str = "int"
    paystar_transfer_seconds: int = _HOUR_SECONDS
    paystar_transfer_failed_percent: int = 5
    paystar_transfer_final_percent: int = 10
    paystar_duplicate_track_id: str = "refuse"
    paystar_single_as_list: bool = False
    paystar_omit_items: int = 0
    paystar_list_moves: int = 0

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

    def left(self, balance: str) -> int:
        """Rial that a balance holds: ``PRF``, ``POF`` or :data:`PAYSTAR_WALLET`."""
        return self.paystar_wallet_rial if balance == PAYSTAR_WALLET else self.balances.get(balance, 0)

    def draw(self, balance: str, rial: int) -> None:
        """Takes ``rial`` out of a balance that holds as much."""
        if balance == PAYSTAR_WALLET:
            self.paystar_wallet_rial -= rial
        else:
            self.balances[balance] -= rial

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


def _one_of(choices: tuple[str, ...]) -> Callable[[Any, Known], str]:
    def read(value: Any, _: Known) -> str:
        _require(value in choices, " or ".join(choices))
        return str(value)

    return read


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


def _daily_limits(value: Any, known: Known) -> dict[str, Any]:
    return _mapping(value, known=known.reported.__contains__, keys="names of billed Jibit services", values=_amount)


def _balances(value: Any, _: Known) -> dict[str, Any]:
    return _mapping(value, known=("PRF", "POF").__contains__, keys="PRF and POF", values=_amount)


def _deposits(value: Any, _: Known) -> dict[str, Any]:
    return _mapping(value, known=str.isdecimal, keys="account numbers", values=_amount)


def _corrections(value: Any, known: Known) -> dict[str, Any]:
    def counts(entry: Any) -> bool:
        return isinstance(entry, dict) and all(key in known.reported and type(n) is int for key, n in entry.items())

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
    "daily_limits": _daily_limits,
    "rate_limit": _rate_limit,
    "unknown_fields": _flag,
    "unknown_enums": _flag,
    "unavailable_banks": _list_of("Jibit bank ids", lambda bank, _: by_jibit_id(bank) is not None),
    "report_corrections": _corrections,
    "report_parts": _whole(1, _MAX_REPORT_PARTS),
    "empty_report": _one_of(EMPTY_REPORTS),
    "paystar_gateway_active": _flag,
    "paystar_gateway_signed": _flag,
    "paystar_gateway_short_verify_sign": _flag,
    "paystar_gateway_payer_fee_rial": _whole(0, _MAX_RIAL),
    "paystar_gateway_ceiling_rial": _whole(0, _MAX_RIAL),
    "paystar_gateway_token_seconds": _whole(1, _MAX_SECONDS),
    "paystar_gateway_verify_seconds": _whole(1, _MAX_SECONDS),
    "paystar_gateway_pending_seconds": _whole(0, _MAX_SECONDS),
    "paystar_gateway_reversal_seconds": _whole(1, _MAX_SECONDS),
    "latency": lambda value, _: Latency(**value),
    "paystar_wallet_rial": _whole(0, _MAX_RIAL),
    "paystar_deposits": _deposits,
    "paystar_key_seconds": _whole(1, _MAX_SECONDS),
    "paystar_rotate_refresh_tokens": _flag,
    "paystar_one_key": _flag,
    "paystar_expired_as": _one_of(EXPIRED_FORMS),
    "paystar_birth_calendar": _one_of(BIRTH_CALENDARS),
    "paystar_data_forms": _one_of(DATA_FORMS),
    "paystar_amounts_as": _one_of(AMOUNT_FORMS),
    "paystar_transfer_seconds": _whole(0, _MAX_SECONDS),
    "paystar_transfer_failed_percent": _whole(0, 100),
    "paystar_transfer_final_percent": _whole(0, 100),
    "paystar_duplicate_track_id": _one_of(DUPLICATE_TRACK_IDS),
    "paystar_single_as_list": _flag,
    "paystar_omit_items": _whole(0, _MAX_ROWS),
    "paystar_list_moves": _whole(0, _MAX_ROWS),
}
_MERGED = frozenset({"prices", "balances", "daily_limits", "report_corrections", "paystar_deposits"})
