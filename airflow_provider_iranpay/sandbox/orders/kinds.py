"""Every kind of order and payment that is played, and what a reconciliation has to say of it. Data only.

A verdict depends on the moment of asking: ``verdict`` is true within some minutes after the orders were played, and
``later`` an hour after. W, the window of a verify, is 10 minutes; R, when unverified money has to be back, 72 hours.
"""

# ruff: noqa: SIM905  words read better than a column of quotes
from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from airflow_provider_iranpay.sandbox.paystar.payments import State

__all__ = ["KINDS", "NO_REF", "UNKNOWN_REF", "Age", "Kind", "Other", "Severity", "severity"]

NO_REF = "no ref_num"
"""Nobody knows a ``ref_num`` of the order."""
UNKNOWN_REF = "-5"
"""A ``ref_num`` that the gateway does not know."""


class Age(Enum):
    """When a payment was made, seen from the moment of playing."""

    FRESH = auto()
    """Within the last minute: inside W."""
    RECENT = auto()
    """2 to 60 hours ago: after W, well before R."""
    OLD = auto()
    """More than 80 hours ago: after R."""
    PAST = auto()
    """On any of the days; 2 hours ago at least."""
    MIDNIGHT = auto()
    """Ordered before a midnight of Tehran, paid after it."""


class Severity(StrEnum):
    """How much a person has to care; in rising order."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Other:
    """Another payment of the same order, and the verdict on it."""

    gateway: str
    verdict: str
    age: Age = Age.PAST


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind.

    :param order: the merchant's word for the order; empty: no such order.
    :param gateway: the state of its payment, :data:`NO_REF` or :data:`UNKNOWN_REF`.
    :param later: the verdict an hour after, where it is another.
    :param differences: what else differs.
    :param appears: the differences that only the reading an hour after can see.
    :param own_ref: whether the order names its ``ref_num``; without, only the journal of creates does.
    :param share: how many of a hundred orders are so; 0 is planted.
    """

    order: str
    gateway: str
    age: Age
    verdict: str
    later: str = ""
    differences: tuple[str, ...] = ()
    appears: tuple[str, ...] = ()
    other: Other | None = None
    own_ref: bool = True
    share: int = 0


_WARNINGS = frozenset(
    "REF_UNKNOWN VERIFY_MISSED REVERSED_ORDER_OPEN PAID_VERIFY_DUE LATE_PAYMENT REFUND_NO_EVIDENCE ORPHAN_REF_UNKNOWN "
    "ORPHAN_UNVERIFIED GATEWAY_UNRECOGNISED ORDER_UNRECOGNISED SECOND_PAYMENT_PENDING "
    "PAYOUT_OVERDUE PAYOUT_UNRECOGNISED "
    "AMOUNT_OVER FEE_DIFFERENCE CARD_DIFFERENT TIME_DIFFERENT TRACKING_REUSED".split()
)
_CRITICAL = frozenset(
    "PAID_ORDER_OPEN PAID_NO_EVIDENCE PAID_REF_UNKNOWN PAID_NOT_PAID PAID_WILL_REVERSE PAID_BUT_FAILED "
    "PAID_BUT_REVERSED PAID_ORDER_CLOSED REFUND_NOT_PAID REFUND_OF_UNVERIFIED REFUND_TWICE ORPHAN_PAID "
    "REVERSAL_OVERDUE ORDER_PAID_TWICE "
    "PAYOUT_FAILED_BOOKED_PAID PAYOUT_SUCCESS_BOOKED_FAILED PAYOUT_WENT_BACK PAYOUT_TWICE PAYOUT_AMOUNT "
    "PAYOUT_UNKNOWN_TO_US "
    "AMOUNT_UNDER UNIT_X10 ORDER_ID_DIFFERENT REF_REUSED STATUS_WENT_BACK".split()
)


