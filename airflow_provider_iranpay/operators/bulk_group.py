"""A bulk inquiry by many workers: a task plans, mapped tasks ask a chunk each, and a last one adds it all up.

Here are the tasks and how they hang together. What a plan, a chunk and their sums are is in ``bulk``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import BaseOperator, Context, TaskGroup

from airflow_provider_iranpay.exceptions import InvalidInput, RunStopped
from airflow_provider_iranpay.operators.bulk import BaseBulkInquiry, BulkInquiryOperator

if TYPE_CHECKING:
    from airflow_provider_iranpay.bulk.chunks import ChunkJob, Descriptor

__all__ = ["bulk_inquiry_group"]

_MOST_CHUNKS: Final = 1024
"""Airflow's ``[core] max_map_length``, as it comes."""
_OF_THE_PLAN: Final = frozenset({"sql", "parameters", "source_conn_id", "input_path", "columns", "estimate_only"})
"""Arguments that only the task that plans has."""


def bulk_inquiry_group(  # noqa: PLR0913 - flat, as the arguments of operators are
    group_id: str,
    *,
    chunk_seconds: float = 60.0,
    most_chunks: int = 64,
    at_once: int | None = None,
    keep_for: timedelta = timedelta(days=7),
    fail_above: float = 0.1,
    warehouse_conn_id: str = "iranpay_warehouse",
    default_args: Mapping[str, Any] | None = None,
    **asking: Any,
) -> TaskGroup:
    """Make the tasks ``plan``, ``chunk`` and ``summary`` of a group: one table of questions, any number of workers.

    The rows are read once, by ``plan``, and kept in the warehouse, sealed, until each mapped ``chunk`` has taken its
    own. ``summary`` runs at the end in any case; whether the group succeeds is its word.

    :param chunk_seconds: of work that a chunk has, or more: a mapped task costs Airflow up to a second by itself.
    :param most_chunks: the most that the rows are cut into, at most 1024.
    :param at_once: chunks that run at once; None for as many as Airflow's own limits let.
    :param keep_for: how long the rows are kept: as long a chunk can be cleared.
    :param fail_above: share of all rows without an answer, 0 to 1, above which ``summary`` fails.
    :param default_args: of the three tasks, such as ``retries`` and ``pool``.
    :param asking: the other arguments of :class:`~airflow_provider_iranpay.operators.bulk.BulkInquiryOperator`, but
        for ``output_path``.
    :raises InvalidInput: what cannot be, when the DAG is parsed.
    """
    if asking.get("output_path") is not None:
        raise InvalidInput(
            "output_path", "not_in_a_group", "Each chunk would replace the file of another one. Give target_table."
        )
    with TaskGroup(group_id, default_args=dict(default_args or {})) as group:  # type: ignore[arg-type]
        asking["warehouse_conn_id"] = warehouse_conn_id
        plan = PlanOperator(
            task_id="plan", chunk_seconds=chunk_seconds, most_chunks=most_chunks, keep_for=keep_for, **asking
        )
        of_a_chunk = {name: value for name, value in asking.items() if name not in _OF_THE_PLAN}
        if at_once is not None:
            of_a_chunk["max_active_tis_per_dagrun"] = at_once
        chunk = ChunkOperator.partial(task_id="chunk", **of_a_chunk).expand(chunk=plan.output)
        summary = SummaryOperator(
            task_id="summary",
            plan_id=f"{{{{ ti.xcom_pull(task_ids='{plan.task_id}', key='plan_id') }}}}",
            fail_above=fail_above,
            warehouse_conn_id=warehouse_conn_id,
            trigger_rule="all_done",
        )
        plan >> summary  # else a plan that fails would take the summary with it unheard
        chunk >> summary
    return group


