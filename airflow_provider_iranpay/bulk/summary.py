"""What all chunks of a plan come to, counted in the tables: it adds up, or the run fails and says what to do."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Final

from airflow_provider_iranpay.bulk.chunks import ESTIMATE
from airflow_provider_iranpay.bulk.job import Manifest
from airflow_provider_iranpay.bulk.outcomes import ANSWERS, Origin, Status
from airflow_provider_iranpay.exceptions import ConfigurationError, RunStopped, SumsDoNotClose
from airflow_provider_iranpay.warehouse import plans
from airflow_provider_iranpay.warehouse.engine import Warehouse
from airflow_provider_iranpay.warehouse.journal.budgets import check_budget
from airflow_provider_iranpay.warehouse.plans import Chunk, Count, Money, PlanRow

__all__ = ["summarize"]

log = logging.getLogger(__name__)

_WELL: Final = frozenset({"done", str(Status.NOT_SENT_BUDGET)})
"""Ends of a chunk with which the run may still succeed: a budget that is reached leaves rows without an answer."""
_WITHOUT_COUNTS: Final = frozenset({"planned", "running"})
_NAMED: Final = 20


def summarize(warehouse: Warehouse, plan_id: str, *, fail_above: float) -> Manifest:
    """Add up the chunks of a plan.

    :param fail_above: share of all rows without an answer, 0 to 1, above which the run fails.
    :return: the manifest of the whole.
    :raises SumsDoNotClose: the tables do not add up.
    :raises RunStopped: chunks have not come to a good end, or too many rows are without an answer; says what to clear.
    """
    with warehouse.engine.connect() as connection:
        plan = plans.find_plan(connection, plan_id)
        if plan is None:
            raise ConfigurationError(f"The warehouse has no plan {plan_id}: clear the task that plans.")
        if plan.state == ESTIMATE:
            return {"inquiry": plan.inquiry, "estimate": dict(plan.estimate)}
        chunks = plans.chunks(connection, plan_id)
        counts = plans.counts(connection, plan_id)
        standing = plans.money(connection, plan_id, standing=True)
        everything = plans.money(connection, plan_id)
        budgets = plans.budgets(connection, plan_id)
    counted = [one for one in chunks if one.state not in _WITHOUT_COUNTS]
    _check(plan, chunks, {one.chunk: counts.get(one.chunk, []) for one in counted}, standing)
    manifest = _manifest(plan, chunks, [one for chunk in counted for one in counts.get(chunk.chunk, [])], everything)
    if budgets:
        with warehouse.transaction() as connection:
            manifest["budgets"] = [
                {"name": name, **asdict(check_budget(connection, plan.environment, name))} for name in budgets
            ]
    log.info("%s", manifest)
    problem = _problem(chunks, manifest, fail_above)
    if problem is not None:
        stopped = RunStopped(problem)
        stopped.manifest = manifest
        raise stopped
    return manifest


def _check(plan: PlanRow, chunks: Sequence[Chunk], counts: Mapping[int, Sequence[Count]], standing: Money) -> None:
    """Hold the plan against its chunks, each chunk against its counts, and what rows cost against the journal."""
    planned = sum(chunk.rows for chunk in chunks)
    if planned != plan.rows:
        raise SumsDoNotClose(f"{plan.rows:,} rows were planned, and the chunks have {planned:,}.")
    for chunk in chunks:
        rows = sum(one.rows for one in counts.get(chunk.chunk, ()))
        if chunk.chunk in counts and rows != chunk.rows:
            raise SumsDoNotClose(f"Chunk {chunk.chunk} has {chunk.rows:,} rows, and {rows:,} of them have a status.")
    # A chunk that is under way again keeps the sums of its last end, beside the journal's.
    spent = sum(chunk.spent_rial or 0 for chunk in chunks)
    if spent != standing.spent_rial:
        raise SumsDoNotClose(f"The chunks have spent {spent:,} Rial, and the journal says {standing.spent_rial:,}.")
    if len(counts) < len(chunks):
        return
    in_rows = sum(one.cost_rial for some in counts.values() for one in some)
    if plan.price_rial is not None and in_rows != spent:
        raise SumsDoNotClose(f"The rows add up to {in_rows:,} Rial, and the chunks have spent {spent:,}.")
    questions = sum(chunk.questions or 0 for chunk in chunks)
    if questions != _questions(plan):
        raise SumsDoNotClose(f"{_questions(plan):,} questions were planned, and the chunks have {questions:,}.")


def _questions(plan: PlanRow) -> int:
    return plan.rows - int(plan.estimate["duplicates"]) - int(plan.estimate["invalid"])


def _manifest(plan: PlanRow, chunks: Sequence[Chunk], counted: Sequence[Count], money: Money) -> Manifest:
    statuses: Counter[str] = Counter()
    origins: Counter[str] = Counter()
    for one in counted:
        statuses[one.status] += one.rows
        origins[one.origin] += one.rows
    each = plan.price_rial
    unknown = sum(chunk.unknown or 0 for chunk in chunks)
    return {
        "inquiry": plan.inquiry,
        "plan_id": plan.plan_id,
        "as_of": plan.as_of.isoformat(),
        "rows": plan.rows,
        "rows_without_result": plan.rows - statuses.total(),
        "status": dict(sorted(statuses.items())),
        "origin": dict(sorted(origins.items())),
        "questions": _questions(plan),
        "attempts": money.attempts,
        "paid": money.paid,
        "spent_rial": None if each is None else money.spent_rial,
        "reserved_rial": money.reserved_rial,
        "saved_rial": None if each is None else each * (origins[Origin.CACHED] + origins[Origin.DUPLICATE]),
        "unknown": unknown,
        "unknown_repeat_rial": None if each is None else each * unknown,
        "estimate": dict(plan.estimate),
        "chunks": dict(sorted(Counter(chunk.state for chunk in chunks).items())),
    }


def _problem(chunks: Sequence[Chunk], manifest: Manifest, fail_above: float) -> str | None:
    """Say why the run fails, and what to do."""
    failed = [f"{chunk.chunk} ({chunk.state})" for chunk in chunks if chunk.state not in _WELL]
    if failed:
        named = ", ".join(failed[:_NAMED]) + (f" and {len(failed) - _NAMED:,} more" if len(failed) > _NAMED else "")
        return (
            f"{len(failed):,} of {len(chunks):,} chunks have not come to a good end: {named}. Clear them, and this "
            "task with them; nothing that was paid is paid again."
        )
    answered = sum(manifest["status"].get(status, 0) for status in ANSWERS)
    unanswered = manifest["rows"] - answered
    if not unanswered:
        return None
    reasons = ", ".join(f"{name} {rows:,}" for name, rows in manifest["status"].items() if name not in ANSWERS)
    said = f"{unanswered:,} of {manifest['rows']:,} rows are without an answer ({reasons}); all are written."
    if unanswered / manifest["rows"] > fail_above:
        return (
            f"{said} That is more than fail_above={fail_above:g} allows. Resolve what is unknown or raise a budget "
            "that is reached, then clear the chunks; or correct what is invalid, then clear the task that plans."
        )
    log.warning("%s", said)
    return None
