"""What a night learns: the same stages as a real one, from its marts to a folder that `Retriever.open` opens.

    lesson = train_night(history.features(time, store), last, plan.tower, documents, folder, night)
    lesson.release          # a ReleaseFolder without generator, record and lineage
    lesson.cost             # Cost(embedded=23, seconds=3.1, tower_seconds=0.0): CPU seconds

The generator, drift and gates have no say in which articles are found, and are left out.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from nightshift.artifacts import Features, Index, Model
from nightshift.export.classifiers import export_classifiers
from nightshift.export.encoder import export_query_tower
from nightshift.index.build import build
from nightshift.night import Night
from nightshift.progress import cpu_seconds
from nightshift.registry.retraining import new_share
from nightshift.release.layout import ReleaseFolder, Weights
from nightshift.retrieval.sections import sections_of
from nightshift.train.classifiers import train_classifiers
from nightshift.train.dataset import Labelled
from nightshift.train.load_dataset import labelled_pairs
from nightshift.train.query_tower import train_query_tower
from nightshift.train.query_tower_data import can_train
from nightshift.train.tune_retrieval import tune
from nightshift.warehouse import read_mart

SEED = 7
NO_TICKETS = Labelled([], np.zeros((0, 0), np.float32), [], [])


@dataclass(frozen=True)
class Cost:
    """What a night took: texts embedded, CPU seconds in all, and those of them that went into the query tower."""

    embedded: int
    seconds: float
    tower_seconds: float


@dataclass(frozen=True)
class NightRelease:
    """A night's release, as far as retrieval goes. `queries` is the tower that embeds questions."""

    release: ReleaseFolder
    queries: Model
    learned: frozenset[str]  # the tickets that the query tower has learned from
    resolved: int
    blend: dict[str, float]
    cost: Cost


def train_night(
    features: Features,
    last: NightRelease | None,
    tower: str,
    documents: Model,
    folder: Path,
    night: Night,
    tickets: Labelled = NO_TICKETS,
) -> NightRelease:
    """Learn from `features` into `folder`. The query tower is that of the `last` night until it pays to train one.

    Intents, which have no say in which articles are found, are learned only from `tickets` that are given.

    Raises NotEnoughData without an article, TrainingFailed, ParityExceeded.
    """
    store, started = night.store, cpu_seconds()
    index, work = build(features, documents, night)
    began = cpu_seconds()
    queries, learned = _query_tower(features, index, last, tower, documents, night)
    tower_seconds = cpu_seconds() - began
    pairs = labelled_pairs(features, documents, night)
    trained = train_classifiers(tickets, pairs, ordinary=None, profile=night.profile)
    heads = export_classifiers(trained, store, base=documents.base, trained_on=features.digest)
    tuned = tune(features, index, documents, queries, tickets, night)
    release = ReleaseFolder.link(
        folder,
        index=store.checkout(index.digest),
        document_tower=store.checkout(documents.digest),
        query_tower=store.checkout(queries.digest),
        classifiers=store.checkout(heads.digest),
        weights=Weights(tuned.fusion, tuned.confidence),
        policy=tuned.policy,
    )
    cost = Cost(work.embedded + work.tickets_embedded, cpu_seconds() - started, tower_seconds)
    return NightRelease(release, queries, learned, len(set(pairs.ticket_ids)), tuned.fusion, cost)


def _query_tower(
    features: Features,
    index: Index,
    last: NightRelease | None,
    tower: str,
    documents: Model,
    night: Night,
) -> tuple[Model, frozenset[str]]:
    """Tonight's query tower and what it learned from: by the rule of the nights where `tower` is auto."""
    store, size = night.store, night.profile
    pairs = read_mart(store, features, "training_pairs")
    today = set(pairs["ticket_id"].to_pylist())
    if tower == "never" or not can_train(pairs):
        return documents, frozenset()
    if last and last.learned and new_share(last.learned, today) < size.retrain_share:
        return last.queries, last.learned
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
