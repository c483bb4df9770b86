"""The columns of a result table. How a file or a database spells them is said there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from airflow_provider_iranpay.inquiries import Dtype

__all__ = ["LOADED_AT", "OUTCOME_COLUMNS", "Column"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Its cells are plain Python values, None where they are missing; times are aware."""

    name: str
    dtype: Dtype


OUTCOME_COLUMNS: Final = (
    Column("status", "string"),
    Column("origin", "string"),
    Column("error_code", "string"),
    Column("error_message", "string"),
    Column("provider", "string"),
    Column("attempts", "Int64"),
    Column("cost_rial", "Int64"),
    Column("track_id", "string"),
    Column("answered_at", "datetime64[us, Asia/Tehran]"),
    Column("dag_id", "string"),
    Column("run_id", "string"),
)
"""What follows the key and the inquiry's outputs in each result row."""

LOADED_AT: Final = Column("loaded_at", "datetime64[us, Asia/Tehran]")
"""The last column; a target adds it."""
