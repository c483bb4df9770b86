"""A plan reads, checks, compares and looks up; it costs nothing, writes nothing, and each row is in one of its sums."""

from __future__ import annotations

import dataclasses
import gc
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from airflow_provider_iranpay.api.contract import UnreadablePayload
from airflow_provider_iranpay.bulk import plan as plan_module
from airflow_provider_iranpay.bulk.outcomes import Outcome, Status
from airflow_provider_iranpay.bulk.plan import Estimate
from airflow_provider_iranpay.bulk.questions import Question
from airflow_provider_iranpay.exceptions import ConfigurationError, InvalidInput
from airflow_provider_iranpay.inquiries import INQUIRIES, Answering
from airflow_provider_iranpay.warehouse.engine import open_warehouse
from airflow_provider_iranpay.warehouse.journal.tables import metadata
from tests.bulk.playing import (
    INQUIRY,
    LOST,
    NO,
    PRICE,
    REFUSED,
    RING,
    UNREADABLE,
    Provider,
    Table,
    mobile,
    national_code,
    results_of,
    table,
)

DAY = timedelta(days=1)
REST = Outcome(Status.NOT_SENT_STOPPED)


def now():
    return datetime.now(UTC)


def frame(*rows, columns=("mobile", "national_code"), dtype="object"):
    """A table of these rows, with the keys 1, 2, 3."""
    cells = {name: pd.Series([row[place] for row in rows], dtype=dtype) for place, name in enumerate(columns)}
    return pd.DataFrame({"id": pd.Series(range(1, len(rows) + 1), dtype="int64"), **cells})


def estimate(**counts):
    zeros = {"invalid": 0, "duplicates": 0, "kept": 0, "held": 0, "unknown": 0, "to_ask": 0, "cost_rial": 0}
    return Estimate(**zeros | counts)


class Batches:
    """A source that gives a table in batches of a size."""

    description = "a table"

    def __init__(self, whole, size):
        self._whole, self._size = whole, size

    def columns(self):
        return list(self._whole.columns)

    def batches(self, columns):
        for start in range(0, len(self._whole), self._size):
            yield self._whole[list(columns)].iloc[start : start + self._size]


# Which rows ask the same


def spelled(digits, how):
    """The same number, as people write it."""
    return {
        "plain": digits,
        "persian": digits.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")),
        "spaced": f" {digits[:4]} {digits[4:7]} {digits[7:]} ",
        "number": int(digits),
        "float": float(digits),
    }[how]


HOW = ["plain", "persian", "spaced", "number", "float"]


@pytest.mark.parametrize("how", HOW)
def test_spellings_of_one_question_are_one_question(desk, how):
    rows = [(mobile(1), national_code(1)), (spelled(mobile(1), how), spelled(national_code(1), how))]
    assert desk.estimate(frame(*rows), Provider()) == estimate(rows=2, duplicates=1, to_ask=1, cost_rial=PRICE)


def test_other_people_and_other_numbers_are_other_questions(desk):
    rows = [(mobile(1), national_code(1)), (mobile(2), national_code(1)), (mobile(1), national_code(2))]
    assert desk.estimate(frame(*rows), Provider()) == estimate(rows=3, to_ask=3, cost_rial=3 * PRICE)


SIMILARITY = INQUIRIES["name_similarity"]
NAMES = ("national_code", "birth_date", "first_name", "last_name")


def similarities(desk, *rows, columns=NAMES):
    return desk.estimate(frame(*rows, columns=columns), Provider(inquiry=SIMILARITY), inquiry=SIMILARITY)


@pytest.mark.parametrize("blank", [None, "", "  ", float("nan"), pd.NA])
def test_a_blank_optional_cell_is_as_if_it_were_left_out(desk, blank):
    found = similarities(
        desk, (national_code(1), "1370/01/15", "سارا", blank), (national_code(1), "13700115", "سارا", None)
    )
    assert (found.invalid, found.duplicates, found.to_ask) == (0, 1, 1)


def test_a_row_without_any_of_the_optional_inputs_that_it_needs_one_of_is_invalid(desk):
    found = similarities(
        desk, (national_code(1), "1370/01/15", None, " "), (national_code(2), "1370/01/15", None, "نیک‌نام")
    )
    assert (found.invalid, found.to_ask) == (1, 1)


