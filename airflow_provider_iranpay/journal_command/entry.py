"""From a command line to its action, and from an error to a message and an exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping

from airflow.sdk.exceptions import AirflowNotFoundException

from airflow_provider_iranpay.exceptions import IranPayError
from airflow_provider_iranpay.journal_command import keys, pruning, resolving, showing

__all__ = ["run"]

_ACTIONS: Mapping[str, Callable[[argparse.Namespace], bool]] = {
    "show": showing.show,
    "unknowns": showing.unknowns,
    "resolve": resolving.resolve,
    "prune": pruning.prune,
    "rotate-key": keys.rotate_key,
}


def run(action: str, args: argparse.Namespace) -> int:
    """Do what was asked.

    :return: 0; 1 where it was not done, which the standard error explains.
    """
    try:
        return 0 if _ACTIONS[action](args) else 1
    except (IranPayError, AirflowNotFoundException) as error:
        print(error, file=sys.stderr)
    except KeyboardInterrupt:
        print("Interrupted: what was not reported as done was not done.", file=sys.stderr)
    return 1
