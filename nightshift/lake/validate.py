"""Validates the raw rows of one object for one table: typed, redacted, without duplicates; bad rows are quarantined.

validator = RowValidator(mapping, key="secret")
validator.add(1, {"id": "T-1", "opened": "2026-01-05", "text": "mail ann@example.org"})
validator.rows() -> [{"ticket_id": "T-1", ..., "body": "mail [EMAIL]"}]
validator.bad    -> [BadRow(number=7, reason='missing key', fields='{"created_at": "2026-01-05", ...}')]
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
_HIDDEN = (Kind.CUSTOMER, Kind.HIDDEN)  # stored as pseudonyms
_LISTED = re.compile(r"[;,|]")  # how exports write a list in one CSV field


@dataclass(frozen=True)
class BadRow:
    """A row for the quarantine. `fields` is redacted JSON of the mapped columns; '' for an unreadable row."""

    number: int
    reason: str
    fields: str = ""


@dataclass
class RowValidator:
    """Collects the raw rows of one object as rows of one table. `key` is the secret of the pseudonyms."""

    mapping: TableMapping
    key: str
    bad: list[BadRow] = field(default_factory=list)
    redacted: Counter[str] = field(default_factory=Counter)
    defaults: Row = field(init=False)
    _by_key: dict[tuple[object, ...], tuple[int, Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.defaults = typed_defaults(self.mapping)

    def add(self, number: int, raw: Row | BrokenRow) -> None:
        """Add a raw row: it becomes none, one or several rows, or a BadRow."""
        if isinstance(raw, BrokenRow):
            self.bad.append(BadRow(number, raw.reason))
            return
        if not all(_is_in(raw.get(name), values) for name, values in self.mapping.where.items()):
            return
        try:
            exploded = list(_exploded(raw, self.mapping.explode))
        except BadValue as problem:
            self._quarantine(number, problem.reason, raw)
            return
        for element in exploded:
            try:
                row = typed(element, self.mapping, self.defaults)
            except BadValue as problem:
                self._quarantine(number, problem.reason, element)
            else:
                self._add(number, row, element)

    def rows(self) -> list[Row]:
        """The valid rows, sorted by key."""
        return [row for _, (_, row) in sorted(self._by_key.items(), key=lambda item: item[0])]

    def _add(self, number: int, row: Row, raw: Row) -> None:
        """Of two rows with one key the later one by updated_at stays; the earlier one is a duplicate."""
        table = TABLES[self.mapping.table]
        for name, column in table.columns.items():
            if column.kind in _HIDDEN:
                row[name] = pseudonym(str(row[name]), self.key)
        key = tuple(row[name] for name in table.keys)
        earlier = self._by_key.get(key)
        if earlier and not _later(row, earlier[1]):
            self._quarantine(number, DUPLICATE, raw)
            return
        for name, column in table.columns.items():
            if column.kind is Kind.TEXT:
                row[name], counts = redact(str(row[name]))
                self.redacted.update(counts)
        if earlier:
            self.bad.append(
                BadRow(earlier[0], DUPLICATE, _json({name: str(value) for name, value in earlier[1].items()}))
            )
        self._by_key[key] = (number, row)

    def _quarantine(self, number: int, reason: str, raw: Row) -> None:
        columns = TABLES[self.mapping.table].columns
        fields = {
            name: self._redacted_value(columns[name], source, raw) for name, source in self.mapping.columns.items()
        }
        self.bad.append(BadRow(number, reason, _json(fields)))

    def _redacted_value(self, column: Column, source: Expression, raw: Row) -> str:
        """A raw value without personal data: a customer or a secret as its pseudonym, everything else redacted."""
        present = [raw[name] for name in source.names if raw.get(name) is not None]
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
    """A raw row as a row of the table, before redaction. Raises BadValue with the reason."""
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
                raise BadValue(_reason_for_none(column, is_key=name in table.keys))
            value = ""
        row[name] = value
    return row


def _reason_for_none(column: Column, *, is_key: bool) -> str:
    if is_key:
        return MISSING_KEY
    return EMPTY_TEXT if column.kind is Kind.TEXT else BAD_TIME if column.kind is Kind.TIME else MISSING_VALUE


def _evaluated(source: Expression, raw: Row, kind: Kind, time_format: str) -> object:
    value = raw.get(source.names[0])
    if len(source.names) > 1:
        texts = [READ[Kind.TEXT](raw.get(name)) for name in source.names]
        return READ[kind]("\n\n".join(str(text) for text in texts if text))
    if source.operation == "is":
        return _is_in(value, source.values)
    if source.operation == "not":
        flag = READ[Kind.FLAG](value)
        return None if flag is None else not flag
    if source.operation == "cents":
        return to_cents(value, scale=2)
    return to_time(value, time_format) if kind is Kind.TIME else READ[kind](value)


def _is_in(value: object, values: tuple[Value, ...]) -> bool:
    """Whether a raw value is among `values`. A CSV has only texts, so 'true' equals true and '' equals null."""
    return _as_text(value) in {_as_text(allowed) for allowed in values}


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value).strip()


def _exploded(raw: Row, column: str) -> Iterator[Row]:
    """The row with each distinct element of its list column, in order. A text is split at ; , or |."""
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
        fields = flattened({column: element})
        if (identity := repr(fields)) not in seen:
            seen.add(identity)
            yield raw | fields


def _markdown(value: object, names: Sections) -> str:
    """Sections as Markdown: each a heading, absent for the lead, and its text."""
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
    time, earlier_time = row.get("updated_at"), earlier.get("updated_at")
    return isinstance(time, datetime) and isinstance(earlier_time, datetime) and time > earlier_time


def _json(fields: Row | dict[str, str]) -> str:
    return json.dumps(fields, ensure_ascii=False, sort_keys=True)
