"""Readers: each format as rows, a broken line as a reason, a broken file as a typed error."""

import gzip
import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nightshift.errors import MissingColumn, UnreadableFile
from nightshift.sources.mapping_file import parse_mapping
from nightshift.sources.readers import FIELD_COUNT, NOT_JSON, NOT_UTF8, BrokenRow, read_rows

COLUMNS = {"ticket_id": "id", "article_id": "page", "resolved_at": "at"}


def mapping(**more):
    spec = {"files": "x.csv", "columns": COLUMNS} | more
    return parse_mapping({"tables": {"resolutions": spec}}, "m").tables[0]


def read(name, data, **more):
    return [row for _, row in read_rows(name, data, [mapping(files=name, **more)])]


def parquet(**columns):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


ROW = {"id": "1", "page": "p", "at": "2026-01-01"}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.csv", b"id,page,at\n1,p,2026-01-01\n"),
        ("x.csv", b"\xef\xbb\xbfid,page,at\r\n1,p,2026-01-01\r\n\r\n"),
        ("x.jsonl", b'{"id": "1", "page": "p", "at": "2026-01-01"}\n\n'),
        ("x.jsonl.gz", gzip.compress(b'{"id": "1", "page": "p", "at": "2026-01-01"}')),
        ("x.parquet", parquet(id=["1"], page=["p"], at=["2026-01-01"], other=[1])),
        ("x.parquet", parquet(id=pa.array(["1"]).dictionary_encode(), page=["p"], at=["2026-01-01"])),
    ],
)
def test_every_format_gives_the_same_row(name, data):
    """Every format of an export is read into the same row."""
    assert read(name, data) == [ROW]


def test_csv_fields_may_hold_lines_and_delimiters():
    """Quoted fields keep line ends, quotes and delimiters, and a text may be very long."""
    data = f'id;page;at\n1;"a ""b""; c\nd";2026\n2;{"x" * 300_000};2026\n'.encode()
    assert [row["page"] for row in read("x.csv", data, delimiter=";")] == ['a "b"; c\nd', "x" * 300_000]


def test_nested_values_have_dotted_names():
    """Objects inside JSON lines and structs inside Parquet are reached by dots."""
    data = json.dumps({"id": 1, "page": {"slug": "p", "by": {"x": 2}}, "at": "2026"}).encode()
    columns = COLUMNS | {"article_id": "page.slug"}
    assert read("x.jsonl", data, columns=columns)[0]["page.slug"] == "p"
    assert read("x.parquet", parquet(id=[1], page=[{"slug": "p"}], at=["2026"]), columns=columns)[0]["page.slug"] == "p"


