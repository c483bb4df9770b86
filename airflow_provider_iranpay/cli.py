"""``airflow iranpay ...``: commands of this provider. Loaded on every ``airflow`` call, so nothing is imported until it runs."""

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
            help="Jibit and Paystar: a local sandbox of both",
            subcommands=[
                ActionCommand(
                    name="sandbox",
                    help="Serve, describe or sample the local sandbox (serve | env | sample)",
                    func=_sandbox,
                    args=(
                        Arg(
                            flags=("arguments",),
                            nargs=argparse.REMAINDER,
                            metavar="serve | env | sample",
                            help="a sandbox command and its options; --help lists them",
                        ),
                    ),
                ),
            ],
        )
    ]


def _sandbox(args: argparse.Namespace) -> None:
    from airflow_provider_iranpay.sandbox.command import main  # noqa: PLC0415 - light until it runs

    sys.exit(main(args.arguments))
