"""Many calls at once: each ends exactly once, pauses and the pace are shared, and a run can be stopped at any time."""

from __future__ import annotations

import itertools
import json
import logging
import math
import threading
import time
from datetime import UTC, datetime

import pytest
from tenacity import wait_fixed

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.api.contract import Endpoint, Granted, Safety, Tokens
from airflow_provider_iranpay.api.jibit import endpoints
from airflow_provider_iranpay.client.account import Account
from airflow_provider_iranpay.client.many_driver import Job, _Talk
from airflow_provider_iranpay.client.pacer import Pacer
from airflow_provider_iranpay.client.phase import Broken, Phase
from airflow_provider_iranpay.client.retries import Retries

from .many_jobs import MOBILE, NATIONAL_CODE, Listed, client, matching
from .schedules import Schedule, pacer
from .servers import serving


def answer(body: object, *, status: int = 200, headers: str = "") -> bytes:
    text = json.dumps(body).encode()
    return f"HTTP/1.1 {status} X\r\n{headers}Content-Length: {len(text)}\r\n\r\n".encode() + text


MATCHED = answer({"matched": True})
SERVER_ERROR = answer({"code": "server.error", "message": "x"}, status=500)


def matched(peer, _):
    peer.send(MATCHED)


def with_tokens() -> Account:
    """An account that needs no token call."""
    account = Account()
    account.tokens("access_token", None, lambda refused, last: Granted(Tokens("held"), fresh=True))
    return account


def run(url: str, source: Listed, **settings) -> Listed:
    client(url, **{"account": with_tokens()} | settings).run(source)
    return source


def free_read():
    row = endpoints.MATCH_MOBILE
    return Endpoint(service="free", path=row.path, safety=Safety.FREE_READ, read=row.read).request({})


def test_every_job_brings_its_answer_once():
    with serving(matched) as server:
        source = run(server.url, Listed([matching()] * 500), in_flight=32)
        assert server.received == 500
    assert source.answers() == [True] * 500
    assert set(source.ends.values()) == {1}


def test_never_are_more_calls_open_than_may_be_in_flight():
    taken_ahead = []
    with serving(matched) as server:
        source = Listed([matching()] * 100, then=lambda ended: taken_ahead.append(source.taken - ended))
        run(server.url, source, in_flight=7)
    assert max(taken_ahead) <= 6  # the one that has just ended is none of them


def test_calls_are_in_flight_at_the_same_time():
    together = threading.Barrier(8)

    def behave(peer, _):
        together.wait(5)
        peer.send(MATCHED)

    with serving(behave) as server:
        source = run(server.url, Listed([matching()] * 8), in_flight=8)
    assert source.answers() == [True] * 8


@pytest.mark.parametrize("end", ["reset", "close"])
def test_no_job_is_sent_twice_though_every_second_request_of_a_connection_kills_it(end):
    counts: dict[int, int] = {}

    def dies_on_reuse(peer, _):
        here = counts[id(peer.connection)] = counts.get(id(peer.connection), 0) + 1
        if here % 2:
            peer.send(MATCHED)
        elif end == "reset":
            counts.clear()
            peer.reset()
        else:
            counts.clear()
            peer.connection.close()

    with serving(dies_on_reuse) as server:
        source = run(server.url, Listed([matching()] * 60), in_flight=1)
        assert server.received == 60
    unknown = [one for one in source.outcomes.values() if isinstance(one, exceptions.OutcomeUnknown)]
    assert (len(source.answers()), len(unknown)) == (30, 30)


def test_a_call_that_was_not_sent_is_repeated_until_its_tries_are_used_up():
    source = run("http://127.0.0.1:1", Listed([matching()]))
    assert isinstance(source.outcomes[0], exceptions.NotSent)


def test_a_failure_that_passes_is_repeated_on_the_conversations_terms():
    with serving(lambda peer, number: peer.send(SERVER_ERROR if number < 3 else MATCHED)) as server:
        source = run(server.url, Listed([matching()]))
        assert server.received == 3
    assert source.answers() == [True]


def test_a_pause_that_the_provider_asks_for_holds_back_all_sends():
    sent_at = []

    def behave(peer, number):
        sent_at.append(time.monotonic())
        peer.send(
            answer({"code": "server.error"}, status=503, headers="Retry-After: 1\r\n") if number == 1 else MATCHED
        )

    with serving(behave) as server:
        source = run(server.url, Listed([matching()] * 5), in_flight=1)
    assert source.answers() == [True] * 5
    assert sent_at[1] - sent_at[0] >= 0.95


