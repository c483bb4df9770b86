"""What a target holds after a run: what is refused before it, which rows stand, and what a file looks like."""

from __future__ import annotations

import gzip
import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pandas as pd
import pytest
from airflow.sdk import ObjectStoragePath
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect

from airflow_provider_iranpay.bulk.columns import LOADED_AT, OUTCOME_COLUMNS, Column
from airflow_provider_iranpay.bulk.outcomes import ANSWERS, Origin, Status
from airflow_provider_iranpay.bulk.sources import FileSource
from airflow_provider_iranpay.bulk.targets import FileTarget, TableTarget
from airflow_provider_iranpay.exceptions import ConfigurationError, InvalidInput, LoadRefused
from airflow_provider_iranpay.iran.days import TEHRAN
from airflow_provider_iranpay.warehouse.engine import open_warehouse

SECRET = "0012345679"
KEY = Column("customer_id", "Int64")
OUTPUTS = (
    Column("matched", "boolean"),
    Column("owner_name", "string"),
    Column("percent", "Int64"),
    Column("latitude", "Float64"),
    Column("paid_on", "datetime64[us, Asia/Tehran]"),
)
NAMES = [column.name for column in (KEY, *OUTPUTS, *OUTCOME_COLUMNS, LOADED_AT)]
AT = datetime(2025, 3, 20, 20, 30, 0, 1, tzinfo=UTC)
NO_CELLS = (None,) * len(OUTPUTS)


def row(key, status=Status.OK, cells=NO_CELLS, run_id="first"):
    answered = AT if status in ANSWERS else None
    return (key, *cells, status, Origin.PAID, None, None, "jibit", 1, 5000, "abc", answered, "dag", run_id)


@pytest.fixture
def target(warehouse):
    made = TableTarget(warehouse, "people_checked")
    made.prepare(KEY, OUTPUTS)
    return made


@pytest.fixture
def in_schema(postgres_url):
    """A target in a schema of its own, and its warehouse."""
    with open_warehouse(postgres_url) as warehouse:
        with warehouse.transaction() as connection:
            connection.exec_driver_sql("CREATE SCHEMA results")
        yield TableTarget(warehouse, "results.people"), warehouse


def held(warehouse, columns="*", table="people_checked", order="customer_id"):
    with warehouse.engine.connect() as connection:
        return [tuple(one) for one in connection.exec_driver_sql(f"SELECT {columns} FROM {table} ORDER BY {order}")]


def execute(warehouse, *statements):
    with warehouse.transaction() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


