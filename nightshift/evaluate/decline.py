"""When to decline: fit the confidence that a question can be answered, and the floor below which we had better not.

    fitted = fit_confidence(answerable, unanswerable)     # evidence of questions with, and without, an answer
    fitted.floor, fitted.metrics           # 0.31, {'auc': 0.83, 'declined_unanswerable': 0.46, ...}

Few sources label questions that nothing answers. Any source yields them: take a question's articles away, and the
tickets they resolved, and what is left cannot answer it. `evidence_pair` asks every question both ways.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nightshift.runtime.confidence import FEATURES, UNFITTED, Confidence
from nightshift.runtime.policy import Policy

MAY_DECLINE = 0.10  # of the questions that could have been answered
_FEWEST = 30


class Ranked(Protocol):
    """What ranking leaves behind for the confidence."""

    @property
    def evidence(self) -> NDArray[np.float64]: ...


class Ranker(Protocol):
    """A retriever, as far as the fit needs one."""

    def rank(
        self,
        questions: Sequence[str],
        before: Sequence[datetime] | None = None,
        without: Sequence[Sequence[str]] | None = None,
    ) -> Ranked: ...


@dataclass(frozen=True)
class Fitted:
    """The confidence of a release, the floor for its policy, and how well they tell the two kinds of question apart."""

    confidence: Confidence
    floor: float
    metrics: dict[str, float]


def evidence_pair(
    retriever: Ranker, questions: Sequence[str], articles: Sequence[Sequence[str]], before: Sequence[datetime] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Evidence [n, features] of the questions as they are, and with the articles that resolved them taken away."""
    return retriever.rank(questions, before).evidence, retriever.rank(questions, before, articles).evidence


def fit_confidence(answerable: NDArray[np.float64], unanswerable: NDArray[np.float64]) -> Fitted:
    """Fit on evidence [n, features] and [m, features]; UNFITTED below 30 questions of either kind."""
    if min(len(answerable), len(unanswerable)) < _FEWEST:
        return Fitted(UNFITTED, Policy().confidence_floor, {})
    from sklearn.linear_model import LogisticRegression

    both = np.concatenate([answerable, unanswerable])
    labels = np.repeat([1, 0], [len(answerable), len(unanswerable)])
    mean, scale = both.mean(axis=0), np.maximum(both.std(axis=0), 1e-9)
    model = LogisticRegression(C=1.0, class_weight="balanced").fit((both - mean) / scale, labels)
    slopes = model.coef_[0] / scale
    named = dict(zip(FEATURES, (_short(slope) for slope in slopes), strict=True))
    confidence = Confidence(bias=_short(model.intercept_[0] - slopes @ mean), **named)
    sure, unsure = confidence.of(answerable), confidence.of(unanswerable)
    # The highest floor that declines no more of the answerable questions than it may declines most of the others.
    floor = float(f"{np.quantile(sure, MAY_DECLINE, method='lower'):.6f}")
    return Fitted(confidence, floor, decline_metrics(sure, unsure, floor))


def decline_metrics(
    answerable: NDArray[np.float64], unanswerable: NDArray[np.float64], floor: float
) -> dict[str, float]:
    """Shares declined of either kind below `floor`, and the area under the ROC curve, from probabilities."""
    ordered = np.sort(unanswerable)
    below = np.searchsorted(ordered, answerable, side="left") + np.searchsorted(ordered, answerable, side="right")
    return {
        "auc": round(float(below.mean() / 2 / len(ordered)), 6),
        "declined_answerable": round(float((answerable < floor).mean()), 6),
        "declined_unanswerable": round(float((unanswerable < floor).mean()), 6),
    }


def _short(value: float) -> float:
    """Six digits: the last ones differ from machine to machine."""
    return float(f"{value:.6g}")
