"""Each fault at the socket: what arrives, how it ends, and whether it was billed."""

from __future__ import annotations

import socket
import time

import pytest

from airflow_provider_iranpay.sandbox import transport
from tests.sandbox.caller import Caller, read_to_end

SANA = "/ide/v1/services/social/sana"


@pytest.fixture
def path(people):
    person = people.person(1)
    return f"{SANA}?nationalCode={person.national_code}&mobileNumber={person.mobile}"


@pytest.fixture
def world(sandbox):
    return sandbox.world


def split(received):
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    return lines[0], dict(line.lower().split(": ", 1) for line in lines[1:]), body


def receive(wire, end=b"}"):
    received = b""
    while not received.endswith(end):
        received += wire.recv(65536)
    return received


def wait_until(true):
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def answers(address):
    try:
        socket.create_connection(address, timeout=1).close()
    except ConnectionRefusedError:
        return False
    return True


def targets_in_progress(sandbox):
    return {one._head.target for one in list(sandbox._listener.connections) if one._head is not None}


def billed(world):
    return len(world.ledger.entries)


@pytest.mark.parametrize(("kind", "entries"), [("reset_before", 0), ("reset_after", 1)])
def test_a_reset_sends_rst_and_no_byte(world, caller, path, kind, entries):
    world.faults.add(kind, service="jibit.sana")
    received, end = caller.raw(path)
    assert received == b""
    assert isinstance(end, ConnectionResetError)
    assert (billed(world), world.received["jibit.sana"]) == (entries, 1)


def test_dying_on_reuse_answers_once_then_closes_without_a_byte(world, caller, path):
    world.faults.add("die_on_reuse", service="jibit.sana")
    with socket.create_connection(caller.address, timeout=5) as wire:
        wire.sendall(caller.request(path))
        assert receive(wire).startswith(b"HTTP/1.1 200")
        wire.sendall(caller.request(path))
        assert read_to_end(wire) == (b"", None)
    assert (billed(world), world.received["jibit.sana"]) == (1, 2)


def test_a_cut_body_is_shorter_than_announced_and_billed(world, caller, path):
    world.faults.add("cut_body", service="jibit.sana")
    received, end = caller.raw(path)
    status, headers, body = split(received)
    assert status.startswith("HTTP/1.1 200")
    assert 0 < len(body) < int(headers["content-length"])
    assert end is None
    assert billed(world) == 1


def test_a_cut_header_never_ends_and_is_billed(world, caller, path):
    world.faults.add("cut_header", service="jibit.sana")
    received, end = caller.raw(path)
    assert received.startswith(b"HTTP/1.1 200")
    assert b"\r\n\r\n" not in received
    assert end is None
    assert billed(world) == 1


@pytest.mark.parametrize(("kind", "entries"), [("hang", 1), ("hang_before", 0)])
def test_a_hang_sends_nothing_and_stays_open(world, caller, path, kind, entries):
    world.faults.add(kind, service="jibit.sana")
    with socket.create_connection(caller.address, timeout=0.2) as wire:
        wire.sendall(caller.request(path))
        received, end = read_to_end(wire)
    assert received == b""
    assert isinstance(end, TimeoutError)
    assert (billed(world), world.received["jibit.sana"]) == (entries, 1)


def test_slow_bytes_come_one_by_one(world, caller, path):
    world.faults.add("slow_bytes", service="jibit.sana", seconds=0.001)
    with socket.create_connection(caller.address, timeout=5) as wire:
        started = time.monotonic()
        wire.sendall(caller.request(path))
        received = receive(wire)
        assert time.monotonic() - started >= 0.9 * 0.001 * (len(received) - 1)
        wire.sendall(caller.request("/ide/v1/balances"))
        assert receive(wire).startswith(b"HTTP/1.1 200")
    assert billed(world) == 1


def test_non_json_is_a_200_page_after_billing(world, caller, path):
    world.faults.add("non_json", service="jibit.sana")
    got = caller.send("GET", path, **caller.bearer())
    assert (got.status, got.headers["Content-Type"]) == (200, "text/html; charset=UTF-8")
    assert b"<html>" in got.body
    assert billed(world) == 1


@pytest.mark.parametrize("status", [502, 503])
def test_an_html_5xx_is_not_processed(world, caller, path, status):
    world.faults.add("html_5xx", service="jibit.sana", status=status)
    got = caller.send("GET", path, **caller.bearer())
    assert got.status == status
    assert b"<html>" in got.body
    assert billed(world) == 0


def test_a_huge_page_has_many_megabytes(world, caller, path):
    world.faults.add("huge_html", service="jibit.sana", megabytes=9)
    got = caller.send("GET", path, **caller.bearer())
    assert (got.status, len(got.body)) == (502, 9 << 20)


