"""The training data of the classifiers: vectors from the embedding cache with their labels, and plain texts.

tickets, pairs = labelled_tickets(features, document_tower, night), labelled_pairs(...)
ordinary = ordinary_tickets(features, store)   # {ticket_id: text}
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nightshift.artifacts import Features, Model
from nightshift.index.build import chunk_table
from nightshift.models.batch_encoder import open_batch_encoder
from nightshift.models.embedding_cache import cached_vectors, text_keys
from nightshift.night import Night
from nightshift.retrieval.sections import Sections
from nightshift.store import Store
from nightshift.train.dataset import LabelledVectors
from nightshift.warehouse import read_mart

NEWEST_FIRST = [("created_at", "descending"), ("ticket_id", "ascending")]
MAX_ORDINARY = 2_000  # tickets that the injection classifier learns as harmless


def labelled_tickets(features: Features, document_tower: Model, night: Night) -> LabelledVectors:
    """The newest tickets of the training part that have an intent, at most `intent_tickets` of the profile."""
    tickets = read_mart(night.store, features, "tickets")
    trained = pc.and_(pc.equal(tickets["split"], "train"), pc.not_equal(tickets["intent"], ""))
    rows = tickets.filter(trained).sort_by(NEWEST_FIRST).slice(0, night.profile.intent_tickets)
    return _labelled(rows, "intent", document_tower, night)


def labelled_pairs(features: Features, document_tower: Model, night: Night) -> LabelledVectors:
    """Every training pair, labelled with the article that resolved the ticket, and the sections of all articles."""
    pairs = read_mart(night.store, features, "training_pairs")
    labelled = _labelled(pairs, "article_id", document_tower, night)
    return replace(labelled, sections=_sections(features, document_tower, night))


def ordinary_tickets(features: Features, store: Store) -> dict[str, str]:
    """The newest tickets of the training part by id, labelled or not: the harmless examples of the injection
    classifier.
    """
    tickets = read_mart(store, features, "tickets")
    rows = tickets.filter(pc.equal(tickets["split"], "train")).sort_by(NEWEST_FIRST).slice(0, MAX_ORDINARY)
    return dict(zip(rows["ticket_id"].to_pylist(), rows["text"].to_pylist(), strict=True))


def _sections(features: Features, document_tower: Model, night: Night) -> Sections:
    """The sections that the index of `features` holds, from the same cache."""
    chunks = chunk_table(read_mart(night.store, features, "articles"))
    vectors = _vectors("chunks", chunks["chunk_id"].to_pylist(), chunks["embedded"].to_pylist(), document_tower, night)
    return Sections(vectors, chunks["article_id"].to_pylist())


def _labelled(rows: pa.Table, label: str, document_tower: Model, night: Night) -> LabelledVectors:
    texts = rows["text"].to_pylist()
    return LabelledVectors(
        rows["ticket_id"].to_pylist(),
        _vectors("tickets", text_keys(texts), texts, document_tower, night),
        rows[label].to_pylist(),
        rows["created_at"].to_pylist(),
        [len(text.split()) for text in texts],
    )


def _vectors(
    kind: str, keys: Sequence[str], texts: Sequence[str], document_tower: Model, night: Night
) -> NDArray[np.float32]:
    vectors, _ = cached_vectors(
        kind,
        keys,
        texts,
        encoder_digest=document_tower.digest,
        open_encoder=lambda: open_batch_encoder(night.store.checkout(document_tower.digest), night.settings.threads),
        store=night.store,
    )
    return vectors
