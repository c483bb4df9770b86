"""The keys under which the journal hides what it holds: questions are hashed with them, answers sealed.

The plain question and the plain answer are never stored, and no key reaches a repr, a log or an error. No row is read
or written here.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from hashlib import blake2b, sha256
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from airflow_provider_iranpay.exceptions import ConfigurationError

__all__ = ["QUESTION_BYTES", "WIRE_BYTES", "KeyRing", "new_key", "sealed_by", "wire_hash", "wire_hashes"]

KEY_BYTES = 32
QUESTION_BYTES = 16
"""Of the HMAC: enough that a billion questions do not meet, and half the index of the whole."""

WIRE_BYTES = 16
_of_wire = partial(blake2b, digest_size=WIRE_BYTES)
"""BLAKE2b of RFC 7693, which has short digests of its own and takes half as long as SHA-256 here."""

_NONCE_BYTES = 12
_LENGTH_BYTES = 4
_BLOCK_BYTES = 64
_LONGEST_ID = 64
_LENGTHS = [size.to_bytes(_LENGTH_BYTES, "big").decode() for size in range(128)]
"""How short lengths are written, as text."""

_Hasher = Callable[[Iterable[bytes]], list[bytes]]
"""From messages to their hashes."""


class KeyRing:
    """The keys of one journal, newest first. The newest writes; all of them read.

    :param keys: key id to 32 random bytes, newest first.
    :raises ConfigurationError: no key, or one that is not fit. Shows key ids, never a key.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise ConfigurationError(
                "The journal has no key: set the extra journal_keys of the warehouse's connection. Without keys "
                "nothing that is paid could be remembered, so nothing is sent."
            )
        self._keys = {key_id: _Key(key_id, key) for key_id, key in keys.items()}
        self._ordered = tuple(self._keys.values())
        if len({key.fingerprint for key in self._ordered}) < len(self._ordered):
            raise ConfigurationError("journal_keys: two key ids have the same key.")

    @classmethod
    def parse(cls, extra: object) -> KeyRing:
        """Read the connection's extra ``journal_keys``: key id to base64 of 32 bytes, newest first.

        :raises ConfigurationError: it is missing or cannot be read.
        """
        if extra is None:
            return cls({})
        if not isinstance(extra, Mapping) or not all(isinstance(part, str) for pair in extra.items() for part in pair):
            raise ConfigurationError("journal_keys: write a mapping of key id to a key in base64, newest first.")
        return cls({key_id: _decoded(key_id, text) for key_id, text in extra.items()})

    @property
    def fingerprints(self) -> list[list[str]]:
        """``[key id, fingerprint]``, newest first: what the journal remembers of a ring. It betrays no key."""
        return [[key.key_id, key.fingerprint] for key in self._ordered]

    def questioner(
        self, environment: str, inquiry: str, names: Sequence[str]
    ) -> Callable[[Sequence[str]], tuple[bytes, ...]]:
        """Prepare to hash many questions of one inquiry; for each, the hashes under all keys, newest first.

        :param names: of the inputs. The order in which they are given does not matter.
        :return: called with the inputs' values, in the order of the names.
        """
        order, hashers = self._hashers(environment, inquiry, names)

        def questions(values: Sequence[str]) -> tuple[bytes, ...]:
            message = b"".join([_sized(values[index]) for index in _as_many(values, order, inquiry)])
            return tuple([hasher([message])[0] for hasher in hashers])

        return questions

    def columns_questioner(
        self, environment: str, inquiry: str, names: Sequence[str]
    ) -> Callable[[Sequence[Sequence[str]]], list[list[bytes]]]:
        """Prepare to hash questions that come in columns: the same hashes as :meth:`questioner`'s, and faster.

        :return: called with a column of values for each input, all of one length; gives for each key, newest first, the
            hashes of all rows.
        """
        order, hashers = self._hashers(environment, inquiry, names)

        def questions(columns: Sequence[Sequence[str]]) -> list[list[bytes]]:
            messages = _messages([columns[index] for index in _as_many(columns, order, inquiry)])
            return [hasher(messages) for hasher in hashers]

        return questions

    def _hashers(self, environment: str, inquiry: str, names: Sequence[str]) -> tuple[list[int], list[_Hasher]]:
        """Return the places of the inputs in the order in which they are hashed, and what hashes them, by key."""
        if len(set(names)) < len(names):
            raise ValueError("An input is named twice.")
        order = sorted(range(len(names)), key=lambda index: names[index])
        front = b"".join(map(_sized, (environment, inquiry, str(len(names)), *(names[index] for index in order))))
        return order, [key.hasher(front) for key in self._ordered]

    def questions_under_all_keys(self, environment: str, inquiry: str, inputs: Mapping[str, str]) -> tuple[bytes, ...]:
        """Return the keyed hashes of a question under every key, newest first.

        :param environment: ``real``, or the base URL of a sandbox.
        :param inquiry: name of the inquiry.
        :param inputs: name to value, in their canonical form.
        """
        return self.questioner(environment, inquiry, list(inputs))(list(inputs.values()))

    def question(self, environment: str, inquiry: str, inputs: Mapping[str, str]) -> bytes:
        """Return the keyed hash of a question under the newest key, the one that is written."""
        return self.questions_under_all_keys(environment, inquiry, inputs)[0]

    def seal(self, question: bytes, content: bytes) -> bytes:
        """Encrypt what belongs to a question.

        :param question: its hash under the newest key: the content opens beside no other.
        """
        return self.sealer(1)(question, content)

    def sealer(self, count: int) -> Callable[[bytes, bytes], bytes]:
        """Prepare to :meth:`seal` so many contents; the system is asked for the randomness of all at once."""
        drawn = os.urandom(_NONCE_BYTES * count)
        return self._ordered[0].sealer(
            drawn[start : start + _NONCE_BYTES] for start in range(0, len(drawn), _NONCE_BYTES)
        )

    def open_(self, questions: Iterable[bytes], sealed: bytes) -> bytes:
        """Decrypt what :meth:`seal` returned.

        :param questions: the question's hashes under all keys, newest first.
        :raises ConfigurationError: the row was changed or moved, or its key is not in the ring. Shows the key id.
        """
        for key, question in zip(self._ordered, questions, strict=True):
            opened = key.open_(question, sealed)
            if opened is not None:
                return opened
        key_id = sealed[1 : 1 + sealed[0]].decode()
        raise ConfigurationError(f"A row of the journal needs the key {key_id!r}: put it back into journal_keys.")

    def seal_piece(self, place: bytes, content: bytes) -> bytes:
        """Encrypt a piece of a plan's snapshot, with a subkey of its own.

        :param place: where it belongs; it opens at no other.
        """
        return self._ordered[0].seal_piece(place, content, os.urandom(_NONCE_BYTES))

    def open_piece(self, place: bytes, sealed: bytes) -> bytes:
        """Decrypt what :meth:`seal_piece` returned.

        :raises ConfigurationError: it was changed or moved, or its key is not in the ring. Shows the key id.
        """
        for key in self._ordered:
            if sealed.startswith(key.head):
                return key.open_piece(place, sealed)
        key_id = sealed[1 : 1 + sealed[0]].decode()
        raise ConfigurationError(
            f"Rows of the plan need the key {key_id!r}: put it back into journal_keys, or clear the task that plans."
        )

    def open_many(self, questions: Sequence[bytes], sealed: Sequence[bytes]) -> Sequence[bytes]:
        """Decrypt what :meth:`seal` returned under the newest key.

        :param questions: for each its question's hash under that key.
        :return: empty for what another key has sealed.
        :raises ConfigurationError: one was changed or moved.
        """
        return self._ordered[0].open_many(questions, sealed)

    @property
    def newest_head(self) -> bytes:
        """What all begins with that the newest key has sealed."""
        return self._ordered[0].head

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._keys)})"

    def __reduce__(self) -> Any:
        raise TypeError("A key ring is not copied or stored.")


