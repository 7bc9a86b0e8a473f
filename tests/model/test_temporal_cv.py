"""Out-of-fold scores: folds of a tenth each, newest first, each from a classifier that has not seen the fold."""

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from nightshift.retrieval.ranking import Ranking
from nightshift.train.dataset import LabelledVectors
from nightshift.train.temporal_cv import MAX_FOLDS, fit_intent_before, out_of_fold_scores

DAY = datetime(2026, 1, 1)  # noqa: DTZ001  the marts hold UTC without a zone
ARTICLES = ["a0", "a1", "a2"]


class RecordingRetriever:
    """A retriever that records its calls, and the prior classifier it was opened with."""

    article_ids = ARTICLES

    def __init__(self, classifiers, fold, calls):
        self.classifiers, self.fold, self.calls = classifiers, fold, calls

    def rank(self, questions, before):
        self.calls.append((self.fold, questions, before, self.classifiers.prior))
        scores = np.full((len(questions), 4, 3), self.fold, np.float32)
        return Ranking(np.zeros((len(questions), 3)), scores, np.zeros((len(questions), 6)))


def tickets_and_pairs(labels):
    """One ticket an hour, each resolved by the article that is its label; vectors are the axis of the article."""
    ids = [f"t{number:05}" for number in range(len(labels))]
    created_at = [DAY + timedelta(hours=number) for number in range(len(labels))]
    vectors = np.eye(3, dtype=np.float32)[[int(label[1]) for label in labels]]
    article_ids = [[label] for label in labels]
    tickets = pa.table({"ticket_id": ids, "article_ids": article_ids, "created_at": created_at, "text": ids})
    return tickets, LabelledVectors(ids, vectors, labels, created_at)


def out_of_fold(count: int):
    """The calls of the retrievers, the scores and the golds of `count` tickets."""
    tickets, pairs = tickets_and_pairs([ARTICLES[number % 3] for number in range(count)])
    calls: list = []
    scores, golds = out_of_fold_scores(
        tickets, pairs, lambda classifiers, fold: RecordingRetriever(classifiers, fold, calls)
    )
    return calls, scores, golds


def test_every_fold_is_scored_by_a_classifier_that_has_not_seen_it():
    """With few tickets the newest half is scored, each question once and at its time."""
    calls, scores, golds = out_of_fold(200)
    assert [fold for fold, *_ in calls] == list(range(MAX_FOLDS))
    questions = [question for _, fold_questions, _, _ in calls for question in fold_questions]
    assert sorted(questions) == [f"t{number:05}" for number in range(100, 200)]
    assert scores.shape == (100, 4, 3)
    assert golds.sum() == 100
    assert golds[0].tolist() == [int(questions[0][1:]) % 3 == column for column in range(3)]
    assert calls[0][2][0] == DAY + timedelta(hours=180)


def test_a_classifier_does_not_know_later_articles():
    """An article that only later tickets are labelled with is not a label of an older fold's classifier."""
    calls, _, _ = out_of_fold(40)
    assert all(classifier.labels == ARTICLES for *_, classifier in calls)
    tickets, pairs = tickets_and_pairs(["a0", "a1"] * 14 + ["a2"] * 12)
    labels_of_fold: dict = {}

    def open_retriever(classifiers, fold):
        labels_of_fold[fold] = classifiers.prior.labels
        return RecordingRetriever(classifiers, fold, [])

    out_of_fold_scores(tickets, pairs, open_retriever)
    assert labels_of_fold[0] == ARTICLES
    assert labels_of_fold[4] == ["a0", "a1"]


@pytest.mark.parametrize(("tickets", "folds"), [(5_000, 1), (2_000, 3), (10, 5)])
def test_there_are_no_more_folds_than_needed(tickets, folds):
    """A newest fold with enough questions is the only one; with few tickets the folds reach to the older half."""
    calls, _, _ = out_of_fold(tickets)
    assert len(calls) == folds


def test_the_intent_classifier_is_fitted_on_older_tickets_only():
    """Tickets from the start on are not used, and an intent that only they have is no label."""
    columns = [number % 2 + (number >= 20) for number in range(30)]
    tickets = LabelledVectors(
        [str(number) for number in range(30)],
        np.eye(3, dtype=np.float32)[columns],
        [f"i{column}" for column in columns],
        [DAY + timedelta(number) for number in range(30)],
    )
    assert fit_intent_before(tickets, DAY + timedelta(20)).labels == ["i0", "i1"]
