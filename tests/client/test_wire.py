"""One exchange on either wire: its phase, its bounds, and that the HTTP library never does more than it was told."""

from __future__ import annotations

import gzip
import logging
import os
import socket
import time

import pytest
import requests

from airflow_provider_iranpay.client.message import LARGEST_BODY, TOO_LARGE, Message
from airflow_provider_iranpay.client.network import Network
from airflow_provider_iranpay.client.phase import Broken, Phase, Received

from .conftest import SECRET
from .servers import OK, serving


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.mark.parametrize(
    ("url", "settings"),
    [
        ("http://127.0.0.1:{closed}", {}),
        ("https://no-such-host.invalid", {}),
        ("https://127.0.0.1:{plain}", {}),
        ("https://api.example", {"proxy": "http://127.0.0.1:{closed}"}),
        ("https://api.example", {"proxy": "http://127.0.0.1:{plain}"}),
    ],
    ids=["refused", "no such host", "TLS with a plain server", "proxy refused", "proxy closes on CONNECT"],
)
def test_a_failure_to_connect_is_proven_not_sent(ask, url, settings):
    with serving(lambda peer, _: peer.reset()) as plain:
        ports = {"closed": closed_port(), "plain": plain.url.rpartition(":")[2]}
        settings = {name: value.format(**ports) for name, value in settings.items()}
        (broken,) = ask(url.format(**ports), **settings)
    assert isinstance(broken, Broken)
    assert broken.phase is Phase.NOT_SENT


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"


@pytest.mark.parametrize(
    "behaviour",
    [
        lambda peer, _: peer.reset(),
        lambda peer, _: peer.connection.close(),
        lambda peer, _: (peer.send(HEAD + b'{"matched"'), peer.connection.close()),
        lambda peer, _: (
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
            peer.reset(),
        ),
        lambda peer, _: (peer.send(b"not HTTP at all\r\n\r\n"), peer.connection.close()),
    ],
    ids=["reset", "closed", "cut body", "cut chunks", "not HTTP"],
)
def test_a_failure_after_connecting_is_maybe_sent(ask, behaviour):
    with serving(behaviour) as server:
        (broken,) = ask(server.url)
    assert isinstance(broken, Broken)
    assert broken.phase is Phase.MAYBE_SENT
    assert server.received == 1


def test_a_cut_header_brings_no_body_that_could_pass_for_an_answer(ask):
    with serving(lambda peer, _: (peer.send(b"HTTP/1.1 200 OK\r\nContent-Le"), peer.connection.close())) as server:
        (received,) = ask(server.url)
    assert isinstance(received, Broken) or received.body == b""


def test_silence_ends_with_the_read_timeout(ask):
    with serving(lambda peer, _: time.sleep(5)) as server:
        (broken,) = ask(server.url, read_timeout=0.3)
    assert broken.phase is Phase.MAYBE_SENT
    assert broken.reason.startswith("no answer came in time")


def test_a_body_that_drips_ends_with_the_read_timeout(ask):
    def drip(peer, _):
        peer.send(HEAD)
        for _ in range(100):
            peer.send(b" ")
            time.sleep(0.05)

    with serving(drip) as server:
        began = time.monotonic()
        (broken,) = ask(server.url, read_timeout=0.5)
    assert broken == Broken(Phase.MAYBE_SENT, "the answer came too slowly")
    assert time.monotonic() - began < 2


def test_a_header_that_drips_ends_with_the_read_timeout(ask):
    def drip(peer, _):
        for byte in HEAD:
            peer.send(bytes([byte]))
            time.sleep(0.1)

    with serving(drip) as server:
        began = time.monotonic()
        (happened,) = ask(server.url, read_timeout=0.5)
    assert isinstance(happened, Broken)
    assert happened.phase is Phase.MAYBE_SENT
    assert time.monotonic() - began < 2


def test_a_body_without_end_is_not_read_to_its_end(ask):
    def flood(peer, _):
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        for _ in range(10**6):
            peer.send(b"<" * 2**20)

    with serving(flood) as server:
        (broken,) = ask(server.url)
    assert broken.reason == TOO_LARGE


def test_a_small_body_that_unpacks_to_a_huge_one_is_not_read_to_its_end(ask):
    packed = gzip.compress(b" " * (LARGEST_BODY + 1))
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    with serving(lambda peer, _: peer.send(head + packed)) as server:
        (broken,) = ask(server.url)
    assert broken.reason == TOO_LARGE


