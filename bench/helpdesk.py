"""A helpdesk night by night, and the parts of a release that drift compares with. Part of bench.drift.

encoders = Encoders.at(folder)
serving = champion(cut(helpdesk, monday), encoders)
compare_night(serving, cut(helpdesk, tuesday), encoders).verdict
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
class Helpdesk:
    """The mart of tickets at the end of a night, and the ids of those that an article resolved."""

    tickets: pa.Table
    resolved: frozenset[str]


@dataclass(frozen=True)
class IntentClassifier:
    """The intent classifier in memory, where a release has it in ONNX."""

    classifier: Classifier | None

    @property
    def intent_labels(self) -> list[str]:
        return self.classifier.labels if self.classifier else []

    def intents(self, vectors: NDArray[np.float32]) -> NDArray[np.float32] | None:
        return self.classifier.probabilities(vectors).astype(np.float32) if self.classifier else None


@dataclass(frozen=True)
class Champion:
    """The parts of a release that drift compares with; `resolved_vectors` float32 [n, dim] of resolved tickets."""

    classifier: IntentClassifier
    resolved_vectors: NDArray[np.float32]
    reference: dict[str, Any]


@dataclass(frozen=True)
class Encoders:
    """The document tower, with a store for its embedding cache."""

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

    def sample_tickets(self, rows: pa.Table, tickets: pa.Table, classifier: IntentClassifier) -> TicketSample:
        return sample_tickets(
            rows, tickets, classifier, encoder_digest=self.tower, open_encoder=self._open, store=self.store
        )

    def vectors(self, rows: pa.Table) -> NDArray[np.float32]:
        texts = rows["text"].to_pylist()
        vectors, _ = cached_vectors(
            "tickets", text_keys(texts), texts, encoder_digest=self.tower, open_encoder=self._open, store=self.store
        )
        return vectors

    def _open(self) -> Encoder:
        return open_batch_encoder(self.store.checkout(self.tower), self.settings.threads)


def helpdesks(sources: list[str]) -> Iterator[Helpdesk]:
    """The helpdesk after each delivery of one source, in a temporary lake."""
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
            yield Helpdesk(read_mart(store, features, "tickets").sort_by(BY_TIME), frozenset(resolved))


def cut(helpdesk: Helpdesk, end: datetime) -> Helpdesk:
    """The helpdesk as known at `end`, with the newest fifth of its resolved tickets for evaluation."""
    known = helpdesk.tickets.filter(pc.less(helpdesk.tickets["created_at"], end))
    times = zip(*columns(known, "created_at", "ticket_id"), strict=True)
    days = [created_at for created_at, ticket in times if ticket in helpdesk.resolved]
    split = days[len(days) * TRAINING_PERCENT // 100].replace(hour=0, minute=0, second=0, microsecond=0)
    side = pc.if_else(pc.less(known["created_at"], split), "train", "eval")
    return Helpdesk(known.set_column(known.column_names.index("split"), "split", side), helpdesk.resolved)


def columns(table: pa.Table, *names: str) -> list[list[Any]]:
    return [table[name].to_pylist() for name in names]


def champion(helpdesk: Helpdesk, encoders: Encoders) -> Champion:
    """The parts of the release that a night on these marts would make."""
    train = helpdesk.tickets.filter(pc.equal(helpdesk.tickets["split"], "train"))
    newest = train.slice(max(0, train.num_rows - PROFILE.intent_tickets))
    ids, labels, times = columns(newest, "ticket_id", "intent", "created_at")
    vectors = encoders.vectors(newest)
    labelled = frequent(LabelledVectors(ids, vectors, labels, times), FEWEST_EXAMPLES["intent"])
    classifier = IntentClassifier(fit_calibrated(labelled, INTENT)[0])
    resolved_vectors = vectors[[row for row, ticket in enumerate(ids) if ticket in helpdesk.resolved]]
    reference = make_reference(
        encoders.sample_tickets(fresh(helpdesk.tickets), helpdesk.tickets, classifier),
        resolved_vectors,
        cluster(resolved_vectors),
        learned_labels(helpdesk.tickets),
    )
    return Champion(classifier, resolved_vectors, reference)


def compare_night(serving: Champion, helpdesk: Helpdesk, encoders: Encoders) -> Comparison:
    """Drift of the newest tickets of a helpdesk against the release that serves."""
    tonight = encoders.sample_tickets(newest_nights(helpdesk.tickets, MIN_ROWS), helpdesk.tickets, serving.classifier)
    return compare(serving.reference, tonight, serving.resolved_vectors)
