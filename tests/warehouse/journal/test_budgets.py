"""Budgets: what fits, what is refused, and that the counter is the sum of the attempts."""

from __future__ import annotations

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from airflow_provider_iranpay.exceptions import ConfigurationError, SumsDoNotClose
from airflow_provider_iranpay.warehouse.journal import tables
from airflow_provider_iranpay.warehouse.journal.records import Kind
from airflow_provider_iranpay.warehouse.journal.states import Event
from tests.warehouse.journal.playing import claim


def balance(journal):
    found = journal.check("night")
    return found.spent_rial, found.reserved_rial


def test_what_does_not_fit_is_not_claimed_and_stays_free(desk):
    one = desk.worker()
    one.open_budget("night", 25)
    done = desk.claim(one, "first", "second", "third", budget="night")
    assert (len(done.won), len(done.over_budget)) == (2, 1)
    assert [found.kind for found in desk.look(one, "third")] == [Kind.FREE]


def test_a_cheaper_one_behind_it_still_fits(desk):
    one = desk.worker()
    one.open_budget("night", 15)
    prices = zip(desk.look(one, "first", "second", "third"), (10, 10, 5), strict=True)
    done = one.commit(claims=[claim(found, price) for found, price in prices], budget="night")
    assert [attempt.claim.terms.price_rial for attempt in done.won] == [10, 5]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Event.ANSWERED, (10, 0)),
        (Event.REJECTED, (10, 0)),
        (Event.UNREADABLE, (10, 0)),
        (Event.REJECTED_FREE, (0, 0)),
        (Event.NOT_SENT, (0, 0)),
        (Event.SILENCE, (0, 10)),
    ],
)
def test_an_end_settles_or_releases_what_was_reserved(desk, event, expected):
    one = desk.worker()
    one.open_budget("night", 10)
    attempt = desk.claimed(one, "card", budget="night")
    one.commit(answers=[desk.answer(attempt, event)])
    assert balance(one) == expected


def test_what_an_answer_releases_can_be_claimed_in_the_same_commit(desk):
    one = desk.worker()
    one.open_budget("night", 10)
    attempt = desk.claimed(one, "first", budget="night")
    claims = [claim(found) for found in desk.look(one, "second")]
    done = one.commit(answers=[desk.answer(attempt, Event.NOT_SENT)], claims=claims, budget="night")
    assert len(done.won) == 1


def test_a_budget_holds_only_what_has_a_price(desk):
    one = desk.worker()
    one.open_budget("night", 10)
    with pytest.raises(ConfigurationError, match="price"):
        desk.claim(one, "card", price_rial=None, budget="night")
    assert desk.claimed(one, "card", price_rial=None)


def test_all_workers_share_a_budget(desk):
    one, other = desk.worker(), desk.worker()
    one.open_budget("night", 15)
    other.open_budget("night", 15)
    desk.claimed(one, "first", budget="night")
    assert desk.claim(other, "second", budget="night").won == []


def test_a_cap_is_raised_and_not_put_under_what_is_taken(desk):
    one = desk.worker()
    one.open_budget("night", 10)
    desk.claimed(one, "card", budget="night")
    with pytest.raises(ConfigurationError, match="10 Rial spent or reserved"):
        one.open_budget("night", 9)
    assert one.open_budget("night", 30).room_rial == 20


def test_a_counter_that_is_not_the_sum_of_its_attempts_is_refused(desk, warehouse):
    one = desk.worker()
    one.open_budget("night", 100)
    desk.claimed(one, "card", budget="night")
    with warehouse.transaction() as connection:
        connection.execute(update(tables.budget).values(reserved_rial=0))
    with pytest.raises(SumsDoNotClose, match="10"):
        one.open_budget("night", 100)


def test_the_database_itself_keeps_the_cap(desk, warehouse):
    desk.worker().open_budget("night", 100)
    with pytest.raises(IntegrityError), warehouse.transaction() as connection:
        connection.execute(update(tables.budget).values(reserved_rial=101))
