"""The plan of a run, which costs nothing: every row is read, checked and compared, and every question looked up.

What is refused here is refused before anything is paid.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import compress
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from airflow_provider_iranpay.api.contract import Request
from airflow_provider_iranpay.bulk.keys import Keys, named_rows
from airflow_provider_iranpay.bulk.outcomes import Origin, Outcome, Status, invalid, replayed
from airflow_provider_iranpay.bulk.replay import Replay
from airflow_provider_iranpay.bulk.spool import Block, Spool, StoredBlock
from airflow_provider_iranpay.bulk.ways import Reader, Way, bare_reader, highest_cost_rial
from airflow_provider_iranpay.exceptions import ConfigurationError, InvalidInput
from airflow_provider_iranpay.inquiries import Dtype, Inquiry
from airflow_provider_iranpay.iran.checked import Reason
from airflow_provider_iranpay.iran.columns import REASONS, column_check
from airflow_provider_iranpay.warehouse.journal.journal import Journal
from airflow_provider_iranpay.warehouse.journal.keyring import QUESTION_BYTES
from airflow_provider_iranpay.warehouse.journal.records import Ask, Freshness, Kind, Standing
from airflow_provider_iranpay.warehouse.journal.states import State

if TYPE_CHECKING:
    import pandas as pd

    from airflow_provider_iranpay.bulk.sources import Source

__all__ = ["CheckedRows", "Estimate", "Plan", "Question", "make_plan", "plan_again"]

_SETTLED, _NEW, _KNOWN, _DUPLICATE = b"\0\1\2\3"
"""Marks of rows: has its outcome; asks what nobody has asked; asks what the journal knows, and is to be looked up
again; asks what an earlier row asks."""
_ASKS: Final = bytes(mark in (_NEW, _KNOWN) for mark in range(256))


class CheckedRows(Protocol):
    """Rows that were read and checked, column by column.

    :ivar keys: the user's keys.
    :ivar inputs: for each input of the inquiry, the canonical texts; None where a row has none.
    :ivar refused: offset of a row that asks nothing to the input and the reason.
    """

    keys: list[Any]
    inputs: list[list[str | None]]
    refused: dict[int, tuple[str, str]]


Columns = Sequence[Sequence[str | None]]
"""For each input of the inquiry, in their order, the canonical texts of some rows; None where a row has none."""


class Question:
    """What one or more rows ask.

    :ivar leader: ordinal of the first row that asks it.
    :ivar ask: for the journal.
    """

    __slots__ = ("_made", "_questioner", "_values", "ask", "leader")

    def __init__(
        self, questioner: Questioner, leader: int, values: Sequence[str | None], identities: tuple[bytes, ...]
    ) -> None:
        self._questioner = questioner
        self._values = values
        self.leader = leader
        self.ask = Ask(identities, self._wire)
        self._made: tuple[Reader, Request[Any]] | None = None

    def request(self, reader: Reader) -> Request[Any]:
        """Make its request, once.

        :raises InvalidInput: the provider does not take it.
        """
        if self._made is None or self._made[0] is not reader:
            inputs = dict(zip(self._questioner.names, self._values, strict=True))
            if None in self._values:
                inputs = {name: value for name, value in inputs.items() if value is not None}
            self._made = reader, reader.request(cast("dict[str, str]", inputs))
        return self._made[1]

    def value(self, name: str) -> str | None:
        """Return the canonical text of an input."""
        return self._values[self._questioner.names.index(name)]

    def _wire(self, provider: str) -> bytes | None:
        """Hash the question as the provider would get it today; None where no account of the run tells."""
        way = self._questioner.way_of(provider)
        return None if way is None else way.wire(self.request(way))


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a run will do at the most, in questions and in Rial.

    :param invalid: rows that cannot be asked about.
    :param duplicates: rows that ask what an earlier one asks.
    :param kept: questions whose answer the journal has.
    :param held: questions that are not asked again by themselves: unknown, unreadable, or pruned.
    :param unknown: of those, the unknown ones.
    :param to_ask: questions that will be asked, or are being asked by another worker.
    :param cost_rial: of those, at the most; None where a price is not known.
    """

    rows: int
    invalid: int
    duplicates: int
    kept: int
    held: int
    unknown: int
    to_ask: int
    cost_rial: int | None


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
        hashes = list(rows)
        replay = Replay(
            self.inquiry,
            lambda: dict(zip(self.names, inputs(), strict=True)),
            self._reader_of,
            negative_since=self._negative_since,
        )
        outcomes: dict[int, Outcome] = {}
        left: set[int] = set()
        with _uncollected():
            for start in range(0, len(hashes), _RECALLED_TOGETHER):
                kept, others = self.journal.recall(hashes[start : start + _RECALLED_TOGETHER], self._freshness)
                left.update([rows[question] for question in others])
                for one in kept:
                    row = rows[one.question]
                    outcome = replay.outcome(row, one)
                    if outcome is None:
                        left.add(row)
                    else:
                        outcomes[row] = outcome
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
                    return standing._replace(kind=Kind.FREE), None
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


