"""The rows of a run on disk: what was read, which rows ask the same, and what became of each question.

A private temporary database that SQLite itself removes; nobody else can open it, and a process that dies leaves
nothing. What is personal in it is sealed with a key that never leaves the memory. No rule about a row lives here.
"""

from __future__ import annotations

import secrets
import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, partial
from typing import Any, Final

import msgspec
import numpy as np
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from airflow_provider_iranpay.bulk.alike import Alike, Numbers
from airflow_provider_iranpay.bulk.outcomes import Outcome

__all__ = ["Block", "Spool", "StoredBlock"]

_CACHE_KIB: Final = 65_536
_PIECE: Final = 4_096
"""Outcomes that are written together."""

_TABLES: Final = """
    CREATE TABLE part (first INTEGER, name TEXT, sealed BLOB, PRIMARY KEY (first, name));
    CREATE TABLE heap (name TEXT, number INTEGER, sealed BLOB);
    CREATE INDEX of_heap ON heap (name, number);
    CREATE TABLE duplicate (ordinal INTEGER PRIMARY KEY, leader INTEGER);
    CREATE INDEX of_leader ON duplicate (leader);
    CREATE TABLE piece (first INTEGER, sealed BLOB);
    CREATE INDEX of_block ON piece (first);
    CREATE TABLE shared (leader INTEGER PRIMARY KEY, sealed BLOB);
"""

_Refused = dict[int, tuple[str, str]]


class Block(msgspec.Struct):
    """Rows that were read together, column by column.

    :param first: the ordinal of the first row, counted from 1.
    :param keys: the user's keys.
    :param inputs: for each input of the inquiry, the canonical texts; None where a row has none.
    :param questions: for each row the identities of its question under all keys of the ring, newest first, in one
        piece; None for a row that asks none.
    :param refused: offset of such a row to the input and the reason.
    """

    first: int
    keys: list[Any]
    inputs: list[list[str | None]]
    questions: list[bytes | None]
    refused: _Refused

    @property
    def last(self) -> int:
        """The ordinal of the last row."""
        return self.first + len(self.keys) - 1


class StoredBlock:
    """A block that was taken in. Each part of it is read when it is first asked for."""

    def __init__(self, spool: Spool, first: int, last: int) -> None:
        self._spool = spool
        self.first = first
        self.last = last

    def __len__(self) -> int:
        return self.last - self.first + 1

    @cached_property
    def keys(self) -> list[Any]:
        """The user's keys."""
        return _KEYS(self._spool.part(self, "keys"))

    @cached_property
    def inputs(self) -> list[list[str | None]]:
        """The canonical inputs, as in :class:`Block`."""
        return _INPUTS(self._spool.part(self, "inputs"))

    @cached_property
    def questions(self) -> list[bytes | None]:
        """The identities of the questions, as in :class:`Block`."""
        return _QUESTIONS(self._spool.part(self, "questions"))

    @cached_property
    def refused(self) -> _Refused:
        """Which rows ask no question, and why, as in :class:`Block`."""
        return _REFUSED(self._spool.part(self, "refused"))

    @property
    def marks(self) -> bytes:
        """A byte for each row, as it was noted."""
        return self._spool.part(self, "marks")


