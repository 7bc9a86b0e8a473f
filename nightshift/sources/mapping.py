"""A mapping file: how somebody's files become tables of the lake, without code.

    tables:
      tickets:
        files: tickets/*.csv                      # * stays in a folder, ** goes into folders
        columns: {ticket_id: Id, created_at: Created, updated_at: Updated, body: [Subject, Description]}
        where: {Type: ticket}                     # only these rows
        defaults: {status: open}                  # where the file has nothing

docs/bring-your-own-data.md tells it at length, with two complete examples.
"""

import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import NoReturn

import yaml

from nightshift.errors import MappingError
from nightshift.schema import TABLES, Kind

SHIPPED = Path(__file__).parent / "mappings"
FORMATS = {".parquet": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".md": "markdown"}
TABLE_KEYS = ("files", "format", "columns", "where", "explode", "sections", "defaults", "delimiter", "time_format")
OPERATIONS = ("not", "is", "cents")

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Expression:
    """What fills a column: raw columns (several are joined by a blank line), and what is done to the first.

    `operation` is '' or one of: not (a flag turned round), is (whether it has one of `values`), cents ('19.99' -> 1999).
    """

    names: tuple[str, ...]
    operation: str = ""
    values: tuple[Value, ...] = ()


@dataclass(frozen=True)
class Sections:
    """A list of sections that becomes the Markdown body of an article."""

    column: str
    heading: str
    text: str


@dataclass(frozen=True)
class TableMapping:
    """How one table of the lake is read from the files that `files` matches."""

    table: str
    files: str
    format: str
    columns: dict[str, Expression]
    where: dict[str, tuple[Value, ...]] = field(default_factory=dict)
    explode: str = ""
    sections: Sections | None = None
    defaults: dict[str, Value] = field(default_factory=dict)
    delimiter: str = ","
    time_format: str = ""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """`files` as a regular expression over object names."""
        parts = re.split(r"(\*\*/|\*|\?)", self.files)
        shapes = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
        return re.compile("".join(shapes.get(part, re.escape(part)) for part in parts))

    def reads(self, name: str) -> bool:
        """Whether the object called `name` holds rows of this table."""
        return self.pattern.fullmatch(name) is not None

    @cached_property
    def raw_columns(self) -> dict[str, str]:
        """Raw column -> what wants it, for a message: {'opened': 'tickets.created_at'}."""
        lake = TABLES[self.table].columns
        required_last = sorted(self.columns.items(), key=lambda item: lake[item[0]].required)
        wanted = {name: f"{self.table}.{column}" for column, by in required_last for name in by.names}
        for name in (*self.where, self.explode, self.sections.column if self.sections else ""):
            if name:
                wanted.setdefault(name, self.table)
        return wanted


@dataclass(frozen=True)
class DeliveryMapping:
    """A whole mapping file. `name` is what a person called it: a shipped name or a path."""

    name: str
    tables: tuple[TableMapping, ...]

    @cached_property
    def digest(self) -> str:
        """Changes with the meaning of the mapping, not with its name, comments or layout."""
        content = json.dumps([asdict(table) for table in self.tables], sort_keys=True, default=str)
        return hashlib.sha256(content.encode()).hexdigest()

    def tables_of(self, name: str) -> list[TableMapping]:
        """The tables that read the object called `name`."""
        return [table for table in self.tables if table.reads(name)]


def load_mapping(name: str) -> DeliveryMapping:
    """The mapping shipped as `name`, or the one in the .yaml file at that path. Raises MappingError."""
    shipped = sorted(path.stem for path in SHIPPED.glob("*.yaml"))
    path = SHIPPED / f"{name}.yaml" if name in shipped else Path(name)
    if not path.is_file():
        raise MappingError(
            f"there is no mapping {name!r}", f"name a shipped one ({', '.join(shipped)}) or the path of a .yaml file"
        )
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = "" if line is None else f" (line {line + 1})"
        raise MappingError(f"mapping {name} is not YAML{where}", "correct that line; indent with spaces") from error
    return parse_mapping(content, name)


def parse_mapping(content: object, name: str) -> DeliveryMapping:
    """A mapping from its YAML value. Raises MappingError, which names what is wrong and what would be right."""
    top = _section(content, name, ("tables",))
    tables = _section(top.get("tables"), f"{name}: tables", tuple(TABLES))
    if not tables:
        raise MappingError(f"{name}: tables is empty", f"map at least one of: {', '.join(TABLES)}")
    return DeliveryMapping(name, tuple(_table(f"{name}: {table}", table, value) for table, value in tables.items()))


