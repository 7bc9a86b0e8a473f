"""The resolved shares of a release: stored at night, they give the evidence that fitting them at open would give."""

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nightshift.export.classifiers import export_classifiers
from nightshift.models.classifiers import Classifiers
from nightshift.release.layout import ReleaseFolder, Weights
from nightshift.retrieval.answerability import index_resolved_shares
from nightshift.retrieval.confidence import FEATURES, UNFITTED
from nightshift.retrieval.evaluation_retriever import EvaluationRetriever
from nightshift.settings import profile
from nightshift.store import open_store
from nightshift.train.classifiers import train_classifiers
from nightshift.train.dataset import LabelledVectors

DAY = datetime(2026, 1, 1)  # noqa: DTZ001 - the lake's timestamps are UTC without a zone
DIM, TICKETS = 8, 120
QUESTIONS = ["a question", "another question", "a third one"]


class RandomEncoder:
    """A unit vector per text, seeded by the text."""

    def __init__(self, _folder, _threads):
        pass

    def encode(self, texts):
        seeds = [sum(text.encode()) for text in texts]
        vectors = np.stack([np.random.default_rng(seed).normal(size=DIM) for seed in seeds])
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def release(tmp_path):
    """A release over two articles, with an intent classifier of two intents."""
    index = tmp_path / "index"
    index.mkdir()
    articles = ["gift", "login"]
    columns = dict.fromkeys(("chunk_id", "article_id", "title", "heading", "text", "url"), articles)
    pq.write_table(pa.table(columns), index / "chunks.parquet")
    np.save(index / "vectors.npy", RandomEncoder(None, 1).encode(articles))
    created_at = [DAY + timedelta(hours=n) for n in range(TICKETS)]
    vectors = {}
    for name, article_ids in (("resolved", [["gift"]] * TICKETS), ("unresolved", [[]] * TICKETS)):
        vectors[name] = RandomEncoder(None, 1).encode([f"{name} {n}" for n in range(TICKETS)])
        np.save(index / f"{name}.npy", vectors[name])
        rows = {
            "ticket_id": [f"{name}{n}" for n in range(TICKETS)],
            "article_ids": pa.array(article_ids, pa.list_(pa.string())),
            "created_at": pa.array(created_at, pa.timestamp("us")),
        }
        pq.write_table(pa.table(rows), index / f"{name}.parquet")
    intents = ["delivery" if vector[0] > 0 else "returns" for vector in vectors["resolved"]]
    tickets = LabelledVectors([f"t{n}" for n in range(TICKETS)], vectors["resolved"], intents, created_at)
    none = LabelledVectors([], np.zeros((0, DIM), np.float32), [], [])
    store = open_store(f"file://{tmp_path}/store")
    trained = train_classifiers(tickets, none, ordinary=None, profile=profile("tiny"))
    classifiers = store.checkout(export_classifiers(trained, store, base="base", trained_on="f" * 64).digest)
    shares = index_resolved_shares(index, Classifiers(classifiers, 1))
    fusion = {"dense": 1.0, "bm25": 0.0, "ticket_knn": 0.0, "prior": 0.0}
    return ReleaseFolder.link(
        tmp_path / "release",
        index=index,
        document_tower=tmp_path,
        query_tower=tmp_path,
        classifiers=classifiers,
        weights=Weights(fusion, UNFITTED.to_json(), {}, {}, shares),
        policy={},
    )


def test_stored_shares_equal_shares_fitted_at_open(release):
    """Opened over its own index by name, a release fits the shares; opened plainly, it reads the same numbers."""
    stored = EvaluationRetriever.open(release, 1, open_encoder=RandomEncoder)
    fitted = EvaluationRetriever.open(release, 1, index=release.index, open_encoder=RandomEncoder)
    evidence = stored.rank(QUESTIONS).evidence
    assert len(release.weights.resolved_shares) == 2
    assert evidence[:, FEATURES.index("resolved_log_odds")].all()
    assert np.array_equal(evidence, fitted.rank(QUESTIONS).evidence)


def test_the_log_odds_of_a_question_are_those_of_its_evidence(release):
    """With enough past tickets a question has the log-odds that its ranking shows."""
    retriever = EvaluationRetriever.open(release, 1, open_encoder=RandomEncoder)
    evidence = retriever.rank(QUESTIONS).evidence[:, FEATURES.index("resolved_log_odds")]
    assert [retriever.resolved_log_odds(question) for question in QUESTIONS] == pytest.approx(evidence.tolist())
