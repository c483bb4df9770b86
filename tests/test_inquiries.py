"""The catalogue: each entry fits the endpoints that answer it, and brings rows to one spelling."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from airflow_provider_iranpay.api.contract import Safety
from airflow_provider_iranpay.exceptions import InvalidInput
from airflow_provider_iranpay.inquiries import INQUIRIES

WAYS = [(name, provider) for name, inquiry in INQUIRIES.items() for provider in inquiry.answered_by]
ROW = {
    "card": "6037990000000006",
    "iban": "IR760170000000000000000001",
    "national_code": "0012345679",
    "birth_date": "13700115",
    "mobile": "09120000000",
    "bank": "017",
    "account": "0100200300",
    "postal_code": "1345678901",
    "name": "ترانه نیک‌نام",
    "first_name": "ترانه",
    "fida_code": "100000000001",
    "code": "10123456788",
    "ref_num": "5a9d00bbc0de",
}


@pytest.mark.parametrize(("name", "provider"), WAYS)
def test_what_an_endpoint_asks_is_what_a_row_gives(name, provider):
    inquiry = INQUIRIES[name]
    parameters = inquiry.answered_by[provider].endpoint.parameters
    assert {(one.name, one.optional) for one in parameters} == {(one.name, one.optional) for one in inquiry.inputs}
    assert inquiry.answered_by[provider].endpoint.any_of == inquiry.any_of


@pytest.mark.parametrize(("name", "provider"), WAYS)
def test_the_canonical_spelling_is_one_that_every_provider_takes(name, provider):
    inquiry = INQUIRIES[name]
    assert inquiry.answered_by[provider].endpoint.request(inquiry.canonical(ROW)).wire


@pytest.mark.parametrize("name", INQUIRIES)
def test_only_what_costs_nothing_is_free_and_never_taken_from_the_past(name):
    inquiry = INQUIRIES[name]
    free = {way.endpoint.safety is Safety.FREE_READ for way in inquiry.answered_by.values()}
    assert free == {inquiry.is_free}
    assert (inquiry.fresh == timedelta(0)) is inquiry.is_free
    assert inquiry.fresh_negative <= inquiry.fresh


@pytest.mark.parametrize("name", INQUIRIES)
def test_columns_are_named_once(name):
    names = [one.name for one in (*INQUIRIES[name].inputs, *INQUIRIES[name].outputs)]
    assert len(names) == len(set(names))


SPELLINGS = {
    "card": ["6037 9900 0000 0006", "۶۰۳۷۹۹۰۰۰۰۰۰۰۰۰۶", 6037990000000006],
    "iban": ["ir76 0170 0000 0000 0000 0000 01", "760170000000000000000001"],
    "national_code": ["12345679", 12345679, "۰۰۱۲۳۴۵۶۷۹", 12345679.0],
    "birth_date": ["1370/01/15", "1370-1-15", date(1991, 4, 4), 13700115],
    "mobile": ["+98 912 000 0000", "9120000000"],
    "bank": ["MELLI", "ملی", 17],
}


@pytest.mark.parametrize(("column", "written"), [(name, one) for name, all_ in SPELLINGS.items() for one in all_])
def test_a_question_has_one_spelling_however_a_row_writes_it(column, written):
    inquiry = next(one for one in INQUIRIES.values() if column in {given.name for given in one.inputs})
    assert inquiry.canonical(ROW | {column: written}) == inquiry.canonical(ROW)


def test_a_cell_that_cannot_be_valid_is_named_with_its_reason_and_not_shown():
    with pytest.raises(InvalidInput, match="national_code: check_digit") as caught:
        INQUIRIES["match_card"].canonical(ROW | {"national_code": "0012345678"})
    assert "0012345678" not in str(caught.value)


@pytest.mark.parametrize("blank", [None, "", "  ", float("nan")])
def test_a_blank_optional_cell_is_left_out_and_a_blank_required_one_is_refused(blank):
    similarity = INQUIRIES["name_similarity"]
    assert "last_name" not in similarity.canonical(ROW | {"last_name": blank})
    with pytest.raises(InvalidInput, match="at least one of"):
        similarity.canonical(ROW | {"first_name": blank})
    with pytest.raises(InvalidInput, match="card: empty"):
        INQUIRIES["card_inquiry"].canonical(ROW | {"card": blank})
