"""Everything that answers, as one folder in the store.

    release.json       {"format": 4, "index": {...}, "models": {"classifiers": {...}, ...}, "prompts": "9c1f...", ...}
    lineage.json       where all of it came from (lineage.py)
    policy.json weights.json prompts.json reference.json
    index/             chunks.parquet, vectors.npy, resolved.parquet, resolved.npy
    document_tower/    query_tower/    classifiers/    generator/

A tree is a manifest of digests, so a release is composed from the manifests of its parts: no byte is copied, and
the same parts always give the same release. `store.checkout(release.digest)` is the folder that serves.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

from nightshift.artifacts import Index, Model, Release
from nightshift.digests import canonical_json, digest_of, digest_of_file
from nightshift.errors import StoreError
from nightshift.store import Store

FORMAT = 4  # releases of another format cannot be opened by this code, nor compared with
SERVED = (
    "document_tower",
    "query_tower",
    "classifiers",
    "generator",
)  # in the folder; adapters are named by digest only


@dataclass(frozen=True)
class Parts:
    """What a release is made of. `models` must hold the four of SERVED; it may hold the adapters they came from.

    An adapter without a digest was never trained, and is left out.
    """

    index: Index
    models: dict[str, Model]
    policy: object
    weights: object
    prompts: object
    reference: object
    lineage: object


def assemble(parts: Parts, store: Store) -> Release:
    """Compose the release tree. Raises StoreError where a served model is absent, MissingObject where its bytes are."""
    absent = [kind for kind in SERVED if kind not in parts.models]
    if absent:
        raise StoreError(
            f"a release needs the models {', '.join(absent)}, which were not given",
            "run the stages that make them, or start the whole night again",
        )
    values = {
        "policy.json": parts.policy,
        "weights.json": parts.weights,
        "prompts.json": parts.prompts,
        "reference.json": parts.reference,
        "lineage.json": parts.lineage,
    }
    manifest = {name: store.put_json(value) for name, value in values.items()}
    manifest["release.json"] = store.put_json(_record(parts, manifest))
    manifest |= _under("index", parts.index.digest, store)
    for kind in SERVED:
        manifest |= _under(kind, parts.models[kind].digest, store)
    return Release(
        digest=store.put_json(manifest),
        index=parts.index.digest,
        models={name: model.digest for name, model in sorted(parts.models.items()) if model.digest},
    )


def read(digest: str, name: str, store: Store) -> dict[str, object]:
    """One JSON object of a release, e.g. `read(digest, "release.json", store)`. Raises StoreError."""
    tree = store.tree(digest)
    if name not in tree:
        raise StoreError(
            f"release {digest[:12]} holds no {name}", "pass the digest of a release: nightshift release list"
        )
    return cast(dict[str, object], store.get_json(tree[name]))


def comparable(digest: str, store: Store) -> bool:
    """Whether this code can open the release, and so compare with it. Raises StoreError."""
    return read(digest, "release.json", store)["format"] == FORMAT


def release_of(digest: str, store: Store) -> Release:
    """The artifact of a release that is in the store. Raises MissingObject, StoreError."""
    record = read(digest, "release.json", store)
    return Release(digest, cast(dict[str, str], record["index"])["digest"], model_digests(record))


def digest_of_folder(folder: Path) -> str:
    """The digest of a release from the files themselves: the same that `assemble` gave, if nothing was changed."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return digest_of(canonical_json({path.relative_to(folder).as_posix(): digest_of_file(path) for path in files}))


def model_digests(record: dict[str, object]) -> dict[str, str]:
    """Model name -> digest of its tree, from a release.json."""
    models = cast(dict[str, dict[str, str]], record["models"])
    return {name: model["digest"] for name, model in models.items()}


def _record(parts: Parts, files: dict[str, str]) -> dict[str, object]:
    """release.json: what the release is, in names, digests and numbers."""
    return {
        "format": FORMAT,
        "index": asdict(parts.index),
        "models": {name: asdict(model) for name, model in parts.models.items() if model.digest},
        "policy": parts.policy,
        "weights": parts.weights,
        "prompts": files["prompts.json"],
        "reference": files["reference.json"],
        "lineage": files["lineage.json"],
    }


def _under(folder: str, digest: str, store: Store) -> dict[str, str]:
    """A part's manifest with its paths moved under `folder`."""
    return {f"{folder}/{name}": file for name, file in store.tree(digest).items()}
