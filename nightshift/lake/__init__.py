"""The lake: deliveries become immutable snapshots, and only new or changed objects are read.

    snapshot, work = ingest(source, night)
    read_manifest(store, snapshot.digest).tables["tickets"][0]
    -> Part(object='tickets/night-0001.jsonl.gz', raw='9f2c...', digest='41aa...', rows=118,
            newest='2026-01-01T21:10:04Z', quarantined={'empty text': 1}, quarantine='77b0...')

A part is a Parquet file in the store: one table's rows of one raw object, redacted, typed and sorted by key.
"""

from nightshift.lake.ingest import LakeWork, ingest
from nightshift.lake.ingest_state import IngestedObject, IngestState, read_ingest_state, write_ingest_state
from nightshift.lake.manifest import Manifest, Part, read_manifest, read_rows, snapshot_of, write_manifest

__all__ = [
    "IngestState",
    "IngestedObject",
    "LakeWork",
    "Manifest",
    "Part",
    "ingest",
    "read_ingest_state",
    "read_manifest",
    "read_rows",
    "snapshot_of",
    "write_ingest_state",
    "write_manifest",
]
