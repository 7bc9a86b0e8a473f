"""Take a delivery into the lake: read what is new or changed, and point to a new snapshot at the very end.

snapshot, work = ingest(open_source("simulate://shop?night=1", night.settings), night)

A failure leaves the last snapshot as it was: parts are content-addressed, and the ledger is written last.
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

BAD_SHARE, BAD_ROWS = 0.05, 20  # a delivery may hold this share of bad rows, and always this many


@dataclass(frozen=True)
class LakeWork:
    """What a night did in the lake: counts for the page. `rows_read` are rows of tables, good and bad."""

    objects: int = 0
    new: int = 0
    changed: int = 0
    deleted: int = 0
    rows_read: int = 0
    redacted: dict[str, int] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)


@dataclass
class _Reading:
    """What has been read so far tonight."""

    rows: int = 0
    redacted: Counter[str] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=Counter)
    first_bad: dict[str, str] = field(default_factory=dict)  # reason -> where it was met first


def ingest(source: Source, night: Night) -> tuple[Snapshot, LakeWork]:
    """The lake as of tonight. Raises EmptyDelivery, NightOutOfOrder, TooManyBadRows, SourceError, StoreFull."""
    store, settings = night.store, night.settings
    before = read_ingest_state(store, source.key)
    as_of = _as_of(source)
    if as_of and as_of < before.as_of:
        raise NightOutOfOrder(
            f"this delivery of {source.key} is of {as_of}, but the lake already holds {before.as_of}",
            "run the nights in order; to go back to an earlier state use another store (NIGHTSHIFT_STORE)",
        )
    objects = [each for each in source.objects() if source.mapping.tables_of(each.name)]
    _refuse_empty(source, objects, before)
    version = rules_version(source.mapping, settings.pseudonym_key)
    known = before.entries
    holding = {
        each.name: known[each.name]
        for each in objects
        if each.name in known and known[each.name].still_holds(each.etag, version, store)
    }
    fresh = [each for each in objects if each.name not in holding]
    reading = _Reading()
    entries = dict(holding)
    for each in track(fresh, "lake", len(fresh), "objects"):
        parts = _read(each.name, source, store, settings.pseudonym_key, reading)
        entries[each.name] = IngestedObject(each.etag, version, parts)
    _refuse_bad(reading)
    manifest = _manifest(entries)
    if not any(manifest.rows.values()):
        raise EmptyDelivery(
            f"the delivery at {source.url} has no usable row: {len(objects)} objects, bad rows: {_told(manifest.reasons)}",
            "check that the files hold rows and that `where` in the mapping does not leave all of them out",
        )
    snapshot = snapshot_of(store, manifest, as_of)
    write_ingest_state(store, source.key, IngestState(as_of, snapshot.digest, entries))
    work = LakeWork(
        objects=len(objects),
        new=sum(each.name not in known for each in fresh),
        changed=sum(each.name in known for each in fresh),
        deleted=len(known.keys() - entries.keys()),
        rows_read=reading.rows,
        redacted=dict(sorted(reading.redacted.items())),
        quarantined=dict(sorted(reading.bad.items())),
    )
    return snapshot, work


def rules_version(mapping: DeliveryMapping, pseudonym_key: str) -> str:
    """Changes with anything that makes the same raw bytes give another part: then they are read again."""
    rules = [mapping.digest, redact.VERSION, validate.VERSION, pseudonym("rules_version", pseudonym_key)]
    return hashlib.sha256("\n".join(rules).encode()).hexdigest()


def _as_of(source: Source) -> str:
    told = source.as_of()
    return told.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if told else ""


def _refuse_empty(source: Source, objects: list[SourceObject], before: IngestState) -> None:
    """A table that no file ever matched is a mistake in the mapping; one that lost its last file is a deletion."""
    names = [each.name for each in objects] + list(before.entries)
    for mapping in source.mapping.tables:
        if not any(mapping.reads(name) for name in names):
            raise EmptyDelivery(
                f"{source.url} has no file {mapping.files} (wanted by {mapping.table})",
                f"check `files:` of {mapping.table} in mapping {source.mapping.name}, or leave the table out of it",
            )
    if not objects:
        raise EmptyDelivery(
            f"{source.url} holds nothing any more, and held {len(before.entries)} objects before",
            "deliver the files again; the last snapshot stays as it was",
        )


def _read(name: str, source: Source, store: Store, key: str, reading: _Reading) -> dict[str, Part]:
    """Read one object into a part for each table that wants it."""
    data = source.read(name)
    raw = hashlib.sha256(data).hexdigest()
    parts = {}
    mappings = sorted(source.mapping.tables_of(name), key=_form)
    for _, group in groupby(mappings, key=_form):
        cleaners = [RowValidator(mapping, key) for mapping in group]
        rows = read_rows(name, data, [cleaner.mapping for cleaner in cleaners])
        for number, row in _watched(rows, name):
            for cleaner in cleaners[:1] if isinstance(row, BrokenRow) else cleaners:  # a broken row counts once
                cleaner.add(number, row)
        for cleaner in cleaners:
            parts[cleaner.mapping.table] = _put(store, name, raw, cleaner, reading)
    return parts


def _watched(rows: Iterator[tuple[int, Row | BrokenRow]], name: str) -> Iterator[tuple[int, Row | BrokenRow]]:
    """The rows as they are; a long file tells every few seconds how far it has come."""
    told = time.monotonic()
    for number, row in rows:
        yield number, row
        if time.monotonic() - told >= EVERY_SECONDS:
            told = time.monotonic()
            log(f"    lake  {name}  {number:,} rows")


def _form(mapping: TableMapping) -> tuple[str, str]:
    return mapping.format, mapping.delimiter


def _put(store: Store, name: str, raw: str, cleaner: RowValidator, reading: _Reading) -> Part:
    table, rows = cleaner.mapping.table, cleaner.rows()
    reasons = Counter(bad.reason for bad in cleaner.bad)
    reading.rows += len(rows) + len(cleaner.bad)
    reading.redacted.update(cleaner.redacted)
    reading.bad.update(reasons)
    for bad in cleaner.bad:
        reading.first_bad.setdefault(bad.reason, f"{name} row {bad.number}")
    return Part(
        object=name,
        raw=raw,
        digest=put_part(store, table, rows),
        rows=len(rows),
        newest=newest(table, rows),
        quarantined=dict(sorted(reasons.items())),
        quarantine=put_quarantine(store, cleaner.bad),
    )


def _refuse_bad(reading: _Reading) -> None:
    bad = reading.bad.total()
    if bad > max(BAD_ROWS, BAD_SHARE * reading.rows):
        examples = "; ".join(f"{reason}: {where}" for reason, where in sorted(reading.first_bad.items()))
        raise TooManyBadRows(
            f"{bad:,} of {reading.rows:,} new rows are bad ({_told(reading.bad)})",
            f"put right the source or its mapping; the first of each kind: {examples}",
        )


def _told(reasons: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in sorted(reasons.items())) or "none"


def _manifest(entries: dict[str, IngestedObject]) -> Manifest:
    """The parts of every table; a table that nobody maps has none."""
    by_name = [entries[name].parts for name in sorted(entries)]
    return Manifest({table: tuple(parts[table] for parts in by_name if table in parts) for table in TABLES})
