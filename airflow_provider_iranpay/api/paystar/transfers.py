"""Money that is sent: what a transfer and a wallet settlement are made of, and what Paystar says of them.

Items carry the contract's names, so that rows of a table and lines of a file fit as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from difflib import get_close_matches
from typing import Any, Final

from airflow_provider_iranpay.api import encoding
from airflow_provider_iranpay.api.contract import Shown, UnreadablePayload
from airflow_provider_iranpay.api.payload import optional_text, text
from airflow_provider_iranpay.api.paystar.answers import Answer, data_objects
from airflow_provider_iranpay.exceptions import InvalidInput
from airflow_provider_iranpay.iran import banks, identifiers
from airflow_provider_iranpay.iran.cells import is_missing
from airflow_provider_iranpay.iran.checked import Reason

__all__ = [
    "Settlement",
    "Transfer",
    "TransferAnswer",
    "TransferItem",
    "encode_settlements",
    "encode_transfers",
    "own_track_id",
    "read_transfer_answer",
    "read_transfer_list",
    "settlement_id",
]

Payload = Mapping[str, Any]
Item = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One bank transfer to be made.

    :param amount: Rial.
    :param deposit: the account at Paystar that pays.
    :param destination_account: an IBAN, or another account number, and then with ``pay_id``.
    :param track_id: the caller's own identity of this transfer: how it is found again.
    """

    amount: int
    deposit: str = field(repr=False)
    destination_account: str = field(repr=False)
    destination_firstname: str = field(repr=False)
    destination_lastname: str = field(repr=False)
    track_id: str
    pay_id: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """One payment out of a wallet to be made (observed).

    :param amount: Rial.
    :param destination_number: an IBAN.
    :param track_id: the caller's own identity of this settlement: how it is found again.
    """

    amount: int
    destination_number: str = field(repr=False)
    destination_firstname: str = field(repr=False)
    destination_lastname: str = field(repr=False)
    track_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferItem(Shown):
    """What Paystar says of one transfer. ``pending`` means accepted, not paid.

    :param status: ``pending``, ``success``, ``failed``, or newer words; ``unknown``, ours, where the answer to a
        request left the item out: it may have been accepted.
    :param hashid: Paystar's own identity of it.
    :param ref_code: the bank's reference.
    :param raw: the item as it came.
    """

    track_id: str
    status: str
    hashid: str | None = None
    message: str | None = field(default=None, repr=False)
    ref_code: str | None = None
    raw: Payload = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferAnswer(Answer):
    """The items that an answer names well enough to be believed."""

    items: tuple[TransferItem, ...]


def _destination(name: str, value: object) -> str:
    card = identifiers.card(value)
    if card.value is not None and banks.by_card(card.value) is not None:
        raise InvalidInput(name, Reason.CARD, "Convert the card to its IBAN first (card_to_iban), and send to that.")
    checked = identifiers.iban(value)
    return checked.value or identifiers.account(value).value or encoding.iban(name, value)


def _number(name: str, value: object) -> str:
    """Encode a number of an account or a payment; one in letters is left to Paystar."""
    return identifiers.account(value).value or encoding.identity(name, value)


def _optional_number(name: str, value: object) -> str | None:
    return None if is_missing(value) or value == "" else _number(name, value)


_COMMON: Final[dict[str, Callable[[str, object], Any]]] = {
    "amount": encoding.amount_rial(1),
    "destination_firstname": encoding.name,
    "destination_lastname": encoding.name,
    "track_id": encoding.identity,
}
_TRANSFER: Final = _COMMON | {
    "deposit": _number,
    "destination_account": _destination,
    "pay_id": _optional_number,
}
_SETTLEMENT: Final = _COMMON | {"destination_number": encoding.iban}


def encode_transfers(name: str, value: object) -> list[dict[str, Any]]:
    """Encode the items of a bank transfer: mappings or :class:`Transfer`, each with a ``track_id`` of its own.

    :raises InvalidInput: names the item (from 0), the field, the reason and the remedy; no item is then sent.
    """
    encoded = _encode(name, value, Transfer, _TRANSFER)
    for row, item in enumerate(encoded):
        if not item["destination_account"].startswith("IR") and "pay_id" not in item:
            remedy = "A destination that is no IBAN needs a pay_id."
            raise InvalidInput("pay_id", "is_required", remedy, row=str(row))
    return encoded