def test_every_send_takes_a_slot_of_the_pace_repeats_included():
    paced, taken = pacer(1000), []
    take = paced.take
    paced.take = lambda: taken.append(take())

    with serving(lambda peer, number: peer.send(SERVER_ERROR if number % 2 else MATCHED)) as server:
        run(server.url, Listed([matching()] * 5), in_flight=1, pacer=paced)
        assert len(taken) == server.received == 10


def test_a_job_without_an_answer_ends_alone():
    with serving(lambda peer, number: peer.reset() if number == 3 else peer.send(MATCHED)) as server:
        source = run(server.url, Listed([matching()] * 10), in_flight=1)
    (lost,) = (place for place in source.outcomes if not source.is_answered(place))
    assert isinstance(source.outcomes[lost], exceptions.OutcomeUnknown)
    assert source.outcomes[lost].track_id == f"{lost:032x}"


def test_a_source_that_has_nothing_now_is_asked_again_once_it_wakes_the_client():
    with serving(matched) as server:
        source = Listed([matching()] * 2)
        ours = client(server.url, account=with_tokens())
        take, filled = source.take, threading.Event()
        source.take = lambda: take() if source.taken == 0 or filled.is_set() else None

        def fill():
            filled.set()
            ours.wake()

        source._then = lambda ended: threading.Timer(0.05, fill).start() if ended == 1 else None
        began = time.monotonic()
        ours.run(source)
    assert source.answers() == [True] * 2
    assert time.monotonic() - began < 0.9


class TestWhatIsKept:
    """What a journal needs to know of each call that has ended."""

    def ended(self, *replies: bytes, request=None, **settings):
        with serving(lambda peer, number: peer.send(replies[min(number, len(replies)) - 1])) as server:
            return run(server.url, Listed([request or matching()]), **settings).all[0]

    def test_an_answer_is_kept_as_it_came(self):
        began = datetime.now(UTC)
        ended = self.ended(MATCHED)
        assert (ended.value, ended.error, ended.status, ended.sends) == (True, None, 200, 1)
        assert ended.body == b'{"matched": true}'
        assert began <= ended.sent_at <= ended.at <= datetime.now(UTC)

    @pytest.mark.parametrize(
        ("reply", "kind"),
        [
            (answer({"code": "card.not_active"}, status=400), exceptions.Rejected),
            (answer({"matched": "perhaps"}), exceptions.UnreadableAnswer),
            (SERVER_ERROR, exceptions.TransientFailure),
        ],
    )
    def test_so_is_an_unreadable_answer_and_a_definite_no(self, reply, kind):
        ended = self.ended(reply)
        assert isinstance(ended.error, kind)
        assert ended.value is None
        head, _, body = reply.partition(b"\r\n\r\n")
        assert (ended.status, ended.body) == (int(head.split()[1]), body)

    def test_of_several_sends_the_last_one_counts(self):
        ended = self.ended(SERVER_ERROR, MATCHED)
        assert (ended.sends, ended.status, ended.body) == (2, 200, b'{"matched": true}')

    def test_a_page_of_somebody_else_came_and_is_not_kept(self):
        ended = self.ended(b"HTTP/1.1 502 X\r\nContent-Length: 6\r\n\r\n<html>")
        assert isinstance(ended.error, exceptions.OutcomeUnknown)
        assert ended.at is not None
        assert (ended.status, ended.body, ended.sends) == (None, None, 1)

    def test_the_answer_to_another_call_is_not_kept(self):
        ended = self.ended(answer({"matched": True}, headers="X-TRACK-ID: of-another\r\n"))
        assert isinstance(ended.error, exceptions.OutcomeUnknown)
        assert (ended.status, ended.body, ended.sends) == (None, None, 1)

    def test_a_refused_token_call_leaves_nothing_of_the_call_that_asked_for_it(self):
        refused, wrong = answer({"code": "forbidden"}, status=403), answer({"code": "invalid.credentials"}, status=400)
        ended = self.ended(refused, wrong)
        assert ended.error.code == "invalid.credentials"
        assert (ended.status, ended.body, ended.sends) == (None, None, 1)

    def test_what_broke_may_have_been_sent_and_came_from_nobody(self):
        with serving(lambda peer, _: peer.reset()) as server:
            ended = run(server.url, Listed([matching()])).all[0]
        assert (ended.at, ended.status, ended.body, ended.sends) == (None, None, None, 1)
        assert ended.sent_at is not None

    def test_what_was_not_sent_counts_as_no_send(self):
        ended = run("http://127.0.0.1:1", Listed([matching()])).all[0]
        assert isinstance(ended.error, exceptions.NotSent)
        assert (ended.at, ended.status, ended.body, ended.sends, ended.sent_at) == (None, None, None, 0, None)

    def test_the_time_of_sending_is_that_of_the_last_send_that_may_have_left(self):
        talk = _Talk(Job(matching(), "t"), held=None)
        for day, event in enumerate([Broken(Phase.MAYBE_SENT, "x"), Broken(Phase.NOT_SENT, "x")], start=1):
            talk.began = datetime(2026, 11, day, tzinfo=UTC)
            talk.hear(event)
        assert (talk.sends, talk.sent_at.day) == (1, 1)

    def test_its_repr_shows_neither_answer_nor_body(self):
        ended = self.ended(answer({"matched": True, "name": NATIONAL_CODE}))
        assert "True" not in repr(ended)
        assert NATIONAL_CODE not in repr(ended)


