"""Claims and answers: who may ask, what is kept, what is asked again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec import structs
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from airflow_provider_iranpay.exceptions import ConfigurationError, LeaseLost, TransitionRefused
from airflow_provider_iranpay.warehouse.journal import tables
from airflow_provider_iranpay.warehouse.journal.records import Answer, Ask, Kind
from airflow_provider_iranpay.warehouse.journal.states import Event, State
from tests.warehouse.journal.playing import LEASE, MONTH, STALE, ask, claim

SECOND = timedelta(seconds=1)


def kinds(found):
    return [one.kind for one in found]


def test_a_question_that_nobody_asked_is_free(desk):
    assert kinds(desk.look(desk.worker(), "card")) == [Kind.FREE]


def test_an_answer_is_replayed_to_everybody(desk):
    one, other = desk.worker(), desk.worker()
    one.commit(answers=[desk.answer(desk.claimed(one, "card"))])
    (found,) = desk.look(other, "card")
    assert (found.kind, found.answer, found.cost_rial) == (Kind.KEPT, b"its answer", 10)


def test_an_answer_of_another_environment_never_counts(desk):
    real, sandbox = desk.worker(), desk.worker(environment="http://localhost:8000")
    sandbox.commit(answers=[desk.answer(desk.claimed(sandbox, "card"))])
    assert kinds(desk.look(real, "card")) == [Kind.FREE]


def test_an_answer_counts_to_the_last_moment_of_its_age(desk):
    one = desk.worker()
    one.commit(answers=[desk.answer(desk.claimed(one, "card"))])
    desk.clock.pass_(MONTH)
    assert kinds(desk.look(one, "card")) == [Kind.KEPT]
    desk.clock.pass_(SECOND)
    assert kinds(desk.look(one, "card")) == [Kind.FREE]


def test_a_run_that_is_cleared_replays_what_was_fresh_when_it_first_ran(desk):
    one = desk.worker()
    freshness = desk.fresh(max_age=SECOND)
    one.commit(answers=[desk.answer(desk.claimed(one, "card"))])
    desk.clock.pass_(12 * MONTH)
    assert kinds(one.look_up([ask(one, "card")], freshness)) == [Kind.KEPT]


def test_a_request_that_would_look_different_today_is_another_question_to_the_wire(desk):
    one = desk.worker()
    one.commit(answers=[desk.answer(desk.claimed(one, "card"))])
    assert kinds(desk.look(one, "card", wire=b"corrected")) == [Kind.FREE]


def test_the_request_is_made_only_for_a_fresh_answer_and_for_the_provider_that_gave_it(desk):
    one = desk.worker()
    one.commit(answers=[desk.answer(desk.claimed(one, "kept"))])
    one.commit(answers=[desk.answer(desk.claimed(one, "failed"), Event.NOT_SENT)])
    asked = []
    one.look_up([Ask(ask(one, name).questions, asked.append) for name in ("kept", "failed", "new")], desk.fresh())
    assert asked == ["jibit"]


@pytest.mark.parametrize(("then", "today"), [(None, b"wire"), (b"wire", None)])
def test_a_request_that_cannot_be_compared_does_not_make_an_answer_useless(desk, then, today):
    one = desk.worker()
    one.commit(answers=[desk.answer(desk.claimed(one, "card"), wire=then)])
    assert kinds(desk.look(one, "card", wire=today)) == [Kind.KEPT]


def test_a_standing_names_who_was_asked_last(desk):
    one = desk.worker()
    desk.claimed(one, "card")
    (found,) = desk.look(one, "card")
    assert (found.provider, found.account, found.track_id) == ("jibit", "shop", "invented")


@pytest.mark.parametrize(("event", "cost"), [(Event.REJECTED, 10), (Event.REJECTED_FREE, 0)])
def test_a_rejection_without_content_is_paid_for_and_free_at_once(desk, event, cost):
    one = desk.worker()
    attempt = desk.claimed(one, "card")
    assert one.commit(answers=[desk.answer(attempt, event, content=None)]).refused == []
    (found,) = desk.look(one, "card")
    assert (found.kind, found.state, found.cost_rial) == (Kind.FREE, State.REJECTED, cost)
    assert one.prune(before=desk.clock.now + SECOND, reconciled_until=desk.clock.now + SECOND) == 0
    assert desk.claimed(one, "card")


@pytest.mark.parametrize("event", [Event.ANSWERED, Event.UNREADABLE])
def test_an_answer_without_content_is_no_answer(desk, event):
    one = desk.worker()
    attempt = desk.claimed(one, "card")
    with pytest.raises(ValueError, match="has content"):
        one.commit(answers=[desk.answer(attempt, event, content=None)])


@pytest.mark.parametrize(
    ("event", "content"), [(Event.REJECTED, b"no"), (Event.REJECTED_FREE, None), (Event.NOT_SENT, None)]
)
@pytest.mark.parametrize("together", [True, False])
def test_a_second_provider_is_asked_under_the_claim_of_the_first(desk, event, content, together):
    one = desk.worker()
    first = desk.claimed(one, "card")
    failed = [desk.answer(first, event, content=content)]
    second = structs.replace(claim(first.claim.standing, provider="paystar", after=first.key), track_id="second")
    if not together:
        one.commit(answers=failed)
    (attempt,) = one.commit(answers=failed if together else [], claims=[second]).won
    one.commit(answers=[desk.answer(attempt)])
    (found,) = desk.look(one, "card")
    assert (found.kind, found.provider) == (Kind.KEPT, "paystar")
    found = []
    one.recall(ask(one, "card").questions, desk.fresh(), found.append)
    (((kept,), _),) = found
    assert (kept.provider, *kept.track_ids, *kept.contents) == ("paystar", "second", b"its answer")


@pytest.mark.parametrize("event", [None, Event.SILENCE, Event.ANSWERED, Event.UNREADABLE])
def test_a_second_provider_is_not_asked_where_the_first_may_have_answered(desk, event):
    one = desk.worker()
    first = desk.claimed(one, "card")
    answers = [desk.answer(first, event)] if event else []
    done = one.commit(answers=answers, claims=[claim(first.claim.standing, after=first.key)])
    assert (done.won, len(done.lost)) == ([], 1)


def test_a_second_provider_is_not_asked_where_somebody_else_was_quicker(desk):
    one, other = desk.worker(), desk.worker()
    first = desk.claimed(one, "card")
    one.commit(answers=[desk.answer(first, Event.NOT_SENT)])
    desk.claimed(other, "card")
    done = one.commit(claims=[claim(first.claim.standing, after=first.key)])
    assert (done.won, [lost.state for lost in done.lost]) == ([], [State.CLAIMED])


def test_a_claim_after_another_one_that_is_won_in_a_commit_whose_reply_is_lost_is_won_once(desk):
    one = desk.worker()
    one.open_budget("night", 10)
    first = desk.claimed(one, "card", budget="night")
    desk.warehouse.lose = 1
    done = one.commit(
        answers=[desk.answer(first, Event.NOT_SENT)],
        claims=[claim(first.claim.standing, after=first.key)],
        budget="night",
    )
    assert (len(done.won), one.check("night").reserved_rial) == (1, 10)


def test_a_claim_keeps_others_away_and_tells_them_until_when(desk):
    one, other = desk.worker(), desk.worker()
    desk.claimed(one, "card")
    (found,) = desk.look(other, "card")
    assert (found.kind, found.busy_until) == (Kind.BUSY, desk.clock.now + LEASE.length)


def test_of_two_that_saw_a_question_free_one_wins(desk):
    one, other = desk.worker(), desk.worker()
    seen = [claim(found) for found in desk.look(other, "card")]
    desk.claimed(one, "card")
    done = other.commit(claims=seen)
    assert (done.won, [(lost.state, lost.until) for lost in done.lost]) == (
        [],
        [(State.CLAIMED, desk.clock.now + LEASE.length)],
    )


def test_of_two_claims_for_one_question_in_a_group_one_wins(desk):
    one = desk.worker()
    done = one.commit(claims=[claim(found) for found in desk.look(one, "card", "card")])
    assert (len(done.won), len(done.lost)) == (1, 1)


def test_only_a_free_question_can_be_claimed(desk):
    one = desk.worker()
    desk.claimed(one, "card")
    with pytest.raises(ValueError, match="free"):
        desk.claim(one, "card")


def test_answers_and_claims_of_a_group_are_one_transaction(desk):
    one = desk.worker()
    attempt = desk.claimed(one, "first")
    with pytest.raises(ConfigurationError, match="no budget 'absent'"):
        one.commit(answers=[desk.answer(attempt)], claims=map_claims(desk, one, "second"), budget="absent")
    assert kinds(desk.look(one, "first", "second")) == [Kind.BUSY, Kind.FREE]


def map_claims(desk, journal, *names):
    return [claim(found) for found in desk.look(journal, *names)]


def test_a_commit_whose_reply_is_lost_is_done_once(desk):
    one = desk.worker()
    one.open_budget("night", 100)
    desk.warehouse.lose = 1
    attempt = desk.claimed(one, "card", budget="night")
    desk.warehouse.lose = 1
    assert one.commit(answers=[desk.answer(attempt)]).refused == []
    assert (one.check("night").spent_rial, one.check("night").reserved_rial) == (10, 0)


def test_a_database_that_stays_away_is_reported(desk):
    one = desk.worker()
    desk.warehouse.lose = 10
    with pytest.raises(OperationalError):
        one.renew()


def test_what_was_proved_not_sent_is_free_again(desk):
    one = desk.worker()
    one.commit(answers=[desk.answer(desk.claimed(one, "card"), Event.NOT_SENT)])
    assert desk.claimed(one, "card")


def test_an_answer_that_cannot_be_read_is_kept_and_read_later_for_nothing(desk):
    one, later = desk.worker(), desk.worker()
    one.commit(answers=[desk.answer(desk.claimed(one, "card"), Event.UNREADABLE, b"garbled")])
    (found,) = desk.look(later, "card")
    assert (found.kind, found.answer) == (Kind.UNREADABLE, b"garbled")
    read = Answer(found.attempt, found.ask, Event.ANSWERED, content=b"read", answered_at=found.answered_at)
    assert later.commit(answers=[read]).refused == []
    (found,) = desk.look(later, "card")
    assert (found.kind, found.answer, found.cost_rial) == (Kind.KEPT, b"read", 10)


def test_a_question_that_is_only_held_needs_its_intent_before_it_is_sent(desk):
    one = desk.worker()
    (found,) = desk.look(one, "card")
    (held,) = one.commit(claims=[claim(found, intent=False)]).won
    assert one.commit(answers=[desk.answer(held)]).refused != []
    assert one.commit(answers=[desk.answer(held, Event.CLAIM)]).refused == []
    assert one.commit(answers=[desk.answer(held)]).refused == []


def test_an_unknown_is_held(desk):
    one = desk.worker()
    one.commit(answers=[desk.answer(desk.claimed(one, "card"), Event.SILENCE)])
    desk.clock.pass_(12 * MONTH)
    assert kinds(desk.look(one, "card")) == [Kind.UNKNOWN]


def test_an_unknown_is_retried_once_in_a_freshness_period_by_all_workers_together(desk):
    one, other = desk.worker(), desk.worker()
    one.commit(answers=[desk.answer(desk.claimed(one, "card"), Event.SILENCE)])
    again = desk.claimed(other, "card", retry_unknown=True)
    other.commit(answers=[desk.answer(again, Event.SILENCE)])
    assert kinds(desk.look(one, "card", retry_unknown=True)) == [Kind.UNKNOWN]
    desk.clock.pass_(MONTH + SECOND)
    assert kinds(desk.look(one, "card", retry_unknown=True)) == [Kind.FREE]


def test_the_late_answer_of_an_attempt_is_shown_though_the_question_was_asked_again(desk):
    one, other = desk.worker(), desk.worker()
    first = desk.claimed(one, "card")
    one.commit(answers=[desk.answer(first, Event.SILENCE)])
    desk.claimed(other, "card", retry_unknown=True)
    one.commit(answers=[desk.answer(first)])
    assert kinds(desk.look(other, "card")) == [Kind.KEPT]


def test_of_two_answers_the_question_shows_the_newer_one(desk):
    one, other = desk.worker(), desk.worker()
    first = desk.claimed(one, "card")
    heard_first = desk.answer(first, content=b"older")
    one.commit(answers=[desk.answer(first, Event.SILENCE)])
    desk.clock.pass_(SECOND)
    second = desk.claimed(other, "card", retry_unknown=True)
    other.commit(answers=[desk.answer(second, content=b"newer")])
    one.commit(answers=[heard_first])
    assert [found.answer for found in desk.look(other, "card")] == [b"newer"]


def test_a_retry_is_lost_to_a_late_answer(desk):
    one, other = desk.worker(), desk.worker()
    attempt = desk.claimed(one, "card")
    one.commit(answers=[desk.answer(attempt, Event.SILENCE)])
    retry = [claim(found) for found in desk.look(other, "card", retry_unknown=True)]
    one.commit(answers=[desk.answer(attempt)])
    done = other.commit(claims=retry)
    assert (done.won, [lost.state for lost in done.lost]) == ([], [State.ANSWERED])


@pytest.mark.parametrize(("paid", "cost"), [(True, 10), (False, 0)])
def test_a_person_resolves_an_unknown_even_if_the_reply_is_lost(desk, paid, cost):
    one = desk.worker()
    one.commit(answers=[desk.answer(desk.claimed(one, "card"), Event.SILENCE)])
    (unknown,) = one.unknown()
    desk.warehouse.lose = 1
    one.resolve(unknown.attempt, paid=paid)
    (found,) = desk.look(one, "card")
    assert (found.kind, found.cost_rial, one.unknown()) == (Kind.FREE, cost, [])


def test_only_an_unknown_is_resolved(desk):
    one = desk.worker()
    attempt = desk.claimed(one, "card")
    with pytest.raises(TransitionRefused):
        one.resolve(attempt.key, paid=True)
    with pytest.raises(TransitionRefused, match="no such attempt"):
        desk.worker(environment="http://localhost:1").resolve(attempt.key, paid=True)


def test_pruning_leaves_a_tombstone_that_is_asked_again_only_by_a_switch(desk):
    one = desk.worker()
    one.commit(answers=[desk.answer(desk.claimed(one, "card"))])
    assert one.prune(before=desk.clock.now + SECOND, reconciled_until=desk.clock.now + SECOND) == 1
    (found,) = desk.look(one, "card")
    assert (found.kind, found.answer, found.cost_rial, found.answered_at) == (Kind.PRUNED, None, 10, desk.clock.now)
    assert kinds(desk.look(one, "card", ask_pruned=True)) == [Kind.FREE]


def test_what_is_not_reconciled_or_moves_money_is_not_pruned(desk):
    one = desk.worker()
    found = desk.look(one, "payout", "inquiry")
    won = one.commit(claims=[claim(found[0], moves_money=True), claim(found[1])]).won
    one.commit(answers=[desk.answer(attempt) for attempt in won])
    later = desk.clock.now + SECOND
    assert one.prune(before=later, reconciled_until=desk.clock.now) == 0
    assert one.prune(before=later, reconciled_until=later) == 1
    assert kinds(desk.look(one, "payout")) == [Kind.KEPT]


def test_a_lease_that_is_just_over_is_still_respected(desk):
    one, other = desk.worker(), desk.worker()
    desk.claimed(one, "card")
    desk.clock.pass_(STALE)
    assert (kinds(desk.look(other, "card")), other.recover()) == ([Kind.BUSY], 0)


def test_what_a_lost_worker_may_have_sent_is_unknown_and_what_it_only_held_is_free(desk):
    one, other = desk.worker(), desk.worker()
    desk.claimed(one, "sent")
    one.commit(claims=[claim(found, intent=False) for found in desk.look(one, "held")])
    desk.clock.pass_(STALE + SECOND)
    assert kinds(desk.look(other, "sent", "held")) == [Kind.STALE, Kind.STALE]
    assert other.recover() == 2
    assert kinds(desk.look(other, "sent", "held")) == [Kind.UNKNOWN, Kind.FREE]


def test_a_worker_that_wakes_up_after_its_recovery_still_brings_its_answer(desk):
    one, other = desk.worker(), desk.worker()
    attempt = desk.claimed(one, "card")
    desk.clock.pass_(STALE + SECOND)
    other.recover()
    assert one.commit(answers=[desk.answer(attempt)]).refused == []
    assert kinds(desk.look(other, "card")) == [Kind.KEPT]


def test_a_lease_that_is_renewed_is_never_stale(desk):
    one, other = desk.worker(), desk.worker()
    desk.claimed(one, "card")
    for _ in range(5):
        desk.clock.pass_(LEASE.length)
        one.renew()
    assert (other.recover(), kinds(desk.look(other, "card"))) == (0, [Kind.BUSY])


def test_nothing_is_sent_that_could_end_after_the_lease(desk):
    one = desk.worker()
    desk.clock.pass_(LEASE.length / 3)
    assert (one.may_send, one.should_renew) == (True, True)
    desk.clock.pass_(SECOND)
    assert not one.may_send
    one.renew()
    assert (one.may_send, one.should_renew) == (True, False)


def assert_lapsed(desk, one, attempt):
    """It settles what it has sent, and claims nothing more."""
    with pytest.raises(LeaseLost, match="answers are kept"):
        one.commit(answers=[desk.answer(attempt)], claims=map_claims(desk, one, "next"))
    one.renew()
    assert (one.lapsed, one.may_send) == (True, False)
    assert kinds(desk.look(desk.worker(), "card", "next")) == [Kind.KEPT, Kind.FREE]
    assert one.commit().refused == []


def test_a_lease_that_ended_before_it_was_renewed_is_lost_for_ever(desk):
    one = desk.worker()
    attempt = desk.claimed(one, "card")
    desk.clock.pass_(LEASE.length)
    assert not one.lapsed
    desk.clock.pass_(SECOND)
    assert one.lapsed
    one.renew()
    assert_lapsed(desk, one, attempt)


def test_a_lease_that_the_database_found_stale_is_lost_though_the_own_clock_stood_still(desk):
    one = desk.worker()
    attempt = desk.claimed(one, "card")
    one._monotonic = lambda: 0.0
    desk.clock.pass_(STALE + SECOND)
    assert not one.lapsed
    assert_lapsed(desk, one, attempt)


def test_a_lease_that_somebody_has_ended_is_lost_at_the_next_renewal(desk):
    one, other = desk.worker(), desk.worker()
    attempt = desk.claimed(one, "card")
    one._monotonic = lambda: 0.0
    desk.clock.pass_(STALE + SECOND)
    assert other.recover() == 1
    one.renew()
    assert_lapsed(desk, one, attempt)


def test_a_worker_that_lapsed_is_still_told_what_it_wrote_if_the_reply_is_lost(desk):
    one = desk.worker()
    attempt = desk.claimed(one, "card")
    desk.clock.pass_(LEASE.length + SECOND)
    desk.warehouse.lose = 1
    assert_lapsed(desk, one, attempt)


def test_the_lease_of_a_worker_that_lapsed_is_not_prolonged(desk):
    one, other = desk.worker(), desk.worker()
    desk.claimed(one, "card")
    desk.clock.pass_(LEASE.length + SECOND)
    one.renew()
    desk.clock.pass_(STALE - LEASE.length)
    assert other.recover() == 1


def test_a_worker_that_leaves_nothing_open_gives_its_lease_back(desk):
    one, other = desk.worker(), desk.worker()
    desk.claimed(other, "card")
    one.close()
    other.close()
    with desk.warehouse.engine.connect() as connection:
        ended = dict(connection.execute(select(tables.worker.c.worker, tables.worker.c.ended)).all())
    assert not one.may_send
    assert ended == {one._worker: True, other._worker: False}