def encode_settlements(name: str, value: object) -> list[dict[str, Any]]:
    """Encode the items of a wallet settlement: mappings or :class:`Settlement`; errors as for a transfer."""
    return _encode(name, value, Settlement, _SETTLEMENT)


def _encode(
    name: str, value: object, kind: type[Transfer | Settlement], rules: Mapping[str, Callable[[str, object], Any]]
) -> list[dict[str, Any]]:
    if not isinstance(value, Iterable) or isinstance(value, str | bytes | Mapping):
        raise InvalidInput(name, Reason.TYPE, f"Give a list of {kind.__name__} or of mappings.")
    encoded: list[dict[str, Any]] = []
    seen: set[str] = set()
    for row, item in enumerate(value):
        try:
            wire = _encode_item(name, item, kind, rules)
            if wire["track_id"] in seen:
                remedy = "Give each transfer a track_id of its own: it is how one is told from the other."
                raise InvalidInput("track_id", Reason.REPEATED, remedy)
        except InvalidInput as error:
            refused = InvalidInput(error.field, error.reason, error.remedy, row=str(row))
        else:
            seen.add(wire["track_id"])
            encoded.append(wire)
            continue
        raise refused
    if not encoded:
        raise InvalidInput(name, "is_required", "Give at least one item.")
    return encoded


def _encode_item(
    name: str, item: object, kind: type[Transfer | Settlement], rules: Mapping[str, Callable[[str, object], Any]]
) -> dict[str, Any]:
    if isinstance(item, kind):
        item = asdict(item)
    if not isinstance(item, Mapping):
        raise InvalidInput(name, Reason.TYPE, f"Give a {kind.__name__} or a mapping.")
    known = [one.name for one in fields(kind)]
    for given in item:
        if given not in known:
            # Shown only where it is a misspelling: a file without a header has people's data there.
            alike = get_close_matches(str(given), known, n=1)
            where, hint = (str(given), f"Did you mean {alike[0]}? ") if alike else (name, "")
            raise InvalidInput(where, Reason.UNKNOWN_FIELD, f"{hint}An item has the fields {', '.join(known)}.")
    wire = {field: rules[field](field, item.get(field)) for field in known}
    return {field: value for field, value in wire.items() if value is not None}


def settlement_id(wallet_hashid: str, track_id: str) -> str:
    """Compose the identity under which the wallet's list knows a settlement (observed)."""
    return f"{wallet_hashid}*{track_id}*1"


def own_track_id(wallet_hashid: str, known_as: str) -> str:
    """Take the caller's track id out of the identity under which the wallet's list knows a settlement."""
    prefix, suffix = f"{wallet_hashid}*", "*1"
    if known_as.startswith(prefix) and known_as.endswith(suffix):
        return known_as[len(prefix) : -len(suffix)]
    return known_as


def read_transfer_answer(payload: Payload) -> TransferAnswer:
    """Read the answer to money that was sent: one item or a list. Items that cannot be read are left out, not guessed.

    It never raises: money may have moved, and a missing item is an unknown one.
    """
    data = payload.get("data")
    found = data if isinstance(data, list) else [data]
    readable = [one for one in found if isinstance(one, Mapping) and _is_item(one)]
    return TransferAnswer(items=tuple(map(_item, readable)), raw=payload)


def read_transfer_list(payload: Payload) -> TransferAnswer:
    """Read one page of the transfer list; here an item that cannot be read makes the page unreadable.

    So does a missing ``data``: whether money is sent again may hang on a list that is empty.
    """
    if "data" not in payload:
        raise UnreadablePayload("it has no 'data'")
    found = data_objects(payload)
    if not all(map(_is_item, found)):
        raise UnreadablePayload("an item has no text 'track_id' or 'status'")
    return TransferAnswer(items=tuple(map(_item, found)), raw=payload)


def _is_item(item: Payload) -> bool:
    return optional_text(item, "track_id") is not None and isinstance(item.get("status"), str) and item["status"] != ""


def _item(item: Payload) -> TransferItem:
    return TransferItem(
        track_id=optional_text(item, "track_id") or "",
        status=text(item, "status"),
        hashid=optional_text(item, "hashid"),
        message=optional_text(item, "message"),
        ref_code=optional_text(item, "ref_code"),
        raw=item,
    )
