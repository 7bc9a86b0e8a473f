"""What the lake remembers of a source, so that a night reads only what is new or changed.

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
    """One raw object as it was read: its etag, the version of the rules that read it, and a part for each table."""

    etag: str
    version: str
    parts: dict[str, Part]

    def still_holds(self, etag: str, version: str, store: Store) -> bool:
        """Whether its parts can be used as they are: nothing changed and nothing was lost."""
        files = [file for part in self.parts.values() for file in (part.digest, part.quarantine) if file]
        return (self.etag, self.version) == (etag, version) and all(store.has(file) for file in files)


@dataclass(frozen=True)
class IngestState:
    """All objects of a source as of its last night. `as_of` is '' when the source could not tell."""

    as_of: str = ""
    snapshot: str = ""
    entries: dict[str, IngestedObject] = field(default_factory=dict)


def read_ingest_state(store: Store, key: str) -> IngestState:
    """What is remembered of the source with this key; an empty ledger for a new one. Raises CorruptObject."""
    digest = store.read_ref(f"lake/{key}")
    if digest is None:
        return IngestState()
    if not store.has(digest):
        log("    lake  the record of earlier nights is gone from the store: every object is read again")
        return IngestState()
    content = cast(dict[str, Any], store.get_json(digest))
    entries = {
        name: IngestedObject(
            each["etag"], each["version"], {table: Part(**part) for table, part in each["parts"].items()}
        )
        for name, each in content["entries"].items()
    }
    return IngestState(content["as_of"], content["snapshot"], entries)


def write_ingest_state(store: Store, key: str, ledger: IngestState) -> None:
    """Remember a night: the one thing that changes, written last and at once."""
    store.write_ref(f"lake/{key}", store.put_json(asdict(ledger)))
