"""What the journal holds, counted for a person. It reads only, and needs no key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from airflow_provider_iranpay.warehouse.journal.budgets import Balance
from airflow_provider_iranpay.warehouse.journal.records import OwnSums
from airflow_provider_iranpay.warehouse.journal.settling import IS_OPEN, has_open
from airflow_provider_iranpay.warehouse.journal.states import State
from airflow_provider_iranpay.warehouse.journal.tables import (
    ITS_END,
    attempt,
    budget,
    claim,
    end,
    made_by,
    question,
    ring,
)

__all__ = ["Overview", "environments", "list_budgets", "overview", "own_sums"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The attempts of one inquiry, account and state.

    :param attempts: how many.
    :param cost_rial: what those have cost that are settled.
    :param reserved_rial: what the others cost at most.
    """

    inquiry: str
    provider: str
    account: str
    state: State
    attempts: int
    cost_rial: int
    reserved_rial: int


def environments(connection: Connection) -> Sequence[str]:
    """List the environments that have a journal: ``real``, or base URLs of sandboxes."""
    return connection.scalars(select(ring.c.environment).order_by(ring.c.environment)).all()


def overview(connection: Connection, environment: str) -> Sequence[Overview]:
    """Count all attempts, by inquiry, provider, account and state, in this order."""
    by = (question.c.inquiry, attempt.c.provider, attempt.c.account, attempt.c.state)
    reserved = func.sum(attempt.c.price_rial).filter(attempt.c.cost_rial.is_(None))
    rows = connection.execute(
        select(*by, func.count(), func.coalesce(func.sum(attempt.c.cost_rial), 0), func.coalesce(reserved, 0))
        .join_from(attempt, question, question.c.question_id == attempt.c.question_id)
        .where(attempt.c.environment == environment)
        .group_by(*by)
        .order_by(*by)
    )
    return [
        Overview(
            inquiry=inquiry,
            provider=provider,
            account=account,
            state=State(state),
            attempts=count,
            cost_rial=int(cost_rial),
            reserved_rial=int(reserved_rial),
        )
        for inquiry, provider, account, state, count, cost_rial, reserved_rial in rows
    ]


def own_sums(connection: Connection, name: int) -> OwnSums:
    """Add up the attempts of a worker."""
    has_ended, is_claimed = made_by(end.c.attempt_id, name), made_by(claim.c.attempt_id, name)
    spent = select(func.sum(end.c.cost_rial)).where(has_ended, end.c.state != State.WRITTEN_OFF.value)
    unknown = (
        select(func.sum(claim.c.price_rial))
        .join_from(end, claim, ITS_END)
        .where(has_ended, end.c.state == State.UNKNOWN.value)
    )
    still_open = select(func.sum(claim.c.price_rial)).where(is_claimed, IS_OPEN)
    is_any = connection.scalar(select(has_open(name)))
    sums = [connection.scalar(one) or 0 for one in (spent, unknown, *([still_open] if is_any else []))]
    return OwnSums(int(sums[0]), int(sum(sums[1:])))


def list_budgets(connection: Connection, environment: str) -> Sequence[tuple[str, Balance]]:
    """List the budgets, by name. Their counters are as they stand, not held against the attempts."""
    rows = connection.execute(
        select(budget.c.name, budget.c.cap_rial, budget.c.spent_rial, budget.c.reserved_rial)
        .where(budget.c.environment == environment)
        .order_by(budget.c.name)
    )
    return [
        (name, Balance(cap_rial=cap_rial, spent_rial=spent_rial, reserved_rial=reserved_rial))
        for name, cap_rial, spent_rial, reserved_rial in rows
    ]
