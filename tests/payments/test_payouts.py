"""Money is sent once; each item meets its own item of the answer, or is unknown."""

from __future__ import annotations

import pickle

import pytest
from airflow.sdk.exceptions import AirflowFailException
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.api.contract import Request
from airflow_provider_iranpay.api.paystar import endpoints
from airflow_provider_iranpay.api.paystar.transfers import Settlement, Transfer, settlement_id
from airflow_provider_iranpay.client.phase import Received
from airflow_provider_iranpay.hooks.errors import failing_at_once
from airflow_provider_iranpay.payments import payouts
from tests.api.paystar_wire import AT, BANKING, HTML_502, IBAN, LOST, NOT_SENT, TRIES, WALLET, Wire, new_key, reply

TRACK_IDS = ("t-1", "t-2", "t-3")


def transfer(*track_ids: str) -> Request:
    return endpoints.TRANSFER.request(
        {
            "transfers": [
                Transfer(
                    amount=10_000,
                    deposit="0100200",
                    destination_account=IBAN,
                    destination_firstname="سارا",
                    destination_lastname="الف",
                    track_id=track_id,
                )
                for track_id in track_ids
            ]
        }
    )


def settlement(*track_ids: str) -> Request:
    return endpoints.SETTLE.request(
        {
            "withdraw_type": "paya",
            "transfers": [
                Settlement(
                    amount=10_000,
                    destination_number=IBAN,
                    destination_firstname="سارا",
                    destination_lastname="الف",
                    track_id=track_id,
                )
                for track_id in track_ids
            ],
        }
    )


def item(track_id: object, status: object = "pending") -> dict[str, object]:
    return {"track_id": track_id, "status": status, "hashid": f"h-{track_id}"}


def wire_of(*events: object) -> Wire:
    return Wire(BANKING, transfer=events, refresh_api_key=[new_key("key-1"), new_key("key-2")])


def statuses(data: object, *asked: str) -> dict[str, str]:
    """What became of each item, in the order of the request."""
    found = payouts.send(wire_of(reply("ok", data)), transfer(*(asked or TRACK_IDS)))
    return {one.track_id: one.status for one in found}


# Which answers are believed

DEFINITE = [2, 3, 6, 7, 8, 10, 12, 13]
DOUBTFUL = {
    **{f"code {code}": reply(code) for code in (0, 9, 11, 14, -1, -99)},
    **{f"code {code} with HTTP 500": reply(code, http=500) for code in (0, 4, 7, 10, 13)},
    **{f"text {text!r}": reply(text) for text in ("failed", "error", "OK", "success", "4", "10")},
    "unauthenticated with HTTP 503": reply("unauthenticated", http=503),
    **{f"text {text!r} with HTTP 401": reply(text, http=401) for text in ("failed", "4")},
    "a refusal that names items": reply(10, [item("t-1", "pending")]),
    "the yes of another family": reply(1, item("t-1")),
    "a yes with HTTP 500": reply("ok", item("t-1"), http=500),
    "no status": reply(None, item("t-1")),
    "lost": LOST,
    "502": HTML_502,
    "HTTP 408": Received(408, b"", AT),
    "HTTP 429 with a code": reply(14, http=429),
    "a page with HTTP 200": Received(200, b"<html>", AT),
    "half a body": Received(200, b'{"status": "ok", "data": [', AT),
}


@pytest.mark.parametrize("http", [200, 400, 403, 422, 429])
@pytest.mark.parametrize("code", DEFINITE)
def test_a_definite_refusal_is_one_whatever_its_http_status_below_500(code, http):
    wire = wire_of(reply(code, http=http))
    with pytest.raises(exceptions.Rejected if code == 10 else exceptions.OperatorNeeded) as caught:
        payouts.send(wire, transfer("t-1"))
    assert (caught.value.code, caught.value.phase) == (str(code), "answered")
    assert len(wire.sent("transfer")) == 1


