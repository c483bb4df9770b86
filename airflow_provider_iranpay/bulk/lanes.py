"""A lane: the calls of one account, made in a thread of their own from what it is given. It knows no journal."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from airflow_provider_iranpay.bulk.ways import Way
from airflow_provider_iranpay.client.many_driver import Ended, Job
from airflow_provider_iranpay.client.pacer import Lease, Pacer
from airflow_provider_iranpay.exceptions import NotSent

__all__ = ["Arrival", "Lane"]

Arrival = tuple["Lane", Job[Any], Ended]


class Lane:
    """Sends what it is given, in that order, and hands over what becomes of it.

    :param per_second: sends in a second, of all workers of the account together; None for as fast as it answers.
    :param lease: takes slots of that rate.
    :param has_more: whether it may be given more.
    :param arrived: called in the lane's thread with each job's end.
    :ivar is_closed: nothing more is sent here.
    :ivar mistake: what broke the lane, if anything did; its jobs in flight have no end then.
    """

    def __init__(
        self,
        way: Way,
        *,
        in_flight: int,
        per_second: float | None,
        lease: Lease,
        has_more: Callable[[], bool],
        may_send: Callable[[], bool],
        arrived: Callable[[Arrival], None],
    ) -> None:
        self.way = way
        self.is_closed = False
        self.mistake: BaseException | None = None
        self._has_more = has_more
        pacer = None if per_second is None else Pacer(per_second, lease=lease, behind=self._behind, wake=self._wake)
        self.client = way.client(in_flight=in_flight, pacer=pacer, may_send=may_send)
        self._jobs: deque[Job[Any]] = deque()
        self._arrived = arrived
        self._complete = False
        self._thread = threading.Thread(target=self._run, name=f"iranpay-{way.provider}", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Jobs that were given and not begun."""
        return len(self._jobs)

    @property
    def is_idle(self) -> bool:
        """Whether it has nothing to send, and waits for no answer."""
        return not self._jobs and not self.client.in_flight

    def _behind(self) -> float:
        """How many calls may come to be sent beside those that the client has."""
        return math.inf if self._has_more() else self.waiting

    def _wake(self) -> None:
        self.client.wake()

    def give(self, jobs: list[Job[Any]]) -> None:
        """Have these sent; once it is closed, they end as not sent."""
        self._jobs.extend(jobs)
        if self.is_closed:
            self._give_back()
        else:
            self.client.wake()

    def close(self, *, grace: float | None = None) -> None:
        """Send nothing more, and let what is in flight end.

        :param grace: seconds for what is in flight; None for as long as it takes.
        """
        self.is_closed = True
        self.client.stop(grace)
        self._give_back()

    def _give_back(self) -> None:
        while (job := self.take()) is not None:
            not_sent = NotSent(
                "the run ended before this was sent. Nothing was sent: run again.",
                provider=self.way.provider,
                service=job.request.endpoint.service,
                track_id=job.track_id,
                phase="not_sent",
            )
            self.ended(job, Ended(None, not_sent, at=None, status=None, body=None, sends=0, sent_at=None))

    def join(self) -> None:
        """Wait until all that was given has ended: nothing more will be given."""
        self._complete = True
        self.client.wake()
        self._thread.join()
        self._give_back()

    def take(self) -> Job[Any] | None:
        """Give the client its next call."""
        try:
            return self._jobs.popleft()
        except IndexError:
            return None

    def exhausted(self) -> bool:
        """Say to the client whether there will be more."""
        return self._complete and not self._jobs

    def ended(self, job: Job[Any], ended: Ended) -> None:
        """Take what became of a call."""
        self._arrived((self, job, ended))

    def _run(self) -> None:
        try:
            self.client.run(self)
        except BaseException as mistake:  # noqa: BLE001 - raised by the run, in its own thread
            self.mistake = mistake
