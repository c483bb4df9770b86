"""One exchange on the wire: its phase, its bounds, and that the HTTP library never does more than it was told."""

from __future__ import annotations

import logging
import os
import socket
import time

import pytest
import requests

from airflow_provider_iranpay.client.network import Network
from airflow_provider_iranpay.client.phase import Broken, Phase, Received
from airflow_provider_iranpay.client.wire import LARGEST_BODY, Wire

from .servers import OK, serving

SECRET = "6037990000000006"


def ask(url: str, *, times: int = 1, **settings) -> list[Received | Broken]:
    network = Network(base_url=url, **{"read_timeout": 2.0, "connect_timeout": 1.0} | settings)
    wire = Wire(network)
    return [wire.exchange(requests.Request("GET", f"{url}/x?number={SECRET}")) for _ in range(times)]


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
def test_a_failure_to_connect_is_proven_not_sent(url, settings):
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
def test_a_failure_after_connecting_is_maybe_sent(behaviour):
    with serving(behaviour) as server:
        (broken,) = ask(server.url)
    assert isinstance(broken, Broken)
    assert broken.phase is Phase.MAYBE_SENT
    assert server.received == 1


def test_a_cut_header_brings_no_body_that_could_pass_for_an_answer():
    with serving(lambda peer, _: (peer.send(b"HTTP/1.1 200 OK\r\nContent-Le"), peer.connection.close())) as server:
        (received,) = ask(server.url)
    assert received.body == b""


def test_silence_ends_with_the_read_timeout():
    with serving(lambda peer, _: time.sleep(5)) as server:
        (broken,) = ask(server.url, read_timeout=0.3)
    assert broken == Broken(Phase.MAYBE_SENT, "no answer came in time (TimeoutError)")


def test_a_body_that_drips_ends_with_the_read_timeout():
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


def test_a_header_that_drips_ends_with_the_read_timeout():
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


def test_a_body_without_end_is_not_read_to_its_end():
    def flood(peer, _):
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        for _ in range(10**6):
            peer.send(b"<" * 2**20)

    with serving(flood) as server:
        (broken,) = ask(server.url)
    assert broken.reason == f"the answer is larger than {LARGEST_BODY // 2**20} MiB"


@pytest.mark.parametrize("end", ["reset", "close"])
def test_a_reused_connection_that_dies_is_never_asked_twice(end):
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


def test_a_redirect_is_not_followed():
    with serving(lambda peer, _: peer.send(OK)) as target:
        location = f"HTTP/1.1 307 X\r\nLocation: {target.url}/y\r\nContent-Length: 0\r\n\r\n".encode()
        with serving(lambda peer, _: peer.send(location)) as server:
            (received,) = ask(server.url)
        assert received.status == 307
        assert target.received == 0


def test_neither_netrc_nor_the_environment_reaches_a_request(monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login stranger password stranger\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    with serving(lambda peer, _: peer.send(OK)) as server:
        (received,) = ask(server.url)
        assert b"Authorization" not in server.heads[0]
    assert received.status == 200


def test_a_cookie_is_not_sent_back():
    with serving(lambda peer, _: peer.send(OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=b\r\n\r\n"))) as server:
        ask(server.url, times=2)
        assert b"Cookie" not in server.heads[1]


def test_product_and_version_are_named():
    with serving(lambda peer, _: peer.send(OK)) as server:
        ask(server.url)
        assert b"User-Agent: airflow-provider-iranpay/" in server.heads[0]


def test_no_library_logs_the_query_of_our_calls_and_others_still_log_theirs(caplog):
    caplog.set_level(logging.DEBUG)
    with serving(lambda peer, _: peer.send(OK)) as server:
        ask(server.url)
        assert SECRET not in caplog.text
        requests.get(f"{server.url}/x?mine=1", timeout=2)
        assert "mine=1" in caplog.text


@pytest.mark.parametrize("location", [b"http://[::1", b"\xff\xfe", b"http://x:99999999/", b"//\x00"])
def test_a_redirect_that_leads_nowhere_is_an_answer_like_any_other(location):
    head = b"HTTP/1.1 302 X\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
    with serving(lambda peer, _: peer.send(head)) as server:
        (received,) = ask(server.url)
    assert (received.status, server.received) == (302, 1)


@pytest.mark.parametrize("status", [b"102 Processing", b"103 Early Hints"])
def test_an_interim_answer_does_not_shift_the_real_one_to_the_next_question(status):
    def behave(peer, number):
        if number == 1:
            peer.send(b"HTTP/1.1 " + status + b"\r\n\r\n")
            time.sleep(0.05)
        peer.send(OK.replace(b"true}", b"%04d}" % number))

    with serving(behave) as server:
        first, second = ask(server.url, times=2)
    assert isinstance(first, Broken)
    assert first.phase is Phase.MAYBE_SENT
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
def test_whatever_drips_ends_with_the_time_of_the_exchange(behaviour):
    with serving(behaviour) as server:
        began = time.monotonic()
        (broken,) = ask(server.url, read_timeout=0.4, connect_timeout=0.2)
    assert broken == Broken(Phase.MAYBE_SENT, "the answer came too slowly")
    assert time.monotonic() - began < 3


def test_a_body_whose_end_never_comes_never_passes_for_a_whole_one():
    def without_length(peer, _):
        peer.send(b'HTTP/1.1 200 OK\r\n\r\n{"matched":true}')
        time.sleep(3)

    with serving(without_length) as server:
        (broken,) = ask(server.url, read_timeout=0.6, connect_timeout=0.1)
    assert isinstance(broken, Broken)


def test_a_request_that_cannot_be_made_is_not_sent():
    with serving(lambda peer, _: peer.send(OK)) as server:
        request = requests.Request("GET", server.url, headers={"Authorization": "Bearer secret\n"})
        broken = Wire(Network(base_url=server.url)).exchange(request)
        assert server.received == 0
    assert broken.phase is Phase.NOT_SENT
    assert "secret" not in broken.reason


def test_http_client_prints_nothing_though_another_library_asks_it_to(monkeypatch, capfd):
    monkeypatch.setattr("http.client.HTTPConnection.debuglevel", 1)
    with serving(lambda peer, _: peer.send(OK)) as server:
        ask(server.url)
    assert SECRET not in "".join(capfd.readouterr())


def test_what_the_caller_was_handling_is_no_part_of_the_story():
    with serving(lambda peer, _: peer.reset()) as server:
        try:
            raise OSError(5, "a secret of the caller")
        except OSError:
            (broken,) = ask(server.url)
    assert "secret" not in broken.reason
    assert broken.phase is Phase.MAYBE_SENT


def test_a_forked_child_has_connections_of_its_own():
    def behave(peer, number):
        peer.send(OK.replace(b"true}", b"%04d}" % number))

    with serving(behave) as server:
        wire = Wire(Network(base_url=server.url))
        request = requests.Request("GET", f"{server.url}/x")
        wire.exchange(request)
        child = os.fork()
        if child == 0:
            os._exit(0 if isinstance(wire.exchange(request), Received) else 1)
        assert os.waitpid(child, 0)[1] == 0
        wire.exchange(request)
        assert [connection for connection, _ in server.order] == [1, 2, 1]