def severity(*words: str) -> Severity:
    """The worst severity among verdicts and differences (that of the differences is assumed)."""
    if not _CRITICAL.isdisjoint(words):
        return Severity.CRITICAL
    return Severity.INFO if _WARNINGS.isdisjoint(words) else Severity.WARNING


_INIT, _SUCCEED, _FAILED, _CANCELLED, _REVERSED = (
    State.INIT, State.SUCCEED, State.FAILED, State.CANCELLED, State.REVERSED,
)  # fmt: skip
_UNVERIFIED, _PENDING = State.UNVERIFIED, State.VERIFY_PENDING
_PAID_LATE = (_UNVERIFIED, _PENDING)
_REFUSED = (_FAILED, _CANCELLED)
_CLOSED = ("failed", "cancelled")


def _cells(
    orders: tuple[str, ...], states: tuple[str, ...], age: Age, verdict: str, later: str = ""
) -> tuple[Kind, ...]:
    return tuple(Kind(order, state, age, verdict, later) for order in orders for state in states)


def _differing(*differences: str, age: Age = Age.PAST) -> Kind:
    return Kind("paid", _SUCCEED, age, "MATCHED_WITH_DIFFERENCE", differences=differences)


def _twice(gateway: str, verdict: str, age: Age = Age.PAST) -> Kind:
    return Kind("paid", _SUCCEED, Age.PAST, "MATCHED", other=Other(gateway, verdict, age))


_ORDINARY = (
    Kind("paid", _SUCCEED, Age.PAST, "MATCHED", share=80),
    Kind("open", _INIT, Age.PAST, "ABANDONED", share=8),
    Kind("failed", _FAILED, Age.PAST, "MATCHED_FAILED", share=4),
    Kind("cancelled", _CANCELLED, Age.PAST, "MATCHED_FAILED", share=4),
    Kind("cancelled", _INIT, Age.PAST, "MATCHED_VOID", share=2),
    Kind("paid", _SUCCEED, Age.PAST, "MATCHED", other=Other(_FAILED, "ATTEMPT_CLOSED"), share=2),
)

