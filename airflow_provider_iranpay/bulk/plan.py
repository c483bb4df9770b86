"""The plan of a run, which costs nothing: every row is read, checked and compared, and every question looked up.

What is refused here is refused before anything is paid.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, repeat
from typing import TYPE_CHECKING, Any, Final, Protocol

from airflow_provider_iranpay.bulk.keys import Keys, named_rows
from airflow_provider_iranpay.bulk.outcomes import Origin, Outcome, Status, invalid
from airflow_provider_iranpay.bulk.questions import Columns, Question, Questioner, hash_order
from airflow_provider_iranpay.bulk.spool import Block, Spool, StoredBlock
from airflow_provider_iranpay.bulk.ways import highest_cost_rial
from airflow_provider_iranpay.exceptions import InvalidInput
from airflow_provider_iranpay.inquiries import Dtype, Inquiry
from airflow_provider_iranpay.iran.checked import Reason
from airflow_provider_iranpay.iran.columns import REASONS, column_check

if TYPE_CHECKING:
    import pandas as pd

    from airflow_provider_iranpay.bulk.sources import Source

__all__ = ["CheckedRows", "Estimate", "Plan", "make_plan", "plan_again"]

_SETTLED, _NEW, _KNOWN, _DUPLICATE = b"\0\1\2\3"
"""Marks of rows: has its outcome; asks what nobody has asked; asks what the journal knows, and is to be looked up
again; asks what an earlier row asks."""
_ASKS: Final = bytes(mark in (_NEW, _KNOWN) for mark in range(256))
_IS_NEW: Final = bytes(mark == _NEW for mark in range(256))
_IS_KNOWN: Final = bytes(mark == _KNOWN for mark in range(256))
"""Tables that translate a mark to whether it is one of these."""
_TOGETHER: Final = 256
"""Results that are given together: few enough for a processor's cache."""


class CheckedRows(Protocol):
    """Rows that were read and checked, column by column.

    :ivar keys: the user's keys.
    :ivar inputs: for each input of the inquiry, the canonical texts; None where a row has none.
    :ivar refused: offset of a row that asks nothing to the input and the reason.
    """

    keys: list[Any]
    inputs: list[list[str | None]]
    refused: dict[int, tuple[str, str]]


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
        self, block: StoredBlock, marks: bytes | bytearray, wanted: bytes, *, in_order: bool = True
    ) -> Iterator[tuple[Question, bool]]:
        """Make the questions of a block whose rows have wanted marks, and say whether anybody has ever asked them.

        :param wanted: the table of these marks.
        :param in_order: of the rows; else of their hashes.
        """
        identities = block.questions
        offsets = _offsets(marks, wanted)
        if not in_order:
            hashes = list(filter(None, map(identities.__getitem__, offsets)))
            offsets = list(map(offsets.__getitem__, hash_order(hashes)))
        ordinals = map(block.first.__add__, offsets)
        rows = map(list(zip(*block.inputs, strict=True)).__getitem__, offsets)
        questions = map(self.questioner.question, ordinals, rows, map(identities.__getitem__, offsets))
        return zip(questions, map(_KNOWN.__eq__, map(marks.__getitem__, offsets)), strict=True)

    def open_questions(self, *, in_order: bool = True) -> Iterator[tuple[Question, bool]]:
        """Give the questions that have no outcome yet, and whether anybody has ever asked them.

        :param in_order: of the rows. Else each block's come in the order of their hashes, as they lie in the journal's
            index: questions that are claimed together share pages of it, which are written with each commit.
        """
        for block in self.spool.blocks():
            marks = block.marks
            if _NEW in marks or _KNOWN in marks:
                yield from self.marked(block, marks, _ASKS, in_order=in_order)

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

    def results(self, rest: Outcome) -> Iterator[tuple[Sequence[Any], Sequence[Outcome]]]:
        """Give the rows' keys with their outcomes, in the order of the rows, some rows at a time.

        :param rest: of questions that have none.
        """
        for block in self.spool.blocks():
            known = self.spool.outcomes(block)
            outcomes = list(map(known.get, range(block.first, block.last + 1), repeat(rest)))
            for ordinal, leader in self.spool.leaders(block).items():
                outcomes[ordinal - block.first] = known.get(leader, rest).of_duplicate()
            for offset, refusal in block.refused.items():
                outcomes[offset] = invalid(*refusal)
            for start in range(0, len(block), _TOGETHER):
                some = slice(start, start + _TOGETHER)
                yield block.keys[some], outcomes[some]

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
    firsts = _offsets(marks, _IS_NEW)
    questions = list(filter(None, compress(block.questions, marks.translate(_IS_NEW))))
    recalled, others = plan.questioner.recall(lambda: _rows(block.inputs, firsts), questions)
    outcomes = {block.first + firsts[row]: outcome for row, outcome in recalled.items()}
    for row in others:
        marks[firsts[row]] = _KNOWN
    if others:
        known = [question for question, _ in plan.marked(block, marks, _IS_KNOWN)]
        for question, _, outcome in plan.questioner.look_up(known):
            if outcome is not None:
                outcomes[question.leader] = outcome
    return outcomes


def _offsets(marks: bytes | bytearray, wanted: bytes) -> list[int]:
    """Return which rows of a block have one of the marks of a table."""
    return list(compress(range(len(marks)), marks.translate(wanted)))


def _rows(columns: Columns, offsets: Sequence[int]) -> Columns:
    """Take some rows of columns."""
    if not columns or len(offsets) == len(columns[0]):
        return columns
    return [[column[offset] for offset in offsets] for column in columns]


_LOOKED_AT: Final = 1_000
"""Pairs of keys with one hash that are compared: two different ones are rarer than that in any table."""
