"""The journal's tables, as data. No row is read or written here.

A question is its keyed hash and points to its latest attempt; an attempt belongs to one worker for ever, so its key is
also its epoch. Attempts are keyed by worker and number and lie in the order in which they were made: only the hash of a
question is random, and costs a page of its own for each row. Answers lie apart, so that an attempt that is settled
keeps its size.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

from airflow_provider_iranpay.warehouse.column_types import JsonText, UtcTimestamp
from airflow_provider_iranpay.warehouse.journal.states import State

__all__ = ["answer", "attempt", "budget", "metadata", "question", "ring", "worker"]

metadata = MetaData()

# Not IN: SQLite would build its list anew for every row, half the time of writing it.
_STORED = " OR ".join(f"state = '{state}'" for state in State if state is not State.NEW)
_ENVIRONMENT = "real, or the base URL of a sandbox"

question = Table(
    "iranpay_question",
    metadata,
    Column("question_id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("hash", LargeBinary, nullable=False, unique=True, comment="keyed hash of environment, inquiry and inputs"),
    Column("environment", Text, nullable=False, comment=_ENVIRONMENT),
    Column("inquiry", Text, nullable=False),
    Column("key_id", Text, nullable=False, comment="the key of the hash"),
    Column("worker", LargeBinary, nullable=False, comment="of the latest attempt"),
    Column("number", BigInteger, nullable=False, comment="of the latest attempt"),
    Column("retried_at", UtcTimestamp, comment="when an unknown attempt was last followed by another one"),
)

attempt = Table(
    "iranpay_attempt",
    metadata,
    Column("worker", LargeBinary, primary_key=True, comment="who made it; random"),
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="counted by the worker"),
    Column("question_id", BigInteger, nullable=False),
    Column("environment", Text, nullable=False, comment=_ENVIRONMENT),
    Column("provider", Text, nullable=False, comment="jibit or paystar"),
    Column("account", Text, nullable=False, comment="name of the account there"),
    Column("state", Text, nullable=False),
    Column("price_rial", BigInteger, comment="reserved; empty if the inquiry has no price"),
    Column("cost_rial", BigInteger, comment="empty while reserved, 0 if released"),
    Column("budget", Text, comment="name of the budget that pays"),
    Column("moves_money", Boolean, nullable=False),
    Column("track_id", Text, nullable=False, comment="random; the provider sees it"),
    Column("claimed_at", UtcTimestamp, nullable=False, comment="by the database's clock"),
    CheckConstraint(_STORED, name="iranpay_attempt_state"),
    sqlite_with_rowid=False,
)
Index(
    "iranpay_attempt_unknown",
    attempt.c.claimed_at,
    sqlite_where=attempt.c.state == State.UNKNOWN.value,
    postgresql_where=attempt.c.state == State.UNKNOWN.value,
)

answer = Table(
    "iranpay_answer",
    metadata,
    Column("worker", LargeBinary, primary_key=True, comment="of its attempt"),
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="of its attempt"),
    Column("sent_at", UtcTimestamp),
    Column("answered_at", UtcTimestamp),
    Column("code", Text, comment="the provider's error code"),
    Column("content", LargeBinary, comment="sealed: hash of the request, and the answer; empty if it is not kept"),
    sqlite_with_rowid=False,
)

worker = Table(
    "iranpay_worker",
    metadata,
    Column("worker", LargeBinary, primary_key=True, comment="random"),
    Column("environment", Text, nullable=False, comment=_ENVIRONMENT),
    Column("lease_until", UtcTimestamp, nullable=False, comment="it sends nothing later than this"),
    Column("stale_at", UtcTimestamp, nullable=False, comment="from then on others close its attempts"),
    Column("commits", BigInteger, nullable=False, comment="number of its last commit"),
    Column("ended", Boolean, nullable=False, comment="it has no open attempt"),
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