class TestTable:
    def test_it_is_made_with_a_column_for_each_value_and_the_key_as_its_key(self, target, warehouse):
        tables = inspect(warehouse.engine)
        assert [column["name"] for column in tables.get_columns("people_checked")] == NAMES
        assert tables.get_pk_constraint("people_checked")["constrained_columns"] == ["customer_id"]

    def test_rows_are_held_as_they_were_given(self, target, warehouse):
        cells = (True, "علی «رضایی»", 97, 35.7, AT)
        before = datetime.now(UTC)
        assert target.write(iter([row(2**62, cells=cells), row(-1)])) == 2
        with warehouse.engine.connect() as connection:
            first, second = connection.execute(target._table.select().order_by(target._table.c.customer_id))
        assert first[:-1] == row(-1)
        assert second[:-1] == row(2**62, cells=cells)
        assert first.loaded_at == second.loaded_at
        assert before <= first.loaded_at <= datetime.now(UTC)

    def test_a_later_run_replaces_the_rows_of_its_keys(self, target, warehouse):
        target.write([row(1), row(2)])
        target.write([row(2, Status.PROVIDER_ERROR, run_id="second"), row(3, run_id="second")])
        assert held(warehouse, "customer_id, status, run_id") == [
            (1, "ok", "first"),
            (2, "provider_error", "second"),
            (3, "ok", "second"),
        ]

    def test_a_row_without_an_answer_never_replaces_one_with_an_answer(self, target, warehouse):
        pairs = list(itertools.product(Status, Status))
        target.write(row(key, stored) for key, (stored, _) in enumerate(pairs))
        target.write(row(key, new, run_id="second") for key, (_, new) in enumerate(pairs))
        expected = [
            (stored, "first") if stored in ANSWERS and new not in ANSWERS else (new, "second") for stored, new in pairs
        ]
        assert held(warehouse, "status, run_id") == expected
        assert ("ok", "first") in expected

    def test_a_row_that_stays_stays_whole(self, target, warehouse):
        target.write([row(1, cells=(True, "علی", 1, 0.5, AT))])
        before = held(warehouse)
        target.write([row(1, Status.UNKNOWN, run_id="second")])
        assert held(warehouse) == before

    def test_a_stored_row_without_a_status_is_replaced(self, target, warehouse):
        execute(warehouse, "INSERT INTO people_checked (customer_id) VALUES (1)")
        target.write([row(1, Status.FAILED)])
        assert held(warehouse, "status") == [("failed",)]

    def test_keys_may_be_text(self, warehouse):
        target = TableTarget(warehouse, "by_code")
        target.prepare(Column("شناسه مشتری", "string"), OUTPUTS)
        assert target.write([row("007"), row("7"), row("۷")]) == 3
        assert {key for (key,) in held(warehouse, '"شناسه مشتری"', "by_code", "1")} == {"007", "7", "۷"}

    def test_no_rows_are_no_rows(self, target, warehouse):
        assert target.write([]) == 0
        assert held(warehouse) == []

    def test_rows_that_break_off_leave_the_table_as_it_was(self, target, warehouse):
        target.write([row(1)])

        def broken():
            yield row(1, run_id="second")
            raise ConnectionError

        with pytest.raises(ConnectionError):
            target.write(broken())
        assert held(warehouse, "customer_id, run_id") == [(1, "first")]

    @pytest.mark.parametrize("wrong", [row(None), row(1)[:-1]], ids=["no key", "too short"])
    def test_a_row_of_another_shape_is_refused_whole(self, target, warehouse, wrong):
        with pytest.raises(InvalidInput, match="row 2"):
            target.write([row(1), wrong])
        assert held(warehouse) == []

    def test_a_value_that_the_database_refuses_is_not_quoted(self, warehouse):
        execute(
            warehouse,
            f"CREATE TABLE mine (customer_id BIGINT PRIMARY KEY, owner_name TEXT CHECK (owner_name <> '{SECRET}'), "
            + ", ".join(f"{name} {_plain(name)}" for name in NAMES if name not in {"customer_id", "owner_name"})
            + ")",
        )
        target = TableTarget(warehouse, "mine")
        target.prepare(KEY, OUTPUTS)
        with pytest.raises(LoadRefused) as refusal:
            target.write([row(1, cells=(None, SECRET, None, None, None))])
        assert SECRET not in str(refusal.value)

    def test_rows_may_be_read_from_the_same_warehouse(self, target, warehouse):
        target.write([row(1), row(2)])
        with warehouse.engine.connect() as connection:
            keys = connection.exec_driver_sql("SELECT customer_id FROM people_checked")
            assert target.write(row(key + 10) for (key,) in keys) == 2
        assert held(warehouse, "customer_id") == [(1,), (2,), (11,), (12,)]

    def test_chunks_may_make_it_and_write_at_the_same_time(self, warehouse):
        def chunk(number):
            target = TableTarget(warehouse, "people_checked")
            target.prepare(KEY, OUTPUTS)
            return target.write(row(key) for key in range(number * 100, number * 100 + 100))

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(chunk, range(4))) == [100] * 4
        assert held(warehouse, "customer_id") == [(key,) for key in range(400)]

    def test_it_may_lie_in_a_schema(self, in_schema):
        target, warehouse = in_schema
        target.prepare(KEY, OUTPUTS)
        target.prepare(KEY, OUTPUTS)
        assert target.write([row(1)]) == 1
        assert held(warehouse, "customer_id", "results.people") == [(1,)]


