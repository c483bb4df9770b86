"""One order told from beginning to end: the merchant's row, its payments at the gateway, and the truth about both."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_iranpay.iran.masks import mask_card
from airflow_provider_iranpay.sandbox.orders.kinds import NO_REF, UNKNOWN_REF, severity
from airflow_provider_iranpay.sandbox.orders.past import (
    GOES_BACK_AFTER_SECONDS,
    instants,
    past_payment,
    ref_num_of,
    tehran_time,
)
from airflow_provider_iranpay.sandbox.paystar.payments import NewPayment, State
from airflow_provider_iranpay.sandbox.shuffle import Dice

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_iranpay.sandbox.orders.kinds import Kind
    from airflow_provider_iranpay.sandbox.orders.past import Span
    from airflow_provider_iranpay.sandbox.paystar.payments import Payment
    from airflow_provider_iranpay.sandbox.population import Population

__all__ = ["TABLES", "Create", "Order", "PanelRow", "Story", "Truth", "tell", "twin"]

_RIAL_STEP = 10_000
_AMOUNTS = 2_000
_FEE_RIAL = 5_000
_PAYERS = 60_000
_CALLBACK = "https://shop.example/paid"
_CALLBACK_SECONDS = 5
_CLAIM_PAID = frozenset({"paid", "refunded", "on_hold"})


class Order(NamedTuple):
    """A row of the merchant's orders."""

    order_id: str
    status: str
    amount_rial: int
    ref_num: str
    card_number: str
    tracking_code: str
    created_at: str
    paid_at: str


class Create(NamedTuple):
    """A row of the merchant's journal of creates."""

    order_id: str
    ref_num: str
    amount_rial: int
    payment_amount_rial: int
    created_at: str


class PanelRow(NamedTuple):
    """A row of the gateway's own list, as its panel exports it."""

    ref_num: str
    order_id: str
    created_at: str


class Truth(NamedTuple):
    """What a reconciliation has to find; ``order_id`` is empty where there is no such order."""

    order_id: str
    ref_num: str
    verdict: str
    differences: str
    severity: str


TABLES: dict[str, tuple[str, ...]] = {
    "orders": Order._fields,
    "creates": Create._fields,
    "panel": PanelRow._fields,
    "truth": Truth._fields,
    "later": Truth._fields,
}
"""The columns of every table, by the name of the field of :class:`Story` that holds its rows."""


@dataclass(slots=True)
class Story:
    """Everything that one order leaves behind; a story of an orphan has no order."""

    orders: list[Order] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    creates: list[Create] = field(default_factory=list)
    panel: list[PanelRow] = field(default_factory=list)
    truth: list[Truth] = field(default_factory=list)
    later: list[Truth] = field(default_factory=list)

    def as_tables(self) -> dict[str, list[dict[str, Any]]]:
        """For JSON: every table by its name, with its rows as objects."""
        return {name: [row._asdict() for row in getattr(self, name)] for name in TABLES}


def tell(kind: Kind, key: str, *, order_id: str, people: Population, span: Span) -> Story:
    """The story of one order.

    :param key: decides everything that ``kind`` leaves open.
    :param order_id: of the order; of an orphan, what the gateway calls it.
    """
    dice = Dice(key)
    at = instants(kind.age, dice, span)
    amount = (5 + dice.below(_AMOUNTS)) * _RIAL_STEP
    card = people.person(dice.below(_PAYERS)).card.number
    asked = NewPayment(order_id=order_id, amount_rial=amount, callback=_CALLBACK)
    story = Story()
    if kind.gateway not in {NO_REF, UNKNOWN_REF}:
        story.payments.append(past_payment(kind.gateway, asked, key=key, at=at, now=span.now, card=card))
    elif not kind.order:
        story.panel.append(PanelRow(ref_num_of(key), order_id, tehran_time(at[0])))
    if kind.order:
        story.orders.append(_order(kind, story.payments, key=key, asked=asked, at=at))
        story.creates.extend(_create(payment) for payment in story.payments)
    ref_num = "" if kind.gateway == NO_REF else ref_num_of(key)
    _judge(story, kind, order_id=order_id if kind.order else "", ref_num=ref_num)
    for difference in kind.differences:
        _TWISTS.get(difference, _leave)(story, people)
    if "STATUS_WENT_BACK" in kind.appears:
        story.payments[0].turn = (span.now + GOES_BACK_AFTER_SECONDS, State.REVERSED)
    if kind.other is not None:
        at = instants(kind.other.age, dice, span)
        other = past_payment(kind.other.gateway, asked, key=f"{key}/other", at=at, now=span.now, card=card)
        _add_attempt(story, other, kind.other.verdict)
    story.panel.extend(
        PanelRow(payment.ref_num, payment.asked.order_id, tehran_time(payment.created_at)) for payment in story.payments
    )
    return story


