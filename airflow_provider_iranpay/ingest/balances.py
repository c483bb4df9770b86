"""A provider's balances into ``iranpay_balance``. Amounts stay in the currency that the provider names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from airflow_provider_iranpay.iran.days import jalali_dashed, tehran_day
from airflow_provider_iranpay.warehouse import tables
from airflow_provider_iranpay.warehouse.loading import merge
from airflow_provider_iranpay.warehouse.loads import record_load
from airflow_provider_iranpay.warehouse.provenance import LoadContext, Scope

if TYPE_CHECKING:
    from airflow_provider_iranpay.api.jibit.answers import Balances
    from airflow_provider_iranpay.warehouse.engine import Warehouse

__all__ = ["BalanceLoad", "load_balances"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceLoad:
    """What loading the balances did.

    :param day: Tehran day of ``taken_at``.
    :param balances: balances in the answer, all of which are in the table now.
    """

    day: date
    taken_at: datetime
    balances: int

    def as_manifest(self) -> dict[str, str | int]:
        """Return ints and text only, fit for XCom."""
        return {
            "day": self.day.isoformat(),
            "jalali_day": jalali_dashed(self.day),
            "taken_at": self.taken_at.isoformat(),
            "balances": self.balances,
        }


def load_balances(
    warehouse: Warehouse, balances: Balances, *, scope: Scope, taken_at: datetime, context: LoadContext
) -> BalanceLoad:
    """Add the balances of one moment; loading the same answer again changes nothing.

    :param taken_at: when the provider answered, aware.
    :raises ValueError: if ``taken_at`` has no time zone.
    :raises InvalidInput: if the answer names one balance type and currency twice: which one counts is not known.
    """
    day = tehran_day(taken_at)
    with warehouse.transaction() as connection:
        load_id = record_load(
            connection, "balance", scope=scope, context=context, read_at=taken_at, rows=len(balances.balances)
        )
        merge(
            connection,
            tables.balance,
            (
                {
                    "environment": scope.environment,
                    "account": scope.account,
                    "taken_at": taken_at,
                    "balance_type": balance.balance_type,
                    "currency": balance.currency,
                    "day": day,
                    "amount": balance.amount,
                    "raw": dict(balance.raw),
                    "load_id": load_id,
                }
                for balance in balances.balances
            ),
        )
    return BalanceLoad(day=day, taken_at=taken_at, balances=len(balances.balances))