class TestTableThatIsThere:
    def a_table(self, warehouse, *more, **types):
        columns = {"customer_id": "BIGINT PRIMARY KEY", **{name: _plain(name) for name in NAMES[1:]}, **types}
        text = ", ".join(f"{name} {kind}" for name, kind in columns.items() if kind)
        execute(warehouse, f"CREATE TABLE mine ({', '.join((text, *more))})")
        return TableTarget(warehouse, "mine")

    def test_it_may_have_more_columns(self, warehouse):
        target = self.a_table(warehouse, note="TEXT", kind="TEXT NOT NULL DEFAULT 'x'")
        target.prepare(KEY, OUTPUTS)
        target.write([row(1)])
        execute(warehouse, "UPDATE mine SET note = 'kept'")
        target.write([row(1, run_id="second")])
        assert held(warehouse, "note, kind, run_id", "mine") == [("kept", "x", "second")]

    @pytest.mark.parametrize(
        ("types", "why"),
        [
            ({"owner_name": None, "run_id": None}, "has no column owner_name, run_id"),
            ({"customer_id": None}, "has no column customer_id"),
            ({"customer_id": "TEXT PRIMARY KEY"}, "is a number here"),
            ({"note": "TEXT NOT NULL"}, "demands a value in note"),
            ({"owner_name": "TEXT NOT NULL"}, "demands a value in owner_name"),
            ({"customer_id": "BIGINT"}, "refuses the table mine"),
        ],
    )
    def test_one_that_cannot_take_the_rows_is_refused(self, warehouse, types, why):
        with pytest.raises(ConfigurationError, match=why):
            self.a_table(warehouse, **types).prepare(KEY, OUTPUTS)

    @pytest.mark.parametrize(
        ("types", "why"),
        [({"owner_name": "DATE"}, "DatatypeMismatch"), ({"answered_at": "TIMESTAMP"}, "without a zone in answered_at")],
    )
    def test_types_that_do_not_fit_are_refused(self, postgres_url, types, why):
        with open_warehouse(postgres_url) as warehouse, pytest.raises(ConfigurationError, match=why):
            self.a_table(warehouse, **types).prepare(KEY, OUTPUTS)

    def test_one_in_a_schema_that_is_missing_is_refused(self, in_schema):
        _, warehouse = in_schema
        with pytest.raises(ConfigurationError, match="InvalidSchemaName"):
            TableTarget(warehouse, "nowhere.people").prepare(KEY, OUTPUTS)


class TestNames:
    @pytest.mark.parametrize("name", ["", "a b", "a;", 'a"b', "a.b.c", "1a", "a-b", "x" * 64, ".a", "a.", "نتیجه"])
    def test_what_is_no_plain_name_is_refused(self, warehouse, name):
        with pytest.raises(ConfigurationError, match="no name of a table"):
            TableTarget(warehouse, name)

    @pytest.mark.parametrize("name", ["iranpay_attempt", "IRANPAY_x", "sqlite_x"])
    def test_names_that_belong_to_others_are_refused(self, warehouse, name):
        with pytest.raises(ConfigurationError, match="is taken"):
            TableTarget(warehouse, name)

    def test_a_schema_is_refused_where_there_are_none(self, sqlite_url):
        with open_warehouse(sqlite_url) as warehouse, pytest.raises(ConfigurationError, match="no schemas"):
            TableTarget(warehouse, "a.b")

    @pytest.mark.parametrize("name", ["owner_name", "Owner_Name", "status", "loaded_at"])
    def test_a_key_called_like_a_column_of_the_result_is_refused(self, warehouse, tmp_path, name):
        for target in (TableTarget(warehouse, "people"), FileTarget(tmp_path / "a.csv")):
            with pytest.raises(ConfigurationError, match=f"key column {name} is called like a column of the result"):
                target.prepare(Column(name, "string"), OUTPUTS)

    @pytest.mark.parametrize("name", ["", "a\nb", "ک" * 32])
    def test_a_key_without_a_usable_name_is_refused(self, warehouse, name):
        with pytest.raises(ConfigurationError, match="name of printable characters"):
            TableTarget(warehouse, "people").prepare(Column(name, "string"), OUTPUTS)

    def test_a_key_that_is_no_code_is_refused(self, warehouse):
        with pytest.raises(ConfigurationError, match="A key is text or a whole number"):
            TableTarget(warehouse, "people").prepare(Column("at", "Float64"), OUTPUTS)


