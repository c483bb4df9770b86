"""Any sequence of readings of a day leaves what a dictionary of versions says, on both databases."""

from __future__ import annotations

import itertools

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from airflow_provider_iranpay.warehouse import tables
from airflow_provider_iranpay.warehouse.provenance import Scope
from tests.ingest.readings import load

SERVICES = ("cards", "ibans", "تطبیق")
_accounts = itertools.count(1)


class ReadingsOfOneDay(RuleBasedStateMachine):
    """The model: a list of ``[status, counts]``, version 1 first."""

    warehouse = None

    @initialize()
    def new_account(self):
        self.scope = Scope(environment="real", account=f"account {next(_accounts)}")
        self.hours = itertools.count()
        self.versions = []

    @property
    def standing(self):
        return next((counts for status, counts in self.versions if status == "APPLIED"), None)

    def read(self, counts, *, apply_lower=False):
        halves = [{service: count // 2 for service, count in counts.items()}, {}]
        halves[1] = {service: count - halves[0][service] for service, count in counts.items()}
        outcome = load(self.warehouse, *halves, hour=next(self.hours), scope=self.scope, apply_lower=apply_lower)
        assert (outcome.status, outcome.version) == self.expected(counts, apply_lower=apply_lower)

    def expected(self, counts, *, apply_lower):
        standing = self.standing
        if counts == standing:
            return "unchanged", self.versions.index(["APPLIED", counts]) + 1
        lower = standing is not None and any(counts.get(service, 0) < used for service, used in standing.items())
        if lower and not apply_lower:
            applied = self.versions.index(["APPLIED", standing])
            if ["WENT_DOWN", counts] not in self.versions[applied:]:
                self.versions.append(["WENT_DOWN", counts])
            return "went_down", self.versions.index(["WENT_DOWN", counts], applied) + 1
        for version in self.versions:
            if version[0] == "APPLIED":
                version[0] = "SUPERSEDED"
        self.versions.append(["APPLIED", counts])
        return "loaded" if counts else "empty", len(self.versions)

    @rule(counts=st.dictionaries(st.sampled_from(SERVICES), st.integers(0, 3)), apply_lower=st.booleans())
    def read_anything(self, counts, apply_lower):
        self.read(counts, apply_lower=apply_lower)

    @precondition(lambda self: self.standing is not None)
    @rule(service=st.sampled_from(SERVICES), more=st.integers(1, 2**40))
    def read_up(self, service, more):
        self.read({**self.standing, service: self.standing.get(service, 0) + more})

    @precondition(lambda self: self.standing)
    @rule(data=st.data(), apply_lower=st.booleans())
    def read_without_a_service(self, data, apply_lower):
        gone = data.draw(st.sampled_from(sorted(self.standing)))
        counts = {service: used for service, used in self.standing.items() if service != gone}
        self.read(counts, apply_lower=apply_lower)

    @precondition(lambda self: self.versions)
    @rule(data=st.data())
    def read_again(self, data):
        self.read(data.draw(st.sampled_from(self.versions))[1])

    @rule()
    def read_empty(self):
        self.read({})

    @invariant()
    def the_warehouse_holds_the_model(self):
        report, used = tables.daily_report, tables.daily_consumption
        with self.warehouse.engine.connect() as connection:
            versions = connection.execute(
                select(report.c.version, report.c.status, report.c.services, report.c.times_used)
                .where(report.c.account == self.scope.account)
                .order_by(report.c.version)
            ).all()
            rows = connection.execute(
                select(used.c.service, used.c.times_used, used.c.version).where(used.c.account == self.scope.account)
            ).all()
        assert versions == [
            (number, status, len(counts), sum(counts.values()))
            for number, (status, counts) in enumerate(self.versions, 1)
        ]
        assert {row.service: row.times_used for row in rows} == (self.standing or {})
        assert {self.versions[row.version - 1][0] for row in rows} <= {"APPLIED"}


def test_any_sequence_of_readings_leaves_what_the_model_says(warehouse):
    machine = type("OnThisWarehouse", (ReadingsOfOneDay,), {"warehouse": warehouse})
    run_state_machine_as_test(machine, settings=settings(max_examples=25, stateful_step_count=12, deadline=None))
