"""Items of money that is sent, and what Paystar says of them: refused by row and field, never matched by a guess."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.api.contract import UnreadablePayload
from airflow_provider_iranpay.api.paystar import endpoints
from airflow_provider_iranpay.api.paystar.transfers import (
    Settlement,
    Transfer,
    TransferItem,
    own_track_id,
    read_transfer_answer,
    read_transfer_list,
    settlement_id,
)
from airflow_provider_iranpay.exceptions import InvalidInput
from tests.api.paystar_wire import CARD, IBAN

ITEM = Transfer(
    amount=10_000,
    deposit="0100200",
    destination_account=IBAN,
    destination_firstname="سارا",
    destination_lastname="الف",
    track_id="t-1",
)
ROW = {name: value for name, value in asdict(ITEM).items() if value is not None}
SETTLEMENT = Settlement(
    amount=10_000, destination_number=IBAN, destination_firstname="سارا", destination_lastname="الف", track_id="t-1"
)


def encoded(*items: object) -> list[dict[str, object]]:
    return endpoints.TRANSFER.request({"transfers": list(items)}).body["transfers"]


def refused(items: object) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        endpoints.TRANSFER.request({"transfers": items})
    return caught.value


# What is sent


def test_a_transfer_and_a_mapping_of_the_same_names_are_one_thing():
    assert encoded(ITEM) == encoded(ROW) == [ROW]


def test_a_settlement_and_a_mapping_of_the_same_names_are_one_thing():
    for items in ([SETTLEMENT], [asdict(SETTLEMENT)]):
        request = endpoints.SETTLE.request({"withdraw_type": "paya", "transfers": items})
        assert request.body["transfers"] == [asdict(SETTLEMENT)]


def test_items_may_come_one_by_one():
    request = endpoints.TRANSFER.request({"transfers": (replace(ITEM, track_id=f"t-{n}") for n in range(3))})
    assert [item["track_id"] for item in request.body["transfers"]] == ["t-0", "t-1", "t-2"]


@pytest.mark.parametrize("items", [None, 5, "t-1", b"t-1", ROW, ITEM, object()])
def test_what_is_no_list_of_items_is_refused(items):
    assert refused(items).field == "transfers"


def test_a_list_without_items_is_refused():
    assert (refused([]).field, refused(iter(())).reason) == ("transfers", "is_required")


@pytest.mark.parametrize("item", [None, 5, "t-1", [], SETTLEMENT])
def test_an_item_of_another_kind_is_refused_by_its_row(item):
    error = refused([ROW, item])
    assert (error.row, error.field, error.reason) == ("1", "transfers", "type")


@pytest.mark.parametrize(("field", "meant"), [("trackId", "track_id"), ("destination_name", "destination_lastname")])
def test_a_misspelled_field_is_refused_by_its_row_with_the_one_that_was_meant(field, meant):
    error = refused([ROW, ROW | {"track_id": "t-2", field: "x"}])
    assert (error.row, error.field, error.reason) == ("1", field, "unknown_field")
    assert meant in error.remedy


@pytest.mark.parametrize("field", ["سارا", CARD, 5, None])
def test_a_field_like_no_other_may_be_somebodys_data_and_is_not_shown(field):
    error = refused([ROW, ROW | {"track_id": "t-2", field: "x"}])
    assert (error.row, error.field, error.reason) == ("1", "transfers", "unknown_field")
    assert str(field) not in str(error)


@pytest.mark.parametrize("field", ROW)
def test_an_item_that_lacks_a_field_is_refused_by_its_row(field):
    lacking = {name: value for name, value in ROW.items() if name != field}
    for row in (lacking, lacking | {field: None}, lacking | {field: ""}, lacking | {field: float("nan")}):
        error = refused([ROW | {"track_id": "t-0"}, row])
        assert (error.service, error.row, error.field, error.reason) == ("transfer", "1", field, "empty")


@pytest.mark.parametrize("again", ["t-1", "7", 7, 7.0])
def test_a_track_id_that_stands_twice_is_refused_by_its_second_row(again):
    error = refused([ROW | {"track_id": one} for one in ("t-1", "t-2", 7, again)])
    assert (error.row, error.field, error.reason) == ("3", "track_id", "repeated")


def test_track_ids_that_differ_in_a_letters_case_are_two():
    assert len(encoded(ROW, ROW | {"track_id": "T-1"})) == 2


@pytest.mark.parametrize("track_id", [True, b"t-1", [], " t-1", "t-1\n", "t\x001"])
def test_a_track_id_that_could_come_back_as_another_is_refused(track_id):
    assert refused([ROW | {"track_id": track_id}]).field == "track_id"


@pytest.mark.parametrize("track_id", ["1.0", "0017", "a b", "شناسه-۱", "w*t*1"])
def test_a_track_id_is_sent_as_it_is(track_id):
    assert encoded(ROW | {"track_id": track_id})[0]["track_id"] == track_id


@pytest.mark.parametrize("amount", [1_000_000, 1_000_000.0, "1000000", "1,000,000", "۱٬۰۰۰٬۰۰۰"])
def test_an_amount_becomes_an_int_of_rial(amount):
    (item,) = encoded(ROW | {"amount": amount})
    assert (item["amount"], type(item["amount"])) == (1_000_000, int)


@pytest.mark.parametrize("amount", [0, -1, "0", "-5", 10.5, "10.5", "10,00", True, False, "ده", [], 1e30, float("inf")])
def test_an_amount_that_is_no_whole_rial_above_zero_is_refused_and_not_shown(amount):
    error = refused([ROW | {"amount": amount}])
    assert (error.row, error.field) == ("0", "amount")
    assert f"Got {amount}" not in str(error)


@pytest.mark.parametrize("amount", [float("nan"), None, ""])
def test_an_amount_that_is_missing_is_empty(amount):
    assert refused([ROW | {"amount": amount}]).reason == "empty"


@pytest.mark.parametrize("account", ["0100200300", "123-45-6789", "۰۱۰۰۲۰۰"])
def test_a_destination_that_is_no_iban_needs_a_pay_id(account):
    row = ROW | {"destination_account": account}
    error = refused([ROW | {"track_id": "t-0"}, row])
    assert (error.row, error.field, error.reason) == ("1", "pay_id", "is_required")
    assert encoded(row | {"pay_id": "p-1"})[0]["pay_id"] == "p-1"


def test_an_iban_may_have_a_pay_id_and_needs_none():
    assert "pay_id" not in encoded(ROW | {"pay_id": None})[0]
    assert encoded(ROW | {"pay_id": "p-1"})[0]["pay_id"] == "p-1"


@pytest.mark.parametrize("iban", [IBAN.lower(), f" {IBAN} ", IBAN[2:], "IR76 0170 0000 0000 0000 0000 01"])
def test_an_iban_is_sent_in_its_canonical_form(iban):
    assert encoded(ROW | {"destination_account": iban})[0]["destination_account"] == IBAN


@pytest.mark.parametrize("iban", [IBAN[:-1] + "2", IBAN[2:-1] + "2", IBAN[:-1], "IR" + IBAN[2:].replace("7", "8")])
def test_a_misspelled_iban_is_no_account_number_even_with_a_pay_id(iban):
    error = refused([ROW | {"destination_account": iban, "pay_id": "p-1"}])
    assert (error.row, error.field) == ("0", "destination_account")
    assert iban not in str(error)


@pytest.mark.parametrize("card", [CARD, "6037-9900-0000-0006", int(CARD)])
def test_a_card_is_no_destination(card):
    error = refused([ROW | {"destination_account": card, "pay_id": "p-1"}])
    assert (error.row, error.field, error.reason) == ("0", "destination_account", "card")
    assert CARD not in str(error)


def test_a_wallet_pays_to_ibans_only():
    with pytest.raises(InvalidInput, match="settle: row 0, destination_number"):
        endpoints.SETTLE.request({"withdraw_type": "p", "transfers": [replace(SETTLEMENT, destination_number="1002")]})


def test_no_item_shows_who_is_paid():
    answer = read_transfer_answer({"data": {"track_id": "t-1", "status": "failed", "message": "حساب سارا"}})
    shown = repr((ITEM, SETTLEMENT, answer))
    assert "t-1" in shown
    assert not [secret for secret in (IBAN, "سارا", "0100200") if secret in shown]


# What comes back

PENDING = {"hashid": "h-1", "track_id": "t-1", "status": "pending", "message": "در صف", "ref_code": "r-1"}


@pytest.mark.parametrize("data", [PENDING, [PENDING]])
@pytest.mark.parametrize("read", [read_transfer_answer, read_transfer_list])
def test_an_answer_is_one_item_or_a_list(read, data):
    (item,) = read({"status": "ok", "data": data}).items
    assert item == TransferItem(
        track_id="t-1", status="pending", hashid="h-1", message="در صف", ref_code="r-1", raw=PENDING
    )


@pytest.mark.parametrize("status", ["pending", "success", "failed", "returned"])
def test_a_status_passes_as_it_is(status):
    assert read_transfer_answer({"data": PENDING | {"status": status}}).items[0].status == status


def test_a_track_id_that_came_as_a_number_is_a_text():
    assert read_transfer_answer({"data": PENDING | {"track_id": 17}}).items[0].track_id == "17"


UNREADABLE_ITEMS = [
    *(None, 5, "t-1", [], [PENDING], {}, {"track_id": "t-2"}, {"status": "pending"}),
    *(PENDING | wrong for wrong in ({"track_id": None}, {"track_id": ""}, {"track_id": 1.5}, {"track_id": True})),
    *(PENDING | wrong for wrong in ({"status": None}, {"status": ""}, {"status": 1}, {"status": ["success"]})),
]


@pytest.mark.parametrize("item", UNREADABLE_ITEMS)
def test_an_item_that_cannot_be_read_is_left_out_of_an_answer_about_money(item):
    answer = read_transfer_answer({"status": "ok", "data": [item, PENDING]})
    assert [one.track_id for one in answer.items] == ["t-1"]
    assert read_transfer_answer({"status": "ok", "data": item if not isinstance(item, list) else None}).items == ()


@pytest.mark.parametrize("item", UNREADABLE_ITEMS)
def test_a_page_of_the_list_with_an_item_that_cannot_be_read_is_unreadable(item):
    with pytest.raises(UnreadablePayload):
        read_transfer_list({"status": "ok", "data": [PENDING, item]})


@pytest.mark.parametrize("payload", [{"data": None}, {"data": []}, {"data": {}}, {"data": ""}])
def test_a_page_without_items_is_an_empty_one(payload):
    assert read_transfer_list(payload).items == read_transfer_answer(payload).items == ()


def test_a_page_without_data_is_unreadable_and_not_empty():
    with pytest.raises(UnreadablePayload):
        read_transfer_list({"status": "ok"})
    assert read_transfer_answer({"status": "ok"}).items == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["t-1", "pending"]),
    lambda x: (
        st.lists(x, max_size=4)
        | st.dictionaries(st.sampled_from(["track_id", "status", "hashid", "message", "ref_code", "x"]), x)
    ),
)


@given(data=JSON, rest=st.dictionaries(st.just("message"), JSON))
def test_an_answer_about_money_never_raises(data, rest):
    answer = read_transfer_answer(rest | {"status": "ok", "data": data})
    assert all(item.track_id and item.status for item in answer.items)


# The wallet's own name of a settlement


@given(wallet=st.text(), track_id=st.text())
def test_the_wallets_name_of_a_settlement_leads_back_to_the_callers(wallet, track_id):
    assert own_track_id(wallet, settlement_id(wallet, track_id)) == track_id


def test_a_settlement_is_known_by_wallet_track_id_and_one():
    assert settlement_id("w-1", "t-1") == "w-1*t-1*1"


@pytest.mark.parametrize("known_as", ["t-1", "w-2*t-1*1", "w-1*t-1*2", "w-1*t-1", ""])
def test_a_name_of_another_form_stays_as_it_is(known_as):
    assert own_track_id("w-1", known_as) == known_as
