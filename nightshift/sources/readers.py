"""Reads raw files into rows; a broken line becomes a BrokenRow with the reason.

    {"id": "T-1", "requester": {"id": "K-7"}}   in JSONL becomes   {"id": "T-1", "requester.id": "K-7"}

A file that cannot be read as a whole raises UnreadableFile; broken lines go to the quarantine.
"""

import csv
import gzip
import io
import json
import re
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from nightshift.errors import MissingColumn, UnreadableFile
from nightshift.privacy.redact import redact
from nightshift.schema import TABLES
from nightshift.sources.mapping import TableMapping, nearest

Row = dict[str, object]

NOT_UTF8, NOT_JSON, FIELD_COUNT = "not valid UTF-8", "not a JSON object", "wrong number of fields"
UTF8_CURE = "export the file again as UTF-8 (in Excel: 'CSV UTF-8')"
WIDE_CHARACTERS = (b"\xff\xfe", b"\xfe\xff")  # byte order marks of UTF-16 and UTF-32
_FRONT_MATTER = re.compile(r"---\n(.*?)\n---\n?", re.DOTALL)
_FIRST_HEADING = re.compile(r"\s*# +(.+?)\s*(?:\n|$)")


@dataclass(frozen=True)
class BrokenRow:
    """A row that could not be read, and the reason. Its content is dropped: it may hold personal data."""

    reason: str


def read_rows(name: str, data: bytes, mappings: list[TableMapping]) -> Iterator[tuple[int, Row | BrokenRow]]:
    """The rows of one raw file with their numbers, from 1, not counting a CSV header.

    `mappings` are the tables that read it, all in one format. Raises UnreadableFile, and MissingColumn for a raw column
    that they name and the file lacks. In formats without a schema, columns that a table can do without may be absent.
    """
    rows = READERS[mappings[0].format](name, _unpacked(name, data), mappings)
    undecodable, number = 0, 0
    for number, row in enumerate(rows, start=1):
        undecodable += row == BrokenRow(NOT_UTF8)
        yield number, row
    if undecodable * 2 > number:
        raise UnreadableFile(f"{name} is not UTF-8: {undecodable} of its {number} rows cannot be decoded", UTF8_CURE)


def _unpacked(name: str, data: bytes) -> bytes:
    if not name.endswith(".gz"):
        return data
    if not data:
        raise UnreadableFile(f"{name} is empty", "deliver the file again: a gzip file has at least 20 bytes")
    try:
        return gzip.decompress(data)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableFile(
            f"{name} is a truncated or damaged gzip file ({len(data):,} bytes)", "deliver the file again, whole"
        ) from error


def _jsonl(name: str, data: bytes, mappings: list[TableMapping]) -> Iterator[Row | BrokenRow]:
    _refuse_wide_characters(name, data)
    data = data.removeprefix(b"\xef\xbb\xbf")
    if data.lstrip()[:1] == b"[":
        raise UnreadableFile(f"{name} is one JSON array", f"write one object a line: jq -c '.[]' {name}")
    seen: set[str] = set()
    valid = 0
    for line in io.BytesIO(data):
        if not line.strip():
            continue
        row = _json_row(line)
        if isinstance(row, dict):
            valid += 1
            seen |= row.keys()
        yield row
    if valid:
        _require(name, seen, mappings, optional_too=False)


def _json_row(line: bytes) -> Row | BrokenRow:
    try:
        value = json.loads(line.decode())
    except UnicodeDecodeError:
        return BrokenRow(NOT_UTF8)
    except (ValueError, RecursionError):
        return BrokenRow(NOT_JSON)
    return flattened(value) if isinstance(value, dict) else BrokenRow(NOT_JSON)


def flattened(value: Mapping[str, object], prefix: str = "") -> Row:
    """Nested objects with dotted names: {'a': {'b': 1}} -> {'a.b': 1}. Lists stay."""
    row: Row = {}
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            row |= flattened(inner, f"{prefix}{key}.")
        else:
            row[prefix + key] = inner
    return row


def _csv(name: str, data: bytes, mappings: list[TableMapping]) -> Iterator[Row | BrokenRow]:
    _refuse_wide_characters(name, data)
    csv.field_size_limit(min(sys.maxsize, 1 << 30))  # the default refuses texts of 128 KiB
    text = io.StringIO(data.decode("utf-8-sig", "surrogateescape"), newline="")
    lines = csv.reader(text, delimiter=mappings[0].delimiter, strict=True)
    try:
        header = [column.strip() for column in next(lines, [])]
        if not header or len(set(header)) < len(header) or any(map(_undecoded, header)):
            raise UnreadableFile(
                f"{name} has no usable first line (absent, a name twice, or not UTF-8)",
                "give every column a name of its own in the first line, in UTF-8",
            )
        _require(name, set(header), mappings, optional_too=True)
        for fields in lines:
            if not fields:
                continue
            if len(fields) != len(header):
                yield BrokenRow(FIELD_COUNT)
            elif any(map(_undecoded, fields)):
                yield BrokenRow(NOT_UTF8)
            else:
                yield dict(zip(header, fields, strict=True))
    except csv.Error as error:
        raise UnreadableFile(
            f"{name} is not CSV or is cut off near line {lines.line_num} ({error})",
            "deliver the file again, whole; a quote inside a quoted field is written twice",
        ) from error


