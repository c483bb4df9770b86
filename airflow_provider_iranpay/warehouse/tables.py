"""The warehouse's tables, as data, and the one function that makes those that are missing.

No row is written here but the schema's version. Every key of data begins with the environment and the account, so that
an answer of the sandbox never stands for a real one. A day that is read again and differs is a new version; no version
is deleted.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Date,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    delete,
    insert,
    inspect,
    select,
)

from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.warehouse.column_types import JsonText, UtcTimestamp
from airflow_provider_iranpay.warehouse.journal import tables as journal

__all__ = [
    "NOT_COMPARED",
    "SCHEMA_VERSION",
    "balance",
    "bulk_task",
    "create_missing",
    "daily_consumption",
    "daily_report",
    "load",
    "metadata",
    "pace",
    "plan",
    "plan_chunk",
    "plan_count",
    "plan_piece",
    "plan_worker",
    "run",
    "schema",
    "schema_is_current",
    "target",
]

SCHEMA_VERSION = 4

NOT_COMPARED = {"compared": False}
"""``Column.info`` of a column that says where a row came from: alone, it does not make a row a changed one."""

metadata = journal.metadata
"""All tables: those of the journal and those here."""


def _owner() -> tuple[Column[Any], Column[Any]]:
    return Column("environment", Text, primary_key=True), Column("account", Text, primary_key=True)


def _load_id() -> Column[Any]:
    return Column("load_id", Text, ForeignKey("iranpay_load.load_id"), nullable=False, info=NOT_COMPARED)


schema = Table(
    "iranpay_schema",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False, comment="the schema that the tables have"),
)

load = Table(
    "iranpay_load",
    metadata,
    Column("load_id", Text, primary_key=True, comment="uuid4"),
    Column("kind", Text, nullable=False, comment="daily_consumption or balance"),
    Column("environment", Text, nullable=False, comment="real, or the base URL of a sandbox"),
    Column("account", Text, nullable=False, comment="name of the provider account"),
    Column("dag_id", Text, nullable=False, comment="empty outside Airflow"),
    Column("run_id", Text, nullable=False, comment="empty outside Airflow"),
    Column("task_id", Text, nullable=False, comment="empty outside Airflow"),
    Column("read_at", UtcTimestamp, nullable=False, comment="when the provider answered"),
    Column("rows", BigInteger, nullable=False, comment="rows that the answer held"),
)

daily_report = Table(
    "iranpay_daily_report",
    metadata,
    *_owner(),
    Column("day", Date, primary_key=True, comment="Tehran day"),
    Column("version", Integer, primary_key=True, autoincrement=False, comment="1 is the first reading"),
    Column("jalali_day", Text, nullable=False, comment="YYYY-MM-DD"),
    Column("status", Text, nullable=False),
    Column("services", BigInteger, nullable=False, comment="distinct services; 0 is a day without use"),
    Column("times_used", BigInteger, nullable=False, comment="sum over all services"),
    Column("is_final", Boolean, nullable=False, comment="read after the Tehran day had ended"),
    Column("content_sha256", Text, nullable=False, comment="of the services; equal content is no new version"),
    Column("raw", JsonText, nullable=False, comment="the answer as it came"),
    Column("read_at", UtcTimestamp, nullable=False, comment="first reading of this content"),
    Column("confirmed_at", UtcTimestamp, nullable=False, comment="last reading of this content"),
    _load_id(),
    CheckConstraint("status IN ('APPLIED', 'SUPERSEDED', 'WENT_DOWN')", name="iranpay_daily_report_status"),
)
Index(
    "iranpay_daily_report_one_applied",
    daily_report.c.environment,
    daily_report.c.account,
    daily_report.c.day,
    unique=True,
    sqlite_where=daily_report.c.status == "APPLIED",
    postgresql_where=daily_report.c.status == "APPLIED",
)

daily_consumption = Table(
    "iranpay_daily_consumption",
    metadata,
    *_owner(),
    Column("day", Date, primary_key=True, comment="Tehran day"),
    Column("service", Text, primary_key=True, comment="the provider's name of the service"),
    Column("jalali_day", Text, nullable=False, comment="YYYY-MM-DD"),
    Column("persian_name", Text, nullable=True),
    Column("times_used", BigInteger, nullable=False),
    Column("raw", JsonText, nullable=False, comment="the report entries that were summed"),
    Column("version", Integer, nullable=False, comment="version of the day's report"),
    _load_id(),
    ForeignKeyConstraint(
        ["environment", "account", "day", "version"],
        [daily_report.c.environment, daily_report.c.account, daily_report.c.day, daily_report.c.version],
    ),
)

balance = Table(
    "iranpay_balance",
    metadata,
    *_owner(),
    Column("taken_at", UtcTimestamp, primary_key=True, comment="when the provider answered"),
    Column("balance_type", Text, primary_key=True, comment="PRF prepaid, POF postpaid, or newer words"),
    Column("currency", Text, primary_key=True, comment="as the provider names it; not Rial until it says so"),
    Column("day", Date, nullable=False, comment="Tehran day of taken_at"),
    Column("amount", BigInteger, nullable=False, comment="in that currency"),
    Column("raw", JsonText, nullable=False, comment="the balance as it came"),
    _load_id(),
)

run = Table(
    "iranpay_run",
    metadata,
    Column("environment", Text, primary_key=True),
    Column("dag_id", Text, primary_key=True),
    Column("run_id", Text, primary_key=True),
    Column("as_of", UtcTimestamp, nullable=False, comment="of its first try; a repeat sees the journal as of then"),
)

bulk_task = Table(
    "iranpay_bulk_task",
    metadata,
    Column("environment", Text, primary_key=True),
    Column("dag_id", Text, primary_key=True),
    Column("run_id", Text, primary_key=True),
    Column("task_id", Text, primary_key=True),
    Column("map_index", Integer, primary_key=True, autoincrement=False),
    Column("inquiry", Text, nullable=False),
    Column("state", Text, nullable=False, comment="running, done, or the status of the rows that were left out"),
    Column("rows", BigInteger, nullable=False),
    Column("to_ask", BigInteger, nullable=False, comment="questions that the last try set out to ask"),
    Column("asked", BigInteger, nullable=False, comment="of those, questions with an outcome"),
    Column("spent_rial", BigInteger, nullable=False, comment="by the last try"),
    Column("unknown", BigInteger, nullable=False, comment="attempts of the last try that maybe were paid"),
    Column("updated_at", UtcTimestamp, nullable=False),
    Column("manifest", JsonText, comment="of the last try, once it has ended"),
)

target = Table(
    "iranpay_target",
    metadata,
    Column("table_name", Text, primary_key=True, comment="of a table with results, with its schema if it was named so"),
    Column("inquiry", Text, nullable=False, comment="whose results it holds"),
)

pace = Table(
    "iranpay_pace",
    metadata,
    Column("environment", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("next_slot_at", Double, nullable=False, comment="seconds since 1970 by the database's clock"),
    Column("paused_until", Double, nullable=False, comment="the same; nothing is sent before"),
)

plan = Table(
    "iranpay_plan",
    metadata,
    Column("plan_id", Text, primary_key=True, comment="uuid4"),
    Column("environment", Text, nullable=False),
    Column("inquiry", Text, nullable=False),
    Column("dag_id", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("task_id", Text, nullable=False, comment="of the task that made it"),
    Column("state", Text, nullable=False, comment="writing, ready, estimate, or gone: its rows were thrown away"),
    Column("as_of", UtcTimestamp, nullable=False, comment="all chunks see the journal as of then"),
    Column("key_name", Text, nullable=False, comment="column of the user's key"),
    Column("key_dtype", Text, nullable=False, comment="Int64 or string"),
    Column("price_rial", BigInteger, comment="of a question at the most; empty if a price is not known"),
    Column("rows", BigInteger, nullable=False, comment="rows that were read"),
    Column("estimate", JsonText, nullable=False, comment="counts and Rial"),
    Column("created_at", UtcTimestamp, nullable=False),
    Column("expires_at", UtcTimestamp, nullable=False, comment="its rows are thrown away after that"),
)
Index("iranpay_plan_of_task", plan.c.dag_id, plan.c.run_id, plan.c.task_id)


def _plan_id() -> Column[Any]:
    return Column("plan_id", Text, ForeignKey("iranpay_plan.plan_id"), primary_key=True)


def _chunk() -> Column[Any]:
    return Column("chunk", Integer, primary_key=True, autoincrement=False, comment="counted from 0")


plan_piece = Table(
    "iranpay_plan_piece",
    metadata,
    _plan_id(),
    _chunk(),
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="its place in the chunk"),
    Column("sealed", LargeBinary, nullable=False, comment="rows, sealed with a key of the journal"),
)

plan_chunk = Table(
    "iranpay_plan_chunk",
    metadata,
    _plan_id(),
    _chunk(),
    Column("rows", BigInteger, nullable=False, comment="as they were planned"),
    Column("state", Text, nullable=False, comment="planned, running, done, or why its last try could not go on"),
    Column("worker", BigInteger, comment="of the journal; the one whose counts stand"),
    Column("questions", BigInteger, comment="different ones among its rows"),
    Column("unknown", BigInteger, comment="questions that are unknown"),
    Column("spent_rial", BigInteger, comment="by the worker whose counts stand"),
    Column("updated_at", UtcTimestamp, nullable=False),
)

plan_worker = Table(
    "iranpay_plan_worker",
    metadata,
    _plan_id(),
    _chunk(),
    Column(
        "worker",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="of the journal; one for each try",
    ),
    Column("budget", Text, comment="name of the budget that pays"),
    Column("began_at", UtcTimestamp, nullable=False, comment="before it sent anything"),
)

plan_count = Table(
    "iranpay_plan_count",
    metadata,
    _plan_id(),
    _chunk(),
    Column("status", Text, primary_key=True),
    Column("origin", Text, primary_key=True),
    Column("rows", BigInteger, nullable=False),
    Column("cost_rial", BigInteger, nullable=False, comment="sum over these rows, as far as prices are known"),
)


def schema_is_current(connection: Connection) -> bool:
    """Tell whether the tables have the schema that this code knows.

    :raises ConfigurationError: if the schema is newer than the code, which would not know what it overwrites.
    """
    if not inspect(connection).has_table(schema.name):
        return False
    found = connection.scalar(select(schema.c.version))
    if found is not None and found > SCHEMA_VERSION:
        raise ConfigurationError(
            f"The warehouse has schema version {found} and this release of airflow-provider-iranpay knows version "
            f"{SCHEMA_VERSION}. Install the newer release here too."
        )
    return found == SCHEMA_VERSION


def create_missing(connection: Connection) -> None:
    """Create the tables that are missing and note the schema's version.

    The caller holds a lock that keeps every other process out of here until it commits.

    :raises ConfigurationError: if the schema is newer than the code.
    """
    if schema_is_current(connection):
        return
    metadata.create_all(connection)
    connection.execute(delete(schema))
    connection.execute(insert(schema).values(version=SCHEMA_VERSION))
