"""Keys: what they hide, what they refuse, and what is never shown."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing, new_key

KEY = b"k" * 32
RING = KeyRing({"old": KEY})
NEWER = KeyRing({"new": b"n" * 32, "old": KEY})
texts = st.text(max_size=6)
inputs = st.dictionaries(texts, texts, max_size=3)
question = st.tuples(texts, texts, inputs)


@given(question, question)
def test_two_questions_have_one_hash_only_if_they_are_equal(one, other):
    assert (RING.question(*one) == RING.question(*other)) == (one == other)


def test_the_hash_is_hmac_sha256_under_a_derived_key():
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"iranpay journal questions").derive(KEY)
    parts = (b"real", b"match", b"2", b"a", b"b", b"1", b"2")
    message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    assert RING.question("real", "match", {"b": "2", "a": "1"}) == hmac.digest(derived, message, hashlib.sha256)[:16]


lengthy = st.sampled_from(["%" * 37, "a" * 127, "a" * 128, "ش" * 3, "\0"])


@given(st.integers(1, 3).flatmap(lambda width: st.lists(st.tuples(*[texts | lengthy] * width), min_size=1, max_size=5)))
def test_questions_in_columns_have_the_hashes_that_each_has_alone(rows):
    names = ["c", "a", "b"][: len(rows[0])]
    columns = list(zip(*rows, strict=True))
    alone = NEWER.questioner("real", "match", names)
    together = NEWER.columns_questioner("real", "match", names)
    assert list(zip(*together(columns), strict=True)) == [alone(row) for row in rows]


def test_a_question_has_a_hash_under_each_key_the_newest_first():
    new, old = NEWER.questions_under_all_keys("real", "match", {"card": "1"})
    assert old == RING.question("real", "match", {"card": "1"})
    assert new == NEWER.question("real", "match", {"card": "1"}) != old


@given(st.binary(), st.binary(min_size=1))
def test_what_is_sealed_opens_beside_its_question(content, question):
    sealed = RING.seal(question, content)
    assert RING.open_([question], sealed) == content


def test_an_old_key_opens_what_it_has_sealed():
    assert NEWER.open_([b"under new", b"under old"], RING.seal(b"under old", b"answer")) == b"answer"


def test_an_answer_that_was_moved_to_another_question_does_not_open():
    with pytest.raises(ConfigurationError, match="changed or moved"):
        RING.open_([b"other"], RING.seal(b"question", b"answer"))


@given(st.data())
def test_an_answer_that_was_changed_does_not_open(data):
    sealed = bytearray(RING.seal(b"question", b"answer"))
    sealed[data.draw(st.integers(4, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ConfigurationError):
        RING.open_([b"question"], bytes(sealed))


def test_equal_answers_are_sealed_differently():
    assert RING.seal(b"question", b"answer") != RING.seal(b"question", b"answer")


def test_an_answer_under_a_key_that_is_gone_names_the_key():
    with pytest.raises(ConfigurationError, match="needs the key 'new'"):
        RING.open_([b"q"], NEWER.seal(b"q", b"answer"))


@given(st.binary(), st.binary(min_size=1), st.binary(min_size=1))
def test_a_piece_of_a_plan_opens_at_its_place_alone(content, place, other):
    sealed = RING.seal_piece(place, content)
    assert NEWER.open_piece(place, sealed) == content
    if place != other:
        with pytest.raises(ConfigurationError, match="changed or moved"):
            RING.open_piece(other, sealed)


def test_what_is_sealed_as_an_answer_is_no_piece_and_the_other_way_round():
    with pytest.raises(ConfigurationError, match="changed or moved"):
        RING.open_piece(b"here", RING.seal(b"here", b"content"))
    with pytest.raises(ConfigurationError, match="changed or moved"):
        RING.open_([b"here"], RING.seal_piece(b"here", b"content"))


def test_a_piece_under_a_key_that_is_gone_names_the_key():
    with pytest.raises(ConfigurationError, match="need the key 'new': put it back"):
        RING.open_piece(b"here", NEWER.seal_piece(b"here", b"rows"))


def test_no_key_is_shown_stored_or_copied():
    assert repr(NEWER) == "KeyRing(new, old)"
    assert "kkk" not in repr(vars(RING))
    with pytest.raises(TypeError):
        copy.copy(RING)


@pytest.mark.parametrize(
    ("extra", "problem"),
    [
        (None, "has no key"),
        ({}, "has no key"),
        ("text", "mapping"),
        ({"a": 1}, "mapping"),
        ({"a": "not base64!"}, "'a' is not base64"),
        ({"a": base64.b64encode(b"short").decode()}, "'a' has 5 bytes, not 32"),
        ({"": new_key()}, "1 to 64"),
        ({"a" * 65: new_key()}, "1 to 64"),
        ({"a": base64.b64encode(KEY).decode(), "b": base64.b64encode(KEY).decode()}, "the same key"),
    ],
)
def test_keys_that_are_not_fit_are_refused(extra, problem):
    with pytest.raises(ConfigurationError, match=problem):
        KeyRing.parse(extra)


def test_keys_are_read_from_the_extra_in_their_order():
    assert repr(KeyRing.parse({"b": new_key(), "a": new_key()})) == "KeyRing(b, a)"


def test_an_input_named_twice_is_refused():
    with pytest.raises(ValueError, match="twice"):
        RING.questioner("real", "match", ["card", "card"])


def test_a_value_too_few_is_refused():
    with pytest.raises(ValueError, match="match has 2 inputs"):
        RING.questioner("real", "match", ["card", "code"])(["1"])
    with pytest.raises(ValueError, match="match has 2 inputs"):
        RING.columns_questioner("real", "match", ["card", "code"])([["1"]])
