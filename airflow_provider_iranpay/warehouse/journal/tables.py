"""The journal's tables, as data. No row is read or written here.

A question is its keyed hash and points to its latest attempt; an attempt belongs to one worker for ever, so its key is
also its epoch. What is known of an attempt lies in two rows: its claim, and its end once it has one. Both have its
number as their key, are written once and lie in the order in which they were written: only the hash of a question is
random, and costs a page of its own for each row. ``attempt`` is a view that shows claims with their ends.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    event,
)

from airflow_provider_iranpay.warehouse.column_types import JsonText, UtcTimestamp
from airflow_provider_iranpay.warehouse.journal.records import KEYS_OF_A_WORKER
from airflow_provider_iranpay.warehouse.journal.states import OPEN, State

__all__ = ["ITS_END", "attempt", "budget", "claim", "end", "made_by", "metadata", "question", "ring", "worker"]

metadata = MetaData()


def _one_of(column: str, *states: State) -> str:
    # Not IN: SQLite would build its list anew for every row, half the time of writing it.
    return " OR ".join(f"{column} = '{state}'" for state in states)


_ENVIRONMENT = "real, or the base URL of a sandbox"

_NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""SQLite finds rows fastest by a key of this very type."""

question = Table(
    "iranpay_question",
    metadata,
    Column("question_id", _NUMBER, primary_key=True),
    Column("hash", LargeBinary, nullable=False, unique=True, comment="keyed hash of environment, inquiry and inputs"),
    Column("environment", Text, nullable=False, comment=_ENVIRONMENT),
    Column("inquiry", Text, nullable=False),
    Column("key_id", Text, nullable=False, comment="the key of the hash"),
    Column("attempt_id", BigInteger, nullable=False, comment="of the latest attempt"),
    Column("retried_at", UtcTimestamp, comment="when an unknown attempt was last followed by another one"),
)

claim = Table(
    "iranpay_claim",
    metadata,
    Column("attempt_id", _NUMBER, primary_key=True, autoincrement=False, comment="its worker's number and own count"),
    Column("question_id", BigInteger, nullable=False),
    Column("environment", Text, nullable=False, comment=_ENVIRONMENT),
    Column("provider", Text, nullable=False, comment="jibit or paystar"),
    Column("account", Text, nullable=False, comment="name of the account there"),
    Column("begun", Text, nullable=False, comment="claimed; or held, if nothing can have been sent"),
    Column("price_rial", BigInteger, comment="reserved; empty if the inquiry has no price"),
    Column("budget", Text, comment="name of the budget that pays"),
    Column("moves_money", Boolean, nullable=False),
    Column("track_id", Text, nullable=False, comment="random; the provider sees it"),
    Column("claimed_at", UtcTimestamp, nullable=False, comment="by the database's clock"),
    CheckConstraint(_one_of("begun", *sorted(OPEN)), name="iranpay_claim_begun"),
)

end = Table(
    "iranpay_end",
    metadata,
    Column("attempt_id", _NUMBER, primary_key=True, autoincrement=False, comment="of its claim"),
    Column("state", Text, nullable=False, comment="how it ended"),
    Column("cost_rial", BigInteger, comment="empty while reserved, 0 if released"),
    Column("sent_at", UtcTimestamp),
    Column("answered_at", UtcTimestamp),
    Column("code", Text, comment="the provider's error code"),
    Column("content", LargeBinary, comment="sealed: the answer, and which call brought it; empty if it is not kept"),
    CheckConstraint(
        _one_of("state", *(state for state in State if state not in {State.NEW, *OPEN})), name="iranpay_end_state"
    ),
)
ITS_END = end.c.attempt_id == claim.c.attempt_id
"""Joins a claim and its end."""


def made_by(key: ColumnElement[int], name: Any) -> ColumnElement[bool]:
    """Whether an attempt is a worker's: a stretch of the keys.

    :param name: the worker's number, or a column of them.
    """
    first = name * KEYS_OF_A_WORKER
    return key.between(first, first + KEYS_OF_A_WORKER - 1)


_IS_UNKNOWN = end.c.state == State.UNKNOWN.value
Index("iranpay_end_unknown", end.c.attempt_id, sqlite_where=_IS_UNKNOWN, postgresql_where=_IS_UNKNOWN)

attempt = Table(
    "iranpay_attempt",
    MetaData(),
    *(Column(column.name, column.type) for column in claim.c if column is not claim.c.begun),
    Column("state", Text),
    *(Column(column.name, column.type) for column in (end.c.cost_rial, end.c.sent_at, end.c.answered_at, end.c.code)),
)
"""A view, for all that reads and is in no hurry."""

end.add_is_dependent_on(claim)
event.listen(
    end,
    "after_create",
    DDL(  # type: ignore[no-untyped-call]
        "CREATE VIEW iranpay_attempt AS SELECT claim.attempt_id, claim.question_id, claim.environment, claim.provider,"
        " claim.account, claim.price_rial, claim.budget, claim.moves_money, claim.track_id,"
        " claim.claimed_at, coalesce(ended.state, claim.begun) AS state, ended.cost_rial, ended.sent_at,"
        " ended.answered_at, ended.code FROM iranpay_claim AS claim"
        " LEFT JOIN iranpay_end AS ended ON ended.attempt_id = claim.attempt_id"
    ),
)

worker = Table(
    "iranpay_worker",
    metadata,
    Column("worker", _NUMBER, primary_key=True, comment="its number"),
    Column("environment", Text, nullable=False, comment=_ENVIRONMENT),
    Column("lease_until", UtcTimestamp, nullable=False, comment="it sends nothing later than this"),
    Column("stale_at", UtcTimestamp, nullable=False, comment="from then on others close its attempts"),
    Column("commits", BigInteger, nullable=False, comment="number of its last commit"),
    Column("ended", Boolean, nullable=False, comment="it has no open attempt"),
    sqlite_autoincrement=True,  # no number is used twice
)

budget = Table(
    "iranpay_budget",
    metadata,
    Column("environment", Text, primary_key=True, comment=_ENVIRONMENT),
    Column("name", Text, primary_key=True),
    Column("cap_rial", BigInteger, nullable=False),
    Column("spent_rial", BigInteger, nullable=False),
    Column("reserved_rial", BigInteger, nullable=False),
    CheckConstraint("spent_rial >= 0 AND reserved_rial >= 0", name="iranpay_budget_counts"),
    CheckConstraint("spent_rial + reserved_rial <= cap_rial", name="iranpay_budget_cap"),
)

ring = Table(
    "iranpay_journal_ring",
    metadata,
    Column("environment", Text, primary_key=True, comment=_ENVIRONMENT),
    Column("fingerprints", JsonText, nullable=False, comment="key id and fingerprint of each key, newest first"),
)
