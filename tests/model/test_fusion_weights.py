import numpy as np
import pytest

from nightshift.metrics.ranking import ranking
from nightshift.retrieval.fusion import SCORES, fuse, z_scores
from nightshift.retrieval.sections import Sections
from nightshift.train.fusion_weights import COLD_START, DENSE, fit_fusion

ARTICLES = 40


def signals(questions: int, told: dict[str, float], seed: int = 1):
    """Scores [questions, signals, articles] of noise, in which signal s raises the right article by told[s]."""
    chance = np.random.default_rng(seed)
    golds = np.zeros((questions, ARTICLES), np.bool_)
    golds[np.arange(questions), chance.integers(0, ARTICLES, questions)] = True
    scores = chance.normal(size=(questions, len(SCORES), ARTICLES))
    for row, signal in enumerate(SCORES):
        scores[:, row] += told.get(signal, 0.0) * golds
    return scores, golds


def test_a_blend_of_independent_opinions_beats_the_best_of_them():
    """Weights learned on some questions rank other questions better than dense alone."""
    told = {"dense": 2.0, "prior": 2.0, "ticket_knn": 1.0}
    blend = fit_fusion(*signals(300, told))
    unseen, golds = signals(500, told, seed=2)
    together = ranking(fuse(unseen, blend.weights), golds)["hit@1"]
    assert together > ranking(fuse(unseen, DENSE), golds)["hit@1"] + 0.1
    assert blend.weights["prior"] > blend.weights["ticket_knn"] > blend.weights["bm25"]
    assert sum(blend.weights.values()) == pytest.approx(1, abs=1e-3)


def test_signals_that_tell_nothing_get_next_to_no_weight():
    """When only the dense signal knows, the blend stays with it."""
    weights = fit_fusion(*signals(300, {"dense": 3.0})).weights
    assert weights["dense"] > 0.9


def test_a_signal_that_misleads_is_never_turned_round():
    """No weight is negative."""
    weights = fit_fusion(*signals(200, {"dense": 2.0, "ticket_knn": -2.0})).weights
    assert weights["ticket_knn"] == 0
    assert min(weights.values()) >= 0


def test_absent_signals_are_harmless():
    """A head that is absent (constant scores) has weight 0 and brings no NaN."""
    scores, golds = signals(100, {"dense": 2.0, "bm25": 1.0})
    scores[:, 2:] = 0
    blend = fit_fusion(scores, golds)
    assert blend.weights["ticket_knn"] == blend.weights["prior"] == 0
    assert np.isfinite(fuse(scores, blend.weights)).all()


@pytest.mark.parametrize("questions", [0, 29])
def test_a_cold_start_has_the_measured_default(questions):
    """With too few resolved tickets nothing is fitted; questions without an article do not count."""
    scores, golds = signals(60, {"ticket_knn": 5.0})
    golds[questions:] = False
    assert fit_fusion(scores, golds).weights == COLD_START


def test_what_does_not_rank_better_than_dense_is_not_used():
    """When dense alone is already perfect, it stays alone."""
    scores, golds = signals(100, {"dense": 50.0, "bm25": 1.0})
    blend = fit_fusion(scores, golds)
    assert blend.weights == DENSE
    assert blend.metrics["blend_hit@5"] == blend.metrics["dense_hit@5"] == 1


def test_scales_do_not_matter():
    """A signal in other units gives the same blend."""
    scores, golds = signals(200, {"dense": 2.0, "prior": 1.0})
    stretched = scores * np.array([1, 1000, 0.001, 7])[:, None] + np.array([0, 5, -3, 100])[:, None]
    assert fit_fusion(stretched, golds).weights == pytest.approx(fit_fusion(scores, golds).weights, abs=1e-3)


def test_z_scores_of_a_constant_are_zero():
    """A signal that says nothing says nothing, instead of NaN."""
    assert z_scores(np.ones((2, 3))).tolist() == [[0, 0, 0], [0, 0, 0]]


def test_an_article_counts_with_its_best_sections():
    """Sections in any order; each counts half as much as the one before, and few sections are no disadvantage."""
    sections = Sections(np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32), ["b", "a", "b"])
    assert sections.articles == ["a", "b"]
    np.testing.assert_allclose(sections.scores(np.array([[0.0, 1.0]], np.float32)), [[1.0, 0.8 / 1.5]], atol=1e-6)
    assert sections.golds([["b", "gone"], []]).tolist() == [[False, True], [False, False]]


def test_ties_count_against_the_right_article():
    """A model that scores everything alike has found nothing."""
    scores, golds = np.zeros((1, 20)), np.zeros((1, 20), np.bool_)
    golds[0, 0] = True
    assert ranking(scores, golds) == {"hit@1": 0, "hit@5": 0, "hit@10": 0, "mrr": pytest.approx(1 / 20)}
