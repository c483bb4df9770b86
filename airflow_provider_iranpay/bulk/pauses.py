"""The pauses of an account: begun after a run of failures or as its provider asks, and shared by all of its workers."""

from __future__ import annotations

import logging
import time
from datetime import datetime
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from airflow_provider_iranpay.bulk.health import Fatigue
from airflow_provider_iranpay.bulk.lanes import Lane
from airflow_provider_iranpay.bulk.outcomes import Outcome
from airflow_provider_iranpay.iran.days import TEHRAN
from airflow_provider_iranpay.warehouse.pace import SharedPace

__all__ = ["Pauses"]

log = logging.getLogger(__name__)

_ASK_SECONDS: Final = 1.0
_SAME_SECONDS: Final = 0.1
"""By which the ends of two pauses differ at the most that are one and the same."""


class Pauses:
    """Pauses one lane's account and tells others of it, and the other way round. Called in the run's thread.

    Only sending pauses: what is in flight ends, the journal's lease is renewed, and a run that is told to end does.
    """

    def __init__(self, lane: Lane, shared: SharedPace) -> None:
        self._lane = lane
        self._shared = shared
        self._fatigue = Fatigue()
        self._since: datetime | None = None
        self._known_until = 0.0
        self._asks_at = 0.0
        self._is_reachable = True

    def hear(self, outcome: Outcome) -> None:
        """Take in how a call ended, and pause if too many have failed."""
        seconds = self._fatigue.hear(outcome, is_paused=self._lane.client.paused > 0)
        if self._fatigue.failures == 0:
            self._since = None
        elif self._since is None:
            self._since = datetime.now(TEHRAN)
        if seconds and self._since and not self._lane.is_closed:
            log.warning(
                "%s: nothing is sent with this account for %.0f s. %d calls in a row have failed since %s; the last "
                "one: %s",
                self._name,
                seconds,
                self._fatigue.failures,
                self._since.isoformat(" ", "seconds"),
                outcome.error_message,
            )
            self._lane.client.pause(seconds)

    def fine(self) -> None:
        """Take in that a call was answered."""
        self._fatigue.fine()
        self._since = None

    def exchange(self) -> None:
        """Tell the other workers of a pause, and ask about once a second whether one of them has begun one.

        What the warehouse does not do now is tried again, and ends no run.
        """
        if self._lane.is_closed:
            return
        now, left = time.monotonic(), self._lane.client.paused
        is_new = left > 0 and now + left > self._known_until + _SAME_SECONDS
        if now < self._asks_at and not (is_new and self._is_reachable):
            return
        self._asks_at = now + _ASK_SECONDS
        try:
            if is_new:
                self._shared.pause(left)
                self._known_until = now + left
            else:
                self._follow()
            self._is_reachable = True
        except SQLAlchemyError as error:
            if self._is_reachable:
                log.warning("%s: its pauses cannot be shared now: %s.", self._name, type(error).__name__)
            self._is_reachable = False

    def _follow(self) -> None:
        left = self._shared.paused()
        if left > self._lane.client.paused + _SAME_SECONDS:
            log.warning(
                "%s: nothing is sent for %.1f s, as another worker of this account has found.", self._name, left
            )
            self._known_until = time.monotonic() + left
            self._lane.client.pause(left)

    @property
    def _name(self) -> str:
        return f"{self._lane.way.provider} account {self._lane.way.account}"
