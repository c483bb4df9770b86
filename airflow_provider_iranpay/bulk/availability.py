"""Which banks an account cannot answer for now: heard from the provider's free report, in a thread of its own.

The report closes banks, and nothing else does: a bank that it does not name is open, and so are all while it does not
come.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from functools import cache
from typing import Final

from airflow_provider_iranpay.bulk.outcomes import Outcome, Status
from airflow_provider_iranpay.bulk.questions import Question
from airflow_provider_iranpay.bulk.ways import Way
from airflow_provider_iranpay.exceptions import IranPayError
from airflow_provider_iranpay.iran.banks import Bank, by_card

__all__ = ["Availability", "unavailable"]

log = logging.getLogger(__name__)

_EVERY_SECONDS: Final = 60.0
_APART_SECONDS: Final = 1.0
"""Between two reports, however many rows fail."""
_FIRST_SECONDS: Final = 10.0
"""How long a run is held back by a first report that does not come."""
_BANK_IS_DOWN: Final = "card.source_bank_is_not_active"


class Availability:
    """Knows which questions one account cannot answer now. Without a report it can answer all.

    :param way: asked for its report as long as this has begun and not ended.
    """

    def __init__(self, way: Way) -> None:
        self._way = way
        self._closed: frozenset[str] = frozenset()
        self._opened: deque[str] = deque()
        self._fails = False
        self._ready_at = 0.0
        self._hurry = threading.Event()
        self._over = threading.Event()

    def start(self) -> None:
        """Begin to ask."""
        if self._way.closed_banks is not None:
            self._ready_at = time.monotonic() + _FIRST_SECONDS
            threading.Thread(target=self._ask_on, name=f"iranpay-{self._way.provider}-banks", daemon=True).start()

    def stop(self) -> None:
        """Ask no more; a report that is under way changes nothing."""
        self._over.set()
        self._hurry.set()

    @property
    def is_ready(self) -> bool:
        """Whether the first report has come, or need not be waited for."""
        return time.monotonic() >= self._ready_at

    def closed_bank(self, question: Question) -> Bank | None:
        """Return the bank that keeps a question from being answered now; None if it can be."""
        if not self._closed:
            return None
        bank = by_card(question.value("card") or "")
        return bank if bank is not None and bank.jibit_id in self._closed else None

    def opened(self) -> list[str]:
        """Give the banks (Jibit ids) that have opened, each opening once."""
        return [self._opened.popleft() for _ in range(len(self._opened))]

    def explains(self, question: Question, outcome: Outcome) -> bool:
        """Tell whether a call failed for its bank, and so says nothing of the account.

        A bank that fails while it counts as open has the report asked at once.
        """
        if self._way.closed_banks is None or outcome.error_code != _BANK_IS_DOWN:
            return False
        if self.closed_bank(question) is None:
            self._hurry.set()
        return True

    def _ask_on(self) -> None:
        while not self._over.is_set():
            self._ask()
            self._ready_at = 0.0
            self._over.wait(_APART_SECONDS)
            self._hurry.wait(_EVERY_SECONDS - _APART_SECONDS)
            self._hurry.clear()

    def _ask(self) -> None:
        assert self._way.closed_banks is not None  # noqa: S101 - else there is no thread
        try:
            closed = frozenset(self._way.closed_banks())
        except Exception as error:  # noqa: BLE001 - the report is a help: no run fails for it
            self._take(frozenset())
            if not self._fails:
                said = error if isinstance(error, IranPayError) else type(error).__name__
                log.warning("%s: no report of closed banks, so all count as open. %s", self._way.account, said)
            self._fails = True
        else:
            self._take(closed)
            self._fails = False

    def _take(self, closed: frozenset[str]) -> None:
        if self._over.is_set():
            return
        before, self._closed = self._closed, closed
        self._opened.extend(sorted(before - closed))  # after all that follow see it open, lest one waits for good
        for bank in sorted(closed - before):
            log.warning("%s: the bank %s is closed, as the provider reports.", self._way.account, bank)


@cache
def unavailable(bank: Bank) -> Outcome:
    """Make the outcome of a question whose bank has stayed closed."""
    return Outcome(
        Status.NOT_SENT_UNAVAILABLE,
        error_code="bank_closed",
        error_message=f"{bank.english_name} ({bank.jibit_id}) is closed now, as the provider reports: nothing was sent "
        "or paid. Run again later.",
    )
