"""The night itself: a table of people, a provider with faults, a run over two workers, and the death of one of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine

from airflow_provider_iranpay.sandbox import Sandbox
from airflow_provider_iranpay.sandbox.sample import customer
from benchmarks.distributed.arrivals import Arrivals
from benchmarks.distributed.processes import Ended, until
from benchmarks.distributed.site import DAG_ID, Site

__all__ = ["SERVICE", "SOURCE", "TARGET", "Night", "Times", "sandbox_with_faults", "write_customers"]

SERVICE, PRICE_RIAL = "jibit.match_mobile", 3_500
SOURCE, TARGET = "customers", "mobile_match"
_LATE_SECONDS = 0.05
_FAULTS: tuple[tuple[str, float], ...] = (
    ("json_5xx", 0.01),  # not now: asked again by the client
    ("html_5xx", 0.001),  # maybe paid: unknown
    ("reset_after", 0.001),  # paid, and the answer is lost
    ("cut_body", 0.001),
)
_SHARE_AT_DEATH = 0.4
_BEGIN_SECONDS = 300


@dataclass(slots=True, kw_only=True)
class Times:
    """Moments of a night, by the monotonic clock."""

    begun: float = 0.0
    killed: float = 0.0
    ended: float = 0.0


@dataclass(slots=True, kw_only=True)
class Night:
    """One night.

    :param rows: of the source.
    :param patience_seconds: how long it may take.
    :param tell: is told what happens.
    """

    site: Site
    arrivals: Arrivals
    rows: int
    patience_seconds: float
    tell: Callable[[str], None]
    times: Times = field(default_factory=Times)
    _told_at: float = 0.0

    def pass_by(self) -> None:
        """Run the DAG, kill a worker at its work, wait for the end.

        :raises Ended: the run fails, or takes too long.
        """
        self.site.airflow("dags", "trigger", DAG_ID)
        until(lambda: bool(self.arrivals.times), what="the first call", seconds=_BEGIN_SECONDS, look=self._look)
        self.times.begun = self.arrivals.times[0]
        first = self.site.workers[0]
        until(
            lambda: first.works and len(self.arrivals.times) >= self.rows * _SHARE_AT_DEATH,
            what="a worker at its work",
            seconds=self.patience_seconds,
            look=self._look,
        )
        self.site.kill(first)
        self.times.killed = time.monotonic()
        self.tell(f"{first.name} is killed after {len(self.arrivals.times):,} calls")
        until(self._is_over, what="the end of the run", seconds=self.patience_seconds, look=self._look)
        self.times.ended = time.monotonic()
        if self.site.state() != "success":
            raise Ended(f"The run has ended as {self.site.state()}: {self.site.tasks()}")

    def _is_over(self) -> bool:
        return self.site.state() in ("success", "failed")

    def _look(self) -> None:
        self.site.look()
        if time.monotonic() - self._told_at >= 10:
            self._told_at = time.monotonic()
            states = ", ".join(f"{count} {state}" for state, count in sorted(self.site.tasks().items()))
            self.tell(f"{len(self.arrivals.times):,} calls received; tasks: {states or 'none yet'}")


def sandbox_with_faults() -> tuple[Sandbox, Arrivals]:
    """Make a sandbox that answers late and not always, and notes when it is asked. It is not started."""
    sandbox = Sandbox()
    arrivals = sandbox.world.received = Arrivals(SERVICE)
    sandbox.world.change_settings(
        {"prices": {SERVICE: PRICE_RIAL}, "latency": {"kind": "fixed", "seconds": _LATE_SECONDS}}
    )
    for seed, (kind, probability) in enumerate(_FAULTS):
        sandbox.world.faults.add(kind, service=SERVICE, probability=probability, seed=seed)
    return sandbox, arrivals


def write_customers(warehouse: Engine, sandbox: Sandbox, rows: int) -> None:
    """Make the table that is asked about, with the sandbox's first people."""
    connection: Any = warehouse.raw_connection()
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE {SOURCE} (customer_id bigint PRIMARY KEY, national_code text, mobile text)")
            with cursor.copy(f"COPY {SOURCE} FROM STDIN") as copy:
                for row in _people(sandbox, rows):
                    copy.write_row(row)
        connection.commit()
    finally:
        connection.close()


def _people(sandbox: Sandbox, rows: int) -> Iterator[tuple[int, str, str]]:
    for number in range(rows):
        person = customer(sandbox.world.population, number)
        yield number, person.national_code, person.mobile
