"""What is done to the journal between runs: unknown attempts resolved by a person, old answers thrown away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, exists, select, update

from airflow_provider_iranpay.exceptions import TransitionRefused
from airflow_provider_iranpay.warehouse.journal.budgets import Movements
from airflow_provider_iranpay.warehouse.journal.records import AttemptKey
from airflow_provider_iranpay.warehouse.journal.settling import Settled, lock_attempts, settle
from airflow_provider_iranpay.warehouse.journal.statements import Statement
from airflow_provider_iranpay.warehouse.journal.states import TRANSITIONS, Event, State, step
from airflow_provider_iranpay.warehouse.journal.tables import ITS_END, claim, end, question

__all__ = ["Unknown", "list_unknown", "prune", "resolve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """An attempt that maybe was paid and has no answer.

    :param track_id: to ask the provider about it.
    :param price_rial: what it has cost if it was carried out.
    """

    attempt: AttemptKey
    inquiry: str
    provider: str
    account: str
    track_id: str
    claimed_at: datetime
    price_rial: int | None


def list_unknown(connection: Connection, environment: str) -> Sequence[Unknown]:
    """List all that is unknown, oldest first."""
    rows = connection.execute(
        select(claim, question.c.inquiry)
        .join_from(claim, question, question.c.question_id == claim.c.question_id)
        .join(end, ITS_END)
        .where(end.c.state == State.UNKNOWN.value, claim.c.environment == environment)
        .order_by(claim.c.claimed_at, claim.c.attempt_id)
    )
    return [
        Unknown(
            attempt=row.attempt_id,
            inquiry=row.inquiry,
            provider=row.provider,
            account=row.account,
            track_id=row.track_id,
            claimed_at=row.claimed_at,
            price_rial=row.price_rial,
        )
        for row in rows
    ]


def resolve(connection: Connection, environment: str, key: AttemptKey, *, paid: bool) -> None:
    """Write down what a person has found out about an unknown attempt.

    :raises TransitionRefused: it is not unknown, or not there.
    """
    rows = lock_attempts(connection, and_(claim.c.attempt_id == key, claim.c.environment == environment))
    if not rows:
        raise TransitionRefused("The journal has no such attempt.")
    event = Event.RESOLVED_PAID if paid else Event.RESOLVED_NOT_PAID
    if rows[0].common.state is step(State.UNKNOWN, event).state:
        return  # done already: the reply to it was lost, or two people found out the same
    step(rows[0].common.state, event)
    movements = Movements(environment)
    settle(connection, [Settled(rows[0], event)], movements)
    _FORGET_RETRY.changed(connection, rows[0].question_id)
    movements.write(connection)


_FORGET_RETRY = Statement(
    "UPDATE iranpay_question SET retried_at = NULL WHERE question_id = {question_id} AND NOT EXISTS"
    " (SELECT 1 FROM iranpay_end AS ended JOIN iranpay_claim AS left_over"
    " ON left_over.attempt_id = ended.attempt_id"
    " WHERE ended.state = 'unknown' AND left_over.question_id = iranpay_question.question_id)",
    question_id="bigint",
)
_PRUNABLE = sorted(state.value for state, event in TRANSITIONS if event is Event.PRUNED)


def prune(connection: Connection, environment: str, *, before: datetime, reconciled_until: datetime) -> int:
    """Throw away old answers; a tombstone stays, with time and cost. Only what moves no money and is reconciled goes.

    :return: answers thrown away.
    """
    may_go = exists().where(ITS_END, claim.c.environment == environment, ~claim.c.moves_money)
    return connection.execute(
        update(end)
        .where(
            end.c.state.in_(_PRUNABLE),
            end.c.content.is_not(None),
            end.c.answered_at < min(before, reconciled_until),
            may_go,
        )
        .values(state=State.PRUNED.value, content=None)
    ).rowcount
