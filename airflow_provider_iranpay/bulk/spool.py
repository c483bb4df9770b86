"""The rows of a run on disk: what was read, which rows ask the same, and what became of each question.

A private temporary database that SQLite itself removes; nobody else can open it, and a process that dies leaves
nothing. What is personal in it is sealed with a key that never leaves the memory. No rule about a row lives here.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from airflow_provider_iranpay.bulk.outcomes import Outcome

__all__ = ["Block", "Spool"]

_CACHE_KIB: Final = 65_536
_PIECE: Final = 4_096
"""Outcomes that are written together."""

_TABLES: Final = """
    CREATE TABLE block (first INTEGER PRIMARY KEY, sealed BLOB, marks BLOB);
    CREATE TABLE row (ordinal INTEGER PRIMARY KEY, key INTEGER, question BLOB);
    CREATE TABLE duplicate (ordinal INTEGER PRIMARY KEY, leader INTEGER);
    CREATE INDEX of_leader ON duplicate (leader);
    CREATE TABLE piece (first INTEGER, sealed BLOB);
    CREATE INDEX of_block ON piece (first);
    CREATE TABLE shared (leader INTEGER PRIMARY KEY, sealed BLOB);
"""

_SAME_QUESTION: Final = """
    INSERT INTO duplicate
    SELECT row.ordinal, again.leader
    FROM (SELECT question, min(ordinal) AS leader FROM row
          WHERE question IS NOT NULL GROUP BY question HAVING count(*) > 1) AS again
    JOIN row ON row.question = again.question AND row.ordinal > again.leader
    ORDER BY row.ordinal
"""


class Block(msgspec.Struct, array_like=True):
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
    refused: dict[int, tuple[str, str]]

    @property
    def last(self) -> int:
        """The ordinal of the last row."""
        return self.first + len(self.keys) - 1


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
        self._unwritten: dict[int, Outcome] = {}
        self._encode = msgspec.msgpack.Encoder().encode
        self._outcomes_of: Callable[[bytes], dict[int, Outcome]] = msgspec.msgpack.Decoder(dict[int, Outcome]).decode
        self._block_of: Callable[[bytes], Block] = msgspec.msgpack.Decoder(Block).decode

    def add(self, block: Block) -> None:
        """Take rows in."""
        self._database.execute("BEGIN")
        self._database.execute("INSERT INTO block (first, sealed) VALUES (?, ?)", (block.first, self._seal(block)))
        # Python's own hash of a text has a secret of the process in it, so it betrays nothing.
        rows = zip(range(block.first, block.last + 1), map(hash, block.keys), block.questions, strict=True)
        self._database.executemany("INSERT INTO row VALUES (?, ?, ?)", rows)
        self._database.execute("COMMIT")
        self._firsts.append(block.first)

    def alike(self, limit: int) -> list[list[int]]:
        """Return ordinals of rows whose keys have one hash, in groups; their keys may still differ."""
        groups = self._database.execute(
            "SELECT group_concat(ordinal) FROM row GROUP BY key HAVING count(*) > 1 LIMIT ?", (limit,)
        )
        return [sorted(map(int, ordinals.split(","))) for (ordinals,) in groups]

    def find_duplicates(self) -> int:
        """Point rows that ask the same to the first of them, once all are in.

        :return: how many point to another one.
        """
        return self._database.execute(_SAME_QUESTION).rowcount

    def blocks(self) -> Iterator[Block]:
        """Read the rows again, in their order."""
        for first in self._firsts:
            yield self.block(first)

    def block(self, first: int) -> Block:
        """Read the rows again that were taken in together."""
        (sealed,) = self._database.execute("SELECT sealed FROM block WHERE first = ?", (first,)).fetchone()
        return self._block_of(self._open(sealed))

    def block_with(self, ordinal: int) -> Block:
        """Read the rows again that were taken in together with this one."""
        return self.block(self._firsts[bisect_right(self._firsts, ordinal) - 1])

    def mark(self, block: Block, marks: bytes) -> None:
        """Note a byte for each row of a block."""
        self._database.execute("UPDATE block SET marks = ? WHERE first = ?", (marks, block.first))

    def marked(self) -> Iterator[tuple[Block, bytes]]:
        """Read the rows again with their marks, in their order."""
        for first in self._firsts:
            (marks,) = self._database.execute("SELECT marks FROM block WHERE first = ?", (first,)).fetchone()
            yield self.block(first), marks

    def leaders(self, block: Block) -> dict[int, int]:
        """Return for each duplicate of a block the ordinal of the first row that asks the same."""
        return dict(
            self._database.execute("SELECT ordinal, leader FROM duplicate WHERE ordinal BETWEEN ? AND ?", _span(block))
        )

    def keep(self, outcomes: Iterable[tuple[int, Outcome]]) -> None:
        """Note what became of questions, by the ordinal of the first row that asks it. A later one replaces it."""
        self._unwritten.update(outcomes)
        if len(self._unwritten) >= _PIECE:
            self._write_outcomes()

    def outcomes(self, block: Block) -> dict[int, Outcome]:
        """Return what became of the questions of a block, its duplicates' too, by the ordinal of the first row."""
        self._write_outcomes()
        found: dict[int, Outcome] = {}
        for (sealed,) in self._database.execute(
            "SELECT sealed FROM piece WHERE first = ? ORDER BY rowid", (block.first,)
        ):
            found.update(self._outcomes_of(self._open(sealed)))
        for (sealed,) in self._database.execute(
            "SELECT sealed FROM shared WHERE leader IN "
            "(SELECT leader FROM duplicate WHERE ordinal BETWEEN ? AND ? AND leader < ?)",
            (*_span(block), block.first),
        ):
            found.update(self._outcomes_of(self._open(sealed)))
        return found

    def _write_outcomes(self) -> None:
        """Write the outcomes of each block in one piece, and apart those that rows of other blocks may ask for."""
        outcomes, self._unwritten = self._unwritten, {}
        if not outcomes:
            return
        pieces: dict[int, dict[int, Outcome]] = {}
        for leader, outcome in outcomes.items():
            pieces.setdefault(self._firsts[bisect_right(self._firsts, leader) - 1], {})[leader] = outcome
        self._database.execute("BEGIN")
        for first, piece in pieces.items():
            self._database.execute("INSERT INTO piece VALUES (?, ?)", (first, self._seal(piece)))
        shared = self._database.execute(
            "SELECT DISTINCT leader FROM duplicate WHERE leader BETWEEN ? AND ?", (min(outcomes), max(outcomes))
        ).fetchall()
        self._database.executemany(
            "INSERT OR REPLACE INTO shared VALUES (?, ?)",
            [(leader, self._seal({leader: outcomes[leader]})) for (leader,) in shared if leader in outcomes],
        )
        self._database.execute("COMMIT")

    def close(self) -> None:
        """Forget all of it."""
        self._database.close()

    def _seal(self, content: Any) -> bytes:
        # A key that seals for one process alone may count its nonces.
        self._sealed += 1
        nonce = self._sealed.to_bytes(12, "big")
        return nonce + self._aes.encrypt(nonce, self._encode(content), None)

    def _open(self, sealed: bytes) -> bytes:
        return self._aes.decrypt(sealed[:12], sealed[12:], None)


def _span(block: Block) -> tuple[int, int]:
    return block.first, block.last
