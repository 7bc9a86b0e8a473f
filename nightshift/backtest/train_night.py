"""The training of one replayed night: the stages of a real one, from its marts to a folder that `Retriever.open` opens.

    release = train_night(history.features(date, night.store), previous, plan.tower, documents, folder, night)
    release.folder          # a ReleaseFolder without generator, record and lineage
    release.cost            # Cost(embedded=23, seconds=3.1, tower_seconds=0.0): CPU seconds

The generator, drift and gates do not change which articles are found, and are left out.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from nightshift.artifacts import Features, Index, Model
from nightshift.export.classifiers import export_classifiers
from nightshift.export.encoder import export_query_tower
from nightshift.index.build import build
from nightshift.models.classifiers import Classifiers
from nightshift.night import Night
from nightshift.progress import cpu_seconds
from nightshift.registry.retraining import new_share
from nightshift.release.layout import ReleaseFolder, Weights
from nightshift.retrieval.answerability import index_resolved_shares
from nightshift.retrieval.sections import sections_of
from nightshift.train.classifiers import train_classifiers
from nightshift.train.dataset import LabelledVectors
from nightshift.train.load_dataset import labelled_pairs
from nightshift.train.query_tower import train_query_tower
from nightshift.train.query_tower_data import can_train
from nightshift.train.tune_retrieval import tune
from nightshift.warehouse import read_mart

SEED = 7
NO_TICKETS = LabelledVectors([], np.zeros((0, 0), np.float32), [], [])


@dataclass(frozen=True)
class Cost:
    """Texts embedded, CPU seconds in all, and those of them that training and exporting the query tower took."""

    embedded: int
    seconds: float
    tower_seconds: float


@dataclass(frozen=True)
class NightRelease:
    """The retrieval part of a night's release.

    `learned`: ids of the tickets that the query tower was trained on. `resolved`: number of resolved tickets known.
    """

    folder: ReleaseFolder
    query_tower: Model
    learned: frozenset[str]
    resolved: int
    fusion: dict[str, float]
    cost: Cost


def train_night(
    features: Features,
    previous: NightRelease | None,
    tower: str,
    documents: Model,
    folder: Path,
    night: Night,
    tickets: LabelledVectors = NO_TICKETS,
) -> NightRelease:
    """Train on `features` and write the release to `folder`. `tower` is "never" or "auto" (see `_query_tower`).

    `tickets` are those that the intent classifier is trained on; without them there is none, which changes no ranking.

    Raises NotEnoughData without an article, TrainingFailed, ParityExceeded.
    """
    store, started = night.store, cpu_seconds()
    index, work = build(features, documents, night)
    before_tower = cpu_seconds()
    queries, learned = _query_tower(features, index, previous, tower, documents, night)
    tower_seconds = cpu_seconds() - before_tower
    pairs = labelled_pairs(features, documents, night)
    trained = train_classifiers(tickets, pairs, ordinary=None, profile=night.profile)
    classifiers = export_classifiers(trained, store, base=documents.base, trained_on=features.digest)
    onnx_classifiers = Classifiers(store.checkout(classifiers.digest), night.settings.threads)
    shares = index_resolved_shares(store.checkout(index.digest), onnx_classifiers)
    tuned = tune(features, index, documents, queries, tickets, night)
    release = ReleaseFolder.link(
        folder,
        index=store.checkout(index.digest),
        document_tower=store.checkout(documents.digest),
        query_tower=store.checkout(queries.digest),
        classifiers=store.checkout(classifiers.digest),
        weights=Weights(tuned.fusion, tuned.confidence, {}, {}, shares),
        policy=tuned.policy,
    )
    cost = Cost(work.embedded + work.tickets_embedded, cpu_seconds() - started, tower_seconds)
    return NightRelease(release, queries, learned, len(set(pairs.ticket_ids)), tuned.fusion, cost)


def _query_tower(
    features: Features,
    index: Index,
    previous: NightRelease | None,
    tower: str,
    documents: Model,
    night: Night,
) -> tuple[Model, frozenset[str]]:
    """The query tower of the night and the ids of the tickets it was trained on.

    never: the base encoder. auto: the previous night's tower until the share of new tickets reaches the profile's
    `retrain_share`, as in the nightly workflow; then a newly trained one.
    """
    store, pairs = night.store, read_mart(night.store, features, "training_pairs")
    known = set(pairs["ticket_id"].to_pylist())
    if tower == "never" or not can_train(pairs):
        return documents, frozenset()
    if previous and previous.learned and new_share(previous.learned, known) < night.profile.retrain_share:
        return previous.query_tower, previous.learned
    adapter = train_query_tower(
        pairs,
        sections_of(store.checkout(index.digest)),
        documents,
        night=night,
        seed=SEED,
        log_metrics=lambda _values, _step: None,
        trained_on=features.digest,
    )
    if not adapter.digest:
        return documents, frozenset()
    learned = frozenset(cast(list[str], store.get_json(store.tree(adapter.digest)["trained_on.json"])))
    return export_query_tower(adapter, night, pairs["text"].to_pylist()), learned
