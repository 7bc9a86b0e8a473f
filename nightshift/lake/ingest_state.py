"""The ingest state of a source: which objects were read and into which parts, so that only changes are read.

refs/lake/simulate-shop-1f0c6a52 -> digest of
{"as_of": "2026-01-03T00:00:00Z", "snapshot": "5f0c...", "entries": {"tickets/night-0001.jsonl.gz":
    {"etag": "d41d...", "version": "a1b2...", "parts": {"tickets": {...}}}}}
"""

from dataclasses import asdict, dataclass, field
from typing import Any, cast

from nightshift.lake.manifest import Part
from nightshift.progress import log
from nightshift.store import Store


@dataclass(frozen=True)
class IngestedObject:
    """A raw object that was read: its etag, the version of the rules that read it, and its parts by table."""

    etag: str
    version: str
    parts: dict[str, Part]

    def is_current(self, etag: str, version: str, store: Store) -> bool:
        """Whether its parts can be reused: etag and version are equal, and the store holds every part."""
        files = [file for part in self.parts.values() for file in (part.digest, part.quarantine) if file]
        return (self.etag, self.version) == (etag, version) and all(store.has(file) for file in files)


@dataclass(frozen=True)
class IngestState:
    """All objects of a source as of its last ingest. `as_of` is '' for a source without a time."""

    as_of: str = ""
    snapshot: str = ""
    entries: dict[str, IngestedObject] = field(default_factory=dict)


def read_ingest_state(store: Store, key: str) -> IngestState:
    """The state of the source with this key; an empty one for a new source. Raises CorruptObject."""
    digest = store.read_ref(f"lake/{key}")
    if digest is None:
        return IngestState()
    if not store.has(digest):
        log("    lake  the ingest state is gone from the store: every object is read again")
        return IngestState()
    content = cast(dict[str, Any], store.get_json(digest))
    entries = {
        name: IngestedObject(
            entry["etag"], entry["version"], {table: Part(**part) for table, part in entry["parts"].items()}
        )
        for name, entry in content["entries"].items()
    }
    return IngestState(content["as_of"], content["snapshot"], entries)


def write_ingest_state(store: Store, key: str, state: IngestState) -> None:
    """Make `state` current, atomically; written after all parts."""
    store.write_ref(f"lake/{key}", store.put_json(asdict(state)))
