"""The provider's books: every billed call, the balances it was drawn from, and the counts of each Tehran day.

Only successes come here. What a service costs stands in the settings; what the report looks like is the face's affair.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_iranpay.iran.days import day_bounds, tehran_day
from airflow_provider_iranpay.sandbox.settings import PAYSTAR_WALLET
from airflow_provider_iranpay.sandbox.shuffle import Dice

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from airflow_provider_iranpay.sandbox.clock import Clock
    from airflow_provider_iranpay.sandbox.settings import Settings

__all__ = ["Entry", "Ledger"]

_PAYERS = {"jibit": ("PRF", "POF"), "paystar": (PAYSTAR_WALLET,)}
"""The balances that pay a provider, in the order in which they are asked."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One billed call.

    :param number: 1, 2, 3 ... without gaps, in the order of billing.
    :param at: epoch seconds on the sandbox clock.
    :param balance: the balance it was drawn from (``PRF``, ``POF``, ``paystar``); ``None`` for a free call and for
        :meth:`Ledger.write_history`.
    :param question: the canonical parameters: two entries with the same service and question were billed twice.
    """

    number: int
    at: float
    service: str
    price_rial: int
    balance: str | None
    track_id: str | None
    question: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON: ``at`` as an ISO instant in UTC."""
        return {
            "number": self.number,
            "at": datetime.fromtimestamp(self.at, UTC).isoformat(),
            "service": self.service,
            "price_rial": self.price_rial,
            "balance": self.balance,
            "track_id": self.track_id,
            "question": self.question,
        }


class Ledger:
    """Bills calls and counts them.

    :param settings: prices and balances; billing lowers the balances there.
    """

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self.reset()

    def reset(self) -> None:
        """Forgets every entry; balances are left alone."""
        self.entries: list[Entry] = []
        self._days: dict[date, Counter[str]] = {}
        self._today: date | None = None
        self._today_bounds = (0.0, 0.0)

    def can_pay(self, service: str, *, times: int = 1) -> bool:
        """Whether one balance covers ``times`` calls of ``service``."""
        price = self._settings.prices.get(service, 0) * times
        return not price or self._payer(service, price) is not None

    def bill(self, service: str, *, question: str, track_id: str | None) -> Entry:
        """Charges one success.

        :raises ValueError: no balance covers it; ask :meth:`can_pay` first.
        """
        price = self._settings.prices.get(service, 0)
        payer = self._payer(service, price) if price else None
        if payer is not None:
            self._settings.draw(payer, price)
        elif price:
            raise ValueError(f"no balance covers {service}")
        at = self._clock.timestamp()
        self._days.setdefault(self._day_of(at), Counter())[service] += 1
        return self._write(service, at=at, price=price, balance=payer, question=question, track_id=track_id)

    def write_history(self, services: Sequence[str], *, first: date, last: date, per_day: int, seed: int) -> int:
        """Writes ``per_day`` billed calls into each Tehran day from ``first`` to ``last``; balances stay as they are.

        :param services: which services were called, at random.
        :returns: how many entries were written.
        """
        days = [first + timedelta(n) for n in range((last - first).days + 1)]
        for day in days:
            start, end = (bound.timestamp() for bound in day_bounds(day))
            counts = self._days.setdefault(day, Counter())
            for n in range(per_day):
                service = Dice(f"{seed}/traffic/{day}/{n}").pick(services)
                counts[service] += 1
                self._write(
                    service,
                    at=start + (end - start) * n / per_day,
                    price=self._settings.prices.get(service, 0),
                    balance=None,
                    question=f"history={len(self.entries) + 1}",
                    track_id=None,
                )
        return len(days) * per_day

    def since(self, number: int = 0, service: str | None = None) -> list[Entry]:
        """Entries after entry ``number``, of one service or of all."""
        return [entry for entry in self.entries[max(number, 0) :] if service is None or entry.service == service]

    def counts(self, day: date) -> Counter[str]:
        """Billed calls of a Tehran day, by service."""
        return Counter(self._days.get(day, {}))

    def today(self) -> date:
        """The Tehran day that the sandbox clock shows."""
        return self._day_of(self._clock.timestamp())

    def billed_today(self, service: str) -> int:
        """Successful calls of ``service`` on this Tehran day."""
        return self._days.get(self.today(), Counter())[service]

    def repeated(self) -> Counter[tuple[str, str]]:
        """Questions that were billed more than once: (service, question) to how often."""
        asked = Counter((entry.service, entry.question) for entry in self.entries)
        return Counter({key: times for key, times in asked.items() if times > 1})

    def _payer(self, service: str, price: int) -> str | None:
        provider = service.partition(".")[0]
        return next((name for name in _PAYERS[provider] if self._settings.left(name) >= price), None)

    def _day_of(self, at: float) -> date:
        # Time zones cost more than all the rest of a request: the bounds of the last day are kept.
        start, end = self._today_bounds
        if self._today is None or not start <= at < end:
            self._today = tehran_day(datetime.fromtimestamp(at, UTC))
            first, last = day_bounds(self._today)
            self._today_bounds = (first.timestamp(), last.timestamp())
        return self._today

    def _write(
        self, service: str, *, at: float, price: int, balance: str | None, question: str, track_id: str | None
    ) -> Entry:
        entry = Entry(len(self.entries) + 1, at, service, price, balance, track_id, question)
        self.entries.append(entry)
        return entry
