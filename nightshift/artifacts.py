"""What travels between tasks: a digest, what it was made from, and the few numbers a person wants to see.

    Snapshot(digest='5f0c...', as_of='2026-01-11T00:00:00Z', rows={'tickets': 2231, ...}, quarantined={'tickets': 9})

Never rows, never personal data, never a temporary path, never a clock reading: the same content gives
the same literal, and caching, resuming and lineage follow from that. Bytes lie in the store (store.py)
under the digest.
"""

from dataclasses import dataclass, field

TABLES = ("articles", "tickets", "answers", "resolutions", "orders", "customers")


@dataclass(frozen=True)
class Snapshot:
    """The lake as of tonight. `digest` is the manifest of immutable Parquet parts: the dataset version."""

    digest: str
    as_of: str
    rows: dict[str, int] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Features:
    """The marts that dbt built from a snapshot, one Parquet file each, in a store tree."""

    digest: str
    snapshot: str
    split_at: str
    rows: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """One trained or exported model: a store tree with `model.json` beside the weights.

    `kind` is one of document_tower, query_tower, heads, generator. `metrics` are those of its own
    training or export, e.g. {'loss': 1.31, 'steps': 48} or {'parity': 2e-07}.
    """

    kind: str
    digest: str
    base: str
    trained_on: str
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Index:
    """An index version. `digest` is that of the chunk manifest and the encoder that embedded it."""

    digest: str
    features: str
    encoder: str
    chunks: int
    articles: int


@dataclass(frozen=True)
class Drift:
    """Tonight's tickets against those that the release which serves was judged on.

    `digest` is drift.json in the store. `verdict` is one of: no reference, nothing new, too little data, quiet, drift,
    taxonomy, drift and taxonomy. `moved` names the measures that chance does not explain.
    """

    digest: str
    champion: str
    verdict: str
    rows: int
    moved: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RetrainingPlan:
    """What the registry says before the night decides: who serves, and which adapters may be reused.

    An empty string means none. `reasons` says per model why it is trained or reused.
    """

    champion: str
    query_tower: str
    generator: str
    reasons: dict[str, str] = field(default_factory=dict)


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
    """A release scored against tonight's questions, and the verdict of the gates.

    `digest` is a store tree with `evaluation.json`: all of it.
    """

    digest: str
    release: str
    champion: str
    verdict: str
    drift: str
    reasons: list[str] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Promotion:
    """What became of a candidate: `promoted`, `rejected` or `unchanged`; who serves now."""

    release: str
    outcome: str
    serving: str
    registered_version: int
    reasons: list[str] = field(default_factory=list)
