"""A bulk inquiry from end to end: plan, run, results, and the manifest in which all of it adds up."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import repeat
from operator import itemgetter
from typing import Any, Final, Literal

from sqlalchemy.exc import SQLAlchemyError

from airflow_provider_iranpay.bulk.collecting import seldom_collecting
from airflow_provider_iranpay.bulk.columns import Column
from airflow_provider_iranpay.bulk.mapping import map_columns
from airflow_provider_iranpay.bulk.outcomes import ANSWERS, Origin, Outcome, Status
from airflow_provider_iranpay.bulk.plan import Plan, make_plan
from airflow_provider_iranpay.bulk.progress import Reporter
from airflow_provider_iranpay.bulk.questions import Questioner
from airflow_provider_iranpay.bulk.run import Pace, Run, Totals
from airflow_provider_iranpay.bulk.sources import Source
from airflow_provider_iranpay.bulk.targets import Target
from airflow_provider_iranpay.bulk.ways import Way, highest_cost_rial, same_environment
from airflow_provider_iranpay.exceptions import ConfigurationError, RunIncomplete, RunStopped, SumsDoNotClose
from airflow_provider_iranpay.inquiries import Inquiry
from airflow_provider_iranpay.iran.days import jalali_dashed, tehran_day
from airflow_provider_iranpay.warehouse.engine import Warehouse
from airflow_provider_iranpay.warehouse.journal.journal import Journal
from airflow_provider_iranpay.warehouse.journal.keyring import KeyRing
from airflow_provider_iranpay.warehouse.journal.leases import Lease
from airflow_provider_iranpay.warehouse.journal.records import Freshness, OwnSums
from airflow_provider_iranpay.warehouse.pace import SharedPace
from airflow_provider_iranpay.warehouse.provenance import LoadContext
from airflow_provider_iranpay.warehouse.runs import fix_as_of, note_task

__all__ = ["BaseBulkJob", "Budget", "BulkJob", "Manifest", "Reuse", "Tally"]

log = logging.getLogger(__name__)

Manifest = dict[str, Any]
"""What a run leaves in XCom: plain counts and sums, no value of a row."""

_SHORTEST_LEASE: Final = timedelta(seconds=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reuse:
    """Which answers of the journal count, and what is asked again.

    :param max_age: for how long an answer stands; None for as long as the catalogue says. Negative answers stand for
        the catalogue's time at the most.
    :param on_unknown: ``hold`` what maybe was paid and has no answer, or ``retry`` it, once in a freshness period.
    :param ask_pruned: ask again what was paid once and whose answer was thrown away.
    """

    max_age: timedelta | None = None
    on_unknown: Literal["hold", "retry"] = "hold"
    ask_pruned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may be spent.

    :param cap_rial: never passed, whatever happens.
    :param name: shared by all runs that name it, a new one each Jalali month of Tehran; None for one of the task's own,
        shared by its retries and clears.
    """

    cap_rial: int
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseBulkJob(ABC):
    """Questions that are planned, asked and answered; which ones, a subclass says.

    :param key: the column with the user's key.
    :param ways: accounts that can be asked, in the order of preference.
    :param targets: where the results go.
    :param fail_above: share of rows without an answer, 0 to 1, above which the run fails after it has written all.
    """

    inquiry: Inquiry
    key: str
    ways: Sequence[Way]
    warehouse: Warehouse
    keys: KeyRing
    targets: Sequence[Target] = ()
    pace: Pace = field(default_factory=Pace)
    reuse: Reuse = field(default_factory=Reuse)
    budget: Budget | None = None
    fail_above: float = 0.1
    estimate_only: bool = False
    context: LoadContext = field(default_factory=LoadContext)

    def perform(self, started: Callable[[Run], None] = lambda _: None) -> Manifest:
        """Do it.

        :param started: given the run before anything is sent, so that another thread or a signal can kill it.
        :raises ConfigurationError: something is not fit; nothing was paid.
        :raises InvalidInput: a row has no key, or not one of its own; nothing was paid.
        :raises RunIncomplete: rows were left without an answer; all results are written, and a repeat goes on.
        """
        with self.planned() as plan:
            if self.estimate_only:
                return {"inquiry": self.inquiry.name, "estimate": asdict(plan.estimate)}
            # A lease for planning and another one for asking: a plan may take longer than any lease.
            with closing(self._journal()) as journal:
                return self._pay(journal, plan, started)

    @contextmanager
    def planned(self) -> Iterator[Plan]:
        """Plan, say what it would cost, and see that the targets can take the results. The plan ends with the block.

        :raises ConfigurationError: something is not fit.
        :raises InvalidInput: a row has no key, or not one of its own.
        """
        same_environment(self.ways)
        if self.budget is not None and highest_cost_rial(self.ways) is None:
            raise ConfigurationError(
                f"budget: the price of {self.inquiry.name} is not known, so no budget can hold it. Set it in the extra "
                "prices of each connection."
            )
        with seldom_collecting(), closing(self._journal()) as journal:
            journal.recover()
            with closing(self._plan(journal)) as plan:
                log.info("%s", _estimated(self.inquiry, plan))
                if not self.estimate_only:
                    self._prepare_targets(plan)
                yield plan

    def _journal(self) -> Journal:
        longest = max(way.whole_call_seconds for way in self.ways)
        lease = Lease(
            length=max(_SHORTEST_LEASE, timedelta(seconds=2 * longest)), whole_call=timedelta(seconds=longest)
        )
        return Journal.open(self.warehouse, self.keys, same_environment(self.ways), lease=lease)

    @abstractmethod
    def _plan(self, journal: Journal) -> Plan:
        """Make the plan; the caller closes it."""

    def _begun(self, journal: Journal, budget: str | None) -> None:  # noqa: B027 - a job may have nobody to tell
        """Hear who will ask, and which budget pays, before anything is sent."""

    def _counted(self, journal: Journal, run: Run, tally: Tally, manifest: Manifest) -> None:  # noqa: B027 - likewise
        """Hear what the run comes to, once its results are written and all of it has added up."""

    def _pay(self, journal: Journal, plan: Plan, started: Callable[[Run], None]) -> Manifest:
        """Ask, and write the results."""
        name, room_rial = (None, None) if self.budget is None else self._open_budget(journal, self.budget)
        self._begun(journal, name)
        # Where the budget may end before the rows do, those that come first are paid.
        in_order = room_rial is not None and room_rial < (plan.estimate.cost_rial or 0)
        run = Run(plan, journal, pace=self.pace, shared=self._shared(), budget=name, in_order=in_order)
        started(run)
        self._note(journal, plan, run.totals, state="running")
        try:
            with Reporter(
                self.inquiry.name,
                to_ask=plan.estimate.to_ask,
                price_rial=highest_cost_rial(self.ways),
                room_rial=room_rial,
                written=lambda totals: self._tell(journal, plan, totals),
            ) as reporter:
                run.perform(reporter.hear)
            log.info("%s", reporter.last_line(run.totals))
            return self._finish(journal, plan, run, name)
        except RunIncomplete:
            raise
        except Exception:
            self._note(journal, plan, run.totals, state="failed")
            raise

    def _shared(self) -> list[SharedPace]:
        """What each account's workers share."""
        return [
            SharedPace(self.warehouse, environment=way.environment, provider=way.provider, account=way.account)
            for way in self.ways
        ]

    def _questioner(self, journal: Journal, as_of: datetime) -> Questioner:
        freshness = Freshness(
            as_of=as_of,
            max_age=self.inquiry.fresh if self.reuse.max_age is None else self.reuse.max_age,
            retry_unknown=self.reuse.on_unknown == "retry" or self.inquiry.is_free,
            ask_pruned=self.reuse.ask_pruned,
        )
        return Questioner(self.inquiry, self.ways, journal, freshness, self.inquiry.fresh_negative)

    def _prepare_targets(self, plan: Plan) -> None:
        if not plan.estimate.rows:  # a column without cells has no type that a table could keep to
            log.warning("No rows: no target is written.")
            return
        outputs = [Column(output.name, output.dtype) for output in self.inquiry.outputs]
        for target in self.targets:
            target.prepare(Column(self.key, plan.key_dtype), outputs)

    def _open_budget(self, journal: Journal, budget: Budget) -> tuple[str, int]:
        """Open it, and return its name and what it has left."""
        if budget.name is None and not self.context.run_id:
            raise ConfigurationError("budget: give it a name; outside Airflow there is no run to name it after.")
        month = jalali_dashed(tehran_day(datetime.now(UTC)))[: len("1405-08")]
        of_run = (self.context.dag_id, self.context.run_id, self.context.task_id)
        name = "/".join(of_run if budget.name is None else (budget.name, month))
        balance = journal.open_budget(name, budget.cap_rial)
        log.info("The budget %s has room for %s Rial.", name, f"{balance.room_rial:,}")
        return name, balance.room_rial

    def _finish(self, journal: Journal, plan: Plan, run: Run, budget: str | None) -> Manifest:
        if run.was_killed:
            self._note(journal, plan, run.totals, state="killed")
            raise RunIncomplete("The run was told to end. What was answered is kept: run again, it goes on from there.")
        tally = Tally(plan, run.rest, self.context)
        for target in (self.targets if plan.estimate.rows else ()) or (_Nowhere(),):
            tally = Tally(plan, run.rest, self.context)
            target.write(tally.rows())
        own = journal.own_sums()
        tally.check(run.totals, own)
        manifest = self._manifest(journal, plan, run, tally, budget=budget, reserved_rial=own.reserved_rial)
        self._counted(journal, run, tally, manifest)
        incomplete = self._incomplete(run, tally)
        state = run.ended_by or ("done" if incomplete is None else "incomplete")
        self._note(journal, plan, run.totals, state=state, manifest=manifest)
        if incomplete is not None:
            incomplete.manifest = manifest
            raise incomplete
        return manifest

    def _manifest(
        self, journal: Journal, plan: Plan, run: Run, tally: Tally, *, budget: str | None, reserved_rial: int
    ) -> Manifest:
        each = highest_cost_rial(self.ways)
        totals, unknown = run.totals, plan.estimate.unknown + run.totals.statuses[Status.UNKNOWN]
        manifest: Manifest = {
            "inquiry": self.inquiry.name,
            "as_of": plan.questioner.as_of.isoformat(),
            "rows": tally.count,
            "status": _plain(tally.statuses),
            "origin": _plain(tally.origins),
            "questions": tally.count - plan.estimate.duplicates - plan.estimate.invalid,
            "attempts": totals.attempts,
            "paid": totals.paid,
            "spent_rial": None if each is None else totals.spent_rial,
            "reserved_rial": reserved_rial,
            "saved_rial": None if each is None else each * tally.saved,
            "unknown": unknown,
            "unknown_repeat_rial": None if each is None else each * unknown,
            "estimate": asdict(plan.estimate),
            "ended_by": None if run.ended_by is None else run.ended_by.value,
        }
        if budget is not None:
            manifest["budget"] = {"name": budget, **asdict(journal.check(budget))}
        return manifest

    def _note(
        self, journal: Journal, plan: Plan, totals: Totals, *, state: str, manifest: Manifest | None = None
    ) -> None:
        """Write the row of this task in the warehouse; outside Airflow there is none."""
        if not self.context.run_id:
            return
        values = {
            "inquiry": self.inquiry.name,
            "state": str(state),
            "rows": plan.estimate.rows,
            "to_ask": plan.estimate.to_ask,
            "asked": totals.questions,
            "spent_rial": totals.spent_rial,
            "unknown": totals.unknown,
            "updated_at": datetime.now(UTC),
            "manifest": manifest,
        }
        with self.warehouse.transaction() as connection:
            note_task(connection, journal.environment, self.context, values)

    def _tell(self, journal: Journal, plan: Plan, totals: Totals) -> None:
        """Write how far the run is; that it cannot be told ends no run."""
        try:
            self._note(journal, plan, totals, state="running")
        except SQLAlchemyError as error:
            log.warning("How far the run is cannot be written: %s.", type(error).__name__)

    def _incomplete(self, run: Run, tally: Tally) -> RunIncomplete | None:
        """Say why the run fails: it could not go on, or too many rows are without an answer."""
        unanswered = tally.count - tally.answered
        said = f"{unanswered:,} of {tally.count:,} rows are without an answer ({tally.reasons()}); all are written."
        if run.ended_by not in (None, Status.NOT_SENT_BUDGET):
            kind = RunIncomplete if run.may_repeat else RunStopped
            return kind(f"{run.rest.error_message or 'The run ended.'} {said}")
        if tally.count and unanswered / tally.count > self.fail_above:
            kind = RunIncomplete if tally.may_repeat else RunStopped
            remedy = f" {run.rest.error_message}" if run.ended_by is Status.NOT_SENT_BUDGET else ""
            return kind(f"{said} That is more than fail_above={self.fail_above:g} allows.{remedy}")
        if unanswered:
            log.warning("%s", said)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkJob(BaseBulkJob):
    """One bulk inquiry: a question for each row of a source.

    :param key: the source's column with the user's key: unique, not missing, integers or texts.
    :param columns: input to the source's column; what is left out is guessed by its name.
    """

    source: Source
    columns: Mapping[str, str] = field(default_factory=dict)

    def _plan(self, journal: Journal) -> Plan:
        mapped = map_columns(self.inquiry, there=self.source.columns(), key=self.key, given=self.columns)
        if mapped.guessed:
            guesses = ", ".join(f"{name} is {mapped.columns[name]}" for name in mapped.guessed)
            log.info("Columns of %s, guessed by their names: %s.", self.source.description, guesses)
        with self.warehouse.transaction() as connection:
            now = datetime.now(UTC)
            as_of = fix_as_of(connection, journal.environment, self.context, now) if self.context.run_id else now
        questioner = self._questioner(journal, as_of)
        return make_plan(self.source, key=self.key, columns=mapped.columns, questioner=questioner)


