"""Keys and their renewal: what shows a dead key, what is tried in which order, and what is kept for the next time."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import pytest

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.api.contract import Tokens, UnreadablePayload
from airflow_provider_iranpay.api.paystar import endpoints
from airflow_provider_iranpay.client.conversation import LoadTokens, SaveTokens, Send, Wait
from airflow_provider_iranpay.client.phase import Received
from airflow_provider_iranpay.iran.days import TEHRAN
from tests.api.paystar_wire import AT, BANKING, CODE, HTML_502, IBAN, LOST, MOBILE, WALLET, Wire, new_key, reply

MATCH = endpoints.MATCH_MOBILE.request({"national_code": CODE, "mobile": MOBILE})
MATCHED = reply(1, {"is_matched": True})
TRANSFER = endpoints.TRANSFER.request(
    {
        "transfers": [
            {
                "amount": 10_000, "deposit": "0100200", "destination_account": IBAN,
                "destination_firstname": "سارا", "destination_lastname": "الف", "track_id": "t-1",
            }
        ]
    }
)  # fmt: skip
ACCEPTED = reply("ok", {"track_id": "t-1", "status": "pending"})

OWN = "renewer-of-a-test"
RENEWALS = partial(BANKING.renewals, endpoints.API_KEY)
SIGNS_OF_A_DEAD_KEY = {
    "code 4": reply(4),
    "code 5": reply(5),
    "code 5 with HTTP 400": reply(5, http=400),
    "HTTP 401": Received(401, b"", AT),
    "HTTP 401 with a page": Received(401, b"<html>", AT),
    "unauthenticated": reply("unauthenticated"),
    "unauthenticated with HTTP 401": reply("unauthenticated", http=401),
    "invalid access": reply(0, message="دسترسی نامعتبر", http=400),
    "invalid access in Arabic letters": reply("error", message="دسترسي نامعتبر", http=400),
}


def renewed_with(wire: Wire, service: str = "refresh_api_key") -> list[tuple[str, str]]:
    """Path and refresh token of each renewal."""
    return [(send.request.endpoint.path, next(iter(send.request.body.values()))) for send in wire.sent(service)]


LONG, SHORT = "/open-banking/application/refresh-api-key", "/application/refresh-api-key"


@pytest.mark.parametrize("dead", SIGNS_OF_A_DEAD_KEY.values(), ids=SIGNS_OF_A_DEAD_KEY)
@pytest.mark.parametrize(("request_", "answer"), [(MATCH, MATCHED), (TRANSFER, ACCEPTED)], ids=["matching", "transfer"])
def test_each_sign_of_a_dead_key_brings_one_renewal_and_one_replay(request_, answer, dead):
    service = request_.endpoint.service
    wire = Wire(BANKING, refresh_api_key=[new_key("key-1"), new_key("key-2")], **{service: [dead, answer]})
    wire.call(request_)
    assert [send.tokens.access for send in wire.sent(service)] == ["key-1", "key-2"]
    assert len(wire.sent("refresh_api_key")) == 2  # the first key of all, and its successor


@pytest.mark.parametrize("dead", SIGNS_OF_A_DEAD_KEY.values(), ids=SIGNS_OF_A_DEAD_KEY)
@pytest.mark.parametrize("request_", [MATCH, TRANSFER], ids=["matching", "transfer"])
def test_a_fresh_key_that_is_refused_too_ends_the_call(request_, dead):
    service = request_.endpoint.service
    stored = Tokens("key-0", OWN)
    wire = Wire(BANKING, stored=stored, refresh_api_key=[new_key("key-1")], **{service: [dead]})
    with pytest.raises(exceptions.OperatorNeeded):
        wire.call(request_)
    assert [send.tokens.access for send in wire.sent(service)] == ["key-0", "key-1"]


def test_a_stored_key_is_used_without_any_renewal():
    wire = Wire(BANKING, stored=Tokens("key-0", OWN), match_mobile=[MATCHED])
    assert wire.call(MATCH) is True
    assert [send.tokens.access for send in wire.sent("match_mobile")] == ["key-0"]


@pytest.mark.parametrize("refused", [reply(10), HTML_502, Received(404, b"<html>", AT)])
def test_where_one_path_of_renewal_refuses_the_other_is_tried(refused):
    sends = 2 if refused.status in (404, 502) else 1  # what may not have been answered at all is repeated once
    wire = Wire(BANKING, match_mobile=[MATCHED], refresh_api_key=[*[refused] * sends, new_key()])
    assert wire.call(MATCH) is True
    assert renewed_with(wire) == [(LONG, OWN)] * sends + [(SHORT, OWN)]


def test_where_both_paths_are_out_of_order_the_call_ends_so():
    wire = Wire(BANKING, match_mobile=[MATCHED], refresh_api_key=[HTML_502])
    with pytest.raises(exceptions.TransientFailure):
        wire.call(MATCH)
    assert renewed_with(wire) == [(LONG, OWN)] * 2 + [(SHORT, OWN)] * 2


@pytest.mark.parametrize("code", [2, 3, 4, 5, 6, 7, 8, 12, 13])
def test_what_only_a_person_can_mend_is_not_asked_again_on_the_other_path(code):
    stored = Tokens("key-0", "renewer-2")
    wire = Wire(BANKING, stored=stored, match_mobile=[reply(5)], refresh_api_key=[reply(code)])
    with pytest.raises(exceptions.OperatorNeeded) as caught:
        wire.call(MATCH)
    assert caught.value.code == str(code)
    assert renewed_with(wire) == [(LONG, "renewer-2"), (LONG, OWN)]


def test_a_dead_refresh_token_asks_for_a_new_one():
    with pytest.raises(exceptions.OperatorNeeded, match="new refresh token"):
        Wire(BANKING, match_mobile=[MATCHED], refresh_api_key=[reply(13)]).call(MATCH)


def test_a_lost_renewal_is_repeated_once_before_the_other_path():
    wire = Wire(BANKING, match_mobile=[MATCHED], refresh_api_key=[LOST, new_key()])
    assert wire.call(MATCH) is True
    assert renewed_with(wire) == [(LONG, OWN)] * 2


def test_a_new_refresh_token_is_saved_before_the_new_key_is_used():
    wire = Wire(BANKING, match_mobile=[MATCHED], refresh_api_key=[new_key("key-1", refresh_token="renewer-2")])
    wire.call(MATCH)
    of_interest = [step for step in wire.steps if isinstance(step, Send | SaveTokens)]
    renewal, saved, used = of_interest
    assert saved == SaveTokens(endpoints.API_KEY, Tokens("key-1", "renewer-2"))
    assert (renewal.tokens, used.tokens) == (None, saved.tokens)


def test_a_new_refresh_token_renews_the_next_key():
    wire = Wire(
        BANKING,
        match_mobile=[reply(5), MATCHED],
        refresh_api_key=[new_key("key-1", refresh_token="renewer-2"), new_key("key-2")],
    )
    wire.call(MATCH)
    assert renewed_with(wire) == [(LONG, OWN), (LONG, "renewer-2")]


def test_an_answer_without_a_refresh_token_keeps_the_one_that_worked():
    wire = Wire(
        BANKING, stored=Tokens("key-0", "renewer-2"), match_mobile=[reply(5), MATCHED], refresh_api_key=[new_key()]
    )
    wire.call(MATCH)
    assert wire.stored == Tokens("key-1", "renewer-2")


def test_where_the_kept_refresh_token_is_dead_the_connections_own_is_tried():
    wire = Wire(
        BANKING,
        stored=Tokens("key-0", "renewer-2"),
        match_mobile=[reply(5), MATCHED],
        refresh_api_key=[reply(13), new_key()],
    )
    wire.call(MATCH)
    assert renewed_with(wire) == [(LONG, "renewer-2"), (LONG, OWN)]
    assert wire.stored == Tokens("key-1", OWN)


@pytest.mark.parametrize("held", [[], [Tokens("key-0")], [Tokens("key-0", OWN)], [Tokens("a", OWN), Tokens("b", OWN)]])
def test_no_refresh_token_is_tried_twice_on_one_path(held):
    tried = [(way.request.endpoint.path, way.request.body["refresh_token"], way.keeps) for way in RENEWALS(held)]
    assert tried == [(LONG, OWN, OWN), (SHORT, OWN, OWN)]


def test_the_refresh_token_that_was_stored_last_is_tried_first_and_the_connections_own_last():
    held = [Tokens("key-2", "renewer-2"), Tokens("key-1", "renewer-1")]
    assert [way.keeps for way in RENEWALS(held)] == ["renewer-2"] * 2 + ["renewer-1"] * 2 + [OWN] * 2


def test_a_refresh_token_that_the_store_did_not_take_is_not_forgotten_by_its_process():
    wire = Wire(
        BANKING,
        stored=Tokens("key-0", OWN),
        match_mobile=[reply(5), MATCHED, reply(5), reply(5), MATCHED],
        refresh_api_key=[new_key("key-1", refresh_token="renewer-2"), reply(13), new_key("key-2")],
    )
    perform = wire.perform
    wire.perform = lambda step: None if isinstance(step, SaveTokens) else perform(step)
    wire.call(MATCH)
    wire.call(MATCH)
    assert [send.tokens.access for send in wire.sent("match_mobile")] == ["key-0", "key-1", "key-1", "key-0", "key-2"]
    assert renewed_with(wire) == [(LONG, OWN), (LONG, OWN), (LONG, "renewer-2")]


def test_whoever_lost_a_race_gives_the_winner_a_moment_to_write_what_it_got():
    winner = Tokens("key-of-the-winner", "renewer-2")
    wire = Wire(BANKING, stored=Tokens("key-0", OWN), match_mobile=[reply(5), MATCHED], refresh_api_key=[reply(13)])
    perform = wire.perform

    def while_another_is_slow_to_write(step):
        if isinstance(step, Wait):
            wire.stored = winner
        return perform(step)

    wire.perform = while_another_is_slow_to_write
    assert wire.call(MATCH) is True
    assert wire.sent("match_mobile")[-1].tokens == winner


def test_the_loser_of_a_race_reads_the_winners_key_and_goes_on():
    winner = Tokens("key-of-the-winner", "renewer-2")
    wire = Wire(BANKING, stored=Tokens("key-0", OWN), match_mobile=[reply(5), MATCHED], refresh_api_key=[reply(13)])
    perform = wire.perform

    def while_another_is_faster(step):
        happened = perform(step)
        if isinstance(step, Send) and step.request.endpoint.service == "refresh_api_key":
            wire.stored = winner
        return happened

    wire.perform = while_another_is_faster
    assert wire.call(MATCH) is True
    assert wire.sent("match_mobile")[-1].tokens == winner
    assert len(wire.sent("refresh_api_key")) == 1
    assert isinstance(wire.steps[-2], LoadTokens)


def test_the_wallets_two_keys_are_renewed_apart_each_by_its_own_token():
    balance = reply(1, {"total_amount": "1,000", "available_amount": 1_000})
    wire = Wire(
        WALLET,
        wallet_balance=[balance],
        wallet_refresh_inquiry_key=[
            reply(1, {"inquiry_key": "inquiry-1", "inquiry_key_expire_date": "2026-11-22 15:30:00"})
        ],
    )
    assert wire.call(endpoints.WALLET_BALANCE.request({})).available_rial == 1_000
    assert wire.stored == Tokens("inquiry-1", "inquirer-of-a-test")
    assert renewed_with(wire, "wallet_refresh_inquiry_key") == [("/wallet/refresh-inquiry-key", "inquirer-of-a-test")]


KEYS = [
    (endpoints.REFRESH_API_KEY, "api_key", "refresh_token"),
    (endpoints.REFRESH_API_KEY_SHORT, "api_key", "refresh_token"),
    (endpoints.REFRESH_WALLET_KEY, "api_key", "refresh_token"),
    (endpoints.REFRESH_INQUIRY_KEY, "inquiry_key", "refresh_inquiry_key"),
]
EVERYTHING = {
    "api_key": "the api_key",
    "api_key_expire_date": "2026-11-22 15:30:00",
    "refresh_token": "the refresh_token",
    "inquiry_key": "the inquiry_key",
    "inquiry_key_expire_date": "2026-11-22 15:30:00",
    "refresh_inquiry_key": "the refresh_inquiry_key",
}


@pytest.mark.parametrize(("row", "key", "renewed_by"), KEYS, ids=[row[0].path for row in KEYS])
@pytest.mark.parametrize("as_data", [lambda data: data, lambda data: [data]], ids=["object", "list of one"])
def test_each_renewal_reads_its_own_key_and_its_own_refresh_token(row, key, renewed_by, as_data):
    tokens = row.read({"status": 1, "data": as_data(EVERYTHING)})
    assert tokens == Tokens(f"the {key}", f"the {renewed_by}")
    assert tokens.expires_at == datetime(2026, 11, 22, 15, 30, tzinfo=TEHRAN)


def test_an_inquiry_key_may_come_under_the_name_of_the_api_key():
    data = {"api_key": "key-1", "api_key_expire_date": "2026-11-22 15:30:00"}
    tokens = endpoints.REFRESH_INQUIRY_KEY.read({"data": data})
    assert (tokens.access, tokens.expires_at.day) == ("key-1", 22)


@pytest.mark.parametrize("date", [None, "", "soon", 1763722800])
def test_a_key_whose_death_cannot_be_read_is_a_key_all_the_same(date):
    tokens = endpoints.REFRESH_API_KEY.read({"data": {"api_key": "key-1", "api_key_expire_date": date}})
    assert (tokens.access, tokens.expires_at) == ("key-1", None)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        "",
        "key-1",
        [{}, {}],
        {"api_key": ""},
        {"api_key": None},
        {"api_key": 5},
        {"api_key": "with\nbreak"},
    ],
)
def test_an_answer_without_one_usable_key_is_unreadable(data):
    with pytest.raises(UnreadablePayload):
        endpoints.REFRESH_API_KEY.read({"status": 1, "data": data})


def test_an_unreadable_key_is_not_shown():
    wire = Wire(BANKING, match_mobile=[MATCHED], refresh_api_key=[new_key("key with\nbreak", refresh_token="r-2")])
    with pytest.raises(exceptions.UnreadableAnswer) as caught:
        wire.call(MATCH)
    assert "with\nbreak" not in str(caught.value)
