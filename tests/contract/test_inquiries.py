"""Every inquiry of the catalogue asked of every provider in the sandbox: its cells are what its columns promise."""

from __future__ import annotations

from datetime import datetime

import pytest

from airflow_provider_iranpay.inquiries import INQUIRIES

TYPES = {"boolean": bool, "string": str, "Int64": int, "Float64": float, "datetime64[us, Asia/Tehran]": datetime}
WAYS = [(name, provider) for name, inquiry in INQUIRIES.items() for provider in inquiry.answered_by]


@pytest.fixture
def row(person, sandbox, gateway, payer):
    created = gateway.create(50_000, "A-1", "https://shop.example/back")
    payer(created, "pay")
    population = sandbox.world.population
    return {
        "card": person.card.number,
        "iban": person.account.iban,
        "national_code": person.national_code,
        "birth_date": person.birth_date,
        "mobile": person.mobile,
        "bank": person.account.bank_id,
        "account": person.account.number,
        "postal_code": person.address.postal_code,
        "name": str(person.name),
        "first_name": person.name.first,
        "last_name": person.name.last,
        "fida_code": population.foreigner(0).fida,
        "code": population.company(0).legal_id,
        "ref_num": created.ref_num,
    }


@pytest.mark.parametrize(("name", "provider"), WAYS)
def test_an_answer_fills_the_columns_with_what_they_hold(name, provider, hook, banking, gateway, row):
    inquiry = INQUIRIES[name]
    way = inquiry.answered_by[provider]
    ask = hook if provider == "jibit" else gateway if name == "gateway_inquiry" else banking
    cells = way.cells(ask.call(way.endpoint, **inquiry.canonical(row)))
    assert len(cells) == len(inquiry.outputs)
    for cell, output in zip(cells, inquiry.outputs, strict=True):
        assert cell is None or type(cell) is TYPES[output.dtype], output.name
    assert cells[0] is not None
    assert inquiry.positive(cells)
