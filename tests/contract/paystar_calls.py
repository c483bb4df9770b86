"""Paystar's calls by what they do in the world, each with where to see in the sandbox that it was carried out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from airflow_provider_iranpay.sandbox.paystar.payments import NewPayment, Payment

__all__ = [
    "BILLABLE",
    "CALLBACK",
    "CREATE",
    "DEPOSIT",
    "FREE",
    "MONEY",
    "OTHER_DEPOSIT",
    "REF_NUM",
    "Call",
    "know_payment",
    "payout",
    "settlement",
]

DEPOSIT, OTHER_DEPOSIT = "0100000000001", "0100000000002"
CALLBACK = "https://shop.example/back?basket=7"
REF_NUM = "5a9d00bbc0de"
"""Of the payment that :func:`know_payment` makes known."""


def payout(person: Any, track_id: str = "payout-1", **changes: Any) -> dict[str, Any]:
    """One bank transfer to somebody."""
    return {
        "amount": 100_000,
        "deposit": DEPOSIT,
        "destination_account": person.account.iban,
        "destination_firstname": person.name.first,
        "destination_lastname": person.name.last,
        "track_id": track_id,
    } | changes


def settlement(person: Any, track_id: str = "settlement-1", **changes: Any) -> dict[str, Any]:
    """One payment to somebody out of the wallet."""
    return {
        "amount": 100_000,
        "destination_number": person.account.iban,
        "destination_firstname": person.name.first,
        "destination_lastname": person.name.last,
        "track_id": track_id,
    } | changes


def know_payment(sandbox: Any) -> None:
    """Put a payment into the gateway's book that nobody asked for in this test: something to inquire about."""
    sandbox.world.paystar.desk.payments.add(
        Payment(
            asked=NewPayment(order_id="A-0", amount_rial=50_000, callback=CALLBACK),
            ref_num=REF_NUM,
            token="a-used-token",
            transaction_id="7",
            payment_amount_rial=50_000,
            created_at=0,
            expires_at=0,
        )
    )


class Call(NamedTuple):
    """One call.

    :param hook: the fixture that makes it.
    :param service: its name in the sandbox, without the provider.
    :param ask: ``(hook, person)`` makes the call.
    :param carried_out: how often the sandbox did what was asked for.
    """

    hook: str
    service: str
    ask: Callable[[Any, Any], Any]
    carried_out: Callable[[Any], int] = lambda sandbox: 0

    def __str__(self) -> str:
        return self.service


def _billed(sandbox: Any) -> int:
    return len(sandbox.world.ledger.entries)


def _transferred(sandbox: Any) -> int:
    return len(list(sandbox.world.paystar.desk.transfers.newest_first()))


def _settled(sandbox: Any) -> int:
    return len(list(sandbox.world.paystar.desk.settlements.newest_first()))


def _created(sandbox: Any) -> int:
    return sum(payment.ref_num != REF_NUM for payment in sandbox.world.paystar.desk.payments)


BILLABLE = (
    Call("banking", "match_mobile", lambda hook, one: hook.match_mobile(one.mobile, one.national_code), _billed),
    Call(
        "banking",
        "match_card",
        lambda hook, one: hook.match_card(one.card.number, one.national_code, one.birth_date),
        _billed,
    ),
    Call(
        "banking",
        "match_iban",
        lambda hook, one: hook.match_iban(one.account.iban, one.national_code, one.birth_date),
        _billed,
    ),
    Call(
        "banking",
        "account_to_iban",
        lambda hook, one: hook.account_to_iban(one.account.bank.iban_code, one.account.number),
        _billed,
    ),
    Call("banking", "card_to_iban", lambda hook, one: hook.card_to_iban(one.card.number), _billed),
    Call("banking", "iban_inquiry", lambda hook, one: hook.iban_inquiry(one.account.iban), _billed),
    Call("banking", "statement", lambda hook, one: hook.statement(DEPOSIT, "1405-08-01", "1405-08-05"), _billed),
)
FREE = (
    Call("banking", "balance", lambda hook, one: hook.balance(DEPOSIT)),
    Call("banking", "list_transfers", lambda hook, one: hook.list_transfers()),
    Call("gateway", "gateway_inquiry", lambda hook, one: hook.inquiry(REF_NUM)),
    Call("wallet", "wallet_balance", lambda hook, one: hook.balance()),
    Call("wallet", "list_settlements", lambda hook, one: hook.list_settlements()),
)
MONEY = (
    Call("banking", "transfer", lambda hook, one: hook.transfer([payout(one)]), _transferred),
    Call("wallet", "settle", lambda hook, one: hook.settle([settlement(one)], withdraw_type="1"), _settled),
)
CREATE = (Call("gateway", "gateway_create", lambda hook, one: hook.create(50_000, "A-1", CALLBACK), _created),)