def twin(kind: Kind, first: Story, second: Story) -> Story:
    """``second``, sharing with ``first`` what ``kind`` says two orders share."""
    payment = first.payments[0]
    if "TRACKING_REUSED" in kind.differences:
        second.payments[0].tracking_code = payment.tracking_code
        second.orders[0] = second.orders[0]._replace(tracking_code=payment.tracking_code or "")
        return second
    # A forged callback brings the paid ref_num of another order; no payment of its own stands behind it.
    order = first.orders[0]._replace(order_id=second.orders[0].order_id, tracking_code="")
    line = _line(kind, order.order_id, payment.ref_num, ("ORDER_ID_DIFFERENT", *kind.differences))
    return Story(orders=[order], truth=[line], later=[line])


def _order(kind: Kind, payments: list[Payment], *, key: str, asked: NewPayment, at: tuple[float, float]) -> Order:
    claims_paid = kind.order in _CLAIM_PAID
    payment = payments[0] if payments and claims_paid else None
    return Order(
        order_id=asked.order_id,
        status=kind.order,
        amount_rial=asked.amount_rial,
        ref_num=ref_num_of(key) if kind.own_ref and kind.gateway != NO_REF else "",
        card_number=mask_card(payment.card) if payment and payment.card else "",
        tracking_code=(payment.tracking_code or "") if payment else "",
        created_at=tehran_time(at[0]),
        paid_at=tehran_time(at[1] + _CALLBACK_SECONDS) if claims_paid else "",
    )


def _create(payment: Payment) -> Create:
    return Create(
        order_id=payment.asked.order_id,
        ref_num=payment.ref_num,
        amount_rial=payment.asked.amount_rial,
        payment_amount_rial=payment.payment_amount_rial,
        created_at=tehran_time(payment.created_at),
    )


def _judge(story: Story, kind: Kind, *, order_id: str, ref_num: str) -> None:
    story.truth.append(_line(kind, order_id, ref_num, kind.differences))
    later = replace(kind, verdict=kind.later or kind.verdict)
    story.later.append(_line(later, order_id, ref_num, (*kind.differences, *kind.appears)))


def _add_attempt(story: Story, payment: Payment, verdict: str) -> None:
    line = Truth(payment.asked.order_id, payment.ref_num, verdict, "", severity(verdict))
    story.payments.append(payment)
    story.creates.append(_create(payment))
    story.truth.append(line)
    story.later.append(line)


def _line(kind: Kind, order_id: str, ref_num: str, differences: tuple[str, ...]) -> Truth:
    return Truth(order_id, ref_num, kind.verdict, "|".join(differences), severity(kind.verdict, *differences))


def _leave(story: Story, people: Population) -> None:
    """What two orders share is no matter of one."""


def _pay_less(story: Story, _: Population) -> None:
    story.payments[0].payment_amount_rial -= _RIAL_STEP


def _pay_more(story: Story, _: Population) -> None:
    story.payments[0].payment_amount_rial += _RIAL_STEP


def _think_in_toman(story: Story, _: Population) -> None:
    # Orders and journal were written in Toman, and only the call itself was made in Rial.
    story.payments[0].payment_amount_rial *= 10


def _bear_the_fee(story: Story, _: Population) -> None:
    story.payments[0].payment_amount_rial += _FEE_RIAL
    story.creates[0] = _create(story.payments[0])


def _note_another_card(story: Story, people: Population) -> None:
    order = story.orders[0]
    masks = (mask_card(people.person(index).card.number) for index in range(_PAYERS))
    story.orders[0] = order._replace(card_number=next(mask for mask in masks if mask != order.card_number))


def _call_it_otherwise(story: Story, _: Population) -> None:
    payment = story.payments[0]
    payment.asked = replace(payment.asked, order_id=f"{payment.asked.order_id}-X")


def _note_another_time(story: Story, _: Population) -> None:
    order = story.orders[0]
    late = datetime.fromisoformat(order.paid_at) + timedelta(hours=26)
    story.orders[0] = order._replace(paid_at=late.isoformat())


_TWISTS: dict[str, Callable[[Story, Population], None]] = {
    "AMOUNT_UNDER": _pay_less,
    "AMOUNT_OVER": _pay_more,
    "UNIT_X10": _think_in_toman,
    "FEE_DIFFERENCE": _bear_the_fee,
    "CARD_DIFFERENT": _note_another_card,
    "ORDER_ID_DIFFERENT": _call_it_otherwise,
    "TIME_DIFFERENT": _note_another_time,
}
"""How each difference of a single order comes about."""
