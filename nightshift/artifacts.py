"""What travels between tasks: a digest, what it was made from, and the few numbers a person wants to see.

    Snapshot(digest='5f0c...', as_of='2026-01-11T00:00:00Z', rows={'tickets': 2231, ...}, quarantined={'tickets': 9})

Never rows, personal data, a temporary path or a clock reading: the same content gives the same literal, which caching,
resuming and lineage stand on. Bytes lie in the store (nightshift/store/) under the digest. Enums are strings, so JSON,
tags and the console show their values.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class DriftVerdict(StrEnum):
    """What a drift check found about the tickets and their labels."""

    NO_REFERENCE = "no reference"
    NOTHING_NEW = "nothing new"
    TOO_LITTLE_DATA = "too little data"
    QUIET = "quiet"
    DRIFT = "drift"
    TAXONOMY = "taxonomy"
    DRIFT_AND_TAXONOMY = "drift and taxonomy"


class Decision(StrEnum):
    """Whether an adapter is trained or the serving one is used again."""

    TRAIN = "train"
    REUSE = "reuse"


class EvaluationVerdict(StrEnum):
    """Whether the gates let a candidate serve."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


class PromotionOutcome(StrEnum):
    """What a promotion did to the registry."""

    PROMOTED = "promoted"
    REJECTED = "rejected"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Snapshot:
    """The lake as of a night. `digest` is the manifest of immutable Parquet parts: the dataset version."""

    digest: str
    as_of: str
    rows: dict[str, int] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Features:
    """The marts that dbt built from a snapshot, one Parquet file each, in a store tree.

    Questions asked from `split_at` on (ISO time) are for evaluation. `rows` counts each mart.
    """

    digest: str
    snapshot: str
    split_at: str
    rows: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """A trained or exported model: a store tree with `model.json` beside the weights; an empty digest means untrained.

    `kind` is one of document_tower, query_tower, query_tower_adapter, classifiers, generator, generator_adapter.
    `metrics` are those of its own training or export, e.g. {'loss': 1.31, 'steps': 48} or {'parity': 2e-07}.
    """

    kind: str
    digest: str
    base: str
    trained_on: str
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Index:
    """An index version: a store tree of chunks, their vectors, and resolved tickets.

    `features` and `encoder` are the digests it was built from; `chunks` and `articles` count what it holds.
    """

    digest: str
    features: str
    encoder: str
    chunks: int
    articles: int


@dataclass(frozen=True)
class Drift:
    """The newest tickets compared with those that the serving release was evaluated on.

    `digest` is drift.json in the store, `rows` the number of tickets compared. `moved` names the measures above their
    null limits.
    """

    digest: str
    champion: str
    verdict: DriftVerdict
    rows: int
    moved: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class AdapterPlan:
    """The decision over one adapter and its reason. `adapter` is the digest to reuse; empty when it is trained."""

    decision: Decision
    reason: str
    adapter: str = ""


@dataclass(frozen=True)
class RetrainingPlan:
    """The digest of the serving release, empty for none, and per adapter whether it is trained or reused."""

    champion: str
    query_tower: AdapterPlan
    generator: AdapterPlan


@dataclass(frozen=True)
class Release:
    """One version of everything that answers: a store tree with `release.json` and `lineage.json`."""

    digest: str
    index: str
    models: dict[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """The short name a person reads: the first twelve hex digits."""
        return self.digest[:12]


@dataclass(frozen=True)
class Evaluation:
    """A release scored against the evaluation questions of a night, and the verdict of the gates.

    `digest` is a store tree with `evaluation.json`, which holds all results.
    """

    digest: str
    release: str
    champion: str
    verdict: EvaluationVerdict
    drift: DriftVerdict
    reasons: list[str] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Promotion:
    """What became of a candidate. `serving` is the digest of the release that serves now, empty for none."""

    release: str
    outcome: PromotionOutcome
    serving: str
    registered_version: int
    reasons: list[str] = field(default_factory=list)