@pytest.mark.parametrize("event", DOUBTFUL.values(), ids=DOUBTFUL)
def test_whatever_else_was_answered_the_money_may_have_been_sent_and_is_sent_once(event):
    wire = wire_of(event)
    with pytest.raises(exceptions.OutcomeUnknown) as caught:
        payouts.send(wire, transfer(*TRACK_IDS))
    assert (caught.value.transfer_track_ids, caught.value.phase) == (TRACK_IDS, "maybe_sent")
    assert len(wire.sent("transfer")) == 1
    assert len(wire.sent("refresh_api_key")) == 1  # the first key


def test_what_was_said_stays_in_the_error_though_it_is_not_believed():
    with pytest.raises(exceptions.OutcomeUnknown, match=r"موجودی کافی نیست.*wallet does not cover") as caught:
        payouts.send(wire_of(reply(9, message="موجودی کافی نیست")), transfer("t-1"))
    assert caught.value.code == "9"


@pytest.mark.parametrize("event", [reply(0), reply(9), reply(11), reply(10, http=500), LOST])
def test_a_wallet_believes_no_more(event):
    wire = Wire(WALLET, settle=[event], wallet_refresh_api_key=[new_key()])
    with pytest.raises(exceptions.OutcomeUnknown):
        payouts.send(wire, settlement("t-1"))
    assert len(wire.sent("settle")) == 1


@pytest.mark.parametrize("code", [4, 5])
def test_a_dead_key_brings_one_renewal_and_one_replay(code):
    wire = wire_of(reply(code), reply("ok", item("t-1")))
    assert [one.status for one in payouts.send(wire, transfer("t-1"))] == ["pending"]
    assert [send.tokens.access for send in wire.sent("transfer")] == ["key-1", "key-2"]
    assert wire.sent("transfer")[0].request is wire.sent("transfer")[1].request


def test_what_was_not_sent_is_sent_again_and_is_no_unknown_outcome():
    wire = wire_of(NOT_SENT)
    with pytest.raises(exceptions.NotSent):
        payouts.send(wire, transfer("t-1"))
    assert len(wire.sent("transfer")) == TRIES


# Which item is whose


def test_one_item_may_be_answered_by_an_object():
    assert statuses(item("t-1"), "t-1") == {"t-1": "pending"}


def test_items_are_found_by_track_id_whatever_their_order():
    data = [item("t-3", "failed"), item("t-1"), item("t-2", "success")]
    assert list(statuses(data).items()) == [("t-1", "pending"), ("t-2", "success"), ("t-3", "failed")]


@pytest.mark.parametrize(
    "data",
    [
        [item("t-1"), item("t-3")],
        [item("t-1"), item("t-9"), item("t-3")],
        [item("t-1"), item("T-2"), item("t-3")],
        [item("t-1"), item("t-2"), item("t-2"), item("t-3")],
        [item("t-1"), item("t-2", "success"), item("t-3"), item("t-2", "failed")],
        [item("t-1"), item("t-2", None), item("t-3")],
        [item("t-1"), None, item("t-3")],
    ],
    ids=["missing", "foreign", "in other letters", "twice", "twice and not the same", "without a status", "null"],
)
def test_an_item_that_is_not_named_exactly_once_is_unknown_and_the_others_are_not(data, caplog):
    assert statuses(data) == {"t-1": "pending", "t-2": "unknown", "t-3": "pending"}
    assert "so unknown: t-2." in caplog.text


@pytest.mark.parametrize("data", [None, [], {}, "", 5, [item("t-9")], [item("t-1"), item("t-1")], {"a": [item("t-1")]}])
def test_an_answer_that_names_no_item_leaves_all_of_them_open(data):
    with pytest.raises(exceptions.OutcomeUnknown) as caught:
        statuses(data, "t-1")
    assert caught.value.transfer_track_ids == ("t-1",)