class TestFile:
    def written(self, path, rows, key=KEY):
        target = FileTarget(path)
        target.prepare(key, OUTPUTS)
        return target.write(rows)

    def test_csv_looks_like_this(self, tmp_path):
        path = tmp_path / "a.csv"
        assert self.written(path, [row(7, cells=(True, 'علی "ر", ز', 97, 35.5, AT)), row(8, Status.FAILED)]) == 2
        lines = path.read_text(encoding="utf-8").splitlines()
        at = "2025-03-21T00:00:00.000001+03:30"
        assert lines[0] == ",".join(NAMES)
        assert lines[1].startswith(f'7,true,"علی ""ر"", ز",97,35.5,{at},ok,paid,,,jibit,1,5000,abc,{at},dag,first,20')
        assert lines[2].startswith("8,,,,,,failed,paid,,,jibit,1,5000,abc,,dag,first,20")
        assert datetime.fromisoformat(lines[2].split(",")[-1]).utcoffset() == timedelta(hours=3, minutes=30)

    def test_json_lines_look_like_this(self, tmp_path):
        path = tmp_path / "a.jsonl"
        self.written(path, [row(7, cells=(False, "علی", None, 35.5, AT))])
        found = json.loads(path.read_text(encoding="utf-8"))
        assert list(found) == NAMES
        assert list(found.values())[:6] == [7, False, "علی", None, 35.5, "2025-03-21T00:00:00.000001+03:30"]

    def test_parquet_has_the_types_of_the_columns(self, tmp_path):
        path = tmp_path / "a.parquet"
        self.written(path, [row("007", cells=(True, "علی", 97, None, AT)), row("8")], key=Column("id", "string"))
        found = pd.read_parquet(path, dtype_backend="pyarrow")
        assert found["id"].tolist() == ["007", "8"]
        assert found["paid_on"][0] == AT.astimezone(TEHRAN)
        assert [str(found[name].dtype) for name in ("matched", "percent", "latitude", "paid_on", "loaded_at")] == [
            "bool[pyarrow]",
            "int64[pyarrow]",
            "double[pyarrow]",
            "timestamp[us, tz=Asia/Tehran][pyarrow]",
            "timestamp[us, tz=Asia/Tehran][pyarrow]",
        ]

    @pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".parquet"])
    def test_a_file_without_rows_has_what_a_reader_needs(self, tmp_path, suffix):
        path = tmp_path / f"a{suffix}"
        assert self.written(path, []) == 0
        assert FileSource(path).columns() == ([] if "jsonl" in suffix else NAMES)

    def test_it_may_be_compressed(self, tmp_path):
        self.written(tmp_path / "a.csv.gz", [row(1)])
        assert gzip.decompress((tmp_path / "a.csv.gz").read_bytes()).startswith(b"customer_id,matched")

    @pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".jsonl", ".parquet"])
    def test_rows_that_break_off_leave_the_old_file_and_nothing_else(self, tmp_path, suffix):
        path = tmp_path / f"a{suffix}"
        path.write_bytes(b"old")

        def broken():
            yield row(1)
            raise ConnectionError

        with pytest.raises(ConnectionError):
            self.written(path, broken())
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]

    def test_nothing_else_is_left_beside_it(self, tmp_path):
        self.written(tmp_path / "a.csv", [row(1)])
        self.written(tmp_path / "a.csv", [row(2)])
        assert list(tmp_path.iterdir()) == [tmp_path / "a.csv"]
        assert "\n2," in (tmp_path / "a.csv").read_text()
        assert "\n1," not in (tmp_path / "a.csv").read_text()

    def test_rows_are_streamed(self, tmp_path):
        rows = (row(number) for number in range(50_000))
        assert self.written(tmp_path / "a.parquet", rows) == 50_000
        assert [len(frame) for frame in FileSource(tmp_path / "a.parquet").batches(["customer_id"])] == [
            20_000,
            20_000,
            10_000,
        ]

    @pytest.mark.parametrize("place", ["none/a.csv", "directory.csv"])
    def test_a_place_where_no_file_can_be_is_refused_before_the_run(self, tmp_path, place):
        (tmp_path / "directory.csv").mkdir()
        with pytest.raises(ConfigurationError, match="cannot be written"):
            FileTarget(tmp_path / place).prepare(KEY, OUTPUTS)

    def test_airflows_own_paths_are_taken(self, tmp_path):
        assert self.written(ObjectStoragePath(f"file://{tmp_path}/a.csv"), [row(1)]) == 1
        assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]

    def test_an_object_in_storage_is_written_only_when_it_is_whole(self):
        class Stored:
            name = "a.jsonl"
            opened = 0
            kept = b""

            def open(self, mode):
                stored, self.opened = self, self.opened + 1

                class Upload(BytesIO):
                    def close(self):
                        stored.kept = self.getvalue()

                return Upload()

        stored = Stored()

        def broken():
            yield row(1)
            raise ConnectionError

        with pytest.raises(ConnectionError):
            self.written(stored, broken())
        assert stored.opened == 0
        assert self.written(stored, [row(1)]) == 1
        assert (stored.opened, json.loads(stored.kept)["customer_id"]) == (1, 1)


