"""Amounts as people and providers write them: read exactly, or not at all."""

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.iran.checked import Reason, Refusal
from airflow_provider_iranpay.iran.money import LARGEST_RIAL, read_rial
from tests.iran.vectors import ARABIC_INDIC, PERSIAN

AMOUNTS = st.integers(0, LARGEST_RIAL - 1)


def reason(value: object) -> Reason:
    with pytest.raises(Refusal) as caught:
        read_rial(value)
    return caught.value.reason


@pytest.mark.parametrize(
    "written",
    [
        *(1_250_000, 1_250_000.0, Decimal(1_250_000), Decimal("1250000.00"), Decimal("1.25E6")),
        *("1250000", "1,250,000", "1٬250٬000", " 1,250,000\n", "۱۲۵۰۰۰۰", "۱٬۲۵۰٬۰۰۰", "١٢٥٠٠٠٠", "0001250000"),
    ],
)
def test_an_amount_is_read_in_every_exact_form(written: object) -> None:
    assert (read_rial(written), type(read_rial(written))) == (1_250_000, int)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        *((nothing, Reason.EMPTY) for nothing in (None, float("nan"), Decimal("NaN"), "", "  ")),
        *((other, Reason.TYPE) for other in (True, False, b"5000", [5000], {"amount": 5000})),
        *(
            (broken, Reason.CHARACTERS)
            for broken in (10.5, 0.1, Decimal("0.5"), "10.5", "10000.0", "1e6", "+5", "5 000")
        ),
        *(
            (broken, Reason.CHARACTERS)
            for broken in ("1,25", "1,2500", ",100", "1,,000", "1,000,", "ten", "5 Rial", "--5")
        ),
        *((vague, Reason.PRECISION) for vague in (2.0**53, 1e30, float("inf"))),
        *((huge, Reason.LENGTH) for huge in (LARGEST_RIAL, str(LARGEST_RIAL), "9" * 5_000, Decimal(10) ** 30)),
    ],
)
def test_what_is_not_exactly_an_amount_is_refused(value: object, why: Reason) -> None:
    assert reason(value) is why


@given(AMOUNTS)
def test_any_amount_is_read_from_every_way_to_write_it(amount: int) -> None:
    plain, grouped = str(amount), f"{amount:,}"
    ways = (amount, Decimal(amount), plain, grouped, plain.translate(PERSIAN), grouped.translate(ARABIC_INDIC))
    assert {read_rial(way) for way in ways} == {amount}


@given(st.floats())
def test_a_float_is_whole_or_refused_and_never_rounded(number: float) -> None:
    try:
        read = read_rial(number)
    except Refusal:
        assert not (number.is_integer() and 0 <= number < 2**53)
    else:
        assert read == number


@given(st.text("0123456789,٬.- ", max_size=12))
def test_commas_stand_between_thousands_or_nowhere(text: str) -> None:
    try:
        read = read_rial(text)
    except Refusal:
        return
    written = text.strip().replace("٬", ",")
    assert int(written.replace(",", "")) == read
    assert all(len(group) == 3 for group in written.split(",")[1:])


@given(st.one_of(st.text(), st.integers(), st.floats(), st.decimals(), st.binary(), st.none(), st.booleans()))
def test_anything_is_an_amount_or_refused(value: object) -> None:
    with contextlib.suppress(Refusal):
        assert abs(read_rial(value)) < LARGEST_RIAL