def _without_none(column: Sequence[str | None]) -> Sequence[str]:
    return [value or "" for value in column] if None in column else cast("Sequence[str]", column)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the collector of cycles, which rows do not make, from looking through them: a third of a replay's time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


_RECALLED_TOGETHER: Final = 2_500
"""Few enough for a processor's cache."""


def _each(identities: bytes) -> tuple[bytes, ...]:
    """Take a question's identities apart."""
    if len(identities) == QUESTION_BYTES:
        return (identities,)
    starts = range(0, len(identities), QUESTION_BYTES)
    return tuple([identities[start : start + QUESTION_BYTES] for start in starts])


class Plan:
    """A plan that was made. It holds the rows on disk; close it.

    :ivar key_dtype: of the user's key.
    """

    def __init__(self, spool: Spool, questioner: Questioner) -> None:
        self.spool = spool
        self.questioner = questioner
        self.estimate: Estimate
        self.key_dtype: Dtype

    def marked(
        self, block: StoredBlock, marks: Sequence[int], wanted: Collection[int]
    ) -> Iterator[tuple[Question, int]]:
        """Make the questions of a block whose rows have one of these marks, and say which."""
        make = self.questioner.question
        ordinals = range(block.first, block.last + 1)
        rows = zip(ordinals, zip(*block.inputs, strict=True), block.questions, marks, strict=True)
        for ordinal, values, identities, mark in rows:
            if mark in wanted:
                yield make(ordinal, values, identities), mark

    def open_questions(self) -> Iterator[tuple[Question, bool]]:
        """Give the questions that have no outcome yet, in their order, and whether anybody has ever asked them."""
        for block in self.spool.blocks():
            marks = block.marks
            if _NEW in marks or _KNOWN in marks:
                for question, mark in self.marked(block, marks, (_NEW, _KNOWN)):
                    yield question, mark == _KNOWN

    def questions(self, leaders: Iterable[int]) -> Iterator[Question]:
        """Give questions again.

        :param leaders: ordinals of the first rows that ask them; a block is read anew whenever they leave it.
        """
        block: StoredBlock | None = None
        for leader in leaders:
            if block is None or not block.first <= leader <= block.last:
                block = self.spool.block_with(leader)
            offset = leader - block.first
            values = [column[offset] for column in block.inputs]
            yield self.questioner.question(leader, values, block.questions[offset])

    def rows_to_share(self) -> Iterator[tuple[StoredBlock, Mapping[int, int], bytes]]:
        """Give the rows again, in their order: with the leaders of duplicates, and a byte that is 1 where one asks."""
        for block in self.spool.blocks():
            yield block, self.spool.leaders(block), block.marks.translate(_ASKS)

    def results(self, rest: Outcome) -> Iterator[tuple[Any, Outcome]]:
        """Give each row's key with its outcome, in the order of the rows.

        :param rest: of questions that have none.
        """
        for block in self.spool.blocks():
            leaders, outcomes, refused = self.spool.leaders(block), self.spool.outcomes(block), block.refused
            for ordinal, key in enumerate(block.keys, block.first):
                refusal = refused.get(ordinal - block.first)
                if refusal is not None:
                    yield key, invalid(*refusal)
                elif (leader := leaders.get(ordinal)) is None:
                    yield key, outcomes.get(ordinal, rest)
                else:
                    yield key, outcomes.get(leader, rest).of_duplicate()

    def close(self) -> None:
        """Forget the rows."""
        self.spool.close()


