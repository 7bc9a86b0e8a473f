"""Which sentence answers: a conditional logit over the features of the candidates.

    selector = SentenceSelector.from_json(release.weights.sentences)
    selector.logits(features)          # float64 [n], comparable among the candidates of one question

P(sentence i | question) = exp(w . x_i) / sum_j exp(w . x_j) (McFadden, Conditional logit analysis of qualitative choice
behavior, 1974). The weights of the first night need no accepted reply.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from nightshift.answering.sentence_features import FEATURES

# Set by reason, then fitted to 250 plain questions of half of the simulated company's articles under a Gaussian prior
# (bench/answers.py measures them on the other half). Neither tickets nor public help pages were used: fitted to the
# words of accepted replies, a selector picks what a reply repeats and not what was asked.
FIRST_NIGHT: Final[Mapping[str, float]] = {
    "sentence": 4.95,
    "context": 12.38,
    "window": 3.19,
    "section": 1.19,
    "words": 0.47,
    "words_context": 7.49,
    "answer_type": 0.71,
    "code": 0.72,
    "lead_in": -4.31,
    "short": -2.69,
    "article": 0.74,
}


@dataclass(frozen=True)
class SentenceSelector:
    """Weights in logits per feature, in the order of FEATURES."""

    weights: NDArray[np.float64]

    @classmethod
    def first_night(cls) -> Self:
        """The selector that has learned from no reply."""
        return cls.from_json(FIRST_NIGHT)

    @classmethod
    def from_json(cls, value: Mapping[str, float]) -> Self:
        """Features that `value` does not name weigh 0."""
        return cls(np.array([value.get(name, 0.0) for name in FEATURES]))

    def to_json(self) -> dict[str, float]:
        return {name: round(float(weight), 4) for name, weight in zip(FEATURES, self.weights, strict=True)}

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Features [n, FEATURES] -> logits [n]."""
        return np.asarray(features @ self.weights)

    def logits_without_article(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """The logits without retrieval's score: comparable between questions [n]."""
        weights = np.where([name == "article" for name in FEATURES], 0.0, self.weights)
        return np.asarray(features @ weights)