def test_a_settlement_is_found_under_the_wallets_own_name_for_it_too():
    known_as = lambda track_id: settlement_id("wallet-of-a-test", track_id)  # noqa: E731
    data = [item(known_as("t-2"), "success"), item("t-1")]
    wire = Wire(WALLET, settle=[reply(1, data)], wallet_refresh_api_key=[new_key()])
    found = payouts.send(wire, settlement("t-1", "t-2"), also_known_as=known_as)
    assert [(one.track_id, one.status) for one in found] == [("t-1", "pending"), ("t-2", "success")]


IDS = st.sampled_from(["t-1", "t-2", "t-3", "t-9", 1, "1", None, "", "T-1"])
ITEMS = st.fixed_dictionaries({}, optional={"track_id": IDS, "status": st.sampled_from(["pending", "failed", 1, None])})
GARBAGE = st.none() | st.booleans() | st.integers() | st.text() | ITEMS | st.lists(ITEMS | st.none() | st.text())


@given(data=GARBAGE, asked=st.lists(st.sampled_from(["t-1", "t-2", "t-3", "1"]), min_size=1, unique=True))
def test_each_item_of_the_request_is_answered_once_in_its_order_and_never_by_anothers(data, asked):
    try:
        found = payouts.send(wire_of(reply("ok", data)), transfer(*asked))
    except exceptions.OutcomeUnknown as unknown:
        named = unknown.transfer_track_ids
    else:
        named = tuple(one.track_id for one in found)
        assert all(one.status == payouts.UNKNOWN or str(one.raw["track_id"]) == one.track_id for one in found)
    assert named == tuple(asked)


# What a list says of one item


def asked_for(track_id: str | None, *items: dict[str, object]) -> list[str]:
    wire = Wire(BANKING, list_transfers=[reply("ok", list(items))], refresh_api_key=[new_key()])
    request = endpoints.LIST_TRANSFERS.request({"track_id": track_id})
    return [one.track_id for one in payouts.listed(wire, request, track_id=track_id)]


def test_a_list_shows_the_item_that_was_asked_for_and_no_other():
    assert asked_for("t-1", item("t-1"), item("t-2")) == ["t-1"]
    assert asked_for(None, item("t-1"), item("t-2")) == ["t-1", "t-2"]


def test_an_empty_list_says_that_there_is_no_such_item():
    assert asked_for("t-1") == []


def test_a_list_of_others_does_not_say_whether_the_item_is_there():
    with pytest.raises(exceptions.UnreadableAnswer):
        asked_for("t-1", item("t-2"))


# The error that leaves money open


def lost() -> exceptions.OutcomeUnknown:
    with pytest.raises(exceptions.OutcomeUnknown) as caught, failing_at_once():
        payouts.send(wire_of(LOST), transfer(*TRACK_IDS))
    return caught.value


def test_a_hook_ends_the_task_with_it_and_the_track_ids_stay():
    assert isinstance(lost(), AirflowFailException)
    assert lost().transfer_track_ids == TRACK_IDS


def test_the_track_ids_survive_pickling():
    again = pickle.loads(pickle.dumps(lost()))
    assert (str(again), again.transfer_track_ids) == (str(lost()), TRACK_IDS)


def test_its_text_names_the_track_ids_and_what_to_do_and_nobody():
    shown = str(lost())
    assert "t-1, t-2, t-3" in shown
    assert "nothing is sent again" in shown
    assert not [secret for secret in (IBAN, "سارا", "0100200", "10000") if secret in shown]


def test_a_long_list_of_track_ids_is_cut_in_the_text_and_whole_in_the_attribute():
    track_ids = tuple(f"t-{number}" for number in range(1_025))
    with pytest.raises(exceptions.OutcomeUnknown, match=r"t-19 and 1,005 more") as caught:
        payouts.send(wire_of(LOST), transfer(*track_ids))
    assert caught.value.transfer_track_ids == track_ids


def test_an_outcome_of_another_call_names_no_transfers():
    error = exceptions.OutcomeUnknown("lost", provider="paystar", service="match_card", phase="maybe_sent")
    assert error.transfer_track_ids == ()
