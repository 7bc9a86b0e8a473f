"""Tickets as drift sees them: those a release learned from, and tonight's.

reference(features, document_tower.digest, heads, index_folder, ...)   # -> reference.json of a release
asked(tonight, vectors, heads)                                         # -> Asked, to measure against it
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nightshift.evaluate.drift import Asked
from nightshift.index.build import text_keys
from nightshift.index.embeddings import Encoder, cached_vectors
from nightshift.store import Store


class IntentHead(Protocol):
    """Probabilities over intents from document-tower vectors."""

    @property
    def intent_labels(self) -> list[str]: ...

    def intents(self, vectors: NDArray[np.float32]) -> NDArray[np.float32] | None: ...


def asked(
    tickets: pa.Table,
    heads: IntentHead,
    *,
    encoder_digest: str,
    open_encoder: Callable[[], Encoder],
    store: Store,
) -> Asked:
    """Rows of the mart `tickets` with their vectors, from the embedding cache, and the intents `heads` predict.

    Without an intent head the labels that people gave stand in.
    """
    texts = tickets["text"].to_pylist()
    vectors, _ = cached_vectors(
        "tickets", text_keys(texts), texts, encoder_digest=encoder_digest, open_encoder=open_encoder, store=store
    )
    probabilities = heads.intents(vectors) if len(texts) else None
    if probabilities is None:
        intents = tickets["intent"].to_pylist()
    else:
        intents = [heads.intent_labels[best] for best in probabilities.argmax(axis=1)]
    return Asked(tickets["created_at"].to_pylist(), tickets["n_words"].to_pylist(), intents, vectors)


def newest(tickets: pa.Table, split: str, most: int) -> pa.Table:
    """The newest `most` tickets of a split ('train' or 'eval'), oldest first."""
    rows = tickets.filter(pc.equal(tickets["split"], split))
    order = [("created_at", "descending"), ("ticket_id", "ascending")]
    return rows.sort_by(order).slice(0, most).sort_by([("created_at", "ascending"), ("ticket_id", "ascending")])
