"""A desk night by night, and as much of a release as drift looks at. Part of bench.drift.

encoders = Encoders.at(folder)
serving = champion(cut(desk, monday), encoders)
judged(serving, cut(desk, tuesday), encoders).verdict      # 'quiet'
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nightshift.drift.detect import MIN_ROWS, Comparison, TicketSample, cluster, compare, make_reference
from nightshift.drift.reference import fresh, learned_labels, newest_nights, sample_tickets
from nightshift.export.encoder import export_document_tower
from nightshift.lake import ingest
from nightshift.models.batch_encoder import open_batch_encoder
from nightshift.models.embedding_cache import Encoder, cached_vectors, text_keys
from nightshift.night import Night
from nightshift.settings import Settings, profile
from nightshift.sources import open_source
from nightshift.store import Store, open_store
from nightshift.train.classifier import INTENT, Classifier, fit_calibrated
from nightshift.train.classifiers import FEWEST_EXAMPLES
from nightshift.train.dataset import LabelledVectors, frequent
from nightshift.warehouse import read_mart, transform
from nightshift.warehouse.split import TRAINING_PERCENT

PROFILE = profile("tiny")
BY_TIME = [("created_at", "ascending"), ("ticket_id", "ascending")]


@dataclass(frozen=True)
class Desk:
    """What was known at the end of a night: the mart of tickets, and which of them an article resolved."""

    tickets: pa.Table
    resolved: frozenset[str]


@dataclass(frozen=True)
class IntentHead:
    """A head in memory, where a release has one in ONNX."""

    head: Classifier | None

    @property
    def intent_labels(self) -> list[str]:
        return self.head.labels if self.head else []

    def intents(self, vectors: NDArray[np.float32]) -> NDArray[np.float32] | None:
        return self.head.probabilities(vectors).astype(np.float32) if self.head else None


@dataclass(frozen=True)
class Champion:
    """As much of a release as drift looks at."""

    head: IntentHead
    memory: NDArray[np.float32]
    reference: dict[str, Any]


@dataclass(frozen=True)
class Encoders:
    """A store that keeps embeddings, and the document tower that makes them."""

    store: Store
    settings: Settings
    tower: str

    @classmethod
    def at(cls, folder: Path) -> "Encoders":
        settings = Settings.from_env({"NIGHTSHIFT_HOME": str(folder)})
        store = open_store(settings.store)
        words = ["How long does the delivery take?", "I cannot sign in any more."]
        return cls(
            store, settings, export_document_tower(PROFILE.encoder, Night.from_settings(settings, store), words).digest
        )

    def sample_tickets(self, rows: pa.Table, tickets: pa.Table, head: IntentHead) -> TicketSample:
        return sample_tickets(
            rows, tickets, head, encoder_digest=self.tower, open_encoder=self._opened, store=self.store
        )

    def vectors(self, rows: pa.Table) -> NDArray[np.float32]:
        texts = rows["text"].to_pylist()
        found, _ = cached_vectors(
            "tickets", text_keys(texts), texts, encoder_digest=self.tower, open_encoder=self._opened, store=self.store
        )
        return found

    def _opened(self) -> Encoder:
        return open_batch_encoder(self.store.checkout(self.tower), self.settings.threads)


def desks(sources: list[str]) -> Iterator[Desk]:
    """The marts after each delivery of one source, in a lake of their own."""
    with tempfile.TemporaryDirectory() as name:
        settings = Settings.from_env({"NIGHTSHIFT_HOME": name})
        night = Night.from_settings(settings)
        store = night.store
        for url in sources:
            snapshot, _ = ingest(open_source(url, settings), night)
            features, _ = transform(snapshot, "", night)
            resolved = {
                ticket
                for mart in ("training_pairs", "eval_questions")
                for ticket in read_mart(store, features, mart)["ticket_id"].to_pylist()
            }
            yield Desk(read_mart(store, features, "tickets").sort_by(BY_TIME), frozenset(resolved))


def cut(desk: Desk, end: datetime) -> Desk:
    """What a desk knew at `end`, with the newest fifth of its resolved tickets for evaluation."""
    known = desk.tickets.filter(pc.less(desk.tickets["created_at"], end))
    days = [time for time, one in zip(*columns(known, "created_at", "ticket_id"), strict=True) if one in desk.resolved]
    split = days[len(days) * TRAINING_PERCENT // 100].replace(hour=0, minute=0, second=0, microsecond=0)
    side = pc.if_else(pc.less(known["created_at"], split), "train", "eval")
    return Desk(known.set_column(known.column_names.index("split"), "split", side), desk.resolved)


def columns(table: pa.Table, *names: str) -> list[list[Any]]:
    return [table[name].to_pylist() for name in names]


def champion(desk: Desk, encoders: Encoders) -> Champion:
    """The parts of the release that a night with these marts would make."""
    train = desk.tickets.filter(pc.equal(desk.tickets["split"], "train"))
    newest = train.slice(max(0, train.num_rows - PROFILE.intent_tickets))
    ids, labels, times = columns(newest, "ticket_id", "intent", "created_at")
    vectors = encoders.vectors(newest)
    learned = frequent(LabelledVectors(ids, vectors, labels, times), FEWEST_EXAMPLES["intent"])
    head = IntentHead(fit_calibrated(learned, INTENT)[0])
    memory = vectors[[row for row, one in enumerate(ids) if one in desk.resolved]]
    reference = make_reference(
        encoders.sample_tickets(fresh(desk.tickets), desk.tickets, head),
        memory,
        cluster(memory),
        learned_labels(desk.tickets),
    )
    return Champion(head, memory, reference)


def judged(serving: Champion, desk: Desk, encoders: Encoders) -> Comparison:
    """The night after: the newest tickets of a desk against the release that serves."""
    tonight = encoders.sample_tickets(newest_nights(desk.tickets, MIN_ROWS), desk.tickets, serving.head)
    return compare(serving.reference, tonight, serving.memory)
