"""The page's tables about money are what ``payments`` does: each cell is played with answers as a list."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from airflow_provider_iranpay import exceptions
from airflow_provider_iranpay.api.paystar.endpoints import GATEWAY_VERIFY
from airflow_provider_iranpay.api.paystar.gateway import Payment, Verification
from airflow_provider_iranpay.payments.gateway import verify
from tests.docs.pages import read, section

PAGE = "docs/paystar.md"
OWED = 50_000
PAID_AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
IN_TIME, TOO_LATE = PAID_AT.replace(minute=9), PAID_AT.replace(minute=11)
REQUEST = GATEWAY_VERIFY.request(
    {"ref_num": "r1", "amount_rial": OWED, "card_number": "610433******7679", "tracking_code": "1"}
)


def ended(kind, code=None):
    return kind("over", provider="paystar", service="gateway_verify", code=code, phase="answered")


def payment(status, amount=OWED):
    unread = dict.fromkeys(("ref_id", "tracking_code", "card_number", "hashed_card_number"))
    paid = {"payment_amount_rial": amount, "payment_date": PAID_AT}
    return Payment(ref_num="r1", status=status, order_id="A-1", raw={}, **paid, **unread)


YES = Verification(price_rial=OWED, raw={})
VERIFY_SAID = {
    "yes": [YES],
    "`-6`, `-106`": [ended(exceptions.Rejected, "-6"), ended(exceptions.Rejected, "-106")],
    "`-9`, `-109`": [ended(exceptions.Rejected, "-9"), ended(exceptions.Rejected, "-109")],
    "another no": [ended(exceptions.Rejected, code) for code in ("-1", "-5", "-7", "-8", "-4000")],
    "nothing, or `-99`": [ended(exceptions.OutcomeUnknown)],
    "an unreadable yes": [ended(exceptions.UnreadableAnswer)],
}
INQUIRY_SAID = {
    "`SUCCEED`": [payment("SUCCEED")],
    "`SUCCEED`, other amount": [payment("SUCCEED", OWED + 1)],
    "`UNVERIFIED`": [payment("UNVERIFIED")],
    "`VERIFY_PENDING`": [payment("VERIFY_PENDING")],
    "anything else": [payment(word) for word in ("INIT", "FAILED", "CANCELLED", "REVERSED", "A_NEW_WORD")],
}


class Scripted:
    """A client whose verify and inquiry always say the same."""

    def __init__(self, said, found):
        self.said, self.found, self.verifies = said, found, 0

    def call(self, request, *, track_id=None):
        if request.endpoint is not GATEWAY_VERIFY:
            return self.found
        self.verifies += 1
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


def cells():
    written = re.findall(r"^\|(.+)\|$", section(PAGE, "What verify concludes"), re.MULTILINE)
    header, _, *table = [[cell.strip() for cell in row.split("|")] for row in written]
    return [
        pytest.param(row[0], column, cell, id=f"{row[0]} x {column}".replace("`", ""))
        for row in table
        for column, cell in zip(header[1:], row[1:], strict=True)
    ]


def test_the_table_of_verify_is_complete():
    shown = [(param.values[0], param.values[1]) for param in cells()]
    assert shown == [(said, found) for said in VERIFY_SAID for found in INQUIRY_SAID]


@pytest.mark.parametrize(("said", "found", "cell"), cells())
def test_verify_concludes_what_the_page_says(said, found, cell):
    once_more = cell.startswith("once more, or ")
    ends = re.search(r"`(\w+)`", cell)[1]
    for answer in VERIFY_SAID[said]:
        for state in INQUIRY_SAID[found]:
            for now in (IN_TIME, TOO_LATE):
                client = Scripted(answer, state)
                assert concluded(client, now) == (ends, cell.endswith("already"))
                assert client.verifies == (2 if once_more and now is IN_TIME else 1)


def concluded(client, now):
    """Name the end, and say whether it is ``already_verified``."""
    try:
        verified = verify(client, REQUEST, now=lambda: now)
    except exceptions.CallError as error:
        return type(error).__name__, False
    return type(verified).__name__, verified.already_verified


@pytest.mark.parametrize("kind", [exceptions.NotSent, exceptions.OperatorNeeded])
def test_an_end_of_verify_that_leaves_at_once_is_named_and_asks_no_inquiry(kind):
    client = Scripted(ended(kind), None)
    assert f"`{kind.__name__}`" in read(PAGE)
    assert concluded(client, IN_TIME) == (kind.__name__, False)
