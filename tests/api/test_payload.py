"""How a body is parsed: as one JSON object, each key once; the fast way finds nothing that the strict one does not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.api.payload import _decode_strictly, decode_object

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.sampled_from('ab:\\"{}\u06f1\u200c'), max_size=4)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab:"), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", ":", "\u06a9", "c d"]), VALUES, max_size=4)


@given(decoded=OBJECTS, ascii_only=st.booleans(), space=st.sampled_from(["", " ", "\n"]))
def test_every_object_is_read_as_it_was_written(decoded, ascii_only, space):
    body = json.dumps(decoded, ensure_ascii=ascii_only, separators=(f"{space},{space}", f"{space}:{space}")).encode()
    assert decode_object(body) == decoded


PIECES = [b"{", b"}", b'"a"', b'"b"', b":", b" ", b",", b"1", b"-0", b"1.5", b"[", b"]", b'":"', b'"\\u003a"', b"null"]


@given(body=st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join))
def test_whatever_comes_is_read_as_the_strict_way_reads_it(body):
    found, strictly = decode_object(body), _decode_strictly(body)
    assert found == strictly
    assert repr(found) == repr(strictly)  # 1, 1.0 and True are equal


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 1, "a": 1}',
        b'{"a": 1, "a" : 2}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": [{"b": 1, "b": 2}]}',
        b'{"a": 1, "\\u0061": 2}',
        b'{"a": "\\u003a", "a": 1}',
        b'{"a": NaN}',
        b'{"a": "\\ud800"}',
        b'{"a": "\\u0000"}',
        b'{"a": "\x00"}',
        b'{"a": "\xff"}',
        b'{"a": 1}{"b": 1}',
        b'{"a":' * 100_000,
        b"[1]",
        b"",
    ],
)
def test_a_body_that_is_no_such_object_is_nothing(body):
    assert decode_object(body) is None


@pytest.mark.parametrize(
    ("body", "decoded"),
    [
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": 123456789012345678901234567890}', {"a": 123456789012345678901234567890}),
        (b'{"a": "12:30:00"}', {"a": "12:30:00"}),
        (b'{"a": [{"b": 1}]}', {"a": [{"b": 1}]}),
        (b"{}", {}),
    ],
)
def test_what_is_uncommon_and_right_is_read_all_the_same(body, decoded):
    assert decode_object(body) == decoded