def make_plan(source: Source, *, key: str, columns: Mapping[str, str], questioner: Questioner) -> Plan:
    """Read all rows, check them, find those that ask the same, and look the questions up.

    :param key: the source's column with the user's key: unique and not missing.
    :param columns: name of an input to the source's column.
    :raises InvalidInput: a key is missing, stands twice or cannot be one; names the rows.
    """
    return _planned(questioner, key, lambda plan: _read(plan, source, key=key, columns=columns))


def plan_again(rows: Iterable[CheckedRows], *, key: str, key_dtype: Dtype, questioner: Questioner) -> Plan:
    """Make a plan of rows that another plan has read and checked."""

    def take(plan: Plan) -> None:
        plan.key_dtype = key_dtype
        first = 1
        for some in rows:
            plan.spool.add(_block(plan.questioner, first, some.keys, some.inputs, some.refused))
            first += len(some.keys)

    return _planned(questioner, key, take)


def _planned(questioner: Questioner, key: str, fill: Callable[[Plan], None]) -> Plan:
    spool = Spool()
    plan = Plan(spool, questioner)
    try:
        fill(plan)
        _refuse_repeated_keys(spool, key)
        duplicates = spool.find_duplicates()
        plan.estimate = _look(plan, duplicates)
    except BaseException:
        spool.close()
        raise
    return plan


def _read(plan: Plan, source: Source, *, key: str, columns: Mapping[str, str]) -> None:
    wanted = list(dict.fromkeys([key, *columns.values()]))
    keys = Keys(key)
    for frame in source.batches(wanted):
        inputs, refused = _checked(plan.questioner.inquiry, frame, columns)
        first = keys.read + 1
        plan.spool.add(_block(plan.questioner, first, keys.take(frame[key]), inputs, refused))
    plan.key_dtype = keys.dtype


def _block(
    questioner: Questioner,
    first: int,
    keys: list[Any],
    inputs: list[list[str | None]],
    refused: dict[int, tuple[str, str]],
) -> Block:
    """Give each row that asks something the identities of its question."""
    return Block(first, keys, inputs, _asked(questioner, inputs, refused, len(keys)), refused)


def _asked(questioner: Questioner, inputs: Columns, refused: Collection[int], rows: int) -> list[bytes | None]:
    """Return the identities of what each row asks, None where it asks nothing."""
    if not refused:
        return [*questioner.identities(inputs)]
    asking = [offset not in refused for offset in range(rows)]
    identities = iter(questioner.identities([list(compress(column, asking)) for column in inputs]))
    return [next(identities) if asks else None for asks in asking]


def _checked(
    inquiry: Inquiry, frame: pd.DataFrame, columns: Mapping[str, str]
) -> tuple[list[list[str | None]], dict[int, tuple[str, str]]]:
    """Bring the inputs of rows to their canonical form, and say why some have none."""
    inputs: list[list[str | None]] = []
    refused: dict[int, tuple[str, str]] = {}
    for one in inquiry.inputs:
        if one.name not in columns:
            inputs.append([None] * len(frame))
            continue
        checked = column_check(one.check)(frame[columns[one.name]])
        inputs.append(checked.values.tolist())
        for offset in checked.reasons.nonzero()[0].tolist():
            reason = REASONS[checked.reasons[offset]]
            if not (one.optional and reason is Reason.EMPTY):
                refused.setdefault(offset, (one.name, str(reason)))
    if inquiry.any_of:
        named = dict(zip((one.name for one in inquiry.inputs), inputs, strict=True))
        for offset, given in enumerate(zip(*(named[name] for name in inquiry.any_of), strict=True)):
            if not any(given):
                refused.setdefault(offset, (inquiry.any_of[0], "is_required"))
    return inputs, refused


