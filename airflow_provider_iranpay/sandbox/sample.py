"""A table of customers to inquire about, with the truth beside each claim. Made from the population alone.

A row that does not match shows somebody else's card, account or mobile beside this person's national code.
"""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import TYPE_CHECKING

from airflow_provider_iranpay.sandbox.population import CITIZENS
from airflow_provider_iranpay.sandbox.shuffle import Dice

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_iranpay.sandbox.population import Population

__all__ = ["COLUMNS", "Customer", "customer", "write_sample"]

_MISMATCHED_PERCENT = 25


@dataclass(frozen=True, slots=True)
class Customer:
    """One row; ``birth_date`` is Jalali ``YYYYMMDD``, ``bank`` and ``account`` are those of ``iban``.

    ``matches_*`` is ``true`` or ``false``: whether the card, IBAN or mobile of the row belongs to its national code.
    """

    customer_id: str
    first_name: str
    last_name: str
    national_code: str
    birth_date: str
    mobile: str
    card: str
    iban: str
    bank: str
    account: str
    postal_code: str
    matches_card: str
    matches_iban: str
    matches_mobile: str


COLUMNS = tuple(field.name for field in fields(Customer))
_cells = attrgetter(*COLUMNS)


def customer(population: Population, index: int) -> Customer:
    """The row of person ``index``.

    :raises IndexError: not ``0 <= index < CITIZENS``.
    """
    if not 0 <= index < CITIZENS:
        raise IndexError(f"customers are numbered 0 to {CITIZENS - 1}")
    person = population.person(index)
    dice = Dice(f"{population.seed}/customer/{index}")
    matches_card, matches_iban, matches_mobile = (dice.below(100) >= _MISMATCHED_PERCENT for _ in range(3))
    # Making a stranger costs as much as a person: most rows of a large sample need none.
    stranger = person if matches_card and matches_iban and matches_mobile else population.stranger(index)
    account = (person if matches_iban else stranger).account
    return Customer(
        customer_id=f"C{index + 1:08d}",
        first_name=person.name.first,
        last_name=person.name.last,
        national_code=person.national_code,
        birth_date=person.birth_date,
        mobile=(person if matches_mobile else stranger).mobile,
        card=(person if matches_card else stranger).card.number,
        iban=account.iban,
        bank=account.bank_id,
        account=account.number,
        postal_code=person.address.postal_code,
        matches_card=str(matches_card).lower(),
        matches_iban=str(matches_iban).lower(),
        matches_mobile=str(matches_mobile).lower(),
    )


def write_sample(population: Population, *, rows: int, path: Path) -> None:
    """Writes the first ``rows`` people as CSV in UTF-8, with a header; a file holds all of them, or is as it was.

    :raises OSError: the file cannot be written.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        # A pipe or a device is written to and not replaced.
        _write_rows(population, rows=rows, path=target)
        return
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        _write_rows(population, rows=rows, path=beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _write_rows(population: Population, *, rows: int, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_cells(customer(population, index)) for index in range(rows))
