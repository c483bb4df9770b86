"""The rules of the conversation, without a socket: what is sent, what is repeated, what is never repeated."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tenacity import wait_none

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.api.contract import Endpoint, ErrorClass, Granted, Request, Safety, Tokens
from airflow_provider_iranpay.api.jibit import Jibit, endpoints
from airflow_provider_iranpay.api.paystar.endpoints import BANKING, GATEWAY, WALLET
from airflow_provider_iranpay.client.conversation import (
    Conversation,
    GetTokens,
    LoadTokens,
    Pause,
    SaveTokens,
    Send,
    Wait,
    reread,
)
from airflow_provider_iranpay.client.phase import (
    AFTER_BILLED_FAILURE,
    AFTER_FAILURE,
    Broken,
    Move,
    Phase,
    Received,
)
from airflow_provider_iranpay.client.retries import Retries

TRIES = 4
AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NOT_SENT = Broken(Phase.NOT_SENT, "the connection failed (Connection refused)")
MAYBE_SENT = Broken(Phase.MAYBE_SENT, "no answer came in time (timed out)")
MATCHED = Received(200, b'{"matched": true}', AT)


def error(code: str, status: int = 400, retry_after: str | None = None) -> Received:
    return Received(status, json.dumps({"code": code, "message": "پیام"}).encode(), AT, retry_after)


FORBIDDEN = error("forbidden", 403)
SERVER_ERROR = error("server.error", 500)
HTML_502 = Received(502, b"<html>bad gateway</html>", AT)
HTML_200 = Received(200, b"<html>portal</html>", AT)
REDIRECT = Received(307, b"", AT)


def a_call(safety: Safety = Safety.BILLABLE_READ) -> Request[bool]:
    row = endpoints.MATCH_MOBILE
    return Endpoint(
        service=row.service, path=row.path, safety=safety, parameters=row.parameters, read=row.read
    ).request({"national_code": "0012345679", "mobile": "09120000000"})


@dataclass(frozen=True, slots=True)
class BilledErrors(Jibit):
    """A Jibit of whose errors nobody knows that they are free."""

    @property
    def errors_are_free(self) -> bool:
        return False


class Wire:
    """Plays the driver: answers sends from a script (the last event goes on for ever), and writes down every step."""

    def __init__(
        self, *events: Received | Broken, stored: Tokens | None = None, fresh: bool = True, kind: type[Jibit] = Jibit
    ) -> None:
        self.fresh = fresh
        api = kind("key-of-a-test", "secret-of-a-test")
        self.events = list(events)
        self.stored = stored
        self.steps: list[object] = []
        self.renewals = 0
        self.conversation = Conversation(api, Retries(TRIES, wait=wait_none()))

    def run(self, steps):
        happened = None
        while True:
            try:
                step = steps.send(happened)
            except StopIteration as end:
                return end.value
            self.steps.append(step)
            assert len(self.steps) < 100, "a conversation without an end"
            happened = self.perform(step)

    def perform(self, step):
        match step:
            case Send():
                return self.events.pop(0) if len(self.events) > 1 else self.events[0]
            case GetTokens(_, refused):
                self.renewals += refused is not None
                return Granted(Tokens(f"access-{self.renewals}", "refresh"), fresh=self.fresh)
            case LoadTokens(_):
                return self.stored
            case SaveTokens(_, tokens):
                self.stored = tokens
        return None

    def call(self, request: Request[bool]):
        return self.run(self.conversation.call(request, track_id="track-1"))

    def sent(self) -> list[Send]:
        return [step for step in self.steps if isinstance(step, Send)]


@pytest.mark.parametrize("bearer", [None, "access_token"])
@pytest.mark.parametrize("held", [None, Tokens("held")])
def test_what_a_call_begins_with_is_said_before_it_begins(bearer, held):
    row = endpoints.MATCH_MOBILE
    request = Endpoint(service="x", path=row.path, safety=row.safety, read=row.read, bearer=bearer).request({})
    conversation = Wire(MATCHED).conversation
    assert conversation.first(request, track_id="t", held=held) == next(
        conversation.call(request, track_id="t", held=held)
    )


@pytest.mark.parametrize(
    "event",
    [
        MATCHED,
        Received(200, b'{"matched": "perhaps"}', AT),
        Received(200, b'{"matched": true}', AT, track_id=" TRACK-1"),
        Received(200, b'{"matched": true}', AT, track_id="track-2"),
        FORBIDDEN,
        SERVER_ERROR,
        HTML_200,
        NOT_SENT,
        MAYBE_SENT,
    ],
)
def test_an_answer_is_read_without_a_conversation_just_as_in_one(event):
    conversation = Wire(event).conversation
    steps = conversation.call(a_call(), track_id="track-1", held=Tokens("held"))
    next(steps)
    alone, within = (
        outcome(lambda: conversation.answer(a_call(), event, "track-1")),
        outcome(lambda: steps.send(event)),
    )
    assert alone == (within if within[0] in ("answer", exceptions.UnreadableAnswer) else ("answer", None))


class TestAnswersThatAreTheSame:
    """Short answers are read once, unless they repeat what was asked."""

    def reads(self, *events: Received, **row) -> tuple[list[object], int]:
        """What a conversation makes of answers, and how many payloads it has read for that."""
        read: list[object] = []

        def reader(payload):
            read.append(payload)
            return payload["matched"]

        endpoint = Endpoint(service="x", path="/x", safety=Safety.BILLABLE_READ, read=reader, **row)
        talk = Conversation(Jibit("key", "secret"), Retries(TRIES))
        request = Request(endpoint=endpoint, query={"number": "1"})
        return [talk.answer(request, event, "0" * 32) for event in events], len(read)

    def test_they_are_read_once_to_the_letter(self):
        no, spaced = Received(200, b'{"matched": false}', AT), Received(200, b'{"matched":true}', AT)
        assert self.reads(MATCHED, no, MATCHED, spaced, no) == ([True, False, True, True, False], 3)

    def test_one_with_another_status_is_another_one(self):
        assert self.reads(MATCHED, Received(201, MATCHED.body, AT), Received(500, MATCHED.body, AT)) == (
            [True, True, None],
            2,
        )

    def test_one_that_repeats_what_was_asked_is_read_each_time(self):
        echo = Received(200, b'{"matched": true, "number": "1"}', AT)
        assert self.reads(echo, echo, echoes={"number": "number"}) == ([True, True], 2)

    def test_one_that_is_not_short_is_read_each_time(self):
        long = Received(200, b'{"matched": true, "more": "%b"}' % (b"x" * 1024), AT)
        assert self.reads(long, long) == ([True, True], 2)

    def test_one_that_cannot_be_read_is_told_each_time(self):
        talk, request = Conversation(Jibit("key", "secret"), Retries(TRIES)), a_call()
        for _ in range(2):
            with pytest.raises(exceptions.UnreadableAnswer):
                talk.answer(request, Received(200, b'{"matched": 1}', AT), "0" * 32)

    def test_no_more_are_held_than_a_thousand(self):
        others = [Received(200, b'{"matched": true, "n": %d}' % number, AT) for number in range(1_001)]
        assert self.reads(*others, *others)[1] == 1_002


@pytest.mark.parametrize("row", [*endpoints.ENDPOINTS.values(), *BANKING.values(), *GATEWAY.values(), *WALLET.values()])
def test_no_answer_is_none(row):
    assert not isinstance(None, get_type_hints(row.read)["return"])


def outcome(work):
    """What a call ends with at a step: the answer, or the error; no end is a step."""
    try:
        done = work()
    except StopIteration as end:
        return "answer", end.value
    except exceptions.CallError as ended_by:
        return type(ended_by), str(ended_by)
    return ("step" if isinstance(done, GetTokens | Wait | Pause) else "answer"), done


@pytest.mark.parametrize("safety", [safety for safety in Safety if safety is not Safety.TOKEN])
@pytest.mark.parametrize("event", [MAYBE_SENT, HTML_502, HTML_200, REDIRECT, Received(408, b"", AT)])
def test_a_call_that_may_have_been_sent_is_repeated_only_where_it_is_free(safety, event):
    wire = Wire(event)
    free = safety is Safety.FREE_READ
    with pytest.raises(exceptions.TransientFailure if free else exceptions.OutcomeUnknown) as caught:
        wire.call(a_call(safety))
    assert len(wire.sent()) == (TRIES if free else 1)
    assert caught.value.phase == "maybe_sent"


@pytest.mark.parametrize("safety", list(Safety))
def test_a_call_that_was_not_sent_is_repeated_whatever_it_does(safety):
    wire = Wire(NOT_SENT, NOT_SENT, MATCHED)
    assert wire.call(a_call(safety)) is True
    assert len(wire.sent()) == 3


@pytest.mark.parametrize("safety", list(Safety))
def test_tries_come_to_an_end(safety):
    wire = Wire(NOT_SENT)
    with pytest.raises(exceptions.NotSent):
        wire.call(a_call(safety))
    assert len(wire.sent()) == TRIES


def test_a_token_call_that_may_have_been_sent_is_repeated_once():
    wire = Wire(MAYBE_SENT)
    with pytest.raises(exceptions.TransientFailure):
        wire.call(a_call(Safety.TOKEN))
    assert len(wire.sent()) == 2


@pytest.mark.parametrize(
    ("event", "kind", "sends", "error_class"),
    [
        (SERVER_ERROR, exceptions.TransientFailure, TRIES, ErrorClass.TRANSIENT),
        (error("daily_limit.reached"), exceptions.QuotaReached, 1, ErrorClass.QUOTA),
        (error("balance.not_enough"), exceptions.OperatorNeeded, 1, ErrorClass.OPERATOR),
        (error("card.not_active"), exceptions.Rejected, 1, ErrorClass.FINAL),
        (FORBIDDEN, exceptions.OperatorNeeded, 2, ErrorClass.AUTHENTICATE),
        (Received(401, b"", AT), exceptions.OperatorNeeded, 2, ErrorClass.AUTHENTICATE),
    ],
)
def test_a_definite_error_does_what_its_class_says(event, kind, sends, error_class):
    wire = Wire(event)
    with pytest.raises(kind) as caught:
        wire.call(a_call())
    assert len(wire.sent()) == sends
    assert caught.value.error_class == error_class
    assert caught.value.phase == "answered"
    assert caught.value.track_id == "track-1"


@pytest.mark.parametrize("safety", list(Safety))
def test_where_errors_may_be_billed_a_paid_read_is_not_repeated_after_one(safety):
    wire = Wire(SERVER_ERROR, kind=BilledErrors)
    with pytest.raises(exceptions.TransientFailure):
        wire.call(a_call(safety))
    assert len(wire.sent()) == (1 if safety is Safety.BILLABLE_READ else TRIES)


def test_where_errors_may_be_billed_a_paid_read_is_still_replayed_with_other_tokens():
    wire = Wire(FORBIDDEN, MATCHED, kind=BilledErrors)
    assert wire.call(a_call()) is True


@pytest.mark.parametrize("error_class", list(ErrorClass))
def test_what_may_be_billed_ends_with_the_error_of_its_class_and_repeats_nothing(error_class):
    billed, free = AFTER_BILLED_FAILURE[error_class], AFTER_FAILURE[error_class]
    assert billed.error is free.error
    assert billed.move in (Move.AUTHENTICATE, Move.RAISE)


def test_tokens_at_hand_are_used_without_asking_for_any():
    wire = Wire(MATCHED)
    assert wire.run(wire.conversation.call(a_call(), track_id="track-1", held=Tokens("at-hand"))) is True
    assert [type(step) for step in wire.steps] == [Send]
    assert wire.sent()[0].tokens == Tokens("at-hand")


def test_tokens_at_hand_may_be_dead_and_are_renewed_like_any():
    wire = Wire(FORBIDDEN, MATCHED)
    assert wire.run(wire.conversation.call(a_call(), track_id="track-1", held=Tokens("at-hand"))) is True
    assert [type(step) for step in wire.steps] == [Send, GetTokens, Send]
    assert wire.steps[1].refused == Tokens("at-hand")


def test_after_forbidden_the_call_is_replayed_once_with_other_tokens():
    wire = Wire(FORBIDDEN, MATCHED)
    assert wire.call(a_call()) is True
    first, second = wire.sent()
    assert first.tokens != second.tokens


def test_a_second_forbidden_names_the_three_suspects():
    with pytest.raises(exceptions.OperatorNeeded, match=r"whitelist.*enabled.*API key"):
        Wire(FORBIDDEN).call(a_call())


def test_tokens_that_another_worker_left_may_be_dead_too_and_are_renewed_in_their_turn():
    wire = Wire(FORBIDDEN, FORBIDDEN, MATCHED, fresh=False)
    assert wire.call(a_call()) is True
    assert wire.renewals == 2


def test_a_call_that_is_refused_for_ever_ends_though_other_workers_renew_for_ever():
    wire = Wire(FORBIDDEN, fresh=False)
    with pytest.raises(exceptions.OperatorNeeded):
        wire.call(a_call())
    assert len(wire.sent()) == 3


def test_the_same_track_id_goes_with_every_send_of_a_call():
    wire = Wire(NOT_SENT, FORBIDDEN, MATCHED)
    wire.call(a_call())
    assert {send.track_id for send in wire.sent()} == {"track-1"}


def test_an_answer_that_lacks_what_was_asked_for_is_unreadable_and_not_repeated():
    wire = Wire(Received(200, b'{"matched": "false"}', AT))
    with pytest.raises(exceptions.UnreadableAnswer, match="counts as paid"):
        wire.call(a_call())
    assert len(wire.sent()) == 1


def test_what_the_provider_asked_for_pauses_the_account_before_the_next_try():
    wire = Wire(error("server.error", 503, retry_after="7"), MATCHED)
    wire.call(a_call())
    assert [type(step) for step in wire.steps] == [GetTokens, Send, Pause, Wait, Send]
    assert wire.steps[2].seconds == 7


@pytest.mark.parametrize("event", [error("server.error", 503, retry_after="7"), Received(429, b"", AT, "7")])
def test_the_account_pauses_though_the_call_itself_is_at_its_end(event):
    wire = Wire(event)
    with pytest.raises((exceptions.TransientFailure, exceptions.OutcomeUnknown)):
        wire.call(a_call())
    assert isinstance(wire.steps[-1], Pause)


def test_the_answer_to_another_call_is_no_answer_to_this_one():
    wire = Wire(Received(200, b'{"matched": true}', AT, track_id="of-another-call"))
    with pytest.raises(exceptions.OutcomeUnknown, match="X-TRACK-ID is not ours"):
        wire.call(a_call())


def test_a_message_repeats_no_credential_and_no_token_and_no_number_that_touches_letters():
    said = "key-of-a-test secret-of-a-test access-0 refresh card6037990000000006"
    body = json.dumps({"code": "card.not_active", "message": said}).encode()
    with pytest.raises(exceptions.Rejected, match=r"\*\*\*") as caught:
        Wire(Received(400, body, AT)).call(a_call())
    assert not [word for word in said.split() if word in str(caught.value)]


def test_a_reached_quota_says_how_long_the_tehran_day_still_lasts():
    with pytest.raises(exceptions.QuotaReached) as caught:
        Wire(error("daily_limit.reached")).call(a_call())
    assert caught.value.retry_after == (8 * 60 + 30) * 60  # 15:30 in Tehran


def test_a_message_holds_neither_identifiers_nor_endless_text_of_the_provider():
    body = {"code": "card.not_active", "message": "کارت ۶۰۳۷۹۹۰۰۰۰۰۰۰۰۰۶ فعال نیست " + "x" * 5000}
    with pytest.raises(exceptions.Rejected) as caught:
        Wire(Received(400, json.dumps(body).encode(), AT)).call(a_call())
    assert "۶۰۳۷۹۹۰۰۰۰۰۰۰۰۰۶" not in str(caught.value)
    assert len(str(caught.value)) < 600


EVENTS = st.sampled_from([NOT_SENT, MAYBE_SENT, MATCHED, FORBIDDEN, SERVER_ERROR, HTML_502, error("card.not_active")])


@given(events=st.lists(EVENTS, min_size=1, max_size=12), safety=st.sampled_from(list(Safety)))
def test_whatever_happens_nothing_billable_is_sent_after_maybe_sent(events, safety):
    wire = Wire(*events)
    with contextlib.suppress(exceptions.CallError):
        wire.call(a_call(safety))
    happened = events[: len(wire.sent())]
    if safety not in (Safety.FREE_READ, Safety.TOKEN):
        assert not any(event in (MAYBE_SENT, HTML_502) for event in happened[:-1])
    assert wire.renewals <= 1
    assert len(wire.sent()) <= TRIES + 1


RECEIVED = st.builds(
    Received,
    status=st.sampled_from([200, 202, 307, 400, 401, 403, 408, 429, 500, 503]),
    body=st.sampled_from([MATCHED.body, b'{"matched": 1}', b"<html>", b"", HTML_502.body, b'{"message": "no"}'])
    | st.sampled_from(["card.not_active", "server.error", "balance.not_enough", "daily_limit.reached", "new"]).map(
        lambda code: error(code).body
    ),
    at=st.just(AT),
)


@given(received=RECEIVED, safety=st.sampled_from(list(Safety)))
def test_a_kept_answer_is_read_again_as_it_was_read_first(received, safety):
    request, wire = a_call(safety), Wire(received)
    try:
        first = wire.call(request)
    except exceptions.CallError as raised:
        first = raised
    again = reread(wire.conversation.api, request, received.status, received.body, "track-1")
    if isinstance(first, exceptions.CallError):
        assert type(again) is type(first)
        assert str(again) == str(first)
        assert vars(again) == vars(first) | {"retry_after": None}
    else:
        assert again == first


class TestRenewal:
    """Tokens: the store first, then a refresh, the store again, then a new pair."""

    OLD = Tokens("old-access", "old-refresh")
    PAIR = Received(200, b'{"accessToken": "new-access", "refreshToken": "new-refresh"}', AT)

    def renew(self, wire: Wire, refused: Tokens | None) -> Tokens:
        return wire.run(wire.conversation.renew("access_token", refused, track_id="track-1")).tokens

    def services(self, wire: Wire) -> list[str]:
        return [send.request.endpoint.service for send in wire.sent()]

    def test_without_tokens_a_pair_is_generated_and_stored(self):
        wire = Wire(self.PAIR)
        assert self.renew(wire, None).access == "new-access"
        assert self.services(wire) == ["generate_token"]
        assert wire.stored.access == "new-access"

    def test_tokens_in_the_store_that_differ_from_the_refused_ones_are_taken_without_a_call(self):
        wire = Wire(self.PAIR, stored=Tokens("of-another-worker", "r"))
        assert self.renew(wire, self.OLD).access == "of-another-worker"
        assert wire.sent() == []

    def test_a_dead_access_token_is_refreshed_with_both_tokens(self):
        wire = Wire(self.PAIR, stored=self.OLD)
        self.renew(wire, self.OLD)
        (sent,) = wire.sent()
        assert sent.request.body == {"accessToken": "old-access", "refreshToken": "old-refresh"}
        assert sent.tokens is None

    def test_a_refresh_that_stays_out_of_order_is_followed_by_a_new_pair(self):
        wire = Wire(*[SERVER_ERROR] * TRIES, self.PAIR, stored=self.OLD)
        assert self.renew(wire, self.OLD).access == "new-access"

    @pytest.mark.parametrize("code", ["refreshToken.not_valid", "invalid.tokens_pair", "forbidden", "client.not_found"])
    def test_a_refused_refresh_is_followed_by_a_new_pair(self, code):
        wire = Wire(error(code), self.PAIR, stored=self.OLD)
        assert self.renew(wire, self.OLD).access == "new-access"
        assert self.services(wire) == ["refresh_token", "generate_token"]

    def test_the_loser_of_a_race_takes_the_winners_tokens(self):
        wire = Wire(error("invalid.tokens_pair"), self.PAIR, stored=self.OLD)
        winner = Tokens("of-the-winner", "r")
        perform = wire.perform

        def refused_because_another_was_faster(step):
            happened = perform(step)
            if isinstance(step, Send):
                wire.stored = winner
            return happened

        wire.perform = refused_because_another_was_faster
        assert self.renew(wire, self.OLD) == winner
        assert self.services(wire) == ["refresh_token"]

    def test_wrong_credentials_need_a_person(self):
        with pytest.raises(exceptions.OperatorNeeded, match="API key"):
            self.renew(Wire(error("invalid.credentials")), None)

    def test_new_tokens_are_stored_before_they_are_used(self):
        wire = Wire(self.PAIR)
        self.renew(wire, None)
        assert isinstance(wire.steps[-1], SaveTokens)
