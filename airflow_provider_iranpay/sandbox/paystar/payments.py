"""The gateway's book of payments: what became of each, and which state it is in by the clock.

A payment keeps instants and no state: the state is read from them, so that no two can disagree. HTTP, codes, signatures
and pages stand elsewhere.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING, Any

from airflow_provider_iranpay.iran.masks import mask_card

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_iranpay.sandbox.clock import Clock
    from airflow_provider_iranpay.sandbox.settings import Settings

__all__ = ["NEVER", "NewPayment", "Outcome", "Payment", "Payments", "State", "Unfit", "Why"]

NEVER = float("inf")


class State(StrEnum):
    """The states that the contract names. The set is open: a payment may be turned to another word."""

    INIT = "INIT"
    SUCCEED = "SUCCEED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    REVERSED = "REVERSED"
    UNVERIFIED = "UNVERIFIED"
    VERIFY_PENDING = "VERIFY_PENDING"


class Outcome(StrEnum):
    """What the payer did on the payment page."""

    PAY = "pay"
    FAIL = "fail"
    CANCEL = "cancel"


class Why(Enum):
    """Why the book refuses a step."""

    TOKEN_UNKNOWN = auto()
    TOKEN_USED = auto()
    TOKEN_EXPIRED = auto()
    REF_UNKNOWN = auto()
    ALREADY_VERIFIED = auto()
    NOT_VERIFIABLE = auto()


class Unfit(ValueError):
    """A step that a payment does not allow now; nothing changed."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.name.lower().replace("_", " "))
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayment:
    """What a merchant asks for.

    :param callback: an http(s) URL.
    :param callback_by_get: send the browser there with a query instead of a form.
    :param card: the only card that may pay, in full.
    :param national_code: the only person who may pay.
    """

    order_id: str
    amount_rial: int
    callback: str
    callback_by_get: bool = False
    card: str | None = field(default=None, repr=False)
    national_code: str | None = field(default=None, repr=False)


@dataclass(slots=True, kw_only=True)
class Payment:
    """One payment with its whole life; instants are epoch seconds on the sandbox clock.

    :param payment_amount_rial: what the payer pays: the amount, and a fee if the payer bears it.
    :param outcome: what the payer did; ``None`` until ``decided_at``.
    :param settles_at: when an accepted verify has become ``SUCCEED``.
    :param reverses_at: when the money goes back, if there is no verify until then.
    :param turn: from which instant it shows which state instead, whatever came before.
    """

    asked: NewPayment
    ref_num: str
    token: str
    transaction_id: str
    payment_amount_rial: int
    created_at: float
    expires_at: float
    outcome: Outcome | None = None
    decided_at: float | None = None
    card: str | None = field(default=None, repr=False)
    tracking_code: str | None = None
    ref_id: str | None = None
    verified_at: float | None = None
    settles_at: float = NEVER
    reverses_at: float = NEVER
    turn: tuple[float, str] | None = None

    @property
    def paid_at(self) -> float | None:
        """When the payer paid; ``None`` if that never happened."""
        return self.decided_at if self.outcome is Outcome.PAY else None

    def state(self, now: float) -> str:
        """Its state at ``now``: a :class:`State`, or the word that it was turned to."""
        if self.turn is not None and now >= self.turn[0]:
            return self.turn[1]
        match self.outcome:
            case None:
                return State.INIT
            case Outcome.FAIL:
                return State.FAILED
            case Outcome.CANCEL:
                return State.CANCELLED
        if self.verified_at is None:
            return State.UNVERIFIED if now < self.reverses_at else State.REVERSED
        return State.VERIFY_PENDING if now < self.settles_at else State.SUCCEED

    def as_dict(self, now: float) -> dict[str, Any]:
        """For JSON: its state at ``now``, instants in UTC, the card masked."""
        return {
            "ref_num": self.ref_num,
            "token": self.token,
            "order_id": self.asked.order_id,
            "amount_rial": self.asked.amount_rial,
            "payment_amount_rial": self.payment_amount_rial,
            "state": self.state(now),
            "card_number": None if self.card is None else mask_card(self.card),
            "tracking_code": self.tracking_code,
            "created_at": _instant(self.created_at),
            "decided_at": _instant(self.decided_at),
            "verified_at": _instant(self.verified_at),
            "reverses_at": _instant(self.reverses_at) if self.verified_at is None else None,
        }


