"""The states of an attempt, as one table: what may happen to it, what it becomes, and what that does to the money.

Everything that affects a state is here. No row is read or written.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from airflow_provider_iranpay.exceptions import TransitionRefused

__all__ = [
    "OPEN",
    "REPLACED",
    "TEXTS",
    "TRANSITIONS",
    "Event",
    "Money",
    "Permission",
    "State",
    "Step",
    "step",
]


class State(StrEnum):
    """What is known of an attempt to get a question answered."""

    NEW = "new"
    """Not written yet: the state before the first event. It is never stored."""
    HELD = "held"
    """Somebody's, without the intent to send: nothing can have been sent."""
    CLAIMED = "claimed"
    """Somebody's, with the intent: it may be on its way."""
    ANSWERED = "answered"
    """The provider answered in its own envelope, understood."""
    REJECTED = "rejected"
    """The provider answered with an error that is listed as definite."""
    NOT_SENT = "not_sent"
    """Proved: nothing left this machine; or a person says that nothing was paid."""
    UNKNOWN = "unknown"
    """Maybe sent, maybe paid, and no answer."""
    UNREADABLE = "unreadable"
    """Paid, and answered with something that this version cannot read; it is kept."""
    WRITTEN_OFF = "written_off"
    """A person says that it was paid, and the answer is lost."""
    PRUNED = "pruned"
    """A tombstone: paid and answered once, the answer thrown away."""


class Event(StrEnum):
    """What happens to an attempt."""

    HOLD = "hold"
    CLAIM = "claim"
    ANSWERED = "answered"
    REJECTED = "rejected"
    REJECTED_FREE = "rejected_free"
    NOT_SENT = "not_sent"
    UNREADABLE = "unreadable"
    SILENCE = "silence"
    LEASE_ENDED = "lease_ended"
    RESOLVED_PAID = "resolved_paid"
    RESOLVED_NOT_PAID = "resolved_not_paid"
    PRUNED = "pruned"


class Money(StrEnum):
    """What an event does to the attempt's price in its budget."""

    RESERVE = "reserve"
    SPEND = "spend"
    RELEASE = "release"
    KEEP = "keep"


class Permission(StrEnum):
    """What it takes to ask a question again whose last attempt is in some state."""

    NOTHING = "nothing"
    AGE = "age"
    RETRY = "retry"
    SWITCH = "switch"
    NEVER = "never"


class Step(NamedTuple):
    """What an event makes of an attempt."""

    state: State
    money: Money


TRANSITIONS: Mapping[tuple[State, Event], Step] = {
    (State.NEW, Event.HOLD): Step(State.HELD, Money.RESERVE),
    (State.NEW, Event.CLAIM): Step(State.CLAIMED, Money.RESERVE),
    (State.HELD, Event.CLAIM): Step(State.CLAIMED, Money.KEEP),
    (State.HELD, Event.NOT_SENT): Step(State.NOT_SENT, Money.RELEASE),
    (State.HELD, Event.LEASE_ENDED): Step(State.NOT_SENT, Money.RELEASE),
    (State.CLAIMED, Event.ANSWERED): Step(State.ANSWERED, Money.SPEND),
    (State.CLAIMED, Event.REJECTED): Step(State.REJECTED, Money.SPEND),
    (State.CLAIMED, Event.REJECTED_FREE): Step(State.REJECTED, Money.RELEASE),
    (State.CLAIMED, Event.UNREADABLE): Step(State.UNREADABLE, Money.SPEND),
    (State.CLAIMED, Event.NOT_SENT): Step(State.NOT_SENT, Money.RELEASE),
    (State.CLAIMED, Event.SILENCE): Step(State.UNKNOWN, Money.KEEP),
    (State.CLAIMED, Event.LEASE_ENDED): Step(State.UNKNOWN, Money.KEEP),
    # A late answer is always taken. Nothing but a person leads back from unknown.
    (State.UNKNOWN, Event.ANSWERED): Step(State.ANSWERED, Money.SPEND),
    (State.UNKNOWN, Event.REJECTED): Step(State.REJECTED, Money.SPEND),
    (State.UNKNOWN, Event.REJECTED_FREE): Step(State.REJECTED, Money.RELEASE),
    (State.UNKNOWN, Event.UNREADABLE): Step(State.UNREADABLE, Money.SPEND),
    (State.UNKNOWN, Event.RESOLVED_PAID): Step(State.WRITTEN_OFF, Money.SPEND),
    (State.UNKNOWN, Event.RESOLVED_NOT_PAID): Step(State.NOT_SENT, Money.RELEASE),
    (State.WRITTEN_OFF, Event.ANSWERED): Step(State.ANSWERED, Money.KEEP),
    (State.WRITTEN_OFF, Event.REJECTED): Step(State.REJECTED, Money.KEEP),
    (State.WRITTEN_OFF, Event.UNREADABLE): Step(State.UNREADABLE, Money.KEEP),
    # A later version reads what an earlier one could not; it was paid then.
    (State.UNREADABLE, Event.ANSWERED): Step(State.ANSWERED, Money.KEEP),
    (State.UNREADABLE, Event.REJECTED): Step(State.REJECTED, Money.KEEP),
    (State.ANSWERED, Event.PRUNED): Step(State.PRUNED, Money.KEEP),
    (State.REJECTED, Event.PRUNED): Step(State.PRUNED, Money.KEEP),
}
"""The whole of it: what is not here does not happen."""

REPLACED: Mapping[State, Permission] = {
    State.HELD: Permission.NEVER,
    State.CLAIMED: Permission.NEVER,
    State.ANSWERED: Permission.AGE,
    State.REJECTED: Permission.AGE,
    State.UNREADABLE: Permission.AGE,
    State.NOT_SENT: Permission.NOTHING,
    State.WRITTEN_OFF: Permission.NOTHING,
    State.UNKNOWN: Permission.RETRY,
    State.PRUNED: Permission.SWITCH,
}
"""What it takes to begin a new attempt after one that ended so."""

TEXTS: Mapping[State, str] = {state: state.value for state in State}
"""As they are stored. Plain texts: a driver takes longer over a member of an enumeration."""

OPEN = frozenset({State.HELD, State.CLAIMED})
"""Somebody's, under a lease."""


def step(state: State, event: Event) -> Step:
    """Return what the event makes of an attempt in this state.

    :raises TransitionRefused: the table has no such step.
    """
    found = TRANSITIONS.get((state, event))
    if found is None:
        raise TransitionRefused(f"An attempt that is {state} does not take {event}.")
    return found
