"""The server that answers everything alike."""

from __future__ import annotations

import json

import pytest

from benchmarks.loopback import BODY, Answering

GET = b"GET /v1/services/matching?x=1 HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST /v1/tokens/generate HTTP/1.1\r\nHost: h\r\ncontent-length: 4\r\n\r\n"


class Written:
    """A transport that keeps what is written."""

    def __init__(self):
        self.writes = []

    def write(self, data):
        self.writes.append(data)


@pytest.fixture
def connection(monkeypatch):
    monkeypatch.setattr("asyncio.WriteTransport", Written)
    answering = Answering()
    answering.connection_made(Written())
    return answering


def answers(connection):
    return len(connection._transport.writes)


def test_the_answer_is_308_bytes_of_json_for_matching_and_tokens():
    assert len(BODY) == 308
    assert json.loads(BODY)["matched"] is True
    assert json.loads(BODY).keys() >= {"accessToken", "refreshToken"}


def test_a_request_that_comes_in_pieces_gets_one_answer(connection):
    for position in range(len(GET)):
        assert answers(connection) == 0
        connection.data_received(GET[position : position + 1])
    assert answers(connection) == 1


def test_a_request_is_answered_once_its_body_is_there(connection):
    connection.data_received(POST)
    assert answers(connection) == 0
    connection.data_received(b"{  }")
    assert answers(connection) == 1


def test_two_requests_at_once_get_two_answers(connection):
    connection.data_received(POST + b"{  }" + GET)
    assert answers(connection) == 2


def test_an_answer_says_how_long_it_is(connection):
    connection.data_received(GET)
    head, _, body = connection._transport.writes[0].partition(b"\r\n\r\n")
    assert b"Content-Length: 308" in head
    assert body == BODY


def test_it_tells_when_requests_came_and_begins_anew(connection, monkeypatch):
    moments = iter([10.0, 10.2, 11.1, 12.5])
    monkeypatch.setattr("benchmarks.loopback.time.monotonic", lambda: next(moments))
    connection.data_received(GET * 4 + b"GET /arrivals HTTP/1.1\r\n\r\n" * 2)
    *_, first, second = connection._transport.writes
    assert json.loads(first.partition(b"\r\n\r\n")[2]) == [2.5, 2]
    assert json.loads(second.partition(b"\r\n\r\n")[2]) == [0.0, 0]
