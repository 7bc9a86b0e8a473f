"""Temporal cross-validation: out-of-fold retrieval scores of past questions, each from classifiers fitted on older
tickets.

    scores, golds = out_of_fold_scores(tickets, pairs, lambda classifiers, fold: EvaluationRetriever(...))
    # float32 [n, scores, articles] and bool [n, articles]: what the fusion weights are fitted on

A fold is a tenth of the past; fold 0 is the newest. The prior classifier of a fold is fitted on the tickets before it.
"""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nightshift.retrieval.evaluation_retriever import EvaluationRetriever
from nightshift.train.classifier import INTENT, Classifier, fit_calibrated, fit_classifier
from nightshift.train.classifiers import FEWEST_EXAMPLES
from nightshift.train.dataset import LabelledVectors, frequent
from nightshift.train.temporal_split import HELD_OUT_SHARE, newest

ENOUGH_QUESTIONS = 500  # where the newest fold has as many, it is the only one
MAX_FOLDS = 5  # the older half of the past is never a fold: the oldest fold's classifier is fitted on it


@dataclass(frozen=True)
class OutOfFoldClassifiers:
    """Classifiers that have not seen the tickets of a fold; the same methods as models.classifiers.Classifiers."""

    prior: Classifier | None
    intent: Classifier | None = None

    @property
    def prior_labels(self) -> list[str]:
        return self.prior.labels if self.prior else []

    def priors(self, vectors: NDArray[np.float32]) -> NDArray[np.float32] | None:
        return self.prior.probabilities(vectors).astype(np.float32) if self.prior else None

    def intents(self, vectors: NDArray[np.float32]) -> NDArray[np.float32] | None:
        return self.intent.probabilities(vectors).astype(np.float32) if self.intent else None


def fit_prior_without(pairs: LabelledVectors, held_out: Collection[str]) -> Classifier | None:
    """The prior classifier fitted on all `pairs` but those of the tickets `held_out`."""
    rest = pairs.rows(row for row, ticket in enumerate(pairs.ticket_ids) if ticket not in held_out)
    return fit_classifier(frequent(rest, FEWEST_EXAMPLES["prior"]))


def fit_intent_before(tickets: LabelledVectors, start: datetime) -> Classifier | None:
    """The intent classifier fitted on the `tickets` created before `start`, and calibrated on the newest of them."""
    older = tickets.rows(row for row, created_at in enumerate(tickets.created_at) if created_at < start)
    return fit_calibrated(frequent(older, FEWEST_EXAMPLES["intent"]), INTENT)[0]


def out_of_fold_scores(
    tickets: pa.Table,
    pairs: LabelledVectors,
    open_retriever: Callable[[OutOfFoldClassifiers, int], EvaluationRetriever],
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Retrieval scores [n, scores, articles] and the articles that resolved each question [n, articles].

    `tickets` is a resolved_table of at least one ticket. `open_retriever(classifiers, fold)` opens a retriever for one
    fold; its query tower was trained on all tickets but those of fold 0.
    """
    created_at, ids = tickets["created_at"].to_pylist(), tickets["ticket_id"].to_pylist()
    scores: list[NDArray[np.float32]] = []
    golds: list[NDArray[np.bool_]] = []
    newer = np.zeros(len(ids), np.bool_)
    for fold in range(_folds(len(ids))):
        held_out = newest(created_at, ids, (fold + 1) * HELD_OUT_SHARE)
        questions = tickets.filter(pa.array(held_out & ~newer))
        prior = fit_prior_without(pairs, {ticket for ticket, out in zip(ids, held_out, strict=True) if out})
        retriever = open_retriever(OutOfFoldClassifiers(prior), fold)
        ranking = retriever.rank(questions["text"].to_pylist(), questions["created_at"].to_pylist())
        scores.append(ranking.retrieval_scores)
        golds.append(_golds(questions["article_ids"].to_pylist(), retriever.article_ids))
        newer = held_out
    return np.concatenate(scores), np.concatenate(golds)


def _folds(tickets: int) -> int:
    """The fewest folds that hold ENOUGH_QUESTIONS, MAX_FOLDS at most."""
    return min(MAX_FOLDS, math.ceil(ENOUGH_QUESTIONS / max(1, round(tickets * HELD_OUT_SHARE))))


def _golds(resolved_by: Sequence[Sequence[str]], articles: Sequence[str]) -> NDArray[np.bool_]:
    """The articles that resolved each question, as a mask [n, articles]; unknown articles are left out."""
    column = {article: position for position, article in enumerate(articles)}
    mask = np.zeros((len(resolved_by), len(articles)), np.bool_)
    for row, article_ids in enumerate(resolved_by):
        mask[row, [column[article] for article in article_ids if article in column]] = True
    return mask
