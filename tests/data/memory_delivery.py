"""A delivery in memory, and its rows in the lake.

Delivery(night=2, a=[ticket(1), b"broken"])     # tickets/a.jsonl, as of the second night
"""

import hashlib
import json
from datetime import UTC, datetime

import pyarrow.parquet as pq

from nightshift.lake import read_manifest
from nightshift.sources import SourceObject
from nightshift.sources.mapping_file import parse_mapping

TICKETS = {"ticket_id": "id", "created_at": "at", "updated_at": "changed", "customer": "who", "body": "text"}
TABLES = {"tickets": {"files": "tickets/*.jsonl", "columns": TICKETS}}


class Delivery:
    """A source in memory that records the names read from it."""

    url = key = "memory"

    def __init__(self, tables=None, night=1, **objects):
        self.mapping = parse_mapping({"tables": tables or TABLES}, "memory.yaml")
        self.night = night
        self.content = {f"tickets/{name}.jsonl": lines(*rows) for name, rows in objects.items()}
        self.read_names = []

    def as_of(self):
        return datetime(2026, 1, 1 + self.night, tzinfo=UTC) if self.night else None

    def objects(self):
        return [
            SourceObject(name, hashlib.md5(data).hexdigest(), len(data)) for name, data in sorted(self.content.items())
        ]

    def read(self, name):
        self.read_names.append(name)
        return self.content[name]


def lines(*rows):
    return b"".join(row if isinstance(row, bytes) else json.dumps(row).encode() + b"\n" for row in rows)


def ticket(number, **more):
    return {
        "id": number,
        "at": "2026-01-01T10:00:00Z",
        "changed": "2026-01-01T10:00:00Z",
        "who": "",
        "text": "x",
    } | more


def rows_of(store, snapshot, table="tickets"):
    parts = read_manifest(store, snapshot.digest).tables[table]
    return [row for part in parts for row in pq.read_table(store.path(part.digest)).to_pylist()]


def quarantine_of(store, snapshot, table="tickets"):
    parts = read_manifest(store, snapshot.digest).tables[table]
    return [row for part in parts if part.quarantine for row in pq.read_table(store.path(part.quarantine)).to_pylist()]


def refs(store):
    return {path.name: path.read_text() for path in (store.root / "refs").rglob("*") if path.is_file()}
