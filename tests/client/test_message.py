"""What a send looks like before any library sees it."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, quote_plus, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.api.contract import Endpoint, Request, Safety, Tokens
from airflow_provider_iranpay.api.jibit import ENDPOINTS, Jibit
from airflow_provider_iranpay.api.paystar.endpoints import BANKING, GATEWAY, WALLET
from airflow_provider_iranpay.client.conversation import Send
from airflow_provider_iranpay.client.message import compose
from airflow_provider_iranpay.client.network import Network

NETWORK = Network(base_url="https://api.example/base/")
ROWS = [*ENDPOINTS.values(), *BANKING.values(), *GATEWAY.values(), *WALLET.values()]


def composed(query: dict | None = None, body: dict | None = None, tokens: Tokens | None = None):
    method = "GET" if body is None else "POST"
    row = Endpoint(service="x", path="/v1/x", safety=Safety.FREE_READ, read=bool, method=method)
    return compose(Jibit("k", "s"), NETWORK, Send(Request(endpoint=row, query=query or {}, body=body), "track", tokens))


@given(query=st.dictionaries(st.sampled_from(["number", "nationalCode"]), st.text(min_size=1, max_size=6), min_size=1))
def test_a_query_says_what_was_asked_whatever_its_characters(query):
    parts = urlsplit(composed(query).url)
    assert parts.query.isascii()
    assert dict(parse_qsl(parts.query, strict_parsing=True, keep_blank_values=True)) == query


def test_a_list_in_a_query_is_a_parameter_for_each_item():
    assert composed({"a": ["1", "2"], "b": 3}).url.endswith("/v1/x?a=1&a=2&b=3")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.service)
def test_the_name_of_no_parameter_needs_quoting(row):
    names = [*(parameter.wire for parameter in row.parameters), *row.fixed]
    assert [quote_plus(name) for name in names] == names


def test_without_parameters_there_is_no_question_mark():
    assert composed().url == "https://api.example/base/v1/x"


def test_the_token_and_the_track_id_are_headers():
    assert composed(tokens=Tokens("held")).headers == ["X-TRACK-ID: track", "Authorization: Bearer held"]
    assert composed().headers == ["X-TRACK-ID: track"]


def test_a_body_is_json_and_says_so():
    message = composed(body={"name": "سارا"})
    assert (message.method, json.loads(message.body)) == ("POST", {"name": "سارا"})
    assert "Content-Type: application/json" in message.headers


def test_its_repr_shows_nothing_of_the_call():
    shown = repr(composed({"number": "6037990000000006"}, tokens=Tokens("held")))
    assert "6037990000000006" not in shown
    assert "held" not in shown
