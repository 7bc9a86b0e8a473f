"""How much each of the four retrieval signals counts, learned from resolved tickets none of them was trained on.

    blend = fit_blend(scores, golds)          # scores [questions, signals in the order of SIGNALS, articles], golds bool
    blend.weights                             # {'dense': 0.48, 'bm25': 0.11, 'ticket_knn': 0.14, 'prior': 0.27}

Cross-entropy over articles is convex in non-negative weights of z-scored signals, so there is one answer. A price on
every signal but the dense one pulls towards dense alone; with few resolved tickets nothing is learned at all, and
a blend that does not rank better than dense alone on the questions it was fitted on is not used.
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
PRICE = 2.0  # in questions: what a unit of weight beside the dense one must earn


@dataclass(frozen=True)
class Fusion:
    """Weights that sum to 1, and how dense alone and the blend rank the questions it was fitted on."""

    weights: dict[str, float]
    metrics: dict[str, float]


def fit_fusion(scores: NDArray[np.floating], golds: NDArray[np.bool_]) -> Fusion:
    """Fit the weights; questions without a gold article tell nothing.

    With fewer than FEWEST_QUESTIONS that do, the weights are those of a cold start.
    """
    asked = golds.any(axis=1)
    scores, golds = scores[asked], golds[asked]
    if len(scores) < FEWEST_QUESTIONS:
        return Fusion(COLD_START, {"questions": float(len(scores))})
    weights = _normalised(_fitted(z_scores(scores), golds))
    alone, together = (ranking(fuse(scores, one), golds) for one in (DENSE, weights))
    better = (together["hit@5"], together["mrr"]) > (alone["hit@5"], alone["mrr"])
    metrics = {f"dense_{name}": value for name, value in alone.items()} | {
        f"blend_{name}": value for name, value in (together if better else alone).items()
    }
    return Fusion(weights if better else DENSE, {**metrics, "questions": float(len(scores))})


def _fitted(signals: NDArray[np.float64], golds: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Non-negative weights [signals] that minimise cross-entropy plus the price, from z-scores [n, signals, articles]."""
    from scipy.optimize import minimize

    targets = golds / golds.sum(axis=1, keepdims=True)
    price = np.array([0.0 if signal == "dense" else PRICE / len(golds) for signal in SCORES])

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = np.einsum("s,qsa->qa", weights, signals)
        top = logits.max(axis=1, keepdims=True)
        log_sum = top + np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
        wrongness = np.exp(logits - log_sum) - targets
        value = float((log_sum[:, 0] - (targets * logits).sum(axis=1)).mean() + price @ weights)
        return value, np.einsum("qa,qsa->s", wrongness, signals) / len(golds) + price

    start = np.array([float(signal == "dense") for signal in SCORES])
    bounds = [(0.0, None)] * len(SCORES)
    return np.asarray(minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x)


def _normalised(weights: NDArray[np.float64]) -> dict[str, float]:
    """Weights that sum to 1, to four digits; dense alone where no signal earned anything."""
    if weights.sum() <= 0:
        return DENSE
    shares = np.round(weights / weights.sum(), 4)
    return {signal: float(share) for signal, share in zip(SCORES, shares, strict=True)}
