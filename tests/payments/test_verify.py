"""When a payment is paid: every end of verify against every answer of inquiry, held against tables of their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.api.paystar.endpoints import GATEWAY_VERIFY
from airflow_provider_iranpay.client.phase import Received
from airflow_provider_iranpay.payments.gateway import verify
from tests.api.paystar_wire import AT, GATEWAY, HTML_502, LOST, MASKED_CARD, NOT_SENT, TRIES, Wire, reply

AMOUNT = 1_250_000
PAID_AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
IN_WINDOW, AFTER = PAID_AT + timedelta(minutes=9, seconds=59), PAID_AT + timedelta(minutes=10)

REQUEST = GATEWAY_VERIFY.request(
    {"ref_num": "ref-1", "amount_rial": AMOUNT, "card_number": MASKED_CARD, "tracking_code": "987654"}
)
UNREADABLE = reply(1, {"ref_num": "ref-1", "price": "free"})

YES = reply(1, {"ref_num": "ref-1", "price": AMOUNT, "card_number": MASKED_CARD})
ENDS = {
    "yes": YES,
    "-6": reply(-6),
    "-106": reply(-106),
    "-9": reply(-9),
    "-109": reply(-109),
    "-8": reply(-8),
    "-5": reply(-5),
    "-99": reply(-99),
    "lost": LOST,
    "502": HTML_502,
    "unreadable": UNREADABLE,
}
LEFT_OPEN = {"-99", "lost", "502", "unreadable"}
MAY_BE_REPEATED = LEFT_OPEN | {"-9", "-109"}


def payment(status: str, amount: int = AMOUNT, date: object = "1405-08-30 15:30:00") -> Received:
    """What inquiry says; the moment is ``PAID_AT``, as Tehran writes it."""
    data = {"ref_num": "ref-1", "order_id": "order-1", "status": status, "payment_amount": amount, "payment_date": date}
    return reply(1, data)


INQUIRIES = {
    "SUCCEED": payment("SUCCEED"),
    "SUCCEED of another amount": payment("SUCCEED", AMOUNT - 1),
    "UNVERIFIED": payment("UNVERIFIED"),
    "UNVERIFIED of another amount": payment("UNVERIFIED", AMOUNT + 1),
    "UNVERIFIED at an unknown moment": payment("UNVERIFIED", date=None),
    "VERIFY_PENDING": payment("VERIFY_PENDING"),
    **{word: payment(word) for word in ("FAILED", "CANCELLED", "REVERSED", "INIT", "ON_HOLD", "succeed", "SUCCEED ")},
}


def outcome(wire: Wire, *, now: datetime = IN_WINDOW, **owed: int) -> tuple[object, int]:
    """What came of it (the flag of a success, or the kind of the error), and how many verifies were sent."""
    try:
        verified = verify(wire, REQUEST, now=lambda: now, **owed)
    except exceptions.CallError as error:
        return type(error), len(wire.sent("gateway_verify"))
    assert (verified.ref_num, verified.order_id, verified.payment_amount_rial) == ("ref-1", "order-1", AMOUNT)
    return ("already verified" if verified.already_verified else "verified"), len(wire.sent("gateway_verify"))


def expected(end: str, says: str, *, in_window: bool) -> tuple[object, int]:
    if says == "SUCCEED":
        return ("verified" if end == "yes" else "already verified"), 1
    if not says.startswith(("UNVERIFIED", "VERIFY_PENDING")):
        return exceptions.NotConfirmed, 1
    sends = 2 if says == "UNVERIFIED" and in_window and end in MAY_BE_REPEATED else 1
    if end == "yes" or says == "VERIFY_PENDING":
        return exceptions.TransientFailure, sends
    if end == "unreadable":
        return exceptions.UnreadableAnswer, sends
    return exceptions.OutcomeUnknown if end in LEFT_OPEN else exceptions.Rejected, sends


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("now", [IN_WINDOW, AFTER], ids=["in the window", "after it"])
def test_what_inquiry_says_decides_whatever_became_of_verify(end, now):
    found = {
        says: outcome(Wire(GATEWAY, gateway_verify=[ENDS[end]], gateway_inquiry=[answer]), now=now)
        for says, answer in INQUIRIES.items()
    }
    assert found == {says: expected(end, says, in_window=now is IN_WINDOW) for says in INQUIRIES}


@pytest.mark.parametrize("first", sorted(MAY_BE_REPEATED))
@pytest.mark.parametrize("second", ENDS)
def test_a_second_verify_is_the_last_one_whatever_becomes_of_it(first, second):
    for says, answer in INQUIRIES.items():
        script = [ENDS[first], ENDS[second], YES]
        wire = Wire(GATEWAY, gateway_verify=script, gateway_inquiry=[INQUIRIES["UNVERIFIED"], answer])
        assert outcome(wire) == (expected(second, says, in_window=False)[0], 2)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(
    ("failing", "kind"),
    [
        (LOST, exceptions.TransientFailure),
        (HTML_502, exceptions.TransientFailure),
        (reply(-99), exceptions.TransientFailure),
        (reply(-5), exceptions.Rejected),
        (reply(-2), exceptions.OperatorNeeded),
        (reply(1, {}), exceptions.UnreadableAnswer),
        (reply(1, {"ref_num": "ref-2", "status": "SUCCEED"}), exceptions.UnreadableAnswer),
        (NOT_SENT, exceptions.TransientFailure),
    ],
    ids=["lost", "502", "-99", "-5", "-2", "empty", "of another payment", "not sent"],
)
def test_without_an_inquiry_nothing_is_confirmed_and_nothing_is_verified_again(end, failing, kind):
    wire = Wire(GATEWAY, gateway_verify=[ENDS[end]], gateway_inquiry=[failing])
    if end in LEFT_OPEN:  # how verify ended weighs more
        kind = exceptions.UnreadableAnswer if end == "unreadable" else exceptions.OutcomeUnknown
    assert outcome(wire) == (kind, 1)


@pytest.mark.parametrize(
    ("refusal", "kind", "sends"),
    [
        (reply(-2), exceptions.OperatorNeeded, 1),
        (reply("unauthenticated"), exceptions.OperatorNeeded, 1),
        (Received(401, b"", AT), exceptions.OperatorNeeded, 1),
        (NOT_SENT, exceptions.NotSent, TRIES),
    ],
)
def test_a_verify_that_reached_no_gateway_of_ours_is_not_followed_by_an_inquiry(refusal, kind, sends):
    wire = Wire(GATEWAY, gateway_verify=[refusal], gateway_inquiry=[INQUIRIES["SUCCEED"]])
    assert outcome(wire) == (kind, sends)
    assert wire.sent("gateway_inquiry") == []


def test_each_verify_is_followed_by_an_inquiry_of_the_same_payment():
    wire = Wire(GATEWAY, gateway_verify=[LOST, YES], gateway_inquiry=[INQUIRIES["UNVERIFIED"], INQUIRIES["SUCCEED"]])
    assert outcome(wire) == ("verified", 2)
    services = [send.request.endpoint.service for send in wire.steps if hasattr(send, "request")]
    assert services == ["gateway_verify", "gateway_inquiry"] * 2
    assert {send.request.body["ref_num"] for send in wire.sent("gateway_inquiry")} == {"ref-1"}


@pytest.mark.parametrize(
    ("paid", "owed", "came"),
    [
        (AMOUNT, {}, "verified"),
        (AMOUNT, {"payment_amount_rial": AMOUNT}, "verified"),
        (AMOUNT, {"payment_amount_rial": AMOUNT + 5_000}, exceptions.NotConfirmed),
        (AMOUNT + 5_000, {}, exceptions.NotConfirmed),
    ],
)
def test_the_amount_that_was_paid_is_held_against_the_one_that_create_promised(paid, owed, came):
    wire = Wire(GATEWAY, gateway_verify=[YES], gateway_inquiry=[payment("SUCCEED", paid)])
    assert outcome(wire, **owed) == (came, 1)


def test_a_fee_of_the_payer_is_part_of_the_promise():
    wire = Wire(GATEWAY, gateway_verify=[YES], gateway_inquiry=[payment("SUCCEED", AMOUNT + 5_000)])
    verified = verify(wire, REQUEST, payment_amount_rial=AMOUNT + 5_000)
    assert (verified.amount_rial, verified.payment_amount_rial) == (AMOUNT, AMOUNT + 5_000)


def test_a_payment_that_says_it_is_paid_names_its_window_and_its_inquiry():
    verified = verify(Wire(GATEWAY, gateway_verify=[YES], gateway_inquiry=[INQUIRIES["SUCCEED"]]), REQUEST)
    assert verified.verify_until == AFTER
    assert verified.payment.status == "SUCCEED"


def test_a_payment_that_was_verified_before_is_said_aloud(caplog):
    outcome(Wire(GATEWAY, gateway_verify=[ENDS["-6"]], gateway_inquiry=[INQUIRIES["SUCCEED"]]))
    assert "ref-1 was verified before" in caplog.text


def test_a_payment_that_this_call_verified_needs_no_word(caplog):
    outcome(Wire(GATEWAY, gateway_verify=[YES], gateway_inquiry=[INQUIRIES["SUCCEED"]]))
    assert caplog.text == ""


def test_two_amounts_that_differ_are_both_named():
    with pytest.raises(exceptions.NotConfirmed, match="1,249,999 Rial, not 1,250,000"):
        verify(Wire(GATEWAY, gateway_verify=[YES], gateway_inquiry=[INQUIRIES["SUCCEED of another amount"]]), REQUEST)


def test_what_is_left_open_says_until_when_it_can_be_verified():
    with pytest.raises(exceptions.OutcomeUnknown, match="Inquiry says UNVERIFIED, and can be verified until 15:40:00"):
        verify(
            Wire(GATEWAY, gateway_verify=[LOST], gateway_inquiry=[INQUIRIES["UNVERIFIED"]]),
            REQUEST,
            now=lambda: IN_WINDOW,
        )


def test_what_can_no_longer_be_verified_names_no_time():
    with pytest.raises(exceptions.OutcomeUnknown, match=r"Inquiry says UNVERIFIED\."):
        verify(
            Wire(GATEWAY, gateway_verify=[LOST], gateway_inquiry=[INQUIRIES["UNVERIFIED"]]), REQUEST, now=lambda: AFTER
        )


@pytest.mark.parametrize("amount", [0, 4_999, 1.5, "ten", True])
def test_a_promise_that_is_no_amount_is_refused_before_anything_is_sent(amount):
    wire = Wire(GATEWAY, gateway_verify=[YES], gateway_inquiry=[INQUIRIES["SUCCEED"]])
    with pytest.raises(exceptions.InvalidInput, match="payment_amount_rial"):
        verify(wire, REQUEST, payment_amount_rial=amount)
    assert wire.steps == []


def test_no_outcome_shows_the_card():
    verified = verify(Wire(GATEWAY, gateway_verify=[YES], gateway_inquiry=[INQUIRIES["SUCCEED"]]), REQUEST)
    assert MASKED_CARD not in repr(verified) + repr(REQUEST)