_COUNTED: Final = itemgetter(*map(Outcome._fields.index, ("status", "origin", "cost_rial")))


class Tally:
    """The rows of a run on their way to a target, counted as they pass.

    :ivar count: rows.
    :ivar counted: for each status and origin, how many rows have both, and what they have cost in Rial.
    :ivar saved: rows whose answer was not paid again.
    """

    def __init__(self, plan: Plan, rest: Outcome, context: LoadContext) -> None:
        self._plan = plan
        self._rest = rest
        self._of_run = (context.dag_id, context.run_id)
        self.count = 0
        self.statuses: Counter[str] = Counter()
        self.origins: Counter[str] = Counter()
        self.counted: list[tuple[str, str, int, int]] = []
        self._cost_rial = 0

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Give the rows as targets take them."""
        none = (None,) * len(self._plan.questioner.inquiry.outputs)
        alike: Counter[tuple[str, str, int | None]] = Counter()
        for keys, outcomes in self._plan.results(self._rest):
            *columns, cells = zip(*outcomes, strict=True)
            alike.update(zip(*_COUNTED(columns), strict=True))
            if not all(cells):
                cells = [of_row or none for of_row in cells]
            of_run = [repeat(name, len(keys)) for name in self._of_run]
            yield from zip(keys, *zip(*cells, strict=True), *columns, *of_run, strict=True)
        costs: Counter[tuple[str, str]] = Counter()
        pairs: Counter[tuple[str, str]] = Counter()
        for (status, origin, cost_rial), count in alike.items():
            pairs[status, origin] += count
            costs[status, origin] += count * (cost_rial or 0)
        for (status, origin), count in pairs.items():
            self.statuses[status] += count
            self.origins[origin] += count
            self.count += count
            self.counted.append((str(status), str(origin), count, costs[status, origin]))
        self._cost_rial = costs.total()

    @property
    def answered(self) -> int:
        """Rows that have an answer."""
        return sum(self.statuses[status] for status in ANSWERS)

    @property
    def saved(self) -> int:
        """Rows whose answer was not paid for by this run."""
        return self.origins[Origin.CACHED] + self.origins[Origin.DUPLICATE]

    @property
    def may_repeat(self) -> bool:
        """Whether a repeat may bring answers that are missing now."""
        return any(self.statuses[status] for status in _MAY_REPEAT)

    def reasons(self) -> str:
        """Say why rows are without an answer."""
        return ", ".join(
            f"{status} {self.statuses[status]:,}"
            for status in Status
            if status not in ANSWERS and self.statuses[status]
        )

    def check(self, totals: Totals, journal: OwnSums) -> None:
        """Hold the rows against the plan, and what they cost against what the run has counted and the journal has.

        :raises SumsDoNotClose: they differ.
        """
        rows = self._plan.estimate.rows
        if (self.count, self.origins.total(), self.answered) != (rows, rows, rows - self.origins[Origin.NONE]):
            raise SumsDoNotClose(f"{rows:,} rows were read, and {self.count:,} have a status.")
        # A row shows no cost where one of its prices is not known.
        in_rows = totals.spent_rial if highest_cost_rial(self._plan.questioner.ways) is None else self._cost_rial
        if not in_rows == totals.spent_rial == journal.spent_rial:
            raise SumsDoNotClose(
                f"The rows add up to {self._cost_rial:,} Rial, the run counts {totals.spent_rial:,} as spent, "
                f"and the journal {journal.spent_rial:,}."
            )


class _Nowhere:
    """For a run whose results stay in the journal."""

    def prepare(self, key: Column, outputs: Sequence[Column]) -> None:
        """Need nothing."""

    def write(self, rows: Iterable[tuple[Any, ...]]) -> int:
        """Count them."""
        return sum(1 for _ in rows)


_MAY_REPEAT: Final = (Status.FAILED, Status.NOT_SENT_UNAVAILABLE, Status.NOT_SENT_BUSY)


def _plain(counts: Mapping[str, int]) -> dict[str, int]:
    """Name counts by texts, not by members of an enumeration: XCom takes plain JSON."""
    return {str(name): counts[name] for name in sorted(counts)}


def _estimated(inquiry: Inquiry, plan: Plan) -> str:
    """Say what a run will do at the most."""
    estimate = plan.estimate
    cost = "at a price that is not known" if estimate.cost_rial is None else f"for {estimate.cost_rial:,} Rial at most"
    return (
        f"{inquiry.name}: {estimate.rows:,} rows; {estimate.invalid:,} cannot be asked about, {estimate.duplicates:,} "
        f"ask what another row asks, {estimate.kept:,} questions have a kept answer, {estimate.held:,} are held; "
        f"{estimate.to_ask:,} are to be asked, {cost}."
    )
