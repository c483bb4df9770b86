"""What the answers of the Paystar face are made from: the people, the books, the switches, the clock and the keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_iranpay.sandbox.clock import Clock
    from airflow_provider_iranpay.sandbox.ledger import Ledger
    from airflow_provider_iranpay.sandbox.paystar.keys import Keys
    from airflow_provider_iranpay.sandbox.paystar.payments import Payments
    from airflow_provider_iranpay.sandbox.paystar.transfers import Transfers
    from airflow_provider_iranpay.sandbox.population import Population
    from airflow_provider_iranpay.sandbox.settings import Settings

__all__ = ["Desk"]


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that an answer may look at."""

    population: Population
    ledger: Ledger
    settings: Settings
    clock: Clock
    keys: Keys
    transfers: Transfers
    settlements: Transfers
    payments: Payments