def test_times_in_parquet_need_no_pandas():
    """Nanoseconds with a zone come as plain times."""
    at = pa.array([1_767_225_600_000_000_001], pa.timestamp("ns", "UTC"))
    (row,) = read("x.parquet", parquet(id=[1], page=["p"], at=at))
    assert row["at"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert type(row["at"]) is datetime


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("x.csv", b"id,page,at\n1,p,a\n2,p\n3,p,a\n", FIELD_COUNT),
        ("x.csv", b"id,page,at\n1,p,a\n2,caf\xe9,a\n3,p,a\n", NOT_UTF8),
        ("x.jsonl", b'{"id": 1, "page": 1, "at": 1}\n{"id": 2,\n{"id": 3}\n', NOT_JSON),
        ("x.jsonl", b'{"id": 1, "page": 1, "at": 1}\n[1]\n{"id": 3}\n', NOT_JSON),
        ("x.jsonl", b'{"id": 1, "page": 1, "at": 1}\n{"id": "\xff"}\n{"id": 3}\n', NOT_UTF8),
        ("x.jsonl", b'{"id": 1, "page": 1, "at": 1}\n' + b'{"a":' * 200_000 + b'\n{"id": 3}\n', NOT_JSON),
        (
            "x.parquet",
            parquet(
                id=[1, 2, 3],
                page=pa.Array.from_buffers(pa.string(), 3, pa.array([b"a", b"\xff", b"b"]).buffers()),
                at=["a"] * 3,
            ),
            NOT_UTF8,
        ),
    ],
)
def test_a_broken_line_has_a_reason_and_the_others_are_read(name, data, reason):
    """A broken line becomes a BrokenRow with its reason, and the rows around it are read."""
    first, second, third = read(name, data)
    assert isinstance(first, dict)
    assert second == BrokenRow(reason)
    assert isinstance(third, dict)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("x.parquet", parquet(id=[1], page=["p"], at=["a"])[:-20], "truncated or damaged Parquet"),
        ("x.parquet", b"", "truncated or damaged Parquet"),
        ("x.parquet", b"PAR1" + b"\x00" * 50 + b"PAR1", "truncated or damaged Parquet"),
        ("x.jsonl.gz", gzip.compress(b'{"id": 1}' * 1000)[:-12], "truncated or damaged gzip"),
        ("x.jsonl.gz", b"", "is empty"),
        ("x.jsonl.gz", b"not gzip at all", "truncated or damaged gzip"),
        ("x.csv", "id,page,at\n1,p,a\n".encode("utf-16"), "not UTF-8"),
        ("x.csv", "id,page,at\n1,p,a\n".encode("utf-16-le"), "not UTF-8"),
        ("x.csv", "id,page,at\n1,é,a\n2,ü,a\n3,p,a\n".encode("latin-1"), "2 of its 3 rows"),
        ("x.csv", "id,pagé,at\n".encode("latin-1"), "no usable first line"),
        ("x.csv", b"", "no usable first line"),
        ("x.csv", b"id,id,at\n", "no usable first line"),
        ("x.csv", b'id,page,at\n1,"cut off', "cut off near line 2"),
        ("x.jsonl", b'[{"id": 1}]', "one JSON array"),
        ("x.md", b"---\ntitle: [\n---\nx", "front matter of x.md"),
        ("x.md", "café".encode("latin-1"), "not UTF-8"),
    ],
)
def test_a_broken_file_is_a_typed_error(name, data, message):
    """A file that cannot be read as a whole is an error with its name and a cure."""
    with pytest.raises(UnreadableFile) as caught:
        read(name, data)
    assert message in caught.value.what
    assert name in caught.value.what
    assert caught.value.cure


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.csv", b"id,pages,at\n1,p,a\n"),
        ("x.parquet", parquet(id=[1], pages=["p"], at=["a"])),
        ("x.jsonl", b'{"id": 1, "pages": "p", "at": "a"}'),
    ],
)
def test_a_missing_column_names_the_columns_of_the_file(name, data):
    """The error for an absent column names the most similar one and all others."""
    with pytest.raises(MissingColumn) as caught:
        read(name, data)
    assert caught.value.what == f"{name} has no column 'page' (wanted by resolutions.article_id)"
    assert "did you mean 'pages'?" in caught.value.cure
    assert "at, id, pages" in caught.value.cure


def test_a_missing_column_does_not_show_a_first_row():
    """A CSV without a header has data in place of names: personal data in it is redacted from the error."""
    with pytest.raises(MissingColumn) as caught:
        read("x.csv", b"17,ann@example.org,2026-01-01\n")
    assert "ann@" not in str(caught.value)


def test_json_may_leave_out_what_a_table_can_do_without():
    """A key that no line has is an error only for a required column."""
    columns = {"customer": "id", "since": "at", "country": "land"}
    tables = {
        name: parse_mapping({"tables": {"customers": {"files": name, "columns": columns}}}, "m").tables[0]
        for name in ("x.jsonl", "x.csv")
    }
    rows = read_rows("x.jsonl", b'{"id": 1, "at": "2026"}', [tables["x.jsonl"]])
    assert list(rows) == [(1, {"id": 1, "at": "2026"})]
    with pytest.raises(MissingColumn):
        list(read_rows("x.csv", b"id,at\n1,2026\n", [tables["x.csv"]]))


def test_markdown_is_an_article():
    """Front matter, file name and text become one row; without a title the first heading is the title."""
    columns = {"article_id": "stem", "title": "title", "body": "body", "updated_at": "at"}
    table = parse_mapping({"tables": {"articles": {"files": "a/*.md", "columns": columns}}}, "m").tables[0]
    data = b"---\nat: 2026-01-02\ntopic: t\n---\n# Drying\n\nLead.\n\n## Rain\nText.\n"
    ((_, row),) = read_rows("a/drying.md", data, [table])
    assert (row["stem"], row["title"], row["body"]) == ("drying", "Drying", "Lead.\n\n## Rain\nText.")
    ((_, row),) = read_rows("a/d.md", b"---\r\nat: 1\r\ntitle: T\r\n---\r\nLead.\r\n", [table])
    assert (row["title"], row["body"]) == ("T", "Lead.")
    with pytest.raises(MissingColumn, match="'at'"):
        list(read_rows("a/d.md", b"# T\nLead.", [table]))
