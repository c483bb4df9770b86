"""Chunks of one plan, each a process of its own, some of which are killed: the sums close to the sandbox's bill."""

from __future__ import annotations

import signal
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from airflow_provider_iranpay.bulk.chunks import plan_chunks
from airflow_provider_iranpay.bulk.snapshot import ChunkSizes
from airflow_provider_iranpay.bulk.summary import summarize
from airflow_provider_iranpay.exceptions import RunStopped
from airflow_provider_iranpay.sandbox.latency import Latency
from airflow_provider_iranpay.warehouse.engine import open_warehouse
from tests.crash.nights import until
from tests.crash.strikes import Strike
from tests.crash.worker import make_job

COUNT = 40


class Planned:
    """A plan of a night in two chunks."""

    def __init__(self, night, **changes):
        self.night = night
        night.sandbox.world.settings.latency = Latency("fixed", 0.02)
        self.errand = replace(night.errand, people=tuple(range(COUNT)), as_of="tonight", **changes)
        with open_warehouse(self.errand.warehouse) as warehouse:
            sizes = ChunkSizes(seconds=COUNT / 2, questions_per_second=1)
            job = make_job(self.errand, warehouse)
            self.plan_id, self.chunks = plan_chunks(job, sizes=sizes, keep_for=timedelta(days=1))

    def start(self, chunk, **changes):
        return self.night.start(people=(), as_of="tonight", chunk=(self.plan_id, chunk), **changes)

    def sum_up(self):
        with open_warehouse(self.errand.warehouse) as warehouse:
            return summarize(warehouse, self.plan_id, fail_above=1.0)

    def assert_closed(self, manifest):
        """Hold a manifest against the rows that were written, the journal and the sandbox's bill."""
        rows = COUNT + 2
        assert manifest["rows"] == sum(manifest["status"].values()) == sum(manifest["origin"].values()) == rows
        assert (manifest["questions"], manifest["rows_without_result"]) == (COUNT, 0)
        with self.night.engine.connect() as connection:
            found = connection.execute(text("SELECT status FROM results")).all()
        assert Counter(row.status for row in found) == manifest["status"]
        bill = sum(entry.price_rial for entry in self.night.sandbox.world.ledger.entries)
        assert manifest["spent_rial"] <= bill <= manifest["spent_rial"] + manifest["reserved_rial"]
        (budget,) = manifest["budgets"]
        assert (budget["spent_rial"], budget["reserved_rial"]) == (manifest["spent_rial"], manifest["reserved_rial"])
        assert self.night.billed_again == {}
        self.night.assert_books_agree()


def test_two_chunks_at_once_ask_each_question_once_and_add_up_to_the_bill(night):
    planned = Planned(night)
    assert [one["chunk"] for one in planned.chunks] == [0, 1]
    for worker in [planned.start(chunk) for chunk in (0, 1)]:
        worker.manifest()
    manifest = planned.sum_up()
    assert manifest["status"] == {"invalid_input": 1, "matched": COUNT + 1}
    assert (manifest["paid"], manifest["reserved_rial"]) == (COUNT, 0)
    assert len(night.billed) == COUNT
    planned.assert_closed(manifest)


@pytest.mark.parametrize(
    "boundary", ["claims_are_to_be_sent", "answers_are_committed", "results_are_being_written", "results_are_written"]
)
def test_a_chunk_that_is_killed_beside_another_one_adds_up_once_it_is_cleared(night, boundary):
    planned = Planned(night)
    struck, other = planned.start(0, strike=Strike(boundary)), planned.start(1)
    assert struck.join() == -signal.SIGKILL
    other.manifest()
    with pytest.raises(RunStopped, match=r"0 \(running\)") as caught:
        planned.sum_up()
    left = caught.value.manifest
    assert left["rows_without_result"] == planned.chunks[0]["rows"]
    assert left["spent_rial"] + left["reserved_rial"] >= night.errand.price_rial * len(night.billed)
    night.let_leases_end()
    planned.start(0).manifest()
    manifest = planned.sum_up()
    planned.assert_closed(manifest)
    assert manifest["status"]["matched"] + manifest["status"].get("unknown", 0) == COUNT + 1


def test_two_tries_of_one_chunk_at_once_leave_the_counts_of_one(night):
    planned = Planned(night)
    for worker in [planned.start(chunk) for chunk in (0, 0, 1)]:
        worker.manifest()
    manifest = planned.sum_up()
    assert (manifest["paid"], len(night.billed)) == (COUNT, COUNT)
    assert manifest["rows_without_result"] == 0
    assert sum(manifest["status"].values()) == COUNT + 2
    assert night.billed_again == {}


def test_a_chunk_beside_a_worker_with_the_same_questions_gets_its_answers(night):
    planned = Planned(night)
    stranger = night.start(people=tuple(range(COUNT)))
    until(lambda: stranger.has_begun)
    for worker in [planned.start(chunk) for chunk in (0, 1)]:
        worker.manifest()
    theirs = stranger.manifest()
    manifest = planned.sum_up()
    assert manifest["paid"] + theirs["paid"] == len(night.billed) == COUNT
    assert manifest["origin"].get("cached", 0) == COUNT - manifest["paid"]
    assert night.billed_again == {}
