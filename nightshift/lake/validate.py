"""Raw rows of one object -> rows of one table: typed, redacted, without duplicates; what does not fit is set aside.

cleaner = Cleaner(mapping, key="secret")
cleaner.add(1, {"id": "T-1", "opened": "2026-01-05", "text": "mail ann@example.org"})
cleaner.rows() -> [{"ticket_id": "T-1", ..., "body": "mail [EMAIL]"}]
cleaner.bad    -> [BadRow(number=7, reason='missing key', fields='{"created_at": "2026-01-05", ...}')]
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from nightshift.errors import MappingError
from nightshift.lake.parse import (
    BAD_TIME,
    EMPTY_TEXT,
    MISSING_KEY,
    MISSING_VALUE,
    READ,
    WRONG_TYPE,
    BadValue,
    to_cents,
    to_time,
)
from nightshift.privacy.pseudonym import pseudonym
from nightshift.privacy.redact import redact
from nightshift.schema import TABLES, Column, Kind
from nightshift.sources.mapping import Expression, Sections, TableMapping, Value
from nightshift.sources.readers import BrokenRow, Row, flattened

VERSION = "1"  # raise it when the same raw row should give another row: the lake then reads its objects again
DUPLICATE = "duplicate"
_HIDDEN = (Kind.CUSTOMER, Kind.HIDDEN)  # kept as pseudonyms
_LISTED = re.compile(r"[;,|]")  # how exports write a list in one CSV field


@dataclass(frozen=True)
class BadRow:
    """One row for the quarantine. `fields` is JSON of what the mapping read, redacted; '' when the row was unreadable."""

    number: int
    reason: str
    fields: str = ""


@dataclass
class RowValidator:
    """Takes the raw rows of one object for one table. `key` is the secret of the pseudonyms."""

    mapping: TableMapping
    key: str
    bad: list[BadRow] = field(default_factory=list)
    redacted: Counter[str] = field(default_factory=Counter)
    defaults: Row = field(init=False)
    _kept: dict[tuple[object, ...], tuple[int, Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.defaults = typed_defaults(self.mapping)

    def add(self, number: int, raw: Row | BrokenRow) -> None:
        """Take one raw row: it becomes none, one or several rows, or goes to `bad`."""
        if isinstance(raw, BrokenRow):
            self.bad.append(BadRow(number, raw.reason))
            return
        if not all(_is_one_of(raw.get(name), wanted) for name, wanted in self.mapping.where.items()):
            return
        try:
            exploded = list(_exploded(raw, self.mapping.explode))
        except BadValue as problem:
            self._set_aside(number, problem.reason, raw)
            return
        for one in exploded:
            try:
                row = typed(one, self.mapping, self.defaults)
            except BadValue as problem:
                self._set_aside(number, problem.reason, one)
            else:
                self._keep(number, row, one)

    def rows(self) -> list[Row]:
        """The good rows, sorted by key."""
        return [row for _, (_, row) in sorted(self._kept.items(), key=lambda item: item[0])]

    def _keep(self, number: int, row: Row, raw: Row) -> None:
        """Of two rows with one key the later one stays, by updated_at; the other is a duplicate."""
        table = TABLES[self.mapping.table]
        for name, column in table.columns.items():
            if column.kind in _HIDDEN:
                row[name] = pseudonym(str(row[name]), self.key)
        key = tuple(row[name] for name in table.keys)
        earlier = self._kept.get(key)
        if earlier and not _later(row, earlier[1]):
            self._set_aside(number, DUPLICATE, raw)
            return
        for name, column in table.columns.items():
            if column.kind is Kind.TEXT:
                row[name], found = redact(str(row[name]))
                self.redacted.update(found)
        if earlier:
            self.bad.append(
                BadRow(earlier[0], DUPLICATE, _json({name: str(value) for name, value in earlier[1].items()}))
            )
        self._kept[key] = (number, row)

    def _set_aside(self, number: int, reason: str, raw: Row) -> None:
        columns = TABLES[self.mapping.table].columns
        shown = {name: self._shown(columns[name], by, raw) for name, by in self.mapping.columns.items()}
        self.bad.append(BadRow(number, reason, _json(shown)))

    def _shown(self, column: Column, by: Expression, raw: Row) -> str:
        """A raw value fit to be kept: a customer or a secret as the pseudonym, everything else redacted."""
        present = [raw[name] for name in by.names if raw.get(name) is not None]
        text = "\n\n".join(value if isinstance(value, str) else str(value) for value in present)
        text = text.encode("utf-8", "replace").decode()
        return pseudonym(text.strip(), self.key) if column.kind in _HIDDEN else redact(text)[0]


def typed_defaults(mapping: TableMapping) -> Row:
    """The mapping's defaults as values of their columns. Raises MappingError."""
    defaults: Row = {}
    for name, value in mapping.defaults.items():
        kind = TABLES[mapping.table].columns[name].kind
        try:
            defaults[name] = READ[kind](value)
        except BadValue as problem:
            raise MappingError(
                f"the default of {mapping.table}.{name} cannot be used: {problem.reason}",
                f"give a value that fits a column of kind {kind.value}; a time as 2026-01-31",
            ) from problem
    return defaults


