"""Ingests a delivery: reads new and changed objects, then makes the new snapshot current.

snapshot, work = ingest(open_source("simulate://shop?night=1", night.settings), night)

A failure leaves the last snapshot current: parts are content-addressed, and the ingest state is written last.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC
from itertools import groupby

from nightshift.artifacts import Snapshot
from nightshift.errors import EmptyDelivery, NightOutOfOrder, TooManyBadRows
from nightshift.lake import validate
from nightshift.lake.ingest_state import IngestedObject, IngestState, read_ingest_state, write_ingest_state
from nightshift.lake.manifest import Manifest, Part, snapshot_of
from nightshift.lake.parts import newest, put_part, put_quarantine
from nightshift.lake.validate import RowValidator
from nightshift.night import Night
from nightshift.privacy import redact
from nightshift.privacy.pseudonym import pseudonym
from nightshift.progress import EVERY_SECONDS, log, track
from nightshift.schema import TABLES
from nightshift.sources import Source, SourceObject
from nightshift.sources.mapping import DeliveryMapping, TableMapping
from nightshift.sources.readers import BrokenRow, Row, read_rows
from nightshift.store import Store

BAD_SHARE, BAD_ROWS = 0.05, 20  # more bad rows than both of these refuse a delivery


@dataclass(frozen=True)
class LakeWork:
    """The counts of one ingest, for the run log. `rows_read` counts the rows of tables, good and bad."""

    objects: int = 0
    new: int = 0
    changed: int = 0
    deleted: int = 0
    rows_read: int = 0
    redacted: dict[str, int] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)


@dataclass
class _Counts:
    """The rows read so far in this ingest."""

    rows: int = 0
    redacted: Counter[str] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=Counter)
    first_bad: dict[str, str] = field(default_factory=dict)  # reason -> object and row of its first occurrence


def ingest(source: Source, night: Night) -> tuple[Snapshot, LakeWork]:
    """Ingest a delivery. Raises EmptyDelivery, NightOutOfOrder, TooManyBadRows, SourceError, StoreFull."""
    store, settings = night.store, night.settings
    state = read_ingest_state(store, source.key)
    as_of = _as_of(source)
    if as_of and as_of < state.as_of:
        raise NightOutOfOrder(
            f"this delivery of {source.key} is of {as_of}, but the lake already holds {state.as_of}",
            "run the nights in order; to go back to an earlier state use another store (NIGHTSHIFT_STORE)",
        )
    objects = [item for item in source.objects() if source.mapping.tables_of(item.name)]
    _refuse_empty(source, objects, state)
    version = rules_version(source.mapping, settings.pseudonym_key)
    known = state.entries
    entries = {
        item.name: known[item.name]
        for item in objects
        if item.name in known and known[item.name].is_current(item.etag, version, store)
    }
    stale = [item for item in objects if item.name not in entries]
    counts = _Counts()
    for item in track(stale, "lake", len(stale), "objects"):
        parts = _read(item.name, source, store, settings.pseudonym_key, counts)
        entries[item.name] = IngestedObject(item.etag, version, parts)
    _refuse_bad(counts)
    manifest = _manifest(entries)
    if not any(manifest.rows.values()):
        raise EmptyDelivery(
            f"the delivery at {source.url} has no usable row: {len(objects)} objects, "
            f"bad rows: {_summary(manifest.reasons)}",
            "check that the files hold rows and that `where` in the mapping does not leave all of them out",
        )
    snapshot = snapshot_of(store, manifest, as_of)
    write_ingest_state(store, source.key, IngestState(as_of, snapshot.digest, entries))
    work = LakeWork(
        objects=len(objects),
        new=sum(item.name not in known for item in stale),
        changed=sum(item.name in known for item in stale),
        deleted=len(known.keys() - entries.keys()),
        rows_read=counts.rows,
        redacted=dict(sorted(counts.redacted.items())),
        quarantined=dict(sorted(counts.bad.items())),
    )
    return snapshot, work


def rules_version(mapping: DeliveryMapping, pseudonym_key: str) -> str:
    """A digest of all that decides how raw bytes become a part; objects read under another version are read again."""
    rules = [mapping.digest, redact.VERSION, validate.VERSION, pseudonym("rules_version", pseudonym_key)]
    return hashlib.sha256("\n".join(rules).encode()).hexdigest()


def _as_of(source: Source) -> str:
    time = source.as_of()
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if time else ""


def _refuse_empty(source: Source, objects: list[SourceObject], state: IngestState) -> None:
    """Raise EmptyDelivery for a table that no file ever matched. One that lost its last file is a deletion."""
    names = [item.name for item in objects] + list(state.entries)
    for mapping in source.mapping.tables:
        if not any(mapping.reads(name) for name in names):
            raise EmptyDelivery(
                f"{source.url} has no file {mapping.files} (wanted by {mapping.table})",
                f"check `files:` of {mapping.table} in mapping {source.mapping.name}, or leave the table out of it",
            )
    if not objects:
        raise EmptyDelivery(
            f"{source.url} holds nothing any more; it held {len(state.entries)} objects",
            "deliver the files again; the last snapshot stays current",
        )


def _read(name: str, source: Source, store: Store, key: str, counts: _Counts) -> dict[str, Part]:
    """Read one object into a part for each table that is mapped to it."""
    data = source.read(name)
    raw = hashlib.sha256(data).hexdigest()
    parts = {}
    mappings = sorted(source.mapping.tables_of(name), key=_layout)
    for _, group in groupby(mappings, key=_layout):
        validators = [RowValidator(mapping, key) for mapping in group]
        rows = read_rows(name, data, [validator.mapping for validator in validators])
        for number, row in _with_progress(rows, name):
            for validator in (
                validators[:1] if isinstance(row, BrokenRow) else validators
            ):  # a row broken for all tables counts once
                validator.add(number, row)
        for validator in validators:
            parts[validator.mapping.table] = _put(store, name, raw, validator, counts)
    return parts


def _with_progress(rows: Iterator[tuple[int, Row | BrokenRow]], name: str) -> Iterator[tuple[int, Row | BrokenRow]]:
    """The rows; for a long file the number of rows read is logged every few seconds."""
    logged = time.monotonic()
    for number, row in rows:
        yield number, row
        if time.monotonic() - logged >= EVERY_SECONDS:
            logged = time.monotonic()
            log(f"    lake  {name}  {number:,} rows")


def _layout(mapping: TableMapping) -> tuple[str, str]:
    return mapping.format, mapping.delimiter


def _put(store: Store, name: str, raw: str, validator: RowValidator, counts: _Counts) -> Part:
    table, rows = validator.mapping.table, validator.rows()
    reasons = Counter(bad.reason for bad in validator.bad)
    counts.rows += len(rows) + len(validator.bad)
    counts.redacted.update(validator.redacted)
    counts.bad.update(reasons)
    for bad in validator.bad:
        counts.first_bad.setdefault(bad.reason, f"{name} row {bad.number}")
    return Part(
        object=name,
        raw=raw,
        digest=put_part(store, table, rows),
        rows=len(rows),
        newest=newest(table, rows),
        quarantined=dict(sorted(reasons.items())),
        quarantine=put_quarantine(store, validator.bad),
    )


def _refuse_bad(counts: _Counts) -> None:
    bad = counts.bad.total()
    if bad > max(BAD_ROWS, BAD_SHARE * counts.rows):
        examples = "; ".join(f"{reason}: {where}" for reason, where in sorted(counts.first_bad.items()))
        raise TooManyBadRows(
            f"{bad:,} of {counts.rows:,} new rows are bad ({_summary(counts.bad)})",
            f"correct the source or its mapping; the first of each kind: {examples}",
        )


def _summary(reasons: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in sorted(reasons.items())) or "none"


def _manifest(entries: dict[str, IngestedObject]) -> Manifest:
    """The parts of every table; a table without a mapping has none."""
    by_name = [entries[name].parts for name in sorted(entries)]
    return Manifest({table: tuple(parts[table] for parts in by_name if table in parts) for table in TABLES})
