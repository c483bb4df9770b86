"""The rows of a run on disk: found again as they were, and by nobody else."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_iranpay.bulk import alike
from airflow_provider_iranpay.bulk import spool as module
from airflow_provider_iranpay.bulk.outcomes import Outcome, Status
from airflow_provider_iranpay.bulk.spool import Block, Spool

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
KEY = "the-key-of-customer"
INPUT = "0012345679"


@pytest.fixture
def spool():
    with closing(Spool()) as opened:
        yield opened


def block(first=1, keys=(1, 2), questions=None):
    return Block(first, list(keys), [[INPUT] * len(keys)], questions or [None] * len(keys), {})


def whole(stored):
    """A block that was read again, with all its parts."""
    return Block(stored.first, stored.keys, stored.inputs, stored.questions, stored.refused)


def names(asked):
    """A question for each letter; none for a dot."""
    return [None if letter == "." else letter.encode() * 16 for letter in asked]


def outcome_of(text):
    return Outcome(Status.OK, "paid", provider="jibit", cells=(text, None, True, 7, 0.5))


moments = st.datetimes(timezones=st.just(UTC), min_value=datetime(2020, 1, 1), max_value=datetime(2100, 1, 1))  # noqa: DTZ001 - hypothesis adds the zone
texts = st.none() | st.text(st.characters(codec="utf-8"), max_size=20)
outcomes = st.builds(
    Outcome,
    status=st.sampled_from(list(Status)).map(str),
    origin=st.sampled_from(["paid", "cached", "none"]),
    error_code=texts,
    error_message=texts,
    provider=texts,
    attempts=st.integers(0, 9),
    cost_rial=st.none() | st.integers(0, 2**62),
    track_id=texts,
    answered_at=st.none() | moments,
    cells=st.lists(
        st.one_of(texts, st.booleans(), st.integers(-(2**62), 2**62), st.floats(allow_nan=False)), max_size=6
    ).map(tuple),
)


@unhurried
@given(outcomes)
def test_an_outcome_comes_back_as_it_was(outcome):
    with closing(Spool()) as spool:
        spool.add(block())
        spool.keep([(1, outcome)])
        (found,) = spool.outcomes(block()).values()
    assert found == outcome
    assert [type(cell) for cell in found.cells] == [type(cell) for cell in outcome.cells]
    assert found.answered_at is None or found.answered_at.utcoffset() == timedelta(0)


@unhurried
@given(
    st.lists(st.one_of(st.integers(-(2**63) + 1, 2**63 - 1), st.text(st.characters(codec="utf-8"))), min_size=1),
    st.data(),
)
def test_rows_come_back_as_they_were(keys, data):
    inputs = data.draw(st.lists(st.lists(texts, min_size=len(keys), max_size=len(keys)), max_size=3))
    questions = data.draw(
        st.lists(st.none() | st.binary(min_size=16, max_size=16), min_size=len(keys), max_size=len(keys))
    )
    refused = {0: ("mobile", "prefix")}
    given_block = Block(5, keys, inputs, questions, refused)
    with closing(Spool()) as spool:
        spool.add(given_block)
        assert list(map(whole, spool.blocks())) == [given_block] == [whole(spool.block_with(given_block.last))]
        assert (spool.block_with(5).last, len(spool.block_with(5))) == (given_block.last, len(keys))


def test_blocks_come_in_the_order_of_their_rows_and_each_row_is_found_in_its_own(spool):
    for first in (1, 3, 5):
        spool.add(block(first, keys=(first, first + 1)))
    assert [one.first for one in spool.blocks()] == [1, 3, 5]
    assert [spool.block_with(ordinal).first for ordinal in range(1, 7)] == [1, 1, 3, 3, 5, 5]


@unhurried
@given(st.lists(st.text("abcd.", min_size=1, max_size=6), min_size=1, max_size=5))
def test_a_row_points_to_the_first_that_asks_the_same_over_all_blocks(batches):
    asked = "".join(batches)
    expected = {
        ordinal: asked.index(letter) + 1
        for ordinal, letter in enumerate(asked, 1)
        if letter != "." and asked.index(letter) + 1 < ordinal
    }
    with closing(Spool()) as spool:
        first = 1
        for batch in batches:
            spool.add(block(first, keys=range(first, first + len(batch)), questions=names(batch)))
            first += len(batch)
        assert spool.find_duplicates() == len(expected)
        found = {}
        for one in spool.blocks():
            found.update(spool.leaders(one))
    assert found == expected


def test_a_block_gets_the_outcomes_of_its_duplicates_leaders_from_earlier_blocks(spool):
    spool.add(block(1, keys=(1, 2), questions=names("ab")))
    spool.add(block(3, keys=(3, 4), questions=names("bc")))
    spool.find_duplicates()
    spool.keep([(ordinal, outcome_of(str(ordinal))) for ordinal in (1, 2, 4)])
    found = [spool.outcomes(one) for one in spool.blocks()]
    assert {leader: one.cells[0] for leader, one in found[0].items()} == {1: "1", 2: "2"}
    assert {leader: one.cells[0] for leader, one in found[1].items()} == {2: "2", 4: "4"}


def test_of_two_outcomes_the_later_one_counts(spool):
    spool.add(block())
    spool.keep([(1, outcome_of("first"))])
    spool.keep([(1, outcome_of("second"))])
    assert spool.outcomes(block())[1].cells[0] == "second"


def test_marks_stay_with_their_block(spool):
    for first in (1, 3):
        spool.add(block(first))
    for ordinal, marks in (1, b"\0\0"), (3, b"\3\0"), (1, b"\1\2"):
        spool.mark(spool.block_with(ordinal), marks)
    assert [(one.first, one.marks) for one in spool.blocks()] == [(1, b"\1\2"), (3, b"\3\0")]


def test_rows_with_equal_keys_stand_together(spool):
    spool.add(block(1, keys=("a", "b", "a")))
    spool.add(block(4, keys=("c", "a", "b")))
    assert sorted(spool.alike(10)) == [[1, 3, 5], [2, 6]]
    assert len(spool.alike(1)) == 1


def test_rows_are_compared_on_the_disk_too_and_what_is_there_is_sealed(spool, monkeypatch):
    monkeypatch.setattr(alike, "_HELD_ROWS", 2)
    spool.add(block(1, keys=("a", "b", "a"), questions=names("xy.")))
    spool.add(block(4, keys=("c", "a", "b"), questions=names("zyx")))
    assert spool._database.execute("SELECT count(*) FROM heap").fetchone()[0] > 2
    assert spool.alike(10) == [[1, 3, 5], [2, 6]]
    assert spool.find_duplicates() == 2
    assert [spool.leaders(one) for one in spool.blocks()] == [{}, {5: 2, 6: 1}]
    assert b"xxxxxxxx" not in spool._database.serialize()


def written_files():
    """Every file that this process holds open and that has no name any more."""
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            place = os.readlink(descriptor)
        except FileNotFoundError:
            continue
        if place.endswith("(deleted)"):
            yield place, descriptor.read_bytes()


def test_nothing_personal_is_readable_on_the_disk_or_in_the_database(monkeypatch):
    monkeypatch.setattr(module, "_CACHE_KIB", 16)  # so that it has to write at once
    before = {place for place, _ in written_files()}
    with closing(Spool()) as spool:
        for first in range(1, 4_001, 500):
            keys = [f"{KEY}-{ordinal}" for ordinal in range(first, first + 500)]
            spool.add(Block(first, keys, [[INPUT] * 500], [os.urandom(16) for _ in keys], {0: ("mobile", "prefix")}))
        spool.keep((ordinal, outcome_of(INPUT)) for ordinal in range(1, 4_001))
        spool.find_duplicates()
        spilled = [content for place, content in written_files() if place not in before and content]
        dump = spool._database.serialize()
    assert spilled, "nothing was written, so nothing was looked at"
    for content in (*spilled, dump):
        assert KEY.encode() not in content
        assert INPUT.encode() not in content


def test_the_file_has_no_name_and_closing_forgets_it(tmp_path, monkeypatch):
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    spool = Spool()
    spool.add(block())
    assert list(tmp_path.iterdir()) == []
    spool.close()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(sqlite3.ProgrammingError):
        spool.block_with(1).keys  # noqa: B018 - it is read there


def test_two_spools_do_not_open_each_others_rows(spool):
    spool.add(block())
    (sealed,) = spool._database.execute("SELECT sealed FROM part").fetchone()
    with closing(Spool()) as other, pytest.raises(InvalidTag):
        other._open(sealed)
