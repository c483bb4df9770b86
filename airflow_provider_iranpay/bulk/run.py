"""The paid part of a run: claim and reserve, send, take the answers, settle. One thread writes, one per account sends.

Nothing is sent that the journal has not committed first, and a row shows only what the journal was told.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from secrets import token_bytes
from typing import Any, Final, Literal

from airflow_provider_iranpay.bulk.agenda import Agenda
from airflow_provider_iranpay.bulk.availability import Availability, unavailable
from airflow_provider_iranpay.bulk.health import Doubts, Health
from airflow_provider_iranpay.bulk.lanes import Arrival, Lane
from airflow_provider_iranpay.bulk.outcomes import (
    Origin,
    Outcome,
    Status,
    answered,
    content_of,
    is_doubtful,
    judge,
    of_error,
)
from airflow_provider_iranpay.bulk.pauses import Pauses
from airflow_provider_iranpay.bulk.plan import Plan
from airflow_provider_iranpay.bulk.questions import Question
from airflow_provider_iranpay.bulk.ways import Way
from airflow_provider_iranpay.client.many_driver import Ended, Job
from airflow_provider_iranpay.exceptions import InvalidInput, IranPayError, LeaseLost
from airflow_provider_iranpay.iran.banks import Bank
from airflow_provider_iranpay.warehouse.journal.journal import Journal
from airflow_provider_iranpay.warehouse.journal.records import (
    Answer,
    Attempt,
    AttemptKey,
    Claim,
    Committed,
    Standing,
    Terms,
)
from airflow_provider_iranpay.warehouse.journal.states import TRANSITIONS, Event, Money, State
from airflow_provider_iranpay.warehouse.pace import SharedPace

__all__ = ["Pace", "Run", "Totals"]

log = logging.getLogger(__name__)

_LINGER_SECONDS: Final = 0.02
"""For how long an answer waits for others to be committed with it, where a lane has nothing to send."""
_IN_NO_HURRY_SECONDS: Final = 0.1
"""The same where each lane still has."""
_NAP_SECONDS: Final = 0.05
_NOTED_TOGETHER: Final = 4_096
"""Outcomes without a call that are held in memory at the most."""
_STOP_SECONDS: Final = 2.5
"""What a run that is killed leaves to what is in flight: Airflow kills its process after 5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a run goes.

    :param rate_per_second: sends in a second, of each account, by all of its workers together; None for as fast as it
        answers.
    :param concurrency: calls in flight at once, of each account.
    :param ahead: questions that are claimed before they can be sent; a worker that dies leaves as many, and those in
        flight, unknown. None for as many as can be in flight. What follows a failed call of an earlier account is
        claimed beyond it: at most as many as that account has in flight.
    :param patience_seconds: how long a question is waited for that another worker has.
    :param on_unavailable: what becomes of questions whose bank is still closed when all others have been asked:
        ``wait`` for it, as long as ``patience_seconds``, or ``skip`` them.
    """

    rate_per_second: float | None = None
    concurrency: int = 64
    ahead: int | None = None
    patience_seconds: float = 300.0
    on_unavailable: Literal["skip", "wait"] = "wait"


@dataclass(slots=True, kw_only=True)
class Totals:
    """What a run has done so far.

    :param questions: that have an outcome, other than that they were not sent.
    :param attempts: that were claimed.
    :param paid: attempts that were paid.
    :param spent_rial: for them, as far as prices are known.
    :param unknown: attempts that maybe were paid.
    :param unknown_rial: their price.
    """

    questions: int = 0
    attempts: int = 0
    paid: int = 0
    spent_rial: int = 0
    unknown: int = 0
    unknown_rial: int = 0
    statuses: Counter[str] = field(default_factory=Counter)


class _Call(Job[Any]):
    """A question that is to be claimed for an account, or was.

    :param lane: number of the account's lane.
    :param kept: the attempt whose answer the question shows again if this call brings nothing to keep: the one that it
        showed before, or this run's latest whose definite error is kept.
    :param attempt: once it is claimed.
    :param after: this run's attempt with an earlier account, which it follows.
    :param so_far: what that attempt came to.
    """

    question: Question
    standing: Standing
    lane: int
    kept: AttemptKey | None
    attempt: AttemptKey | None = None
    after: AttemptKey | None = None
    so_far: Outcome | None = None


class Run:
    """One run over a plan.

    :param shared: of each account of the plan, what it shares with other workers.
    :param budget: name of the budget that pays, which is open.
    :param in_order: whether the rows that come first are to be asked first.
    :ivar rest: what the questions come to that have no outcome when it has ended.
    :ivar ended_by: why it could not go on; None if it could.
    :ivar may_repeat: whether a repeat may find that mended.
    """

    def __init__(
        self,
        plan: Plan,
        journal: Journal,
        *,
        pace: Pace,
        shared: Sequence[SharedPace],
        budget: str | None = None,
        in_order: bool = True,
    ) -> None:
        self.totals = Totals()
        self.rest = Outcome(Status.NOT_SENT_STOPPED, error_message="The run ended before this was asked.")
        self.ended_by: Status | None = None
        self.may_repeat = False
        self._plan = plan
        self._inquiry = plan.questioner.inquiry
        self._journal = journal
        self._ahead = pace.ahead or pace.concurrency
        self._budget = budget
        self._agenda = Agenda(
            plan,
            journal,
            note=self._note,
            patience_seconds=pace.patience_seconds,
            bank_seconds=pace.patience_seconds if pace.on_unavailable == "wait" else 0.0,
            in_order=in_order,
        )
        self._lanes = [
            Lane(
                way,
                in_flight=pace.concurrency,
                per_second=pace.rate_per_second,
                lease=others.lease,
                has_more=lambda: bool(self._wanted) or not self._agenda.is_empty,
                may_send=lambda: journal.may_send,
                arrived=self._arrived,
            )
            for way, others in zip(plan.questioner.ways, shared, strict=True)
        ]
        self._terms = [
            Terms(self._inquiry.name, way.provider, way.account, way.price_rial) for way in plan.questioner.ways
        ]
        self._watchers = [
            (Pauses(lane, others), Health(), Doubts()) for lane, others in zip(self._lanes, shared, strict=True)
        ]
        self._uneasy: set[int] = set()
        """Numbers of the accounts whose latest call has failed."""
        self._availability = [Availability(way) for way in plan.questioner.ways]
        self._track_ids = _track_ids()
        self._arrivals: deque[Arrival] = deque()
        self._bell = threading.Event()
        self._wanted: deque[_Call] = deque()
        self._open = 0
        self._ended: list[tuple[_Call, Answer, Outcome | None]] = []
        self._outcomes: list[tuple[int, Outcome]] = []
        self._since: float | None = None
        self._before: dict[int, Outcome] = {}
        self._is_over_budget = False
        self._stopped = False
        self._dies_at: float | None = None

    def perform(self, heard: Callable[[Totals], None] = lambda _: None) -> None:
        """Ask what is to be asked, until nothing is left or the run has to stop.

        :param heard: called several times a second, with what was done so far.
        :raises Exception: what is no error of a call; what had arrived by then is settled.
        """
        for lane in self._lanes:
            lane.start()
        for availability in self._availability if self._plan.estimate.to_ask else ():
            availability.start()
        try:
            while self._turn():
                heard(self.totals)
        finally:
            self._end()
        heard(self.totals)

    def kill(self) -> None:
        """Send nothing more, settle what arrives within seconds, and end. Safe in a signal handler."""
        self._dies_at = self._dies_at or time.monotonic() + _STOP_SECONDS
        self._stopped = True
        for lane in self._lanes:
            lane.client.stop(_STOP_SECONDS)

    @property
    def was_killed(self) -> bool:
        """Whether it was told to end at once."""
        return self._dies_at is not None

    def _turn(self) -> bool:
        """Do what can be done now; False once nothing is left to do."""
        if self.was_killed:
            for lane in self._lanes:
                lane.close(grace=_STOP_SECONDS)
        self._take_arrivals()
        self._want_more()
        for pauses, _, _ in self._watchers:
            pauses.exchange()
        if self._is_due():
            self._commit()
        elif self._journal.should_renew:
            self._journal.renew()
        if self._journal.lapsed and not self._stopped and self._has_to_send():
            self._stop(_LAPSED, may_repeat=True)
        self._raise_mistakes()
        if self._is_over():
            return False
        self._bell.wait(_LINGER_SECONDS if self._since else _NAP_SECONDS)
        self._bell.clear()
        return True

    def _has_to_send(self) -> bool:
        """Whether anything is left that is not on the wire or back from it."""
        on_their_way = len(self._arrivals) + sum(lane.client.in_flight for lane in self._lanes)
        return bool(self._wanted) or not self._agenda.is_empty or self._open > on_their_way

    def _is_over(self) -> bool:
        if self._dies_at is not None and time.monotonic() >= self._dies_at:
            return True
        if self._open or self._ended or self._arrivals:
            return False
        if self._is_over_budget and self._wanted and not self._stopped:
            self._stop(_OVER_BUDGET)
        return self._stopped or (not self._wanted and self._agenda.is_empty)

    def _end(self) -> None:
        """Let the lanes end, and settle what they bring."""
        for availability in self._availability:
            availability.stop()
        for lane in self._lanes:
            if self._open:
                lane.close(grace=_STOP_SECONDS if self.was_killed else None)
        for lane in self._lanes:
            lane.join()
        self._take_arrivals()
        self._stopped = True
        for call in self._wanted:
            if call.so_far is not None:
                self._note(call.question, call.so_far)
        self._wanted.clear()
        # What was paid before another worker was quicker, and was not looked up again.
        self._outcomes += [(leader, self.rest.after(before)) for leader, before in self._before.items()]
        self._commit()

    def _raise_mistakes(self) -> None:
        for lane in self._lanes:
            if lane.mistake is not None:
                raise lane.mistake

    # What comes back

    def _arrived(self, arrival: Arrival) -> None:
        # It is there before the bell is looked at, and the run stills the bell before it takes what is there.
        self._arrivals.append(arrival)
        if (len(self._arrivals) * 2 >= self._ahead or arrival[0].is_idle) and not self._bell.is_set():
            self._bell.set()

    def _take_arrivals(self) -> None:
        while self._arrivals:
            lane, call, ended = self._arrivals.popleft()
            assert isinstance(call, _Call)  # noqa: S101 - lanes are given nothing else
            self._open -= 1
            if ended.error is None:
                self._take_answer(lane.way, call, ended)
            else:
                self._take_failure(lane, call, ended, ended.error)

    def _take_answer(self, way: Way, call: _Call, ended: Ended) -> None:
        outcome = answered(self._inquiry, way, call.track_id, ended)
        self._spend(way.price_rial)
        if call.so_far is not None:
            outcome = outcome.after(call.so_far)
        if call.lane in self._uneasy:
            self._reassure(call.lane)
        answer = _answer(call, way, _ANSWERED, content_of(ended), None, ended, call.kept)
        self._ended.append((call, answer, outcome))

    def _take_failure(self, lane: Lane, call: _Call, ended: Ended, error: IranPayError) -> None:
        way = lane.way
        event, content, outcome, is_definite = judge(way, ended, error)
        if lane.is_closed and not ended.sends:
            outcome = self.rest
        outcome = outcome.of_call(way.provider, call.track_id, ended.at, self._cost(event, way.price_rial))
        if call.so_far is not None:
            outcome = outcome.after(call.so_far)
        self._watch(lane, call, outcome, ended, error)
        following = self._following(call, outcome) if is_definite else None
        if following is not None:
            following.kept = call.kept if content is None else call.attempt
            self._wanted.appendleft(following)
        instead = call.kept if following is None else None
        answer = _answer(call, way, event, content, outcome.error_code, ended, instead)
        self._ended.append((call, answer, outcome if following is None else None))

    def _cost(self, event: Event, price_rial: int | None) -> int | None:
        """Count the money of an end, and return what it has cost for sure; None where the price is not known."""
        money = _MONEY[event]
        if money is Money.SPEND:
            self._spend(price_rial)
            return price_rial
        if money is Money.RELEASE:
            self._is_over_budget = False
            return 0
        self.totals.unknown += 1
        self.totals.unknown_rial += price_rial or 0
        return 0

    def _spend(self, price_rial: int | None) -> None:
        self.totals.paid += 1
        self.totals.spent_rial += price_rial or 0

    def _reassure(self, number: int) -> None:
        """Let those who watch an account know that it answers again."""
        self._uneasy.discard(number)
        pauses, health, doubts = self._watchers[number]
        pauses.fine()
        health.fine()
        doubts.fine()

    def _watch(self, lane: Lane, call: _Call, outcome: Outcome, ended: Ended, error: IranPayError) -> None:
        """Close an account that refuses or fails all; stop the run if the answers make no sense."""
        self._uneasy.add(call.lane)
        pauses, health, doubts = self._watchers[call.lane]
        rest = None
        if not self._availability[call.lane].explains(call.question, outcome):
            pauses.hear(outcome)
            rest = health.hear(outcome, error)
        if rest is not None and not lane.is_closed:
            log.error("%s: nothing more is sent with this account. %s", lane.way.account, rest.error_message)
            self.rest = rest
            lane.close()
        rest = doubts.hear(outcome, is_doubtful=is_doubtful(lane.way, ended))
        if rest is not None and not self._stopped:
            log.error("%s", rest.error_message)
            self._stop(rest)

    def _stop(self, rest: Outcome, *, may_repeat: bool = False) -> None:
        """Ask nothing more.

        :param rest: what becomes of the questions that are left.
        """
        self.rest, self.ended_by, self.may_repeat = rest, Status(rest.status), may_repeat
        self._stopped = True
        for lane in self._lanes:
            lane.close()

    def _note(self, question: Question, outcome: Outcome) -> None:
        leader = question.leader
        if leader in self._before:
            outcome = outcome.after(self._before.pop(leader))
        self._outcomes.append((leader, outcome))

    def _keep(self) -> None:
        """Count the outcomes that were noted, and put them to the rows."""
        statuses = Counter([outcome.status for _, outcome in self._outcomes])
        self.totals.statuses += statuses
        self.totals.questions += sum(count for status, count in statuses.items() if not status.startswith("not_sent"))
        self._plan.spool.keep(self._outcomes)
        self._outcomes.clear()

    # What goes out

    def _want_more(self) -> None:
        """Choose as many calls as may be claimed."""
        if not self._stopped and all(lane.is_closed for lane in self._lanes):
            self._stop(self.rest, may_repeat=self.rest.status == Status.NOT_SENT_UNAVAILABLE)
        if not all(availability.is_ready for availability in self._availability):
            return
        for bank in {bank for availability in self._availability for bank in availability.opened()}:
            self._agenda.open(bank)
        for _ in range(0 if self._stopped else self._room() - len(self._wanted)):
            taken = self._agenda.take()
            if taken is None:
                return
            question, standing = taken
            chosen = self._choose(question, standing, first=0)
            if isinstance(chosen, _Call):
                self._wanted.append(chosen)
                continue
            self._bell.set()  # what was taken fills no room: the next turn is not to wait for an answer
            if isinstance(chosen, Outcome):
                self._note(question, chosen)
            elif not self._agenda.wait_for(chosen.jibit_id or "", question):
                self._note(question, unavailable(chosen))

    def _choose(self, question: Question, standing: Standing, *, first: int) -> _Call | Outcome | Bank:
        """Choose the first account from a number on that can be asked.

        :return: else what becomes of the question, or the bank that has to open first.
        """
        outcome: Outcome | Bank = self.rest
        for number in range(first, len(self._lanes)):
            lane = self._lanes[number]
            if lane.is_closed:
                continue
            if (bank := self._availability[number].closed_bank(question)) is not None:
                outcome = bank
                continue
            try:
                request = question.request(lane.way)
            except InvalidInput as error:
                outcome = of_error(error)
                continue
            kept = standing.attempt if standing.state in _WAS_ANSWERED else None
            return _Call(request, next(self._track_ids), question, standing, number, kept)
        return outcome

    def _following(self, call: _Call, outcome: Outcome) -> _Call | None:
        """Choose the account to ask after a definite failure, within the same claim."""
        chosen = None if self._stopped else self._choose(call.question, call.standing, first=call.lane + 1)
        if not isinstance(chosen, _Call):
            return None
        chosen.after, chosen.so_far = call.attempt, outcome
        return chosen

    def _room(self) -> int:
        """How many calls may be claimed now."""
        return 0 if self._is_over_budget else max(0, self._ahead - sum(lane.waiting for lane in self._lanes))

    def _claimable(self) -> int:
        """How many of the calls that are wanted may be claimed now: what follows an own attempt needs no room."""
        if self._stopped or self._is_over_budget:
            return 0
        wanted, room = len(self._wanted), self._room()
        return wanted if wanted <= room else max(room, sum(call.after is not None for call in self._wanted))

    def _is_due(self) -> bool:
        """Whether it is time to commit: enough has come together, or nothing more can."""
        claims = self._claimable()
        if not self._ended and not claims:
            self._since = None
            return len(self._outcomes) >= _NOTED_TOGETHER
        if self._since is None:
            self._since = time.monotonic()
        enough = max(len(self._ended), claims) * 4 >= self._ahead * 3
        if enough or self._stopped or not self._open:
            return True
        in_hurry = any(not lane.waiting for lane in self._lanes)
        return time.monotonic() - self._since >= (_LINGER_SECONDS if in_hurry else _IN_NO_HURRY_SECONDS)

    def _commit(self) -> None:
        """Settle what has come and claim what goes next, in one transaction; then have sent what was won."""
        calls = {call.track_id: call for call in [self._wanted.popleft() for _ in range(self._claimable())]}
        ended, self._ended = self._ended, []
        try:
            done = self._written([answer for _, answer, _ in ended], calls)
        except BaseException:
            self._ended[:0] = ended  # the end of the run tries once more
            raise
        self._since = None
        unknown_now = {answer.key for answer in done.refused if not answer.content}
        for call, answer, outcome in ended:
            if outcome is not None:
                self._note(call.question, _unknown_now(outcome) if answer.key in unknown_now else outcome)
        self._keep()
        self._send(done.won, calls)
        for lost in done.lost:
            call = calls[lost.claim.track_id]
            if call.so_far is not None:
                self._before[call.question.leader] = call.so_far
            self._agenda.look_up_again([call.question])
        if done.over_budget:
            self._is_over_budget = True
            self._wanted.extendleft(calls[claim.track_id] for claim in reversed(done.over_budget))

    def _written(self, answers: list[Answer], calls: Mapping[str, _Call]) -> Committed:
        try:
            terms = self._terms
            claims = [Claim(call.standing, terms[call.lane], call.track_id, call.after) for call in calls.values()]
            return self._journal.commit(answers=answers, claims=claims, budget=self._budget)
        except LeaseLost as lost:
            self._stop(Outcome(Status.NOT_SENT_STOPPED, error_message=str(lost)), may_repeat=True)
            self._wanted.extend(calls.values())
            return Committed(won=[], lost=[], over_budget=[], refused=list(lost.refused))

    def _send(self, won: list[Attempt], calls: Mapping[str, _Call]) -> None:
        jobs: list[list[Job[Any]]] = [[] for _ in self._lanes]
        for one in won:
            call = calls[one.claim.track_id]
            call.attempt = one.key
            jobs[call.lane].append(call)
        self._open += len(won)
        self.totals.attempts += len(won)
        for lane, some in zip(self._lanes, jobs, strict=True):
            if some:
                lane.give(some)


def _answer(
    call: _Call,
    way: Way,
    event: Event,
    content: bytes | None,
    code: str | None,
    ended: Ended,
    instead: AttemptKey | None,
) -> Answer:
    """Say to the journal what became of a call. All stands by its place: one is made for each row."""
    assert call.attempt is not None  # noqa: S101 - it was sent, so it was claimed
    wire = None if content is None else call.question.wire(way)
    return Answer(call.attempt, call.standing.ask, event, content, wire, code, ended.sent_at, ended.at, instead)


def _track_ids() -> Iterator[str]:
    """Give random texts, each once; the system is asked for many at a time."""
    while True:
        yield from token_bytes(_DRAWN * _TRACK_BYTES).hex(" ", _TRACK_BYTES).split()


_WAS_ANSWERED: Final = frozenset({State.ANSWERED, State.REJECTED, State.UNREADABLE, State.PRUNED})
_ANSWERED: Final = Event.ANSWERED
"""By a name of its own: looked up for each row in a tenth of the time."""
_MONEY: Final = {event: found.money for (state, event), found in TRANSITIONS.items() if state is State.CLAIMED}
"""What the end of a call does to its price."""
_TRACK_BYTES: Final = 16
_DRAWN: Final = 256

_OVER_BUDGET: Final = Outcome(
    Status.NOT_SENT_BUDGET,
    error_code="budget",
    error_message="The budget does not cover it: raise the budget, then clear the task.",
)
_LAPSED: Final = Outcome(
    Status.NOT_SENT_STOPPED,
    error_code="lease",
    error_message="This worker was silent for longer than its lease, so others may have its questions: run again.",
)


def _unknown_now(outcome: Outcome) -> Outcome:
    """Return what an end comes to that the journal does not take, with what the question has cost so far."""
    return outcome._replace(
        status=Status.UNKNOWN,
        origin=Origin.NONE,
        error_code="held",
        error_message="This worker was silent for so long that others closed the call as unknown: resolve it by its "
        "track id.",
    )
