"""Each slot of an account goes to one worker, in the order of their leases, and none lies before a pause ends."""

from __future__ import annotations

import itertools
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text, update
from sqlalchemy.exc import OperationalError

from airflow_provider_iranpay.warehouse import pace as pace_module
from airflow_provider_iranpay.warehouse.engine import open_warehouse
from airflow_provider_iranpay.warehouse.pace import SharedPace, _Clocks
from airflow_provider_iranpay.warehouse.tables import pace as table

ACCOUNT = {"environment": "http://sandbox.test", "provider": "jibit", "account": "main"}
OTHERS = [{"environment": "real"}, {"provider": "paystar"}, {"account": "other"}]


def worker(warehouse, **changes):
    return SharedPace(warehouse, **ACCOUNT | changes)


def apart(firsts):
    return [later - first for first, later in itertools.pairwise(firsts)]


class TestSlots:
    """Leases of any number of workers."""

    def test_the_first_slot_of_an_account_is_now(self, warehouse):
        before = time.monotonic()
        assert before <= worker(warehouse).lease(10, 5) <= time.monotonic() + 0.001

    def test_each_lease_follows_the_one_before_whoever_has_it(self, warehouse):
        workers = [worker(warehouse), worker(warehouse)]
        firsts = [workers[number % 2].lease(10, 5) for number in range(6)]
        assert apart(firsts) == [pytest.approx(2, abs=0.1)] * 5

    def test_workers_that_lease_at_once_get_slots_of_their_own(self, warehouse):
        workers = [worker(warehouse) for _ in range(4)]
        with ThreadPoolExecutor(4) as threads:
            firsts = list(threads.map(lambda number: workers[number % 4].lease(4, 2), range(40)))
        firsts.sort()
        assert apart(firsts) == [pytest.approx(2, abs=0.5)] * 39

    def test_slots_that_nobody_has_leased_in_time_are_not_made_up_for(self, warehouse):
        ours = worker(warehouse)
        ours.lease(1, 1000)
        time.sleep(0.05)
        before = time.monotonic()
        assert ours.lease(1, 1000) >= before - 0.001

    @pytest.mark.parametrize("other", OTHERS)
    def test_each_account_has_its_own(self, warehouse, other):
        worker(warehouse).lease(100, 1)
        worker(warehouse).pause(100)
        elsewhere = worker(warehouse, **other)
        assert elsewhere.paused() == 0
        assert elsewhere.lease(1, 1) < time.monotonic() + 1

    def test_a_worker_that_freezes_in_the_middle_of_a_lease_holds_up_nobody(self, postgres_url):
        with open_warehouse(postgres_url) as warehouse:
            frozen = worker(warehouse)
            frozen.lease(1, 1)
            connection = frozen._begin().__enter__()  # what its thread holds between two messages
            connection.execute(frozen._lease, {**ACCOUNT, "seconds": 1.0, "farthest": 3600.0})
            began = time.monotonic()
            worker(warehouse).lease(1, 1)
            assert time.monotonic() - began < 5
            connection.close()

    def test_what_a_clock_has_written_that_was_set_back_since_does_not_count(self, warehouse):
        ours = worker(warehouse)
        ours.lease(1, 1)
        ours.pause(1)
        far = {"next_slot_at": time.time() + 7200, "paused_until": time.time() + 7200}
        with warehouse.transaction() as connection:
            connection.execute(update(table).values(**far))
        assert ours.paused() == 0
        assert ours.lease(1, 1) < time.monotonic() + 1
        ours.pause(10)
        assert 9 < ours.paused() <= 10


class TestPauses:
    """What one worker has found holds for all."""

    def test_without_one_there_is_none(self, warehouse):
        ours = worker(warehouse)
        assert ours.paused() == 0
        ours.lease(1, 1)
        assert ours.paused() == 0

    def test_all_workers_see_how_long_it_lasts(self, warehouse):
        worker(warehouse).pause(10)
        assert 9 < worker(warehouse).paused() <= 10

    def test_it_ends(self, warehouse):
        worker(warehouse).pause(0.05)
        time.sleep(0.1)
        assert worker(warehouse).paused() == 0

    def test_a_shorter_one_does_not_end_a_longer_one(self, warehouse):
        ours = worker(warehouse)
        ours.pause(10)
        ours.pause(1)
        assert ours.paused() > 9

    def test_no_slot_is_leased_before_its_end(self, warehouse):
        ours = worker(warehouse)
        ours.lease(1, 1)
        ours.pause(10)
        assert 9 < worker(warehouse).lease(1, 1) - time.monotonic() <= 10.1


