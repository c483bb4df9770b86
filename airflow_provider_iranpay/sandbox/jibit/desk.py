"""What the answers of the Jibit face are made from: the people, the books, the switches and the tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_iranpay.sandbox.jibit.tokens import Tokens
    from airflow_provider_iranpay.sandbox.ledger import Ledger
    from airflow_provider_iranpay.sandbox.population import Population
    from airflow_provider_iranpay.sandbox.settings import Settings

__all__ = ["Desk"]


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that an answer may look at."""

    population: Population
    ledger: Ledger
    settings: Settings
    tokens: Tokens
