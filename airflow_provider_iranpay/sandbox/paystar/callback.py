"""What the payer's browser brings back to the merchant, and where to. Unsigned by the contract: it proves nothing."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from airflow_provider_iranpay.iran.masks import mask_card
from airflow_provider_iranpay.sandbox.paystar.payments import Outcome

if TYPE_CHECKING:
    from airflow_provider_iranpay.sandbox.paystar.payments import Payment

__all__ = ["callback_fields", "hashed_card", "is_callback", "location"]

PAID = "1"
NOT_PAID = "-98"

_UNSAFE = re.compile(r"[\s\x00-\x1f\x7f\\]")
_KEPT = "%/:?#[]@!$&'()*+,;=~"


def callback_fields(payment: Payment) -> dict[str, str]:
    """The fields of a decided payment, in the order of the contract; three of them only if it was paid."""
    paid = payment.outcome is Outcome.PAY
    fields = {
        "status": PAID if paid else NOT_PAID,
        "order_id": payment.asked.order_id,
        "ref_num": payment.ref_num,
        "transaction_id": payment.transaction_id,
    }
    if paid and payment.card is not None and payment.tracking_code is not None:
        fields |= {
            "card_number": mask_card(payment.card),
            "hashed_card_number": hashed_card(payment.card),
            "tracking_code": payment.tracking_code,
        }
    return fields


def hashed_card(card: str) -> str:
    """A card number as merchants compare it (assumed: SHA-256 of the digits, lower-case hex)."""
    return sha256(card.encode()).hexdigest()


def is_callback(url: str) -> bool:
    """Whether a browser may be sent there: an http(s) URL with a host and nothing that could break a header."""
    try:
        parts = urlsplit(url)
        usable = parts.port is None or parts.port > 0  # what is no port raises
        return usable and parts.scheme in {"http", "https"} and bool(parts.hostname) and not _UNSAFE.search(url)
    except ValueError:
        return False


def location(url: str, fields: dict[str, str]) -> str:
    """``url`` in ASCII with ``fields`` behind the query that it already has."""
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode(fields)) if part)
    return quote(urlunsplit(parts._replace(query=query)), safe=_KEPT)
