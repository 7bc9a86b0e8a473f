"""The confidence separates answerable from unanswerable questions, and the threshold keeps to its limit."""

import numpy as np
import pytest

from nightshift.metrics.selective import decline_metrics, risk_coverage
from nightshift.retrieval.confidence import FEATURES, UNFITTED, Confidence
from nightshift.retrieval.without_answer import evidence_pair
from nightshift.train.abstention import MAX_DECLINED_ANSWERABLE, fit_confidence

NONE = np.zeros((0, len(FEATURES)))


def evidence(count, shift, seed):
    return np.random.default_rng(seed).normal(size=(count, len(FEATURES))) + shift


def test_the_threshold_declines_no_more_answerable_questions_than_allowed():
    """The threshold declines up to a tenth of the answerable questions, and most of the unanswerable."""
    fitted = fit_confidence(evidence(500, 0.6, 0), evidence(500, -0.6, 1), NONE)
    assert 0.05 < fitted.metrics["declined_answerable"] <= MAX_DECLINED_ANSWERABLE
    assert fitted.metrics["declined_unanswerable"] > 0.8
    assert fitted.metrics["auc"] > 0.9


def test_uninformative_evidence_declines_no_more_than_allowed():
    """Where the two kinds look alike, the answerable are still answered."""
    fitted = fit_confidence(evidence(500, 0, 2), evidence(500, 0, 3), NONE)
    assert fitted.metrics["declined_answerable"] <= MAX_DECLINED_ANSWERABLE
    assert fitted.metrics["auc"] == pytest.approx(0.5, abs=0.1)


def test_too_few_questions_fit_nothing():
    """Below thirty of either kind the unfitted confidence stands in."""
    assert fit_confidence(evidence(29, 1, 4), evidence(500, -1, 5), evidence(500, -1, 6)).confidence == UNFITTED


def test_few_unresolved_tickets_weigh_as_much_as_many():
    """A feature that only unresolved tickets differ in gets its weight, though ten times as many questions had their
    articles removed.
    """
    articles_removed, unresolved = evidence(500, 0, 10), evidence(50, 0, 11)
    unresolved[:, -1] -= 3
    weighted = fit_confidence(evidence(500, 0, 12), articles_removed, unresolved).confidence
    pooled = fit_confidence(evidence(500, 0, 12), np.concatenate([articles_removed, unresolved]), NONE).confidence
    assert weighted.resolved_log_odds > 2 * pooled.resolved_log_odds


def test_the_same_questions_give_the_same_confidence():
    """It travels in a release, so it must not differ from run to run, and it survives JSON."""
    first, second = (fit_confidence(evidence(100, 1, 6), evidence(100, -1, 7), evidence(50, -1, 8)) for _ in range(2))
    assert first == second
    assert Confidence.from_json(first.confidence.to_json()) == first.confidence


def test_a_constant_feature_is_no_obstacle():
    """A constant feature gets no infinite weight."""
    answerable, unanswerable = evidence(100, 1, 8), evidence(100, -1, 9)
    answerable[:, 1] = unanswerable[:, 1] = 0
    assert np.isfinite(fit_confidence(answerable, unanswerable, NONE).confidence.of(answerable)).all()


def test_auc_counts_pairs():
    """By hand: of four pairs three are in order and one is level."""
    metrics = decline_metrics(np.array([0.9, 0.5]), np.array([0.5, 0.1]), 0.3)
    assert metrics == {"auc": 0.875, "declined_answerable": 0.0, "declined_unanswerable": 0.5}


def test_every_question_is_asked_with_and_without_its_articles():
    """The same questions and times, once whole and once with their articles removed."""
    calls = []

    class Ranker:
        evidence = np.zeros((1, len(FEATURES)))

        def rank(self, questions, before=None, without=None):
            calls.append((questions, before, without))
            return self

    evidence_pair(Ranker(), ["q"], [["a"]], None)
    assert calls == [(["q"], None, None), (["q"], None, [["a"]])]


def test_risk_rises_to_the_share_that_is_wrong():
    """The surest are right: nothing is wrong at half the coverage, half of all is wrong at the whole."""
    curve = risk_coverage(np.linspace(1, 0, 100), np.arange(100) < 50)
    assert len(curve) == 20
    assert curve[9] == [0.5, 0.0]
    assert curve[-1] == [1.0, 0.5]
