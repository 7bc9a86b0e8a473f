"""Four retrieval scores, one ranking: each counts, the future does not, and articles can be hidden."""

import hashlib
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from nightshift.index.bm25 import fts_table
from nightshift.index.exact import ExactIndex
from nightshift.retrieval.answerability import Answerability
from nightshift.retrieval.confidence import FEATURES, Confidence
from nightshift.retrieval.evaluation_retriever import EvaluationRetriever
from nightshift.retrieval.fusion import SCORES
from nightshift.retrieval.ticket_knn import TicketKnn

DAY = datetime(2026, 1, 1)  # noqa: DTZ001 (the marts hold UTC without a zone)
CHUNKS = [
    ("gift", "Refund", "money goes back to the giver"),
    ("gift", "Cost", "sending a gift back is free"),
    ("gift", "Time", "gift money takes five days"),
    ("login", "", "reset the password by mail"),
    ("parcel", "Lost", "wait five days then write"),
]
RESOLVED = [
    (["parcel"], 0, "where is it"),
    (["gift", "deleted"], 2, "aunt sent wrong colour"),
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


class LoginPrior:
    """Always predicts login; its labels hold an article that was deleted."""

    prior_labels = ("deleted", "login")

    def priors(self, vectors):
        return np.tile(np.array([[0.1, 0.9]], np.float32), (len(vectors), 1))


def make_retriever(weights, classifiers=None, tickets=RESOLVED, encoder=None):
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
    encoder = encoder or WordEncoder()
    resolved = TicketKnn(
        encoder.encode([text for _, _, text in tickets]),
        [articles for articles, _, _ in tickets],
        np.array([DAY + timedelta(day) for _, day, _ in tickets], "datetime64[us]"),
    )
    unresolved = TicketKnn(encoder.encode([]), [], np.array([], "datetime64[us]"))
    return EvaluationRetriever(
        ExactIndex(chunks, encoder.encode(list(texts)), fts_table(chunks)),
        resolved,
        documents=encoder,
        queries=encoder,
        classifiers=classifiers,
        weights=dict.fromkeys(SCORES, 0.0) | weights,
        confidence=Confidence(bias=-2.0, similarity=4.0),
        answerability=Answerability(resolved, unresolved, classifiers, None),
    )


def top(retriever, question, **options):
    return retriever.article_ids[int(retriever.rank([question], **options).scores[0].argmax())]


@pytest.mark.parametrize(
    ("weights", "classifiers", "question", "article"),
    [
        ({"dense": 1.0}, None, "password mail", "login"),
        ({"bm25": 1.0}, None, "passwords", "login"),
        ({"ticket_knn": 1.0}, None, "wrong colour", "gift"),
        ({"prior": 1.0}, LoginPrior(), "money goes back to the giver", "login"),
    ],
    ids=SCORES,
)
def test_each_score_counts(weights, classifiers, question, article):
    """Alone, each retrieval score ranks first the article that only it can find."""
    assert top(make_retriever(weights, classifiers), question) == article


def test_later_tickets_do_not_vote():
    """A ticket asked on the fifth day votes on the sixth, not on the third."""
    retriever = make_retriever(
        {"ticket_knn": 1.0}, tickets=[(["parcel"], 9, "where is it"), (["login"], 5, "where is it")]
    )
    ranking = retriever.rank(["where is it"] * 2, [DAY + timedelta(6), DAY + timedelta(3)])
    votes = ranking.retrieval_scores[:, SCORES.index("ticket_knn")]
    assert [retriever.article_ids[column] for column in np.flatnonzero(votes[0] > votes[0].min())] == ["login"]
    assert len(set(votes[1])) == 1


def test_a_ticket_does_not_vote_on_itself():
    """A ticket created at the time of the question is hidden, so a question never finds its own ticket."""
    retriever = make_retriever({"ticket_knn": 1.0})
    ranking = retriever.rank(["aunt sent wrong colour"], [DAY + timedelta(2)])
    votes = ranking.retrieval_scores[0, SCORES.index("ticket_knn")]
    assert votes[retriever.article_ids.index("gift")] == votes.min()


def test_a_hidden_article_leaves_no_trace():
    """Its chunks, its votes and its prior do not count, and the question looks less answerable."""
    retriever = make_retriever({"dense": 0.5, "bm25": 0.2, "ticket_knn": 0.2, "prior": 0.1}, LoginPrior())
    question = "aunt sent wrong colour gift back money"
    whole, hidden = retriever.rank([question]), retriever.rank([question], without=[{"gift"}])
    column = retriever.article_ids.index("gift")
    assert whole.scores[0].argmax() == column
    assert hidden.scores[0, column] == -np.inf
    assert (hidden.retrieval_scores[0, :, column] <= hidden.retrieval_scores[0].min(axis=1)).all()
    similarity = FEATURES.index("similarity")
    assert hidden.evidence[0, similarity] < whole.evidence[0, similarity]
    assert np.isfinite(hidden.evidence).all()


def test_batches_rank_like_single_questions():
    """Batching changes nothing but speed."""
    retriever = make_retriever({"dense": 0.6, "bm25": 0.2, "ticket_knn": 0.2})
    questions = [f"password gift {n} days" for n in range(600)]
    scores = retriever.rank(questions).scores
    for row in (0, 255, 256, 599):
        np.testing.assert_allclose(scores[row], retriever.rank([questions[row]]).scores[0], atol=1e-5)


def test_at_most_two_passages_of_an_article():
    """An article with three matching sections shows its best two, and the list is ordered by score."""
    retriever = make_retriever({"dense": 1.0, "bm25": 0.5})
    passages = retriever.search("gift money back giver free", k=5)
    assert [passage.article_id for passage in passages].count("gift") == 2
    assert passages[0].article_id == "gift"
    scores = [passage.score for passage in passages]
    assert scores == sorted(scores, reverse=True)
    assert len(retriever.search("gift money back", k=1)) == 1


def test_the_best_section_is_shown_where_only_ticket_knn_chooses_the_article():
    """Fusion weights of 0 for dense and BM25 still show the section that answers, not the first one."""
    retriever = make_retriever({"ticket_knn": 1.0}, tickets=[(["gift"], 0, "gift money takes five days")])
    assert retriever.search("gift money takes five days", k=1)[0].heading == "Time"


@pytest.mark.parametrize("question", ["", "   ", '" NEAR( *', "\x00", "zzz qqq"])
def test_any_question_gets_an_answer(question):
    """No text breaks retrieval, and the confidence stays a probability."""
    retriever = make_retriever({"dense": 0.6, "bm25": 0.4})
    passages = retriever.search(question, 3)
    assert 0 <= retriever.confidence(question, passages) <= 1


def test_confidence_follows_the_evidence():
    """It is high for a question in the words of an article, low for one in none of them, and 0 without passages."""
    retriever = make_retriever({"dense": 1.0})
    known, unknown = "reset the password by mail", "quantum chromodynamics"
    assert retriever.confidence(known, retriever.search(known, 3)) > 0.8
    assert retriever.confidence(unknown, retriever.search(unknown, 3)) < 0.2
    assert retriever.confidence(known, []) == 0.0


def test_confidence_does_not_encode_again():
    """After the search for the same question, it encodes nothing."""
    encoder = WordEncoder()
    retriever = make_retriever({"dense": 1.0}, encoder=encoder)
    passages = retriever.search("password", 3)
    calls = encoder.calls
    retriever.confidence("password", passages)
    assert encoder.calls == calls


def test_the_best_articles_have_their_fused_scores():
    """At most k of them, best first, with the scores of the ranking; an article without a shared word is last."""
    retriever = make_retriever({"dense": 0.6, "bm25": 0.4})
    best = retriever.best_articles("reset the password", 2)
    ranked = dict(zip(retriever.article_ids, retriever.rank(["reset the password"]).scores[0].tolist(), strict=True))
    assert next(iter(best)) == "login"
    assert len(best) == 2
    assert list(best.values()) == sorted(best.values(), reverse=True)
    assert best == pytest.approx({article: ranked[article] for article in best})
    assert set(retriever.best_articles("reset the password", 9)) == set(retriever.article_ids)


def test_chunk_cosines_stand_in_the_order_of_passages():
    """One cosine for each passage, 1 for the text itself."""
    retriever = make_retriever({"dense": 1.0})
    vector = retriever.document_encoder.encode([CHUNKS[3][2]])[0]
    cosines = retriever.chunk_cosines(vector)
    assert [passage.text for passage in retriever.passages] == [text for _, _, text in CHUNKS]
    assert retriever.chunks["text"].to_pylist() == [text for _, _, text in CHUNKS]
    assert cosines == pytest.approx(retriever.document_encoder.encode([text for _, _, text in CHUNKS]) @ vector)
    assert cosines[3] == pytest.approx(1)


def test_too_few_past_tickets_say_nothing_of_what_articles_resolve():
    """Without unresolved tickets there are no log-odds."""
    assert make_retriever({"dense": 1.0}).resolved_log_odds("reset the password") is None


def test_without_resolved_tickets_nothing_votes():
    """Ticket kNN is constant and the other scores still rank."""
    retriever = make_retriever({"dense": 0.5, "ticket_knn": 0.5}, tickets=[])
    assert top(retriever, "password mail") == "login"
    assert top(retriever, "password mail", before=[DAY], without=[{"gift"}]) == "login"
