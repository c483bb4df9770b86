"""The payer, whether behind the page or played by a test: with which card they pay, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_iranpay.iran import identifiers
from airflow_provider_iranpay.sandbox.paystar.payments import Outcome
from airflow_provider_iranpay.sandbox.people import CardState
from airflow_provider_iranpay.sandbox.shuffle import Dice

if TYPE_CHECKING:
    from airflow_provider_iranpay.sandbox.paystar.payments import Payment, Payments
    from airflow_provider_iranpay.sandbox.population import Population

__all__ = ["NoCard", "act", "usual_card"]

_PAYERS = 10_000


class NoCard(ValueError):
    """What was given is no card number."""

    def __init__(self) -> None:
        super().__init__("card is a number of sixteen digits with a fitting last digit")


def act(payments: Payments, people: Population, token: str, *, outcome: Outcome, card: str | None = None) -> Payment:
    """Does what the payer chose.

    A card that the merchant does not allow turns a payment into a failed one.

    :param card: as typed, needed to pay; the usual one if ``None``.
    :raises Unfit: the token is unknown, used or expired.
    :raises NoCard: the card cannot be read; the token lives on.
    """
    payment = payments.by_token(token)
    if outcome is not Outcome.PAY:
        return payments.decide(token, outcome)
    number = identifiers.card(usual_card(payment, people) if card is None else card).value
    if number is None:
        raise NoCard
    allowed = _is_allowed(number, payment, people)
    return payments.decide(token, Outcome.PAY if allowed else Outcome.FAIL, card=number)


def usual_card(payment: Payment, people: Population) -> str:
    """A card that pays: the one that the merchant wants, or that of an inhabitant whom the ``ref_num`` picks."""
    asked = payment.asked
    if asked.card is not None:
        return asked.card
    owner = people.by_national_code(asked.national_code) if asked.national_code else None
    if owner is not None:
        return owner.card.number
    first = Dice(payment.ref_num).below(_PAYERS)
    some = (people.person(index).card for index in range(first, first + _PAYERS))
    return next(card.number for card in some if card.type == "DEBIT" and card.state is CardState.ACTIVE)


def _is_allowed(number: str, payment: Payment, people: Population) -> bool:
    asked = payment.asked
    if asked.card is not None and number != asked.card:
        return False
    owner = people.by_card(number)
    return asked.national_code is None or (owner is not None and owner.national_code == asked.national_code)
