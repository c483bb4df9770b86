"""A bulk inquiry in chunks: each question is asked in one of them, and what they come to adds up, or is said."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from contextlib import closing
from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from airflow_provider_iranpay.bulk import snapshot
from airflow_provider_iranpay.bulk.chunks import ChunkJob, plan_chunks
from airflow_provider_iranpay.bulk.job import Budget, BulkJob
from airflow_provider_iranpay.bulk.plan import Estimate
from airflow_provider_iranpay.bulk.run import Pace
from airflow_provider_iranpay.bulk.snapshot import ChunkSizes, read_chunk
from airflow_provider_iranpay.bulk.sources import FrameSource
from airflow_provider_iranpay.bulk.summary import summarize
from airflow_provider_iranpay.bulk.targets import TableTarget
from airflow_provider_iranpay.exceptions import ConfigurationError, RunIncomplete, RunStopped, SumsDoNotClose
from airflow_provider_iranpay.inquiries import INQUIRIES
from airflow_provider_iranpay.warehouse import tables
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing
from airflow_provider_iranpay.warehouse.journal.tables import end
from airflow_provider_iranpay.warehouse.provenance import LoadContext
from tests.bulk.playing import (
    COLUMNS,
    INQUIRY,
    LOST,
    NO,
    PRICE,
    QUOTA,
    REFUSED,
    RING,
    TRANSIENT,
    UNREADABLE,
    YES,
    Provider,
    mobile,
    national_code,
    table,
)

TASK = LoadContext(dag_id="night", run_id="manual__1", task_id="ask.plan")
INVALID = -1
"""Instead of a person: a row that cannot be asked about."""
MIXED = {2: NO, 3: REFUSED, 4: LOST, 5: UNREADABLE, 6: TRANSIENT}


class Batches(FrameSource):
    """Rows that come four at a time."""

    def batches(self, columns):
        frame = self._frame[list(columns)]
        for start in range(0, len(frame), 4):
            yield frame.iloc[start : start + 4]


def rows_of(people):
    frame = table(abs(person) for person in people)
    frame.loc[[person == INVALID for person in people], "mobile"] = "12"
    return frame


class Group:
    """A plan, its chunks and their summary, as tasks would do them."""

    def __init__(self, warehouse, people, *providers, questions_in_a_chunk=2, **how):
        self.warehouse = warehouse
        self.providers = providers or (Provider(),)
        self.frame = rows_of(people)
        self.sizes = ChunkSizes(seconds=questions_in_a_chunk, questions_per_second=1)
        self.how = {
            "inquiry": INQUIRY,
            "key": "id",
            "keys": RING,
            "pace": Pace(concurrency=2),
            "targets": [TableTarget(warehouse, "matches")],
        } | how

    @property
    def common(self):
        return self.how | {"ways": [provider.way for provider in self.providers], "warehouse": self.warehouse}

    def plan(self, keep_for=timedelta(days=7), **changes):
        given = self.common | {"context": TASK} | changes
        job = BulkJob(source=Batches(self.frame), columns=COLUMNS, **given)
        self.plan_id, self.chunks = plan_chunks(job, sizes=self.sizes, keep_for=keep_for)
        return self.chunks

    def ask(self, chunk, started=lambda run: None, **changes):
        context = dataclasses.replace(TASK, task_id="ask.chunk", map_index=chunk)
        job = ChunkJob(plan_id=self.plan_id, chunk=chunk, context=context, **self.common | changes)
        return job.perform(started)

    def ask_all(self, *but):
        for one in self.chunks:
            if one["chunk"] not in but:
                self.ask(one["chunk"])

    def sum_up(self, fail_above=1.0):
        return summarize(self.warehouse, self.plan_id, fail_above=fail_above)

    def written(self):
        with self.warehouse.engine.connect() as connection:
            return pd.read_sql("SELECT * FROM matches ORDER BY id", connection)

    def plans_with_rows(self):
        with self.warehouse.engine.connect() as connection:
            return connection.scalars(select(tables.plan_piece.c.plan_id).distinct()).all()


@pytest.fixture
def group(desk):
    """Makes a group on SQLite."""
    return lambda people, *providers, **how: Group(desk.warehouse, people, *providers, **how)


@pytest.fixture
def each_group(each_desk):
    """The same, once on SQLite and once on PostgreSQL."""
    return lambda people, *providers, **how: Group(each_desk.warehouse, people, *providers, **how)


# The rows of a plan


people_of_any_kind = st.lists(st.integers(1, 8) | st.just(INVALID), max_size=24)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=people_of_any_kind, most=st.integers(1, 5), seconds=st.sampled_from([0.5, 1, 3]))
def test_each_row_comes_back_once_and_each_question_is_in_one_chunk(desk, people, most, seconds):
    some = Group(desk.warehouse, people)
    some.sizes = ChunkSizes(seconds=seconds, most=most, questions_per_second=1)
    rows = [one["rows"] for one in some.plan()]
    back = [list(read_chunk(desk.warehouse, RING, some.plan_id, chunk)) for chunk in range(len(rows))]
    assert rows == [sum(len(piece.keys) for piece in pieces) for pieces in back]
    assert all(rows)
    assert len(rows) <= most
    assert sorted(key for pieces in back for piece in pieces for key in piece.keys) == some.frame.id.tolist()
    where = {}
    for chunk, pieces in enumerate(back):
        for piece in pieces:
            for offset, (key, *inputs) in enumerate(zip(piece.keys, *piece.inputs, strict=True)):
                person = people[key - 1]
                assert (offset in piece.refused) == (person == INVALID)
                if person != INVALID:
                    assert inputs == [mobile(person), national_code(person)]
                    assert where.setdefault(person, chunk) == chunk


@pytest.mark.parametrize(
    ("rows", "to_ask", "chunks"),
    [(0, 0, 0), (1, 0, 1), (1, 1, 1), (6_000, 6_000, 1), (60_000, 60_000, 10), (10**6, 10**6, 64), (3_000_000, 0, 2)],
)
def test_chunks_are_of_a_minutes_work_or_more_and_not_too_many(rows, to_ask, chunks):
    facts = dict.fromkeys(("invalid", "duplicates", "kept", "held", "unknown", "cost_rial"), 0)
    estimate = Estimate(rows=rows, to_ask=to_ask, **facts)
    assert ChunkSizes(questions_per_second=100).count(estimate) == chunks


def test_no_byte_of_the_database_shows_a_row(group, tmp_path):
    some = group([1, 2, 3])
    some.plan()
    files = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert some.plan_id.encode() in files, "what is not personal can be read, so the scan sees the rows"
    for person in (1, 2, 3):
        assert mobile(person).encode() not in files
        assert national_code(person).encode() not in files


def test_a_piece_opens_at_its_own_place_alone(group):
    some = group(range(1, 9))
    some.plan()
    piece = tables.plan_piece
    with some.warehouse.transaction() as connection:
        (moved,) = connection.scalars(select(piece.c.sealed).where(piece.c.chunk == 1).limit(1))
        connection.execute(update(piece).where(piece.c.chunk == 0).values(sealed=moved))
    with pytest.raises(ConfigurationError, match="changed or moved"):
        some.ask(0)


def test_rows_that_are_lacking_are_missed_before_anything_is_asked(group):
    some = group(range(1, 9))
    some.plan()
    with some.warehouse.transaction() as connection:
        connection.execute(delete(tables.plan_piece).where(tables.plan_piece.c.chunk == 1))
    with pytest.raises(SumsDoNotClose, match="planned with 2 rows, and has 0"):
        some.ask(1)
    assert some.providers[0].asked == []


def test_a_ring_with_a_newer_key_opens_what_the_old_one_has_sealed(group, desk):
    some = group(range(1, 5))
    some.plan()
    newer = KeyRing({"new": b"n" * 32, "test": b"t" * 32})
    with closing(desk.journal()) as journal:
        journal.rotate(newer)
    assert some.ask(0, keys=newer)["paid"] == 2


# Chunks


def test_chunks_come_to_what_one_task_comes_to(each_group):
    people = [1, 2, 3, 4, 5, 6, 7, 2, 4, INVALID, 1, 8]
    some = each_group(people, Provider(ends=MIXED))
    chunks = some.plan()
    assert [one["chunk"] for one in chunks] == list(range(len(chunks)))
    assert sum(one["rows"] for one in chunks) == len(people)
    assert len(chunks) == 4
    some.ask_all()
    manifest = some.sum_up()
    assert json.loads(json.dumps(manifest)) == manifest
    assert manifest.pop("plan_id") == some.plan_id
    assert manifest.pop("as_of")
    assert manifest == {
        "inquiry": "match_mobile",
        "rows": 12,
        "rows_without_result": 0,
        "status": {
            "failed": 1, "invalid_input": 1, "matched": 4, "not_matched": 2, "provider_error": 1, "unknown": 2,
            "unreadable": 1,
        },
        "origin": {"duplicate": 2, "none": 5, "paid": 5},
        "questions": 8,
        "attempts": 8,
        "paid": 5,
        "spent_rial": 5 * PRICE,
        "reserved_rial": PRICE,
        "saved_rial": 2 * PRICE,
        "unknown": 1,
        "unknown_repeat_rial": PRICE,
        "estimate": {
            "rows": 12, "invalid": 1, "duplicates": 3, "kept": 0, "held": 0, "unknown": 0, "to_ask": 8,
            "cost_rial": 8 * PRICE,
        },
        "chunks": {"done": 4},
    }  # fmt: skip
    written = some.written()
    assert Counter(written.status) == manifest["status"]
    assert written.cost_rial.sum() == manifest["spent_rial"]
    assert Counter(some.providers[0].asked) == dict.fromkeys(range(1, 9), 1)


def test_a_source_that_changes_after_the_plan_changes_no_sum(group):
    some = group(range(1, 7))
    some.plan()
    some.frame = rows_of(range(50, 90))
    some.ask_all()
    assert some.sum_up()["rows"] == 6
    assert sorted(some.providers[0].asked) == [1, 2, 3, 4, 5, 6]


def test_all_chunks_see_the_journal_as_of_the_plan(group):
    some = group([1, 2, 3, 4])
    some.plan()
    manifests = [some.ask(one["chunk"]) for one in some.chunks]
    assert {manifest["as_of"] for manifest in manifests} == {some.sum_up()["as_of"]}


def test_a_chunk_that_was_killed_goes_on_where_it_was_and_its_money_counts(each_group):
    provider = Provider()
    some = each_group(range(1, 9), provider, questions_in_a_chunk=8)
    some.plan()
    runs = []
    provider.taking = lambda job: runs[0].kill() if len(provider.asked) >= 3 else None
    with pytest.raises(RunIncomplete, match="told to end"):
        some.ask(0, started=runs.append)
    provider.taking = lambda job: None
    before = len(provider.asked)
    assert 3 <= before < 8
    with pytest.raises(RunStopped, match=r"1 of 1 chunks .*: 0 \(running\)\. Clear them") as caught:
        some.sum_up()
    assert caught.value.manifest["rows_without_result"] == 8
    assert caught.value.manifest["spent_rial"] == before * PRICE

    some.ask(0)
    manifest = some.sum_up()
    assert manifest["origin"] == {"cached": before, "paid": 8 - before}
    assert (manifest["paid"], manifest["spent_rial"]) == (8, 8 * PRICE)
    assert len(provider.asked) == 8


def test_a_chunk_that_is_cleared_replaces_its_counts(group):
    some = group(range(1, 7))
    some.plan()
    some.ask_all()
    some.ask(1)
    manifest = some.sum_up()
    assert manifest["origin"] == {"cached": 2, "paid": 4}
    assert (manifest["paid"], manifest["spent_rial"], manifest["attempts"]) == (6, 6 * PRICE, 6)


def test_a_chunk_that_could_not_go_on_fails_the_summary_until_it_is_cleared(group):
    provider = Provider(ends={3: QUOTA, 4: QUOTA})
    some = group(range(1, 7), provider)
    some.plan()
    some.ask_all(1)
    with pytest.raises(RunStopped):
        some.ask(1)
    with pytest.raises(RunStopped, match=r"1 of 3 chunks .*: 1 \(not_sent_quota\)\. Clear them") as caught:
        some.sum_up()
    assert caught.value.manifest["status"] == {"matched": 4, "not_sent_quota": 2}
    provider.ends = {}
    some.ask(1)
    assert some.sum_up()["status"] == {"matched": 6}


def test_a_chunk_that_never_ran_is_missed(group):
    some = group(range(1, 7))
    some.plan()
    some.ask_all(2)
    with pytest.raises(RunStopped, match=r"2 \(planned\)") as caught:
        some.sum_up()
    manifest = caught.value.manifest
    assert (manifest["rows"], manifest["rows_without_result"]) == (6, 2)
    assert sum(manifest["status"].values()) == sum(manifest["origin"].values()) == 4


def test_rows_without_an_answer_are_judged_over_all_chunks(group):
    some = group(range(1, 9), Provider(ends={1: LOST, 2: LOST}))
    some.plan()
    some.ask_all()
    assert some.sum_up(fail_above=0.25)["status"] == {"matched": 6, "unknown": 2}
    with pytest.raises(RunStopped, match=r"2 of 8 rows are without an answer \(unknown 2\).*fail_above=0.2 ") as caught:
        some.sum_up(fail_above=0.2)
    assert caught.value.manifest["unknown"] == 2


def test_the_chunks_spend_from_one_budget(group):
    some = group(range(1, 9), budget=Budget(cap_rial=5 * PRICE))
    some.plan()
    some.ask_all()
    manifest = some.sum_up()
    assert manifest["status"] == {"matched": 5, "not_sent_budget": 3}
    assert manifest["chunks"] == {"done": 2, "not_sent_budget": 2}
    assert manifest["budgets"] == [
        {
            "name": "night/manual__1/ask.chunk", "cap_rial": 5 * PRICE, "spent_rial": 5 * PRICE, "reserved_rial": 0,
        }
    ]  # fmt: skip


def test_without_a_price_the_rows_still_add_up(group):
    some = group([1, 2, 3, 4, 4], Provider(price_rial=None, ends={2: NO}))
    some.plan()
    some.ask_all()
    manifest = some.sum_up()
    assert (manifest["attempts"], manifest["paid"], manifest["spent_rial"]) == (4, 4, None)


def test_a_second_account_that_is_asked_is_paid_for_too(group):
    first, second = Provider(otherwise=TRANSIENT), Provider("paystar", price_rial=70, otherwise=YES)
    some = group(range(1, 5), first, second)
    some.plan()
    some.ask_all()
    manifest = some.sum_up()
    assert (manifest["attempts"], manifest["paid"], manifest["spent_rial"]) == (8, 4, 4 * 70)


# Plans


def test_a_plan_that_is_made_again_takes_the_place_of_the_first(each_group):
    some = each_group(range(1, 7))
    some.plan()
    old = some.plan_id
    some.ask(0)
    some.plan()
    assert some.plans_with_rows() == [some.plan_id] != [old]
    some.ask_all()
    assert some.sum_up()["origin"] == {"cached": 2, "paid": 4}
    some.plan_id = old
    with pytest.raises(ConfigurationError, match="another plan took their place"):
        some.ask(0)


def test_a_table_without_rows_has_no_chunks_and_adds_up(group):
    some = group([])
    assert some.plan() == []
    manifest = some.sum_up()
    assert (manifest["rows"], manifest["status"], manifest["chunks"]) == (0, {}, {})


def test_an_estimate_keeps_no_row(group):
    some = group(range(1, 7))
    assert some.plan(estimate_only=True) == []
    assert some.plans_with_rows() == []
    assert some.sum_up()["estimate"]["to_ask"] == 6


def test_rows_past_their_end_are_not_asked_about_and_the_next_plan_throws_them_away(group):
    some = group(range(1, 7))
    some.plan(keep_for=timedelta(microseconds=1))
    with pytest.raises(ConfigurationError, match="had an end of life"):
        some.ask(0)
    another = group([7, 8])
    another.plan(context=dataclasses.replace(TASK, task_id="other.plan"))
    assert another.plans_with_rows() == [another.plan_id]


def test_a_task_that_has_changed_since_the_plan_is_refused(group):
    some = group(range(1, 3))
    some.plan()
    provider = Provider(inquiry=INQUIRIES["card_to_iban"])
    with pytest.raises(ConfigurationError, match=r"made for match_mobile by id .* has changed since"):
        some.ask(0, inquiry=provider.inquiry, ways=[provider.way])
    with pytest.raises(ConfigurationError, match="has changed since"):
        some.ask(0, key="customer")
    assert some.providers[0].asked == []


def test_a_try_to_plan_that_was_replaced_ends_without_rows(group, monkeypatch):
    some, other = group(range(1, 7)), group(range(1, 7))
    really = snapshot.plans.add_pieces

    def be_late(connection, plan_id, pieces):
        monkeypatch.setattr(snapshot.plans, "add_pieces", really)
        connection.commit()
        other.plan()
        with some.warehouse.transaction() as another:
            return really(another, plan_id, pieces)

    monkeypatch.setattr(snapshot.plans, "add_pieces", be_late)
    with pytest.raises(ConfigurationError, match="that one counts"):
        some.plan()
    other.ask_all()
    assert other.sum_up()["rows"] == 6
    assert other.plans_with_rows() == [other.plan_id]


# Sums


def tampered(some, table_, **values):
    with some.warehouse.transaction() as connection:
        connection.execute(update(table_).values(**values))


@pytest.mark.parametrize(
    ("table_", "values", "says"),
    [
        (tables.plan, {"rows": 7}, "7 rows were planned, and the chunks have 6"),
        (tables.plan_count, {"rows": 3}, "Chunk 0 has 2 rows, and 3 of them have a status"),
        (tables.plan_count, {"cost_rial": 1}, "The rows add up to 3 Rial, and the chunks have spent 600"),
        (tables.plan_chunk, {"spent_rial": 1}, "The chunks have spent 3 Rial, and the journal says 600"),
        (tables.plan_chunk, {"questions": 3}, "6 questions were planned, and the chunks have 9"),
        (end, {"cost_rial": 1}, "The chunks have spent 600 Rial, and the journal says 6"),
    ],
)
def test_what_does_not_add_up_is_said(group, table_, values, says):
    some = group(range(1, 7))
    some.plan()
    some.ask_all()
    some.sum_up()
    tampered(some, table_, **values)
    with pytest.raises(SumsDoNotClose, match=says):
        some.sum_up()
