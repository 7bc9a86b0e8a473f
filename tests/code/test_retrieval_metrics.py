"""Ranking measures agree with counting by hand, question by question."""

import numpy as np
import pytest

from nightshift.evaluate.checks.slices import slice_labels, slice_table
from nightshift.metrics.retrieval import interval, score_rankings

ARTICLES = [f"a{n:02}" for n in range(30)]


def ranked(*places):
    """Scores in which question i has its gold article a00 at places[i], counted from 1."""
    scores = np.zeros((len(places), 30))
    for row, place in enumerate(places):
        others = iter(range(1, 30))
        order = [0 if at == place else next(others) for at in range(1, 31)]
        scores[row, order] = np.arange(30, 0, -1)
    return scores


def test_measures_are_those_counted_by_hand():
    """Places 1, 3, 7 and 12: hits, reciprocal ranks and gains as the definitions say."""
    scores = score_rankings(["q1", "q2", "q3", "q4"], ranked(1, 3, 7, 12), ARTICLES, [["a00"]] * 4)
    assert scores.values["hit@1"].tolist() == [1, 0, 0, 0]
    assert scores.values["hit@5"].tolist() == [1, 1, 0, 0]
    assert scores.values["hit@10"].tolist() == [1, 1, 1, 0]
    np.testing.assert_allclose(scores.values["mrr"], [1, 1 / 3, 1 / 7, 1 / 12])
    np.testing.assert_allclose(scores.values["ndcg@10"], [1, 1 / 2, 1 / 3, 0])
    assert scores.metrics["hit@5"] == 0.5
    assert scores.metrics["questions"] == 4


def test_values_stay_with_their_questions():
    """Ids that sort otherwise do not move the numbers: two releases are compared place by place."""
    scores = score_rankings(["z", "a", "m"], ranked(1, 20, 3), ARTICLES, [["a00"]] * 3)
    assert scores.values["hit@5"].tolist() == [1, 0, 1]


def test_one_right_article_of_several_is_a_hit():
    """A question that two articles resolved is answered by either."""
    scores = score_rankings(["q"], ranked(9), ARTICLES, [["a00", "a01"]])
    assert scores.values["hit@1"].tolist() == [1]


def test_a_question_whose_article_is_gone_is_a_miss():
    """Customers ask it all the same, so it counts."""
    scores = score_rankings(["q"], ranked(1), ARTICLES, [["deleted"]])
    assert [scores.values[name][0] for name in ("hit@10", "mrr", "ndcg@10")] == [0, 0, 0]


def test_ties_are_broken_alike_for_both_releases():
    """Equal scores rank in the order of the articles, whatever their names."""
    scores = score_rankings(["q"], np.zeros((1, 30)), ARTICLES[::-1], [[ARTICLES[-1]]])
    assert scores.values["hit@1"].tolist() == [1]


def test_the_interval_holds_the_mean_and_narrows():
    """More questions, a narrower interval; the same questions, the same one."""
    few, many = np.array([1.0, 0.0] * 20), np.array([1.0, 0.0] * 500)
    (low, high), (lower, higher) = interval(few), interval(many)
    assert low < 0.5 < high
    assert higher - lower < (high - low) / 3
    assert interval(few) == (low, high)
    assert 0.25 < high - low < 0.35  # 2 x 1.96 x sqrt(.25 / 40) = .31


def test_slices_cover_intents_and_lengths_of_some_size():
    """A slice of fewer than ten questions says nothing and is left out."""
    labels = slice_labels(["refund"] * 10 + [""] * 10 + ["rare"] * 2, ["short"] * 12 + ["w " * 40] * 10)
    scores = slice_table(np.array([1.0] * 10 + [0.0] * 12), labels)
    assert scores == {
        "intent": {"(no intent)": {"questions": 10, "hit@5": 0}, "refund": {"questions": 10, "hit@5": 1}},
        "length": {
            "up to 15 words": {"questions": 12, "hit@5": pytest.approx(10 / 12, abs=1e-6)},
            "16 to 50 words": {"questions": 10, "hit@5": 0},
        },
    }