class TestMaySend:
    """Whoever holds the lease of a run can hold back every send."""

    def test_it_is_asked_before_every_send_repeats_included(self):
        asked = []
        with serving(lambda peer, number: peer.send(SERVER_ERROR if number == 1 else MATCHED)) as server:
            run(server.url, Listed([matching()] * 3), in_flight=1, may_send=lambda: asked.append(None) or True)
        assert len(asked) == 4

    def test_while_it_says_no_nothing_is_sent_and_after_waking_it_is_asked_again(self):
        allowed = threading.Event()
        with serving(matched) as server:
            source = Listed([matching()] * 5)
            ours = client(server.url, account=with_tokens(), may_send=allowed.is_set)
            running = threading.Thread(target=ours.run, args=[source])
            running.start()
            running.join(0.2)
            assert (source.taken, server.received) == (5, 0)
            allowed.set()
            ours.wake()
            running.join(5)
        assert source.answers() == [True] * 5

    def test_without_waking_it_is_asked_again_in_half_a_second(self):
        began = time.monotonic()
        with serving(matched) as server:
            run(server.url, Listed([matching()]), may_send=lambda: time.monotonic() - began > 0.1)
        assert time.monotonic() - began < 0.9

    def test_what_it_held_back_when_the_run_is_stopped_was_not_sent(self):
        source = Listed([matching()] * 3)
        ours = client("http://127.0.0.1:1", account=with_tokens(), may_send=lambda: False)
        threading.Timer(0.1, ours.stop).start()
        ours.run(source)
        assert [(type(one.error), one.sends) for one in source.all.values()] == [(exceptions.NotSent, 0)] * 3

    def test_if_it_fails_nothing_that_is_in_flight_is_lost(self):
        asked = itertools.count(1)

        def lease():
            if next(asked) == 3:
                raise RuntimeError("the lease is gone")
            return True

        with serving(lambda peer, _: (time.sleep(0.1), peer.send(MATCHED))) as server:
            source = Listed([matching()] * 3)
            with pytest.raises(RuntimeError, match="lease is gone"):
                run(server.url, source, may_send=lease)
            assert server.received == len(source.answers()) == 2
        assert isinstance(source.outcomes[2], exceptions.NotSent)


class TestProgress:
    """What a progress line can ask."""

    def test_in_flight_is_what_is_on_the_wire_now(self):
        together, seen = threading.Barrier(4), []

        def behave(peer, _):
            together.wait(5)
            seen.append(ours.in_flight)
            peer.send(MATCHED)

        with serving(behave) as server:
            ours = client(server.url, account=with_tokens(), in_flight=4)
            assert ours.in_flight == 0
            ours.run(Listed([matching()] * 4))
        assert max(seen) == 4
        assert ours.in_flight == 0

    def test_paused_is_what_the_accounts_pause_still_lasts(self):
        account = with_tokens()
        ours = client("http://127.0.0.1:1", account=account)
        assert ours.paused == 0
        account.pause(60)
        assert 59 < ours.paused <= 60


