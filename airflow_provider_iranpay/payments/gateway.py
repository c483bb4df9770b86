"""When a gateway payment is paid: verify, then inquiry, and inquiry has the last word.

The invariant: a payment is reported as verified only after an inquiry that says ``SUCCEED`` with the equal amount, and
verify is sent at most twice, the second time only after an inquiry that says ``UNVERIFIED`` inside the window.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeGuard
from uuid import uuid4

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.api.contract import Request
from airflow_provider_iranpay.api.encoding import amount_rial
from airflow_provider_iranpay.api.paystar.endpoints import GATEWAY_INQUIRY, GATEWAY_VERIFY
from airflow_provider_iranpay.api.paystar.gateway import SMALLEST_PAYMENT_RIAL, Payment, Verification
from airflow_provider_iranpay.iran.masks import mask_text
from airflow_provider_iranpay.payments.caller import Caller

__all__ = ["Verified", "verify"]

log = logging.getLogger(__name__)

_NOT_YET: Final = frozenset({"UNVERIFIED", "VERIFY_PENDING"})
_PENDING: Final = "VERIFY_PENDING"
_TOO_LATE_CODES: Final = frozenset({"-8", "-108"})
_FAILED_CODES: Final = frozenset({"-9", "-109"})

_encode_rial: Final = amount_rial(SMALLEST_PAYMENT_RIAL)

_DOUBTFUL: Final = (
    exceptions.Rejected,
    exceptions.OutcomeUnknown,
    exceptions.TransientFailure,
    exceptions.UnreadableAnswer,
)
"""Ends of verify after which the payment may be verified all the same: inquiry tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A payment that is paid. **Hold it against your own order**: its id, and the ``ref_num`` that create returned for
    it; only then the order is paid.

    :param amount_rial: what verify was asked for.
    :param payment_amount_rial: what the payer paid.
    :param already_verified: this call did not see its own verify succeed: the gateway said -6, or the answer was lost.
        Without an earlier verify of your own this is an alarm: a forged callback with the reference of another, paid
        order looks just so.
    :param verify_until: the end of the window of ten minutes after the payment (timezone-aware), where it is known.
    :param payment: the inquiry that confirmed it.
    """

    ref_num: str
    order_id: str
    amount_rial: int
    payment_amount_rial: int
    already_verified: bool
    verify_until: datetime | None
    payment: Payment = field(repr=False)


def verify(
    client: Caller,
    request: Request[Verification],
    *,
    payment_amount_rial: int | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Verified:
    """Verify a payment and confirm it.

    :param request: of ``GATEWAY_VERIFY``.
    :param payment_amount_rial: create's ``payment_amount``, where a fee makes it differ from the amount.
    :raises InvalidInput: the amount is none; nothing was sent.
    :raises NotConfirmed: inquiry says that it is not paid, or that another amount was paid.
    :raises TransientFailure: the verification is pending; ask again.
    :raises OutcomeUnknown: verify brought no answer and the payment is not verified (yet).
    :raises CallError: any other end of verify or inquiry.
    """
    amount = int(request.wire["amount"])
    owed = amount if payment_amount_rial is None else _encode_rial("payment_amount_rial", payment_amount_rial)
    affair = _Affair(client, request, owed, uuid4().hex)
    problem = affair.send()
    payment = affair.inquire(problem)
    if problem is not None and affair.may_be_sent_again(problem, payment, now()):
        problem = affair.send()
        payment = affair.inquire(problem)
    affair.require_paid(payment, problem, now())
    if problem is not None:
        log.warning(
            "The payment %s was verified before, or without an answer: hold it against the order that it is for.",
            payment.ref_num,
        )
    return Verified(
        ref_num=payment.ref_num,
        order_id=payment.order_id,
        amount_rial=amount,
        payment_amount_rial=payment.payment_amount_rial,
        already_verified=problem is not None,
        verify_until=payment.verify_until,
        payment=payment,
    )


@dataclass(frozen=True, slots=True)
class _Affair:
    """One verification; all its calls and errors carry one track id, to quote to the provider's support."""

    client: Caller
    request: Request[Verification]
    owed: int
    track_id: str

    def send(self) -> exceptions.CallError | None:
        """Verify; returns how it ended where that was not a yes."""
        try:
            self.client.call(self.request, track_id=self.track_id)
        except _DOUBTFUL as problem:
            return problem
        return None

    def inquire(self, problem: exceptions.CallError | None) -> Payment:
        """Ask what became of it. Where that fails, the error still says how verify ended."""
        question = GATEWAY_INQUIRY.request({"ref_num": self.request.wire["ref_num"]})
        try:
            return self.client.call(question, track_id=self.track_id)
        except exceptions.CallError as failed:
            error = failed
        if _is_lost(problem):
            raise problem.noting("Inquiry brought no answer either: inquire, then verify again.")
        how = "yes" if problem is None else problem.code
        if isinstance(error, exceptions.NotSent | exceptions.TransientFailure):
            summary = f"verify was answered with {how}, and the inquiry that decides did not get through: verify again."
            raise self._error(exceptions.TransientFailure, summary)
        raise error.noting(f"Verify itself was answered with {how}.")

    def may_be_sent_again(self, problem: exceptions.CallError, payment: Payment, now: datetime) -> bool:
        """Whether a second verify can do good, and no harm."""
        return (
            (_is_lost(problem) or problem.code in _FAILED_CODES)
            and payment.status == "UNVERIFIED"
            and payment.payment_amount_rial == self.owed
            and payment.verify_until is not None
            and now < payment.verify_until
        )

    def require_paid(self, payment: Payment, problem: exceptions.CallError | None, now: datetime) -> None:
        """Raise unless it is paid, and the amount is the one that was to be paid."""
        status, which = mask_text(payment.status), f"the payment {payment.ref_num}"
        if payment.status == "SUCCEED":
            if payment.payment_amount_rial != self.owed:
                paid = f"{payment.payment_amount_rial:,} Rial, not {self.owed:,}"
                summary = (
                    f"{which} is verified and its money taken: {paid}. If create announced a payer's fee, hand over "
                    "its payment_amount_rial; else it is not this order's."
                )
                raise self._error(exceptions.NotConfirmed, summary, "amount")
        elif payment.status not in _NOT_YET:
            summary = f"inquiry says that {which} is {status}: it is not paid."
            raise self._error(exceptions.NotConfirmed, summary, status)
        elif problem is None or payment.status == _PENDING:
            summary = f"{which} is still {status}: verify again in a while."
            raise self._error(exceptions.TransientFailure, summary, status)
        else:
            until = payment.verify_until
            may = until is not None and until > now and problem.code not in _TOO_LATE_CODES
            left = f", and can be verified until {until:%H:%M:%S %Z}" if may else ""
            raise problem.noting(f"Inquiry says {status}{left}.")

    def _error(self, kind: type[exceptions.CallError], summary: str, code: str | None = None) -> exceptions.CallError:
        return kind(
            summary,
            provider="paystar",
            service=GATEWAY_VERIFY.service,
            code=code,
            track_id=self.track_id,
            phase="answered",
        )


def _is_lost(problem: exceptions.CallError | None) -> TypeGuard[exceptions.CallError]:
    return isinstance(problem, exceptions.OutcomeUnknown | exceptions.UnreadableAnswer)
