"""Compose the tree of a release from the trees of its parts.

    release = compose(Parts(index, models, policy, weights, prompts, reference, lineage), store)
    release.digest      # '03fa77de91ab...'

A store tree is a manifest of digests, so the manifests of the parts make the manifest of the release: no byte is
copied, and the same parts always give the same release.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from nightshift.artifacts import Index, Model, Release
from nightshift.errors import StoreError
from nightshift.release.layout import (
    FORMAT,
    INDEX,
    LINEAGE,
    POLICY,
    PROMPTS,
    RECORD,
    REFERENCE,
    SERVED,
    WEIGHTS,
    ReleaseRecord,
    Weights,
)
from nightshift.store import Store


@dataclass(frozen=True)
class Parts:
    """What a release is made of. `models` must hold the four of SERVED; it may hold the adapters they came from.

    An adapter without a digest was never trained, and is left out.
    """

    index: Index
    models: dict[str, Model]
    policy: Mapping[str, object]
    weights: Weights
    prompts: Mapping[str, object]
    reference: Mapping[str, object]
    lineage: Mapping[str, object]


def compose(parts: Parts, store: Store) -> Release:
    """Compose the release tree. Raises StoreError where a served model is absent, MissingObject where its bytes are."""
    absent = [kind for kind in SERVED if kind not in parts.models]
    if absent:
        raise StoreError(
            f"a release needs the models {', '.join(absent)}, which were not given",
            "run the stages that make them, or start the whole night again",
        )
    values = {
        POLICY: parts.policy,
        WEIGHTS: asdict(parts.weights),
        PROMPTS: parts.prompts,
        REFERENCE: parts.reference,
        LINEAGE: parts.lineage,
    }
    manifest = {name: store.put_json(value) for name, value in values.items()}
    models = {name: model for name, model in sorted(parts.models.items()) if model.digest}
    record = ReleaseRecord(
        format=FORMAT,
        index=parts.index,
        models=models,
        policy=dict(parts.policy),
        weights=asdict(parts.weights),
        prompts=manifest[PROMPTS],
        reference=manifest[REFERENCE],
        lineage=manifest[LINEAGE],
    )
    manifest[RECORD] = store.put_json(asdict(record))
    manifest |= _under(INDEX, parts.index.digest, store)
    for kind in SERVED:
        manifest |= _under(kind, parts.models[kind].digest, store)
    return Release(store.put_json(manifest), parts.index.digest, {name: model.digest for name, model in models.items()})


def _under(folder: str, digest: str, store: Store) -> dict[str, str]:
    """A part's manifest with its paths moved under `folder`."""
    return {f"{folder}/{name}": file for name, file in store.tree(digest).items()}
