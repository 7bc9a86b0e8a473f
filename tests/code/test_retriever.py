"""Four signals, one ranking: each is heard, the future is not, and an article can be taken away."""

import hashlib
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from nightshift.index.bm25 import fts_table
from nightshift.index.exact import ExactIndex
from nightshift.retrieval.answerability import NONE, Answerability
from nightshift.retrieval.confidence import FEATURES, Confidence
from nightshift.retrieval.fusion import SCORES
from nightshift.retrieval.retriever import Retriever
from nightshift.retrieval.ticket_knn import TicketKnn

DAY = datetime(2026, 1, 1)  # noqa: DTZ001 (the marts hold UTC without a zone)
CHUNKS = [
    ("gift", "Refund", "money goes back to the giver"),
    ("gift", "Cost", "sending a gift back is free"),
    ("gift", "Time", "gift money takes five days"),
    ("login", "", "reset the password by mail"),
    ("parcel", "Lost", "wait five days then write"),
]
MEMORY = [
    (["parcel"], 0, "where is it"),
    (["gift", "gone"], 2, "aunt sent wrong colour"),
    (["login"], 5, "where is it"),
]


class WordEncoder:
    """Each word is a direction."""

    def __init__(self):
        self.calls = 0

    def encode(self, texts):
        self.calls += 1
        vectors = np.zeros((len(texts), 4096), np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                vectors[row, int(hashlib.sha256(word.encode()).hexdigest(), 16) % 4096] += 1
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


class LoginHead:
    """Always says login; knows an article that is gone."""

    prior_labels = ("gone", "login")

    def priors(self, vectors):
        return np.tile(np.array([[0.1, 0.9]], np.float32), (len(vectors), 1))


def made(weights, heads=None, memory=MEMORY):
    names, headings, texts = zip(*CHUNKS, strict=True)
    chunks = pa.table(
        {
            "chunk_id": [f"c{n}" for n in range(len(CHUNKS))],
            "article_id": names,
            "title": names,
            "heading": headings,
            "text": texts,
            "url": [""] * len(CHUNKS),
        }
    )
    encoder = WordEncoder()
    remembered = TicketKnn(
        encoder.encode([text for _, _, text in memory]),
        [articles for articles, _, _ in memory],
        np.array([DAY + timedelta(day) for _, day, _ in memory], "datetime64[us]"),
    )
    return Retriever(
        ExactIndex(chunks, encoder.encode(list(texts)), fts_table(chunks)),
        remembered,
        documents=encoder,
        queries=encoder,
        heads=heads,
        weights=dict.fromkeys(SCORES, 0.0) | weights,
        confidence=Confidence(bias=-2.0, similarity=4.0),
        outcomes=Answerability(remembered, NONE, heads),
    )


def top(retriever, question, **options):
    return retriever.article_ids[int(retriever.rank([question], **options).scores[0].argmax())]


@pytest.mark.parametrize(
    ("weights", "heads", "question", "article"),
    [
        ({"dense": 1.0}, None, "password mail", "login"),
        ({"bm25": 1.0}, None, "passwords", "login"),
        ({"ticket_knn": 1.0}, None, "wrong colour", "gift"),
        ({"prior": 1.0}, LoginHead(), "money goes back to the giver", "login"),
    ],
    ids=SCORES,
)
def test_each_signal_is_heard(weights, heads, question, article):
    """Alone, each signal ranks first what only it can know."""
    assert top(made(weights, heads), question) == article


def test_nothing_later_than_the_question_helps():
    """A ticket asked on the fifth day votes on the sixth, not on the third."""
    retriever = made({"ticket_knn": 1.0}, memory=[(["parcel"], 9, "where is it"), (["login"], 5, "where is it")])
    _, signals = retriever.rank_articles(["where is it"] * 2, [DAY + timedelta(6), DAY + timedelta(3)])
    votes = signals[:, SCORES.index("ticket_knn")]
    assert [retriever.article_ids[column] for column in np.flatnonzero(votes[0] > votes[0].min())] == ["login"]
    assert len(set(votes[1])) == 1


def test_a_question_asked_at_the_same_moment_does_not_vote_for_itself():
    """Before means earlier, so a ticket never recognises itself."""
    retriever = made({"ticket_knn": 1.0})
    _, signals = retriever.rank_articles(["aunt sent wrong colour"], [DAY + timedelta(2)])
    votes = signals[0, SCORES.index("ticket_knn")]
    assert votes[retriever.article_ids.index("gift")] == votes.min()


def test_an_article_taken_away_leaves_no_trace():
    """Its chunks, its votes and its prior are gone, and the question looks less answerable."""
    retriever = made({"dense": 0.5, "bm25": 0.2, "ticket_knn": 0.2, "prior": 0.1}, LoginHead())
    question = "aunt sent wrong colour gift back money"
    whole, without = retriever.rank([question]), retriever.rank([question], without=[{"gift"}])
    column = retriever.article_ids.index("gift")
    assert whole.scores[0].argmax() == column
    assert without.scores[0, column] == -np.inf
    assert (without.signals[0, :, column] <= without.signals[0].min(axis=1)).all()
    similarity = FEATURES.index("similarity")
    assert without.evidence[0, similarity] < whole.evidence[0, similarity]
    assert np.isfinite(without.evidence).all()


def test_thousands_rank_as_one_by_one():
    """Batching changes nothing but speed."""
    retriever = made({"dense": 0.6, "bm25": 0.2, "ticket_knn": 0.2})
    questions = [f"password gift {n} days" for n in range(600)]
    scores, _ = retriever.rank_articles(questions)
    for row in (0, 255, 256, 599):
        np.testing.assert_allclose(scores[row], retriever.rank_articles([questions[row]])[0][0], atol=1e-5)


def test_at_most_two_passages_of_an_article():
    """An article with three fitting sections shows its best two, and the list is ordered by score."""
    retriever = made({"dense": 1.0, "bm25": 0.5})
    found = retriever.search("gift money back giver free", k=5)
    assert [one.article_id for one in found].count("gift") == 2
    assert found[0].article_id == "gift"
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert len(retriever.search("gift money back", k=1)) == 1


def test_the_best_section_is_shown_where_only_past_tickets_choose_the_article():
    """A blend without dense and BM25 still shows the section that answers, not the first one."""
    found = made({"ticket_knn": 1.0}, memory=[(["gift"], 0, "gift money takes five days")])
    assert found.search("gift money takes five days", k=1)[0].heading == "Time"


@pytest.mark.parametrize("question", ["", "   ", '" NEAR( *', "\x00", "zzz qqq"])
def test_any_question_gets_an_answer(question):
    """Nothing a customer types breaks retrieval, and confidence stays a probability."""
    retriever = made({"dense": 0.6, "bm25": 0.4})
    passages = retriever.search(question, 3)
    assert 0 <= retriever.confidence(question, passages) <= 1


def test_confidence_follows_the_evidence():
    """A question in the articles' words is surer than one in none of them, and no passages means none at all."""
    retriever = made({"dense": 1.0})
    known, strange = "reset the password by mail", "quantum chromodynamics"
    assert retriever.confidence(known, retriever.search(known, 3)) > 0.8
    assert retriever.confidence(strange, retriever.search(strange, 3)) < 0.2
    assert retriever.confidence(known, []) == 0.0


def test_confidence_does_not_encode_again():
    """Asked right after the search, it costs nothing."""
    retriever = made({"dense": 1.0})
    passages = retriever.search("password", 3)
    calls = retriever._documents.calls
    retriever.confidence("password", passages)
    assert retriever._documents.calls == calls


def test_an_empty_memory_says_nothing():
    """Without resolved tickets the votes are silent and the rest still ranks."""
    retriever = made({"dense": 0.5, "ticket_knn": 0.5})
    retriever._memory = TicketKnn(np.zeros((0, 0), np.float32), [], np.array([], "datetime64[us]"))
    retriever._links = retriever._memory.links(retriever._columns)
    assert top(retriever, "password mail") == "login"
    assert top(retriever, "password mail", before=[DAY], without=[{"gift"}]) == "login"