texts = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(["007", 'a,"\r\nb'])
instants = st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
result_rows = st.tuples(
    st.integers(-(2**63), 2**63 - 1),
    st.none() | st.booleans(),
    texts,
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.none() | instants,
)


@settings(max_examples=100, deadline=None)
@given(cells=st.lists(result_rows, min_size=1, max_size=5), suffix=st.sampled_from([".csv", ".jsonl", ".parquet"]))
def test_what_is_written_is_read_back(tmp_path_factory, cells, suffix):
    path = tmp_path_factory.mktemp("written") / f"a{suffix}"
    target = FileTarget(path)
    target.prepare(KEY, OUTPUTS)
    target.write(row(key, cells=tuple(rest)) for key, *rest in cells)
    frames = FileSource(path).batches(NAMES[:6])
    found = [tuple(None if one is pd.NA else one for one in some) for frame in frames for some in _tuples(frame)]
    assert [tuple(map(_reader(suffix), some, range(6))) for some in found] == [
        tuple("" if one is None and suffix == ".csv" else one for one in some) for some in cells
    ]


def _tuples(frame):
    return zip(*(frame[name].astype(object) for name in frame.columns), strict=True)


def _reader(suffix):
    """How a reader turns the text of a cell, by its place, into what was written."""
    if suffix == ".parquet":
        return lambda cell, _: cell
    turns = [int, {"true": True, "false": False}.get, str, int, float, datetime.fromisoformat]
    if suffix == ".jsonl":
        return lambda cell, at: turns[at](cell) if at == 5 and cell is not None else cell
    return lambda cell, at: cell and turns[at](cell)


def _plain(name):
    """A type for a column of a table that the user made."""
    if name in {"paid_on", "answered_at", "loaded_at"}:
        return "TIMESTAMP WITH TIME ZONE"
    return {
        "matched": "BOOLEAN",
        "percent": "BIGINT",
        "attempts": "BIGINT",
        "cost_rial": "BIGINT",
        "latitude": "DOUBLE PRECISION",
    }.get(name, "TEXT")