def test_a_json_5xx_has_the_envelope_and_the_track_id(world, caller, path):
    world.faults.add("json_5xx", service="jibit.sana")
    got = caller.send("GET", path, **caller.bearer(), **{"X-TRACK-ID": "t"})
    assert (got.status, got.code, got.headers["X-TRACK-ID"]) == (500, "server.error", "t")
    assert billed(world) == 0


def test_a_storm_of_forbidden_ends_after_its_count(world, caller, path):
    world.faults.add("forbidden", count=3)
    statuses = [caller.send("GET", path, **caller.bearer()).status for _ in range(5)]
    assert statuses == [403, 403, 403, 200, 200]
    assert billed(world) == 2


@pytest.mark.parametrize(
    ("code", "status"), [("providers.not_available", 503), ("nationalCode.black_listed", 400), ("brand.new_code", 418)]
)
def test_any_error_code_with_any_status(world, caller, path, code, status):
    world.faults.add("error", service="jibit.sana", code=code, status=status)
    got = caller.send("GET", path, **caller.bearer())
    assert (got.status, got.code) == (status, code)
    assert got.body["message"]
    assert billed(world) == 0


def test_a_redirect_points_elsewhere(world, caller, path):
    world.faults.add("redirect", service="jibit.sana", location="http://127.0.0.1:9/else")
    got = caller.send("GET", path, **caller.bearer())
    assert (got.status, got.headers["Location"]) == (307, "http://127.0.0.1:9/else")
    assert billed(world) == 0


def test_a_closed_listener_refuses_and_opens_again(world, caller):
    world.faults.add("refuse", seconds=1)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(caller.address, timeout=1)
    wait_until(lambda: answers(caller.address))


def test_nobody_else_can_take_the_port_of_a_closed_listener(world, caller):
    world.faults.add("refuse", seconds=30)
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            thief.bind(caller.address)


def test_reset_opens_a_closed_listener(world, caller):
    world.faults.add("refuse", seconds=30)
    world.reset()
    assert answers(caller.address)


def test_reset_over_a_connection_that_is_still_open_opens_a_closed_listener(world, caller):
    request = b"POST /_sandbox/reset HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"
    with socket.create_connection(caller.address, timeout=5) as wire:
        wire.sendall(request)
        wait_until(lambda: b"/_sandbox/reset" in targets_in_progress(caller.sandbox))
        world.faults.add("refuse", seconds=30)
        wire.sendall(b"{}")
        assert receive(wire).startswith(b"HTTP/1.1 200")
    wait_until(lambda: not caller.sandbox._listener.refusing)
    assert answers(caller.address)


def test_a_port_that_cannot_be_had_again_is_one_line_and_tried_on(world, caller, monkeypatch, caplog):
    listener = caller.sandbox._listener
    listen, failures = listener._listen, iter([OSError(98, "Address already in use")] * 2)

    async def failing_twice(holder):
        for failure in failures:
            raise failure
        await listen(holder)

    monkeypatch.setattr(transport, "_RETRY_SECONDS", 0.01)
    monkeypatch.setattr(listener, "_listen", failing_twice)
    world.faults.add("refuse", seconds=0)
    wait_until(lambda: not listener.refusing)
    assert answers(caller.address)
    assert caplog.text.count("already in use") == 1


def test_a_closed_listener_drops_idle_connections(world, caller):
    with socket.create_connection(caller.address, timeout=5) as idle:
        idle.sendall(caller.request("/ide/v1/balances"))
        assert b"PRF" in receive(idle)
        world.faults.add("refuse", seconds=0.1)
        assert read_to_end(idle) == (b"", None)


def test_refusing_at_a_request_still_answers_that_request(world, caller, path):
    world.faults.add("refuse", service="jibit.sana", nth=1, seconds=30)
    received, end = caller.raw(path)
    status, headers, _ = split(received)
    assert (status, headers["connection"], end) == ("HTTP/1.1 200 ", "close", None)
    assert billed(world) == 1
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(caller.address, timeout=1)


def test_faults_leave_the_admin_face_alone(world, caller):
    world.faults.add("reset_before")
    assert caller.admin("GET", "health")["status"] == "ok"


def test_latency_delays_the_answer(world, caller, path):
    world.change_settings({"latency": {"kind": "fixed", "seconds": 0.15}})
    started = time.monotonic()
    caller.send("GET", path, **caller.bearer())
    assert 0.15 <= time.monotonic() - started < 2


def test_a_slow_answer_does_not_hold_up_other_connections(world, caller, path):
    world.faults.add("hang", service="jibit.sana")
    with socket.create_connection(caller.address, timeout=5) as wire:
        wire.sendall(caller.request(path))
        with Caller(caller.sandbox) as other:
            assert other.generate().status == 200