def test_a_name_in_one_column_is_another_question_than_in_the_next(desk):
    rows = [(national_code(1), "13700115", "سارا", None), (national_code(1), "13700115", None, "سارا")]
    assert similarities(desk, *rows).to_ask == 2


def test_a_column_that_is_not_there_is_as_blank_as_an_empty_one(desk):
    found = similarities(desk, (national_code(1), "13700115", "سارا"), columns=NAMES[:3])
    assert (found.invalid, found.to_ask) == (0, 1)
    found = similarities(desk, (national_code(1), "13700115"), columns=NAMES[:2])
    assert (found.invalid, found.to_ask) == (1, 0)


people = st.integers(1, 6)
cells = st.one_of(
    st.tuples(people, people, st.sampled_from(HOW), st.sampled_from(HOW)).map(
        lambda one: (spelled(mobile(one[0]), one[2]), spelled(national_code(one[1]), one[3]))
    ),
    st.sampled_from(
        [(None, national_code(1)), ("09", national_code(1)), (mobile(1), "1111111111"), (mobile(2), True), ("", "x")]
    ),
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(rows=st.lists(cells, min_size=1, max_size=30), size=st.integers(1, 9))
def test_each_row_is_in_one_of_the_sums(tmp_path_factory, rows, size):
    """Persons 1 and 2 have kept answers, person 3 is unknown; row by row the catalogue says what is asked."""
    with open_warehouse(f"sqlite:///{tmp_path_factory.mktemp('plan')}/warehouse.db") as warehouse:
        desk = Table(warehouse)
        desk.run(table([1, 2, 3]), Provider(ends={2: NO, 3: LOST}))
        kept = {(mobile(one), national_code(one)) for one in (1, 2)}
        unknown = {(mobile(3), national_code(3))}
        asked, invalid = [], 0
        for row in rows:
            try:
                asked.append(
                    tuple(INQUIRY.canonical(dict(zip(("mobile", "national_code"), row, strict=True))).values())
                )
            except InvalidInput:
                invalid += 1
        questions = set(asked)
        found = desk.estimate(Batches(frame(*rows), size), Provider())
        to_ask = len(questions - kept - unknown)
        assert found == Estimate(
            rows=len(rows),
            invalid=invalid,
            duplicates=len(asked) - len(questions),
            kept=len(questions & kept),
            held=len(questions & unknown),
            unknown=len(questions & unknown),
            to_ask=to_ask,
            cost_rial=to_ask * PRICE,
        )
        assert found.rows == found.invalid + found.duplicates + found.kept + found.held + found.to_ask


@pytest.mark.parametrize("size", [1, 2, 5, 100])
@pytest.mark.parametrize("together", [1, 4, 256])
def test_results_come_in_the_order_of_the_rows_each_with_what_its_question_came_to(desk, monkeypatch, size, together):
    monkeypatch.setattr(plan_module, "_TOGETHER", together)
    rows = [(mobile(1), national_code(1)), ("09", national_code(1)), (mobile(2), national_code(2))]
    rows += [
        (spelled(mobile(1), "persian"), national_code(1)),
        (mobile(3), national_code(3)),
        (mobile(3), national_code(3)),
    ]
    desk.run(table([1, 2]), Provider(ends={2: REFUSED}))
    with (
        closing(desk.journal()) as journal,
        closing(desk.plan(journal, Batches(frame(*rows), size), Provider())) as plan,
    ):
        found = results_of(plan, REST)
    assert [key for key, _ in found] == [1, 2, 3, 4, 5, 6]
    assert [(one.status, one.origin) for _, one in found] == [
        ("matched", "cached"),
        ("invalid_input", "none"),
        ("provider_error", "cached"),
        ("matched", "duplicate"),
        ("not_sent_stopped", "none"),
        ("not_sent_stopped", "none"),
    ]
    assert found[1][1].error_code == "length"
    assert found[1][1].error_message.startswith("mobile: ")


# Keys


def refused(desk, keys, size=100, **how):
    data = table(range(1, len(keys) + 1)).assign(id=pd.Series(keys, **how))
    with pytest.raises(InvalidInput) as caught:
        desk.estimate(Batches(data, size), Provider())
    assert "Nothing was paid" in str(caught.value)
    return caught.value


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_key_that_stands_twice_is_refused_with_its_rows_in_any_batch(desk, size):
    error = refused(desk, ["secret-a", "secret-b", "secret-c", "secret-b", "secret-b"], size)
    assert (error.field, error.reason, error.row) == ("id", "repeated", "2, 4, 5")
    assert "secret" not in str(error)


def test_integers_that_are_equal_are_one_key(desk):
    assert refused(desk, [70007, 70008, 70007]).row == "1, 3"


def test_keys_with_one_hash_are_not_one_key(desk):
    """Python gives -1 and -2 one hash."""
    assert hash(-1) == hash(-2)
    assert desk.estimate(table(range(1, 4)).assign(id=[-1, -2, 3]), Provider()).rows == 3


@pytest.mark.parametrize(
    ("keys", "row"),
    [([1, None, 3], "2"), ([True, 2, 3], "1"), ([1, 2, 2**70], "3"), (["a\0", "b", "c"], "1"), (["a", " ", "c"], "2")],
)
def test_what_cannot_be_a_key_is_refused_with_its_row(desk, keys, row):
    assert refused(desk, keys, dtype="object").row == row


def test_the_type_of_the_keys_is_the_type_of_their_column(desk):
    for keys, dtype in ([1, 2], "Int64"), (["a", "b"], "string"):
        with (
            closing(desk.journal()) as journal,
            closing(desk.plan(journal, table([1, 2]).assign(id=keys), Provider())) as plan,
        ):
            assert plan.key_dtype == dtype


def test_an_empty_table_is_planned_as_nothing(desk):
    assert desk.estimate(table([]), Provider()) == estimate(rows=0)


# What the journal has


def content(desk):
    """All rows of all tables but the workers, whose leases begin with a journal."""
    with desk.warehouse.engine.connect() as connection:
        return {
            one.name: sorted(map(repr, connection.execute(select(one))))
            for one in metadata.sorted_tables
            if one.name != "iranpay_worker"
        }


def test_a_plan_writes_nothing(each_desk):
    each_desk.run(table([1, 2, 3]), Provider(ends={2: NO, 3: LOST}))
    before = content(each_desk)
    assert any(before.values())
    found = each_desk.estimate(table(range(1, 9)), Provider())
    assert (found.kept, found.held, found.to_ask) == (2, 1, 5)
    assert content(each_desk) == before


def as_of_later(desk, span, *people, **how):
    """The estimate of a run that is that much later."""
    return desk.estimate(table(people), Provider(), as_of=now() + span, **how)


def test_a_positive_answer_stands_for_its_own_time_and_a_negative_one_for_its_shorter_one(desk):
    assert (INQUIRY.fresh, INQUIRY.fresh_negative) == (30 * DAY, DAY)
    desk.run(table([1, 2, 3]), Provider(ends={2: NO, 3: REFUSED}))
    minute = timedelta(minutes=1)
    expected = {-minute: 3, DAY - minute: 3, DAY + minute: 1, 30 * DAY - minute: 1, 30 * DAY + minute: 0}
    for span, kept in expected.items():
        found = as_of_later(desk, span, 1, 2, 3)
        assert (found.kept, found.to_ask) == (kept, 3 - kept), span


def test_max_age_makes_both_shorter_and_only_positive_ones_longer(desk):
    desk.run(table([1, 2, 3]), Provider(ends={2: NO, 3: REFUSED}))
    hour = timedelta(hours=1)
    assert as_of_later(desk, 2 * hour, 1, 2, 3, max_age=hour).kept == 0
    assert as_of_later(desk, hour / 2, 1, 2, 3, max_age=hour).kept == 3
    assert as_of_later(desk, 300 * DAY, 1, 2, 3, max_age=365 * DAY).kept == 1
    assert as_of_later(desk, hour, 1, 2, 3, max_age=timedelta(0)).kept == 0


def test_an_answer_that_came_after_as_of_counts(desk):
    desk.run(table([1, 2]), Provider(ends={2: NO}))
    assert as_of_later(desk, -400 * DAY, 1, 2).kept == 2


def test_what_maybe_was_paid_is_held_or_asked_once_more(desk):
    desk.run(table([1, 2]), Provider(ends={2: LOST}))
    held = desk.estimate(table([1, 2, 3]), Provider())
    assert held == estimate(rows=3, kept=1, held=1, unknown=1, to_ask=1, cost_rial=PRICE)
    again = desk.estimate(table([1, 2, 3]), Provider(), retry_unknown=True)
    assert again == estimate(rows=3, kept=1, to_ask=2, cost_rial=2 * PRICE)
    desk.run(table([2]), Provider(ends={2: LOST}), retry_unknown=True)
    assert desk.estimate(table([2]), Provider(), retry_unknown=True).held == 1


def test_what_is_held_says_how_to_find_it(desk):
    played = desk.run(table([1]), Provider(otherwise=LOST))
    again = desk.run(table([1]), Provider())
    assert (again.rows[1].status, again.rows[1].origin) == ("unknown", "none")
    assert again.rows[1].track_id == played.rows[1].track_id is not None
    assert again.rows[1].provider == "jibit"


def test_a_pruned_answer_is_asked_again_only_if_that_is_said(desk):
    desk.run(table([1]), Provider())
    with closing(desk.journal()) as journal:
        later = now() + DAY
        assert journal.prune(before=later, reconciled_until=later) == 1
    assert desk.estimate(table([1]), Provider()) == estimate(rows=1, held=1)
    assert desk.estimate(table([1]), Provider(), ask_pruned=True) == estimate(rows=1, to_ask=1, cost_rial=PRICE)


# An answer that cannot be read


def unable(inquiry):
    """The inquiry of an earlier version, which could not read the answer."""

    def read(payload):
        raise UnreadablePayload("it has no 'matched'")

    endpoint = dataclasses.replace(inquiry.answered_by["jibit"].endpoint, read=read)
    return dataclasses.replace(inquiry, answered_by={"jibit": Answering(endpoint, lambda answer: (answer,))})


def test_an_unreadable_answer_is_held_and_not_paid_again(desk):
    desk.run(table([1]), Provider(otherwise=UNREADABLE))
    assert desk.estimate(table([1]), Provider()) == estimate(rows=1, held=1)
    again = desk.run(table([1]), Provider())
    assert (again.rows[1].status, again.run.totals.attempts) == ("unreadable", 0)


def test_what_a_later_version_can_read_becomes_an_answer_for_nothing(desk):
    earlier = unable(INQUIRY)
    assert desk.run(table([1]), Provider(inquiry=earlier), inquiry=earlier).statuses == {"unreadable": 1}
    later = Provider()
    played = desk.run(table([1]), later)
    assert (played.rows[1].status, played.rows[1].origin, played.rows[1].cells) == ("matched", "cached", (True,))
    assert (later.asked, played.cost_rial) == ([], 0)


# Who answered


CARDS = INQUIRIES["match_card"]
CARD = frame(("6037990000000006", national_code(1), "1370/01/15"), columns=("card", "national_code", "birth_date"))


def test_an_answer_to_another_birth_date_on_the_wire_is_no_answer(desk):
    jalali = Provider("paystar", inquiry=CARDS)
    gregorian = Provider("paystar", inquiry=CARDS, birth_calendar="gregorian")
    assert desk.run(CARD, jalali, inquiry=CARDS).statuses == {"matched": 1}
    assert desk.estimate(CARD, jalali, inquiry=CARDS).kept == 1
    assert desk.estimate(CARD, gregorian, inquiry=CARDS).to_ask == 1
    desk.run(CARD, gregorian, inquiry=CARDS)
    assert gregorian.asked == [1]
    assert desk.estimate(CARD, jalali, inquiry=CARDS).to_ask == 1


def test_an_answer_stands_whoever_is_asked_now(desk):
    desk.run(table([1, 2]), Provider("paystar", ends={2: NO}))
    jibit = Provider()
    played = desk.run(table([1, 2]), jibit)
    assert jibit.asked == []
    assert [(one.status, one.origin, one.provider) for one in played.rows.values()] == [
        ("matched", "cached", "paystar"),
        ("not_matched", "cached", "paystar"),
    ]


def test_an_answer_of_a_provider_that_this_release_does_not_know_is_refused(desk):
    desk.run(table([1]), Provider("paystar"))
    without = dataclasses.replace(INQUIRY, answered_by={"jibit": INQUIRY.answered_by["jibit"]})
    with pytest.raises(ConfigurationError, match="answer of paystar to match_mobile"):
        desk.estimate(table([1]), Provider(inquiry=without), inquiry=without)


def test_what_it_costs_is_the_dearest_that_can_happen(desk):
    jibit, paystar = Provider(price_rial=70), Provider("paystar", price_rial=50)
    for providers, each in ((jibit,), 70), ((jibit, paystar), 70), ((paystar, jibit), 120):
        assert desk.estimate(table([1, 2]), *providers).cost_rial == 2 * each
    assert desk.estimate(table([1]), jibit, Provider("paystar", price_rial=None)).cost_rial is None


def test_the_questions_of_one_inquiry_are_not_those_of_another(desk):
    desk.run(table([1]), Provider())
    sana = INQUIRIES["sana"]
    assert desk.estimate(table([1]), Provider(inquiry=sana), inquiry=sana).to_ask == 1


def test_what_was_asked_before_is_told_from_what_nobody_has_asked(desk):
    desk.run(table([1]), Provider(otherwise=LOST))
    with (
        closing(desk.journal()) as journal,
        closing(desk.plan(journal, Batches(table([1, 2, 2, 3]), 2), Provider(), retry_unknown=True)) as plan,
    ):
        found = [(one.leader, is_known) for one, is_known in plan.open_questions()]
    assert found == [(1, True), (2, False), (4, False)]


def test_questions_come_in_the_order_of_rows_or_by_blocks_in_that_of_their_hashes(desk):
    desk.run(table([3, 25]), Provider(otherwise=LOST))
    people = [*range(1, 31), 7, *range(31, 41)]
    with (
        closing(desk.journal()) as journal,
        closing(desk.plan(journal, Batches(table(people), 20), Provider(), retry_unknown=True)) as plan,
    ):
        by_rows = [(one.leader, one.ask.questions, is_known) for one, is_known in plan.open_questions()]
        by_hashes = [(one.leader, one.ask.questions, is_known) for one, is_known in plan.open_questions(in_order=False)]
    assert [leader for leader, _, _ in by_rows] == [*range(1, 31), *range(32, 42)]
    assert [leader for leader, _, is_known in by_rows if is_known] == [3, 25]
    blocks = [[one for one in by_rows if (one[0] - 1) // 20 == block] for block in range(3)]
    assert by_hashes == [one for block in blocks for one in sorted(block, key=lambda one: one[1])]
    assert by_hashes != by_rows


def test_an_identity_is_made_with_every_key_of_the_ring(desk):
    assert len(RING.fingerprints) == 1
    with closing(desk.journal()) as journal, closing(desk.plan(journal, table([1]), Provider())) as plan:
        ((one, _),) = plan.open_questions()
    assert one.ask.questions == (
        RING.question(journal.environment, INQUIRY.name, {"mobile": mobile(1), "national_code": national_code(1)}),
    )
    assert one.request(Provider().way).wire.keys() >= {"nationalCode"}
    assert Counter(map(len, one.ask.questions)) == {16: 1}


def test_a_question_is_freed_without_the_collector_of_cycles(desk):
    provider = Provider()
    with closing(desk.journal()) as journal, closing(desk.plan(journal, table([1, 2, 3]), provider)) as plan:
        gc.collect()
        gc.disable()
        try:
            wires = [one.ask.wire(provider.name) for one, _ in plan.open_questions()]
            left = [one for one in gc.get_objects() if type(one) is Question]
        finally:
            gc.enable()
    assert None not in wires
    assert len(wires) == 3
    assert not left


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize("leaders", [[], [1, 2, 4], [4, 1, 2], [2, 2]])
def test_questions_are_given_again_in_any_order(desk, size, leaders):
    with (
        closing(desk.journal()) as journal,
        closing(desk.plan(journal, Batches(table([7, 8, 7, 9]), size), Provider())) as plan,
    ):
        asks = {one.leader: (one.ask.questions, one.value("mobile")) for one, _ in plan.open_questions()}
        again = [(one.leader, (one.ask.questions, one.value("mobile"))) for one in plan.questions(leaders)]
    assert again == [(leader, asks[leader]) for leader in leaders]
