"""Processes that are started, watched and ended, each with a log of its own; and what is free on this machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from benchmarks.place import PROJECT

__all__ = ["Ended", "Process", "free_port", "program", "until"]

_STOP_SECONDS = 15
_LOOK_SECONDS = 0.2


class Ended(Exception):
    """What the night needs has ended, or does not come up. The text says where to look."""


class Process:
    """A process in a session of its own, so that Ctrl-C comes to us alone.

    :param log: takes what it prints.
    """

    def __init__(self, name: str, command: Sequence[str], *, environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        with log.open("wb") as out:
            self._process = subprocess.Popen(  # noqa: S603 - ours
                command,
                cwd=PROJECT,
                env=dict(environment),
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def works(self) -> bool:
        """Whether a task runs in it: below a Celery worker, its pool's process has one of its own then."""
        return len(self._below()) > 1

    def look(self) -> None:
        """Look after it.

        :raises Ended: it is not there any more.
        """
        if self._process.poll() is not None:
            last = self.log.read_text(errors="replace").splitlines()[-15:]
            raise Ended("\n".join([f"{self.name} has ended with {self._process.returncode}. Its last words:", *last]))

    def kill(self) -> None:
        """Kill it and all that it has started, at once."""
        for process in [*self._below(), self._process]:
            process.kill()
        self._process.wait()

    def ask_to_end(self) -> None:
        """Ask it to end, without waiting."""
        self._process.terminate()

    def stop(self) -> None:
        """Ask it to end, and kill what is left of it then."""
        below = self._below()
        self.ask_to_end()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for process in below:
            if process.is_running():  # psutil's processes are no others that got their number
                process.kill()

    def _below(self) -> list[psutil.Process]:
        try:
            return psutil.Process(self._process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []


def until(is_so: Callable[[], bool], *, what: str, seconds: float, look: Callable[[], None] = lambda: None) -> None:
    """Wait.

    :param look: called again and again; may raise.
    :raises Ended: it takes longer.
    """
    deadline = time.monotonic() + seconds
    while not is_so():
        look()
        if time.monotonic() > deadline:
            raise Ended(f"After {seconds:.0f} s there is still no sign of it: {what}.")
        time.sleep(_LOOK_SECONDS)


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def program(name: str) -> str:
    """Find a program: of this environment, else of the machine.

    :raises Ended: there is none.
    """
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    found = shutil.which(name, path=places)
    if found is None:
        raise Ended(f"There is no {name}: run make distributed, or on Python 3.13 install Debian's redis-server.")
    return found