def _instant(at: float | None) -> str | None:
    return None if at is None or at == NEVER else datetime.fromtimestamp(at, UTC).isoformat()


class Payments:
    """Every payment since the last reset.

    :param draw: a whole number from 0 to one less than its argument, hard to guess.
    """

    def __init__(self, clock: Clock, settings: Settings, *, draw: Callable[[int], int] = secrets.randbelow) -> None:
        self._clock = clock
        self._settings = settings
        self._draw = draw
        self.reset()

    def reset(self) -> None:
        """Forgets every payment."""
        self._by_ref: dict[str, Payment] = {}
        self._by_token: dict[str, Payment] = {}

    def __iter__(self) -> Iterator[Payment]:
        """In the order in which they came."""
        return iter(self._by_ref.values())

    def create(self, asked: NewPayment) -> Payment:
        """Opens a payment that waits for its payer."""
        now = self._clock.timestamp()
        payment = Payment(
            asked=asked,
            ref_num=f"{self._draw(16**12):012x}",
            token=f"{self._draw(16**32):032x}",
            transaction_id=f"{self._draw(10**12):012d}",
            payment_amount_rial=asked.amount_rial + self._settings.paystar_gateway_payer_fee_rial,
            created_at=now,
            expires_at=now + self._settings.paystar_gateway_token_seconds,
        )
        self.add(payment)
        return payment

    def add(self, payment: Payment) -> None:
        """Takes in a payment, which may have a past; it replaces one of the same ``ref_num``."""
        self._by_ref[payment.ref_num] = payment
        self._by_token[payment.token] = payment

    def by_ref_num(self, ref_num: str) -> Payment:
        """The payment that create called ``ref_num``.

        :raises Unfit: there is none.
        """
        payment = self._by_ref.get(ref_num)
        if payment is None:
            raise Unfit(Why.REF_UNKNOWN)
        return payment

    def by_token(self, token: str) -> Payment:
        """The payment that waits for the payer who brings ``token``.

        :raises Unfit: unknown, used or expired.
        """
        payment = self._by_token.get(token)
        if payment is None:
            raise Unfit(Why.TOKEN_UNKNOWN)
        if payment.outcome is not None:
            raise Unfit(Why.TOKEN_USED)
        if self._clock.timestamp() >= payment.expires_at:
            raise Unfit(Why.TOKEN_EXPIRED)
        return payment

    def decide(self, token: str, outcome: Outcome, *, card: str | None = None) -> Payment:
        """The payer pays, fails or cancels; that uses up the token.

        :param card: the full number, needed to pay.
        :raises Unfit: as :meth:`by_token`.
        """
        payment = self.by_token(token)
        now = self._clock.timestamp()
        payment.outcome, payment.decided_at = outcome, now
        if outcome is Outcome.PAY:
            payment.card = card
            payment.tracking_code = f"{self._draw(10**12):012d}"
            payment.ref_id = f"{self._draw(10**12):012d}"
            payment.reverses_at = now + self._settings.paystar_gateway_reversal_seconds
        return payment

    def verify(self, payment: Payment) -> None:
        """The merchant takes the money.

        :raises Unfit: verified before, not paid, reversed, or after the window.
        """
        now = self._clock.timestamp()
        if payment.verified_at is not None:
            raise Unfit(Why.ALREADY_VERIFIED)
        if not self.is_verifiable(payment):
            raise Unfit(Why.NOT_VERIFIABLE)
        payment.verified_at = now
        payment.settles_at = now + self._settings.paystar_gateway_pending_seconds

    def is_verifiable(self, payment: Payment) -> bool:
        """Whether a verify would be accepted now: paid, in the window, not verified before."""
        now = self._clock.timestamp()
        paid_at = payment.paid_at
        in_window = paid_at is not None and now < paid_at + self._settings.paystar_gateway_verify_seconds
        return in_window and payment.state(now) == State.UNVERIFIED

    def turn(self, payment: Payment, state: str) -> None:
        """From now on ``payment`` shows ``state``: what a bank does without being asked."""
        payment.turn = (self._clock.timestamp(), state)
