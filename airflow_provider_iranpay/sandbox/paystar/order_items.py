"""From the items of a request to entries of the book, and back to items of the answer: one way for deposits and wallet.

Whose money it is and which service was asked is not decided here. That one item fails while others go on is assumed,
and so is everything about a repeated track id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_iranpay.sandbox.paystar.parameters import NOT_VALID, digits, invalid, is_iban
from airflow_provider_iranpay.sandbox.paystar.transfers import Order, State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_iranpay.sandbox.paystar.transfers import Transfer, Transfers
    from airflow_provider_iranpay.sandbox.settings import Settings

__all__ = ["Placed", "place", "read_orders", "wire_item"]

_IS_REQUIRED = "وارد کردن این فیلد الزامی است."
_REPEATED = "شناسهٔ پیگیری تکراری است."
_BAD_DESTINATION = "حساب مقصد معتبر نیست."
_MESSAGES = {State.PENDING: "در انتظار واریز.", State.SUCCESS: "واریز انجام شد.", State.FAILED: "واریز انجام نشد."}


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of a request.

    :param data: the answer's ``data``.
    :param accepted: the track ids that were taken up anew, and whose money has left.
    """

    data: Any
    accepted: tuple[str, ...]


def read_orders(asked: Mapping[str, Any], *, destination: str, source: str | None = None) -> list[Order]:
    """The orders of ``transfers``.

    :param destination: the name of an item's destination.
    :param source: the name of an item's source, where it has one.
    :raises Refused: code 10 about every field that is missing or of the wrong type.
    """
    items = asked.get("transfers")
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise invalid(transfers=NOT_VALID)
    names = ["track_id", destination, "destination_firstname", "destination_lastname", *([source] if source else [])]
    wrong: dict[str, str] = {}
    for n, item in enumerate(items):
        wrong |= {f"transfers.{n}.{name}": _IS_REQUIRED for name in names if str(item.get(name) or "").strip() == ""}
        odd = [name for name in names if isinstance(item.get(name), list | dict | bool)]
        wrong |= {f"transfers.{n}.{name}": NOT_VALID for name in odd}
        if int(digits(item.get("amount")) or 0) == 0:
            wrong[f"transfers.{n}.amount"] = NOT_VALID
    if wrong:
        raise invalid(**wrong)
    return [
        Order(
            track_id=str(item["track_id"]),
            amount_rial=int(item["amount"]),
            source=str(item[source]) if source else "",
            destination=str(item[destination]),
            pay_id=str(item["pay_id"]) if item.get("pay_id") else None,
        )
        for item in items
    ]


def place(book: Transfers, settings: Settings, orders: list[Order]) -> Placed:
    """Puts the orders into the book, in their order.

    :raises Refused: code 10: a single order with a repeated track id, where those are refused.
    """
    items, accepted = [], []
    for order in orders:
        earlier = book.of(order.track_id)
        if not earlier or settings.paystar_duplicate_track_id == "again":
            transfer = book.accept(order, problem=_problem(order))
            items.append(wire_item(transfer))
            accepted += [order.track_id] if transfer.left_purse else []
        elif settings.paystar_duplicate_track_id == "same":
            items.append(wire_item(earlier[0]))
        elif len(orders) == 1:
            raise invalid(**{"transfers.0.track_id": _REPEATED})
        else:
            items.append(_refused_item(order.track_id))
    return Placed(_shaped(items, settings), tuple(accepted))


def wire_item(transfer: Transfer, *, track_id: str | None = None) -> dict[str, Any]:
    """A transfer as the API shows it.

    :param track_id: instead of its own.
    """
    return {
        "hashid": transfer.hashid,
        "track_id": track_id or transfer.order.track_id,
        "status": transfer.state.value,
        "message": transfer.message or _MESSAGES[transfer.state],
        "ref_code": transfer.ref_code,
    }


def _refused_item(track_id: str) -> dict[str, Any]:
    return {"hashid": None, "track_id": track_id, "status": "failed", "message": _REPEATED, "ref_code": None}


def _shaped(items: list[dict[str, Any]], settings: Settings) -> Any:
    shown = items[: max(0, len(items) - settings.paystar_omit_items)] if len(items) > 1 else items
    return shown[0] if len(items) == 1 and not settings.paystar_single_as_list else shown


def _problem(order: Order) -> str | None:
    other_account = digits(order.destination) and order.pay_id
    return None if is_iban(order.destination) or other_account else _BAD_DESTINATION
