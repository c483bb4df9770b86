"""The journal of paid calls: a group commit, the replay of answers that are kept, the look-up of what was never asked.

A commit settles 256 answers of 330 bytes and makes 256 claims under a budget; a row is an answer and a claim.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import make_url

from airflow_provider_iranpay.warehouse.engine import Warehouse, open_warehouse
from airflow_provider_iranpay.warehouse.journal.journal import Journal
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing, wire_hash
from airflow_provider_iranpay.warehouse.journal.records import (
    Answer,
    Ask,
    Attempt,
    Claim,
    Freshness,
    Kind,
    Standing,
    Terms,
)
from airflow_provider_iranpay.warehouse.journal.states import Event
from benchmarks.measuring import Benchmark, Round, Timing, duration, interleaved, per_second, timed
from benchmarks.place import Place

__all__ = ["BENCHMARKS"]

_GROUP = 256
_COMMITS = 10
_KEPT = 100_000
_KEPT_AT_ONCE = 5_000
_ROUNDS = 5

_TERMS = Terms("match_card_national_code", "jibit", "benchmark", 1_000)
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_FRESHNESS = Freshness(as_of=_NOW, max_age=timedelta(days=30))
_CONTENT = os.urandom(330)
_WIRE = wire_hash(b"benchmark")
_BUDGET = "benchmark"


def _sqlite_rounds(place: Place) -> Iterator[Round]:
    with open_warehouse(f"sqlite:///{place.folder / 'journal.db'}") as warehouse:
        yield from _rounds(warehouse)


def _postgres_rounds(place: Place) -> Iterator[Round]:
    with (
        place.serving("tools.postgres", str(place.folder / "journal")) as uri,
        open_warehouse(make_url(uri)) as warehouse,
    ):
        yield from _rounds(warehouse)


def _rounds(warehouse: Warehouse) -> Iterator[Round]:
    journal = Journal.open(warehouse, KeyRing({"benchmark": os.urandom(32)}), "benchmark")
    journal.open_budget(_BUDGET, 10**15)
    kept = _asks(journal, range(_KEPT))
    for start in range(0, _KEPT, _KEPT_AT_ONCE):
        won = _commit(journal, [], journal.look_up(kept[start : start + _KEPT_AT_ONCE], _FRESHNESS))
        _commit(journal, won, [])
    new = itertools.count(_KEPT)

    def commits() -> Timing:
        asks = _asks(journal, list(itertools.islice(new, _GROUP * (_COMMITS + 1))))
        found = journal.look_up(asks, _FRESHNESS)
        groups = [found[start : start + _GROUP] for start in range(0, len(found), _GROUP)]
        won = _commit(journal, [], groups[0])

        def work() -> None:
            nonlocal won
            for group in groups[1:]:
                won = _commit(journal, won, group)

        return timed(work, units=_GROUP * _COMMITS)

    def replay() -> Timing:
        found: list[Standing] = []
        timing = timed(lambda: found.extend(journal.look_up(kept, _FRESHNESS)), units=_KEPT)
        if any(one.kind is not Kind.KEPT or one.answer != _CONTENT for one in found):
            raise SystemExit("The journal has not kept what it was given.")
        return timing

    never_asked = _asks(journal, range(-_KEPT, 0))

    def look_up() -> Timing:
        return timed(lambda: journal.look_up(never_asked, _FRESHNESS), units=_KEPT)

    yield from interleaved({"commit": commits, "replay": replay, "never asked": look_up}, rounds=_ROUNDS)
    journal.check(_BUDGET)


def _asks(journal: Journal, numbers: Sequence[int]) -> list[Ask]:
    questions = journal.keys.questioner(journal.environment, "match_card_national_code", ["card", "national_code"])
    return [Ask(questions([f"{number:016}", f"{number:010}"]), _wire) for number in numbers]


def _wire(_provider: str) -> bytes:
    return _WIRE


def _commit(journal: Journal, open_attempts: Sequence[Attempt], found: Sequence[Standing]) -> list[Attempt]:
    answers = [
        Answer(
            key=attempt.key,
            ask=attempt.claim.standing.ask,
            event=Event.ANSWERED,
            content=_CONTENT,
            wire=_WIRE,
            sent_at=_NOW,
            answered_at=_NOW,
        )
        for attempt in open_attempts
    ]
    claims = [Claim(one, _TERMS, track_id="00000000-0000-0000-0000-000000000000") for one in found]
    done = journal.commit(answers=answers, claims=claims, budget=_BUDGET)
    if len(done.won) != len(claims) or done.refused:
        raise SystemExit("The journal has refused what it should take.")
    return done.won


def _benchmark(engine: str, title: str, rounds: Callable[[Place], Iterator[Round]]) -> Benchmark:
    return Benchmark(
        title=f"The journal on {title}: {_GROUP} answers and claims in a commit, {_KEPT:,} answers replayed",
        figures=[
            duration(f"journal_commit_us_{engine}", contender="commit", clock="wall", unit="µs"),
            per_second(f"replay_rows_per_second_{engine}", contender="replay"),
            per_second(f"never_asked_rows_per_second_{engine}", contender="never asked"),
        ],
        rounds=rounds,
    )


BENCHMARKS = [
    _benchmark("sqlite", "SQLite", _sqlite_rounds),
    _benchmark("postgres", "PostgreSQL", _postgres_rounds),
]
