"""What the proof of the distributed night counts, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from airflow_provider_iranpay.sandbox.ledger import Ledger
from airflow_provider_iranpay.sandbox.world import World
from airflow_provider_iranpay.warehouse.journal.journal import Journal
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing
from airflow_provider_iranpay.warehouse.journal.records import Answer, Ask, Claim, Kind, Standing, Terms
from airflow_provider_iranpay.warehouse.journal.states import Event
from benchmarks.distributed.arrivals import Arrivals
from benchmarks.distributed.books import Books, read_books

CLOSED = Books(
    rows_in=10, statuses={"matched": 7, "unknown": 3}, spent=7, unknown=3, open=0, billed=9, billed_unknown=2,
    billed_again=0, strange=0,
)  # fmt: skip
SERVICE = "jibit.match_mobile"


def arriving(*times, service=SERVICE):
    clock = iter(times)
    arrivals = Arrivals(SERVICE, monotonic=lambda: next(clock))
    for _ in times:
        arrivals[service] += 1
    return arrivals


def test_books_that_close_have_no_fault():
    assert CLOSED.faults == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rows_in": 11}, "11 rows went in and 10 came out"),
        ({"billed": 10}, "10 calls were billed"),
        ({"strange": 1}, "1 calls were billed that the journal does not know"),
        ({"billed_again": 1}, "1 questions were billed again"),
        ({"open": 1}, "1 attempts are still open"),
    ],
)
def test_each_thing_that_does_not_close_is_said(changed, said):
    (fault,) = replace(CLOSED, **changed).faults
    assert said in fault


def test_the_three_books_are_read_from_where_they_are_kept(warehouse):
    ledger = told(warehouse, events={"a" * 32: Event.ANSWERED, "b" * 32: Event.SILENCE, "c" * 32: None},
                  billed=["a" * 32, "b" * 32, "d" * 32])  # fmt: skip
    books = read_books(warehouse.engine, ledger, source="people", target="answers")
    assert books == Books(
        rows_in=3, statuses={"matched": 2, "unknown": 1}, spent=1, unknown=1, open=1, billed=3, billed_unknown=1,
        billed_again=2, strange=1,
    )  # fmt: skip


def told(warehouse, *, events, billed):
    """Fill all three books; every billed call asks the same."""
    with warehouse.transaction() as connection:
        connection.execute(text("CREATE TABLE people (id integer)"))
        connection.execute(text("CREATE TABLE answers (status text)"))
        connection.execute(text("INSERT INTO people VALUES (1), (2), (3)"))
        connection.execute(text("INSERT INTO answers VALUES ('matched'), ('matched'), ('unknown')"))
    journal = Journal.open(warehouse, KeyRing({"k": b"k" * 32}), "sandbox")
    asks = {track_id: Ask((track_id[:16].encode(),), lambda _: None) for track_id in events}
    terms = Terms("match_mobile", "jibit", "jibit_default", 3_500)
    claims = [Claim(Standing(ask, Kind.FREE), terms, track_id) for track_id, ask in asks.items()]
    won = {attempt.claim.track_id: attempt for attempt in journal.commit(claims=claims).won}
    world = World()
    now = world.clock.now()
    journal.commit(
        answers=[
            Answer(key=won[track_id].key, ask=asks[track_id], event=event,
                   content=b"{}" if event is Event.ANSWERED else None, answered_at=now)
            for track_id, event in events.items()
            if event
        ]
    )  # fmt: skip
    ledger: Ledger = world.ledger
    for track_id in billed:
        ledger.bill(SERVICE, question="the same", track_id=track_id)
    return ledger


def test_the_busiest_span_may_begin_at_any_request():
    assert arriving(0.0, 0.9, 1.1, 1.2, 3.0).busiest(1.0) == 3
    assert arriving(0.0, 1.0, 2.0).busiest(1.0) == 1
    assert arriving(0.0, 1.0, 2.0).busiest(2.0) == 1


def test_the_usual_second_is_the_median_of_those_with_requests():
    assert arriving(0.1, 0.2, 0.3, 5.1, 9.1, 9.2).usual(0.0, 10.0) == 2
    assert arriving(0.1, 20.0).usual(1.0, 10.0) == 0


def test_free_calls_have_no_time_and_are_counted_all_the_same():
    arrivals = arriving(0.0, 1.0, service="jibit.generate_token")
    assert (list(arrivals.times), arrivals["jibit.generate_token"]) == ([], 2)
