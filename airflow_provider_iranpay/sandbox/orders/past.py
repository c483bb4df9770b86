"""Payments and transfers with a past: how one of each state came about, and when. Nothing about orders and payouts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING

from airflow_provider_iranpay.iran.days import TEHRAN
from airflow_provider_iranpay.sandbox.orders.kinds import Age
from airflow_provider_iranpay.sandbox.paystar import transfers
from airflow_provider_iranpay.sandbox.paystar.payments import NEVER, Outcome, Payment, State

if TYPE_CHECKING:
    from airflow_provider_iranpay.sandbox.paystar.payments import NewPayment
    from airflow_provider_iranpay.sandbox.shuffle import Dice

__all__ = ["GOES_BACK_AFTER_SECONDS", "Span", "instants", "past_payment", "past_transfer", "ref_num_of", "tehran_time"]

GOES_BACK_AFTER_SECONDS = 1800
_HOUR = 3600
_TOKEN_SECONDS = 20 * 60
_REVERSAL_SECONDS = 72 * _HOUR
_VERIFY_AFTER_SECONDS = 15
_TRANSFER_SECONDS = _HOUR
_STAYS_PENDING_SECONDS = 24 * _HOUR
_DRAWS = 1 << 16
_UNHEARD_OF = "وضعیت در دست بررسی است."
_REFUSALS: dict[str, Outcome] = {State.FAILED: Outcome.FAIL, State.CANCELLED: Outcome.CANCEL}


@dataclass(frozen=True, slots=True)
class Span:
    """The time in which all happens, in epoch seconds.

    :param midnights: the first instant of each Tehran day, and the end of the last one.
    :param now: the moment of playing.
    """

    midnights: tuple[float, ...]
    now: float


def instants(age: Age, dice: Dice, span: Span) -> tuple[float, float]:
    """When a payment was created and when the payer decided, in whole epoch seconds."""
    part = (dice.below(_DRAWS) + dice.below(_DRAWS) / _DRAWS) / _DRAWS
    now = span.now
    match age:
        case Age.FRESH:
            decided = int(now - 20 - 30 * part)
            return float(decided - 30), float(decided)
        case Age.MIDNIGHT:
            midnight = span.midnights[1 + dice.below(len(span.midnights) - 2)]
            return midnight - 60, midnight + 60
        case Age.RECENT:
            first, last = now - 60 * _HOUR, now - 2 * _HOUR
        case Age.OLD:
            first, last = span.midnights[0], now - 80 * _HOUR
        case Age.PAST:
            first, last = span.midnights[0], min(span.midnights[-1], now - 2 * _HOUR)
    # The payer takes up to five minutes, and both instants belong to the days.
    created = int(first + (last - first - 300) * part)
    return float(created), float(created + 60 + dice.below(240))


def past_payment(state: str, asked: NewPayment, *, key: str, at: tuple[float, float], now: float, card: str) -> Payment:
    """A payment that shows ``state`` at ``now``.

    :param key: decides its numbers.
    :param at: when it was created and when the payer decided.
    """
    created, decided = at
    payment = Payment(
        asked=asked,
        ref_num=ref_num_of(key),
        token=_hex(key, "token", 16),
        transaction_id=_digits(key, "transaction"),
        payment_amount_rial=asked.amount_rial,
        created_at=created,
        expires_at=created + _TOKEN_SECONDS,
    )
    if state == State.INIT:
        return payment
    payment.outcome, payment.decided_at = _REFUSALS.get(state, Outcome.PAY), decided
    if payment.outcome is not Outcome.PAY:
        return payment
    payment.card = card
    payment.tracking_code, payment.ref_id = _digits(key, "tracking"), _digits(key, "bank")
    back = decided + _REVERSAL_SECONDS
    payment.reverses_at = NEVER if state == State.UNVERIFIED and back <= now else back
    if state not in {State.UNVERIFIED, State.REVERSED}:
        payment.verified_at = decided + _VERIFY_AFTER_SECONDS
        payment.settles_at = NEVER if state == State.VERIFY_PENDING else payment.verified_at
    if state not in set(State):
        payment.turn = (decided, state)
    return payment


def past_transfer(
    state: transfers.State, order: transfers.Order, *, key: str, at: float, now: float, becomes: transfers.State | None
) -> transfers.Transfer:
    """A transfer that shows ``state`` at ``now``; one that is pending succeeds a day after.

    :param key: decides its numbers.
    :param at: when it was accepted.
    :param becomes: what it is half an hour after ``now``.
    """
    due, fate = at + _TRANSFER_SECONDS, state
    if becomes is not None:
        due, fate = now + GOES_BACK_AFTER_SECONDS, becomes
    elif state is transfers.State.PENDING:
        due, fate = now + _STAYS_PENDING_SECONDS, transfers.State.SUCCESS
    return transfers.Transfer(
        number=int(_digits(key, "bank")),
        hashid=_hex(key, "hashid", 6),
        order=order,
        at=at,
        due=due,
        fate=fate,
        state=state,
        message=_UNHEARD_OF if state is transfers.State.UNRECOGNISED else "",
        foreign=True,
    )


def tehran_time(at: float) -> str:
    """The instant ``at`` as ISO text with the offset of Tehran."""
    return datetime.fromtimestamp(at, UTC).astimezone(TEHRAN).isoformat()


def ref_num_of(key: str) -> str:
    """The ``ref_num`` of the payment that ``key`` decides."""
    return _hex(key, "ref_num", 6)


def _hex(key: str, what: str, size: int) -> str:
    return blake2b(f"{key}/{what}".encode(), digest_size=size).hexdigest()


def _digits(key: str, what: str) -> str:
    return f"{int(_hex(key, what, 8), 16) % 10**12:012d}"