def new_key() -> str:
    """Make a key, as base64 for ``journal_keys``."""
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()


def wire_hash(wire: bytes) -> bytes:
    """Hash a request as it goes over the wire. It has no key: it is stored inside the sealed answer alone."""
    return _of_wire(wire).digest()


def wire_hashes(wires: Iterable[bytes]) -> list[bytes]:
    """Hash many."""
    return [hashed.digest() for hashed in map(_of_wire, wires)]


def sealed_by(key_id: str) -> bytes:
    """Return what everything begins with that the key of this id has sealed."""
    return bytes([len(key_id.encode())]) + key_id.encode()


class _Key:
    """One key, as a subkey for each use, so that no use can betray another."""

    __slots__ = (
        "_decrypt",
        "_encrypt",
        "_ends",
        "_inner",
        "_outer",
        "_pieces",
        "_starts",
        "fingerprint",
        "head",
        "key_id",
    )

    def __init__(self, key_id: str, key: bytes) -> None:
        if not 0 < len(key_id.encode()) <= _LONGEST_ID:
            raise ConfigurationError(f"journal_keys: a key id has 1 to {_LONGEST_ID} characters.")
        if len(key) != KEY_BYTES:
            raise ConfigurationError(f"journal_keys: the key {key_id!r} has {len(key)} bytes, not {KEY_BYTES}.")
        self.key_id = key_id
        self.fingerprint = _subkey(key, "fingerprint")[:8].hex()
        self.head = sealed_by(key_id)
        self._starts = len(self.head)
        self._ends = self._starts + _NONCE_BYTES
        # What is sealed in another form has another use, and so another subkey: it does not open, and nothing is paid.
        aes = AESGCM(_subkey(key, "answers and their calls"))
        self._encrypt, self._decrypt = aes.encrypt, aes.decrypt
        self._pieces = AESGCM(_subkey(key, "plan pieces"))
        padded = _subkey(key, "questions").ljust(_BLOCK_BYTES, b"\0")
        # The two halves of HMAC, RFC 2104: copying them costs half of making them for every question.
        self._inner = sha256(bytes(byte ^ 0x36 for byte in padded))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in padded))

    def hasher(self, front: bytes) -> _Hasher:
        """Return the HMAC-SHA256 of messages that all begin alike."""
        inner = self._inner.copy()
        inner.update(front)
        copy_inner, copy_outer = inner.copy, self._outer.copy

        def hashed(messages: Iterable[bytes]) -> list[bytes]:
            hashes = []
            for message in messages:
                first = copy_inner()
                first.update(message)
                second = copy_outer()
                second.update(first.digest())
                hashes.append(second.digest()[:QUESTION_BYTES])
            return hashes

        return hashed

    def sealer(self, nonces: Iterable[bytes]) -> Callable[[bytes, bytes], bytes]:
        head, encrypt, next_nonce = self.head, self._encrypt, iter(nonces).__next__

        def seal(question: bytes, content: bytes) -> bytes:
            nonce = next_nonce()
            return head + nonce + encrypt(nonce, content, question)

        return seal

    def open_(self, question: bytes, sealed: bytes) -> bytes | None:
        if not sealed.startswith(self.head):
            return None
        try:
            return self._decrypt(sealed[self._starts : self._ends], sealed[self._ends :], question)
        except (InvalidTag, ValueError):  # the latter of one that has no whole nonce
            raise ConfigurationError(
                f"A row of the journal does not open with the key {self.key_id!r}: it was changed or "
                "moved from outside."
            ) from None

    def open_many(self, questions: Sequence[bytes], sealed: Sequence[bytes]) -> Sequence[bytes]:
        starts, ends = self._starts, self._ends
        nonces = [one[starts:ends] for one in sealed]
        contents = [one[ends:] for one in sealed]
        try:  # Nearly always this key has sealed all of them: that is not asked of each before.
            return list(map(self._decrypt, nonces, contents, questions))
        except (InvalidTag, ValueError):
            return [self.open_(question, one) or b"" for question, one in zip(questions, sealed, strict=True)]

    def seal_piece(self, place: bytes, content: bytes, nonce: bytes) -> bytes:
        return self.head + nonce + self._pieces.encrypt(nonce, content, place)

    def open_piece(self, place: bytes, sealed: bytes) -> bytes:
        start = len(self.head)
        end = start + _NONCE_BYTES
        try:
            return self._pieces.decrypt(sealed[start:end], sealed[end:], place)
        except InvalidTag:
            raise ConfigurationError(
                f"Rows of the plan do not open with the key {self.key_id!r}: they were changed or moved from outside. "
                "Clear the task that plans."
            ) from None

    def __repr__(self) -> str:
        return f"_Key({self.key_id!r})"


