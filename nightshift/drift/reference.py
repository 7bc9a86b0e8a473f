"""Samples of tickets for drift: those a release was evaluated on, and tonight's.

    sample = sample_tickets(fresh(tickets), tickets, classifiers, ...)
    make_reference(sample, resolved, centres, learned_labels(tickets))                   # reference.json
    sample_tickets(newest_nights(tickets, MIN_ROWS), tickets, classifiers, ...)          # to compare with it

`tickets` is the mart: rows of both splits. Those of the split 'eval' are fresh: no part of the release learned from
them.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nightshift.drift.detect import TicketSample
from nightshift.drift.volume import DailyCounts
from nightshift.models.embedding_cache import Encoder, cached_vectors, text_keys
from nightshift.store import Store

MAX_ROWS = 2_000  # tickets on either side: enough for limits that hold, and 20 s of embedding the first time
_BY_TIME = [("created_at", "ascending"), ("ticket_id", "ascending")]
_DAY = timedelta(days=1)


class IntentClassifier(Protocol):
    """Probabilities over intents from document-tower vectors."""

    @property
    def intent_labels(self) -> list[str]: ...

    def intents(self, vectors: NDArray[np.float32]) -> NDArray[np.float32] | None: ...


def fresh(tickets: pa.Table) -> pa.Table:
    """The tickets of the mart that nothing learned from, oldest first."""
    return tickets.filter(pc.equal(tickets["split"], "eval")).sort_by(_BY_TIME)


def learned_labels(tickets: pa.Table) -> set[str]:
    """The labels of the tickets that were learned from."""
    return set(tickets.filter(pc.equal(tickets["split"], "train"))["intent"].to_pylist())


def newest_nights(tickets: pa.Table, min_rows: int) -> pa.Table:
    """Fresh tickets of the newest 24 hours, oldest first; of the 24 before as well, and so on, until they are
    `min_rows`.
    """
    rows = fresh(tickets)
    times = rows["created_at"].to_pylist()
    if not times:
        return rows
    start = times[-1] - _DAY
    if len(times) >= min_rows:
        start = times[-1] - _nights(times[-min_rows:]) * _DAY
    return rows.filter(pc.greater(rows["created_at"], start))


def sample_tickets(
    rows: pa.Table,
    tickets: pa.Table,
    classifiers: IntentClassifier,
    *,
    encoder_digest: str,
    open_encoder: Callable[[], Encoder],
    store: Store,
) -> TicketSample:
    """At most MAX_ROWS `rows` of the mart `tickets`, evenly spread over time, with vectors and predicted intents.

    Vectors come from the embedding cache. Without an intent classifier all have the intent ''.
    """
    times = rows["created_at"].to_pylist()
    chosen = np.unique(np.linspace(0, max(len(times) - 1, 0), min(MAX_ROWS, len(times))).round().astype(int))
    repeated = np.array(_repeated(times, rows["text"].to_pylist()), bool)[chosen]
    nights = _nights(times)
    rows = rows.take(chosen)
    texts = rows["text"].to_pylist()
    vectors, _ = cached_vectors(
        "tickets", text_keys(texts), texts, encoder_digest=encoder_digest, open_encoder=open_encoder, store=store
    )
    probabilities = classifiers.intents(vectors) if len(texts) else None
    best = [] if probabilities is None else probabilities.argmax(axis=1)
    return TicketSample(
        times=rows["created_at"].to_pylist(),
        n_words=rows["n_words"].to_pylist(),
        intents=[classifiers.intent_labels[label] for label in best] or [""] * len(texts),
        labels=rows["intent"].to_pylist(),
        repeated=repeated.tolist(),
        vectors=vectors,
        daily_counts=DailyCounts.of(tickets["created_at"].to_pylist()),
        nights=nights,
    )


def _nights(times: Sequence[datetime]) -> int:
    """How many times 24 hours back from the newest hold all of these ascending times."""
    return (times[-1] - times[0]) // _DAY + 1 if times else 0


def _repeated(times: Sequence[datetime], texts: Sequence[str]) -> list[bool]:
    """Whether the 24 hours before each ticket held one with the same words; times ascend."""
    last: dict[str, datetime] = {}
    repeated = []
    for time, text in zip(times, texts, strict=True):
        words = " ".join(re.findall(r"\w+", text.lower()))
        repeated.append(words in last and time - last[words] <= _DAY)
        last[words] = time
    return repeated
