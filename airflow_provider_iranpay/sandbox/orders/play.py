"""Plays a merchant's orders and payouts into the provider's books: which kinds, how many of each, and in which days."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar

from airflow_provider_iranpay.iran.days import day_bounds, tehran_day
from airflow_provider_iranpay.sandbox.orders.kinds import KINDS, Kind
from airflow_provider_iranpay.sandbox.orders.past import Span
from airflow_provider_iranpay.sandbox.orders.payout_kinds import PAYOUT_KINDS, PayoutKind
from airflow_provider_iranpay.sandbox.orders.payouts import PayoutStory, tell_payout
from airflow_provider_iranpay.sandbox.orders.story import Story, tell, twin
from airflow_provider_iranpay.sandbox.shuffle import Dice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_provider_iranpay.sandbox.paystar.payments import Payments
    from airflow_provider_iranpay.sandbox.paystar.transfers import Transfers
    from airflow_provider_iranpay.sandbox.population import Population

__all__ = ["LEAST_DAYS", "MOST_DAYS", "MOST_ORDERS", "play", "play_payouts"]

LEAST_DAYS = 5
"""Money that should be back is more than 80 hours old."""
MOST_DAYS = 366
MOST_ORDERS = 100_000

_PLANTED_PER_MILLE = 50
_ORDERS_PER_PAYOUT = 20
K = TypeVar("K", bound=Kind | PayoutKind)
_SHARED = {"TRACKING_REUSED", "REF_REUSED"}


class _Dated(Protocol):
    @property
    def created_at(self) -> str: ...


def play(payments: Payments, people: Population, *, now: datetime, days: int, per_day: int, seed: int) -> Story:
    """Plays the orders of the ``days`` Tehran days before today; what has to be fresh is of today.

    Every kind comes once at least, however few orders there are. The same arguments play the same orders, and
    a second time they replace those of the first.

    :param now: the moment of playing, on the clock of ``payments``.
    :returns: all stories as one: rows in the order of time, truth in that of ``order_id``.
    :raises ValueError: ``days`` or ``per_day`` out of range.
    """
    span = _span(now, days=days, per_day=per_day)
    whole = Story()
    for story in _stories(people, span, wanted=_wanted(KINDS, days * per_day, key=f"{seed}/ordinary"), seed=seed):
        for payment in story.payments:
            payments.add(payment)
        whole.orders += story.orders
        whole.creates += story.creates
        whole.panel += story.panel
        whole.truth += story.truth
        whole.later += story.later
    for rows in (whole.orders, whole.creates, whole.panel):
        rows.sort(key=_created)
    for lines in (whole.truth, whole.later):
        lines.sort()
    return whole


def play_payouts(
    transfers: Transfers,
    people: Population,
    *,
    deposits: Sequence[str],
    now: datetime,
    days: int,
    per_day: int,
    seed: int,
) -> PayoutStory:
    """Plays payouts of the same days, one for twenty orders, as a history of ``transfers``; else as :func:`play`.

    :param deposits: the accounts that pay; what is in them stays there.
    :param per_day: orders of one day.
    :raises ValueError: as :func:`play`, or there is no deposit.
    """
    span = _span(now, days=days, per_day=per_day)
    if not deposits:
        raise ValueError("there is no deposit to pay from")
    wanted = _wanted(PAYOUT_KINDS, days * per_day // _ORDERS_PER_PAYOUT, key=f"{seed}/payout/ordinary")
    whole = PayoutStory()
    for n, kind in enumerate(wanted):
        track_id = f"P{seed}-{n:06d}"
        story = tell_payout(kind, f"{seed}/payout/{n}", track_id=track_id, deposits=deposits, people=people, span=span)
        whole.payouts += story.payouts
        whole.transfers += story.transfers
        whole.panel += story.panel
        whole.truth += story.truth
        whole.later += story.later
    whole.payouts.sort(key=_created)
    whole.panel.sort(key=_created)
    transfers.write_history(whole.transfers)
    return whole


def _span(now: datetime, *, days: int, per_day: int) -> Span:
    if not (LEAST_DAYS <= days <= MOST_DAYS and per_day >= 0 and days * per_day <= MOST_ORDERS):
        raise ValueError(f"days is {LEAST_DAYS} to {MOST_DAYS}, per_day from 0, and {MOST_ORDERS} orders the most")
    today = tehran_day(now)
    midnights = tuple(day_bounds(today - timedelta(n))[0].timestamp() for n in range(days, -1, -1))
    return Span(midnights, now.timestamp())


def _created(row: _Dated) -> datetime:
    return datetime.fromisoformat(row.created_at)


def _wanted(kinds: Sequence[K], count: int, *, key: str) -> Iterator[K]:
    planted = [kind for kind in kinds if not kind.share]
    ordinary = [kind for kind in kinds for _ in range(kind.share)]
    rounds = count * _PLANTED_PER_MILLE // 1000 // len(planted)
    sure = [*kinds, *planted * (rounds - 1)]
    yield from sure
    for n in range(count - len(sure)):
        yield Dice(f"{key}/{n}").pick(ordinary)


def _stories(people: Population, span: Span, *, wanted: Iterator[Kind], seed: int) -> Iterator[Story]:
    for n, kind in enumerate(wanted):
        # What the gateway calls an orphan is no order of this merchant.
        order_id = f"{'S' if kind.order else 'E'}{seed}-{n:06d}"
        first = tell(kind, f"{seed}/{n}", order_id=order_id, people=people, span=span)
        yield first
        if not _SHARED.isdisjoint(kind.differences):
            yield twin(kind, first, tell(kind, f"{seed}/{n}/twin", order_id=f"{order_id}B", people=people, span=span))
