"""Fusion weights: how much each of the four retrieval scores counts, fitted on out-of-fold scores of resolved tickets.

    fusion = fit_fusion(scores, golds)         # float [questions, scores in the order of SCORES, articles], bool [q, a]
    fusion.weights                             # {'dense': 0.48, 'bm25': 0.11, 'ticket_knn': 0.14, 'prior': 0.27}

The objective is the cross-entropy over articles of the weighted sum of z-scores, with weights >= 0 and an L1 penalty on
all but the dense one. It is convex, so the optimum is unique. With few resolved tickets the weights are those of a cold
start; a fusion that does not rank better than the dense score alone on the questions it was fitted on is not used.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nightshift.metrics.ranking import ranking
from nightshift.retrieval.fusion import SCORES, fuse, z_scores

DENSE = {"dense": 1.0, "bm25": 0.0, "ticket_knn": 0.0, "prior": 0.0}
# Chosen on older questions of three sets, on none of which it loses to dense alone; the prior knows the sections only.
COLD_START = {"dense": 0.65, "bm25": 0.1, "ticket_knn": 0.0, "prior": 0.25}
FEWEST_QUESTIONS = 30
L1_PENALTY = 2.0  # nats over all questions that a unit of weight must gain; the dense score is exempt


@dataclass(frozen=True)
class Fusion:
    """Weights that sum to 1, and how dense alone and the fusion rank the questions it was fitted on."""

    weights: dict[str, float]
    metrics: dict[str, float]


def fit_fusion(scores: NDArray[np.floating], golds: NDArray[np.bool_]) -> Fusion:
    """Fit the weights on `scores` [questions, scores, articles]; questions without a gold article are left out.

    With fewer than FEWEST_QUESTIONS left, the weights are COLD_START.
    """
    resolved = golds.any(axis=1)
    scores, golds = scores[resolved], golds[resolved]
    if len(scores) < FEWEST_QUESTIONS:
        return Fusion(COLD_START, {"questions": float(len(scores))})
    weights = _normalised(_fitted(z_scores(scores), golds))
    dense, fused = (ranking(fuse(scores, candidate), golds) for candidate in (DENSE, weights))
    better = (fused["hit@5"], fused["mrr"]) > (dense["hit@5"], dense["mrr"])
    metrics = {f"dense_{name}": value for name, value in dense.items()} | {
        f"fusion_{name}": value for name, value in (fused if better else dense).items()
    }
    return Fusion(weights if better else DENSE, {**metrics, "questions": float(len(scores))})


def _fitted(standardised: NDArray[np.float64], golds: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Non-negative weights [scores] that minimise cross-entropy plus penalty, from z-scores [n, scores, articles]."""
    from scipy.optimize import minimize

    targets = golds / golds.sum(axis=1, keepdims=True)
    penalty = np.array([0.0 if score == "dense" else L1_PENALTY / len(golds) for score in SCORES])

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = np.einsum("s,qsa->qa", weights, standardised)
        top = logits.max(axis=1, keepdims=True)
        log_sum = top + np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
        residuals = np.exp(logits - log_sum) - targets
        value = float((log_sum[:, 0] - (targets * logits).sum(axis=1)).mean() + penalty @ weights)
        return value, np.einsum("qa,qsa->s", residuals, standardised) / len(golds) + penalty

    start = np.array([float(score == "dense") for score in SCORES])
    bounds = [(0.0, None)] * len(SCORES)
    return np.asarray(minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x)


def _normalised(weights: NDArray[np.float64]) -> dict[str, float]:
    """Weights that sum to 1, to four digits; dense alone where all are 0."""
    if weights.sum() <= 0:
        return DENSE
    shares = np.round(weights / weights.sum(), 4)
    return {score: float(share) for score, share in zip(SCORES, shares, strict=True)}
