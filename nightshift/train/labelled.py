"""Marts as rows for the heads: the vector of each ticket, from the embedding cache, beside its label.

tickets, pairs = labelled_tickets(features, document_tower, profile, store, settings), labelled_pairs(...)
"""

import pyarrow as pa
import pyarrow.compute as pc

from nightshift.artifacts import Features, Model
from nightshift.index.build import text_keys
from nightshift.index.embeddings import cached_vectors
from nightshift.runtime.encoder import OnnxEncoder
from nightshift.settings import Profile, Settings
from nightshift.store import Store
from nightshift.train.heads import Labelled
from nightshift.warehouse import read_mart

NEWEST_FIRST = [("created_at", "descending"), ("ticket_id", "ascending")]


def labelled_tickets(
    features: Features, document_tower: Model, profile: Profile, store: Store, settings: Settings
) -> Labelled:
    """The newest tickets of the training part that carry an intent, at most `profile.intent_tickets`."""
    tickets = read_mart(store, features, "tickets")
    trained = pc.and_(pc.equal(tickets["split"], "train"), pc.not_equal(tickets["intent"], ""))
    rows = tickets.filter(trained).sort_by(NEWEST_FIRST).slice(0, profile.intent_tickets)
    return _labelled(rows, "intent", document_tower, store, settings)


def labelled_pairs(features: Features, document_tower: Model, store: Store, settings: Settings) -> Labelled:
    """Every training pair, labelled with the article that resolved the ticket."""
    return _labelled(read_mart(store, features, "training_pairs"), "article_id", document_tower, store, settings)


def _labelled(rows: pa.Table, label: str, document_tower: Model, store: Store, settings: Settings) -> Labelled:
    texts = rows["text"].to_pylist()
    vectors, _ = cached_vectors(
        "tickets",
        text_keys(texts),
        texts,
        encoder_digest=document_tower.digest,
        open_encoder=lambda: OnnxEncoder(store.checkout(document_tower.digest), settings.threads),
        store=store,
    )
    return Labelled(rows["ticket_id"].to_pylist(), vectors, rows[label].to_pylist(), rows["created_at"].to_pylist())
