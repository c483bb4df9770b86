"""How rows get into a table: what is inserted, updated, deleted, left alone and refused."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    Double,
    MetaData,
    Table,
    Text,
    delete,
    false,
    inspect,
    select,
)

from airflow_provider_iranpay.exceptions import InvalidInput, LoadRefused
from airflow_provider_iranpay.warehouse import loading
from airflow_provider_iranpay.warehouse.column_types import JsonText, UtcTimestamp
from airflow_provider_iranpay.warehouse.engine import open_warehouse
from airflow_provider_iranpay.warehouse.loading import LoadCounts, merge, replace_partition, upsert
from airflow_provider_iranpay.warehouse.tables import NOT_COMPARED

metadata = MetaData()
calls = Table(
    "calls",
    metadata,
    Column("account", Text, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("name", Text),
    Column("used", BigInteger, CheckConstraint("used >= 0", name="used_is_counted"), nullable=False),
    Column("load_id", Text, info=NOT_COMPARED),
)
answers = Table(
    "answers",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcTimestamp, nullable=False),
    Column("day", Date, nullable=False),
    Column("raw", JsonText, nullable=False),
)
ACCOUNT = {"account": "main"}
same_database = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
contents = st.dictionaries(
    st.sampled_from(["cards", "ibans", "matching", "postal", "تطبیق"]),
    st.tuples(st.none() | st.sampled_from(["کارت", "شبا"]), st.integers(0, 3)),
)


@pytest.fixture
def empty(warehouse):
    metadata.create_all(warehouse.engine)
    return warehouse


def call(service, used=1, *, name="نام", load_id="first", account="main"):
    return {"account": account, "service": service, "name": name, "used": used, "load_id": load_id}


def load(warehouse, rows, how=merge, table=calls, **partition):
    with warehouse.transaction() as connection:
        return how(connection, table, rows, **partition)


def nothing(new):
    """Keep no stored row."""
    return false()


def held(warehouse, table=calls):
    with warehouse.engine.connect() as connection:
        return [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]


def test_new_rows_are_inserted(empty):
    assert load(empty, [call("cards"), call("ibans")]) == LoadCounts(inserted=2, updated=0, unchanged=0)
    assert held(empty) == [call("cards"), call("ibans")]


def test_changed_rows_are_updated_and_others_kept(empty):
    load(empty, [call("cards", 1), call("ibans", 1)])
    assert load(empty, [call("cards", 2)]) == LoadCounts(inserted=0, updated=1, unchanged=0)
    assert held(empty) == [call("cards", 2), call("ibans", 1)]


def test_a_value_that_becomes_missing_is_a_change(empty):
    load(empty, [call("cards", name="کارت")])
    assert load(empty, [call("cards", name=None)]).updated == 1
    assert load(empty, [call("cards", name=None)]).unchanged == 1
    assert load(empty, [call("cards", name="کارت")]).updated == 1


def test_an_equal_row_keeps_the_load_that_brought_it(empty):
    load(empty, [call("cards", load_id="first")])
    assert load(empty, [call("cards", load_id="second")]) == LoadCounts(inserted=0, updated=0, unchanged=1)
    assert held(empty)[0]["load_id"] == "first"


def test_a_changed_row_names_the_load_that_changed_it(empty):
    load(empty, [call("cards", 1, load_id="first")])
    load(empty, [call("cards", 2, load_id="second")])
    assert held(empty)[0]["load_id"] == "second"


def test_an_unchanged_row_is_not_rewritten(postgres_url):
    with open_warehouse(postgres_url) as warehouse:
        metadata.create_all(warehouse.engine)
        where_it_lies = "SELECT ctid, xmin FROM calls"
        load(warehouse, [call("cards")])
        with warehouse.engine.connect() as connection:
            before = connection.exec_driver_sql(where_it_lies).all()
        load(warehouse, [call("cards", load_id="second")])
        load(warehouse, [call("cards", load_id="third")], replace_partition, partition=ACCOUNT)
        with warehouse.engine.connect() as connection:
            assert connection.exec_driver_sql(where_it_lies).all() == before


def test_rows_may_be_sequences_in_the_order_of_the_columns(empty):
    load(empty, [tuple(call("cards").values()), list(call("ibans").values())])
    assert held(empty) == [call("cards"), call("ibans")]


def test_instants_days_and_json_are_stored_as_their_columns_say(empty):
    row = {
        "id": 2**62,
        "at": datetime(2025, 3, 20, 20, 30, 0, 1, tzinfo=UTC),
        "day": date(2025, 3, 21),
        "raw": {"persianName": "استعلام کارت", "count": 3},
    }
    load(empty, [row], table=answers)
    assert held(empty, answers) == [row]
    assert load(empty, [row], table=answers).unchanged == 1


def test_loading_nothing_does_nothing(empty):
    assert load(empty, []) == LoadCounts(inserted=0, updated=0, unchanged=0)


@pytest.mark.parametrize("how", [{"how": merge}, {"how": upsert, "keep": nothing}], ids=["merge", "upsert"])
def test_rows_are_streamed_and_not_gathered(empty, how):
    alive = most = 0

    class Counted(str):
        __slots__ = ()

        def __del__(self):
            nonlocal alive
            alive -= 1

    def rows():
        nonlocal alive, most
        for number in range(20_000):
            alive += 1
            most = max(most, alive)
            yield call(f"service {number}", name=Counted("نام"))

    load(empty, rows(), **how)
    assert most < 100
    assert len(held(empty)) == 20_000


def test_loads_into_different_tables_follow_each_other_on_one_connection(empty):
    with empty.transaction() as connection:
        for number in range(10):
            merge(connection, calls, [call(f"service {number}")])
            merge(connection, answers, [{"id": number, "at": datetime.now(UTC), "day": date(2025, 3, 21), "raw": []}])
    assert len(held(empty)) == len(held(empty, answers)) == 10


@pytest.mark.timeout(15)
def test_a_large_partition_is_replaced_without_comparing_each_row_with_each(empty):
    rows = [call(f"service {number}") for number in range(40_000)]
    load(empty, rows)
    assert load(empty, rows[1:], replace_partition, partition=ACCOUNT) == LoadCounts(
        inserted=0, updated=0, unchanged=39_999, deleted=1
    )


def test_a_table_that_statistics_call_empty_is_filled_without_comparing_each_row_with_each(postgres_url):
    with open_warehouse(postgres_url) as warehouse:
        metadata.create_all(warehouse.engine)
        load(warehouse, [call("cards")])
        with warehouse.transaction() as connection:
            connection.exec_driver_sql("TRUNCATE calls")
            connection.exec_driver_sql("ANALYZE calls")
        with warehouse.transaction() as connection:
            connection.exec_driver_sql("SET LOCAL statement_timeout TO '20s'")  # by nested loops it takes minutes
            counts = merge(connection, calls, (call(str(number)) for number in range(100_000)))
            assert connection.exec_driver_sql("SHOW enable_nestloop").scalar() == "on"
    assert counts.inserted == 100_000


def test_a_partition_becomes_exactly_the_given_rows(empty):
    load(empty, [call("cards", 1), call("ibans", 1), call("postal", 1)])
    counts = load(empty, [call("cards", 1), call("ibans", 2), call("sana", 1)], replace_partition, partition=ACCOUNT)
    assert counts == LoadCounts(inserted=1, updated=1, unchanged=1, deleted=1)
    assert held(empty) == [call("cards", 1), call("ibans", 2), call("sana", 1)]


def test_a_partition_is_emptied_by_no_rows(empty):
    load(empty, [call("cards"), call("cards", account="other")])
    assert load(empty, [], replace_partition, partition=ACCOUNT).deleted == 1
    assert held(empty) == [call("cards", account="other")]


def test_a_row_of_another_partition_is_refused_by_its_position(empty):
    rows = [call("cards"), call("ibans"), call("cards", account="0012345679")]
    with pytest.raises(InvalidInput, match="row 3, account: other_partition") as refusal:
        load(empty, rows, replace_partition, partition=ACCOUNT)
    assert "0012345679" not in str(refusal.value)
    assert held(empty) == []


@pytest.mark.parametrize(
    ("how", "where"), [(merge, {}), (replace_partition, {"partition": ACCOUNT})], ids=["merge", "replace"]
)
def test_two_rows_with_one_key_are_refused_by_their_positions_before_anything_is_written(empty, how, where):
    load(empty, [call("cards", 1)])
    rows = [call("cards", 2), call("0012345679", 1), call("ibans"), call("0012345679", 2)]
    with pytest.raises(InvalidInput) as refusal:
        load(empty, rows, how, **where)
    assert str(refusal.value).startswith("row 2, calls: repeated_key. It has the same account, service as row 4")
    assert "0012345679" not in str(refusal.value)
    assert held(empty) == [call("cards", 1)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"account": "main", "service": "cards"},
        {**call("cards"), "more": 1},
        {("uses" if name == "used" else name): value for name, value in call("cards").items()},
        ("main", "cards"),
    ],
    ids=["too few", "too many", "another name", "a short sequence"],
)
def test_a_row_of_another_shape_is_refused_by_its_position(empty, wrong):
    with pytest.raises(InvalidInput, match="row 2, calls: wrong_columns"):
        load(empty, [call("ibans"), wrong])
    assert held(empty) == []


@pytest.mark.parametrize("column", ["account", "service", "used"])
def test_a_missing_value_is_refused_by_its_column_and_position(empty, column):
    with pytest.raises(InvalidInput, match=f"row 2, {column}: missing"):
        load(empty, [call("ibans"), {**call("cards"), column: None}])
    assert held(empty) == []


@pytest.mark.parametrize("wrong", [("main", "cards"), call(None)], ids=["shape", "missing"])
@pytest.mark.parametrize("place", [1, 31, 32, 33, 99])
def test_the_first_wrong_row_is_refused_wherever_it_stands(empty, wrong, place):
    rows = [tuple(call(f"service {number}").values()) for number in range(100)]
    rows[place - 1] = wrong
    rows.append(("main",))
    with pytest.raises(InvalidInput, match=f"row {place}, "):
        load(empty, rows)
    assert held(empty) == []


@pytest.mark.parametrize("how", [{"how": merge}, {"how": upsert, "keep": nothing}], ids=["merge", "upsert"])
def test_the_first_mistake_is_told_whatever_comes_after_it(empty, how):
    fit = {"id": 1, "at": datetime.now(UTC), "day": date(2025, 3, 21), "raw": []}
    with pytest.raises(ValueError, match="without a time zone"):
        load(empty, [fit, {**fit, "at": datetime(2025, 3, 21)}, {**fit, "id": None}], table=answers, **how)  # noqa: DTZ001
    assert held(empty, answers) == []


def test_a_row_that_a_rule_of_the_database_refuses_is_not_quoted(empty):
    with pytest.raises(
        LoadRefused, match=r"calls: the database refused the rows \((used_is_counted|IntegrityError)\)"
    ) as refusal:
        load(empty, [call("0012345679", -7)])
    assert refusal.value.__suppress_context__
    assert "0012345679" not in str(refusal.value)
    assert held(empty) == []


def test_after_a_refusal_the_rest_of_the_transaction_still_counts(empty):
    with empty.transaction() as connection:
        merge(connection, calls, [call("cards")])
        with pytest.raises(LoadRefused):
            merge(connection, calls, [call("ibans", -1)])
        with pytest.raises(InvalidInput):
            merge(connection, calls, [call("ibans"), call("ibans")])
        merge(connection, answers, [])
        merge(connection, calls, [call("postal")])
    assert held(empty) == [call("cards"), call("postal")]


def test_an_input_that_breaks_off_leaves_the_table_as_it_was(empty):
    load(empty, [call("cards", 1)])

    def rows():
        yield call("cards", 2)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        load(empty, rows())
    assert held(empty) == [call("cards", 1)]


def test_an_upsert_inserts_new_rows_and_replaces_the_others(empty):
    load(empty, [call("cards", 1), call("ibans", 1)])
    load(empty, iter([call("cards", 2, load_id="second"), call("postal")]), upsert, keep=nothing)
    assert held(empty) == [call("cards", 2, load_id="second"), call("ibans", 1), call("postal")]


def test_an_upsert_leaves_a_stored_row_where_the_condition_keeps_it(empty):
    load(empty, [call("cards", 5), call("ibans", 1)])
    load(empty, [call("cards", 2), call("ibans", 2)], upsert, keep=lambda new: calls.c.used > new["used"])
    assert held(empty) == [call("cards", 5), call("ibans", 2)]


def test_a_condition_that_is_neither_true_nor_false_keeps_nothing(empty):
    load(empty, [call("cards", 1, name=None)])
    load(empty, [call("cards", 2)], upsert, keep=lambda new: calls.c.name == new["name"])
    assert held(empty) == [call("cards", 2)]


@pytest.mark.parametrize("remembered", [2, 4_096])
def test_an_upsert_stores_values_as_their_columns_say(empty, monkeypatch, remembered):
    monkeypatch.setattr(loading, "_REMEMBERED", remembered)
    at = datetime(2025, 3, 20, 20, 30, tzinfo=UTC)
    rows = [{"id": key, "at": at + timedelta(key // 2), "day": date(2025, 3, 21), "raw": [key]} for key in range(99)]
    load(empty, rows, upsert, table=answers, keep=nothing)
    assert held(empty, answers) == rows


plain = Table("plain", MetaData(), Column("id", BigInteger, primary_key=True), *(Column(name, Double) for name in "ab"))


@same_database
@given(rows=st.lists(st.tuples(*[st.sampled_from([None, 0, 0.0, 1, 1.0, 2.5])] * 2), min_size=1, max_size=80))
def test_what_rows_have_in_common_is_stored_for_each_as_it_is(empty, rows):
    plain.create(empty.engine, checkfirst=True)
    with empty.transaction() as connection:
        connection.execute(delete(plain))
        upsert(connection, plain, ((number, *row) for number, row in enumerate(rows)), keep=nothing)
        found = connection.execute(select(plain.c.a, plain.c.b).order_by(plain.c.id)).all()
    assert repr([tuple(row) for row in found]) == repr(
        [tuple(None if value is None else float(value) for value in row) for row in rows]
    )


@pytest.mark.parametrize(
    ("wrong", "error"),
    [(("main", "cards"), InvalidInput), (call(None), InvalidInput), (call("0012345679", -1), LoadRefused)],
    ids=["shape", "missing", "rule"],
)
def test_an_upsert_that_is_refused_writes_nothing_and_quotes_nothing(empty, wrong, error):
    with empty.transaction() as connection:
        upsert(connection, calls, [call("postal")], keep=nothing)
        with pytest.raises(error) as refusal:
            upsert(connection, calls, [call("ibans"), wrong], keep=nothing)
    assert "0012345679" not in str(refusal.value)
    assert held(empty) == [call("postal")]


def test_values_are_never_logged(empty, caplog):
    caplog.set_level(logging.DEBUG)
    for name in ("sqlalchemy.engine", "sqlalchemy.pool", "psycopg"):
        caplog.set_level(logging.DEBUG, logger=name)
    load(empty, [call("0012345679", name="نام پنهان")])
    with pytest.raises(LoadRefused):
        load(empty, [call("0840000014", -1, name="نام پنهان")])
    assert "iranpay_staging" in caplog.text
    assert "0012345679" not in caplog.text
    assert "0840000014" not in caplog.text
    assert "نام پنهان" not in caplog.text


def test_no_staging_table_is_left(empty):
    with empty.transaction() as connection:
        merge(connection, calls, [call("cards")])
        assert "iranpay_staging" not in inspect(connection).get_temp_table_names()


def rows_of(content, load_id):
    return [call(service, used, name=name, load_id=load_id) for service, (name, used) in content.items()]


@same_database
@given(before=contents, after=contents)
def test_a_merge_is_the_update_of_a_dictionary(empty, before, after):
    with empty.transaction() as connection:
        connection.execute(delete(calls))
    load(empty, rows_of(before, "first"))
    counts = load(empty, rows_of(after, "second"))
    assert {row["service"]: (row["name"], row["used"]) for row in held(empty)} == before | after
    assert counts == LoadCounts(
        inserted=len(after.keys() - before.keys()),
        updated=sum(service in before and before[service] != value for service, value in after.items()),
        unchanged=len(before.items() & after.items()),
    )


@same_database
@given(before=contents, after=contents, beside=contents)
def test_replacing_a_partition_is_the_assignment_of_a_dictionary(empty, before, after, beside):
    with empty.transaction() as connection:
        connection.execute(delete(calls))
    load(empty, rows_of(before, "first"))
    load(empty, [{**row, "account": "other"} for row in rows_of(beside, "first")])
    counts = load(empty, rows_of(after, "second"), replace_partition, partition=ACCOUNT)
    found = {(row["account"], row["service"]): (row["name"], row["used"]) for row in held(empty)}
    assert found == {
        **{("main", service): value for service, value in after.items()},
        **{("other", service): value for service, value in beside.items()},
    }
    assert counts == LoadCounts(
        inserted=len(after.keys() - before.keys()),
        updated=sum(service in before and before[service] != value for service, value in after.items()),
        unchanged=len(before.items() & after.items()),
        deleted=len(before.keys() - after.keys()),
    )


def test_loads_of_the_same_rows_at_once_lose_nothing(empty, warehouse_url):
    start = threading.Barrier(4)
    counts, failures = [], []

    def worker(load_id):
        try:
            with open_warehouse(warehouse_url) as warehouse:
                start.wait(60)
                counts.append(load(warehouse, [call(f"service {n}", load_id=load_id) for n in range(200)]))
        except Exception as error:  # noqa: BLE001 - asserted below
            failures.append(error)

    workers = [threading.Thread(target=worker, args=(str(number),)) for number in range(4)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join(60)
    assert failures == []
    assert sorted((count.inserted, count.unchanged) for count in counts) == [(0, 200)] * 3 + [(200, 0)]
    assert len({row["load_id"] for row in held(empty)}) == 1


_KILLED_BEFORE_ITS_COMMIT = """
import os, signal, sys
from airflow_provider_iranpay.warehouse.engine import open_warehouse
from airflow_provider_iranpay.warehouse.loading import replace_partition
from tests.warehouse.test_loading import ACCOUNT, call, calls
warehouse = open_warehouse(sys.argv[1])
with warehouse.transaction() as connection:
    counts = replace_partition(connection, calls, [call("ibans", 9)], partition=ACCOUNT)
    print(counts.inserted, counts.deleted, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_killed_before_its_commit_leaves_the_old_rows_whole(empty, warehouse_url):
    load(empty, [call("cards", 1), call("postal", 1)])
    child = subprocess.run(
        [sys.executable, "-c", _KILLED_BEFORE_ITS_COMMIT, warehouse_url], capture_output=True, text=True, check=False
    )
    assert (child.returncode, child.stdout) == (-signal.SIGKILL, "1 2\n")
    assert held(empty) == [call("cards", 1), call("postal", 1)]
    assert load(empty, [call("ibans", 9)], replace_partition, partition=ACCOUNT).deleted == 2
