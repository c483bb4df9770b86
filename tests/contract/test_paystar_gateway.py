"""The payment gateway through its hook: create, the payer, the callback, verify; and when a payment is paid."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import requests
from airflow.sdk.exceptions import AirflowFailException
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.hooks.paystar import PaystarGatewayHook
from tests.contract.paystar_calls import CALLBACK
from tests.sandbox.shop import Page

AMOUNT, MINUTES, HOURS = 50_000, 60, 3600


@pytest.fixture
def pay(gateway, payer):
    """Create a payment and have it paid; gives what create and the callback said."""

    def paid(order_id="A-1", outcome="pay"):
        created = gateway.create(AMOUNT, order_id, CALLBACK)
        return created, gateway.parse_callback(payer(created, outcome))

    return paid


def verify(hook, callback, **more):
    return hook.verify(callback.ref_num, AMOUNT, callback.card_number or "-", callback.tracking_code or "-", **more)


def verifies(sandbox) -> int:
    return sandbox.world.received["paystar.gateway_verify"]


def test_gateway_create(gateway):
    created = gateway.create(AMOUNT, "A-1", CALLBACK)
    assert (created.order_id, created.payment_amount_rial) == ("A-1", AMOUNT)
    assert created.token != created.ref_num
    assert gateway.inquiry(created.ref_num).status == "INIT"


def test_create_takes_what_the_contract_leaves_open(gateway, sandbox, person):
    created = gateway.create(
        AMOUNT,
        1405,
        CALLBACK,
        name=str(person.name),
        phone=person.mobile,
        mail="payer@shop.example",
        description="a basket",
        allotment=[{"share": 100}],
        callback_method=1,
        wallet_hashid="wallet",
        national_code=int(person.national_code),
        card_number=person.card.number,
        referer_id="7",
    )
    (payment,) = sandbox.world.paystar.desk.payments
    assert (created.order_id, payment.asked.card) == ("1405", person.card.number)
    assert payment.asked.callback_by_get


@pytest.mark.parametrize("method", [0, 1], ids=["POST form", "GET query"])
def test_gateway_pay(gateway, person, method):
    created = gateway.create(AMOUNT, "A-1", CALLBACK, callback_method=method)
    page = gateway.payment_url(created.token)
    assert requests.get(page, timeout=10).status_code == 200
    chosen = {"outcome": "pay", "card": person.card.number}
    answer = requests.post(page, data=chosen, timeout=10, allow_redirects=False)
    brought = urlsplit(answer.headers["Location"]).query if method else Page(answer.content).hidden
    callback = gateway.parse_callback(brought)
    assert callback.says_paid
    assert (callback.order_id, callback.ref_num) == ("A-1", created.ref_num)
    assert callback.card_number == f"{person.card.number[:6]}******{person.card.number[-4:]}"
    assert verify(gateway, callback).order_id == "A-1"


def test_gateway_verify(gateway, pay, caplog):
    created, callback = pay()
    verified = verify(gateway, callback)
    assert (verified.ref_num, verified.order_id) == (created.ref_num, "A-1")
    assert (verified.amount_rial, verified.payment_amount_rial) == (AMOUNT, AMOUNT)
    assert not verified.already_verified
    assert verified.verify_until == verified.payment.payment_date + timedelta(minutes=10)
    assert "verified before" not in caplog.text


def test_gateway_inquiry(gateway, pay):
    created, callback = pay()
    verify(gateway, callback)
    payment = gateway.inquiry(created.ref_num)
    assert (payment.status, payment.order_id, payment.payment_amount_rial) == ("SUCCEED", "A-1", AMOUNT)
    assert (payment.card_number, payment.tracking_code) == (callback.card_number, callback.tracking_code)
    assert payment.hashed_card_number == callback.hashed_card_number
    assert payment.payment_date.utcoffset() == timedelta(hours=3, minutes=30)


def test_an_unknown_payment_is_rejected(gateway):
    with pytest.raises(exceptions.Rejected, match=r"gateway_inquiry.*-5.*no such ref_num"):
        gateway.inquiry("0123456789ab")


def test_data_in_another_shape_is_the_same_answer(gateway, sandbox, pay):
    sandbox.world.change_settings({"paystar_data_forms": "odd"})
    _, callback = pay()
    assert verify(gateway, callback).order_id == "A-1"


class TestSignatures:
    """A gateway is signed or not; the connection's password is its key."""

    def test_an_unsigned_gateway_needs_no_key(self, connect_paystar, sandbox, payer):
        sandbox.world.change_settings({"paystar_gateway_signed": False})
        connect_paystar("gateway", password="")
        hook = PaystarGatewayHook()
        created = hook.create(AMOUNT, "A-1", CALLBACK)
        assert verify(hook, hook.parse_callback(payer(created))).order_id == "A-1"

    def test_an_unsigned_gateway_does_not_mind_a_key(self, gateway, sandbox, pay):
        sandbox.world.change_settings({"paystar_gateway_signed": False})
        _, callback = pay()
        assert verify(gateway, callback).order_id == "A-1"

    def test_a_gateway_that_takes_the_short_sign_takes_the_long_one_too(self, gateway, sandbox, pay):
        sandbox.world.change_settings({"paystar_gateway_short_verify_sign": True})
        _, callback = pay()
        assert verify(gateway, callback).order_id == "A-1"

    def test_a_signed_gateway_refuses_who_does_not_sign(self, connect_paystar):
        connect_paystar("gateway", password="")
        with pytest.raises(exceptions.Rejected, match="sign"):
            PaystarGatewayHook().create(AMOUNT, "A-1", CALLBACK)

    def test_a_wrong_key_creates_nothing(self, connect_paystar, sandbox):
        connect_paystar("gateway", password="another key")
        with pytest.raises(exceptions.Rejected, match=r"gateway_create.*-1"):
            PaystarGatewayHook().create(AMOUNT, "A-1", CALLBACK)
        assert list(sandbox.world.paystar.desk.payments) == []

    def test_a_wrong_key_verifies_nothing(self, connect_paystar, sandbox, gateway, pay):
        created, callback = pay()
        connect_paystar("gateway", password="another key")
        with pytest.raises(exceptions.Rejected, match=r"gateway_verify.*-9.*Inquiry says UNVERIFIED"):
            verify(PaystarGatewayHook(), callback)
        assert verifies(sandbox) == 2
        assert gateway.inquiry(created.ref_num).status == "UNVERIFIED"

    def test_a_wrong_card_is_a_wrong_sign(self, gateway, pay):
        _, callback = pay()
        with pytest.raises(exceptions.Rejected, match="-9"):
            gateway.verify(callback.ref_num, AMOUNT, "603799******0000", callback.tracking_code)


