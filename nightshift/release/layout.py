"""The layout of a release: the only code that knows the names of the files inside one.

    release.json       {"format": 5, "index": {...}, "models": {"classifiers": {...}, ...}, "prompts": "9c1f...", ...}
    lineage.json       where all of it came from (lineage.py)
    policy.json weights.json prompts.json reference.json
    index/             chunks.parquet, vectors.npy, resolved.parquet, resolved.npy
    document_tower/    query_tower/    classifiers/    generator/

`ReleaseFolder(path)` is a release on disk, `StoredRelease(digest, store)` one in the store; both read the same files:

    StoredRelease(digest, store).record.models["generator"].base
    ReleaseFolder(store.checkout(digest)).weights.fusion      # {'dense': 0.52, 'bm25': 0.21, ...}
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self, cast

from nightshift.artifacts import Index, Model, Release
from nightshift.digests import canonical_json, digest_of, digest_of_file
from nightshift.errors import StoreError
from nightshift.store import Store

FORMAT = 5  # releases of another format cannot be opened by this code, nor compared with
SERVED = (
    "document_tower",
    "query_tower",
    "classifiers",
    "generator",
)  # adapters are named in the record by digest only

RECORD, LINEAGE = "release.json", "lineage.json"
POLICY, WEIGHTS, PROMPTS, REFERENCE = "policy.json", "weights.json", "prompts.json", "reference.json"
INDEX = "index"


@dataclass(frozen=True)
class Weights:
    """What retrieval was fitted to: the weight of each retrieval score, and the coefficients of the confidence.

    `sentences` weighs the features of a sentence (answering/sentence_selector.py), `answerability` holds the
    coefficients of the probability that the best sentence answers (answering/evidence.py).
    `resolved_shares` [intents in the order of the classifier] are those of the release's index (answerability.py).
    """

    fusion: dict[str, float]
    confidence: dict[str, float]
    sentences: dict[str, float]
    answerability: dict[str, float]
    resolved_shares: list[float] | None


@dataclass(frozen=True)
class ReleaseRecord:
    """release.json: what the release is made of. `prompts`, `reference` and `lineage` are digests of those files."""

    format: int
    index: Index
    models: dict[str, Model]
    policy: dict[str, Any]
    weights: dict[str, Any]
    prompts: str
    reference: str
    lineage: str

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read a record. Raises StoreError where it has other fields than this code knows."""
        try:
            models = {name: Model(**model) for name, model in value["models"].items()}
            return cls(**{**value, "index": Index(**value["index"]), "models": models})
        except (KeyError, TypeError) as error:
            raise StoreError(
                f"{RECORD} of format {value.get('format')} cannot be read: {error}",
                "use the version of Nightshift that made the release",
            ) from None


class _ReleaseFiles(ABC):
    """The JSON files of a release as values. Each property raises StoreError where its file is absent."""

    @abstractmethod
    def _json(self, name: str) -> dict[str, Any]:
        """The JSON object in the file `name`."""

    @property
    def comparable(self) -> bool:
        """Whether this code can open the release, and so compare with it."""
        return bool(self._json(RECORD)["format"] == FORMAT)

    @property
    def record(self) -> ReleaseRecord:
        """release.json, which `compose` writes; a folder that `link` made has none."""
        return ReleaseRecord.from_json(self._json(RECORD))

    @property
    def lineage(self) -> dict[str, Any]:
        """lineage.json, as lineage.py makes and renders it."""
        return self._json(LINEAGE)

    @property
    def policy(self) -> dict[str, Any]:
        """policy.json: the fields of answering.policy.Policy."""
        return self._json(POLICY)

    @property
    def weights(self) -> Weights:
        """weights.json."""
        return Weights(**self._json(WEIGHTS))

    @property
    def prompts(self) -> dict[str, Any]:
        """prompts.json: version, system prompt and the declining sentence."""
        return self._json(PROMPTS)

    @property
    def reference(self) -> dict[str, Any]:
        """reference.json: what drift/ compares a night's tickets with."""
        return self._json(REFERENCE)


@dataclass(frozen=True)
class ReleaseFolder(_ReleaseFiles):
    """A release on disk: a checkout, the copy in a Bento, or a folder that a backtest laid out."""

    path: Path

    @classmethod
    def open(cls, path: Path) -> Self:
        """The release in `path`. Raises StoreError where the folder holds none."""
        if not (path / RECORD).is_file():
            raise StoreError(f"{path} is no release folder", f"pass the folder that holds {RECORD}")
        return cls(path)

    @classmethod
    def link(
        cls,
        path: Path,
        *,
        index: Path,
        document_tower: Path,
        query_tower: Path,
        classifiers: Path,
        weights: Weights,
        policy: Mapping[str, object],
    ) -> Self:
        """Make the folder `path` of links to parts that lie elsewhere: enough to retrieve with, not to serve."""
        path.mkdir(parents=True)
        folder = cls(path)
        folder.index.symlink_to(index)
        folder.document_tower.symlink_to(document_tower)
        folder.query_tower.symlink_to(query_tower)
        folder.classifiers.symlink_to(classifiers)
        (path / WEIGHTS).write_bytes(canonical_json(asdict(weights)))
        (path / POLICY).write_bytes(canonical_json(dict(policy)))
        return folder

    @property
    def index(self) -> Path:
        """The folder of the index."""
        return self.path / INDEX

    @property
    def document_tower(self) -> Path:
        """The folder of the encoder of articles and past tickets."""
        return self.model("document_tower")

    @property
    def query_tower(self) -> Path:
        """The folder of the encoder of questions."""
        return self.model("query_tower")

    @property
    def classifiers(self) -> Path:
        """The folder of the classifiers."""
        return self.model("classifiers")

    @property
    def generator(self) -> Path:
        """The folder of the generator."""
        return self.model("generator")

    def model(self, kind: str) -> Path:
        """The folder of one of the models in SERVED."""
        return self.path / kind

    def compute_digest(self) -> str:
        """The digest of the files as they lie here: that of `compose`, unless a byte was changed."""
        files = sorted(path for path in self.path.rglob("*") if path.is_file())
        manifest = {path.relative_to(self.path).as_posix(): digest_of_file(path) for path in files}
        return digest_of(canonical_json(manifest))

    def _json(self, name: str) -> dict[str, Any]:
        path = self.path / name
        if not path.is_file():
            raise StoreError(f"release folder {self.path} holds no {name}", "pass the folder of a whole release")
        return cast(dict[str, Any], json.loads(path.read_bytes()))


@dataclass(frozen=True)
class StoredRelease(_ReleaseFiles):
    """A release in the store, by its digest."""

    digest: str
    store: Store

    @property
    def artifact(self) -> Release:
        """The release as tasks exchange it. Raises MissingObject, StoreError."""
        record = self.record
        return Release(self.digest, record.index.digest, {name: model.digest for name, model in record.models.items()})

    def checkout(self) -> ReleaseFolder:
        """A read-only local folder with its files, verified. Raises MissingObject, CorruptObject."""
        return ReleaseFolder(self.store.checkout(self.digest))

    def _json(self, name: str) -> dict[str, Any]:
        tree = self.store.tree(self.digest)
        if name not in tree:
            raise StoreError(
                f"release {self.digest[:12]} holds no {name}", "pass the digest of a release: nightshift release list"
            )
        return cast(dict[str, Any], self.store.get_json(tree[name]))