def _table(where: str, table: str, value: object) -> TableMapping:
    raw = _section(value, where, TABLE_KEYS)
    files = _text(raw.get("files"), f"{where}: files")
    lake = TABLES[table].columns
    columns = {
        column: _expression(by, f"{where}: columns: {column}")
        for column, by in _section(raw.get("columns"), f"{where}: columns", tuple(lake)).items()
    }
    defaults = {
        column: _value(default, f"{where}: defaults: {column}")
        for column, default in _section(raw.get("defaults", {}), f"{where}: defaults", tuple(lake)).items()
    }
    sections = _sections(raw["sections"], where, table) if "sections" in raw else None
    given = {*columns, *defaults, *(["body"] if sections else [])}
    if lacking := [column for column, spec in lake.items() if spec.required and column not in given]:
        raise MappingError(
            f"{where}: nothing fills {', '.join(lacking)}",
            f"name the raw column under `columns:`, or give a value for every row under `defaults:` ({lacking[0]}: ...)",
        )
    for column, by in columns.items():
        if by.operation in {"not", "is"} and lake[column].kind is not Kind.FLAG:
            _wrong(
                f"{where}: columns: {column}",
                f"{by.operation!r} gives true or false",
                "use it for by_helper or accepted",
            )
    conditions = _section(raw.get("where", {}), f"{where}: where", None)
    return TableMapping(
        table=table,
        files=files,
        format=_format(raw.get("format"), files, where),
        columns=columns,
        where={key: _values(wanted, f"{where}: where: {key}") for key, wanted in conditions.items()},
        explode=_text(raw.get("explode", ""), f"{where}: explode", empty=True),
        sections=sections,
        defaults=defaults,
        delimiter=_delimiter(raw.get("delimiter", ","), where),
        time_format=_text(raw.get("time_format", ""), f"{where}: time_format", empty=True),
    )


def _expression(value: object, where: str) -> Expression:
    if isinstance(value, Mapping):
        if set(value) == {"column", "is"}:
            return Expression((_text(value["column"], where),), "is", _values(value["is"], f"{where}: is"))
        if set(value) in ({"not"}, {"cents"}):
            (operation,) = value
            return Expression((_text(value[operation], where),), operation)
        _wrong(where, "is not understood", "use {not: COLUMN}, {cents: COLUMN} or {column: COLUMN, is: [VALUE, ...]}")
    if isinstance(value, list) and value:
        return Expression(tuple(_text(name, where) for name in value))
    return Expression((_text(value, where),))


def _sections(value: object, where: str, table: str) -> Sections:
    if table != "articles":
        _wrong(f"{where}: sections", "is for articles only", "remove it")
    raw = _section(value, f"{where}: sections", ("column", "heading", "text"))
    return Sections(*(_text(raw.get(key), f"{where}: sections: {key}") for key in ("column", "heading", "text")))


def _format(value: object, files: str, where: str) -> str:
    formats = sorted(set(FORMATS.values()))
    if value is None:
        suffix = PurePosixPath(files.removesuffix(".gz")).suffix
        if suffix not in FORMATS:
            _wrong(
                where, f"the format of {files!r} cannot be told from its name", f"add `format:` {', '.join(formats)}"
            )
        return FORMATS[suffix]
    if value not in formats:
        _unknown(where, "format", str(value), formats)
    return str(value)


def _delimiter(value: object, where: str) -> str:
    text = _text(value, f"{where}: delimiter")
    if len(text) != 1:
        _wrong(f"{where}: delimiter", "is not one character", 'write ",", ";" or "\\t" in double quotes')
    return text


def _section(value: object, where: str, valid: tuple[str, ...] | None) -> dict[str, object]:
    """A YAML mapping with known keys only; `valid` None takes any key."""
    if not isinstance(value, Mapping):
        _wrong(where, "is not a list of `key: value`", f"the keys are: {', '.join(valid or ('raw column names',))}")
    for key in value:
        if not isinstance(key, str) or (valid is not None and key not in valid):
            _unknown(where, "key", str(key), valid or ())
    return dict(value)


def _text(value: object, where: str, *, empty: bool = False) -> str:
    if not isinstance(value, str) or not (value or empty):
        _wrong(
            where,
            "is missing" if value is None else "is not a text",
            "give a text, in quotes if YAML reads it otherwise",
        )
    return value


def _value(value: object, where: str) -> Value:
    if isinstance(value, date):  # YAML reads 2026-01-31 as one
        return value.isoformat()
    if value is not None and not isinstance(value, str | int | float | bool):
        _wrong(where, "is not a single value", "give a text, a number, true, false or null")
    return value


def _values(value: object, where: str) -> tuple[Value, ...]:
    return tuple(_value(one, where) for one in (value if isinstance(value, list) else [value]))


def nearest(name: str, valid: Iterable[str]) -> str:
    """' did you mean X?' when some valid name is near, else ''."""
    near = difflib.get_close_matches(name, list(valid), n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}? " if near else ""


def _unknown(where: str, what: str, name: str, valid: Iterable[str]) -> NoReturn:
    valid = list(valid)
    raise MappingError(f"{where}: there is no {what} {name!r}", f"{nearest(name, valid)}valid: {', '.join(valid)}")


def _wrong(where: str, what: str, cure: str) -> NoReturn:
    raise MappingError(f"{where} {what}", cure)
