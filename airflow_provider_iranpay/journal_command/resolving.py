"""What a person has found out about unknown attempts is written down, from a file."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from airflow_provider_iranpay.exceptions import TransitionRefused
from airflow_provider_iranpay.journal_command import places, unknown_file
from airflow_provider_iranpay.journal_command.printing import agreed, write_line
from airflow_provider_iranpay.journal_command.unknown_file import Finding
from airflow_provider_iranpay.warehouse.engine import Warehouse
from airflow_provider_iranpay.warehouse.journal import upkeep
from airflow_provider_iranpay.warehouse.journal.records import AttemptKey, key_text

__all__ = ["resolve"]

_Prices = Mapping[tuple[str, AttemptKey], int | None]
"""Of what is unknown, by environment and attempt."""


def resolve(args: argparse.Namespace) -> bool:
    """Check the whole file, show what it will do, ask, do it.

    :return: False where the person did not agree.
    """
    with places.opened(args) as warehouse:
        environments = places.known(warehouse, None)
        findings = unknown_file.read(args.file, environments)
        prices = _unknown(warehouse, environments)
        still = [one for one in findings if (one.environment, one.attempt) in prices]
        for one in findings:
            if (one.environment, one.attempt) not in prices:
                _left(one)
        decided = [one for one in still if one.paid is not None]
        write_line(f"{_sums('To do', decided, prices)}; {len(still) - len(decided):,} stay unknown.")
        if not decided:
            return True
        if not (args.yes or agreed("What was not paid may be asked again, and then costs.")):
            return False
        done = [one for one in decided if _written(warehouse, one)]
        write_line(f"{_sums('Done', done, prices)}.")
    return True


def _unknown(warehouse: Warehouse, environments: Sequence[str]) -> _Prices:
    with warehouse.engine.connect() as connection:
        return {
            (environment, one.attempt): one.price_rial
            for environment in environments
            for one in upkeep.list_unknown(connection, environment)
        }


def _written(warehouse: Warehouse, finding: Finding) -> bool:
    # A transaction each: of several attempts in one, budgets would be locked before attempts, as no worker does.
    try:
        with warehouse.transaction() as connection:
            upkeep.resolve(connection, finding.environment, finding.attempt, paid=finding.paid is True)
    except TransitionRefused:
        _left(finding)
        return False
    return True


def _left(finding: Finding) -> None:
    write_line(f"Left as it is: {key_text(finding.attempt)} is not unknown any more.")


def _sums(what: str, findings: Sequence[Finding], prices: _Prices) -> str:
    parts = []
    for paid, words, money in ((True, "paid, the answer lost", "spent"), (False, "not paid", "released")):
        of_these = [prices[one.environment, one.attempt] or 0 for one in findings if one.paid is paid]
        parts.append(f"{len(of_these):,} {words} ({sum(of_these):,} Rial {money})")
    return f"{what}: {'; '.join(parts)}"