def test_a_packed_body_is_unpacked(ask):
    packed = gzip.compress(b'{"matched":true}')
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    with serving(lambda peer, _: peer.send(head + packed)) as server:
        (received,) = ask(server.url)
    assert received.body == b'{"matched":true}'


def test_an_answer_brings_what_its_header_tells_in_whatever_case(ask):
    told = OK.replace(b"\r\n\r\n", b"\r\nretry-after: 7\r\nX-Track-Id:  of-this-call\r\n\r\n")
    with serving(lambda peer, number: peer.send(told if number == 1 else OK)) as server:
        first, second = ask(server.url, times=2)
    assert (first.retry_after, first.track_id) == ("7", "of-this-call")
    assert (second.retry_after, second.track_id) == (None, None)


def test_a_field_that_comes_twice_is_one_with_a_comma(ask):
    told = OK.replace(b"\r\n\r\n", b"\r\nX-TRACK-ID: one\r\nServer: x-track-id: no\r\nx-track-id: two\r\n\r\n")
    with serving(lambda peer, _: peer.send(told)) as server:
        (received,) = ask(server.url)
    assert received.track_id == "one, two"


def test_a_header_may_have_bare_line_feeds_and_empty_fields(ask):
    told = OK.replace(b"\r\n\r\n", b"\r\nRetry-After:\r\nX-TRACK-ID: own\r\n\r\n").replace(b"\r\n", b"\n")
    with serving(lambda peer, _: peer.send(told)) as server:
        (received,) = ask(server.url)
    assert (received.retry_after, received.track_id) == ("", "own")
    assert received.body == b'{"matched":true}'


def test_a_trailer_is_no_part_of_the_header(ask):
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-TRACK-ID: of-another\r\n\r\n"
    with serving(lambda peer, _: peer.send(chunked)) as server:
        (received,) = ask(server.url)
    assert received == Received(200, b"{}", received.at)


def test_a_body_is_posted_as_it_is_and_the_next_question_has_none(open_wire):
    def hears_all(peer, number):
        if number > 1:  # the body is read like a head: an answer before it might stop it
            peer.send(OK)

    with serving(hears_all) as server:
        wire = open_wire(Network(base_url=server.url))
        wire.exchange(Message("POST", f"{server.url}/x", ["Content-Type: application/json"], b"{}\r\n\r\n"))
        wire.exchange(Message("GET", f"{server.url}/y"))
        posted, _, asked = server.heads
    assert posted.startswith(b"POST /x ")
    assert b"\r\nContent-Length: 6" in posted
    assert b"\r\nContent-Type: application/json" in posted
    assert asked.startswith(b"GET /y ")
    assert b"Content-" not in asked


@pytest.mark.parametrize("end", ["reset", "close"])
def test_a_reused_connection_that_dies_is_never_asked_twice(ask, end):
    def dies_on_reuse(peer, number):
        if number % 2:
            peer.send(OK)
        elif end == "reset":
            peer.reset()
        else:
            peer.connection.close()

    with serving(dies_on_reuse) as server:
        happened = ask(server.url, times=40)
        assert [on_connection for _, on_connection in server.order] == [1, 2] * 20  # each connection is used again
    assert [isinstance(event, Received) for event in happened] == [True, False] * 20


def test_a_redirect_is_not_followed(ask):
    with serving(lambda peer, _: peer.send(OK)) as target:
        location = f"HTTP/1.1 307 X\r\nLocation: {target.url}/y\r\nContent-Length: 0\r\n\r\n".encode()
        with serving(lambda peer, _: peer.send(location)) as server:
            (received,) = ask(server.url)
        assert received.status == 307
        assert target.received == 0