def test_more_in_flight_than_can_be_waited_for_is_refused():
    with pytest.raises(exceptions.ConfigurationError, match="in_flight: 901 is too much, set 900"):
        client("http://127.0.0.1:1", in_flight=901)


class TestPace:
    """Slots come from elsewhere, and may be late or not come at all."""

    def test_it_sends_as_soon_as_a_lease_brings_slots(self):
        may_lease, woken = threading.Event(), []
        schedule = Schedule(time.monotonic)

        def wake():
            woken.append(None)
            ours.wake()

        paced = Pacer(
            1000,
            lease=lambda *slots: may_lease.wait(5) and schedule.lease(*slots),
            behind=lambda: 0,
            wake=wake,
        )
        with serving(matched) as server:
            source = Listed([matching()] * 5)
            ours = client(server.url, account=with_tokens(), pacer=paced)
            running = threading.Thread(target=ours.run, args=[source])
            running.start()
            running.join(0.2)
            assert (source.taken, server.received) == (5, 0)
            began = time.monotonic()
            may_lease.set()
            running.join(5)
        assert source.answers() == [True] * 5
        assert woken
        assert time.monotonic() - began < 0.9

    def test_a_stop_does_not_wait_for_a_lease(self):
        silence = threading.Event()
        paced = Pacer(1000, lease=lambda *_: silence.wait(10) and 0.0, behind=lambda: 0, wake=lambda: None)
        source = Listed([matching()] * 3)
        ours = client("http://127.0.0.1:1", account=with_tokens(), pacer=paced)
        threading.Timer(0.1, ours.stop).start()
        began = time.monotonic()
        ours.run(source)
        assert time.monotonic() - began < 3
        silence.set()
        assert [type(one) for one in source.outcomes.values()] == [exceptions.NotSent] * 3

    def test_where_no_slots_can_be_leased_nothing_that_is_in_flight_is_lost(self):
        leases = itertools.count(1)
        schedule = Schedule(time.monotonic)

        def lease(count, per_second):
            if next(leases) == 2:
                raise RuntimeError("the warehouse is gone")
            return schedule.lease(count, per_second)

        paced = Pacer(4, lease=lease, behind=lambda: math.inf, wake=lambda: None, begin=lambda work: work())
        with serving(lambda peer, _: (time.sleep(0.1), peer.send(MATCHED))) as server:
            source = Listed([matching()] * 3)
            with pytest.raises(RuntimeError, match="warehouse is gone"):
                run(server.url, source, pacer=paced)
            assert server.received == len(source.answers()) == 1
        assert source.ends.total() == 3

    def test_a_pause_holds_back_every_client_of_the_account(self):
        account = with_tokens()
        with serving(matched) as server:
            client(server.url, account=account).pause(0.5)
            began = time.monotonic()
            run(server.url, Listed([matching()]), account=account)
        assert 0.45 < time.monotonic() - began < 3