class TestThePayersFee:
    """It makes what is paid differ from what was asked for."""

    @pytest.fixture(autouse=True)
    def _fee(self, sandbox):
        sandbox.world.change_settings({"paystar_gateway_payer_fee_rial": 2_500})

    def test_is_part_of_the_payment_amount(self, gateway, pay):
        created, callback = pay()
        assert created.payment_amount_rial == AMOUNT + 2_500
        verified = verify(gateway, callback, payment_amount_rial=created.payment_amount_rial)
        assert (verified.amount_rial, verified.payment_amount_rial) == (AMOUNT, AMOUNT + 2_500)

    def test_has_to_be_known(self, gateway, pay):
        _, callback = pay()
        with pytest.raises(exceptions.NotConfirmed, match=r"52,500 Rial.*not 50,000"):
            verify(gateway, callback)


def test_a_second_verify_is_confirmed_by_inquiry_and_said_aloud(gateway, sandbox, pay, caplog):
    _, callback = pay()
    first, second = verify(gateway, callback), verify(gateway, callback)
    assert (first.already_verified, second.already_verified) == (False, True)
    assert f"The payment {callback.ref_num} was verified before" in caplog.text
    assert verifies(sandbox) == 2


def test_a_forged_callback_with_another_orders_payment_shows_that_order(gateway, pay):
    _, callback = pay("A-1")
    verify(gateway, callback)
    mine = gateway.create(AMOUNT, "A-2", CALLBACK)
    forged = gateway.parse_callback(
        f"status=1&order_id=A-2&ref_num={callback.ref_num}&transaction_id=1"
        f"&card_number={callback.card_number}&tracking_code={callback.tracking_code}"
    )
    verified = verify(gateway, forged)
    assert verified.already_verified
    assert (verified.order_id, verified.ref_num) == ("A-1", callback.ref_num)
    assert verified.ref_num != mine.ref_num


def test_a_verify_whose_answer_is_lost_is_sent_once_and_inquiry_tells(gateway, sandbox, pay):
    _, callback = pay()
    sandbox.world.faults.add("reset_after", service="paystar.gateway_verify")
    verified = verify(gateway, callback)
    assert verified.already_verified
    assert verified.payment.status == "SUCCEED"
    assert verifies(sandbox) == 1


def test_a_verify_that_is_lost_inside_the_window_is_sent_a_second_time(gateway, sandbox, pay):
    _, callback = pay()
    sandbox.world.faults.add("reset_before", service="paystar.gateway_verify", count=1)
    assert verify(gateway, callback).already_verified is False
    assert verifies(sandbox) == 2


