"""One payout told from beginning to end: the merchant's intent, its transfers at the provider, and the truth."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_iranpay.sandbox.orders.kinds import severity
from airflow_provider_iranpay.sandbox.orders.past import instants, past_transfer, tehran_time
from airflow_provider_iranpay.sandbox.paystar.transfers import Order
from airflow_provider_iranpay.sandbox.shuffle import Dice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_iranpay.sandbox.orders.past import Span
    from airflow_provider_iranpay.sandbox.orders.payout_kinds import PayoutKind
    from airflow_provider_iranpay.sandbox.paystar.transfers import Transfer
    from airflow_provider_iranpay.sandbox.population import Population

__all__ = ["PAYOUT_TABLES", "Intent", "PayoutPanelRow", "PayoutStory", "PayoutTruth", "tell_payout"]

_RIAL_STEP = 10_000
_AMOUNTS = 2_000
_RECEIVERS = 60_000
_SENDING_SECONDS = 2
_SENT_AGAIN_SECONDS = 60


class Intent(NamedTuple):
    """A row of the merchant's payouts."""

    track_id: str
    deposit: str
    destination_account: str
    amount_rial: int
    status: str
    created_at: str


class PayoutPanelRow(NamedTuple):
    """A row of the provider's own list, as its panel exports it: with the amount, which the list does not show."""

    hashid: str
    track_id: str
    deposit: str
    amount_rial: int
    created_at: str


class PayoutTruth(NamedTuple):
    """What a reconciliation has to find."""

    track_id: str
    verdict: str
    severity: str


PAYOUT_TABLES: dict[str, tuple[str, ...]] = {
    "payouts": Intent._fields,
    "payouts.panel": PayoutPanelRow._fields,
    "payouts.truth": PayoutTruth._fields,
    "payouts.later": PayoutTruth._fields,
}
"""The columns of every table; its rows are in the field of :class:`PayoutStory` that the last word names."""


@dataclass(slots=True)
class PayoutStory:
    """Everything that one payout leaves behind."""

    payouts: list[Intent] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    panel: list[PayoutPanelRow] = field(default_factory=list)
    truth: list[PayoutTruth] = field(default_factory=list)
    later: list[PayoutTruth] = field(default_factory=list)

    def as_tables(self) -> dict[str, list[dict[str, Any]]]:
        """For JSON: every table by its name, with its rows as objects."""
        return {name: [row._asdict() for row in getattr(self, name.split(".")[-1])] for name in PAYOUT_TABLES}


def tell_payout(
    kind: PayoutKind, key: str, *, track_id: str, deposits: Sequence[str], people: Population, span: Span
) -> PayoutStory:
    """The story of one payout.

    :param key: decides everything that ``kind`` leaves open.
    :param deposits: the accounts that may pay.
    """
    dice = Dice(key)
    created, _ = instants(kind.age, dice, span)
    meant = Order(
        track_id=track_id,
        amount_rial=(5 + dice.below(_AMOUNTS)) * _RIAL_STEP,
        source=dice.pick(deposits),
        destination=people.person(dice.below(_RECEIVERS)).account.iban,
    )
    story = PayoutStory()
    if kind.booked:
        row = Intent(track_id, meant.source, meant.destination, meant.amount_rial, kind.booked, tehran_time(created))
        story.payouts.append(row)
    sent = replace(meant, amount_rial=meant.amount_rial + kind.more_rial)
    for n, state in enumerate(kind.listed):
        at = created + _SENDING_SECONDS + n * _SENT_AGAIN_SECONDS
        transfer = past_transfer(state, sent, key=f"{key}/{n}", at=at, now=span.now, becomes=kind.becomes)
        story.transfers.append(transfer)
        story.panel.append(
            PayoutPanelRow(transfer.hashid, track_id, sent.source, sent.amount_rial, tehran_time(transfer.at))
        )
    for lines, verdict in ((story.truth, kind.verdict), (story.later, kind.later or kind.verdict)):
        lines.append(PayoutTruth(track_id, verdict, severity(verdict)))
    return story
