"""What goes into the journal and comes out of it: how it is named, and that it shows nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.exceptions import InvalidInput
from airflow_provider_iranpay.warehouse.journal.records import AttemptKey

keys = st.builds(AttemptKey, st.binary(min_size=8, max_size=8), st.integers(1, 2**63 - 1))


@given(keys)
def test_the_text_of_an_attempt_is_read_back(key):
    assert AttemptKey.parse(key.text) == key


def test_the_text_of_an_attempt_is_short_and_plain():
    assert AttemptKey(b"\x00\xc0\xff\xee", 17).text == "00c0ffee-17"


@pytest.mark.parametrize("text", ["", "17", "-", "00c0ffee-", "00c0ffee-x", "x-1", "00c0ffee-1-2"])
def test_another_text_names_no_attempt(text):
    with pytest.raises(InvalidInput, match="attempt: format"):
        AttemptKey.parse(text)
