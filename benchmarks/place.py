"""Where benchmarks run: this process on one core, servers on another one, and an Airflow that is nobody else's."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PROJECT", "Place", "prepared"]

PROJECT = Path(__file__).resolve().parent.parent
_CORES = 2
_STOP_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a benchmark may use.

    :param folder: for its files; gone when all have run.
    """

    client_core: int
    server_core: int
    folder: Path

    @contextmanager
    def serving(self, *arguments: str) -> Iterator[str]:
        """Run ``python -m`` with these arguments on the servers' core, and give the first line that it prints.

        A server prints that line once it serves; it is terminated at the end of the block.
        """
        command = [sys.executable, "-W", "ignore", "-m", *arguments]
        with self.on_cores({self.server_core}):
            server = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
        try:
            assert server.stdout is not None  # noqa: S101 - Popen was given a pipe
            line = server.stdout.readline()
            if not line:
                raise SystemExit(f"{' '.join(arguments)} has ended instead of serving.")
            yield line.strip()
        finally:
            server.terminate()
            server.communicate(timeout=_STOP_SECONDS)

    @contextmanager
    def on_cores(self, cores: set[int]) -> Iterator[None]:
        """Let processes that are made in the block work on these cores."""
        # A child inherits the cores of the thread that makes it.
        os.sched_setaffinity(0, cores)
        try:
            yield
        finally:
            os.sched_setaffinity(0, {self.client_core})


@contextmanager
def prepared() -> Iterator[Place]:
    """Pin this process to its core and point Airflow, which must not have been imported yet, to a new folder.

    :raises SystemExit: client and servers cannot each have a core of their own here.
    """
    client_core, server_core = _two_cores()
    os.sched_setaffinity(0, {client_core})
    warnings.simplefilter("ignore")  # those of Airflow's own dependencies
    with tempfile.TemporaryDirectory(prefix="iranpay-benchmarks-") as folder:
        os.environ.update(
            AIRFLOW_HOME=f"{folder}/airflow",
            AIRFLOW__CORE__LOAD_EXAMPLES="False",
            AIRFLOW__CORE__DAGS_FOLDER=os.devnull,
            AIRFLOW__LOGGING__LOGGING_LEVEL="WARNING",
        )
        yield Place(client_core=client_core, server_core=server_core, folder=Path(folder))


def _two_cores() -> tuple[int, int]:
    if not hasattr(os, "sched_setaffinity"):
        raise SystemExit("The benchmarks pin processes to cores, which only Linux lets them do: run them there.")
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < _CORES:
        raise SystemExit(
            "The benchmarks need 2 cores, one for the client and one for the server, and this process may use 1. "
            "On a single core each would be measured with the other's work in it."
        )
    return cores[0], cores[1]
