"""A mapping: how the files of an export become tables of the lake, without code.

    tables:
      tickets:
        files: tickets/*.csv                      # * stays in a folder, ** goes into folders
        columns: {ticket_id: Id, created_at: Created, updated_at: Updated, body: [Subject, Description]}
        where: {Type: ticket}                     # only these rows
        defaults: {status: open}                  # for rows without a value

nightshift/sources/mapping_file.py reads it; docs/bring-your-own-data.md describes it, with two complete examples.
"""

import difflib
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Literal

from nightshift.schema import TABLES

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Expression:
    """What fills a column: raw columns (several are joined by a blank line), and an operation on the first.

    `operation` is '' or one of: not (a flag negated), is (whether it has one of `values`), cents ('19.99' -> 1999).
    """

    names: tuple[str, ...]
    operation: Literal["", "not", "is", "cents"] = ""
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
        """Raw column -> the lake column that needs it, for messages: {'opened': 'tickets.created_at'}."""
        lake = TABLES[self.table].columns
        required_last = sorted(self.columns.items(), key=lambda item: lake[item[0]].required)
        needed = {name: f"{self.table}.{column}" for column, source in required_last for name in source.names}
        for name in (*self.where, self.explode, self.sections.column if self.sections else ""):
            if name:
                needed.setdefault(name, self.table)
        return needed


@dataclass(frozen=True)
class DeliveryMapping:
    """A whole mapping file. `name` is that of a shipped mapping or the path of a file."""

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


def nearest(name: str, valid: Iterable[str]) -> str:
    """'did you mean X? ' with the most similar valid name, '' when none is similar."""
    similar = difflib.get_close_matches(name, list(valid), n=1, cutoff=0.6)
    return f"did you mean {similar[0]!r}? " if similar else ""
