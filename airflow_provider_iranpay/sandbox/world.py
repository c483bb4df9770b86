"""The state of one sandbox: its people, books, switches, faults and clock, and the provider faces that share them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from airflow_provider_iranpay.sandbox.clock import Clock
from airflow_provider_iranpay.sandbox.faults import FaultBook
from airflow_provider_iranpay.sandbox.jibit.face import Jibit
from airflow_provider_iranpay.sandbox.ledger import Ledger
from airflow_provider_iranpay.sandbox.paystar.face import Paystar
from airflow_provider_iranpay.sandbox.population import Population
from airflow_provider_iranpay.sandbox.settings import Known, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from airflow_provider_iranpay.sandbox.face import AnyFace

__all__ = ["World"]

_SERVICES = Jibit.names | Paystar.names
_PRICES = {**Jibit.prices, **Paystar.prices}
_KNOWN = Known(_SERVICES, frozenset(Jibit.prices))


class World:
    """Everything that a test may look at or change while the server runs.

    :param seed: of the population.
    :param start: what the clock shows first (aware); real time if left out.
    """

    def __init__(self, *, seed: int = 1, start: datetime | None = None) -> None:
        self.services = _SERVICES
        self.clock = Clock(start)
        self.population = Population(seed)
        self.settings = Settings(prices=dict(_PRICES))
        self.ledger = Ledger(self.clock, self.settings)
        self.faults = FaultBook(self.services)
        self.received: Counter[str] = Counter()
        """Requests received per service, whatever became of them."""
        self.jibit = Jibit(self)
        self.paystar = Paystar(self)
        self.faces: tuple[AnyFace, ...] = (self.jibit, self.paystar)

    def change_settings(self, changes: Mapping[str, object]) -> None:
        """Changes the settings that ``changes`` names; see :meth:`Settings.patch`.

        :raises ValueError: an unknown setting, or a value that does not fit.
        """
        self.settings.patch(changes, _KNOWN)

    def reset(self) -> None:
        """As it was when it was made: empty books, full balances, no faults, tokens or transfers, the first clock."""
        self.clock.reset()
        self.settings.reset(prices=dict(_PRICES))
        self.ledger.reset()
        self.faults.reset()
        self.received.clear()
        for face in self.faces:
            face.reset()
