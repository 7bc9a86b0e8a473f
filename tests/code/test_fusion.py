"""Sections add up to articles, and tickets to votes."""

import numpy as np
import pytest

from nightshift.retrieval.fusion import SECTION_WEIGHTS, by_article, places_of
from nightshift.retrieval.ticket_knn import TicketKnn


def test_an_article_is_the_weighted_mean_of_its_best_three_sections():
    """A fourth section changes nothing, an article of one section scores what that section scores."""
    columns = np.array([1, 0, 1, 1, 1])
    scores = by_article(np.array([[0.2, 0.7, 0.8, 0.4, 0.1]], np.float32), places_of(columns, 2))
    assert scores[0] == pytest.approx([0.7, np.array([0.8, 0.4, 0.2]) @ SECTION_WEIGHTS / SECTION_WEIGHTS.sum()])


def test_sections_that_score_alike_count_each():
    """Ties are not one section: three zeros (no word shared) are the mean of zeros, not an absence."""
    assert by_article(np.zeros((2, 3), np.float32), places_of(np.array([0, 0, 0]), 1)).tolist() == [[0], [0]]


def memory(cosines: list[float], articles: list[list[str]]) -> TicketKnn:
    vectors = np.array([[cosine, np.sqrt(1 - cosine**2)] for cosine in cosines], np.float32)
    return TicketKnn(vectors, articles, np.zeros(len(cosines), "datetime64[us]"))


def shares(past: TicketKnn, hidden: np.ndarray | None = None) -> list[float]:
    columns = {"a": 0, "b": 1, "c": 2}
    votes = past.votes(np.array([[1, 0]], np.float32), past.links(columns), 3, hidden)
    return [round(share, 3) for share in (np.exp(votes[0]) - 0.01).tolist()]


def test_the_nearest_tickets_decide():
    """A ticket .1 of cosine further away has a seventh of the say, and one hidden from the question none."""
    past = memory([0.9, 0.8], [["a"], ["b"]])
    assert shares(past) == pytest.approx([0.881, 0.119, 0], abs=2e-3)
    assert shares(past, np.array([[True, False]])) == [0, 1, 0]
    assert shares(past, np.array([[True, True]])) == [0, 0, 0]


def test_votes_for_articles_that_are_gone_are_lost():
    """What is left shares the votes among itself."""
    assert shares(memory([0.9, 0.9], [["gone"], ["b"]])) == [0, 1, 0]
