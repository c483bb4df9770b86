"""One payment through the gateway, from create to the inquiry that confirms it; transfers, one with its answer lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from demo.place import Place, prepared

if TYPE_CHECKING:
    from airflow_provider_iranpay.hooks.paystar import PaystarBankingHook

AMOUNT_RIAL = 2_500_000
HOUR = 3600


def run(console: Console) -> None:
    """Show both, and fail unless the sandbox's books agree with what the hooks said."""
    with prepared() as place:
        _pay(console, place)
        _send(console, place)


def _pay(console: Console, place: Place) -> None:
    from airflow_provider_iranpay.hooks.paystar import PaystarGatewayHook

    hook = PaystarGatewayHook()
    created = hook.create(AMOUNT_RIAL, "order-1405", "http://127.0.0.1/paid", description="یک کتاب")
    console.print(f"1. created: order {created.order_id}, ref_num {created.ref_num}; the payer's page is")
    console.print(f"   {hook.payment_url(created.token)}", soft_wrap=True)
    callback = hook.parse_callback(place.admin("POST", "pay", {"token": created.token, "outcome": "pay"}))
    console.print(f"2. the payer paid; the callback says status {callback.status}, which proves nothing yet")
    # By the order's own ref_num, never by the callback's: that one anybody can send.
    seen = (created.ref_num, AMOUNT_RIAL, callback.card_number, callback.tracking_code)
    verified = hook.verify(*seen, payment_amount_rial=created.payment_amount_rial)
    mine = (verified.ref_num, verified.order_id) == (created.ref_num, created.order_id)
    if not (mine and verified.payment_amount_rial == created.payment_amount_rial):
        raise SystemExit("The payment is not the one that was created.")
    paid = f"{verified.payment_amount_rial:,} Rial for {verified.order_id}"
    console.print(f"3. verified and confirmed by inquiry: {paid}")
    again = hook.verify(*seen, payment_amount_rial=created.payment_amount_rial)
    console.print(f"   verified again: the same answer, and already_verified is {again.already_verified}")


def _send(console: Console, place: Place) -> None:
    from airflow_provider_iranpay.exceptions import OutcomeUnknown
    from airflow_provider_iranpay.hooks.paystar import PaystarBankingHook

    hook = PaystarBankingHook()
    before: dict[str, int] = place.admin("GET", "settings")["paystar_deposits"]
    deposit = next(iter(before))
    salaries = [_salary(customer, deposit, day=1) for customer in place.customers(3)]
    console.print(f"4. a transfer of {len(salaries)} items from deposit {deposit}")
    for item in hook.transfer(salaries):
        console.print(f"   {item.track_id}: {item.status}")
    place.admin("POST", "faults", {"kind": "reset_after", "service": "paystar.transfer", "count": 1})
    console.print("5. another one, and the connection breaks before its answer comes")
    try:
        hook.transfer([_salary(customer, deposit, day=2) for customer in place.customers(1)])
    except OutcomeUnknown as unknown:
        console.print(f"   {type(unknown).__name__}: {unknown}", markup=False)
        (track_id,) = unknown.transfer_track_ids
        (found,) = hook.list_transfers(track_id=track_id)
        console.print(f"   looked up instead of sent again: {found.track_id} is {found.status}")
    else:
        raise SystemExit("The answer was to be lost.")
    place.admin("PUT", "clock", {"advance_seconds": HOUR})
    console.print("6. an hour later, on the sandbox's clock")
    _close(console, place, hook, spent_from=(deposit, before[deposit]))


def _salary(customer: dict[str, str], deposit: str, *, day: int) -> dict[str, Any]:
    return {
        "amount": AMOUNT_RIAL,
        "deposit": deposit,
        "destination_account": customer["iban"],
        "destination_firstname": customer["first_name"],
        "destination_lastname": customer["last_name"],
        "track_id": f"salary-{day}-{customer['customer_id']}",
    }


def _close(console: Console, place: Place, hook: PaystarBankingHook, *, spent_from: tuple[str, int]) -> None:
    deposit, before = spent_from
    book = {entry["track_id"]: entry for entry in place.admin("GET", "transfers")["transfers"]}
    items = hook.list_transfers()
    table = Table("track id", "status", "Rial", title="Transfers", title_justify="left")
    for item in items:
        table.add_row(item.track_id, item.status, f"{book[item.track_id]['amount_rial']:,}")
    console.print(table)
    kept = sum(book[item.track_id]["amount_rial"] for item in items if item.status != "failed")
    left = hook.balance(deposit).amount_rial
    console.print(f"{kept:,} Rial sent and not come back; the deposit went from {before:,} to {left:,}.")
    if before - left != kept or len(items) != len(book):
        raise SystemExit("The sums do not close.")
    console.print("[bold green]The sums close; nothing was sent twice.")
