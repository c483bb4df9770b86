"""What must not come out, in every spelling in which it could, and the places where Airflow writes things down."""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

__all__ = ["AWKWARD_PASSWORD", "airflow_database_text", "found", "spellings"]

AWKWARD_PASSWORD = "p@ss wörd/+&گذر"
"""Looks different in a URL. It stands here, since Airflow's database keeps the source of the file that has the DAG."""

_DIGITS = [str.maketrans("0123456789", digits) for digits in ("0123456789", "۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩")]


def spellings(canary: str) -> set[str]:
    """A text in Latin, Persian and Arabic-Indic digits, as it stands in a URL, in JSON and in a ``repr``."""
    written = {canary.translate(digits) for digits in _DIGITS}
    return {
        how(one)
        for one in written
        for how in (str, quote, quote_plus, lambda text: json.dumps(text)[1:-1], lambda text: repr(text)[1:-1])
    }


def found(canaries: Iterable[str], out: str) -> list[str]:
    """The canaries of which any spelling stands in a text."""
    return [canary for canary in canaries if any(spelling in out for spelling in spellings(canary))]


def airflow_database_text() -> str:
    """Everything that Airflow has written down: XComs, rendered templates, logs of actions, runs and their conf."""
    from airflow.settings import engine
    from sqlalchemy import MetaData, select

    tables = MetaData()
    with engine.connect() as connection:
        tables.reflect(connection)
        return "\n".join(
            str(tuple(row)) for table in tables.sorted_tables for row in connection.execute(select(table)).all()
        )
