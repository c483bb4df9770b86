"""Questions, and what is known of them: how each is asked, how it stands in the journal, what a kept answer says today.

Nothing is claimed or sent here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any, Final, cast

import numpy as np
from msgspec import structs

from airflow_provider_iranpay.api.contract import Request
from airflow_provider_iranpay.bulk.collecting import uncollected
from airflow_provider_iranpay.bulk.outcomes import Outcome, Status, replayed
from airflow_provider_iranpay.bulk.replay import Replay
from airflow_provider_iranpay.bulk.ways import Reader, Way, bare_reader
from airflow_provider_iranpay.exceptions import ConfigurationError
from airflow_provider_iranpay.inquiries import Inquiry
from airflow_provider_iranpay.record import MutableRecord
from airflow_provider_iranpay.warehouse.journal.answers import Recalled
from airflow_provider_iranpay.warehouse.journal.journal import Journal
from airflow_provider_iranpay.warehouse.journal.keyring import QUESTION_BYTES
from airflow_provider_iranpay.warehouse.journal.records import Ask, Freshness, Kind, Standing
from airflow_provider_iranpay.warehouse.journal.states import State

__all__ = ["Columns", "Question", "Questioner", "hash_order"]

Columns = Sequence[Sequence[str | None]]
"""For each input of the inquiry, in their order, the canonical texts of some rows; None where a row has none."""


class Question(MutableRecord):
    """What one or more rows ask.

    :param leader: ordinal of the first row that asks it.
    """

    _questioner: Questioner
    leader: int
    _values: Sequence[str | None]
    _identities: tuple[bytes, ...]
    _made: tuple[Reader, Request[Any]] | None = None

    @property
    def ask(self) -> Ask:
        """Make what the journal is asked. It is not held here: it holds the question, so neither would ever be freed
        but by the collector of cycles.
        """
        return Ask(self._identities, self._wire)

    def request(self, reader: Reader) -> Request[Any]:
        """Make its request, once.

        :raises InvalidInput: the provider does not take it.
        """
        if self._made is None or self._made[0] is not reader:
            self._made = reader, reader.request(self._inputs)
        return self._made[1]

    def wire(self, reader: Reader) -> bytes:
        """Hash its request."""
        return reader.wire(self.request(reader), self._inputs)

    @property
    def _inputs(self) -> dict[str, str | None]:
        return dict(zip(self._questioner.names, self._values))  # noqa: B905 - strict takes half as long again

    def value(self, name: str) -> str | None:
        """Return the canonical text of an input."""
        return self._values[self._questioner.names.index(name)]

    def _wire(self, provider: str) -> bytes | None:
        """Hash the question as the provider would get it today; None where no account of the run tells."""
        way = self._questioner.way_of(provider)
        return None if way is None else self.wire(way)


class Questioner:
    """Makes questions, and judges how they stand.

    :param freshness: of positive answers.
    :param fresh_negative: the same for negative ones, where that is shorter.
    :ivar ways: accounts that can be asked, in the order of preference.
    :ivar journal: where questions are looked up; it claims none.
    :ivar as_of: as of when the journal is seen.
    :ivar names: of the inquiry's inputs.
    """

    def __init__(
        self, inquiry: Inquiry, ways: Sequence[Way], journal: Journal, freshness: Freshness, fresh_negative: timedelta
    ) -> None:
        self.inquiry = inquiry
        self.ways = ways
        self.as_of = freshness.as_of
        self._readers = {way.provider: way for way in reversed(ways)}
        self.names = [one.name for one in inquiry.inputs]
        self.journal = journal
        self._freshness = freshness
        self._negative_since = freshness.as_of - min(fresh_negative, freshness.max_age)
        self._hash = journal.keys.columns_questioner(journal.environment, inquiry.name, self.names)

    def identities(self, inputs: Columns) -> list[bytes]:
        """Return the identities of questions under all keys, each in one piece, from their inputs in columns."""
        hashes = self._hash([_without_none(column) for column in inputs])
        return hashes[0] if len(hashes) == 1 else list(map(b"".join, zip(*hashes, strict=True)))

    def question(self, leader: int, values: Sequence[str | None], identities: bytes | None) -> Question:
        """Make a question.

        :param values: its canonical inputs, in their order.
        :param identities: as :meth:`identities` gives them.
        """
        if identities is None:
            raise ValueError("The row asks no question.")
        return Question(self, leader, values, _each(identities))

    def recall(self, inputs: Callable[[], Columns], questions: Sequence[bytes]) -> tuple[dict[int, Outcome], list[int]]:
        """Replay kept answers, as far as they need no second thought.

        :param inputs: returns the canonical inputs; called if there are such answers.
        :param questions: for each row its identities in one piece.
        :return: row to its outcome; and the rows of all other questions that were ever asked, which :meth:`look_up`
            has to see.
        """
        if len(self.journal.keys.fingerprints) == 1:
            rows = dict(zip(questions, range(len(questions)), strict=True))
        else:
            rows = {one: row for row, question in enumerate(questions) for one in _each(question)}
        hashes = [*rows]  # most were written in the order of hashes, and so are found on the same pages
        hashes = [hashes[place] for place in hash_order(hashes)]
        replay = Replay(
            self.inquiry,
            lambda: dict(zip(self.names, inputs(), strict=True)),
            self._reader_of,
            negative_since=self._negative_since,
        )
        outcomes: dict[int, Outcome] = {}
        left: set[int] = set()

        def read(found: Recalled) -> None:
            left.update(rows[question] for question in found.others)
            for kept in found.kept:
                known, doubtful = replay.outcomes(rows, kept)
                outcomes.update(known)
                left.update(doubtful)

        with uncollected():
            self.journal.recall(hashes, self._freshness, read)
        return outcomes, sorted(left - outcomes.keys())

    def _reader_of(self, provider: str) -> Reader | None:
        """Find what reads a provider's answers, whether or not the run asks it; None where nothing does."""
        return self._readers.get(provider) or bare_reader(self.inquiry, provider)

    def way_of(self, provider: str) -> Way | None:
        """Find the account of the run that asks a provider."""
        return self._readers.get(provider)

    def look_up(self, questions: Sequence[Question]) -> Iterator[tuple[Question, Standing, Outcome | None]]:
        """Say how questions stand, and what that makes of those that need not be asked."""
        found = self.journal.look_up([question.ask for question in questions], self._freshness)
        for question, standing in zip(questions, found, strict=True):
            yield question, *self._judged(question, standing)

    def _judged(self, question: Question, standing: Standing) -> tuple[Standing, Outcome | None]:
        match standing.kind:
            case Kind.KEPT | Kind.UNREADABLE:
                outcome = self._replayed(question, standing)
                if self._is_old(outcome, standing):
                    return structs.replace(standing, kind=Kind.FREE), None
                return standing, outcome
            case Kind.UNKNOWN:
                return standing, _of_unknown(standing)
            case Kind.PRUNED:
                return standing, _PRUNED._replace(provider=standing.provider, track_id=standing.track_id)
        return standing, None

    def _replayed(self, question: Question, standing: Standing) -> Outcome:
        provider = standing.provider or ""
        way = self._reader_of(provider)
        if way is None:
            raise ConfigurationError(
                f"The journal has an answer of {standing.provider} to {self.inquiry.name}, which this release cannot "
                "read. Install the release that wrote it."
            )
        return replayed(self.inquiry, way, question.request(way), standing)

    def _is_old(self, outcome: Outcome, standing: Standing) -> bool:
        """Whether a negative answer has passed its shorter life."""
        positive = outcome.cells and self.inquiry.positive(outcome.cells)
        negative = standing.state is State.REJECTED or (outcome.has_answer and not positive)
        return negative and standing.answered_at is not None and standing.answered_at < self._negative_since


