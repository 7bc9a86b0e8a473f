"""The manifest of a snapshot: the immutable parts of each table. Its digest is the version of the data set.

    {"tables": {"tickets": [{"object": "tickets/night-0001.jsonl.gz", "raw": "9f2c...", "digest": "41aa...",
        "rows": 118, "newest": "2026-01-01T21:10:04Z", "quarantined": {"empty text": 1}, "quarantine": "77b0..."}]}}

It holds content only, no time of reading and no etag, so equal data has equal versions anywhere.
"""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import pyarrow.parquet as pq

from nightshift.artifacts import Snapshot
from nightshift.store import Store


@dataclass(frozen=True)
class Part:
    """One table's rows of one raw object.

    `raw` is the SHA-256 of the raw bytes, `digest` the Parquet file in the store, `newest` the latest time in it (UTC,
    '' without rows). `quarantined` counts the bad rows by reason; `quarantine` is the Parquet file of them, or ''.
    """

    object: str
    raw: str
    digest: str
    rows: int
    newest: str
    quarantined: dict[str, int] = field(default_factory=dict)
    quarantine: str = ""


@dataclass(frozen=True)
class Manifest:
    """The parts of every table, by table name, sorted by object."""

    tables: dict[str, tuple[Part, ...]]

    @property
    def rows(self) -> dict[str, int]:
        """Rows in each table."""
        return {table: sum(part.rows for part in parts) for table, parts in self.tables.items()}

    @property
    def quarantined(self) -> dict[str, int]:
        """Bad rows in each table that has any."""
        counts = {table: sum(sum(part.quarantined.values()) for part in parts) for table, parts in self.tables.items()}
        return {table: count for table, count in counts.items() if count}

    @property
    def reasons(self) -> dict[str, int]:
        """Bad rows by reason, over all tables."""
        total: Counter[str] = Counter()
        for parts in self.tables.values():
            for part in parts:
                total.update(part.quarantined)
        return dict(sorted(total.items()))


def write_manifest(store: Store, manifest: Manifest) -> str:
    """Store a manifest; returns its digest."""
    return store.put_json(
        {"tables": {name: [asdict(part) for part in parts] for name, parts in manifest.tables.items()}}
    )


def read_manifest(store: Store, digest: str) -> Manifest:
    """The manifest of a snapshot. Raises MissingObject, CorruptObject."""
    content = cast(dict[str, Any], store.get_json(digest))
    return Manifest({name: tuple(Part(**part) for part in parts) for name, parts in content["tables"].items()})


def read_rows(store: Store, digest: str, table: str) -> list[dict[str, Any]]:
    """Every row of a small table of a snapshot, unordered; none for an unmapped table. Raises MissingObject."""
    parts = read_manifest(store, digest).tables.get(table, ())
    return [row for part in parts for row in pq.read_table(store.path(part.digest)).to_pylist()]


def snapshot_of(store: Store, manifest: Manifest, as_of: str) -> Snapshot:
    """Store a manifest and return its Snapshot. `as_of` '' stands for the newest time in the data."""
    newest = max((part.newest for parts in manifest.tables.values() for part in parts), default="")
    return Snapshot(write_manifest(store, manifest), as_of or newest, manifest.rows, manifest.quarantined)
