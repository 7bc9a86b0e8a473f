"""The dials of a release: how much each signal counts, and when it is better to decline.

    dials = tune(features, index, document_tower, query_tower, store, settings)
    dials.weights     # {'blend': {'dense': 0.52, ...}, 'confidence': {'bias': -3.1, ...}}: weights.json
    dials.policy      # {'confidence_floor': 0.41, 'passages': 3, ...}: policy.json

They are fitted on the newest tenth of the resolved tickets of the training part, the confidence also on those of the
same days that no article resolved. Nothing that speaks there has seen them: the query tower keeps the same tenth aside,
past tickets vote only on what was asked after them, and the prior head and the outcomes are rehearsed without it.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nightshift.artifacts import Features, Index, Model
from nightshift.evaluate.decline import evidence_pair, fit_confidence
from nightshift.evaluate.remembering import SharedEncoders
from nightshift.index.build import memory_table, unresolved_table
from nightshift.index.faiss_index import open_folder
from nightshift.runtime.confidence import UNFITTED
from nightshift.runtime.memory import Memory
from nightshift.runtime.outcomes import Outcomes
from nightshift.runtime.policy import Policy
from nightshift.runtime.retriever import Retriever
from nightshift.settings import Settings
from nightshift.store import Store
from nightshift.train.blend import COLD_START, fit_blend
from nightshift.train.heads import Head, Labelled, fit_head, frequent
from nightshift.train.holdout import newest
from nightshift.train.labelled import labelled_pairs
from nightshift.warehouse import read_mart


@dataclass(frozen=True)
class Dials:
    """weights.json and policy.json of a release, and how well they did on the questions they were fitted on."""

    weights: dict[str, dict[str, float]]
    policy: dict[str, object]
    metrics: dict[str, float]


@dataclass(frozen=True)
class _Rehearsed:
    """A prior head that has not seen the newest tickets; it speaks like runtime.heads.Heads."""

    head: Head | None

    @property
    def prior_labels(self) -> list[str]:
        return self.head.labels if self.head else []

    def priors(self, vectors: NDArray[np.float32]) -> NDArray[np.float32] | None:
        return self.head.probabilities(vectors).astype(np.float32) if self.head else None


def tune(
    features: Features, index: Index, document_tower: Model, query_tower: Model, store: Store, settings: Settings
) -> Dials:
    """Fit blend and confidence. With too few resolved tickets they are the defaults of a cold start."""
    pairs = read_mart(store, features, "training_pairs")
    tickets = memory_table(pairs, pairs.num_rows)
    held = newest(tickets["created_at"].to_pylist(), tickets["ticket_id"].to_pylist())
    asked = tickets.filter(pa.array(held))
    if not asked.num_rows:
        return Dials({"blend": COLD_START, "confidence": UNFITTED.to_json()}, _policy(Policy()), {})
    prior = _Rehearsed(
        _rehearsed_head(labelled_pairs(features, document_tower, store, settings), set(asked["ticket_id"].to_pylist()))
    )
    encoders = SharedEncoders(store)
    documents = encoders(store.checkout(document_tower.digest), settings.threads)
    queries = encoders(store.checkout(query_tower.digest), settings.threads)
    folder = store.checkout(index.digest)
    chunks, memory = open_folder(folder), Memory.load(folder)
    texts: list[str] = asked["text"].to_pylist()
    articles: list[list[str]] = asked["article_ids"].to_pylist()
    times: list[datetime] = asked["created_at"].to_pylist()
    outcomes = Outcomes(memory, Memory.load(folder, "unresolved"), until=min(times))

    def retriever(blend: dict[str, float]) -> Retriever:
        return Retriever(
            chunks,
            memory,
            documents=documents,
            queries=queries,
            heads=prior,
            weights=blend,
            confidence=UNFITTED,
            outcomes=outcomes,
        )

    cold = retriever(COLD_START)
    _, signals = cold.rank_articles(texts, times)
    blend = fit_blend(signals, _golds(articles, cold.article_ids))
    ranker = retriever(blend.weights)
    sure, unsure = evidence_pair(ranker, texts, articles, times)
    others = _unresolved_since(min(times), len(texts), read_mart(store, features, "unresolved"))
    never = (
        ranker.rank(others["text"].to_pylist(), others["created_at"].to_pylist()).evidence
        if len(others)
        else unsure[:0]
    )
    fitted = fit_confidence(sure, np.concatenate([unsure, never]))
    return Dials(
        weights={"blend": blend.weights, "confidence": fitted.confidence.to_json()},
        policy=_policy(replace(Policy(), confidence_floor=fitted.floor)),
        metrics={**blend.metrics, **{f"decline_{name}": value for name, value in fitted.metrics.items()}},
    )


def _unresolved_since(start: datetime, most: int, tickets: pa.Table) -> pa.Table:
    """The newest `most` tickets of the training part, asked from `start` on, that no article resolved."""
    rows = unresolved_table(tickets, most)
    return rows.filter(pc.greater_equal(rows["created_at"], start))


def _rehearsed_head(pairs: Labelled, held: Collection[str]) -> Head | None:
    """The prior head without the newest tickets."""
    return fit_head(frequent(pairs.rows(row for row, ticket in enumerate(pairs.ticket_ids) if ticket not in held), 1))


def _golds(articles: Sequence[Sequence[str]], known: Sequence[str]) -> NDArray[np.bool_]:
    """What resolved each question, as a mask [n, articles]."""
    column = {article: position for position, article in enumerate(known)}
    mask = np.zeros((len(articles), len(known)), np.bool_)
    for row, wanted in enumerate(articles):
        mask[row, [column[article] for article in wanted if article in column]] = True
    return mask


def _policy(policy: Policy) -> dict[str, object]:
    values: dict[str, object] = json.loads(policy.to_json())
    return values
