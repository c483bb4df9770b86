"""How the commands print: tables for a person, JSON and CSV for a program; questions to a person."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.table import Table

__all__ = ["agreed", "say", "write_csv", "write_json", "write_line", "write_table"]

_WIDE: Final = 200
"""Columns of the widest table. A narrower terminal breaks the lines: an id can still be copied in one piece."""

Row = Mapping[str, Any]


def write_table(rows: Sequence[Row]) -> None:
    """Print rows of the same columns as a table, numbers with thousands commas and on the right."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for name in rows[0]:
        numbers = all(isinstance(row[name], int | None) for row in rows)
        table.add_column(name, justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    _console().print(table)


def _cell(value: object) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return "" if value is None else str(value)


def write_json(content: object) -> None:
    """Print JSON."""
    print(json.dumps(content, indent=2, ensure_ascii=False))


def write_csv(columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Print rows as CSV, its header too where there are none."""
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def write_line(text: str, *, strong: bool = False) -> None:
    """Print a line of a report; what is strong stands out on a terminal."""
    _console().print(text, style="bold" if strong else None, soft_wrap=True)


def say(text: str) -> None:
    """Tell the person something that is not the output itself."""
    print(text, file=sys.stderr)


def agreed(question: str, *, word: str = "yes") -> bool:
    """Ask a person, who has to type the word; without anybody there to answer it is a no."""
    say(f"{question} Type {word!r} to go on:")
    try:
        answer = input()
    except EOFError:
        answer = ""
    if answer.strip() == word:
        return True
    say("Nothing was changed.")
    return False


def _console() -> Console:
    # No markup: an account or an environment such as http://[::1]:8321 is text.
    return Console(width=_WIDE, markup=False, highlight=False, emoji=False, file=sys.stdout)
