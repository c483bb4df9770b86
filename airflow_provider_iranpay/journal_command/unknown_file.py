"""The list of unknown attempts as a file: written for a person to fill in, and read back. Nothing is resolved here."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from airflow_provider_iranpay.exceptions import ConfigurationError, InvalidInput
from airflow_provider_iranpay.iran.days import jalali_dashed, tehran_day
from airflow_provider_iranpay.warehouse.journal.records import AttemptKey, key_text, read_key
from airflow_provider_iranpay.warehouse.journal.upkeep import Unknown

__all__ = ["COLUMNS", "PAID", "Finding", "read", "row"]

PAID: Final = "paid"
COLUMNS: Final = (
    "id", "environment", "inquiry", "provider", "account", "track_id", "claimed_at", "jalali_day", "price_rial", PAID,
)  # fmt: skip
_NEEDED: Final = ("id", "environment", PAID)
_WORDS: Final[Mapping[str, bool | None]] = {"yes": True, "no": False, "": None}
_TEHRAN: Final = ZoneInfo("Asia/Tehran")
_MOST_SHOWN: Final = 20


class Finding(NamedTuple):
    """What a person has found out about an attempt.

    :param paid: None leaves it unknown.
    """

    environment: str
    attempt: AttemptKey
    paid: bool | None


def row(environment: str, unknown: Unknown) -> dict[str, Any]:
    """Write an unknown attempt as a row, with Tehran's time and Jalali day, and ``paid`` empty."""
    day = jalali_dashed(tehran_day(unknown.claimed_at))
    claimed_at = unknown.claimed_at.astimezone(_TEHRAN).isoformat(sep=" ", timespec="seconds")
    cells = (
        key_text(unknown.attempt), environment, unknown.inquiry, unknown.provider, unknown.account, unknown.track_id,
        claimed_at, day, unknown.price_rial, "",
    )  # fmt: skip
    return dict(zip(COLUMNS, cells, strict=True))


def read(path: Path, environments: Sequence[str]) -> list[Finding]:
    """Read the whole file, and refuse all of it for one row that is wrong.

    :param environments: those that the journal knows.
    :raises ConfigurationError: there is no such file, it has other columns, or rows are wrong: by line, column, reason
        and remedy.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigurationError(f"--file: {path} cannot be read: {reason}.") from None
    header = lines[0] if lines else ""
    rows = csv.DictReader(lines, delimiter=";" if ";" in header else ",")  # spreadsheets of some countries write ;
    lacking = [name for name in _NEEDED if name not in (rows.fieldnames or ())]
    if lacking:
        raise ConfigurationError(
            f"--file: {path} has no column {', '.join(lacking)}. Give what `airflow iranpay journal unknowns "
            "--output csv` printed, with the column paid filled in."
        )
    read_rows = list(_each(rows, environments))
    wrong = [one for one in read_rows if isinstance(one, InvalidInput)]
    if wrong:
        more = [f"... and {len(wrong) - _MOST_SHOWN:,} more."] if len(wrong) > _MOST_SHOWN else []
        shown = [str(one) for one in wrong[:_MOST_SHOWN]]
        raise ConfigurationError("\n".join([f"{path}: nothing was written.", *shown, *more]))
    return [one for one in read_rows if isinstance(one, Finding)]


def _each(rows: csv.DictReader[str], environments: Sequence[str]) -> Iterator[Finding | InvalidInput]:
    lines: dict[AttemptKey, int] = {}
    for cells in rows:
        try:
            finding = _finding(cells, environments)
            first = lines.setdefault(finding.attempt, rows.line_num)
            if first != rows.line_num:
                raise InvalidInput("id", "given_twice", f"It stands in row {first} too: keep one of them.")
            yield finding
        except InvalidInput as wrong:
            yield InvalidInput(wrong.field, wrong.reason, wrong.remedy, row=str(rows.line_num))


def _finding(cells: Mapping[str, str | None], environments: Sequence[str]) -> Finding:
    texts = {name: (cells[name] or "").strip() for name in _NEEDED}
    if texts["environment"] not in environments:
        raise InvalidInput("environment", "not_known", f"The journal knows {', '.join(environments)}.")
    if texts[PAID].lower() not in _WORDS:
        raise InvalidInput(PAID, "not_yes_or_no", "Write yes or no, or leave it empty to leave the attempt unknown.")
    try:
        attempt = read_key(texts["id"])
    except InvalidInput as wrong:
        raise InvalidInput("id", wrong.reason, wrong.remedy) from None
    return Finding(texts["environment"], attempt, _WORDS[texts[PAID].lower()])