def test_neither_netrc_nor_the_environment_reaches_a_request(ask, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login stranger password stranger\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    with serving(lambda peer, _: peer.send(OK)) as server:
        (received,) = ask(server.url)
        assert b"Authorization" not in server.heads[0]
    assert received.status == 200


def test_a_cookie_is_not_sent_back(ask):
    with serving(lambda peer, _: peer.send(OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=b\r\n\r\n"))) as server:
        ask(server.url, times=2)
        assert b"Cookie" not in server.heads[1]


def test_product_and_version_are_named(ask):
    with serving(lambda peer, _: peer.send(OK)) as server:
        ask(server.url)
        assert b"User-Agent: airflow-provider-iranpay/" in server.heads[0]


def test_no_library_logs_the_query_of_our_calls_and_others_still_log_theirs(ask, caplog):
    caplog.set_level(logging.DEBUG)
    with serving(lambda peer, _: peer.send(OK)) as server:
        ask(server.url)
        assert SECRET not in caplog.text
        requests.get(f"{server.url}/x?mine=1", timeout=2)
        assert "mine=1" in caplog.text


@pytest.mark.parametrize("location", [b"http://[::1", b"\xff\xfe", b"http://x:99999999/"])
def test_a_redirect_that_leads_nowhere_is_an_answer_like_any_other(ask, location):
    head = b"HTTP/1.1 302 X\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
    with serving(lambda peer, _: peer.send(head)) as server:
        (received,) = ask(server.url)
    assert (received.status, server.received) == (302, 1)


def test_a_header_that_no_library_has_to_take_never_proves_not_sent(ask):
    with serving(lambda peer, _: peer.send(OK.replace(b"application/json", b"\x00"))) as server:
        (event,) = ask(server.url)
    assert server.received == 1
    assert isinstance(event, Received) or event.phase is Phase.MAYBE_SENT


@pytest.mark.parametrize("status", [b"102 Processing", b"103 Early Hints"])
def test_an_interim_answer_does_not_shift_the_real_one_to_the_next_question(ask, status):
    def behave(peer, number):
        if number == 1:
            peer.send(b"HTTP/1.1 " + status + b"\r\n\r\n")
            time.sleep(0.05)
        peer.send(OK.replace(b"true}", b"%04d}" % number))

    with serving(behave) as server:
        first, second = ask(server.url, times=2)
    own = isinstance(first, Received) and first.body == b'{"matched":0001}'
    assert own or first.phase is Phase.MAYBE_SENT
    assert second.body == b'{"matched":0002}'


def chunks_that_drip(peer, _):
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(100):
        peer.send(b"1;" + b"x" * 100 + b"\r\n \r\n")
        time.sleep(0.05)


def trailers_that_drip(peer, _):
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
    for _ in range(100):
        peer.send(b"X-Trailer: 1\r\n")
        time.sleep(0.05)


@pytest.mark.parametrize("behaviour", [chunks_that_drip, trailers_that_drip])
def test_whatever_drips_ends_with_the_time_of_the_exchange(ask, behaviour):
    with serving(behaviour) as server:
        began = time.monotonic()
        (broken,) = ask(server.url, read_timeout=0.4, connect_timeout=0.2)
    assert broken == Broken(Phase.MAYBE_SENT, "the answer came too slowly")
    assert time.monotonic() - began < 3


def test_a_body_whose_end_never_comes_never_passes_for_a_whole_one(ask):
    def without_length(peer, _):
        peer.send(b'HTTP/1.1 200 OK\r\n\r\n{"matched":true}')
        time.sleep(3)

    with serving(without_length) as server:
        (broken,) = ask(server.url, read_timeout=0.6, connect_timeout=0.1)
    assert isinstance(broken, Broken)


def test_a_request_that_cannot_be_made_is_not_sent(open_wire):
    with serving(lambda peer, _: peer.send(OK)) as server:
        message = Message("GET", server.url, ["Authorization: Bearer secret\n"])
        broken = open_wire(Network(base_url=server.url)).exchange(message)
        assert server.received == 0
    assert broken.phase is Phase.NOT_SENT
    assert "secret" not in broken.reason


def test_http_client_prints_nothing_though_another_library_asks_it_to(ask, monkeypatch, capfd):
    monkeypatch.setattr("http.client.HTTPConnection.debuglevel", 1)
    with serving(lambda peer, _: peer.send(OK)) as server:
        ask(server.url)
    assert SECRET not in "".join(capfd.readouterr())


def test_what_the_caller_was_handling_is_no_part_of_the_story(ask):
    with serving(lambda peer, _: peer.reset()) as server:
        try:
            raise OSError(5, "a secret of the caller")
        except OSError:
            (broken,) = ask(server.url)
    assert "secret" not in broken.reason
    assert broken.phase is Phase.MAYBE_SENT


def test_a_forked_child_has_connections_of_its_own(open_wire):
    def behave(peer, number):
        peer.send(OK.replace(b"true}", b"%04d}" % number))

    with serving(behave) as server:
        wire = open_wire(Network(base_url=server.url))
        message = Message("GET", f"{server.url}/x")
        wire.exchange(message)
        child = os.fork()
        if child == 0:
            os._exit(0 if isinstance(wire.exchange(message), Received) else 1)
        assert os.waitpid(child, 0)[1] == 0
        wire.exchange(message)
        assert [connection for connection, _ in server.order] == [1, 2, 1]
