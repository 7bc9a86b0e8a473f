"""A small release of real parts: five articles, MiniLM without training, and an untrained generator."""

import os
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nightshift.artifacts import Features, Model, Release
from nightshift.night import Night
from nightshift.release.compose import Parts, compose
from nightshift.release.layout import Weights
from nightshift.release.lineage import trace
from nightshift.settings import Settings, profile
from nightshift.store import Store
from nightshift.store.model_tree import store_model
from nightshift.warehouse import MARTS
from tests.narrow_llama import write_narrow_llama

ARTICLES = {
    "standard-delivery": "Standard delivery takes two to four working days. It is free from a basket value of 60 EUR.",
    "return-item": "You can return an item within 30 days. Print the return label in your account and drop the parcel.",
    "gift-cards": "A gift card is valid for three years. Enter its code at checkout to use the balance.",
    "password-reset": "To reset your password choose Forgot password. The link in the message is valid for one hour.",
    "repair-service": "We repair bikes and tents in our workshop. Book a repair in your account; it takes ten days.",
}


@dataclass(frozen=True)
class Home:
    """A state folder with one assembled release."""

    settings: Settings
    store: Store
    release: Release


def _features(store: Store, folder: Path) -> Features:
    day = datetime(2026, 1, 1)  # noqa: DTZ001 - the lake's timestamps are UTC without a zone
    ids = list(ARTICLES)
    articles = {
        "article_id": ids, "title": [name.replace("-", " ").title() for name in ids], "body": list(ARTICLES.values()),
        "url": [""] * len(ids), "topic": [""] * len(ids), "updated_at": [day] * len(ids),
    }  # fmt: skip
    pairs = {
        "ticket_id": [f"t{n}" for n in range(len(ids))],
        "created_at": [day + timedelta(hours=n) for n in range(len(ids))],
        "text": [f"my question is about {name.replace('-', ' ')}" for name in ids],
        "article_id": ids,
        "intent": ["delivery", "returns", "payment", "account", "repair"],
    }
    for name, columns in (("articles", articles), ("training_pairs", pairs)):
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    pq.write_table(MARTS["unresolved"].empty_table(), folder / "unresolved.parquet")
    return Features(store.put_tree(folder), store.put_json({"tables": {}}), "2026-01-09T00:00:00")


def _generator(store: Store, base: str, work: Path) -> Model:
    """An untrained generator: it writes tokens without meaning."""
    write_narrow_llama(base, work / "hf")
    builder = [sys.executable, "-m", "onnxruntime_genai.models.builder", "-p", "fp32", "-e", "cpu"]
    paths = ["-i", str(work / "hf"), "-o", str(work / "onnx"), "-c", str(work / "cache")]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    subprocess.run([*builder, *paths], cwd=work, env=environment, check=True, capture_output=True, timeout=300)
    return store_model(work / "onnx", store, kind="generator", base=base, trained_on="", metrics={})


@pytest.fixture(scope="session")
def home(tmp_path_factory) -> Home:
    """Exports the models and assembles them; half a minute, so only for tests marked slow."""
    from nightshift.answering.evidence import FIRST_NIGHT_ANSWERABILITY
    from nightshift.answering.policy import Policy
    from nightshift.answering.prompts import VERSION
    from nightshift.answering.sentence_selector import FIRST_NIGHT
    from nightshift.export.classifiers import export_classifiers
    from nightshift.export.encoder import export_document_tower
    from nightshift.index.build import build
    from nightshift.retrieval.confidence import UNFITTED
    from nightshift.train.classifiers import train_classifiers
    from nightshift.train.dataset import LabelledVectors

    settings = Settings.from_env({"NIGHTSHIFT_HOME": str(tmp_path_factory.mktemp("home"))})
    night = Night.from_settings(settings)
    store = night.store
    sizes = profile("tiny")
    features = _features(store, tmp_path_factory.mktemp("features"))
    texts = list(ARTICLES.values())
    documents = export_document_tower(sizes.encoder, night, texts)
    index, _ = build(features, documents, night)
    none = LabelledVectors([], np.zeros((0, 384), np.float32), [], [])
    trained = train_classifiers(none, none, ordinary=None, profile=sizes)
    heads = export_classifiers(trained, store, base=sizes.encoder, trained_on=features.digest)
    generator = _generator(store, sizes.generator, tmp_path_factory.mktemp("generator"))
    models = {
        "document_tower": documents,
        "query_tower": replace(documents, kind="query_tower"),
        "classifiers": heads,
        "generator": generator,
    }
    policy = Policy().to_json()
    weights = Weights(
        {"dense": 0.5, "bm25": 0.3, "ticket_knn": 0.1, "prior": 0.1},
        UNFITTED.to_json(),
        dict(FIRST_NIGHT),
        dict(FIRST_NIGHT_ANSWERABILITY),
        None,
    )
    lineage = trace(features, index, models, "c0de" * 16, store)
    parts = Parts(index, models, policy, weights, {"version": VERSION}, {}, lineage)
    return Home(settings, store, compose(parts, store))
