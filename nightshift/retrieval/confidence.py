"""Confidence: the probability that a ranked article answers the question, from a logistic regression on evidence.

    Confidence.from_json({"bias": -5.1, "similarity": 2.2, "margin": 0.4, "top_score": 0.3, "resolved_margin": 5.1})

similarity         highest dense score of an article
margin             difference of the two highest fused scores
top_score          highest fused score
agreement          share of the retrieval scores that rank the top article among their first five
resolved_margin, resolved_log_odds   see answerability.py

train/abstention.py fits the coefficients on questions with and without an answer; a release stores them.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

FEATURES = ("similarity", "margin", "top_score", "agreement", "resolved_margin", "resolved_log_odds")
_AGREEMENT_DEPTH = 5


@dataclass(frozen=True)
class Confidence:
    """The coefficient of each feature. The probability below which to decline is part of the policy."""

    bias: float
    similarity: float = 0.0
    margin: float = 0.0
    top_score: float = 0.0
    agreement: float = 0.0
    resolved_margin: float = 0.0
    resolved_log_odds: float = 0.0

    @classmethod
    def from_json(cls, value: Mapping[str, float]) -> Self:
        return cls(**value)

    def to_json(self) -> dict[str, float]:
        return asdict(self)

    def of(self, evidence: NDArray[np.float64]) -> NDArray[np.float64]:
        """Evidence [n, features] -> probabilities [n] that the question can be answered."""
        coefficients = np.array([getattr(self, name) for name in FEATURES])
        logits = np.clip(evidence @ coefficients + self.bias, -500, 500)
        probabilities: NDArray[np.float64] = 1 / (1 + np.exp(-logits))
        return probabilities


# For too few questions to fit on: under the default policy, a cosine of .3 to the best article is enough for an answer.
UNFITTED = Confidence(bias=-4.2, similarity=12.0)


def evidence(
    retrieval_scores: NDArray[np.floating],
    scores: NDArray[np.floating],
    answerability: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The features of n questions [n, features].

    `retrieval_scores` [n, scores, articles] with dense first, fused `scores` [n, articles] (-inf: hidden), and
    `answerability` [n, 2]. The cosine to the nearest resolved ticket counts only relative to the nearest unresolved
    one: alone it would decline known questions in new words.
    """
    top = scores.argmax(axis=1)
    ordered = -np.sort(-scores, axis=1)[:, :2]
    margin = ordered[:, 0] - ordered[:, 1] if ordered.shape[1] > 1 else ordered[:, 0]
    margin = np.where(np.isfinite(margin), margin, 0)
    top_scores = np.take_along_axis(retrieval_scores, top[:, None, None], axis=2)
    n_better = (retrieval_scores > top_scores).sum(axis=2)
    varies = retrieval_scores.max(axis=2) > retrieval_scores.min(axis=2)
    agreement = ((n_better < _AGREEMENT_DEPTH) & varies).mean(axis=1)
    features = [retrieval_scores[:, 0].max(axis=1), margin, ordered[:, 0], agreement, *answerability.T]
    return np.stack(features, axis=1).astype(np.float64)