def _subkey(key: bytes, use: str) -> bytes:
    derive = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"iranpay journal {use}".encode())
    return derive.derive(key)


def _as_many(given: Sequence[Any], order: list[int], inquiry: str) -> list[int]:
    if len(given) != len(order):
        raise ValueError(f"{inquiry} has {len(order)} inputs.")
    return order


def _messages(columns: Sequence[Sequence[str]]) -> list[bytes]:
    """Join the parts of each row, each led by its length."""
    forms, parts = zip(*map(_led, columns), strict=True)
    form = "".join(forms)
    return [(form % row).encode("latin-1") for row in zip(*parts, strict=True)]


def _led(column: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Lead parts by their lengths, as text of which each letter is a byte.

    :return: a form that takes one part, and the parts.
    """
    lengths = set(map(len, column))
    longest = max(lengths, default=0)
    if longest >= len(_LENGTHS) or not all(map(str.isascii, column)):
        return "%s", [_sized(part).decode("latin-1") for part in column]
    if len(lengths) > 1:
        return "%s", [_LENGTHS[len(part)] + part for part in column]
    return _LENGTHS[longest].replace("%", "%%") + "%s", column


def _sized(part: str) -> bytes:
    """Lead a part by its length, so that no two lists of parts make the same bytes."""
    content = part.encode()
    return len(content).to_bytes(_LENGTH_BYTES, "big") + content


def _decoded(key_id: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ConfigurationError(f"journal_keys: the key {key_id!r} is not base64.") from None
