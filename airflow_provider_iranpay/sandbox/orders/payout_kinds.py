"""Every kind of payout that is played, and what a reconciliation with the list of transfers has to say. Data only.

``verdict`` is true within some minutes after the payouts were played, and ``later`` an hour after.
"""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_iranpay.sandbox.orders.kinds import Age
from airflow_provider_iranpay.sandbox.paystar.transfers import State

__all__ = ["PAYOUT_KINDS", "PayoutKind"]


@dataclass(frozen=True, slots=True)
class PayoutKind:
    """One kind.

    :param booked: the merchant's word for the payout; empty: no such payout.
    :param listed: the states of the transfers with its track id, the oldest first; empty: none is in the list.
    :param later: the verdict an hour after, where it is another.
    :param becomes: what its transfers are half an hour after.
    :param more_rial: by how much the transfer is more than the merchant meant.
    :param share: how many of a hundred payouts are so; 0 is planted.
    """

    booked: str
    listed: tuple[State, ...]
    age: Age
    verdict: str
    later: str = ""
    becomes: State | None = None
    more_rial: int = 0
    share: int = 0


_PENDING, _SUCCESS, _FAILED = (State.PENDING,), (State.SUCCESS,), (State.FAILED,)

_ORDINARY = (
    PayoutKind("paid", _SUCCESS, Age.PAST, "PAYOUT_MATCHED", share=80),
    PayoutKind("sent", _SUCCESS, Age.PAST, "PAYOUT_MATCHED", share=14),
    PayoutKind("failed", _FAILED, Age.PAST, "PAYOUT_MATCHED_FAILED", share=6),
)

_PLANTED = (
    PayoutKind("sent", _FAILED, Age.PAST, "PAYOUT_MATCHED_FAILED"),
    PayoutKind("paid", _SUCCESS, Age.MIDNIGHT, "PAYOUT_MATCHED"),
    # The answer was lost, and the list has it, or not.
    PayoutKind("no_answer", _SUCCESS, Age.PAST, "PAYOUT_MATCHED"),
    PayoutKind("no_answer", _FAILED, Age.PAST, "PAYOUT_MATCHED_FAILED"),
    PayoutKind("no_answer", (), Age.PAST, "PAYOUT_INTENT_NO_ANSWER"),
    PayoutKind("sent", (), Age.PAST, "PAYOUT_NOT_FOUND"),
    PayoutKind("sent", _PENDING, Age.FRESH, "PAYOUT_PENDING"),
    PayoutKind("no_answer", _PENDING, Age.FRESH, "PAYOUT_PENDING"),
    PayoutKind("sent", _PENDING, Age.OLD, "PAYOUT_OVERDUE"),
    PayoutKind("no_answer", _PENDING, Age.OLD, "PAYOUT_OVERDUE"),
    PayoutKind("paid", _FAILED, Age.PAST, "PAYOUT_FAILED_BOOKED_PAID"),
    PayoutKind("failed", _SUCCESS, Age.PAST, "PAYOUT_SUCCESS_BOOKED_FAILED"),
    PayoutKind("paid", _SUCCESS, Age.PAST, "PAYOUT_MATCHED", "PAYOUT_WENT_BACK", becomes=State.FAILED),
    PayoutKind("paid", (*_SUCCESS, *_SUCCESS), Age.PAST, "PAYOUT_TWICE"),
    PayoutKind("paid", (*_FAILED, *_SUCCESS), Age.PAST, "PAYOUT_TWICE"),
    PayoutKind("paid", _SUCCESS, Age.PAST, "PAYOUT_AMOUNT", more_rial=10_000),
    PayoutKind("paid", _SUCCESS, Age.PAST, "PAYOUT_AMOUNT", more_rial=-10_000),
    PayoutKind("", _SUCCESS, Age.PAST, "PAYOUT_UNKNOWN_TO_US"),
    PayoutKind("sent", (State.UNRECOGNISED,), Age.PAST, "PAYOUT_UNRECOGNISED"),
)

PAYOUT_KINDS: tuple[PayoutKind, ...] = (*_ORDINARY, *_PLANTED)
"""Every kind."""
