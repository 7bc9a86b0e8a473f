"""Section scores become article scores, and the nearest tickets vote."""

import numpy as np
import pytest

from nightshift.retrieval.fusion import SECTION_WEIGHTS, article_scores, section_positions
from nightshift.retrieval.ticket_knn import SMOOTHING, TicketKnn


def test_an_article_is_the_weighted_mean_of_its_best_three_sections():
    """A fourth section changes nothing; an article of one section has the score of that section."""
    columns = np.array([1, 0, 1, 1, 1])
    scores = article_scores(np.array([[0.2, 0.7, 0.8, 0.4, 0.1]], np.float32), section_positions(columns, 2))
    assert scores[0] == pytest.approx([0.7, np.array([0.8, 0.4, 0.2]) @ SECTION_WEIGHTS / SECTION_WEIGHTS.sum()])


def test_sections_with_equal_scores_count_each():
    """Three zeros (no shared word) have the mean 0: they are neither one section nor none."""
    positions = section_positions(np.array([0, 0, 0]), 1)
    assert article_scores(np.zeros((2, 3), np.float32), positions).tolist() == [[0], [0]]


def resolved_tickets(cosines: list[float], articles: list[list[str]]) -> TicketKnn:
    vectors = np.array([[cosine, np.sqrt(1 - cosine**2)] for cosine in cosines], np.float32)
    return TicketKnn(vectors, articles, np.zeros(len(cosines), "datetime64[us]"))


def shares(tickets: TicketKnn, hidden: np.ndarray | None = None) -> list[float]:
    columns = {"a": 0, "b": 1, "c": 2}
    votes = tickets.votes(np.array([[1, 0]], np.float32), tickets.article_columns(columns), 3, hidden)
    return [round(share, 3) for share in (np.exp(votes[0]) - SMOOTHING).tolist()]


def test_the_nearest_tickets_decide():
    """A ticket whose cosine is .1 lower weighs a seventh, and a hidden one nothing."""
    tickets = resolved_tickets([0.9, 0.8], [["a"], ["b"]])
    assert shares(tickets) == pytest.approx([0.881, 0.119, 0], abs=2e-3)
    assert shares(tickets, np.array([[True, False]])) == [0, 1, 0]
    assert shares(tickets, np.array([[True, True]])) == [0, 0, 0]


def test_votes_for_deleted_articles_do_not_count():
    """The other articles share all votes."""
    assert shares(resolved_tickets([0.9, 0.9], [["deleted"], ["b"]])) == [0, 1, 0]
