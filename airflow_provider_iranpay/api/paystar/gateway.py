"""What the payment gateway says: a created payment, a verification, the life of a payment, and the payer's callback.

Amounts are Rial. ``card_number`` is masked by the gateway (six digits, six stars, four digits).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs

from airflow_provider_iranpay.api.contract import Shown
from airflow_provider_iranpay.api.payload import identity, optional_text, rial, text
from airflow_provider_iranpay.api.paystar.answers import Answer, data_object
from airflow_provider_iranpay.api.paystar.moments import read_moment
from airflow_provider_iranpay.exceptions import InvalidInput
from airflow_provider_iranpay.iran.cells import is_missing
from airflow_provider_iranpay.iran.checked import Reason
from airflow_provider_iranpay.iran.digits import ascii_digits

__all__ = [
    "SMALLEST_PAYMENT_RIAL",
    "VERIFY_WINDOW",
    "Callback",
    "CreatedPayment",
    "Payment",
    "Verification",
    "read_callback",
    "read_created",
    "read_payment",
    "read_verification",
]

Payload = Mapping[str, Any]

SMALLEST_PAYMENT_RIAL: Final = 5_000
VERIFY_WINDOW: Final = timedelta(minutes=10)
"""How long after the payment it can be verified (documented); then the money goes back to the payer by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedPayment(Answer):
    """A payment that waits for its payer.

    :param token: opens the payment page, once.
    :param ref_num: the payment's identity from now on: keep it beside the order.
    :param payment_amount_rial: what the payer will pay; a fee makes it differ from the amount that was asked for.
    """

    token: str = field(repr=False)
    ref_num: str
    order_id: str
    payment_amount_rial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification(Answer):
    """The gateway's yes to verify. What it was for, inquiry says: nothing in here is needed to believe it."""

    price_rial: int | None
    card_number: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(Answer):
    """What inquiry says of a payment.

    :param status: ``INIT``, ``SUCCEED``, ``FAILED``, ``CANCELLED``, ``REVERSED``, ``UNVERIFIED``, ``VERIFY_PENDING``,
        or newer words. Only ``SUCCEED`` is paid.
    :param payment_date: timezone-aware (Asia/Tehran assumed); None where there is none that can be read.
    """

    ref_num: str
    status: str
    payment_amount_rial: int
    order_id: str
    payment_date: datetime | None
    ref_id: str | None
    tracking_code: str | None
    card_number: str | None = field(repr=False)
    hashed_card_number: str | None = field(repr=False)

    @property
    def verify_until(self) -> datetime | None:
        """The end of the window of ten minutes; None where the moment of the payment is not known."""
        try:
            return self.payment_date + VERIFY_WINDOW if self.payment_date else None
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback(Shown):
    """What the payer's browser brought. It is not signed: it proves nothing, only verify does.

    :param status: 1 where the payer is said to have paid, else a code.
    """

    status: int
    order_id: str
    ref_num: str
    transaction_id: str
    card_number: str | None = field(default=None, repr=False)
    hashed_card_number: str | None = field(default=None, repr=False)
    tracking_code: str | None = None

    @property
    def says_paid(self) -> bool:
        """Whether there is something to verify."""
        return self.status == 1


def read_created(payload: Payload) -> CreatedPayment:
    """Read the answer of create."""
    data = data_object(payload)
    return CreatedPayment(
        token=identity(data, "token"),
        ref_num=identity(data, "ref_num"),
        order_id=identity(data, "order_id"),
        payment_amount_rial=rial(data, "payment_amount"),
        raw=payload,
    )


def read_verification(payload: Payload) -> Verification:
    """Read the answer of verify."""
    data = payload.get("data")
    found = data if isinstance(data, Mapping) else {}
    return Verification(
        price_rial=None if found.get("price") is None else rial(found, "price"),
        card_number=optional_text(found, "card_number"),
        raw=payload,
    )


def read_payment(payload: Payload) -> Payment:
    """Read the answer of inquiry. The outer status only says that the question was answered."""
    data = data_object(payload)
    return Payment(
        ref_num=identity(data, "ref_num"),
        status=text(data, "status"),
        payment_amount_rial=rial(data, "payment_amount"),
        order_id=identity(data, "order_id"),
        payment_date=read_moment(data.get("payment_date")),
        ref_id=optional_text(data, "ref_id"),
        tracking_code=optional_text(data, "tracking_code"),
        card_number=optional_text(data, "card_number"),
        hashed_card_number=optional_text(data, "hashed_card_number"),
        raw=payload,
    )


_CALLBACK_FIELDS: Final = (
    "status",
    "order_id",
    "ref_num",
    "transaction_id",
    "card_number",
    "hashed_card_number",
    "tracking_code",
)


def read_callback(received: str | bytes | Mapping[str, object]) -> Callback:
    """Read what the payer's browser brought to the callback: a POST form (default) or a GET query.

    :param received: the raw form or query, or a mapping of its fields to texts (or lists of texts, as web frameworks
        have them).
    :raises InvalidInput: a field is missing, is there twice with different values, or is not what the contract says.
    """
    try:
        return _callback(_fields(received))
    except InvalidInput as error:
        refused = error.of("callback")
    raise refused


def _callback(fields: Mapping[str, str]) -> Callback:
    status = ascii_digits(_required(fields, "status")).strip()
    digits = status.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise InvalidInput("status", Reason.CHARACTERS, "A callback's status is a whole number.")
    return Callback(
        status=int(status),
        order_id=_required(fields, "order_id"),
        ref_num=_required(fields, "ref_num"),
        transaction_id=_required(fields, "transaction_id"),
        card_number=fields.get("card_number"),
        hashed_card_number=fields.get("hashed_card_number"),
        tracking_code=fields.get("tracking_code"),
    )


def _fields(received: object) -> dict[str, str]:
    if isinstance(received, bytes):
        received = received.decode("utf-8", errors="replace")
    if not isinstance(received, str | Mapping):
        raise InvalidInput("form_or_query", Reason.TYPE, "Hand over the raw form or query, or a mapping of its fields.")
    given = parse_qs(received.removeprefix("?"), keep_blank_values=True) if isinstance(received, str) else received
    fields: dict[str, str] = {}
    for name in _CALLBACK_FIELDS:
        value = given.get(name)
        values = {str(one) for one in (value if isinstance(value, list | tuple) else [value]) if not is_missing(one)}
        if len(values) > 1:
            raise InvalidInput(name, Reason.REPEATED, "A callback has each field once.")
        if written := "".join(values):
            fields[name] = written
    return fields


def _required(fields: Mapping[str, str], name: str) -> str:
    if name not in fields:
        raise InvalidInput(name, "is_required", "A callback always has it: hand over the whole form or query.")
    return fields[name]
