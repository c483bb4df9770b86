"""The checks of a single value, as a hook runs them before each call: one thread, clean text."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from functools import partial

from airflow_provider_iranpay.iran import days, identifiers
from benchmarks.measuring import Benchmark, Round, Timing, duration, interleaved, timed
from benchmarks.place import Place

__all__ = ["BENCHMARKS"]

_VALUES = 20_000
_ROUNDS = 15

Check = Callable[[object], identifiers.Checked | days.CheckedDay]


def _samples() -> dict[str, tuple[Check, list[str]]]:
    chance = random.Random(1405)  # noqa: S311 - the same values each time

    def digits(count: int) -> str:
        return str(chance.randrange(10 ** (count - 1), 10**count))

    def birth_date() -> str:
        return days.jalali_yyyymmdd(date(1950, 1, 1) + timedelta(days=chance.randrange(20_000)))

    makers: dict[str, tuple[Check, Callable[[], str]]] = {
        "national_code": (identifiers.national_code, lambda: identifiers.complete_national_code(digits(9))),
        "card": (identifiers.card, lambda: identifiers.complete_card(f"603799{digits(9)}")),
        "iban": (identifiers.iban, lambda: identifiers.build_iban("017", digits(13))),
        "day": (days.parse_day, birth_date),
    }
    return {name: (check, [make() for _ in range(_VALUES)]) for name, (check, make) in makers.items()}


def _rounds(_: Place) -> Iterator[Round]:
    contenders = {name: partial(_timed, check, values) for name, (check, values) in _samples().items()}
    yield from interleaved(contenders, rounds=_ROUNDS)


def _timed(check: Check, values: Sequence[str]) -> Timing:
    refused = 0

    def checks() -> None:
        nonlocal refused
        for value in values:
            if check(value).value is None:
                refused += 1

    timing = timed(checks, units=len(values))
    if refused:
        raise SystemExit(f"{refused} values were refused that should have passed.")
    return timing


BENCHMARKS = [
    Benchmark(
        title="the check of one value",
        figures=[
            duration("check_national_code_us", contender="national_code", clock="cpu", unit="µs"),
            duration("check_card_us", contender="card", clock="cpu", unit="µs"),
            duration("check_iban_us", contender="iban", clock="cpu", unit="µs"),
            duration("parse_day_us", contender="day", clock="cpu", unit="µs"),
        ],
        rounds=_rounds,
    )
]