def hash_order(hashes: Sequence[bytes]) -> list[int]:
    """Return the places of hashes, all of one length, in the order of their first bytes: how they lie in the journal's
    index.
    """
    if not hashes:
        return []
    words = np.frombuffer(b"".join(hashes), ">u8").reshape(len(hashes), -1)
    return cast("list[int]", words[:, 0].argsort().tolist())


def _without_none(column: Sequence[str | None]) -> Sequence[str]:
    return [value or "" for value in column] if None in column else cast("Sequence[str]", column)


def _each(identities: bytes) -> tuple[bytes, ...]:
    """Take a question's identities apart."""
    if len(identities) == QUESTION_BYTES:
        return (identities,)
    starts = range(0, len(identities), QUESTION_BYTES)
    return tuple([identities[start : start + QUESTION_BYTES] for start in starts])


def _of_unknown(standing: Standing) -> Outcome:
    return Outcome(
        Status.UNKNOWN,
        error_code="held",
        error_message="An earlier call may have been paid and has no answer: look it up by its track id and resolve "
        "it, or let the run ask again (on_unknown).",
        provider=standing.provider,
        track_id=standing.track_id,
    )


_PRUNED: Final = Outcome(
    Status.NOT_SENT_STOPPED,
    error_code="pruned",
    error_message="It was paid once, and its answer was thrown away: it is asked again only with ask_pruned.",
)
