"""What foreign clients do, and the sandbox has to bear."""

from __future__ import annotations

import http.client
import json
import socket

import pytest
import requests

from tests.sandbox.caller import read_to_end


@pytest.fixture
def triple(people):
    person = people.person(1)
    return {
        "cardNumber": person.card.number,
        "nationalCode": person.national_code,
        "birthDate": person.birth_date,
    }


def test_matching_by_post_with_a_json_body(caller, triple):
    got = caller.send("POST", "/ide/v1/services/matching", triple, **caller.bearer())
    assert (got.status, got.body) == (200, {"matched": True})


def test_both_ways_of_matching_ask_the_same_question(caller, triple):
    caller.send("POST", "/ide/v1/services/matching", triple, **caller.bearer())
    caller.get("services/matching", **dict(reversed(triple.items())))
    assert list(caller.sandbox.world.ledger.repeated().values()) == [2]


UNUSED = ("iban", "mobileNumber", "name", "bank")


@pytest.mark.parametrize("blank", [None, "", " "])
def test_unused_fields_of_a_posted_matching_may_be_blank(caller, triple, blank):
    body = dict.fromkeys(UNUSED, blank) | triple
    assert caller.send("POST", "/ide/v1/services/matching", body, **caller.bearer()).body == {"matched": True}


def test_unused_fields_of_a_matching_in_the_query_may_be_blank(caller, triple):
    assert caller.get("services/matching", **dict.fromkeys(UNUSED, ""), **triple).body == {"matched": True}


def test_between_matchings_as_near_a_blank_name_decides(caller, triple):
    del triple["cardNumber"]
    assert caller.get("services/matching", iban="", **triple).code == "iban.is_required"


def test_a_body_nested_too_deep_is_no_body(caller):
    body = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    got = caller.send("POST", "/ide/v1/services/matching", body, **caller.bearer())
    assert (got.status, got.code) == (400, "invalid.request_body")


@pytest.mark.parametrize("true", ["true", "True", "TRUE", "1"])
@pytest.mark.parametrize("false", ["false", "False", "FALSE", "0"])
def test_flags_in_any_case_and_false_as_absent(caller, find, true, false):
    person = find(lambda one: one.card.type == "DEBIT" and one.card.state == "active" and one.account.owners)
    got = caller.get("cards", number=person.card.number, deposit=false, iban=true)
    assert got.body["ibanInfo"]["iban"] == person.account.iban


@pytest.mark.parametrize(
    "path", ["//ide/v1/balances", "/ide//v1/balances", "/ide/v1//balances", "///ide///v1///balances"]
)
def test_duplicate_slashes_without_a_redirect(caller, path):
    got = caller.send("GET", path, **caller.bearer())
    assert got.status == 200
    assert "balances" in got.body


@pytest.mark.parametrize("bearer", ["Bearer ", "Bearer", "Bearer dead-token"])
def test_generate_does_not_mind_a_useless_bearer(caller, bearer):
    keys = {"apiKey": caller.sandbox.api_key, "secretKey": caller.sandbox.secret_key}
    assert caller.send("POST", "/ide/v1/tokens/generate", keys, Authorization=bearer).status == 200


@pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
def test_the_scheme_of_a_token_in_any_case(caller, scheme):
    assert caller.send("GET", "/ide/v1/balances", Authorization=f"{scheme} {caller.token}").status == 200


def ask_by_name(caller, person):
    query = f"cardNumber={person.card.number}&name={person.name}".replace(" ", "+")
    head = f"GET /ide/v1/services/matching?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    return f"{head}Authorization: Bearer {caller.token}\r\n\r\n".encode()


def test_a_query_of_raw_utf_8_is_read(caller, people):
    with socket.create_connection(caller.address, timeout=5) as wire:
        wire.sendall(ask_by_name(caller, people.person(1)))
        received, _ = read_to_end(wire)
    assert received.endswith(b'{"matched":true}')


