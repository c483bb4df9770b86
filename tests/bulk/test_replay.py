"""Answers that are replayed many at a time come to what each of them comes to when it is looked up alone."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_iranpay.api.jibit import Jibit
from airflow_provider_iranpay.api.paystar import BirthCalendar, Paystar
from airflow_provider_iranpay.bulk import replay as module
from airflow_provider_iranpay.bulk.outcomes import Outcome, Status
from airflow_provider_iranpay.bulk.ways import Reader
from airflow_provider_iranpay.inquiries import INQUIRIES
from airflow_provider_iranpay.warehouse.engine import open_warehouse
from airflow_provider_iranpay.warehouse.journal.answers import Kept, Recalled
from airflow_provider_iranpay.warehouse.journal.journal import Journal
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing
from tests.bulk import playing
from tests.bulk.playing import LOST, NO, REFUSED, UNLISTED, UNREACHED, UNREADABLE, YES, Provider, Table, table

DAY = timedelta(days=1)
ENDS = [YES, YES, NO, REFUSED, LOST, UNREADABLE, UNLISTED, UNREACHED]
REST = Outcome(Status.NOT_SENT_STOPPED)
NEWER = KeyRing({"newer": b"n" * 32, "test": b"t" * 32})

APIS = {
    "jibit": [Jibit("", "")],
    "paystar": [Paystar(credentials={}, birth_calendar=calendar) for calendar in BirthCalendar],
}
VALUES = {
    "card": ["6037990000000006", "6219861000000000"],
    "iban": ["IR050170000000000000000001", "IR820540102680020817909002"],
    "national_code": ["0012345679", "4795397864"],
    "birth_date": ["13700115", "13991230"],
    "mobile": ["09121234567", "09350000000"],
    "bank": ["017", "012"],
    "account": ["0123456789", "1-2.3"],
    "postal_code": ["1234567891", "9876543211"],
    "fida_code": ["123456789012", "987654321098"],
    "code": ["10101234567", "14001234567"],
    "ref_num": ["abc123", "9"],
}
TEXTS = ["سارا نیک‌نام", "50% {name}", 'a "quoted" name', "back\\slash", "two\twords"]


def readers():
    for inquiry in INQUIRIES.values():
        for provider, answering in inquiry.answered_by.items():
            for api in APIS[provider]:
                yield pytest.param(inquiry, Reader(api=api, answering=answering), id=f"{inquiry.name}-{provider}")


@pytest.mark.parametrize(("inquiry", "reader"), list(readers()))
@given(data=st.data())
def test_requests_that_are_hashed_in_columns_have_the_hashes_of_each(inquiry, reader, data):
    names = [one.name for one in inquiry.inputs if not one.optional or data.draw(st.booleans())]
    count = data.draw(st.integers(1, 3))
    columns = {
        name: data.draw(st.lists(st.sampled_from(VALUES.get(name, TEXTS)), min_size=count, max_size=count))
        for name in names
    }
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    wires = reader.wires(columns)
    assert wires is None or wires == [reader.wire(reader.request(row), row) for row in rows]


@pytest.mark.parametrize("inquiry", [one for one in INQUIRIES.values() if "paystar" in one.answered_by])
@given(data=st.data())
def test_requests_of_one_question_have_one_hash_where_they_are_the_same_to_the_letter(inquiry, data):
    answering = inquiry.answered_by["paystar"]
    inputs = {one.name: data.draw(st.sampled_from(VALUES.get(one.name, TEXTS))) for one in inquiry.inputs}
    mine, others = [Reader(api=api, answering=answering) for api in APIS["paystar"]]
    wires = [reader.wire(reader.request(inputs), inputs) for reader in (mine, others)]
    requests = [reader.api.exact(reader.request(inputs)) for reader in (mine, others)]
    assert (wires[0] == wires[1]) == (requests[0] == requests[1])


@pytest.mark.parametrize(
    ("name", "provider"), [("match_card", "jibit"), ("match_mobile", "paystar"), ("card_to_iban", "jibit")]
)
def test_what_is_asked_for_most_is_hashed_in_columns(name, provider):
    inquiry = INQUIRIES[name]
    reader = Reader(api=APIS[provider][0], answering=inquiry.answered_by[provider])
    assert reader.wires({one.name: VALUES[one.name] for one in inquiry.inputs}) is not None


def test_birth_dates_of_another_calendar_and_rows_that_lack_a_value_have_no_short_way():
    answering = INQUIRIES["match_card"].answered_by["paystar"]
    inputs = {name: VALUES[name] for name in ("card", "national_code", "birth_date")}
    assert Reader(api=APIS["paystar"][0], answering=answering).wires(inputs) is not None
    assert Reader(api=APIS["paystar"][1], answering=answering).wires(inputs) is None
    lacking = {**inputs, "card": [VALUES["card"][0], None]}
    assert Reader(api=APIS["paystar"][0], answering=answering).wires(lacking) is None


def one_by_one(monkeypatch):
    """Leave every question that was ever asked to be looked up alone."""
    recall = Journal.recall

    def nothing_kept(journal, hashes, freshness, read):
        def forget(found):
            read(Recalled([], [*found.others, *(question for kept in found.kept for question in kept.questions)]))

        recall(journal, hashes, freshness, forget)

    monkeypatch.setattr(Journal, "recall", nothing_kept)


def planned(desk, people, provider, keys, **how):
    """The estimate of a plan, and what each row came to."""
    with (
        closing(Journal.open(desk.warehouse, keys, playing.ENVIRONMENT, lease=playing.LEASE)) as journal,
        closing(desk.plan(journal, table(people), provider, **how)) as plan,
    ):
        return plan.estimate, playing.results_of(plan, REST), [asked.leader for asked, _ in plan.open_questions()]


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    ends=st.lists(st.sampled_from(ENDS), min_size=1, max_size=8),
    again=st.lists(st.sampled_from(ENDS), max_size=4),
    names=st.tuples(st.sampled_from(["jibit", "paystar"]), st.sampled_from(["jibit", "paystar"])),
    later=st.sampled_from([timedelta(0), 2 * DAY, 40 * DAY]),
    rotates=st.booleans(),
    together=st.sampled_from([1, 3, 100]),
)
def test_a_replay_comes_to_what_looking_up_each_question_comes_to(
    tmp_path_factory, ends, again, names, later, rotates, together
):
    """Whatever became of the questions, once or twice, at whichever provider, under an old key or the newest one."""
    with (
        open_warehouse(f"sqlite:///{tmp_path_factory.mktemp('replay')}/warehouse.db") as warehouse,
        pytest.MonkeyPatch.context() as monkeypatch,
    ):
        desk = Table(warehouse)
        for some in (ends, again):
            desk.run(
                table(range(1, len(some) + 1)), Provider(names[0], ends=dict(enumerate(some, 1))), retry_unknown=True
            )
        keys = playing.RING
        if rotates:
            with closing(desk.journal()) as journal:
                journal.rotate(NEWER)
            keys = NEWER
        monkeypatch.setattr("airflow_provider_iranpay.warehouse.journal.statements._FETCHED_TOGETHER", together)
        people, provider = [*range(1, 11), 1, 2], Provider(names[1])
        how = {"as_of": datetime.now(UTC) + later}
        # Twice: what is found under an old key has moved to the newest one by then.
        replayed = [planned(desk, people, provider, keys, **how) for _ in range(2)]
        one_by_one(monkeypatch)
        alone = planned(desk, people, provider, keys, **how)
        assert replayed == [alone, alone]


def test_answers_that_are_the_same_to_the_letter_are_read_once(desk, monkeypatch):
    desk.run(table(range(1, 9)), Provider(ends={2: NO, 5: NO}))
    reread, read = module.reread, []
    monkeypatch.setattr(module, "reread", lambda *what: read.append(what) or reread(*what))
    estimate, rows, _ = planned(desk, range(1, 9), Provider(), playing.RING)
    assert estimate.kept == 8
    assert [row.status for _, row in rows] == ["matched" if key not in (2, 5) else "not_matched" for key in range(1, 9)]
    assert len(read) == 2


def test_an_answer_that_names_its_question_is_held_against_each_question():
    """Two cards have one answer to the letter: it is the answer of the one that it names."""
    inquiry = INQUIRIES["card_to_account"]
    reader = Reader(api=APIS["jibit"][0], answering=inquiry.answered_by["jibit"])
    cards = VALUES["card"]
    body = f'{{"number": "{cards[0]}", "depositInfo": {{"depositNumber": "1"}}}}'.encode()
    replay = module.Replay(inquiry, lambda: {"card": cards}, lambda _: reader, negative_since=datetime.now(UTC))
    wires = reader.wires({"card": cards})
    questions, content = [b"1", b"2"], (200).to_bytes(2, "big") + body
    kept = Kept("jibit", questions, ["t"] * 2, [datetime.now(UTC)] * 2, wires, [content] * 2)
    outcomes, left = replay.outcomes({b"1": 0, b"2": 1}, kept)
    assert ([(row, outcome.status) for row, outcome in outcomes.items()], left) == ([(0, "ok")], [1])


def test_the_answer_to_another_request_is_left_alone():
    """An account that reads birth dates in another calendar asks another thing with the same inputs."""
    inquiry = INQUIRIES["match_card"]
    jalali, gregorian = [Reader(api=api, answering=inquiry.answered_by["paystar"]) for api in APIS["paystar"]]
    inputs = {name: VALUES[name] for name in ("card", "national_code", "birth_date")}
    rows = [{name: column[row] for name, column in inputs.items()} for row in range(2)]
    assert jalali.wires(inputs) == [jalali.wire(jalali.request(row), row) for row in rows]
    others = [gregorian.wire(gregorian.request(row), row) for row in rows]
    replay = module.Replay(inquiry, lambda: inputs, lambda _: jalali, negative_since=datetime.now(UTC))
    yes = (200).to_bytes(2, "big") + b'{"status": "ok", "data": {"is_matched": true}}'
    kept = Kept("paystar", [b"1", b"2"], ["t"] * 2, [datetime.now(UTC)] * 2, others, [yes] * 2)
    assert replay.outcomes({b"1": 0, b"2": 1}, kept) == ({}, [0, 1])


def test_what_was_kept_is_not_shown():
    kept = Kept("jibit", [b"secret"], ["secret"], [datetime.now(UTC)], [b"secret"], [b"secret"])
    assert "secret" not in repr(Recalled([kept], [b"secret"]))
