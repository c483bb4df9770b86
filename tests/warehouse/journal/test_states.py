"""The table of states, over every state and every event."""

from __future__ import annotations

from itertools import product

import pytest

from airflow_provider_iranpay.exceptions import TransitionRefused
from airflow_provider_iranpay.warehouse.journal.states import (
    OPEN,
    REPLACED,
    TRANSITIONS,
    Event,
    Money,
    State,
    step,
)

RESERVED = {State.HELD, State.CLAIMED, State.UNKNOWN}
BY_A_PERSON = {Event.RESOLVED_PAID, Event.RESOLVED_NOT_PAID}


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_an_event_that_the_table_does_not_list_is_refused(state, event):
    if (state, event) in TRANSITIONS:
        assert step(state, event) == TRANSITIONS[state, event]
    else:
        with pytest.raises(TransitionRefused, match=f"{state} does not take {event}"):
            step(state, event)


@pytest.mark.parametrize(("state", "event"), TRANSITIONS)
def test_money_is_reserved_exactly_while_an_attempt_may_still_cost(state, event):
    after, money = TRANSITIONS[state, event]
    if state is State.NEW:
        assert (money, after in RESERVED) == (Money.RESERVE, True)
    elif state in RESERVED and after not in RESERVED:
        assert money in {Money.SPEND, Money.RELEASE}
    else:
        assert money is Money.KEEP


@pytest.mark.parametrize("event", Event)
def test_only_an_answer_or_a_person_leads_out_of_unknown(event):
    after = TRANSITIONS.get((State.UNKNOWN, event))
    if event in BY_A_PERSON:
        assert after.state in {State.WRITTEN_OFF, State.NOT_SENT}
    else:
        assert after is None or after.state in {State.ANSWERED, State.REJECTED, State.UNREADABLE}


@pytest.mark.parametrize("state", State)
def test_a_late_answer_is_taken_wherever_something_may_have_been_sent(state):
    takes = TRANSITIONS.get((state, Event.ANSWERED)) is not None
    assert takes == (state in {State.CLAIMED, State.UNKNOWN, State.WRITTEN_OFF, State.UNREADABLE})


def test_what_was_held_without_intent_is_free_at_the_end_of_its_lease_and_the_rest_is_unknown():
    assert {state: step(state, Event.LEASE_ENDED).state for state in OPEN} == {
        State.HELD: State.NOT_SENT,
        State.CLAIMED: State.UNKNOWN,
    }


def test_of_every_stored_state_it_is_said_what_it_takes_to_ask_again():
    assert set(REPLACED) == set(State) - {State.NEW}


def test_every_stored_state_is_reached():
    assert {after.state for after in TRANSITIONS.values()} == set(State) - {State.NEW}
