"""The sandbox inside a test process: quick to start, clean to stop, silent about what is asked."""

from __future__ import annotations

import logging
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest

from airflow_provider_iranpay.sandbox import Sandbox
from airflow_provider_iranpay.sandbox.messages import Answer, Reply
from tests.sandbox.caller import Caller


def test_it_is_ready_in_under_a_second():
    started = time.monotonic()
    with Sandbox(seed=99) as sandbox, Caller(sandbox) as caller:
        assert caller.generate().status == 200
        assert time.monotonic() - started < 1


def test_its_urls():
    with Sandbox() as sandbox:
        parts = urlsplit(sandbox.url)
        assert (parts.scheme, parts.hostname) == ("http", "127.0.0.1")
        assert parts.port > 0
        assert sandbox.jibit_url == f"{sandbox.url}/ide"


def sandbox_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "iranpay-sandbox"}


def test_stopping_ends_the_thread_and_frees_the_port():
    before = sandbox_threads()
    with Sandbox() as sandbox, Caller(sandbox) as caller:
        caller.generate()
    assert sandbox_threads() == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((urlsplit(sandbox.url).hostname, urlsplit(sandbox.url).port), timeout=1)


def test_stopping_while_refusing_is_clean():
    before = sandbox_threads()
    with Sandbox() as sandbox:
        sandbox.world.faults.add("refuse", seconds=60)
    assert sandbox_threads() == before


def test_a_taken_port_raises_and_leaves_no_thread():
    before = sandbox_threads()
    with socket.create_server(("127.0.0.1", 0)) as held, pytest.raises(OSError, match=r".+"):
        Sandbox(port=held.getsockname()[1]).start()
    assert sandbox_threads() == before


def test_two_sandboxes_share_nothing(people):
    with Sandbox(seed=1) as one, Sandbox(seed=1) as other, Caller(one) as caller:
        caller.log_in()
        caller.get("services/social/msq", nationalCode=people.person(1).national_code)
        assert (len(one.world.ledger.entries), len(other.world.ledger.entries)) == (1, 0)


def test_an_answer_that_http_cannot_carry_is_a_500_and_a_line(sandbox, monkeypatch, caplog):
    monkeypatch.setattr(sandbox._listener, "handler", lambda _: Reply(Answer(204, b"a body")))
    with Caller(sandbox) as caller:
        assert caller.send("GET", "/ide/v1/balances").status == 500
        assert caller.send("GET", "/ide/v1/balances").status == 500
    assert "204" in caplog.text


def test_no_question_is_ever_logged(caller, people, caplog):
    caplog.set_level(logging.DEBUG)
    person = people.person(1)
    caller.get("services/social/msq", nationalCode=person.national_code)
    caller.get("services/social/msq", nationalCode="12")
    assert person.national_code not in caplog.text


def test_a_bug_in_the_sandbox_is_a_500_and_a_line_without_the_question(caller, people, caplog, monkeypatch):
    def broken(code):
        raise RuntimeError(f"cannot read {code}")

    monkeypatch.setattr(caller.sandbox.world.population, "by_national_code", broken)
    code = people.person(1).national_code
    assert caller.get("services/social/msq", nationalCode=code).status == 500
    assert "RuntimeError" in caplog.text
    assert code not in caplog.text
