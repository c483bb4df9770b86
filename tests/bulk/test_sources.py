"""What a source gives: every cell as it stands there, in order and in batches, or a clear refusal."""

from __future__ import annotations

import csv
import gzip
import sys
from io import BytesIO, StringIO
from pathlib import Path
from unittest import mock

import pandas as pd
import pytest
from airflow.sdk import ObjectStoragePath
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from airflow_provider_iranpay.bulk.formats import comma_separated
from airflow_provider_iranpay.bulk.sources import BATCH_ROWS, FileSource, FrameSource, SqlSource
from airflow_provider_iranpay.exceptions import ConfigurationError, InvalidInput

SECRET = "0012345679"


def read(source, *columns):
    """All cells of the columns, row by row."""
    frames = list(source.batches(columns or source.columns()))
    assert all(
        0 < len(frame) <= BATCH_ROWS and list(frame.columns) == list(columns or source.columns()) for frame in frames
    )
    return [row for frame in frames for row in frame.itertuples(index=False, name=None)]


def a_file(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return FileSource(path)


class Stored:
    """An object in storage."""

    def __init__(self, name, content):
        self.name, self.content = name, content

    def open(self, mode):
        if self.content is None:
            raise FileNotFoundError
        return BytesIO(self.content)


class TestFrame:
    def test_its_columns_and_dtypes_stay(self):
        frame = pd.DataFrame({"id": [1, 2], "card": pd.Series(["a", None], dtype="string"), "more": [0.5, 1.5]})
        source = FrameSource(frame)
        (batch,) = source.batches(["card", "id"])
        assert source.columns() == ["id", "card", "more"]
        pd.testing.assert_frame_equal(batch, frame[["card", "id"]])

    def test_it_comes_in_batches_and_in_order_and_again(self):
        source = FrameSource(pd.DataFrame({"id": range(2 * BATCH_ROWS + 1)}))
        assert read(source, "id") == read(source, "id") == [(number,) for number in range(2 * BATCH_ROWS + 1)]

    def test_an_empty_one_has_no_batch(self):
        assert list(FrameSource(pd.DataFrame({"id": []})).batches(["id"])) == []

    def test_a_name_that_two_columns_have_is_refused(self):
        with pytest.raises(ConfigurationError, match="two columns have one name: id"):
            FrameSource(pd.DataFrame([[1, 2]], columns=["id", "id"])).columns()

    def test_a_name_that_is_no_text_is_refused(self):
        with pytest.raises(ConfigurationError, match="Name the columns"):
            FrameSource(pd.DataFrame([[1, 2]])).columns()


class TestCsv:
    def test_cells_are_the_text_of_the_file(self, tmp_path):
        source = a_file(tmp_path, "a.csv", 'id,card,note\n007, ۶۰۳۷ ,NA\n1.0,,"a, ""b""\nc"\n')
        assert source.columns() == ["id", "card", "note"]
        assert read(source) == [("007", " ۶۰۳۷ ", "NA"), ("1.0", "", 'a, "b"\nc')]
        assert read(source, "note", "id") == [("NA", "007"), ('a, "b"\nc', "1.0")]

    @pytest.mark.parametrize("mark", ["", "\ufeff"])
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_byte_order_mark_and_line_ends_are_no_part_of_it(self, tmp_path, mark, end):
        assert read(a_file(tmp_path, "a.csv", f"{mark}id,b{end}{end}1,2{end}{end}3,4")) == [("1", "2"), ("3", "4")]

    def test_it_comes_in_batches(self, tmp_path):
        source = a_file(tmp_path, "a.csv", "id\n" + "\n".join(map(str, range(BATCH_ROWS + 1))))
        assert [len(frame) for frame in source.batches(["id"])] == [BATCH_ROWS, 1]

    def test_a_header_alone_has_no_rows(self, tmp_path):
        source = a_file(tmp_path, "a.csv", "id,card\n")
        assert (source.columns(), read(source)) == (["id", "card"], [])

    @pytest.mark.parametrize(
        ("content", "reason", "where"),
        [
            ("", "no_header", "empty"),
            (f"id,name\n1,b\n2,{SECRET},x\n", "cells", "line 3 has 3 cells and the header 2"),
            (f"id,name\n\n1,b\n{SECRET}\n", "cells", "line 4 has 1 cells and the header 2"),
            (f'id,name\n1,"{SECRET}"x\n', "quotes", "line 2"),
            (f'id,name\n1,"{SECRET}\n', "quotes", "line 2"),
            (f"id,name\n1,{SECRET}".encode() + "رضا".encode("cp1256"), "encoding", "After line"),
        ],
        ids=["empty", "too many", "too few", "a quote inside", "an open quote", "not UTF-8"],
    )
    def test_a_broken_one_is_refused_by_its_place_and_not_quoted(self, tmp_path, content, reason, where):
        with pytest.raises(InvalidInput, match=where) as refusal:
            read(a_file(tmp_path, "a.csv", content), "id")
        assert refusal.value.reason == reason
        assert str(tmp_path / "a.csv") in str(refusal.value)
        assert SECRET not in str(refusal.value)
        assert refusal.value.__suppress_context__

    def test_a_name_that_two_columns_have_is_refused(self, tmp_path):
        with pytest.raises(ConfigurationError, match=r"a\.csv two columns have one name: id"):
            a_file(tmp_path, "a.csv", "id,card,id\n1,2,3\n").columns()

    def test_it_may_be_compressed(self, tmp_path):
        assert read(a_file(tmp_path, "a.csv.gz", gzip.compress(b"id\n1\n"))) == [("1",)]

    @pytest.mark.parametrize("content", [gzip.compress(b"id\n1\n")[:-9], b"id\n1\n"], ids=["cut", "no gzip"])
    def test_a_broken_compression_is_refused(self, tmp_path, content):
        with pytest.raises(InvalidInput, match=r"a\.csv\.gz: compression"):
            read(a_file(tmp_path, "a.csv.gz", content), "id")

    def test_it_is_never_whole_in_memory(self):
        class Endless(BytesIO):
            def read1(self, size=-1):
                return self.read(size)

            def read(self, size=-1):
                assert 0 <= size < 100_000
                return b"id\n" + b"1\n" * (size // 2 - 2)

        source = FileSource(Stored("a.csv", None))
        source._file._path.open = lambda mode: Endless()
        assert len(next(source.batches(["id"]))) == BATCH_ROWS


class TestJsonLines:
    def test_cells_are_what_json_says(self, tmp_path):
        source = a_file(
            tmp_path, "a.jsonl", '{"id":12345678901234567890123,"name":"علی"}\n\n{"id":"07","more":[1,true]}'
        )
        assert source.columns() == ["id", "name", "more"]
        assert read(source) == [(12345678901234567890123, "علی", None), ("07", None, [1, True])]
        assert {str(dtype) for frame in source.batches(["id", "name"]) for dtype in frame.dtypes} == {"object"}

    def test_a_byte_order_mark_is_no_part_of_it(self, tmp_path):
        assert read(a_file(tmp_path, "a.ndjson", '\ufeff{"id":1}\r\n')) == [(1,)]

    def test_it_comes_in_batches(self, tmp_path):
        source = a_file(tmp_path, "a.jsonl", '{"id":1}\n' * (BATCH_ROWS + 1))
        assert [len(frame) for frame in source.batches(["id"])] == [BATCH_ROWS, 1]

    @pytest.mark.parametrize(
        "line", [f'{{"id":"{SECRET}"', f'"{SECRET}"', f'["{SECRET}"]', b'{"id":"\xc7"}', '{"id":"\\ud800"}']
    )
    @pytest.mark.parametrize("how", [FileSource.columns, lambda source: read(source, "id")], ids=["columns", "rows"])
    def test_a_broken_line_is_refused_by_its_number_and_not_quoted(self, tmp_path, line, how):
        line = line if isinstance(line, bytes) else line.encode()
        with pytest.raises(InvalidInput, match=r"a\.jsonl: json\. Line 3 ") as refusal:
            how(a_file(tmp_path, "a.jsonl", b'{"id":1}\n\n' + line + b'\n{"id":2}'))
        assert SECRET not in str(refusal.value)
        assert refusal.value.__suppress_context__


class TestParquet:
    def test_columns_keep_their_arrow_types(self, tmp_path):
        pytest.importorskip("pyarrow")
        frame = pd.DataFrame({"id": [2**62, 1], "card": ["۶۰۳۷", None], "rest": [0.1, 0.2]})
        frame.to_parquet(tmp_path / "a.parquet", index=False)
        source = FileSource(tmp_path / "a.parquet")
        (batch,) = source.batches(["card", "id"])
        assert source.columns() == ["id", "card", "rest"]
        assert batch["id"].tolist() == [2**62, 1]
        assert batch["card"].dropna().tolist() == ["۶۰۳۷"]
        assert all(isinstance(dtype, pd.ArrowDtype) for dtype in batch.dtypes)

    def test_it_comes_in_batches(self, tmp_path):
        pd.DataFrame({"id": range(BATCH_ROWS + 1)}).to_parquet(tmp_path / "a.parquet")
        assert read(FileSource(tmp_path / "a.parquet"), "id") == [(number,) for number in range(BATCH_ROWS + 1)]

    @pytest.mark.parametrize("content", [b"", b"id\n1\n", b"PAR1 a part of one"])
    def test_what_is_no_parquet_is_refused(self, tmp_path, content):
        with pytest.raises(InvalidInput, match=r"a\.parquet: parquet"):
            a_file(tmp_path, "a.parquet", content).columns()

    def test_without_pyarrow_it_says_what_to_install(self, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        monkeypatch.delitem(sys.modules, "airflow_provider_iranpay.bulk.formats.parquet", raising=False)
        with pytest.raises(ConfigurationError, match=r"pip install 'airflow-provider-iranpay\[parquet\]'"):
            FileSource(tmp_path / "a.parquet")


class TestWhereAFileLies:
    @pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
    def test_one_that_is_not_there_is_refused(self, tmp_path, suffix):
        with pytest.raises(ConfigurationError, match=r"none\.\w+ cannot be read \(FileNotFoundError\)"):
            FileSource(tmp_path / f"none{suffix}").columns()

    @pytest.mark.parametrize("name", ["a", "a.xlsx", "a.gz", "a.parquet.gz", "csv", ".csv.zip"])
    def test_a_suffix_that_names_no_format_is_refused(self, name):
        with pytest.raises(ConfigurationError, match="suffix"):
            FileSource(name)

    def test_an_address_of_storage_is_not_taken_for_a_path(self):
        with pytest.raises(ConfigurationError, match="ObjectStoragePath"):
            FileSource("s3://bucket/a.csv")

    def test_it_may_be_an_object_in_storage(self):
        source = FileSource(Stored("a.csv", b"id\n1\n"))
        assert (source.columns(), read(source), source.description) == (["id"], [("1",)], "the file a.csv")

    def test_an_object_that_is_not_there_is_refused(self):
        with pytest.raises(ConfigurationError, match=r"a\.csv cannot be read"):
            FileSource(Stored("a.csv", None)).columns()

    def test_airflows_own_paths_are_taken(self, tmp_path):
        (tmp_path / "a.csv").write_text("id\n1\n")
        assert read(FileSource(ObjectStoragePath(f"file://{tmp_path}/a.csv"))) == [("1",)]

    def test_relative_paths_are_paths(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        Path("a.csv").write_text("id\n1\n")
        assert read(FileSource("a.csv")) == [("1",)]


class TestSql:
    @pytest.fixture
    def engine(self, warehouse_url):
        engine = create_engine(warehouse_url)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE people (id BIGINT, name TEXT)")
            connection.exec_driver_sql(f"INSERT INTO people VALUES (1, '{SECRET}'), (2, NULL), (3, 'علی')")
        yield engine
        engine.dispose()

    def test_rows_come_as_objects_in_the_order_of_the_query(self, engine):
        source = SqlSource(engine, "SELECT name, id, id * 2 AS twice FROM people ORDER BY id DESC")
        assert source.columns() == ["name", "id", "twice"]
        assert read(source, "id", "name") == [(3, "علی"), (2, None), (1, SECRET)]
        assert {str(dtype) for frame in source.batches(["id", "name"]) for dtype in frame.dtypes} == {"object"}

    def test_parameters_are_bound(self, engine):
        assert read(SqlSource(engine, "SELECT id FROM people WHERE id > :least ORDER BY id", {"least": 1})) == [
            (2,),
            (3,),
        ]

    def test_it_comes_in_batches(self, engine):
        numbers = (
            f"WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n <= {BATCH_ROWS}) SELECT n FROM t"
        )
        assert [len(frame) for frame in SqlSource(engine, numbers).batches(["n"])] == [BATCH_ROWS, 1]

    def test_no_rows_are_no_batch(self, engine):
        source = SqlSource(engine, "SELECT id FROM people WHERE id > 9")
        assert (source.columns(), read(source, "id")) == (["id"], [])

    @pytest.mark.parametrize(
        "statement", ["DELETE FROM people", "DELETE FROM people RETURNING id", "DROP TABLE people"]
    )
    @pytest.mark.parametrize("options", [{}, {"isolation_level": "AUTOCOMMIT"}], ids=["", "autocommit"])
    def test_a_statement_that_writes_is_refused(self, engine, statement, options):
        with pytest.raises(ConfigurationError):
            SqlSource(engine.execution_options(**options), statement).columns()
        assert len(read(SqlSource(engine, "SELECT id FROM people"))) == 3

    def test_the_engine_can_write_afterwards(self, engine):
        read(SqlSource(engine, "SELECT id FROM people"))
        with engine.begin() as connection:
            assert connection.exec_driver_sql("DELETE FROM people").rowcount == 3

    def test_the_warehouse_can_be_read_and_written_afterwards(self, warehouse):
        with warehouse.transaction() as connection:
            connection.exec_driver_sql("CREATE TABLE people (id BIGINT)")
        with pytest.raises(ConfigurationError):
            SqlSource(warehouse.engine, "DROP TABLE people").columns()
        assert SqlSource(warehouse.engine, "SELECT id FROM people").columns() == ["id"]
        with warehouse.transaction() as connection:
            connection.exec_driver_sql("INSERT INTO people VALUES (1)")
        assert read(SqlSource(warehouse.engine, "SELECT id FROM people")) == [(1,)]

    def test_a_name_that_two_columns_have_is_refused(self, engine):
        with pytest.raises(ConfigurationError, match="two columns have one name: id"):
            SqlSource(engine, "SELECT id, name AS id FROM people").columns()

    @pytest.mark.parametrize(
        "statement", ["SELECT nothing FROM people", "SELEC", "SELECT id FROM people WHERE name = :a"]
    )
    def test_a_query_that_fails_is_refused_without_its_values(self, engine, statement):
        with pytest.raises(ConfigurationError, match="Run the query by hand") as refusal:
            SqlSource(engine, statement, {"secret": SECRET}).columns()
        assert SECRET not in str(refusal.value)
        assert refusal.value.__suppress_context__

    def test_a_query_that_fails_on_the_way_does_not_quote_a_cell(self, postgres_url):
        engine = create_engine(postgres_url)
        rows = (
            "SELECT id, CAST(CASE WHEN id > 100 THEN 'علی' ELSE '1' END AS int) AS n FROM generate_series(1, 200) AS id"
        )
        with pytest.raises(ConfigurationError, match="InvalidTextRepresentation") as refusal:
            read(SqlSource(engine, rows), "n")
        assert "علی" not in str(refusal.value)
        engine.dispose()

    def test_its_description_holds_no_credential(self):
        engine = create_engine("postgresql+psycopg://user:hidden@host/shop?sslpassword=hidden")
        assert SqlSource(engine, "SELECT 1").description == "a query on postgresql, database shop"


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["۰۰۱", "007", " a ", '"', "a,\r\nb"]
)


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(st.tuples(texts, texts), max_size=6))
def test_a_csv_that_pandas_wrote_is_read_cell_by_cell(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    pd.DataFrame(rows, columns=["a", "b"]).to_csv(path, index=False, quoting=1, lineterminator="\r\n")
    assert read(FileSource(path), "a", "b") == rows


@settings(max_examples=400, deadline=None)
@given(
    lines=st.lists(
        st.lists(st.sampled_from(["", "7", " a", "ش", '"b"', '"c,\nd"', 'e"', "\0", "\u2028"]), min_size=1), max_size=8
    ),
    ends=st.lists(st.sampled_from(["\n", "\r\n", "\r", "\n\n"]), min_size=1),
    last=st.sampled_from(["", "\n", "\r\n", "\udcff\n"]),
    together=st.integers(1, 4),
)
def test_a_csv_is_read_as_pythons_reader_does_whatever_its_lines_are(lines, ends, last, together):
    """Whether lines were split or read, and where the one ended and the other began, cannot be seen."""
    separators = (ends[place % len(ends)] for place in range(len(lines)))
    text = "id,b" + "".join(end + ",".join(cells) for end, cells in zip(separators, lines, strict=False)) + last
    content = text.encode("utf-8", "surrogateescape")
    with (
        mock.patch.object(comma_separated, "BATCH_ROWS", together),
        mock.patch.object(comma_separated, "_PIECE_BYTES", 7),
    ):
        found, reason = [], None
        try:
            for frame in FileSource(Stored("a.csv", content)).batches(["b", "id"]):
                assert 0 < len(frame) <= together
                found += frame.itertuples(index=False, name=None)
        except InvalidInput as refusal:
            reason = refusal.reason
    wanted, broken = [], None
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        content.decode()
        for cells in list(filter(None, reader))[1:]:
            if len(cells) != 2:
                broken = "cells"
                break
            wanted.append((cells[1], cells[0]))
    except UnicodeDecodeError:
        broken = reason if reason in ("encoding", "cells", "quotes") else "encoding"
    except csv.Error:
        broken = reason if reason in ("cells", "quotes") else "quotes"
    assert reason == broken
    assert broken or found == wanted


def test_a_csv_is_split_at_commas_up_to_its_first_quote(tmp_path, monkeypatch):
    monkeypatch.setattr(comma_separated, "BATCH_ROWS", 2)
    source = a_file(tmp_path, "a.csv", 'id,b\n1,a\n2,b\n3,"c"\n4,d\n5,e\n')
    read_by_python = []
    reader = csv.reader
    monkeypatch.setattr(
        csv, "reader", lambda text, **how: (read_by_python.append(row) or row for row in reader(text, **how))
    )
    assert read(source) == [("1", "a"), ("2", "b"), ("3", "c"), ("4", "d"), ("5", "e")]
    assert read_by_python == [["3", "c"], ["4", "d"], ["5", "e"]]
