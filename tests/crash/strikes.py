"""What befalls a worker, and where: a deed is done when a boundary of the run is reached for the nth time.

Everything here happens inside the worker's own process, by wrapping what the run calls. A strike leaves a mark on the
disk, which proves that its boundary was reached.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError

from airflow_provider_iranpay.bulk.lanes import Lane
from airflow_provider_iranpay.bulk.targets import TableTarget
from airflow_provider_iranpay.client.curl_wire import CurlWire
from airflow_provider_iranpay.warehouse.engine import Warehouse
from airflow_provider_iranpay.warehouse.journal.journal import Journal

Boundary = Callable[[Callable[[], None], str], None]
"""Arms this process: given what to call whenever the boundary is reached, and the URL of the sandbox."""


@dataclass(frozen=True)
class Strike:
    """What befalls a worker.

    :param boundary: a name of ``BOUNDARIES``.
    :param deed: a name of ``DEEDS``.
    :param nth: at which time it is reached.
    :param every_other: then not once, but every other time from there on.
    """

    boundary: str
    deed: str = "die"
    nth: int = 1
    every_other: bool = False

    def falls(self, time: int) -> bool:
        """Whether it falls when its boundary is reached for this time."""
        past = time - self.nth
        return past == 0 or (self.every_other and past > 0 and past % 2 == 0)


def arm(strike: Strike, mark: Path, url: str) -> None:
    """Let this befall the process that calls it.

    :param mark: a file that is written when it does.
    :param url: of the sandbox that the worker asks.
    """
    reached = 0
    door = threading.Lock()

    def strike_here() -> None:
        nonlocal reached
        with door:
            reached += 1
            falls = strike.falls(reached)
        if falls:
            mark.touch()
            DEEDS[strike.deed]()

    BOUNDARIES[strike.boundary](strike_here, url)


def _lose_connection() -> None:
    raise OperationalError("COMMIT", None, ConnectionError("the connection was lost"))


def _break_down() -> None:
    raise RuntimeError("a defect")


DEEDS: Mapping[str, Callable[[], None]] = {
    "die": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "freeze": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "lose_connection": _lose_connection,
    "break_down": _break_down,
}


def _wrap(owner: type, name: str, wrapper: Callable[..., Any]) -> None:
    """Put a function in the place of a method; it is given the method first."""
    original = getattr(owner, name)
    setattr(owner, name, functools.partialmethod(wrapper, original))


def _before(owner: type, name: str) -> Boundary:
    def arm_it(strike_here: Callable[[], None], _: str) -> None:
        def wrapper(self: Any, original: Callable[..., Any], /, *args: Any) -> Any:
            strike_here()
            return original(self, *args)

        _wrap(owner, name, wrapper)

    return arm_it


def _after(owner: type, name: str) -> Boundary:
    def arm_it(strike_here: Callable[[], None], _: str) -> None:
        def wrapper(self: Any, original: Callable[..., Any], /, *args: Any) -> Any:
            done = original(self, *args)
            strike_here()
            return done

        _wrap(owner, name, wrapper)

    return arm_it


def _in_a_group(of: str, *, committed: bool) -> Boundary:
    """Reach the end of each transaction of a group commit that has claims, or answers.

    :param committed: after its commit, before the reply to it is read; else before it.
    """

    def arm_it(strike_here: Callable[[], None], _: str) -> None:
        has = False

        def commit(self: Journal, original: Callable[..., Any], /, **group: Any) -> Any:
            nonlocal has
            has = bool(group.get(of))
            try:
                return original(self, **group)
            finally:
                has = False

        @contextmanager
        def transaction(self: Warehouse, original: Callable[..., Any], /) -> Iterator[Any]:
            with original(self) as connection:
                yield connection
                if has and not committed:
                    strike_here()
            if has and committed:
                strike_here()

        _wrap(Journal, "commit", commit)
        _wrap(Warehouse, "transaction", transaction)

    return arm_it


def _while_requests_are_out(strike_here: Callable[[], None], url: str) -> None:
    """Reach each moment at which the sandbox has received a paid request of this worker and none is answered."""

    def received() -> int:
        with urllib.request.urlopen(f"{url}/_sandbox/received", timeout=10) as answer:
            services: dict[str, int] = json.load(answer)["services"]
        return sum(count for service, count in services.items() if "match" in service)

    before = received()

    def turn(self: CurlWire[Any], original: Callable[..., Any], /, patience: float) -> Any:
        ended = original(self, patience)
        if not ended and self.in_flight and received() > before:
            strike_here()
        return ended

    _wrap(CurlWire, "turn", turn)


def _while_results_are_written(strike_here: Callable[[], None], _: str) -> None:
    """Reach each row of the results on its way into the target."""

    def write(self: TableTarget, original: Callable[..., Any], /, rows: Any) -> Any:
        def passing() -> Iterator[Any]:
            for row in rows:
                strike_here()
                yield row

        return original(self, passing())

    _wrap(TableTarget, "write", write)


BOUNDARIES: Mapping[str, Boundary] = {
    "claims_are_committing": _in_a_group("claims", committed=False),
    "claims_are_committed": _in_a_group("claims", committed=True),
    "claims_are_to_be_sent": _before(Lane, "give"),
    "requests_are_out": _while_requests_are_out,
    "an_answer_has_come": _before(Lane, "ended"),
    "answers_are_committing": _in_a_group("answers", committed=False),
    "answers_are_committed": _in_a_group("answers", committed=True),
    "results_are_to_be_written": _before(TableTarget, "write"),
    "results_are_being_written": _while_results_are_written,
    "results_are_written": _after(TableTarget, "write"),
    "the_journal_is_closing": _before(Journal, "close"),
    "the_journal_is_closed": _after(Journal, "close"),
    "the_lease_is_renewed": _after(Journal, "renew"),
}
"""In the order in which a run passes them; the last one only if it has to wait."""