class Bound:
    """A database that cannot be reached for some statements."""

    def __init__(self, engine, times):
        self.left = times
        event.listen(engine, "before_cursor_execute", self._fail)

    def _fail(self, *_):
        if self.left:
            self.left -= 1
            raise OperationalError("INSERT", None, ConnectionError("gone"))


def test_a_lease_outlives_a_database_that_is_away_for_a_moment(warehouse, monkeypatch):
    monkeypatch.setattr(pace_module, "_PAUSES", (0.0, 0.0))
    Bound(warehouse.engine, 2)
    assert worker(warehouse).lease(1, 1) <= time.monotonic() + 0.001


def test_a_lease_ends_where_the_database_stays_away(warehouse, monkeypatch):
    monkeypatch.setattr(pace_module, "_PAUSES", (0.0, 0.0))
    Bound(warehouse.engine, 3)
    with pytest.raises(OperationalError):
        worker(warehouse).lease(1, 1)


@pytest.fixture(scope="module")
def clocked(tmp_path_factory):
    """An SQLite warehouse whose clock is set by hand."""
    clock = [1_800_000_000.0]
    with open_warehouse(f"sqlite:///{tmp_path_factory.mktemp('pace')}/warehouse.db") as warehouse:
        event.listen(
            warehouse.engine,
            "connect",
            lambda connection, _: connection.create_function("julianday", 1, lambda _: clock[0] / 86400 + 2440587.5),
        )
        warehouse.engine.dispose()
        yield warehouse, clock


steps = st.lists(
    st.one_of(
        st.tuples(st.just("pass"), st.floats(0, 20)),
        st.tuples(st.just("lease"), st.integers(1, 200)),
        st.tuples(st.just("pause"), st.floats(0, 60)),
    ),
    max_size=30,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, per_second=st.sampled_from([0.5, 7, 100]))
def test_whatever_is_leased_and_paused_slots_are_what_a_few_sums_say(clocked, steps, per_second):
    warehouse, clock = clocked
    ours = worker(warehouse, account=os.urandom(8).hex())
    ours._monotonic = lambda: clock[0]
    free_from = paused_until = 0.0
    for what, value in steps:
        if what == "pass":
            clock[0] += value
        elif what == "lease":
            first = max(clock[0], free_from, paused_until)
            assert ours.lease(value, per_second) == pytest.approx(first, abs=0.001)
            free_from = first + value / per_second
        else:
            paused_until = max(paused_until, clock[0] + value)
            ours.pause(value)
        assert ours.paused() == pytest.approx(max(0.0, paused_until - clock[0]), abs=0.001)


class TestClocks:
    """From the database's clock to the own one: never early, and late by no more than the best reading allows."""

    def test_an_instant_is_late_by_the_way_back_of_the_reply(self):
        clocks = _Clocks()
        clocks.read(10.0, 1000.0, 10.3)  # read at 10.1
        assert clocks.own(1001.0) == pytest.approx(11.3)

    def test_a_reading_in_which_the_process_froze_moves_nothing(self):
        clocks = _Clocks()
        clocks.read(10.0, 1000.0, 10.001)
        clocks.read(12.0, 1002.0, 72.0)
        assert clocks.own(1002.0) == pytest.approx(12.001)

    @pytest.mark.parametrize("set_by", [-3600.0, 0.5, 3600.0])
    def test_a_clock_that_was_set_is_believed(self, set_by):
        clocks = _Clocks()
        clocks.read(10.0, 1000.0, 10.001)
        clocks.read(20.0, 1010.0 + set_by, 20.001)
        assert clocks.own(1010.0 + set_by) == pytest.approx(20.001)

    @given(
        ahead=st.floats(0, 1e9),
        readings=st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5), st.floats(0, 5)), min_size=1, max_size=10),
    )
    def test_no_slot_is_early_and_none_later_than_the_shortest_way_back(self, ahead, readings):
        clocks, now = _Clocks(), 0.0
        for wait, there, back in readings:
            now += wait
            clocks.read(now, now + there + ahead, now + there + back)
            now += there + back
        late = clocks.own(ahead)
        assert -1e-5 <= late <= min(back for *_, back in readings) + 1e-5


def test_the_row_tells_nothing_but_the_account(warehouse):
    worker(warehouse).lease(1, 1)
    with warehouse.engine.connect() as connection:
        (row,) = connection.execute(text("SELECT environment, provider, account FROM iranpay_pace")).all()
    assert tuple(row) == tuple(ACCOUNT.values())