def test_a_header_of_raw_utf_8_stays_as_it_is(caller):
    track = "شناسه".encode()
    with socket.create_connection(caller.address, timeout=5) as wire:
        wire.sendall(
            b"GET /ide/v1/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-TRACK-ID: " + track + b"\r\n\r\n"
        )
        received, _ = read_to_end(wire)
    assert b"X-TRACK-ID: " + track in received


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_client_that_closes_its_half_still_gets_a_late_answer(caller, version):
    caller.sandbox.world.change_settings({"latency": {"kind": "fixed", "seconds": 0.1}})
    with socket.create_connection(caller.address, timeout=5) as wire:
        wire.sendall(caller.request("/ide/v1/balances").replace(b"HTTP/1.1", f"HTTP/{version}".encode()))
        wire.shutdown(socket.SHUT_WR)
        received, end = read_to_end(wire)
    assert (b"balanceType" in received, end) == (True, None)


def test_half_a_surrogate_pair_does_not_break_the_books(caller, people):
    body = {"cardNumber": people.person(1).card.number, "name": "\ud800"}
    caller.send("POST", "/ide/v1/services/matching", body, **caller.bearer())
    [entry] = caller.admin("GET", "ledger")["entries"]
    assert entry["question"].endswith("\ud800")


def test_of_two_wrong_flags_the_first_of_the_table_is_named(caller):
    assert caller.get("cards", number="1", iban="x", deposit="y").code == "deposit.not_valid"


def test_a_plus_is_a_space(caller, people):
    person = people.person(1)
    name = "+".join(map(requests.utils.quote, str(person.name).split(" ")))
    got = caller.send(
        "GET", f"/ide/v1/services/matching?cardNumber={person.card.number}&name={name}", **caller.bearer()
    )
    assert got.body == {"matched": True}


def test_a_percent_encoded_space_is_a_space(caller, people):
    person = people.person(1)
    name = requests.utils.quote(str(person.name))
    got = caller.send(
        "GET", f"/ide/v1/services/matching?cardNumber={person.card.number}&name={name}", **caller.bearer()
    )
    assert got.body == {"matched": True}


def test_a_chunked_body_is_read(caller, triple):
    connection = http.client.HTTPConnection(*caller.address, timeout=5)
    connection.request(
        "POST",
        "/ide/v1/services/matching",
        iter([json.dumps(triple)[:20].encode(), json.dumps(triple)[20:].encode()]),
        caller.bearer(),
        encode_chunked=True,
    )
    assert json.loads(connection.getresponse().read()) == {"matched": True}
    connection.close()


def test_a_client_that_waits_for_100_continue_is_told_to_go_on(caller, triple):
    body = json.dumps(triple).encode()
    head = (
        f"POST /ide/v1/services/matching HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {caller.token}\r\n"
        f"Expect: 100-continue\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(caller.address, timeout=5) as wire:
        wire.sendall(head.encode())
        assert wire.recv(4096).startswith(b"HTTP/1.1 100")
        wire.sendall(body)
        received, _ = read_to_end(wire)
    assert received.endswith(b'{"matched":true}')


def test_pipelined_requests_are_answered_in_order(caller):
    first, second = caller.request("/ide/v1/balances"), caller.request("/ide/v1/nothing")
    with socket.create_connection(caller.address, timeout=5) as wire:
        wire.sendall(first + second.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        received, _ = read_to_end(wire)
    assert received.index(b"balanceType") < received.index(b"handler.not_found")


def test_http_1_0_is_answered_and_closed(caller):
    with socket.create_connection(caller.address, timeout=5) as wire:
        wire.sendall(f"GET /ide/v1/balances HTTP/1.0\r\nAuthorization: Bearer {caller.token}\r\n\r\n".encode())
        received, end = read_to_end(wire)
    assert b"balanceType" in received
    assert end is None


def test_bytes_that_are_no_http_are_answered_with_400(caller):
    with socket.create_connection(caller.address, timeout=5) as wire:
        wire.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        received, _ = read_to_end(wire)
    assert received.startswith(b"HTTP/1.1 400")
