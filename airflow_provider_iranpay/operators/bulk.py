"""The operator of bulk inquiries: a table of questions becomes a table of answers, and none is paid twice.

Here are the arguments, what is refused when a DAG is parsed, and the ends of a task. How a run goes is in ``bulk``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from airflow.sdk import BaseHook, BaseOperator, Context

from airflow_provider_iranpay.exceptions import InvalidInput
from airflow_provider_iranpay.inquiries import INQUIRIES
from airflow_provider_iranpay.iran.digits import ascii_digits

if TYPE_CHECKING:
    from airflow_provider_iranpay.bulk.files import FilePath
    from airflow_provider_iranpay.bulk.job import BaseBulkJob, Budget, BulkJob
    from airflow_provider_iranpay.bulk.run import Run
    from airflow_provider_iranpay.bulk.sources import Source
    from airflow_provider_iranpay.bulk.targets import Target
    from airflow_provider_iranpay.warehouse.engine import Warehouse

__all__ = ["BaseBulkInquiry", "BaseTableInquiry", "BulkInquiryOperator"]

N = TypeVar("N", int, float)

_JIBIT = "jibit_default"
_WAREHOUSE = "iranpay_warehouse"


class BaseBulkInquiry(BaseOperator):
    """Asks an inquiry for each of some rows; which ones, a subclass says.

    Every question is written into the journal before it is sent, so a task that is retried or cleared goes on where it
    was. Returns the manifest, counts and sums without any value of a row; a run that fails in the end has pushed it
    under the key ``manifest``.

    :param inquiry: name of an entry of :data:`airflow_provider_iranpay.inquiries.INQUIRIES`.
    :param key: the source's column with your key: unique and not missing, integers or texts.
    :param target_table: table of the warehouse, made if it is missing (templated).
    :param output_path: CSV, JSONL or Parquet, a local file or the URL of an object in storage (templated).
    :param conn_ids: provider connections that can answer, in the order of preference; one text may name several, apart
        by commas. A later one is asked only after a definite failure of the one before (templated).
    :param warehouse_conn_id: connection of the warehouse, with the journal and its keys (templated).
    :param rate_per_second: sends in a second, of each account, by all tasks together that name a rate; None for as fast
        as it answers (templated).
    :param concurrency: calls in flight at once, of each account.
    :param budget_rial: what may be spent; None for no limit (templated).
    :param budget_name: makes it the budget of all tasks that name it, each Jalali month of Tehran anew; None for one of
        this task in this run (templated).
    :param max_age: for how long a kept answer stands; None for as long as the catalogue says.
    :param on_unknown: ``hold`` what maybe was paid and has no answer, or ``retry`` it, once in a freshness period.
    :param on_unavailable: what becomes of rows whose bank the provider reports as closed, once all others are asked:
        ``wait`` some minutes for it to open, or ``skip`` them. Only ``card_to_iban`` has such a report.
    :param ask_pruned: ask again what was paid once and whose answer was thrown away.
    :param estimate_only: plan, say what it would cost, and send nothing (templated).
    :param fail_above: share of rows without an answer, 0 to 1, above which the task fails after it has written all.
    """

    template_fields: Sequence[str] = (
        "target_table",
        "output_path",
        "conn_ids",
        "warehouse_conn_id",
        "rate_per_second",
        "budget_rial",
        "budget_name",
        "estimate_only",
    )
    ui_color = "#e3f0ea"

    def __init__(  # noqa: PLR0913 - flat, since Airflow renders templates in an operator's own attributes alone
        self,
        *,
        inquiry: str,
        key: str,
        target_table: str | None = None,
        output_path: str | None = None,
        conn_ids: Sequence[str] | str = (_JIBIT,),
        warehouse_conn_id: str = _WAREHOUSE,
        rate_per_second: float | str | None = None,
        concurrency: int = 64,
        budget_rial: int | str | None = None,
        budget_name: str | None = None,
        max_age: timedelta | None = None,
        on_unknown: Literal["hold", "retry"] = "hold",
        on_unavailable: Literal["skip", "wait"] = "wait",
        ask_pruned: bool = False,
        estimate_only: bool | str = False,
        fail_above: float = 0.1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.inquiry = inquiry
        self.key = key
        self.target_table = target_table
        self.output_path = output_path
        self.conn_ids = conn_ids
        self.warehouse_conn_id = warehouse_conn_id
        self.rate_per_second = rate_per_second
        self.concurrency = concurrency
        self.budget_rial = budget_rial
        self.budget_name = budget_name
        self.max_age = max_age
        self.on_unknown = on_unknown
        self.on_unavailable = on_unavailable
        self.ask_pruned = ask_pruned
        self.estimate_only = estimate_only
        self.fail_above = fail_above
        self._run: Run | None = None
        self._was_killed = False
        self._refuse_what_cannot_be()

    def _refuse_what_cannot_be(self) -> None:
        """Refuse, when the DAG is parsed, what no template can mend."""
        _require(self.inquiry in INQUIRIES, "inquiry", "unknown", f"Give one of {', '.join(INQUIRIES)}.")
        self._refuse_to_answer_nowhere(estimate_only=self.estimate_only is True)
        _require(bool(self.conn_ids), "conn_ids", "is_required", "Name at least one connection that can answer.")
        _require(self.concurrency >= 1, "concurrency", "range", "Give at least 1 call in flight.")
        _require(
            self.budget_name is None or self.budget_rial is not None,
            "budget_name",
            "alone",
            "Give budget_rial too: a name alone limits nothing.",
        )
        _require(self.on_unknown in ("hold", "retry"), "on_unknown", "unknown", "Give hold or retry.")
        _require(self.on_unavailable in ("skip", "wait"), "on_unavailable", "unknown", "Give skip or wait.")
        _require(0 <= self.fail_above <= 1, "fail_above", "range", "Give a share from 0 to 1.")
        _require(
            self.max_age is None or isinstance(self.max_age, timedelta),
            "max_age",
            "type",
            "Give a timedelta, as in timedelta(days=30), or leave it out.",
        )

    def _refuse_to_answer_nowhere(self, *, estimate_only: bool) -> None:
        _require(
            bool(_given(self.target_table) or _given(self.output_path)) or estimate_only,
            "target_table",
            "is_required",
            "Give target_table, output_path or both: the answers have to go somewhere. Only estimate_only=True needs "
            "neither.",
        )

    @abstractmethod
    def _job(self, context: Context, stack: ExitStack, settings: dict[str, Any]) -> BaseBulkJob:
        """Make the job.

        :param stack: closes what is opened for it.
        :param settings: what every job is given.
        """

    def _prepared(self, context: Context, stack: ExitStack) -> BaseBulkJob:
        """Make the job of this task from its connections and arguments; the stack closes what it opens."""
        from airflow_provider_iranpay.bulk.job import Reuse
        from airflow_provider_iranpay.bulk.run import Pace
        from airflow_provider_iranpay.hooks.warehouse import WarehouseHook
        from airflow_provider_iranpay.hooks.ways import way
        from airflow_provider_iranpay.operators.run import flag, load_context

        inquiry = INQUIRIES[self.inquiry]
        hook = WarehouseHook(self.warehouse_conn_id)
        estimate_only = flag("estimate_only", self.estimate_only)
        self._refuse_to_answer_nowhere(estimate_only=estimate_only)
        warehouse = stack.enter_context(hook.get_conn())
        settings = {
            "inquiry": inquiry,
            "key": self.key,
            "ways": [way(conn_id, inquiry) for conn_id in _names(self.conn_ids)],
            "warehouse": warehouse,
            "keys": hook.get_journal_keys(),
            "targets": self._targets(warehouse),
            "pace": Pace(
                rate_per_second=_number("rate_per_second", self.rate_per_second, float, above=0),
                concurrency=self.concurrency,
                on_unavailable=self.on_unavailable,
            ),
            "reuse": Reuse(max_age=self.max_age, on_unknown=self.on_unknown, ask_pruned=self.ask_pruned),
            "budget": self._budget(),
            "fail_above": self.fail_above,
            "estimate_only": estimate_only,
            "context": load_context(context),
        }
        return self._job(context, stack, settings)

    def execute(self, context: Context) -> Any:
        """Plan, ask, write the results; fail where too much is left without an answer."""
        from airflow_provider_iranpay.exceptions import RunIncomplete
        from airflow_provider_iranpay.hooks.errors import failing_at_once

        with failing_at_once(), ExitStack() as stack:
            job = self._prepared(context, stack)
            try:
                manifest = job.perform(self._started)
            except RunIncomplete as incomplete:
                if incomplete.manifest is not None:
                    context["ti"].xcom_push(key="manifest", value=incomplete.manifest)
                raise
        self.log.info("%s", manifest)
        return manifest

    def on_kill(self) -> None:
        """Send nothing more. Airflow calls this in a signal handler, and kills the process 5 seconds later."""
        self._was_killed = True
        if self._run is not None:
            self._run.kill()

    def _started(self, run: Run) -> None:
        self._run = run
        if self._was_killed:
            run.kill()

    def _budget(self) -> Budget | None:
        from airflow_provider_iranpay.bulk.job import Budget

        cap_rial = _number("budget_rial", self.budget_rial, int, above=0)
        return None if cap_rial is None else Budget(cap_rial=cap_rial, name=_given(self.budget_name))

    def _targets(self, warehouse: Warehouse) -> list[Target]:
        from airflow_provider_iranpay.bulk.targets import FileTarget, TableTarget

        table, path = _given(self.target_table), _given(self.output_path)
        targets: list[Target] = []
        if table is not None:
            targets.append(TableTarget(warehouse, table, inquiry=self.inquiry))
        if path is not None:
            targets.append(FileTarget(_place(path)))
        return targets


class BaseTableInquiry(BaseBulkInquiry):
    """Asks an inquiry for each row of a source; where the rows come from, a subclass says.

    :param columns: input of the inquiry to the source's column; what is left out is guessed by its name and logged.

    All other parameters are those of :class:`BaseBulkInquiry`.
    """

    def __init__(self, *, columns: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.columns = columns
        inputs = [one.name for one in INQUIRIES[self.inquiry].inputs]
        _require(set(columns or ()) <= set(inputs), "columns", "unknown", f"{self.inquiry} takes {', '.join(inputs)}.")

    @abstractmethod
    def _source(self, context: Context, stack: ExitStack, warehouse: Warehouse) -> Source:
        """Make the source of the rows.

        :param stack: closes what is opened for it.
        """

    def _job(self, context: Context, stack: ExitStack, settings: dict[str, Any]) -> BulkJob:
        from airflow_provider_iranpay.bulk.job import BulkJob

        # A function that makes the rows runs last, once all else is fit.
        source = self._source(context, stack, settings["warehouse"])
        return BulkJob(columns=self.columns or {}, source=source, **settings)


class BulkInquiryOperator(BaseTableInquiry):
    """Asks an inquiry for each row of a query or a file.

    No value of a row belongs into an argument that is templated, ``sql`` included: Airflow stores and shows those.

    :param sql: a query, with parameters as ``:name``, or a ``.sql`` file (templated).
    :param parameters: of the query. Not templated, so that Airflow does not store them.
    :param source_conn_id: the database that it is put to; None for the warehouse (templated).
    :param input_path: instead of a query: CSV, JSONL or Parquet, a local file or the URL of an object in storage
        (templated).

    All other parameters are those of :class:`BaseTableInquiry`.
    """

    template_fields: Sequence[str] = (*BaseBulkInquiry.template_fields, "sql", "source_conn_id", "input_path")
    template_fields_renderers: ClassVar[dict[str, str]] = {"sql": "sql"}
    template_ext: Sequence[str] = (".sql",)

    def __init__(
        self,
        *,
        sql: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        source_conn_id: str | None = None,
        input_path: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sql = sql
        self.parameters = parameters
        self.source_conn_id = source_conn_id
        self.input_path = input_path
        _require((sql is None) != (input_path is None), "sql", "one_source", "Give either sql or input_path.")
        _require(
            sql is not None or (parameters is None and source_conn_id is None),
            "sql",
            "is_required",
            "parameters and source_conn_id belong to a query.",
        )

    def _source(self, context: Context, stack: ExitStack, warehouse: Warehouse) -> Source:  # noqa: ARG002
        from airflow_provider_iranpay.bulk.sources import FileSource, SqlSource

        if self.sql is None:
            return FileSource(_place(self.input_path or ""))
        conn_id = _given(self.source_conn_id)
        if conn_id in (None, self.warehouse_conn_id):
            return SqlSource(warehouse.engine, self.sql, self.parameters)
        hook: Any = BaseHook.get_connection(conn_id).get_hook()  # type: ignore[no-untyped-call]
        engine = hook.get_sqlalchemy_engine({"hide_parameters": True})
        stack.callback(engine.dispose)
        return SqlSource(engine, self.sql, self.parameters)


def _require(fits: bool, field: str, reason: str, remedy: str) -> None:
    if not fits:
        raise InvalidInput(field, reason, remedy)


def _names(conn_ids: Sequence[str] | str) -> list[str]:
    names = conn_ids.split(",") if isinstance(conn_ids, str) else conn_ids
    return [name.strip() for name in names]


def _given(value: object) -> str | None:
    """Read what may have come through a template, where None is a text too."""
    text = str(value).strip()
    return None if text in ("", "None") else text


def _number(name: str, value: object, kind: Callable[[str], N], *, above: int) -> N | None:
    text = _given(value)
    if text is None:
        return None
    try:
        number = kind(ascii_digits(text))
    except ValueError:
        number = None
    if number is None or not number > above:
        raise InvalidInput(name, "not_a_number", f"Give a number above {above} without separators, or leave it out.")
    return number


def _place(path: str) -> FilePath:
    """Return a local path as it is, and the URL of an object in storage as what opens it."""
    if "://" not in path:
        return path
    from airflow.sdk import ObjectStoragePath

    return ObjectStoragePath(path)