class PlanOperator(BulkInquiryOperator):
    """Plans, keeps the rows in the warehouse, and returns what each chunk is told; nothing is sent.

    :param chunk_seconds: of work that a chunk has, or more.
    :param most_chunks: the most that the rows are cut into.
    :param keep_for: how long the rows are kept.
    """

    def __init__(self, *, chunk_seconds: float, most_chunks: int, keep_for: timedelta, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.chunk_seconds = chunk_seconds
        self.most_chunks = most_chunks
        self.keep_for = keep_for
        if not chunk_seconds > 0:
            raise InvalidInput("chunk_seconds", "range", "Give a number of seconds above 0.")
        if not 1 <= most_chunks <= _MOST_CHUNKS:
            raise InvalidInput("most_chunks", "range", f"Give a number from 1 to {_MOST_CHUNKS}.")
        if not keep_for > timedelta(0):
            raise InvalidInput("keep_for", "range", "Give a time above 0, as in timedelta(days=7).")

    def execute(self, context: Context) -> list[Descriptor]:
        """Plan; what mapped tasks need is the return value."""
        from airflow_provider_iranpay.bulk.chunks import plan_chunks
        from airflow_provider_iranpay.bulk.snapshot import ASSUMED_PER_SECOND, ChunkSizes
        from airflow_provider_iranpay.hooks.errors import failing_at_once

        with failing_at_once(), ExitStack() as stack:
            job = self._prepared(context, stack)
            sizes = ChunkSizes(
                seconds=self.chunk_seconds,
                most=self.most_chunks,
                questions_per_second=job.pace.rate_per_second or ASSUMED_PER_SECOND,
            )
            plan_id, chunks = plan_chunks(job, sizes=sizes, keep_for=self.keep_for)
        context["ti"].xcom_push(key="plan_id", value=plan_id)
        return chunks


class ChunkOperator(BaseBulkInquiry):
    """Asks the questions of one chunk, and writes its results and its counts.

    :param chunk: what ``plan`` returned of it.
    """

    def __init__(self, *, chunk: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.chunk = chunk

    def _job(self, context: Context, stack: ExitStack, settings: dict[str, Any]) -> ChunkJob:  # noqa: ARG002
        from airflow_provider_iranpay.bulk.chunks import ChunkJob

        # How many rows may be without an answer is judged over all chunks.
        return ChunkJob(plan_id=self.chunk["plan_id"], chunk=self.chunk["chunk"], **settings | {"fail_above": 1.0})


class SummaryOperator(BaseOperator):
    """Adds up what the chunks of a plan have written, and fails where one has not come to a good end.

    :param plan_id: of the plan (templated).
    :param fail_above: share of all rows without an answer, 0 to 1, above which it fails.
    :param warehouse_conn_id: connection of the warehouse (templated).
    """

    template_fields: Sequence[str] = ("plan_id", "warehouse_conn_id")
    ui_color = "#e3f0ea"

    def __init__(self, *, plan_id: str, fail_above: float, warehouse_conn_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plan_id = plan_id
        self.fail_above = fail_above
        self.warehouse_conn_id = warehouse_conn_id
        if not 0 <= fail_above <= 1:
            raise InvalidInput("fail_above", "range", "Give a share from 0 to 1.")

    def execute(self, context: Context) -> dict[str, Any]:
        """Add up; a run that fails has pushed its manifest under the key ``manifest``."""
        from airflow_provider_iranpay.bulk.summary import summarize
        from airflow_provider_iranpay.hooks.errors import failing_at_once
        from airflow_provider_iranpay.hooks.warehouse import WarehouseHook

        hook = WarehouseHook(self.warehouse_conn_id)
        with failing_at_once():
            if self.plan_id in ("", "None"):
                raise RunStopped("There is no plan: the task that plans has failed. Clear it.")
            hook.get_journal_keys()  # refuses a file that the workers of the chunks may not have shared
            with hook.get_conn() as warehouse:
                try:
                    return summarize(warehouse, self.plan_id, fail_above=self.fail_above)
                except RunStopped as stopped:
                    context["ti"].xcom_push(key="manifest", value=stopped.manifest)
                    raise