def test_a_verify_is_never_sent_a_third_time(gateway, sandbox, pay):
    _, callback = pay()
    sandbox.world.faults.add("reset_before", service="paystar.gateway_verify")
    with pytest.raises(
        exceptions.OutcomeUnknown, match=r"Inquiry says UNVERIFIED, and can be verified until"
    ) as caught:
        verify(gateway, callback)
    assert isinstance(caught.value, AirflowFailException)
    assert verifies(sandbox) == 2


@pytest.fixture
def after_the_window(sandbox, pay):
    """The callback of a payment that was made eleven minutes ago."""
    sandbox.world.clock.advance(-11 * MINUTES)
    _, callback = pay()
    sandbox.world.clock.advance(11 * MINUTES)
    return callback


def test_a_verify_that_is_lost_after_the_window_is_not_sent_again(gateway, sandbox, after_the_window):
    sandbox.world.faults.add("reset_before", service="paystar.gateway_verify")
    with pytest.raises(exceptions.OutcomeUnknown, match="Inquiry says UNVERIFIED"):
        verify(gateway, after_the_window)
    assert verifies(sandbox) == 1


def test_after_the_window_verify_is_refused(gateway, sandbox, after_the_window):
    with pytest.raises(exceptions.Rejected, match=r"-8.*goes back by itself.*Inquiry says UNVERIFIED"):
        verify(gateway, after_the_window)
    assert verifies(sandbox) == 1


@pytest.mark.parametrize(("outcome", "status"), [("fail", "FAILED"), ("cancel", "CANCELLED")])
def test_what_was_not_paid_is_not_confirmed(gateway, pay, outcome, status):
    _, callback = pay(outcome=outcome)
    assert (callback.status, callback.says_paid, callback.card_number) == (-98, False, None)
    with pytest.raises(exceptions.NotConfirmed, match=rf"{status}: .*not paid") as caught:
        verify(gateway, callback)
    assert isinstance(caught.value, AirflowFailException)
    assert caught.value.code == status


def test_what_went_back_to_the_payer_is_not_confirmed(gateway, sandbox, pay):
    _, callback = pay()
    sandbox.world.clock.advance(72 * HOURS)
    with pytest.raises(exceptions.NotConfirmed, match="REVERSED"):
        verify(gateway, callback)


def test_a_payment_that_is_turned_back_after_verify_is_no_longer_paid(gateway, sandbox, pay):
    created, callback = pay()
    verify(gateway, callback)
    book = sandbox.world.paystar.desk.payments
    book.turn(book.by_ref_num(created.ref_num), "REVERSED")
    with pytest.raises(exceptions.NotConfirmed, match="REVERSED"):
        verify(gateway, callback)


def test_a_pending_verification_is_asked_for_again(gateway, sandbox, pay):
    sandbox.world.change_settings({"paystar_gateway_pending_seconds": 10 * MINUTES})
    _, callback = pay()
    for _ in range(2):
        with pytest.raises(exceptions.TransientFailure, match="VERIFY_PENDING") as caught:
            verify(gateway, callback)
        assert not isinstance(caught.value, AirflowFailException)
    sandbox.world.clock.advance(10 * MINUTES)
    assert verify(gateway, callback).payment.status == "SUCCEED"


def test_a_lost_verify_that_is_pending_is_asked_for_again(gateway, sandbox, pay):
    sandbox.world.change_settings({"paystar_gateway_pending_seconds": 10 * MINUTES})
    _, callback = pay()
    sandbox.world.faults.add("reset_after", service="paystar.gateway_verify", count=1)
    with pytest.raises(exceptions.TransientFailure, match="VERIFY_PENDING"):
        verify(gateway, callback)
    assert verifies(sandbox) == 1


def test_another_amount_is_not_confirmed(gateway, pay):
    created, callback = pay()
    with pytest.raises(exceptions.Rejected, match="-9"):
        gateway.verify(callback.ref_num, 2 * AMOUNT, callback.card_number, callback.tracking_code)
    assert gateway.inquiry(created.ref_num).status == "UNVERIFIED"


@pytest.mark.parametrize("word", ["SETTLED", "", "succeed"])
def test_a_status_of_a_newer_gateway_is_not_paid(gateway, sandbox, pay, word):
    created, callback = pay()
    book = sandbox.world.paystar.desk.payments
    book.turn(book.by_ref_num(created.ref_num), word)
    with pytest.raises((exceptions.NotConfirmed, exceptions.UnreadableAnswer)):
        verify(gateway, callback)


