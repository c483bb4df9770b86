"""Bank transfers out of deposits: the POST that orders them and the list that tells what became of them."""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING, Any

from airflow_provider_iranpay.sandbox.paystar.order_items import place, read_orders, wire_item
from airflow_provider_iranpay.sandbox.paystar.parameters import NOT_VALID, digits, invalid
from airflow_provider_iranpay.sandbox.paystar.service import Answered, Family, Key, Refused, Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_iranpay.sandbox.paystar.desk import Desk

__all__ = ["SERVICES"]

_TRANSFER = "paystar.transfer"
_WALLET_EMPTY = 9
_DEFAULT_LIMIT, _MOST_ROWS = 20, 100


def _transfer(desk: Desk, asked: Mapping[str, Any]) -> Answered:
    orders = read_orders(asked, destination="destination_account", source="deposit")
    if not desk.ledger.can_pay(_TRANSFER, times=len(orders)):
        raise Refused(_WALLET_EMPTY)
    placed = place(desk.transfers, desk.settings, orders)
    return Answered(placed.data, billed=tuple(f"track_id={track_id}" for track_id in placed.accepted))


def _list(desk: Desk, asked: Mapping[str, Any]) -> Answered:
    deposit, track_id = (str(asked.get(name) or "") for name in ("deposit", "track_id"))
    limit, skip = _number(asked, "limit", _DEFAULT_LIMIT), _number(asked, "skip", 0)
    desk.transfers.arrive(desk.settings.paystar_list_moves, source=deposit)
    listed = reversed(desk.transfers.of(track_id)) if track_id else desk.transfers.newest_first()
    found = (one for one in listed if deposit in ("", one.order.source))
    return Answered([wire_item(one) for one in islice(found, skip, skip + min(limit, _MOST_ROWS))])


def _number(asked: Mapping[str, Any], name: str, default: int) -> int:
    given = asked.get(name)
    if given in (None, ""):
        return default
    if not digits(given):
        raise invalid(**{name: NOT_VALID})
    return min(int(digits(given)), sys.maxsize // 2)  # what islice can count to


SERVICES: tuple[Service, ...] = (
    Service(_TRANSFER, ("POST",), "/bank-transfer/v2/settlement", Family.TEXT, Key.API_KEY, _transfer, 2_500),
    Service("paystar.list_transfers", ("GET",), "/bank-transfer/settlement-requests", Family.TEXT, Key.API_KEY, _list),
)
"""The price of a transfer is per item that is accepted."""
