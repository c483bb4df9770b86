"""A provider's daily report into ``iranpay_daily_consumption``, with every reading that differed kept as a version.

A report may change after its day: late bookings raise it, and a provider's mistake may lower it. So a day is read
again, and each reading is judged against the version that stands:

=============================================  ==========================================================
reading                                        what it becomes
=============================================  ==========================================================
the first one of the day                       version 1, ``APPLIED``; a day without use too
equal to the version that stands               that version, confirmed
different, no service lower                    a new version, ``APPLIED``; the old one is ``SUPERSEDED``
a service lower                                a new version, ``WENT_DOWN``, not applied
the lower reading again                        the same ``WENT_DOWN`` version, confirmed
a service lower, and ``apply_lower``           a new version, ``APPLIED``; the old one is ``SUPERSEDED``
=============================================  ==========================================================

What a report means and how it is fetched is not decided here. Source: Jibit's contract (several report objects are
possible: documented; the day is a Tehran day: assumed).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, select, update

from airflow_provider_iranpay.exceptions import ReadingOutOfDate, SumsDoNotClose
from airflow_provider_iranpay.iran.days import day_bounds, jalali_dashed
from airflow_provider_iranpay.warehouse import tables
from airflow_provider_iranpay.warehouse.engine import lock_until_commit
from airflow_provider_iranpay.warehouse.loading import replace_partition
from airflow_provider_iranpay.warehouse.loads import record_load
from airflow_provider_iranpay.warehouse.provenance import LoadContext, Scope

if TYPE_CHECKING:
    from airflow_provider_iranpay.api.jibit.answers import DailyReport
    from airflow_provider_iranpay.warehouse.engine import Warehouse

__all__ = ["DayLoad", "DayStatus", "load_daily_report"]

DayStatus = Literal["loaded", "unchanged", "empty", "went_down"]

_report = tables.daily_report
_consumption = tables.daily_consumption


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLoad:
    """What loading one day did.

    :param status: ``loaded`` or ``empty`` (no service used): a new version stands; ``unchanged``: the standing version
        was read again; ``went_down``: the reading was kept and not applied.
    :param services: distinct services in the report that was read.
    :param times_used: its sum over all services.
    :param version: the version that holds this reading.
    """

    day: date
    jalali_day: str
    status: DayStatus
    services: int
    times_used: int
    version: int

    def as_manifest(self) -> dict[str, str | int]:
        """Return ints and text only, fit for XCom."""
        return {
            "day": self.day.isoformat(),
            "jalali_day": self.jalali_day,
            "status": self.status,
            "services": self.services,
            "times_used": self.times_used,
            "version": self.version,
        }

    def __str__(self) -> str:
        """Say it in one line, with what to do where a person is needed."""
        line = f"{self.jalali_day} ({self.day}): {self.status}, {self.services} services used {self.times_used} times"
        if self.status != "went_down":
            return f"{line} (version {self.version})"
        return (
            f"{line}: lower than what was read before, so it is kept as version {self.version} and not applied. "
            "Compare the versions in iranpay_daily_report; to apply it, run the day again with the Param apply_lower."
        )


@dataclass(slots=True)
class _Use:
    persian_name: str | None = None
    times_used: int = 0
    entries: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """One reading of one day of one account, with the report's services summed."""

    scope: Scope
    day: date
    read_at: datetime
    uses: Mapping[str, _Use]
    raw: dict[str, Any]
    content_sha256: str

    @property
    def is_final(self) -> bool:
        return self.read_at >= day_bounds(self.day)[1]

    @property
    def times_used(self) -> int:
        return sum(use.times_used for use in self.uses.values())

    @property
    def key(self) -> dict[str, Any]:
        return {"environment": self.scope.environment, "account": self.scope.account, "day": self.day}

    def outcome(self, status: DayStatus, version: int) -> DayLoad:
        return DayLoad(
            day=self.day,
            jalali_day=jalali_dashed(self.day),
            status=status,
            services=len(self.uses),
            times_used=self.times_used,
            version=version,
        )


def load_daily_report(
    warehouse: Warehouse,
    report: DailyReport,
    *,
    scope: Scope,
    day: date,
    read_at: datetime,
    context: LoadContext,
    apply_lower: bool = False,
) -> DayLoad:
    """Load one reading of one day in one transaction; workers that load the same day wait for each other.

    :param day: the Tehran day that was asked for.
    :param read_at: when the provider answered, aware.
    :param apply_lower: apply a reading even if a service is lower than in the version that stands.
    :raises ValueError: if ``read_at`` has no time zone.
    :raises ReadingOutOfDate: if another version was read later: this reading is no longer what the provider says.
    :raises SumsDoNotClose: if the rows written do not add up to the report; the day is left as it was.
    """
    reading = _read(report, scope=scope, day=day, read_at=read_at)
    with warehouse.transaction() as connection:
        lock_until_commit(connection, _report.name, scope.environment, scope.account, day.isoformat())
        current = connection.execute(select(_report).where(_of(reading), _report.c.status == "APPLIED")).first()
        if current is not None and current.content_sha256 == reading.content_sha256:
            _confirm(connection, reading, current)
            return reading.outcome("unchanged", current.version)
        latest = connection.scalar(select(func.max(_report.c.confirmed_at)).where(_of(reading)))
        if latest is not None and latest > read_at:
            raise ReadingOutOfDate(f"daily report of {day}: another task has read it later. Run the day again.")
        if current is None or apply_lower or not _went_down(connection, reading):
            version = _apply(connection, reading, context, expected=_total(report))
            return reading.outcome("loaded" if reading.uses else "empty", version)
        return reading.outcome("went_down", _keep_lower(connection, reading, context, current))


