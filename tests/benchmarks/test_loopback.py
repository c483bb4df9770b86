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
