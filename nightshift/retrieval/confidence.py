"""How sure retrieval is that one of its articles answers the question: a logistic over what the signals saw.

    Confidence.from_json({"bias": -5.1, "similarity": 2.2, "margin": 0.4, "top_score": 0.3, "resolved_margin": 5.1, "resolved_log_odds": 0.8})

It is fitted on questions with and without an answer (train/abstention.py) and travels in the release.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

FEATURES = ("similarity", "margin", "top_score", "agreement", "resolved_margin", "resolved_log_odds")
_AGREE_WITHIN = 5


@dataclass(frozen=True)
class Confidence:
    """Coefficients per feature. Below which probability to decline is the policy's to say, not a retriever's."""

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


# Where there were too few questions to fit on: with the default policy, a cosine of .3 to the best section is worth an answer.
UNFITTED = Confidence(bias=-4.2, similarity=12.0)


def evidence(
    signals: NDArray[np.floating],
    scores: NDArray[np.floating],
    ended: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The features of n questions [n, features].

    signals [n, signals, articles] with dense first, scores [n, articles] blended (-inf: not allowed), ended [n, 2] from
    Outcomes. How near the nearest resolved ticket is counts only against the nearest unresolved one: by itself it would
    decline whoever words a known question in a new way.
    """
    top = scores.argmax(axis=1)
    ordered = -np.sort(-scores, axis=1)[:, :2]
    margin = ordered[:, 0] - ordered[:, 1] if ordered.shape[1] > 1 else ordered[:, 0]
    chosen = np.take_along_axis(signals, top[:, None, None], axis=2)
    better = (signals > chosen).sum(axis=2)
    speaks = signals.max(axis=2) > signals.min(axis=2)
    agreement = ((better < _AGREE_WITHIN) & speaks).mean(axis=1)
    features = [signals[:, 0].max(axis=1), np.where(np.isfinite(margin), margin, 0), ordered[:, 0], agreement, *ended.T]
    return np.stack(features, axis=1).astype(np.float64)
