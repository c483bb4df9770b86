"""When to stop asking: a provider that refuses or fails all, answers that make no sense. Data in, a decision out."""

from __future__ import annotations

from typing import Final

from airflow_provider_iranpay.bulk.outcomes import Outcome, Status
from airflow_provider_iranpay.exceptions import IranPayError, OperatorNeeded, QuotaReached

__all__ = ["Doubts", "Fatigue", "Health"]

DOUBTFUL_IN_A_ROW: Final = 20
FAILURES_IN_A_ROW: Final = 50
FAILURES_BEFORE_A_PAUSE: Final = 10
PAUSE_SECONDS: Final = (5.0, 10.0, 20.0, 40.0, 60.0)
"""How long an account pauses after each run of failures; the last one stands for all that follow."""

_FAILURES: Final = frozenset({Status.FAILED, Status.NOT_SENT_UNAVAILABLE})


class Health:
    """Watches one account."""

    def __init__(self) -> None:
        self._failures = 0

    def fine(self) -> None:
        """Take in that a call was answered."""
        self._failures = 0

    def hear(self, outcome: Outcome, error: IranPayError | None) -> Outcome | None:
        """Take in how a call ended.

        :return: what the questions come to that now can't be asked here; None as long as they can.
        """
        if isinstance(error, QuotaReached | OperatorNeeded):
            return _rest(Status(outcome.status), outcome)
        self._failures = self._failures + 1 if outcome.status in _FAILURES else 0
        return _rest(Status.NOT_SENT_UNAVAILABLE, outcome) if self._failures >= FAILURES_IN_A_ROW else None


class Fatigue:
    """Says when an account has to pause.

    :ivar failures: in a row, of calls that ended while it did not pause.
    """

    def __init__(self) -> None:
        self.failures = 0

    def fine(self) -> None:
        """Take in that a call was answered."""
        self.failures = 0

    def hear(self, outcome: Outcome, *, is_paused: bool) -> float:
        """Take in how a call ended.

        :param is_paused: whether the account pauses: what was on its way then says nothing new by its failure.
        :return: seconds to pause for now; 0 where it need not.
        """
        if outcome.status not in _FAILURES:
            self.failures = 0
        elif not is_paused:
            self.failures += 1
            runs, rest = divmod(self.failures, FAILURES_BEFORE_A_PAUSE)
            if not rest:
                return PAUSE_SECONDS[min(runs, len(PAUSE_SECONDS)) - 1]
        return 0.0


class Doubts:
    """Counts one account's ends in a row that are unknown, unreadable or unlisted."""

    def __init__(self) -> None:
        self._in_a_row = 0

    def fine(self) -> None:
        """Take in that a call was answered."""
        self._in_a_row = 0

    def hear(self, outcome: Outcome, *, is_doubtful: bool) -> Outcome | None:
        """Take in how a call ended; as ``Health.hear``."""
        self._in_a_row = self._in_a_row + 1 if is_doubtful else 0
        if self._in_a_row < DOUBTFUL_IN_A_ROW:
            return None
        return Outcome(
            Status.NOT_SENT_STOPPED,
            error_code=outcome.error_code,
            error_message=f"The run stopped: {self._in_a_row} calls in a row ended without an answer that makes sense. "
            "Look at one of them before you run again.",
        )


def _rest(status: Status, outcome: Outcome) -> Outcome:
    return Outcome(status, error_code=outcome.error_code, error_message=outcome.error_message)
