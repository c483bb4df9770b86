"""Which key ring a journal takes, and how it gets another one."""

from __future__ import annotations

import pytest

from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.warehouse.journal import rings
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing
from airflow_provider_iranpay.warehouse.journal.records import Kind
from tests.warehouse.journal.playing import NEW_RING, RING, claim

OTHER = KeyRing({"old": b"x" * 32})
NEW_ALONE = KeyRing({"new": b"n" * 32})


@pytest.mark.parametrize("ring", [OTHER, NEW_RING, NEW_ALONE])
def test_a_ring_that_the_journal_does_not_know_is_refused(desk, ring):
    desk.worker()
    with pytest.raises(ConfigurationError, match="does not know this key ring"):
        desk.worker(ring)


def test_the_refusal_says_what_the_other_ring_would_cost(desk):
    one = desk.worker()
    desk.claim(one, "first", "second", price_rial=1500)
    with pytest.raises(ConfigurationError, match="2 questions that have cost 3,000 Rial would not be found"):
        desk.worker(NEW_ALONE)


def test_after_a_rotation_old_answers_are_found_and_move_to_the_new_key(desk):
    one = desk.worker()
    one.commit(answers=[desk.answer(desk.claimed(one, "card"))])
    one.rotate(NEW_RING)
    other = desk.worker(NEW_RING)
    assert [found.answer for found in desk.look(other, "card")] == [b"its answer"]
    other.rotate(NEW_ALONE)
    assert [found.answer for found in desk.look(desk.worker(NEW_ALONE), "card")] == [b"its answer"]


def test_a_key_that_questions_still_need_is_not_dropped(desk):
    one = desk.worker()
    desk.claimed(one, "card")
    with pytest.raises(ConfigurationError, match="lacks old: 1 questions that have cost 10 Rial"):
        one.rotate(NEW_ALONE)
    assert [found.kind for found in desk.look(one, "card")] == [Kind.BUSY]


@pytest.mark.parametrize("by_itself", [True, False])
def test_a_worker_with_the_old_ring_settles_and_claims_nothing_more(desk, by_itself):
    one = desk.worker()
    rotating = one if by_itself else desk.worker()
    attempt = desk.claimed(one, "first")
    claims = [claim(found) for found in desk.look(one, "second")]
    rotating.rotate(NEW_RING)
    with pytest.raises(ConfigurationError, match="was replaced"):
        one.commit(answers=[desk.answer(attempt)], claims=claims)
    assert [found.kind for found in desk.look(desk.worker(NEW_RING), "first", "second")] == [Kind.KEPT, Kind.FREE]


def test_a_rotation_whose_reply_is_lost_is_done(desk):
    one = desk.worker()
    desk.warehouse.lose = 1
    one.rotate(NEW_RING)
    assert desk.worker(NEW_RING)


def test_only_the_known_ring_is_replaced(desk):
    one, other = desk.worker(), desk.worker()
    one.rotate(NEW_RING)
    with pytest.raises(ConfigurationError, match="to be replaced"):
        other.rotate(OTHER)


def test_lost_keys_are_given_up_by_their_names_and_their_questions_are_asked_again(desk, warehouse):
    one = desk.worker()
    one.commit(answers=[desk.answer(desk.claimed(one, "card"))])
    with warehouse.transaction() as connection:
        assert rings.loss(connection, "real", NEW_ALONE) == rings.Loss(("old",), 1, 10)
        assert rings.give_up(connection, "real", NEW_ALONE, ["old"]) == rings.Loss(("old",), 1, 10)
    other = desk.worker(NEW_ALONE)
    assert [found.kind for found in desk.look(other, "card")] == [Kind.FREE]
    assert desk.claimed(other, "card")
    with warehouse.transaction() as connection:
        assert rings.loss(connection, "real", NEW_ALONE) == rings.Loss((), 0, 0)


@pytest.mark.parametrize(
    ("ring", "named", "problem"),
    [
        (NEW_ALONE, [], "lacks old of those"),
        (NEW_ALONE, ["old", "older"], "given up are old, older"),
        (NEW_RING, ["old"], "lacks none"),
        (OTHER, ["old"], "the id of one that is lost, old"),
    ],
)
def test_exactly_the_lost_keys_are_given_up(desk, warehouse, ring, named, problem):
    one = desk.worker()
    desk.claimed(one, "card")
    with pytest.raises(ConfigurationError, match=problem), warehouse.transaction() as connection:
        rings.give_up(connection, "real", ring, named)
    assert desk.worker()


def test_each_environment_has_a_ring_of_its_own(desk):
    desk.worker(RING)
    assert desk.worker(OTHER, environment="http://localhost:8000")
