"""What XCom keeps of an answer that a task returns: what ``repr`` shows, and no more."""

from __future__ import annotations

import dataclasses
import json

import pytest

from airflow_provider_iranpay.api.contract import Shown
from airflow_provider_iranpay.api.jibit import answers as jibit
from airflow_provider_iranpay.api.paystar import answers as paystar
from airflow_provider_iranpay.api.paystar import gateway, transfers

ANSWERS = [
    kind
    for module in (jibit, paystar, gateway, transfers)
    for kind in vars(module).values()
    if isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind.__module__ == module.__name__
]
ASKED = {transfers.Transfer, transfers.Settlement}


@pytest.mark.parametrize("kind", [kind for kind in ANSWERS if kind not in ASKED], ids=lambda kind: kind.__qualname__)
def test_every_answer_says_what_may_be_shown_of_it(kind):
    assert issubclass(kind, Shown)


def test_a_card_shows_neither_its_number_nor_its_owner():
    payload = {
        "number": "6037990000000006",
        "cardInfo": {"bank": "MELLI", "type": "DEBIT", "ownerName": "ترانه نیک‌نام"},
    }
    assert jibit.read_card(payload).serialize() == {"bank": "MELLI", "type": "DEBIT"}


def test_a_created_payment_shows_its_reference_and_not_its_token():
    data = {"token": "secret-token", "ref_num": "r1", "order_id": "o1", "payment_amount": 50_000}
    created = gateway.read_created({"status": 1, "data": data})
    assert created.serialize() == {"ref_num": "r1", "order_id": "o1", "payment_amount_rial": 50_000}


def test_airflow_asks_the_answer_what_to_keep():
    from airflow.sdk.serde import serialize

    data = {"iban": "IR760170000000000000000001", "bank": "ملی", "owners": [{"first_name": "ترانه"}]}
    kept = json.dumps(serialize(paystar.read_iban({"status": 1, "data": data})), ensure_ascii=False)
    assert "ملی" in kept
    assert "IR76" not in kept
    assert "ترانه" not in kept
