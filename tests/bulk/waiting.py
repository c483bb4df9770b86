"""What happens in another thread: run there, and waited for without sleeping longer than needed."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager

LONGEST = 20.0
_STEP = threading.Event()


def until(condition, *, within=LONGEST):
    """Wait until something is so."""
    ends_at = time.monotonic() + within
    while not condition():
        assert time.monotonic() < ends_at, "it did not happen in time"
        _STEP.wait(0.005)


class Task:
    """Work in a thread; its error is raised by ``join``."""

    def __init__(self, work):
        self.error = None
        self._work = work
        self._thread = threading.Thread(target=self._do, daemon=True)
        self._thread.start()

    def _do(self):
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - raised by join
            self.error = error

    def join(self):
        self._thread.join(LONGEST)
        assert not self._thread.is_alive(), "it did not end in time"
        if self.error is not None:
            raise self.error


@contextmanager
def performing(run):
    """A run in a thread.

    It is joined at the end of the block, and so is to come to its end by then.
    """
    turns = []
    task = Task(lambda: run.perform(turns.append))
    task.turns = turns
    try:
        yield task
    except BaseException:
        run.kill()
        raise
    task.join()


def some_turns(task, count=5):
    """Let a run go round a few times."""
    seen = len(task.turns)
    until(lambda: len(task.turns) >= seen + count)