def _undecoded(field: str) -> bool:
    return not field.isascii() and any("\ud800" <= character <= "\udfff" for character in field)


def _parquet(name: str, data: bytes, mappings: list[TableMapping]) -> Iterator[Row | BrokenRow]:
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        names = set(file.schema_arrow.names)
        _require(name, names, mappings, optional_too=True)
        needed = {column for mapping in mappings for column in mapping.raw_columns}
        tops = sorted({column if column in names else column.split(".")[0] for column in needed} & names)
        for batch in file.iter_batches(batch_size=8_192, columns=tops):
            columns = [_values(batch.column(column)) for column in tops]
            rows = (flattened(dict(zip(tops, row, strict=True))) for row in zip(*columns, strict=True))
            for row in rows:
                yield BrokenRow(NOT_UTF8) if BrokenRow(NOT_UTF8) in row.values() else row
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise UnreadableFile(
            f"{name} is a truncated or damaged Parquet file ({len(data):,} bytes)", "deliver the file again, whole"
        ) from error


def _values(array: pa.Array) -> list[object]:
    """The Python values of a column; a string that is not UTF-8 becomes a BrokenRow."""
    if pa.types.is_timestamp(array.type):
        array = array.cast(pa.timestamp("us", array.type.tz), safe=False)  # nanoseconds would need pandas
    try:
        values: list[object] = array.to_pylist()
    except UnicodeDecodeError:
        values = [_decoded(value) for value in array.cast(pa.large_binary()).to_pylist()]
    return values


def _decoded(value: bytes | None) -> str | BrokenRow | None:
    try:
        return value if value is None else value.decode()
    except UnicodeDecodeError:
        return BrokenRow(NOT_UTF8)


def _markdown(name: str, data: bytes, mappings: list[TableMapping]) -> Iterator[Row | BrokenRow]:
    """One article: its front matter, `stem` (file name without .md), `title` (or its first # heading) and `body`."""
    _refuse_wide_characters(name, data)
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"{name} is not UTF-8", UTF8_CURE) from error
    row: Row = {"stem": PurePosixPath(name).stem}
    if front := _FRONT_MATTER.match(text):
        try:
            row |= flattened(yaml.safe_load(front[1]) or {})
        except (yaml.YAMLError, AttributeError) as error:
            raise UnreadableFile(
                f"the front matter of {name} is not YAML", "write `key: value` lines; quote a value that holds ': '"
            ) from error
        text = text[front.end() :]
    heading = _FIRST_HEADING.match(text)
    if heading and "title" not in row:
        row["title"], text = heading[1], text[heading.end() :]
    row["body"] = text.strip()
    _require(name, row.keys(), mappings, optional_too=False)
    yield row


READERS: dict[str, Callable[[str, bytes, list[TableMapping]], Iterator[Row | BrokenRow]]] = {
    "jsonl": _jsonl,
    "csv": _csv,
    "parquet": _parquet,
    "markdown": _markdown,
}


def _refuse_wide_characters(name: str, data: bytes) -> None:
    if data.startswith(WIDE_CHARACTERS) or b"\x00" in data[:4096]:
        raise UnreadableFile(f"{name} is not UTF-8 text (UTF-16 or binary)", UTF8_CURE)


def _require(name: str, present: AbstractSet[str], mappings: list[TableMapping], *, optional_too: bool) -> None:
    """Raise MissingColumn unless the file has the raw columns that the mappings name."""
    # In a CSV without a header the names are the first row, which may hold personal data.
    names = [redact(column)[0][:60] for column in sorted(present)[:50]]
    for mapping in mappings:
        lake = TABLES[mapping.table].columns
        for raw, needed_by in mapping.raw_columns.items():
            column = needed_by.partition(".")[2]
            optional = column not in lake or not lake[column].required or column in mapping.defaults
            is_exploded = bool(mapping.explode) and f"{raw}.".startswith(f"{mapping.explode}.")
            is_present = not {raw, raw.partition(".")[0]}.isdisjoint(present)
            if is_present or (not optional_too and (optional or is_exploded)):
                continue
            raise MissingColumn(
                f"{name} has no column {raw!r} (wanted by {needed_by})",
                f"{nearest(raw, names)}name the right column in the mapping; the file has: {', '.join(names)}",
            )
