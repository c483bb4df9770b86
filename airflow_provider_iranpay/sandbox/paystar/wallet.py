"""The wallet: its keys, its balance, and settlements out of it. All of it is observed and none documented."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_iranpay.sandbox.paystar.credentials import CREDENTIALS
from airflow_provider_iranpay.sandbox.paystar.order_items import place, read_orders, wire_item
from airflow_provider_iranpay.sandbox.paystar.parameters import invalid
from airflow_provider_iranpay.sandbox.paystar.service import Answered, Family, Key, Refused, Service
from airflow_provider_iranpay.sandbox.paystar.signatures import is_signed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_iranpay.sandbox.paystar.desk import Desk
    from airflow_provider_iranpay.sandbox.paystar.service import Answering

__all__ = ["SERVICES"]

_WALLET_NOT_FOUND = 2
_WRONG_PASSWORD = 6
_WALLET_EMPTY = 9
_WRONG_SIGN = "امضا نادرست است."


def _known_wallet(asked: Mapping[str, Any]) -> None:
    if asked.get("wallet_hashid") != CREDENTIALS.wallet_hashid:
        raise Refused(_WALLET_NOT_FOUND)


def _signed(asked: Mapping[str, Any]) -> None:
    _known_wallet(asked)
    if asked.get("password") != CREDENTIALS.wallet_password:
        raise Refused(_WRONG_PASSWORD)
    parts = (CREDENTIALS.wallet_hashid, CREDENTIALS.wallet_password)
    if not is_signed(str(asked.get("sign", "")), CREDENTIALS.wallet_sign_key, *parts):
        raise invalid(sign=_WRONG_SIGN)


def _refresh_api_key(desk: Desk, asked: Mapping[str, Any]) -> Answered:
    _signed(asked)
    return Answered(desk.keys.refresh(Key.WALLET_API_KEY, asked.get("refresh_token")))


def _refresh_inquiry_key(desk: Desk, asked: Mapping[str, Any]) -> Answered:
    _signed(asked)
    return Answered(desk.keys.refresh(Key.WALLET_INQUIRY_KEY, asked.get("refresh_inquiry_key")))


def _balance(desk: Desk, asked: Mapping[str, Any]) -> Answered:
    _known_wallet(asked)
    on_the_way = desk.settlements.on_the_way_rial()
    available = desk.settings.paystar_wallet_rial
    return Answered(
        {"total_amount": _amount(desk, available + on_the_way), "available_amount": _amount(desk, available)}
    )


def _amount(desk: Desk, rial: int) -> int | str:
    return f"{rial:,}" if desk.settings.paystar_amounts_as == "text" else rial


def _settle(desk: Desk, asked: Mapping[str, Any]) -> Answered:
    _signed(asked)
    orders = read_orders(asked, destination="destination_number")
    if desk.settings.paystar_wallet_rial < sum(order.amount_rial for order in orders):
        raise Refused(_WALLET_EMPTY)
    return Answered(place(desk.settlements, desk.settings, orders).data)


def _list(desk: Desk, asked: Mapping[str, Any]) -> Answered:
    _known_wallet(asked)
    shown = ((one, f"{CREDENTIALS.wallet_hashid}*{one.order.track_id}*1") for one in desk.settlements.newest_first())
    wanted = asked.get("track_id") or None
    return Answered([wire_item(one, track_id=long) for one, long in shown if wanted in (None, long)])


def _service(name: str, method: str, path: str, *, key: Key | None, answer: Answering) -> Service:
    return Service(f"paystar.{name}", (method,), f"/wallet/{path}", Family.CODES, key, answer)


SERVICES: tuple[Service, ...] = (
    _service("wallet_refresh_api_key", "POST", "refresh-api-key", key=None, answer=_refresh_api_key),
    _service("wallet_refresh_inquiry_key", "POST", "refresh-inquiry-key", key=None, answer=_refresh_inquiry_key),
    _service("wallet_balance", "GET", "wallets-balance", key=Key.WALLET_INQUIRY_KEY, answer=_balance),
    _service("settle", "POST", "create-settlement", key=Key.WALLET_API_KEY, answer=_settle),
    _service("list_settlements", "GET", "settlement-requests", key=Key.WALLET_INQUIRY_KEY, answer=_list),
)
"""The services of the wallet."""
