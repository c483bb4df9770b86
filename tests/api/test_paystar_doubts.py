"""Nearly believable answers: a no that names items, an echo of another thing, a list that ignores its filter."""

from __future__ import annotations

import pytest

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.api.contract import UnreadablePayload
from airflow_provider_iranpay.api.paystar import endpoints
from airflow_provider_iranpay.payments import payouts
from tests.api.paystar_wire import BANKING, IBAN, Wire, new_key, reply

ITEM = {"amount": 1, "deposit": "1", "destination_account": IBAN, "destination_firstname": "ترانه",
        "destination_lastname": "نیک‌نام", "track_id": "t-1"}  # fmt: skip
TRANSFER = endpoints.TRANSFER.request({"transfers": [ITEM]})
ACCEPTED = {"track_id": "t-1", "status": "pending"}


@pytest.mark.parametrize("code", [2, 4, 5, 6, 7, 8, 10, 12, 13])
@pytest.mark.parametrize("data", [ACCEPTED, [ACCEPTED]], ids=["object", "list"])
def test_a_no_that_names_an_item_is_no_refusal_of_the_whole_request(code, data):
    wire = Wire(BANKING, transfer=[reply(code, data)], refresh_api_key=[new_key()])
    with pytest.raises(exceptions.OutcomeUnknown, match=f"answered with {code}") as caught:
        payouts.send(wire, TRANSFER)
    assert len(wire.sent("transfer")) == 1
    assert (caught.value.code, caught.value.transfer_track_ids) == (str(code), ("t-1",))


@pytest.mark.parametrize("code", [2, 6, 7, 8, 10, 12])
def test_a_no_with_a_bag_of_what_is_wrong_is_one(code):
    bag = {"track_id": ["تکراری است."], "transfers.0.amount": ["کم است."]}
    with pytest.raises((exceptions.Rejected, exceptions.OperatorNeeded), match="تکراری است"):
        payouts.send(Wire(BANKING, transfer=[reply(code, bag)], refresh_api_key=[new_key()]), TRANSFER)


@pytest.mark.parametrize("code", [0, 9, 11, 14, -1])
def test_a_no_that_proves_nothing_keeps_its_code_and_its_words(code):
    wire = Wire(BANKING, transfer=[reply(code, message="موجودی کافی نیست")], refresh_api_key=[new_key()])
    with pytest.raises(exceptions.OutcomeUnknown, match="موجودی کافی نیست") as caught:
        payouts.send(wire, TRANSFER)
    assert (caught.value.code, caught.value.phase, len(wire.sent("transfer"))) == (str(code), "maybe_sent", 1)


@pytest.mark.parametrize(
    ("row", "values", "data"),
    [
        (endpoints.GATEWAY_INQUIRY, {"ref_num": "ref1"}, {"ref_num": "REF-1"}),
        (endpoints.GATEWAY_INQUIRY, {"ref_num": "ref1"}, {"ref_num": "***"}),
        (
            endpoints.GATEWAY_CREATE,
            {"amount_rial": 5_000, "order_id": "A-1", "callback": "https://shop.example/"},
            {"order_id": "A1"},
        ),
    ],
)
def test_the_identity_of_a_payment_is_repeated_to_the_letter(row, values, data):
    with pytest.raises(UnreadablePayload, match="not the one that was asked about"):
        row.request(values).read({"status": 1, "data": data})


def listed(data: object, track_id: str | None = "t-1"):
    wire = Wire(BANKING, list_transfers=[reply("ok", data)], refresh_api_key=[new_key()])
    return payouts.listed(wire, endpoints.LIST_TRANSFERS.request({"track_id": track_id}), track_id=track_id)


def test_a_list_shows_what_it_was_asked_for():
    assert [item.track_id for item in listed([ACCEPTED, {"track_id": "t-2", "status": "failed"}])] == ["t-1"]
    assert listed([]) == ()
    assert len(listed([ACCEPTED, {"track_id": "t-2", "status": "failed"}], None)) == 2


def test_a_list_that_ignores_its_filter_does_not_show_that_a_transfer_is_not_there():
    with pytest.raises(exceptions.UnreadableAnswer, match="does not keep to the track id"):
        listed([{"track_id": "t-2", "status": "success"}])


def sent(*items: dict[str, object]):
    wire = Wire(BANKING, transfer=[reply("ok", list(items))], refresh_api_key=[new_key()])
    two = endpoints.TRANSFER.request({"transfers": [ITEM, ITEM | {"track_id": "t-2"}]})
    return [(item.track_id, item.status) for item in payouts.send(wire, two)]


def test_a_failure_without_an_identity_may_be_the_refusal_of_a_track_id_that_is_on_its_way():
    refused = {"track_id": "t-1", "status": "failed", "message": "تکراری"}
    assert sent(refused, ACCEPTED | {"track_id": "t-2"}) == [("t-1", "unknown"), ("t-2", "pending")]


def test_a_failure_with_an_identity_is_one():
    failed = {"track_id": "t-1", "status": "failed", "hashid": "h-1"}
    assert sent(failed, ACCEPTED | {"track_id": "t-2"}) == [("t-1", "failed"), ("t-2", "pending")]


def test_a_refusal_says_that_an_earlier_request_may_have_been_carried_out():
    wire = Wire(BANKING, transfer=[reply(10, message="تکراری")], refresh_api_key=[new_key()])
    with pytest.raises(exceptions.Rejected, match="look that up before you use another"):
        payouts.send(wire, TRANSFER)


def test_a_failure_without_an_identity_keeps_its_words_where_it_is_the_only_item():
    refused = {"track_id": "t-1", "status": "failed", "message": "شبا نامعتبر است"}
    wire = Wire(BANKING, transfer=[reply("ok", refused)], refresh_api_key=[new_key()])
    (item,) = payouts.send(wire, TRANSFER)
    assert (item.status, item.message) == ("unknown", "شبا نامعتبر است")