def typed(raw: Row, mapping: TableMapping, defaults: Row) -> Row:
    """One raw row as a row of the table, not yet redacted. Raises BadValue with the reason."""
    table = TABLES[mapping.table]
    row: Row = {}
    for name, column in table.columns.items():
        value: object = None
        if name in mapping.columns:
            value = _evaluated(mapping.columns[name], raw, column.kind, mapping.time_format)
        elif name == "body" and mapping.sections:
            value = _markdown(raw.get(mapping.sections.column), mapping.sections)
        if value in (None, "") and name in defaults:
            value = defaults[name]
        if value in (None, ""):
            if column.required:
                raise BadValue(_lacking(column, is_key=name in table.keys))
            value = ""
        row[name] = value
    return row


def _lacking(column: Column, *, is_key: bool) -> str:
    if is_key:
        return MISSING_KEY
    return EMPTY_TEXT if column.kind is Kind.TEXT else BAD_TIME if column.kind is Kind.TIME else MISSING_VALUE


def _evaluated(by: Expression, raw: Row, kind: Kind, time_format: str) -> object:
    value = raw.get(by.names[0])
    if len(by.names) > 1:
        texts = [READ[Kind.TEXT](raw.get(name)) for name in by.names]
        return READ[kind]("\n\n".join(str(text) for text in texts if text))
    if by.operation == "is":
        return _is_one_of(value, by.values)
    if by.operation == "not":
        flag = READ[Kind.FLAG](value)
        return None if flag is None else not flag
    if by.operation == "cents":
        return to_cents(value, scale=2)
    return to_time(value, time_format) if kind is Kind.TIME else READ[kind](value)


def _is_one_of(value: object, wanted: tuple[Value, ...]) -> bool:
    """Whether a raw value is one of those; a CSV has only texts, so 'true' is true, '3' is 3 and '' is null."""
    return _plain(value) in {_plain(each) for each in wanted}


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value).strip()


def _exploded(raw: Row, column: str) -> Iterator[Row]:
    """The row once for each different element of its list column, in order. A text is split at ; , or |."""
    if not column:
        yield raw
        return
    elements = raw.get(column)
    if isinstance(elements, str):
        elements = [part.strip() for part in _LISTED.split(elements) if part.strip()]
    if elements is not None and not isinstance(elements, list):
        raise BadValue(WRONG_TYPE)
    seen = set()
    for element in elements or ():
        one = flattened({column: element})
        if (mark := repr(one)) not in seen:
            seen.add(mark)
            yield raw | one


def _markdown(value: object, names: Sections) -> str:
    """Sections as Markdown: a heading, or '' for the lead, and its text."""
    if value is None:
        return ""
    if not isinstance(value, list) or not all(isinstance(section, dict) for section in value):
        raise BadValue(WRONG_TYPE)
    blocks = []
    for section in value:
        heading = READ[Kind.TEXT](section.get(names.heading))
        text = READ[Kind.TEXT](section.get(names.text))
        blocks.append(f"## {heading}\n{text}" if heading else str(text))
    return "\n\n".join(block for block in blocks if block)


def _later(row: Row, earlier: Row) -> bool:
    now, then = row.get("updated_at"), earlier.get("updated_at")
    return isinstance(now, datetime) and isinstance(then, datetime) and now > then


def _json(fields: Row | dict[str, str]) -> str:
    return json.dumps(fields, ensure_ascii=False, sort_keys=True)
