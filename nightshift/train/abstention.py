"""When to decline: fit the confidence that a question can be answered, and the floor below which we had better not.

    fitted = fit_confidence(answerable, taken_away, unresolved)     # evidence of questions with, and without, an answer
    fitted.floor, fitted.metrics           # 0.31, {'auc': 0.83, 'declined_unanswerable': 0.46, ...}

Few sources label questions that nothing answers. Any source yields them: take a question's articles away, and the
tickets they resolved, and what is left cannot answer it. `evidence_pair` asks every question both ways. Where support
answered tickets without an article, those are unanswerable too, as far as the past knows; the two sorts weigh the same,
however many there are. Answerable and unanswerable weigh the same as well: the confidence is the probability of an answer
at even odds, for no past knows how often the next question has none.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nightshift.answering.policy import Policy
from nightshift.metrics.selective import decline_metrics
from nightshift.retrieval.confidence import FEATURES, UNFITTED, Confidence

MAY_DECLINE = 0.10  # of the questions that could have been answered
_FEWEST = 30


@dataclass(frozen=True)
class Fitted:
    """The confidence of a release, the floor for its policy, and how well they tell the two kinds of question apart."""

    confidence: Confidence
    floor: float
    metrics: dict[str, float]


def fit_confidence(
    answerable: NDArray[np.float64], taken_away: NDArray[np.float64], unresolved: NDArray[np.float64]
) -> Fitted:
    """Fit on evidence [n, features] of three sorts of questions; UNFITTED below 30 with or without an answer.

    Fewer than 30 `unresolved` ones weigh no more than as many of those whose articles were `taken_away`.
    """
    unanswerable = np.concatenate([taken_away, unresolved])
    if min(len(answerable), len(unanswerable)) < _FEWEST:
        return Fitted(UNFITTED, Policy().confidence_floor, {})
    both = np.concatenate([answerable, unanswerable])
    sorts = [taken_away, unresolved] if min(len(taken_away), len(unresolved)) >= _FEWEST else [unanswerable]
    shares = [np.full(len(answerable), 0.5 / len(answerable))]
    shares += [np.full(len(sort), 0.5 / len(sorts) / len(sort)) for sort in sorts]
    mean, scale = both.mean(axis=0), np.maximum(both.std(axis=0), 1e-9)
    labels = np.repeat([1, 0], [len(answerable), len(unanswerable)])
    bias, *weights = _logistic((both - mean) / scale, labels, len(both) * np.concatenate(shares))
    slopes = np.array(weights) / scale
    named = dict(zip(FEATURES, (_short(slope) for slope in slopes), strict=True))
    confidence = Confidence(bias=_short(bias - slopes @ mean), **named)
    sure, unsure = confidence.of(answerable), confidence.of(unanswerable)
    # The highest floor that declines no more of the answerable questions than it may declines most of the others.
    floor = float(f"{np.quantile(sure, MAY_DECLINE, method='lower'):.6f}")
    return Fitted(confidence, floor, decline_metrics(sure, unsure, floor))


def _logistic(
    features: NDArray[np.float64], labels: NDArray[np.int64], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Bias and weights of a logistic regression with an L2 price of 1; `shares` [n] is what each question weighs.

    Weights are not negative: every feature is evidence for an answer, and one that the fit would turn round only
    makes up for another on these very questions.
    """
    from scipy.optimize import minimize

    sign = 2 * labels - 1

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margins = sign * (features @ parameters[1:] + parameters[0])
        wrongness = -sign * shares / (1 + np.exp(np.clip(margins, -500, 500)))
        price = parameters * (np.arange(len(parameters)) > 0)
        value = float((shares * np.logaddexp(0, -margins)).sum() + 0.5 * (price @ price))
        return value, np.concatenate([[wrongness.sum()], features.T @ wrongness]) + price

    bounds = [(None, None)] + [(0.0, None)] * features.shape[1]
    return np.asarray(minimize(loss, np.zeros(len(bounds)), jac=True, bounds=bounds, method="L-BFGS-B").x)


def _short(value: float) -> float:
    """Six digits: the last ones differ from machine to machine."""
    return float(f"{value:.6g}")