def test_a_gateway_that_is_not_active_needs_an_operator(gateway, sandbox):
    sandbox.world.change_settings({"paystar_gateway_active": False})
    with pytest.raises(exceptions.OperatorNeeded, match=r"-2.*activate"):
        gateway.create(AMOUNT, "A-1", CALLBACK)


def test_an_amount_over_the_ceiling_is_rejected(gateway, sandbox):
    sandbox.world.change_settings({"paystar_gateway_ceiling_rial": AMOUNT - 1})
    with pytest.raises(exceptions.Rejected, match=r"-4.*ceiling"):
        gateway.create(AMOUNT, "A-1", CALLBACK)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda hook: hook.create(4_999, "A-1", CALLBACK), "amount_rial: .*5,000"),
        (lambda hook: hook.create(10_000.5, "A-1", CALLBACK), "amount_rial"),
        (lambda hook: hook.create(AMOUNT, "", CALLBACK), "order_id"),
        (lambda hook: hook.create(AMOUNT, "A-1", "shop.example/back"), "callback"),
        (lambda hook: hook.create(AMOUNT, "A-1", CALLBACK, callback_method=2), "callback_method"),
        (lambda hook: hook.inquiry(""), "ref_num"),
        (lambda hook: hook.verify("a", AMOUNT, "", "1"), "card_number"),
        (lambda hook: hook.parse_callback("status=1&order_id=A-1&transaction_id=1"), "ref_num: is_required"),
        (lambda hook: hook.parse_callback("status=paid&order_id=A-1&ref_num=a&transaction_id=1"), "status"),
        (lambda hook: hook.parse_callback("status=1&ref_num=a&ref_num=b"), "ref_num: repeated"),
    ],
)
def test_what_cannot_be_right_is_not_sent(gateway, sandbox, call, says):
    with pytest.raises(exceptions.InvalidInput, match=says) as caught:
        call(gateway)
    assert isinstance(caught.value, AirflowFailException)
    assert sum(sandbox.world.received.values()) == 0


VERIFY_ENDS = [None, "reset_before", "reset_after", "html_5xx", "cut_body", "-99", "-9", "-6", "-8", "-5"]


@given(
    outcome=st.sampled_from(["pay", "pay", "fail", "cancel"]),
    minutes=st.sampled_from([0, 5, 11, 73 * 60]),
    ends=st.lists(st.sampled_from(VERIFY_ENDS), min_size=1, max_size=2),
    behaviour=st.fixed_dictionaries(
        {
            "paystar_gateway_payer_fee_rial": st.sampled_from([0, 2_500]),
            "paystar_gateway_pending_seconds": st.sampled_from([0, 600]),
            "paystar_data_forms": st.sampled_from(["plain", "odd"]),
        }
    ),
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_goes_wrong_only_what_is_paid_is_called_paid(gateway, sandbox, pay, outcome, minutes, ends, behaviour):
    world = sandbox.world
    world.reset()
    world.change_settings(behaviour)
    world.clock.advance(-minutes * MINUTES)
    created, callback = pay(outcome=outcome)
    world.clock.advance(minutes * MINUTES)
    for nth, end in enumerate(ends, 1):
        if end is not None:
            fault = {"kind": "error", "code": end, "status": 200} if end.startswith("-") else {"kind": end}
            world.faults.add(**fault, service="paystar.gateway_verify", nth=nth)
    verified = None
    with suppress(exceptions.CallError):
        verified = verify(gateway, callback, payment_amount_rial=created.payment_amount_rial)
    succeeded = gateway.inquiry(created.ref_num).status == "SUCCEED"
    assert succeeded == (verified is not None)
    if verified:
        assert (verified.order_id, verified.payment_amount_rial) == ("A-1", created.payment_amount_rial)
    assert verifies(sandbox) <= 2


def test_an_unsigned_gateway_needs_neither_card_nor_tracking_code(connect_paystar, sandbox, payer):
    sandbox.world.change_settings({"paystar_gateway_signed": False})
    connect_paystar("gateway", password="")
    hook = PaystarGatewayHook()
    created = hook.create(50_000, "A-1", "https://shop.example/back")
    payer(created, "pay")
    assert hook.verify(created.ref_num, 50_000, None, None).order_id == "A-1"


def test_a_signed_gateway_needs_both_and_says_so_before_anything_is_sent(gateway, sandbox):
    with pytest.raises(exceptions.InvalidInput, match="tracking_code: empty"):
        gateway.verify("ref-1", 50_000, "603799******0006", None)
    assert sandbox.world.received.total() == 0
