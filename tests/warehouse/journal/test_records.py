"""What goes into the journal and comes out of it: how it is named, and that it shows nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.exceptions import InvalidInput
from airflow_provider_iranpay.warehouse.journal.records import key_text, keys_of, read_key, worker_of

keys = st.integers(0, 2**63 - 1)


@given(keys)
def test_the_text_of_an_attempt_is_read_back(key):
    assert read_key(key_text(key)) == key
    assert key in keys_of(worker_of(key))


def test_the_text_of_an_attempt_is_short_and_plain():
    assert key_text(keys_of(12)[345]) == "w12-345"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "17",
        "-",
        "12-345",
        "w12",
        "w12-",
        "w12-x",
        "w-1",
        "w1-2-3",
        "w-1-2",
        "w2147483648-1",
        "w1-4294967296",
        "w۱-۲",
    ],
)
def test_another_text_names_no_attempt(text):
    with pytest.raises(InvalidInput, match="attempt: format"):
        read_key(text)
