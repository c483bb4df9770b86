"""A bulk inquiry in chunks: one worker plans it and keeps the rows, others ask and answer a chunk of them each.

A chunk is a bulk run over rows that were read before; only what it comes to is written down by plan and chunk.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypedDict
from uuid import uuid4

from airflow_provider_iranpay.bulk.job import BaseBulkJob, Manifest, Tally
from airflow_provider_iranpay.bulk.plan import Plan, plan_again
from airflow_provider_iranpay.bulk.run import Run
from airflow_provider_iranpay.bulk.snapshot import ChunkSizes, read_chunk, write_chunks
from airflow_provider_iranpay.bulk.ways import highest_cost_rial, same_environment
from airflow_provider_iranpay.exceptions import ConfigurationError, SumsDoNotClose
from airflow_provider_iranpay.warehouse import plans
from airflow_provider_iranpay.warehouse.journal.journal import Journal
from airflow_provider_iranpay.warehouse.plans import Count, PlanRow

__all__ = ["ESTIMATE", "ChunkJob", "Descriptor", "plan_chunks"]

log = logging.getLogger(__name__)

ESTIMATE: Final = "estimate"
"""State of a plan that nobody carries out."""


class Descriptor(TypedDict):
    """What a worker is told of its chunk: no value of a row.

    :param chunk: counted from 0.
    """

    plan_id: str
    chunk: int
    rows: int


def plan_chunks(job: BaseBulkJob, *, sizes: ChunkSizes, keep_for: timedelta) -> tuple[str, list[Descriptor]]:
    """Plan a job, and keep its rows in the warehouse for those who ask. It takes the place of the task's earlier plan.

    :param job: with ``estimate_only`` it has no chunks.
    :param keep_for: how long the rows are kept.
    :return: the id of the plan, and its chunks in their order.
    :raises ConfigurationError: as :meth:`~airflow_provider_iranpay.bulk.job.BaseBulkJob.planned`.
    :raises InvalidInput: likewise.
    """
    environment = same_environment(job.ways)
    with job.planned() as plan:
        planned = _planned(job, plan, environment, keep_for)
        plan_id = planned.plan_id
        with job.warehouse.transaction() as connection:
            plans.drop_expired(connection, environment, planned.created_at)
            plans.replace_plans(connection, environment, job.context)
            plans.begin_plan(connection, planned)
        if job.estimate_only:
            return plan_id, []
        rows = write_chunks(plan, job.warehouse, job.keys, plan_id, sizes)
    if sum(rows) != planned.rows:
        raise SumsDoNotClose(f"{planned.rows:,} rows were read, and {sum(rows):,} are in chunks.")
    with job.warehouse.transaction() as connection:
        if not plans.make_ready(connection, plan_id, rows, datetime.now(UTC)):
            raise ConfigurationError("Another try of this task has made a plan meanwhile: that one counts.")
    log.info("Plan %s: %s rows in %s chunks.", plan_id, f"{planned.rows:,}", f"{len(rows):,}")
    return plan_id, [Descriptor(plan_id=plan_id, chunk=chunk, rows=count) for chunk, count in enumerate(rows)]


def _planned(job: BaseBulkJob, plan: Plan, environment: str, keep_for: timedelta) -> PlanRow:
    now = datetime.now(UTC)
    return PlanRow(
        plan_id=str(uuid4()),
        environment=environment,
        inquiry=job.inquiry.name,
        dag_id=job.context.dag_id,
        run_id=job.context.run_id,
        task_id=job.context.task_id,
        state=ESTIMATE if job.estimate_only else "writing",
        as_of=plan.questioner.as_of,
        key_name=job.key,
        key_dtype=plan.key_dtype,
        price_rial=highest_cost_rial(job.ways),
        rows=plan.estimate.rows,
        estimate=asdict(plan.estimate),
        created_at=now,
        expires_at=now + keep_for,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkJob(BaseBulkJob):
    """One chunk of a plan: its rows are asked about, written, and counted by plan and chunk.

    It does not judge how many rows have no answer: that is done over all chunks.

    :param chunk: counted from 0.
    """

    plan_id: str
    chunk: int
    fail_above: float = 1.0

    def _plan(self, journal: Journal) -> Plan:
        with self.warehouse.engine.connect() as connection:
            planned = plans.find_plan(connection, self.plan_id)
            rows = {one.chunk: one.rows for one in plans.chunks(connection, self.plan_id)}.get(self.chunk)
        planned = self._fit(planned, journal.environment)
        plan = plan_again(
            read_chunk(self.warehouse, self.keys, self.plan_id, self.chunk),
            key=self.key,
            key_dtype="Int64" if planned.key_dtype == "Int64" else "string",
            questioner=self._questioner(journal, planned.as_of),
        )
        if plan.estimate.rows != rows:
            plan.close()
            raise SumsDoNotClose(f"Chunk {self.chunk} was planned with {rows} rows, and has {plan.estimate.rows}.")
        return plan

    def _fit(self, planned: PlanRow | None, environment: str) -> PlanRow:
        """Refuse a plan whose rows are gone, or that was made for something else."""
        if planned is None or planned.state != "ready" or planned.expires_at <= datetime.now(UTC):
            raise ConfigurationError(
                f"The rows of the plan {self.plan_id} are not kept any more: they had an end of life, or another plan "
                "took their place. Clear the task that plans; what was paid is in the journal, and not paid again."
            )
        made_for = (planned.environment, planned.inquiry, planned.key_name)
        if made_for != (environment, self.inquiry.name, self.key):
            raise ConfigurationError(
                f"The plan {self.plan_id} was made for {planned.inquiry} by {planned.key_name} in "
                f"{planned.environment}, and the task has changed since. Clear the task that plans."
            )
        return planned

    def _begun(self, journal: Journal, budget: str | None) -> None:
        with self.warehouse.transaction() as connection:
            plans.begin_chunk(
                connection,
                self.plan_id,
                self.chunk,
                worker=journal.worker,
                budget=budget,
                now=datetime.now(UTC),
            )

    def _counted(self, journal: Journal, run: Run, tally: Tally, manifest: Manifest) -> None:
        values = {
            "state": str(run.ended_by or "done"),
            "worker": journal.worker,
            "questions": manifest["questions"],
            "unknown": manifest["unknown"],
            "spent_rial": run.totals.spent_rial,
            "updated_at": datetime.now(UTC),
        }
        with self.warehouse.transaction() as connection:
            plans.close_chunk(
                connection, self.plan_id, self.chunk, values=values, counted=[Count(*one) for one in tally.counted]
            )