_LIVES = (
    *_cells(("open",), (NO_REF,), Age.PAST, "CREATE_UNKNOWN"),
    *_cells(("open",), (UNKNOWN_REF,), Age.PAST, "REF_UNKNOWN"),
    *_cells(("open",), (_INIT,), Age.FRESH, "IN_FLIGHT", "ABANDONED"),
    *_cells(("open",), _PAID_LATE, Age.FRESH, "VERIFY_DUE", "VERIFY_MISSED"),
    *_cells(("open",), _PAID_LATE, Age.RECENT, "VERIFY_MISSED"),
    *_cells(("open",), (_SUCCEED,), Age.PAST, "PAID_ORDER_OPEN"),
    *_cells(("open",), _REFUSED, Age.PAST, "FAILED_ORDER_OPEN"),
    *_cells(("open",), (_REVERSED,), Age.OLD, "REVERSED_ORDER_OPEN"),
    *_cells(("paid",), (NO_REF,), Age.PAST, "PAID_NO_EVIDENCE"),
    *_cells(("paid",), (UNKNOWN_REF,), Age.PAST, "PAID_REF_UNKNOWN"),
    *_cells(("paid",), (_INIT,), Age.PAST, "PAID_NOT_PAID"),
    *_cells(("paid",), _PAID_LATE, Age.FRESH, "PAID_VERIFY_DUE", "PAID_WILL_REVERSE"),
    *_cells(("paid",), _PAID_LATE, Age.RECENT, "PAID_WILL_REVERSE"),
    *_cells(("paid",), (_SUCCEED,), Age.MIDNIGHT, "MATCHED"),
    *_cells(("paid",), _REFUSED, Age.PAST, "PAID_BUT_FAILED"),
    *_cells(("paid",), (_REVERSED,), Age.OLD, "PAID_BUT_REVERSED"),
    *_cells(_CLOSED, (NO_REF, UNKNOWN_REF, _INIT), Age.PAST, "MATCHED_VOID"),
    *_cells(_CLOSED, _PAID_LATE, Age.FRESH, "LATE_PAYMENT", "REVERSAL_EXPECTED"),
    *_cells(_CLOSED, _PAID_LATE, Age.RECENT, "REVERSAL_EXPECTED"),
    *_cells(_CLOSED, (_SUCCEED,), Age.PAST, "PAID_ORDER_CLOSED"),
    *_cells(_CLOSED, _REFUSED, Age.PAST, "MATCHED_FAILED"),
    *_cells(_CLOSED, (_REVERSED,), Age.OLD, "MATCHED_REVERSED"),
    *_cells(("refunded",), (NO_REF,), Age.PAST, "REFUND_NO_EVIDENCE"),
    *_cells(("refunded",), (UNKNOWN_REF, _INIT, *_REFUSED), Age.PAST, "REFUND_NOT_PAID"),
    *_cells(("refunded",), _PAID_LATE, Age.FRESH, "REFUND_OF_UNVERIFIED"),
    *_cells(("refunded",), _PAID_LATE, Age.RECENT, "REFUND_OF_UNVERIFIED"),
    *_cells(("refunded",), (_SUCCEED,), Age.PAST, "MATCHED_REFUNDED"),
    *_cells(("refunded",), (_REVERSED,), Age.OLD, "REFUND_TWICE"),
    *_cells(("",), (UNKNOWN_REF,), Age.PAST, "ORPHAN_REF_UNKNOWN"),
    *_cells(("",), (_INIT,), Age.PAST, "ORPHAN_OPEN"),
    *_cells(("",), _PAID_LATE, Age.RECENT, "ORPHAN_UNVERIFIED"),
    *_cells(("",), (_SUCCEED,), Age.PAST, "ORPHAN_PAID"),
    *_cells(("",), _REFUSED, Age.PAST, "ORPHAN_FAILED"),
    *_cells(("",), (_REVERSED,), Age.OLD, "ORPHAN_REVERSED"),
    # Money that should be back and is not.
    *_cells(("open", "paid", *_CLOSED, "refunded"), (_UNVERIFIED,), Age.OLD, "REVERSAL_OVERDUE"),
    # Words that no table has.
    *_cells(("paid",), ("SANDBOX_UNKNOWN",), Age.PAST, "GATEWAY_UNRECOGNISED"),
    *_cells(("on_hold",), (_SUCCEED,), Age.PAST, "ORDER_UNRECOGNISED"),
)

_SECOND_PAYMENTS = (
    _twice(_CANCELLED, "ATTEMPT_CLOSED"),
    _twice(_REVERSED, "ATTEMPT_CLOSED", Age.OLD),
    _twice(_UNVERIFIED, "SECOND_PAYMENT_PENDING", Age.FRESH),
    _twice(_SUCCEED, "ORDER_PAID_TWICE"),
    Kind("open", _SUCCEED, Age.PAST, "PAID_ORDER_OPEN", other=Other(_FAILED, "ATTEMPT_CLOSED"), own_ref=False),
)

_DIFFERENCES = (
    _differing("AMOUNT_UNDER"),
    _differing("AMOUNT_OVER"),
    _differing("UNIT_X10"),
    _differing("FEE_DIFFERENCE"),
    _differing("CARD_DIFFERENT"),
    _differing("ORDER_ID_DIFFERENT"),
    _differing("TIME_DIFFERENT", age=Age.OLD),
    _differing("TRACKING_REUSED"),
    _differing("REF_REUSED"),
    Kind("paid", _SUCCEED, Age.PAST, "MATCHED", "PAID_BUT_REVERSED", appears=("STATUS_WENT_BACK",)),
)

KINDS: tuple[Kind, ...] = (*_ORDINARY, *_LIVES, *_SECOND_PAYMENTS, *_DIFFERENCES)
"""Every kind; of ``TRACKING_REUSED`` and ``REF_REUSED`` two orders are played."""
