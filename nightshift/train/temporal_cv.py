"""The past asked again: what each signal would have said about questions that were new at the time.

    signals, golds = rehearse(tickets, pairs, lambda prior, tenth: retriever(COLD_START, prior, ...))
    # [n, signals, articles] and bool [n, articles]: what a blend is fitted on

Tenths of the past are asked one after another, each of a prior head that was learned from the tickets before it.
"""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nightshift.retrieval.retriever import Retriever
from nightshift.train.classifier import INTENT, Head, calibrated, fit_head
from nightshift.train.classifiers import FEWEST_EXAMPLES
from nightshift.train.dataset import Labelled, frequent
from nightshift.train.temporal_split import HELD_OUT_SHARE, newest

ENOUGH = 500  # questions: a newest tenth that has them is asked alone
MOST_TENTHS = 5  # an older half of the past is left to learn the first of them from


@dataclass(frozen=True)
class OutOfFoldClassifiers:
    """Heads that have not seen some tickets; they speak like runtime.heads.Heads."""

    prior: Head | None
    intent: Head | None = None

    @property
    def prior_labels(self) -> list[str]:
        return self.prior.labels if self.prior else []

    def priors(self, vectors: NDArray[np.float32]) -> NDArray[np.float32] | None:
        return self.prior.probabilities(vectors).astype(np.float32) if self.prior else None

    def intents(self, vectors: NDArray[np.float32]) -> NDArray[np.float32] | None:
        return self.intent.probabilities(vectors).astype(np.float32) if self.intent else None


def prior_without(pairs: Labelled, held: Collection[str]) -> Head | None:
    """The prior head learned from all `pairs` but those of the tickets `held`."""
    known = pairs.rows(row for row, ticket in enumerate(pairs.ticket_ids) if ticket not in held)
    return fit_head(frequent(known, FEWEST_EXAMPLES["prior"]))


def intents_before(tickets: Labelled, start: datetime) -> Head | None:
    """The intent head learned from the `tickets` asked before `start`, calibrated as the one that is kept."""
    known = tickets.rows(row for row, asked in enumerate(tickets.created_at) if asked < start)
    return calibrated(frequent(known, FEWEST_EXAMPLES["intent"]), INTENT)[0]


def out_of_fold_scores(
    tickets: pa.Table, pairs: Labelled, retriever: Callable[[OutOfFoldClassifiers, int], Retriever]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Signals [n, signals, articles] and what resolved each question [n, articles], of at least one newest ticket.

    `tickets` is a memory_table. `retriever` opens one with the given prior head for a tenth of the past; the query tower
    has learned from all of them but the newest, which is number 0.
    """
    born, ids = tickets["created_at"].to_pylist(), tickets["ticket_id"].to_pylist()
    signals: list[NDArray[np.float32]] = []
    golds: list[NDArray[np.bool_]] = []
    later = np.zeros(len(ids), np.bool_)
    for tenth in range(_tenths(len(ids))):
        held = newest(born, ids, (tenth + 1) * HELD_OUT_SHARE)
        asked = tickets.filter(pa.array(held & ~later))
        prior = prior_without(pairs, {ticket for ticket, out in zip(ids, held, strict=True) if out})
        opened = retriever(OutOfFoldClassifiers(prior), tenth)
        _, said = opened.rank_articles(asked["text"].to_pylist(), asked["created_at"].to_pylist())
        signals.append(said)
        golds.append(_golds(asked["article_ids"].to_pylist(), opened.article_ids))
        later = held
    return np.concatenate(signals), np.concatenate(golds)


def _tenths(tickets: int) -> int:
    """How many tenths of the past are asked: as few as hold ENOUGH questions."""
    return min(MOST_TENTHS, math.ceil(ENOUGH / max(1, round(tickets * HELD_OUT_SHARE))))


def _golds(articles: Sequence[Sequence[str]], known: Sequence[str]) -> NDArray[np.bool_]:
    """What resolved each question, as a mask [n, articles]."""
    column = {article: position for position, article in enumerate(known)}
    mask = np.zeros((len(articles), len(known)), np.bool_)
    for row, wanted in enumerate(articles):
        mask[row, [column[article] for article in wanted if article in column]] = True
    return mask
