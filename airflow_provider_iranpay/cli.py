"""``airflow iranpay ...``: commands of this provider. Loaded on every ``airflow`` call, so nothing is imported until
it runs.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.cli.cli_config import ActionCommand, Arg, CLICommand, GroupCommand

if TYPE_CHECKING:
    from datetime import date

__all__ = ["get_cli_commands"]


def get_cli_commands() -> list[CLICommand]:
    """Return the command group that Airflow adds to its own."""
    return [
        GroupCommand(
            name="iranpay",
            help="Jibit and Paystar: the journal of paid calls, the local sandbox",
            subcommands=[
                GroupCommand(
                    name="journal",
                    help="Look at the journal of paid calls, resolve what is unknown, prune it, change its keys",
                    subcommands=_journal_commands(),
                ),
                ActionCommand(
                    name="sandbox",
                    help="Serve, describe or sample the local sandbox, or play orders into it",
                    description="Options of an action: airflow iranpay sandbox sample-orders --help (or another).",
                    func=_sandbox,
                    args=(
                        _arg(
                            "arguments",
                            nargs=argparse.REMAINDER,
                            metavar="serve | env | sample | sample-orders",
                            help="what to do, with its options",
                        ),
                    ),
                ),
            ],
        )
    ]


def _arg(*flags: str, **settings: Any) -> Arg:
    return Arg(flags, **settings)  # type: ignore[no-untyped-call]


def _journal_commands() -> list[ActionCommand | GroupCommand]:
    warehouse = _arg("--warehouse-conn-id", default="iranpay_warehouse", help="connection (default iranpay_warehouse)")
    environment = _arg("--environment", help="real, or the base URL of a sandbox (default: all that there are)")
    the_one = _arg("--environment", help="real, or the base URL of a sandbox; needed where there are several")
    yes = _arg("--yes", action="store_true", help="do not ask")
    return [
        ActionCommand(
            name="show",
            help="Count attempts and Rial, hold budgets against their attempts; exit code 1 if one does not close",
            func=_journal("show"),
            args=(warehouse, environment, _output("table", "json")),
        ),
        ActionCommand(
            name="unknowns",
            help="List the attempts that maybe were paid and have no answer",
            func=_journal("unknowns"),
            args=(warehouse, environment, _output("table", "csv", "json")),
        ),
        ActionCommand(
            name="resolve",
            help="Write down which unknown attempts were paid, from the list with its column paid filled in",
            func=_journal("resolve"),
            args=(
                warehouse,
                _arg("--file", type=Path, required=True, help="CSV of `unknowns`, with yes or no in the column paid"),
                yes,
            ),
        ),
        ActionCommand(
            name="prune",
            help="Throw old answers away; what they have cost stays written",
            func=_journal("prune"),
            args=(
                warehouse,
                the_one,
                _arg("--older-than", type=_days, required=True, metavar="180d", help="age in days"),
                _arg(
                    "--reconciled-until",
                    type=_jalali_day,
                    required=True,
                    metavar="1405/08/01",
                    help="last Tehran day whose bill is reconciled; nothing later goes",
                ),
                _arg("--dry-run", action="store_true", help="only count"),
                yes,
            ),
        ),
        ActionCommand(
            name="rotate-key",
            help="Put a new key in front of the journal's keys: run it, store what it prints, run it again",
            func=_journal("rotate-key"),
            args=(
                warehouse,
                _arg("--new", action="store_true", help="only print the first key of a new journal"),
                _arg(
                    "--give-up",
                    action="append",
                    default=[],
                    metavar="KEY_ID",
                    help="this key is lost: ask and pay again what only it could find",
                ),
                yes,
            ),
        ),
    ]


def _output(*kinds: str) -> Arg:
    return _arg("--output", choices=kinds, default=kinds[0], help=f"{' or '.join(kinds)} (default {kinds[0]})")


def _days(text: str) -> int:
    if not (text.endswith("d") and text[:-1].isdecimal() and len(text) <= len("99999d")):
        raise argparse.ArgumentTypeError(f"give a number of days, such as 180d, not {text!r}")
    return int(text[:-1])


def _jalali_day(text: str) -> date:
    from airflow_provider_iranpay.iran.days import parse_day  # noqa: PLC0415 - light until it runs

    checked = parse_day(text)
    if checked.value is None:
        raise argparse.ArgumentTypeError(f"give a Jalali day, such as 1405/08/01, not {text!r}")
    return checked.value


def _journal(action: str) -> Callable[[argparse.Namespace], None]:
    def run(args: argparse.Namespace) -> None:
        # As Airflow's own commands do: else the connections in its database would not be found.
        os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "server"
        from airflow_provider_iranpay.journal_command import entry  # noqa: PLC0415 - light until it runs

        sys.exit(entry.run(action, args))

    return run


def _sandbox(args: argparse.Namespace) -> None:
    from airflow_provider_iranpay.sandbox import command  # noqa: PLC0415 - light until it runs

    parser = argparse.ArgumentParser(prog="airflow iranpay sandbox", description=command.run.__doc__)
    command.add_arguments(parser)
    sys.exit(command.run(parser.parse_args(args.arguments)))
