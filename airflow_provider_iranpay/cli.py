"""``airflow iranpay ...``: commands of this provider. Loaded on every ``airflow`` call, so nothing is imported until
it runs.
"""

from __future__ import annotations

import argparse
import sys

from airflow.cli.cli_config import ActionCommand, Arg, CLICommand, GroupCommand

__all__ = ["get_cli_commands"]


def get_cli_commands() -> list[CLICommand]:
    """Return the command group that Airflow adds to its own."""
    return [
        GroupCommand(
            name="iranpay",
            help="Jibit and Paystar: their local sandbox",
            subcommands=[
                ActionCommand(
                    name="sandbox",
                    help="Serve, describe or sample the local sandbox, or play orders into it",
                    description="Options of an action: airflow iranpay sandbox sample-orders --help (or another).",
                    func=_sandbox,
                    args=(
                        Arg(  # type: ignore[no-untyped-call]
                            flags=("arguments",),
                            nargs=argparse.REMAINDER,
                            metavar="serve | env | sample | sample-orders",
                            help="what to do, with its options",
                        ),
                    ),
                ),
            ],
        )
    ]


def _sandbox(args: argparse.Namespace) -> None:
    from airflow_provider_iranpay.sandbox import command  # noqa: PLC0415 - light until it runs

    parser = argparse.ArgumentParser(prog="airflow iranpay sandbox", description=command.run.__doc__)
    command.add_arguments(parser)
    sys.exit(command.run(parser.parse_args(args.arguments)))
