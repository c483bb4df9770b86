"""The three books of a night: the table of results, the journal, the provider's ledger; read without the journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine, func, select, table, text

from airflow_provider_iranpay.sandbox.ledger import Ledger
from airflow_provider_iranpay.warehouse.journal.states import State
from airflow_provider_iranpay.warehouse.journal.tables import attempt

__all__ = ["Books", "read_books"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What the books say.

    :param rows_in: rows of the source.
    :param statuses: each status of the results to its rows.
    :param spent: attempts that the journal has as paid.
    :param unknown: attempts of which it says that they were maybe paid.
    :param open: attempts that nobody has closed.
    :param billed: calls that the provider has billed.
    :param billed_unknown: of those, calls that the journal has as unknown.
    :param billed_again: of those, calls whose question was billed before.
    :param strange: calls that were billed and that the journal does not have as paid or unknown.
    """

    rows_in: int
    statuses: Mapping[str, int]
    spent: int
    unknown: int
    open: int
    billed: int
    billed_unknown: int
    billed_again: int
    strange: int

    @property
    def faults(self) -> list[str]:
        """Say what does not close."""
        rows_out = sum(self.statuses.values())
        rules = {
            f"{self.rows_in:,} rows went in and {rows_out:,} came out": self.rows_in == rows_out,
            f"{self.strange:,} calls were billed that the journal does not know as paid": self.strange == 0,
            f"{self.billed:,} calls were billed, and the journal has {self.spent:,} paid and {self.billed_unknown:,} "
            "billed among its unknown": self.billed == self.spent + self.billed_unknown,
            f"{self.billed_again:,} questions were billed again": self.billed_again == 0,
            f"{self.open:,} attempts are still open": self.open == 0,
        }
        return [said for said, closes in rules.items() if not closes]


def read_books(warehouse: Engine, ledger: Ledger, *, source: str, target: str) -> Books:
    """Read them, once the night is over."""
    with warehouse.connect() as connection:
        rows_in = connection.execute(select(func.count()).select_from(table(source))).scalar_one()
        statuses = connection.execute(text(f"SELECT status, count(*) FROM {target} GROUP BY status"))  # noqa: S608
        told = {status: count for status, count in statuses}  # noqa: C416 - of rows, for which dict has no type
        attempts = connection.execute(select(attempt.c.track_id, attempt.c.state, attempt.c.cost_rial)).all()
    spent = {track_id for track_id, _, cost_rial in attempts if cost_rial}
    unknown = {track_id for track_id, state, _ in attempts if state == State.UNKNOWN}
    billed = Counter(entry.track_id for entry in ledger.entries)
    return Books(
        rows_in=rows_in,
        statuses=told,
        spent=len(spent),
        unknown=len(unknown),
        open=sum(state in (State.CLAIMED, State.HELD) for _, state, _ in attempts),
        billed=billed.total(),
        billed_unknown=sum(track_id in unknown for track_id in billed),
        billed_again=sum(times - 1 for times in ledger.repeated().values()),
        strange=sum(track_id not in spent and track_id not in unknown for track_id in billed),
    )