def _read(report: DailyReport, *, scope: Scope, day: date, read_at: datetime) -> _Reading:
    if read_at.utcoffset() is None:
        raise ValueError("read_at has no time zone: give an aware datetime.")
    uses: dict[str, _Use] = {}
    for entry in (entry for services in report.reports for entry in services):
        use = uses.setdefault(entry.service, _Use())
        use.persian_name = use.persian_name or entry.persian_name
        use.times_used += entry.count
        use.entries.append(dict(entry.raw))
    return _Reading(
        scope=scope, day=day, read_at=read_at, uses=uses, raw=dict(report.raw), content_sha256=_fingerprint(uses)
    )


def _total(report: DailyReport) -> int:
    return sum(entry.count for services in report.reports for entry in services)


def _fingerprint(uses: Mapping[str, _Use]) -> str:
    """Hash what was reported, whatever the order of services, entries and fields."""
    content = {
        service: sorted(json.dumps(entry, sort_keys=True) for entry in use.entries) for service, use in uses.items()
    }
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _of(reading: _Reading) -> ColumnElement[bool]:
    return and_(*(_report.c[name] == value for name, value in reading.key.items()))


def _went_down(connection: Connection, reading: _Reading) -> bool:
    """Tell whether any service is lower than in the version that stands; a service that is missing was used 0 times."""
    standing = connection.execute(
        select(_consumption.c.service, _consumption.c.times_used).where(
            *(_consumption.c[name] == value for name, value in reading.key.items())
        )
    )
    unused = _Use()
    return any(reading.uses.get(service, unused).times_used < times_used for service, times_used in standing)


def _confirm(connection: Connection, reading: _Reading, version: Row[Any]) -> None:
    connection.execute(
        update(_report)
        .where(_of(reading), _report.c.version == version.version)
        .values(
            confirmed_at=max(version.confirmed_at, reading.read_at),
            is_final=version.is_final or reading.is_final,
        )
    )


def _apply(connection: Connection, reading: _Reading, context: LoadContext, *, expected: int) -> int:
    connection.execute(update(_report).where(_of(reading), _report.c.status == "APPLIED").values(status="SUPERSEDED"))
    version, load_id = _add_version(connection, reading, context, status="APPLIED")
    shared = {**reading.key, "jalali_day": jalali_dashed(reading.day), "version": version, "load_id": load_id}
    replace_partition(
        connection,
        _consumption,
        (
            {
                **shared,
                "service": service,
                "persian_name": use.persian_name,
                "times_used": use.times_used,
                "raw": use.entries,
            }
            for service, use in reading.uses.items()
        ),
        partition=reading.key,
    )
    _assert_closed(connection, reading, expected)
    return version


def _keep_lower(connection: Connection, reading: _Reading, context: LoadContext, current: Row[Any]) -> int:
    known = connection.execute(
        select(_report).where(
            _of(reading),
            _report.c.status == "WENT_DOWN",
            _report.c.version > current.version,
            _report.c.content_sha256 == reading.content_sha256,
        )
    ).first()
    if known is None:
        return _add_version(connection, reading, context, status="WENT_DOWN")[0]
    _confirm(connection, reading, known)
    return int(known.version)


def _add_version(connection: Connection, reading: _Reading, context: LoadContext, *, status: str) -> tuple[int, str]:
    latest = connection.scalar(select(func.max(_report.c.version)).where(_of(reading))) or 0
    load_id = record_load(
        connection,
        "daily_consumption",
        scope=reading.scope,
        context=context,
        read_at=reading.read_at,
        rows=len(reading.uses),
    )
    connection.execute(
        insert(_report).values(
            **reading.key,
            version=latest + 1,
            jalali_day=jalali_dashed(reading.day),
            status=status,
            services=len(reading.uses),
            times_used=reading.times_used,
            is_final=reading.is_final,
            content_sha256=reading.content_sha256,
            raw=reading.raw,
            read_at=reading.read_at,
            confirmed_at=reading.read_at,
            load_id=load_id,
        )
    )
    return latest + 1, load_id


def _assert_closed(connection: Connection, reading: _Reading, expected: int) -> None:
    written = connection.scalar(
        select(func.coalesce(func.sum(_consumption.c.times_used), 0)).where(
            *(_consumption.c[name] == value for name, value in reading.key.items())
        )
    )
    if written != expected:
        raise SumsDoNotClose(
            f"The daily report of {reading.day} says {expected} uses and {written} were written. Nothing of it "
            "was kept; please report this with the release of airflow-provider-iranpay."
        )
