"""Score a registered release on questions of any mapped source, without touching lake, warehouse or registry.

    nightshift evaluate --source 'file:///exports/helpdesk?mapping=helpdesk.yaml' --from 2025-01-01

Towers, classifiers, fusion weights and policy are the release's; the articles, and the tickets resolved before that
day, are the source's. So a set that the release has never seen shows how well it generalises.
"""

import tempfile
from pathlib import Path
from typing import Any

from nightshift.answering.open import open_assistant
from nightshift.errors import NotEnoughData
from nightshift.evaluate.evaluation import measure
from nightshift.evaluate.model_under_test import OpenedLoader, ReleaseRef
from nightshift.index.build import build
from nightshift.lake import ingest
from nightshift.night import Night
from nightshift.registry import mlflow as registry
from nightshift.release.layout import StoredRelease
from nightshift.retrieval.evaluation_retriever import EvaluationRetriever
from nightshift.settings import Settings
from nightshift.sources import open_source
from nightshift.store import open_store
from nightshift.store.model_tree import read_model
from nightshift.warehouse import read_mart, transform


def score(source: str, since: str, version: int, settings: Settings) -> dict[str, Any]:
    """Metrics, intervals and slices of registered `version` (0: the one that serves) on questions from `since` on.

    Raises NoChampion, RegistryError, SourceError, NotEnoughData.
    """
    entry = registry.entry(settings, version) if version else registry.serving(settings)
    released = open_store(settings.store)
    release = StoredRelease(entry.digest, released)
    folder = release.checkout()
    with tempfile.TemporaryDirectory() as name:
        isolated = settings.isolated_in(Path(name))
        night = Night.from_settings(isolated)
        store = night.store
        snapshot, _ = ingest(open_source(source, isolated), night)
        features, _ = transform(snapshot, since, night)
        questions = read_mart(store, features, "eval_questions")
        if not questions.num_rows:
            raise NotEnoughData(
                f"{source} has no resolved question from {since} on",
                "give an earlier day, or map the table resolutions",
            )
        tower = read_model(release.artifact.models["document_tower"], released)
        store.put_tree(folder.document_tower)
        index, _ = build(features, tower, night)
        other = store.checkout(index.digest)
        retriever = EvaluationRetriever.open(folder, settings.threads, index=other)
        loader = OpenedLoader(retriever, open_assistant(folder, settings.threads, retriever, other))
        measured = measure(ReleaseRef(release.artifact, folder), questions, features, night, loader)
    return {
        "release": entry.digest,
        "source": source,
        "from": features.split_at,
        "questions": questions.num_rows,
        **measured,
    }