class TestStop:
    """No new send; what is in flight has its grace; each open job ends once, as what it is."""

    def test_what_is_in_flight_still_ends_and_nothing_more_is_sent(self):
        with serving(lambda peer, _: (time.sleep(0.1), peer.send(MATCHED))) as server:
            source = Listed([matching()] * 100, then=lambda ended: ours.stop())
            ours = client(server.url, account=with_tokens(), in_flight=4)
            ours.run(source)
            assert server.received == source.taken
        assert 4 <= source.taken <= 8
        assert source.ends.total() == source.taken
        assert source.answers() == [True] * source.taken

    def test_what_is_in_flight_when_the_grace_is_over_may_have_been_sent(self):
        silence = threading.Event()
        with serving(lambda peer, _: silence.wait(10)) as server:
            source = Listed([matching()] * 3)
            ours = client(server.url, account=with_tokens())
            threading.Timer(0.3, ours.stop, [0.1]).start()
            began = time.monotonic()
            ours.run(source)
            silence.set()
        assert time.monotonic() - began < 3
        assert [type(one) for one in source.outcomes.values()] == [exceptions.OutcomeUnknown] * 3

    def test_without_a_grace_what_is_in_flight_ends_in_its_own_time(self):
        with serving(lambda peer, _: (time.sleep(0.5), peer.send(MATCHED))) as server:
            source = Listed([matching()] * 100)
            ours = client(server.url, account=with_tokens(), in_flight=4)
            threading.Timer(0.2, ours.stop, [None]).start()
            ours.run(source)
            assert server.received == source.taken == 4
        assert source.answers() == [True] * 4

    @pytest.mark.parametrize("later", [None, 60.0])
    def test_of_several_graces_the_shortest_counts(self, later):
        silence = threading.Event()
        with serving(lambda peer, _: silence.wait(10)) as server:
            source = Listed([matching()] * 3)
            ours = client(server.url, account=with_tokens())
            for after, grace in enumerate([None, 0.2, later], start=1):
                threading.Timer(after / 10, ours.stop, [grace]).start()
            began = time.monotonic()
            ours.run(source)
            silence.set()
        assert time.monotonic() - began < 3
        assert [type(one) for one in source.outcomes.values()] == [exceptions.OutcomeUnknown] * 3

    def test_what_has_not_come_through_its_proxy_when_the_grace_is_over_was_not_sent(self):
        silence = threading.Event()
        with serving(lambda peer, _: silence.wait(10)) as proxy:
            source = Listed([matching()] * 3)
            network = {"proxy": proxy.url, "connect_timeout": 30.0}
            ours = client("https://api.example", network=network, account=with_tokens())
            threading.Timer(0.3, ours.stop, [0.1]).start()
            ours.run(source)
            silence.set()
        assert [type(one) for one in source.outcomes.values()] == [exceptions.NotSent] * 3

    def test_what_waits_to_be_repeated_ends_with_the_error_that_it_waits_for(self):
        with serving(lambda peer, _: peer.send(SERVER_ERROR)) as server:
            source = Listed([matching()])
            ours = client(server.url, account=with_tokens(), retries=Retries(3, wait=wait_fixed(60)))
            threading.Timer(0.3, ours.stop).start()
            ours.run(source)
            assert server.received == 1
        assert isinstance(source.outcomes[0], exceptions.TransientFailure)

    def test_what_has_not_had_its_turn_ends_as_not_sent(self):
        with serving(matched) as server:
            source = Listed([matching()] * 10, then=lambda ended: ours.stop())
            ours = client(server.url, account=with_tokens(), in_flight=10, pacer=pacer(2))
            ours.run(source)
            assert server.received == 1
        kinds = [type(one) for place, one in source.outcomes.items() if not source.is_answered(place)]
        assert kinds == [exceptions.NotSent] * 9
        assert source.ends.total() == 10

    def test_a_run_that_was_stopped_before_it_began_takes_no_job(self):
        source, ours = Listed([matching()]), client("http://127.0.0.1:1")
        ours.stop()
        ours.run(source)
        assert source.taken == 0


class TestMistakes:
    """What is no error of a call stops the run, loses no answer, and is raised at the end."""

    def test_a_source_that_fails_loses_nothing_that_is_in_flight(self):
        def fail(ended):
            if ended == 1:
                raise RuntimeError("the journal is gone")

        with serving(lambda peer, _: (time.sleep(0.1), peer.send(MATCHED))) as server:
            source = Listed([matching()] * 50, then=fail)
            with pytest.raises(RuntimeError, match="journal is gone"):
                run(server.url, source, in_flight=5)
            assert server.received == source.taken == len(source.answers())

    def test_a_request_that_no_code_can_read_is_not_ended_but_raised(self):
        row = endpoints.MATCH_MOBILE
        broken = Endpoint(service="broken", path=row.path, safety=row.safety, read=lambda payload: 1 / 0).request({})
        with serving(matched) as server:
            source = Listed([broken])
            with pytest.raises(ZeroDivisionError):
                run(server.url, source)
        assert source.ends.total() == 0


def test_neither_logs_nor_errors_hold_what_was_asked(caplog):
    caplog.set_level(logging.DEBUG)
    with serving(lambda peer, number: peer.reset() if number == 2 else peer.send(SERVER_ERROR)) as server:
        source = run(server.url, Listed([matching(), free_read(), matching()]), in_flight=1)
    told = caplog.text + repr([*source.outcomes.values()]) + str([*source.outcomes.values()])
    assert NATIONAL_CODE not in told
    assert MOBILE not in told
    assert "held" not in told
