"""The lineage of a release: models, index, marts, snapshot and source objects, each named by its digest.

    release 03fa77de91ab
    ├─ code 5b2e90c1
    ├─ index 7c1e40b2a9d3  of features 5d0c1f6e2b7a, embedded by 91c0aa3410de
    ├─ classifiers 03fac1d2e3f4  trained on 5d0c1f6e2b7a
    ├─ features 5d0c1f6e2b7a  from snapshot 91ab4c0d5e6f, split at 2026-01-09T00:00:00
    │  └─ training_pairs.parquet 88e1b2c3d4f5
    └─ snapshot 91ab4c0d5e6f
       └─ tickets  tickets/night-0001.jsonl.gz  raw 4f1a22c07d15  part 77de01b2c3d4  120 rows

Every digest is the hash of the bytes it names, so each link can be recomputed from the store. Lineage holds names of
source objects, digests and counts: no row and no personal data.
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from nightshift.artifacts import Features, Index, Model
from nightshift.store import Store

SHORT = 12


def trace(features: Features, index: Index, models: Mapping[str, Model], code: str, store: Store) -> dict[str, object]:
    """Make lineage.json of a release. `code` is the version of the code that made the release.

    Raises MissingObject where the store lacks the snapshot's manifest.
    """
    manifest = cast(dict[str, Any], store.get_json(features.snapshot))
    return {
        "code": code,
        "index": {"digest": index.digest, "features": index.features, "encoder": index.encoder},
        "models": {
            name: {"digest": model.digest, "kind": model.kind, "base": model.base, "trained_on": model.trained_on}
            for name, model in sorted(models.items())
        },
        "features": {
            "digest": features.digest,
            "snapshot": features.snapshot,
            "split_at": features.split_at,
            "marts": store.tree(features.digest),
        },
        "snapshot": {"digest": features.snapshot, "tables": manifest["tables"]},
    }


def render(lineage: Mapping[str, Any], release: str) -> str:
    """The lineage as a tree of text lines under the digest `release`."""
    index, features, snapshot = lineage["index"], lineage["features"], lineage["snapshot"]
    features_digest, encoder = index["features"][:SHORT], index["encoder"][:SHORT]
    origin = f"from snapshot {features['snapshot'][:SHORT]}, split at {features['split_at']}"
    marts = [f"{name} {digest[:SHORT]}" for name, digest in sorted(features["marts"].items())]
    nodes: list[tuple[str, list[str]]] = [
        (f"code {lineage['code'][:SHORT]}", []),
        (f"index {index['digest'][:SHORT]}  of features {features_digest}, embedded by {encoder}", []),
        *((_model_line(name, model), []) for name, model in sorted(lineage["models"].items())),
        (f"features {features['digest'][:SHORT]}  {origin}", marts),
        (f"snapshot {snapshot['digest'][:SHORT]}", list(_part_lines(snapshot["tables"]))),
    ]
    lines = [f"release {release[:SHORT]}"]
    for number, (head, leaves) in enumerate(nodes, start=1):
        last = number == len(nodes)
        lines.append(f"{'└─' if last else '├─'} {head}")
        for position, leaf in enumerate(leaves, start=1):
            lines.append(f"{'   ' if last else '│  '}{'└─' if position == len(leaves) else '├─'} {leaf}")
    return "\n".join(lines)


def _model_line(name: str, model: Mapping[str, str]) -> str:
    origin = f"trained on {model['trained_on'][:SHORT]}" if model["trained_on"] else f"from {model['base']}"
    return f"{name} {model['digest'][:SHORT]}  {origin}"


def _part_lines(tables: Mapping[str, list[Mapping[str, Any]]]) -> Iterator[str]:
    for table, parts in sorted(tables.items()):
        for part in parts:
            yield (
                f"{table}  {part['object']}  raw {part['raw'][:SHORT]}  "
                f"part {part['digest'][:SHORT]}  {part['rows']:,} rows"
            )
