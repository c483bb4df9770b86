"""What is still to be asked, in order: questions of the plan, those that have to be looked up again, those that another
worker has, and those whose bank is closed. Nothing is claimed here.
"""

from __future__ import annotations

import logging
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Final, NamedTuple

from airflow_provider_iranpay.bulk.outcomes import Outcome, Status
from airflow_provider_iranpay.bulk.plan import Plan
from airflow_provider_iranpay.bulk.questions import Question
from airflow_provider_iranpay.warehouse.journal.journal import Journal
from airflow_provider_iranpay.warehouse.journal.records import Kind, Standing

__all__ = ["Agenda"]

log = logging.getLogger(__name__)

_LOOK_AGAIN_SECONDS: Final = 2.0
_LOOKED_UP_TOGETHER: Final = 1_000
_END: Final = (None, False)
_FREE: Final = Kind.FREE
"""By a name of its own: looked up for each question in a tenth of the time."""

Note = Callable[[Question, Outcome], None]


class _Parked(NamedTuple):
    """A question that another worker has.

    :param since: when it was first seen so, by this process's clock.
    """

    question: Question
    since: float


class Agenda:
    """Gives the questions of a plan that are free to be claimed, as they stand.

    :param note: takes what becomes of a question that turns out to need no call.
    :param patience_seconds: how long a question is waited for that another worker has.
    :param bank_seconds: how long closed banks are waited for once nothing else is left.
    :param in_order: see :meth:`~airflow_provider_iranpay.bulk.plan.Plan.open_questions`.
    """

    def __init__(
        self,
        plan: Plan,
        journal: Journal,
        *,
        note: Note,
        patience_seconds: float,
        bank_seconds: float = 0.0,
        in_order: bool = True,
    ) -> None:
        self._plan = plan
        self._questioner = plan.questioner
        self._journal = journal
        self._note = note
        self._patience = patience_seconds
        self._bank_seconds = bank_seconds
        self._questions = plan.open_questions(in_order=in_order)
        self._has_more = True
        self._free: deque[tuple[Question, Standing]] = deque()
        self._known: list[Question] = []
        self._parked: dict[int, _Parked] = {}
        self._looked_at = -_LOOK_AGAIN_SECONDS
        self._of_closed: dict[str, array[int]] = {}
        self._reopened: Iterator[Question] | None = None
        self._gives_up_at: float | None = None
        self._gave_up = False

    def take(self) -> tuple[Question, Standing] | None:
        """Give the next one; None where there is none now."""
        while not self._free:
            if self._reopened is not None:
                self._look_up_reopened()
            elif self._has_more and len(self._known) < _LOOKED_UP_TOGETHER:
                question, is_known = next(self._questions, _END)
                if question is None:
                    self._has_more = False
                elif is_known:
                    self._known.append(question)
                else:
                    return question, Standing(question.ask, _FREE)
            elif self._known:
                questions, self._known = self._known, []
                self._look_up(questions)
            elif self._parked and time.monotonic() >= self._looked_at + _LOOK_AGAIN_SECONDS:
                self._look_up([parked.question for parked in self._parked.values()])
                self._looked_at = time.monotonic()
            elif self._of_closed and not self._parked and self._is_out_of_patience():
                self._give_up()
            else:
                return None
        return self._free.popleft()

    def look_up_again(self, questions: Iterable[Question]) -> None:
        """Take back questions that somebody else was quicker with."""
        self._known.extend(questions)

    def wait_for(self, bank: str, question: Question) -> bool:
        """Take back a question whose bank is closed, until it opens; False once closed banks are not waited for."""
        if self._gave_up:
            return False
        self._gives_up_at = None
        self._of_closed.setdefault(bank, array("I")).append(question.leader)
        return True

    def open(self, bank: str) -> None:
        """Give what has waited for a bank before all else, as it stands by then."""
        waited = self._give_again(bank)
        log.info("The bank %s is open again; %s questions have waited for it.", bank, f"{waited:,}")

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left."""
        ahead = self._free or self._known or self._has_more or self._reopened
        return not (ahead or self._parked or self._of_closed)

    def _is_out_of_patience(self) -> bool:
        if self._gives_up_at is None:
            self._gives_up_at = time.monotonic() + self._bank_seconds
        return time.monotonic() >= self._gives_up_at

    def _give_up(self) -> None:
        """Have all that waits for a bank looked at a last time: another worker may have its answer by now."""
        self._gave_up = True
        for bank in sorted(self._of_closed):
            waited = self._give_again(bank)
            log.warning("The bank %s is still closed; %s questions have waited for it.", bank, f"{waited:,}")

    def _give_again(self, bank: str) -> int:
        leaders = self._of_closed.pop(bank, ())
        self._reopened = chain(self._reopened or (), self._plan.questions(leaders))
        return len(leaders)

    def _look_up_reopened(self) -> None:
        questions = list(islice(self._reopened or (), _LOOKED_UP_TOGETHER))
        if questions:
            self._look_up(questions)
        else:
            self._reopened = None

    def _look_up(self, questions: list[Question]) -> None:
        stale = []
        for question, standing, outcome in self._questioner.look_up(questions):
            if outcome is not None:
                self._settle(question, outcome)
            elif standing.kind is Kind.FREE:
                self._parked.pop(question.leader, None)
                self._free.append((question, standing))
            elif standing.kind is Kind.STALE:
                stale.append(question)
            else:
                self._park(question)
        if not stale:
            return
        if self._journal.recover():
            self._known.extend(stale)
            return
        for question in stale:  # another worker is closing it, or a transaction that hangs holds its row
            self._park(question)

    def _settle(self, question: Question, outcome: Outcome) -> None:
        self._parked.pop(question.leader, None)
        self._note(question, outcome)

    def _park(self, question: Question) -> None:
        parked = self._parked.setdefault(question.leader, _Parked(question, time.monotonic()))
        if time.monotonic() > parked.since + self._patience:
            self._settle(question, _BUSY)


_BUSY: Final = Outcome(
    Status.NOT_SENT_BUSY,
    error_message="Another worker is asking this, and its answer did not come in time: run again to get it.",
)
