"""Requests from canonical inputs are those that the checks would have let through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.api.canonical import requests_of
from airflow_provider_iranpay.exceptions import InvalidInput
from airflow_provider_iranpay.inquiries import INQUIRIES
from airflow_provider_iranpay.iran.banks import BANKS
from airflow_provider_iranpay.iran.identifiers import complete_national_code, iban_check_digits, luhn_check_digit

WAYS = [(inquiry, way) for inquiry in INQUIRIES.values() for way in inquiry.answered_by.values()]


def digits(count):
    return st.text("0123456789", min_size=count, max_size=count)


RAW = {
    "card": digits(9).map(lambda rest: f"603799{rest}" + luhn_check_digit(f"603799{rest}")),
    "iban": digits(19).map(lambda rest: f"IR{iban_check_digits('017' + rest)}017{rest}"),
    "national_code": digits(9).filter(lambda nine: len(set(nine)) > 1).map(complete_national_code),
    "birth_date": st.tuples(st.integers(1300, 1400), st.integers(1, 12), st.integers(1, 29)).map(
        lambda day: f"{day[0]}{day[1]:02}{day[2]:02}"
    ),
    "mobile": digits(9).map(lambda rest: f"09{rest}"),
    "bank": st.sampled_from([bank.iban_code for bank in BANKS]),
    "account": digits(10).filter(lambda text: len(set(text)) > 1),
    "postal_code": digits(10),
    "ref_num": st.text("abcdef0123456789", min_size=1, max_size=20),
    "fida_code": digits(12),
    "code": digits(11),
}
NAMES = st.sampled_from(["علی رضایی", "Zahra", "مریم  احمدی", "رضا"])


@st.composite
def canonical_inputs(draw, inquiry):
    row = {
        one.name: draw(RAW.get(one.name, NAMES)) for one in inquiry.inputs if not one.optional or draw(st.booleans())
    }
    try:
        return inquiry.canonical(row)
    except InvalidInput:
        return None


@pytest.mark.parametrize(("inquiry", "way"), WAYS, ids=lambda one: getattr(one, "name", "way"))
@given(data=st.data())
def test_a_request_of_canonical_inputs_is_the_checked_one(inquiry, way, data):
    inputs = data.draw(canonical_inputs(inquiry))
    if inputs is None:
        return
    checked = made(way.endpoint.request, inputs)
    assert made(requests_of(way.endpoint), inputs) == checked
    assert made(requests_of(way.endpoint), {one.name: inputs.get(one.name) for one in inquiry.inputs}) == checked


def made(make, inputs):
    """The request, or what is said of why there is none."""
    try:
        return make(inputs)
    except InvalidInput as refused:
        return str(refused)


def test_a_canonical_row_passes_often_enough_to_prove_something():
    inquiry = INQUIRIES["match_card"]
    row = {"card": "6037990000000014", "national_code": complete_national_code("123123123"), "birth_date": "13700115"}
    row["card"] = "603799000000001" + luhn_check_digit("603799000000001")
    for way in inquiry.answered_by.values():
        assert requests_of(way.endpoint)(inquiry.canonical(row)) == way.endpoint.request(row)