def _refuse_repeated_keys(spool: Spool, key: str) -> None:
    for ordinals in spool.alike(_LOOKED_AT):
        same: dict[Any, list[int]] = {}
        block = spool.block_with(ordinals[0])
        for ordinal in ordinals:
            if ordinal > block.last:
                block = spool.block_with(ordinal)
            same.setdefault(block.keys[ordinal - block.first], []).append(ordinal)
        for repeated in same.values():
            if len(repeated) > 1:
                raise InvalidInput(
                    key,
                    "repeated",
                    "These rows have one key: give each row a key of its own. Nothing was paid.",
                    row=named_rows(repeated),
                )


def _look(plan: Plan, duplicates: int) -> Estimate:
    """Look up each question once, note the outcome of those that have one, and count."""
    counts: Counter[str] = Counter()
    for block in plan.spool.blocks():
        marks = _first_marks(plan, block)
        outcomes = _looked_up(plan, block, marks)
        for ordinal, outcome in outcomes.items():
            marks[ordinal - block.first] = _SETTLED
            counts["kept" if outcome.origin == Origin.CACHED else "held"] += 1
            counts["unknown"] += outcome.status == Status.UNKNOWN
        plan.spool.keep(outcomes.items())
        plan.spool.mark(block, bytes(marks))
        counts["to_ask"] += marks.count(_NEW) + marks.count(_KNOWN)
        counts["rows"] += len(block)
        counts["invalid"] += len(block.refused)
    each = highest_cost_rial(plan.questioner.ways)
    return Estimate(
        rows=counts["rows"],
        invalid=counts["invalid"],
        duplicates=duplicates,
        kept=counts["kept"],
        held=counts["held"],
        unknown=counts["unknown"],
        to_ask=counts["to_ask"],
        cost_rial=None if each is None else each * counts["to_ask"],
    )


def _first_marks(plan: Plan, block: StoredBlock) -> bytearray:
    """Mark the rows of a block that are not the first to ask something."""
    marks = bytearray([_NEW]) * len(block)
    for ordinal in plan.spool.leaders(block):
        marks[ordinal - block.first] = _DUPLICATE
    if None in block.questions:
        for offset, question in enumerate(block.questions):
            if question is None:
                marks[offset] = _SETTLED
    return marks


def _looked_up(plan: Plan, block: StoredBlock, marks: bytearray) -> dict[int, Outcome]:
    """Look up what the rows of a block are the first to ask, and mark it where anybody has ever asked it.

    :return: ordinal to outcome, where there is one.
    """
    firsts = [offset for offset, mark in enumerate(marks) if mark == _NEW]
    questions = [question for question in compress(block.questions, map(_NEW.__eq__, marks)) if question is not None]
    recalled, others = plan.questioner.recall(lambda: _rows(block.inputs, firsts), questions)
    outcomes = {block.first + firsts[row]: outcome for row, outcome in recalled.items()}
    for row in others:
        marks[firsts[row]] = _KNOWN
    if others:
        known = [question for question, _ in plan.marked(block, marks, (_KNOWN,))]
        for question, _, outcome in plan.questioner.look_up(known):
            if outcome is not None:
                outcomes[question.leader] = outcome
    return outcomes


def _rows(columns: Columns, offsets: Sequence[int]) -> Columns:
    """Take some rows of columns."""
    if not columns or len(offsets) == len(columns[0]):
        return columns
    return [[column[offset] for offset in offsets] for column in columns]


_LOOKED_AT: Final = 1_000
"""Pairs of keys with one hash that are compared: two different ones are rarer than that in any table."""


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
