import numpy as np
import pytest

from nightshift.metrics.ranking import ranking
from nightshift.retrieval.fusion import SCORES, fuse, z_scores
from nightshift.retrieval.sections import Sections
from nightshift.train.fusion_weights import COLD_START, DENSE, fit_fusion

ARTICLES = 40


def retrieval_scores(questions: int, raised_by: dict[str, float], seed: int = 1):
    """Noise [questions, scores, articles], in which score s of the gold article is raised by raised_by[s]."""
    rng = np.random.default_rng(seed)
    golds = np.zeros((questions, ARTICLES), np.bool_)
    golds[np.arange(questions), rng.integers(0, ARTICLES, questions)] = True
    scores = rng.normal(size=(questions, len(SCORES), ARTICLES))
    for row, name in enumerate(SCORES):
        scores[:, row] += raised_by.get(name, 0.0) * golds
    return scores, golds


def test_the_fusion_of_independent_scores_beats_the_best_of_them():
    """Weights fitted on some questions rank the articles of other questions better than dense alone."""
    raised_by = {"dense": 2.0, "prior": 2.0, "ticket_knn": 1.0}
    fusion = fit_fusion(*retrieval_scores(300, raised_by))
    unseen, golds = retrieval_scores(500, raised_by, seed=2)
    fused = ranking(fuse(unseen, fusion.weights), golds)["hit@1"]
    assert fused > ranking(fuse(unseen, DENSE), golds)["hit@1"] + 0.1
    assert fusion.weights["prior"] > fusion.weights["ticket_knn"] > fusion.weights["bm25"]
    assert sum(fusion.weights.values()) == pytest.approx(1, abs=1e-3)


def test_uninformative_scores_get_next_to_no_weight():
    """When only the dense score is informative, it keeps nearly all weight."""
    weights = fit_fusion(*retrieval_scores(300, {"dense": 3.0})).weights
    assert weights["dense"] > 0.9


def test_a_misleading_score_gets_no_negative_weight():
    """No weight is negative."""
    weights = fit_fusion(*retrieval_scores(200, {"dense": 2.0, "ticket_knn": -2.0})).weights
    assert weights["ticket_knn"] == 0
    assert min(weights.values()) >= 0


def test_constant_scores_are_harmless():
    """The scores of an absent classifier are constant: they have weight 0 and bring no NaN."""
    scores, golds = retrieval_scores(100, {"dense": 2.0, "bm25": 1.0})
    scores[:, 2:] = 0
    fusion = fit_fusion(scores, golds)
    assert fusion.weights["ticket_knn"] == fusion.weights["prior"] == 0
    assert np.isfinite(fuse(scores, fusion.weights)).all()


@pytest.mark.parametrize("questions", [0, 29])
def test_a_cold_start_has_the_default_weights(questions):
    """With too few resolved tickets nothing is fitted; questions without an article do not count."""
    scores, golds = retrieval_scores(60, {"ticket_knn": 5.0})
    golds[questions:] = False
    assert fit_fusion(scores, golds).weights == COLD_START


def test_a_fusion_that_does_not_rank_better_than_dense_is_not_used():
    """When dense alone is already perfect, it stays alone."""
    scores, golds = retrieval_scores(100, {"dense": 50.0, "bm25": 1.0})
    fusion = fit_fusion(scores, golds)
    assert fusion.weights == DENSE
    assert fusion.metrics["fusion_hit@5"] == fusion.metrics["dense_hit@5"] == 1


def test_scales_do_not_matter():
    """A score in other units gives the same weights."""
    scores, golds = retrieval_scores(200, {"dense": 2.0, "prior": 1.0})
    stretched = scores * np.array([1, 1000, 0.001, 7])[:, None] + np.array([0, 5, -3, 100])[:, None]
    assert fit_fusion(stretched, golds).weights == pytest.approx(fit_fusion(scores, golds).weights, abs=1e-3)


def test_z_scores_of_a_constant_are_zero():
    """A constant score becomes 0, not NaN."""
    assert z_scores(np.ones((2, 3))).tolist() == [[0, 0, 0], [0, 0, 0]]


def test_an_article_counts_with_its_best_sections():
    """Sections in any order; each counts half as much as the one before, and few sections are no disadvantage."""
    sections = Sections(np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32), ["b", "a", "b"])
    assert sections.articles == ["a", "b"]
    np.testing.assert_allclose(sections.scores(np.array([[0.0, 1.0]], np.float32)), [[1.0, 0.8 / 1.5]], atol=1e-6)
    assert sections.golds([["b", "gone"], []]).tolist() == [[False, True], [False, False]]


def test_ties_count_against_the_right_article():
    """A model that scores everything alike has no hit."""
    scores, golds = np.zeros((1, 20)), np.zeros((1, 20), np.bool_)
    golds[0, 0] = True
    assert ranking(scores, golds) == {"hit@1": 0, "hit@5": 0, "hit@10": 0, "mrr": pytest.approx(1 / 20)}
