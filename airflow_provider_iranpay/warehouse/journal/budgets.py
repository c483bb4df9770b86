"""The money of a budget: a counter that is moved in the transaction of the attempts, and never passes its cap.

At every instant ``spent + reserved <= cap``: a rule of the table itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, case, func, insert, select, update

from airflow_provider_iranpay.exceptions import ConfigurationError, SumsDoNotClose
from airflow_provider_iranpay.warehouse.engine import lock_until_commit
from airflow_provider_iranpay.warehouse.journal.statements import Statement
from airflow_provider_iranpay.warehouse.journal.states import Money
from airflow_provider_iranpay.warehouse.journal.tables import attempt, budget

__all__ = ["Balance", "Movements", "check_budget", "open_budget", "read_balance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """A budget as it stands, in Rial."""

    cap_rial: int
    spent_rial: int
    reserved_rial: int

    @property
    def room_rial(self) -> int:
        """What can still be reserved."""
        return self.cap_rial - self.spent_rial - self.reserved_rial


class Movements:
    """What one transaction does to the budgets, gathered first and written last: budget rows are locked last."""

    def __init__(self, environment: str) -> None:
        self._environment = environment
        self._changes: dict[str, tuple[int, int]] = {}

    def add(self, name: str | None, price_rial: int | None, money: Money, *, count: int = 1) -> None:
        """Note what an event does to the price of so many attempts.

        :param name: the attempts' budget; without one nothing moves.
        """
        if name is None or not price_rial:
            return
        spent, reserved = _EFFECT[money]
        before = self._changes.get(name, (0, 0))
        self._changes[name] = (before[0] + spent * price_rial * count, before[1] + reserved * price_rial * count)

    def fitting(self, connection: Connection, name: str, prices_rial: Sequence[int]) -> list[bool]:
        """Reserve each price that still fits, in their order; lock the budget until the transaction ends.

        :return: for each price, whether it fits.
        :raises ConfigurationError: there is no such budget.
        """
        found = self._lock(connection, through=name)
        spent, reserved = self._changes.get(name, (0, 0))
        room = left = found.room_rial - spent - reserved
        if (all_of_them := sum(prices_rial)) <= left:
            self.add(name, all_of_them, Money.RESERVE)
            return [True] * len(prices_rial)
        fits = []
        for price_rial in prices_rial:
            fit = price_rial <= left
            fits.append(fit)
            left -= price_rial if fit else 0
        self.add(name, room - left, Money.RESERVE)
        return fits

    def write(self, connection: Connection) -> None:
        """Move the counters."""
        for name in sorted(self._changes):
            spent, reserved = self._changes[name]
            _MOVE.changed(connection, spent, reserved, self._environment, name)

    def _lock(self, connection: Connection, *, through: str) -> Balance:
        """Lock all budgets of this transaction, in the order of their names, as every other one does; read one."""
        found = {
            name: read_balance(connection, self._environment, name, lock=True)
            for name in sorted({*self._changes, through})
        }
        return found[through]


_MOVE = Statement(
    "UPDATE iranpay_budget SET spent_rial = spent_rial + {spent}, reserved_rial = reserved_rial + {reserved}"
    " WHERE environment = {environment} AND name = {name}",
    spent="bigint",
    reserved="bigint",
    environment="text",
    name="text",
)
_EFFECT: Mapping[Money, tuple[int, int]] = {
    Money.RESERVE: (0, 1),
    Money.SPEND: (1, -1),
    Money.RELEASE: (0, -1),
    Money.KEEP: (0, 0),
}
"""What becomes of spent and of reserved, in prices."""


def open_budget(connection: Connection, environment: str, name: str, cap_rial: int) -> Balance:
    """Make the budget, or give it another cap, and hold its counter against the attempts.

    :raises ConfigurationError: more than the new cap is spent or reserved already.
    :raises SumsDoNotClose: the counter is not the sum of the attempts.
    """
    lock_until_commit(connection, "budget", environment, name)
    here = and_(budget.c.environment == environment, budget.c.name == name)
    taken = connection.scalar(select(budget.c.spent_rial + budget.c.reserved_rial).where(here).with_for_update())
    if cap_rial < (taken or 0):
        raise ConfigurationError(
            f"The budget {name!r} has {taken:,} Rial spent or reserved: its cap cannot be {cap_rial:,} Rial."
        )
    if taken is None:
        new = {"environment": environment, "name": name, "cap_rial": cap_rial, "spent_rial": 0, "reserved_rial": 0}
        connection.execute(insert(budget).values(new))
    else:
        connection.execute(update(budget).where(here).values(cap_rial=cap_rial))
    return check_budget(connection, environment, name)


def read_balance(connection: Connection, environment: str, name: str, *, lock: bool = False) -> Balance:
    """Read a budget.

    :param lock: until the transaction ends.
    :raises ConfigurationError: there is no such budget.
    """
    row = (_READ_AND_LOCK if lock else _READ).first(connection, environment, name)
    if row is None:
        raise ConfigurationError(f"There is no budget {name!r}: open it before something is claimed under it.")
    cap_rial, spent_rial, reserved_rial = row
    return Balance(cap_rial=cap_rial, spent_rial=spent_rial, reserved_rial=reserved_rial)


_BALANCE = (
    "SELECT cap_rial, spent_rial, reserved_rial FROM iranpay_budget WHERE environment = {environment} AND name = {name}"
)
_READ = Statement(_BALANCE, environment="text", name="text")
_READ_AND_LOCK = Statement(_BALANCE + " {for_update}", environment="text", name="text")


def check_budget(connection: Connection, environment: str, name: str) -> Balance:
    """Hold a budget's counter against the sum of its attempts; the row is locked until the transaction ends.

    :raises SumsDoNotClose: they differ. Nothing may be spent until a person has looked.
    """
    found = read_balance(connection, environment, name, lock=True)
    open_price = case((attempt.c.cost_rial.is_(None), attempt.c.price_rial), else_=0)
    spent, reserved = connection.execute(
        select(func.coalesce(func.sum(attempt.c.cost_rial), 0), func.coalesce(func.sum(open_price), 0)).where(
            attempt.c.environment == environment, attempt.c.budget == name
        )
    ).one()
    if (spent, reserved) != (found.spent_rial, found.reserved_rial):
        raise SumsDoNotClose(
            f"The budget {name!r} counts {found.spent_rial:,} Rial spent and {found.reserved_rial:,} reserved, and its "
            f"attempts add up to {spent:,} and {reserved:,}. The tables were changed from outside: nothing is spent."
        )
    return found