class Spool:
    """The rows of one run. For one thread at a time."""

    def __init__(self) -> None:
        # An empty name is SQLite's own temporary file: made unnamed, and gone with the connection.
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for setting in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{_CACHE_KIB}"):
            self._database.execute(f"PRAGMA {setting}")
        self._database.executescript(_TABLES)
        self._aes = AESGCM(AESGCM.generate_key(256))
        self._sealed = 0
        self._firsts: list[int] = []
        self._last = 0
        self._keys, self._questions = self._alike("keys"), self._alike("questions")
        self._spread = np.uint64(secrets.randbits(64) | 1)
        self._unwritten: dict[int, Outcome] = {}

    def add(self, block: Block) -> None:
        """Take rows in."""
        self._firsts.append(block.first)
        self._last = block.last
        self._database.execute("BEGIN")
        for name, content in (("keys", block.keys), ("inputs", block.inputs), ("questions", block.questions)):
            self._write_part(block.first, name, _ENCODE(content))
        self._write_part(block.first, "refused", _ENCODE(block.refused))
        ordinals = np.arange(block.first, block.last + 1, dtype=np.uint64)
        self._keys.add(ordinals, self._hashes_of_keys(block.keys))
        asking = [question for question in block.questions if question is not None]
        if len(asking) < len(ordinals):
            ordinals = ordinals[[question is not None for question in block.questions]]
        if asking:
            identities = np.frombuffer(b"".join(asking), np.uint64).reshape(len(asking), -1)
            self._questions.add(ordinals, identities[:, :2])
        self._database.execute("COMMIT")

    def alike(self, limit: int) -> list[list[int]]:
        """Return ordinals of rows whose keys have one hash, in groups; their keys may still differ."""
        groups: dict[int, list[int]] = {}
        for ordinals, firsts in self._keys.pairs():
            for ordinal, first in zip(ordinals.tolist(), firsts.tolist(), strict=True):
                groups.setdefault(first, [first]).append(ordinal)
            if len(groups) >= limit:
                break
        return [sorted(groups[first]) for first in sorted(groups)[:limit]]

    def find_duplicates(self) -> int:
        """Point rows that ask the same to the first of them, once all are in.

        :return: how many point to another one.
        """
        found = 0
        self._database.execute("BEGIN")
        for ordinals, leaders in self._questions.pairs():
            self._database.executemany(
                "INSERT INTO duplicate VALUES (?, ?)", zip(ordinals.tolist(), leaders.tolist(), strict=True)
            )
            found += len(ordinals)
        self._database.execute("COMMIT")
        return found

    def blocks(self) -> Iterator[StoredBlock]:
        """Read the rows again, in their order."""
        for first in self._firsts:
            yield self.block_with(first)

    def block_with(self, ordinal: int) -> StoredBlock:
        """Read the rows again that were taken in together with this one."""
        following = bisect_right(self._firsts, ordinal)
        last = self._firsts[following] - 1 if following < len(self._firsts) else self._last
        return StoredBlock(self, self._firsts[following - 1], last)

    def part(self, block: StoredBlock, name: str) -> bytes:
        """Read one part of a block again."""
        (sealed,) = self._database.execute(
            "SELECT sealed FROM part WHERE first = ? AND name = ?", (block.first, name)
        ).fetchone()
        return self._open(sealed)

    def mark(self, block: StoredBlock, marks: bytes) -> None:
        """Note a byte for each row of a block."""
        self._write_part(block.first, "marks", marks)

    def leaders(self, block: StoredBlock) -> dict[int, int]:
        """Return for each duplicate of a block the ordinal of the first row that asks the same."""
        return dict(
            self._database.execute("SELECT ordinal, leader FROM duplicate WHERE ordinal BETWEEN ? AND ?", _span(block))
        )

    def keep(self, outcomes: Iterable[tuple[int, Outcome]]) -> None:
        """Note what became of questions, by the ordinal of the first row that asks it. A later one replaces it."""
        self._unwritten.update(outcomes)
        if len(self._unwritten) >= _PIECE:
            self._write_outcomes()

    def outcomes(self, block: StoredBlock) -> dict[int, Outcome]:
        """Return what became of the questions of a block, its duplicates' too, by the ordinal of the first row."""
        self._write_outcomes()
        found: dict[int, Outcome] = {}
        for (sealed,) in self._database.execute(
            "SELECT sealed FROM piece WHERE first = ? ORDER BY rowid", (block.first,)
        ):
            found.update(_OUTCOMES(self._open(sealed)))
        for (sealed,) in self._database.execute(
            "SELECT sealed FROM shared WHERE leader IN "
            "(SELECT leader FROM duplicate WHERE ordinal BETWEEN ? AND ? AND leader < ?)",
            (*_span(block), block.first),
        ):
            found.update(_OUTCOMES(self._open(sealed)))
        return found

    def _write_outcomes(self) -> None:
        """Write the outcomes of each block in one piece, and apart those that rows of other blocks may ask for."""
        outcomes, self._unwritten = self._unwritten, {}
        if not outcomes:
            return
        leaders = sorted(outcomes)
        self._database.execute("BEGIN")
        shared = self._database.execute(
            "SELECT DISTINCT leader FROM duplicate WHERE leader BETWEEN ? AND ?", (leaders[0], leaders[-1])
        ).fetchall()
        while leaders:
            block = self.block_with(leaders[0])
            end = bisect_right(leaders, block.last)
            of_block, leaders = leaders[:end], leaders[end:]
            piece = dict(zip(of_block, map(outcomes.__getitem__, of_block), strict=True))
            self._database.execute("INSERT INTO piece VALUES (?, ?)", (block.first, self._seal(_ENCODE(piece))))
        self._database.executemany(
            "INSERT OR REPLACE INTO shared VALUES (?, ?)",
            [(leader, self._seal(_ENCODE({leader: outcomes[leader]}))) for (leader,) in shared if leader in outcomes],
        )
        self._database.execute("COMMIT")

    def close(self) -> None:
        """Forget all of it."""
        self._database.close()

    def _hashes_of_keys(self, keys: list[Any]) -> Numbers:
        # Python's own hash of a text has a secret of the process in it; that of an integer gets one, and is spread.
        hashes = np.zeros((len(keys), 2), np.uint64)
        hashes[:, 0] = np.fromiter(map(hash, keys), np.int64, len(keys)).view(np.uint64) * self._spread
        return hashes

    def _alike(self, name: str) -> Alike:
        return Alike(partial(self._write_heap, name), partial(self._read_heap, name))

    def _write_heap(self, name: str, number: int, content: bytes) -> None:
        self._database.execute("INSERT INTO heap VALUES (?, ?, ?)", (name, number, self._seal(content)))

    def _read_heap(self, name: str, number: int) -> Iterator[bytes]:
        pieces = self._database.execute(
            "SELECT sealed FROM heap WHERE name = ? AND number = ? ORDER BY rowid", (name, number)
        )
        return (self._open(sealed) for (sealed,) in pieces)

    def _write_part(self, first: int, name: str, content: bytes) -> None:
        self._database.execute("INSERT OR REPLACE INTO part VALUES (?, ?, ?)", (first, name, self._seal(content)))

    def _seal(self, content: bytes) -> bytes:
        # A key that seals for one process alone may count its nonces.
        self._sealed += 1
        nonce = self._sealed.to_bytes(12, "big")
        return nonce + self._aes.encrypt(nonce, content, None)

    def _open(self, sealed: bytes) -> bytes:
        return self._aes.decrypt(sealed[:12], sealed[12:], None)


def _span(block: StoredBlock) -> tuple[int, int]:
    return block.first, block.last


_ENCODE: Final = msgspec.msgpack.Encoder().encode
_KEYS: Final[Callable[[bytes], list[Any]]] = msgspec.msgpack.Decoder(list[Any]).decode
_INPUTS: Final[Callable[[bytes], list[list[str | None]]]] = msgspec.msgpack.Decoder(list[list[str | None]]).decode
_QUESTIONS: Final[Callable[[bytes], list[bytes | None]]] = msgspec.msgpack.Decoder(list[bytes | None]).decode
_REFUSED: Final[Callable[[bytes], _Refused]] = msgspec.msgpack.Decoder(_Refused).decode
_OUTCOMES: Final[Callable[[bytes], dict[int, Outcome]]] = msgspec.msgpack.Decoder(dict[int, Outcome]).decode
