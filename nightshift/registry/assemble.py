"""Assemble a release candidate from the artifacts of a night: drift reference, lineage and parts in one tree.

release = assemble(features, index, models, tuned, code, night)
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nightshift.answering import prompts
from nightshift.answering.evidence import FIRST_NIGHT_ANSWERABILITY
from nightshift.answering.handover import load_rules
from nightshift.answering.policy import Policy
from nightshift.answering.sentence_selector import FIRST_NIGHT
from nightshift.answering.tuned import TunedParameters
from nightshift.artifacts import Features, Index, Model, Release
from nightshift.drift.detect import cluster, make_reference
from nightshift.drift.reference import fresh, learned_labels, sample_tickets
from nightshift.models.batch_encoder import open_batch_encoder
from nightshift.models.classifiers import Classifiers
from nightshift.night import Night
from nightshift.release.compose import Parts, compose
from nightshift.release.layout import Weights
from nightshift.release.lineage import trace
from nightshift.retrieval.answerability import Answerability, index_resolved_shares
from nightshift.retrieval.ticket_knn import TicketKnn
from nightshift.store import Store
from nightshift.store.memo import memoize
from nightshift.warehouse import read_mart


def assemble(
    features: Features,
    index: Index,
    models: Mapping[str, Model],
    tuned: TunedParameters,
    code: str,
    night: Night,
) -> Release:
    """The candidate. `models` by kind are the four that serve and their adapters; `code` is the version of the code."""
    store, threads = night.store, night.settings.threads
    documents = models["document_tower"]
    tickets = read_mart(store, features, "tickets")
    classifiers = Classifiers(store.checkout(models["classifiers"].digest), threads)
    sample = sample_tickets(
        fresh(tickets),
        tickets,
        classifiers,
        encoder_digest=documents.digest,
        open_encoder=lambda: open_batch_encoder(store.checkout(documents.digest), threads),
        store=store,
    )
    index_folder = store.checkout(index.digest)
    rules = [rule.to_json() for rule in load_rules(night.settings.handover)]
    resolved_vectors = TicketKnn.load(index_folder).vectors
    centres = _clusters(index, resolved_vectors, code, store) if len(resolved_vectors) else cluster(sample.vectors)
    parts = Parts(
        index=index,
        models=dict(models),
        policy=Policy.from_json({**tuned.policy, "handover": rules}).to_json(),
        weights=_weights(tuned, index_folder, classifiers),
        prompts={
            "version": prompts.VERSION,
            "system": prompts.SYSTEM,
            "decline": prompts.DECLINE,
        },
        reference=make_reference(sample, resolved_vectors, centres, learned_labels(tickets)),
        lineage=trace(features, index, models, code, store),
    )
    return compose(parts, store)


def _weights(tuned: TunedParameters, index: Path, classifiers: Classifiers) -> Weights:
    """What retrieval and the selection of sentences stand on, with what the index's own tickets say."""
    shares = index_resolved_shares(index, classifiers)
    past = Answerability(TicketKnn.load(index), TicketKnn.load(index, "unresolved"), classifiers, shares)
    mean = float(f"{past.mean_resolved_log_odds:.6g}")
    answerability = {**FIRST_NIGHT_ANSWERABILITY, "mean_resolved_log_odds": mean}
    return Weights(tuned.fusion, tuned.confidence, dict(FIRST_NIGHT), answerability, shares)


def _clusters(index: Index, resolved_vectors: NDArray[np.float32], code: str, store: Store) -> NDArray[np.float32]:
    """Cluster centres [k, dim] of the index's resolved tickets, memoized: to import scikit-learn is slow."""

    def fit() -> str:
        return store.put_json({"centres.json": store.put_json(cluster(resolved_vectors).tolist())})

    tree = store.tree(memoize("clusters", [code, store.tree(index.digest)["resolved.npy"]], fit, store))
    return np.array(cast(list[Any], store.get_json(tree["centres.json"])), np.float32)
