"""The confidence tells answerable from unanswerable questions and keeps its promise on the answerable."""

import numpy as np
import pytest

from nightshift.metrics.selective import decline_metrics, risk_coverage
from nightshift.retrieval.confidence import FEATURES, UNFITTED, Confidence
from nightshift.retrieval.without_answer import evidence_pair
from nightshift.train.abstention import MAY_DECLINE, fit_confidence

NONE = np.zeros((0, len(FEATURES)))


def evidence(count, shift, seed):
    return np.random.default_rng(seed).normal(size=(count, len(FEATURES))) + shift


def test_answerable_questions_are_declined_as_often_as_allowed_at_most():
    """The floor declines up to a tenth of what can be answered, and most of what cannot."""
    fitted = fit_confidence(evidence(500, 0.6, 0), evidence(500, -0.6, 1), NONE)
    assert 0.05 < fitted.metrics["declined_answerable"] <= MAY_DECLINE
    assert fitted.metrics["declined_unanswerable"] > 0.8
    assert fitted.metrics["auc"] > 0.9


def test_signals_that_know_nothing_decline_no_more_than_allowed():
    """Where the two kinds look alike, the answerable are still answered."""
    fitted = fit_confidence(evidence(500, 0, 2), evidence(500, 0, 3), NONE)
    assert fitted.metrics["declined_answerable"] <= MAY_DECLINE
    assert fitted.metrics["auc"] == pytest.approx(0.5, abs=0.1)


def test_too_few_questions_fit_nothing():
    """Below thirty of either kind the unfitted confidence stands in."""
    assert fit_confidence(evidence(29, 1, 4), evidence(500, -1, 5), evidence(500, -1, 6)).confidence == UNFITTED


def test_few_unresolved_tickets_speak_as_loud_as_many():
    """What only unresolved tickets show is heard, though ten times as many questions had their articles taken away."""
    away, unresolved = evidence(500, 0, 10), evidence(50, 0, 11)
    unresolved[:, -1] -= 3
    loud = fit_confidence(evidence(500, 0, 12), away, unresolved).confidence
    drowned = fit_confidence(evidence(500, 0, 12), np.concatenate([away, unresolved]), NONE).confidence
    assert loud.resolved_log_odds > 2 * drowned.resolved_log_odds


def test_the_same_questions_give_the_same_confidence():
    """It travels in a release, so it must not differ from run to run, and it survives JSON."""
    first, second = (fit_confidence(evidence(100, 1, 6), evidence(100, -1, 7), evidence(50, -1, 8)) for _ in range(2))
    assert first == second
    assert Confidence.from_json(first.confidence.to_json()) == first.confidence


def test_a_constant_feature_is_no_obstacle():
    """A signal that never speaks gets no weight."""
    sure, unsure = evidence(100, 1, 8), evidence(100, -1, 9)
    sure[:, 1] = unsure[:, 1] = 0
    assert np.isfinite(fit_confidence(sure, unsure, NONE).confidence.of(sure)).all()


def test_auc_counts_pairs():
    """By hand: of four pairs three are in order and one is level."""
    found = decline_metrics(np.array([0.9, 0.5]), np.array([0.5, 0.1]), 0.3)
    assert found == {"auc": 0.875, "declined_answerable": 0.0, "declined_unanswerable": 0.5}


def test_every_question_is_asked_with_and_without_its_articles():
    """The same questions and times, once whole and once with what resolved them taken away."""
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
