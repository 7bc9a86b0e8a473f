"""The past is asked again as it was: by tenths, newest first, each of a head that has not seen it."""

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from nightshift.train.dataset import Labelled
from nightshift.train.temporal_cv import MOST_TENTHS, intents_before, out_of_fold_scores

DAY = datetime(2026, 1, 1)  # noqa: DTZ001  the marts hold UTC without a zone
ARTICLES = ["a0", "a1", "a2"]


class Listening:
    """A retriever that notes what it was asked, and how many tickets its prior head had seen by then."""

    article_ids = ARTICLES

    def __init__(self, heads, tenth, notes):
        self.heads, self.tenth, self.notes = heads, tenth, notes

    def rank_articles(self, questions, before):
        self.notes.append((self.tenth, questions, before, self.heads.prior))
        return np.zeros((len(questions), 3)), np.full((len(questions), 4, 3), self.tenth, np.float32)


def rehearsed(count: int):
    ids = [f"t{number:05}" for number in range(count)]
    born = [DAY + timedelta(hours=number) for number in range(count)]
    labels = [ARTICLES[number % 3] for number in range(count)]
    tickets = pa.table({"ticket_id": ids, "article_ids": [[one] for one in labels], "created_at": born, "text": ids})
    pairs = Labelled(ids, np.eye(3, dtype=np.float32)[[number % 3 for number in range(count)]], labels, born)
    notes: list = []
    signals, golds = out_of_fold_scores(tickets, pairs, lambda heads, tenth: Listening(heads, tenth, notes))
    return notes, signals, golds


def test_every_tenth_is_asked_of_a_head_that_has_not_seen_it():
    """With few tickets the newest half is asked, each question once and at its time."""
    notes, signals, golds = rehearsed(200)
    assert [tenth for tenth, *_ in notes] == list(range(MOST_TENTHS))
    asked = [question for _, questions, _, _ in notes for question in questions]
    assert sorted(asked) == [f"t{number:05}" for number in range(100, 200)]
    assert signals.shape == (100, 4, 3)
    assert golds.sum() == 100
    assert golds[0].tolist() == [int(asked[0][1:]) % 3 == column for column in range(3)]
    assert notes[0][2][0] == DAY + timedelta(hours=180)


def test_what_came_later_is_unknown_to_the_head():
    """An article that only later tickets name is none that an older tenth's head could think of."""
    notes, _, _ = rehearsed(40)
    assert all(head.labels == ARTICLES for *_, head in notes)
    ids = [f"t{number:05}" for number in range(40)]
    born = [DAY + timedelta(hours=number) for number in range(40)]
    labels = ["a0", "a1"] * 14 + ["a2"] * 12
    vectors = np.eye(3, dtype=np.float32)[[int(label[1]) for label in labels]]
    tickets = pa.table({"ticket_id": ids, "article_ids": [[one] for one in labels], "created_at": born, "text": ids})
    known: dict = {}

    def opened(heads, tenth):
        known[tenth] = heads.prior.labels
        return Listening(heads, tenth, [])

    out_of_fold_scores(tickets, Labelled(ids, vectors, labels, born), opened)
    assert known[0] == ARTICLES
    assert known[4] == ["a0", "a1"]


@pytest.mark.parametrize(("tickets", "tenths"), [(5_000, 1), (2_000, 3), (10, 5)])
def test_no_more_tenths_than_are_needed(tickets, tenths):
    """A newest tenth with enough questions is asked alone; few tickets are asked up to the older half."""
    notes, _, _ = rehearsed(tickets)
    assert len(notes) == tenths


def test_intents_are_rehearsed_from_older_tickets_only():
    """Tickets asked from the day on that is rehearsed teach nothing, and an intent they alone carry is unknown."""
    vectors = np.eye(3, dtype=np.float32)[[number % 2 + (number >= 20) for number in range(30)]]
    labels = [f"i{number % 2 + (number >= 20)}" for number in range(30)]
    tickets = Labelled([str(one) for one in range(30)], vectors, labels, [DAY + timedelta(one) for one in range(30)])
    assert intents_before(tickets, DAY + timedelta(20)).labels == ["i0", "i1"]
