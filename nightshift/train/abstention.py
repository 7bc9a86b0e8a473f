"""The abstention threshold: fit the confidence that a question can be answered, and the confidence below which to
decline.

    fitted = fit_confidence(answerable, articles_removed, unresolved)     # evidence with and without an answer
    fitted.threshold, fitted.metrics       # 0.31, {'auc': 0.83, 'declined_unanswerable': 0.46, ...}

The threshold is the `confidence_floor` of policy.json. Few sources label questions that nothing answers, so they are
made: a question whose articles, and the tickets they resolved, are removed cannot be answered (`evidence_pair` gives
the evidence of every question both ways). Tickets that support answered without an article are unanswerable as well.
The two kinds of unanswerable questions have equal weight, whatever their numbers, and so have answerable and
unanswerable: the confidence is the probability of an answer at even odds, because the past does not tell how often
future questions have none.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nightshift.answering.policy import Policy
from nightshift.metrics.selective import decline_metrics
from nightshift.retrieval.confidence import FEATURES, UNFITTED, Confidence

MAX_DECLINED_ANSWERABLE = 0.10  # share of the answerable questions that the threshold may decline
FEWEST_QUESTIONS = 30  # of either kind
L2_PENALTY = 1.0


@dataclass(frozen=True)
class FittedAbstention:
    """The confidence of a release, the abstention threshold, and how well they separate the two kinds of questions."""

    confidence: Confidence
    threshold: float
    metrics: dict[str, float]


def fit_confidence(
    answerable: NDArray[np.float64], articles_removed: NDArray[np.float64], unresolved: NDArray[np.float64]
) -> FittedAbstention:
    """Fit on evidence float64 [n, features] of three kinds of questions.

    UNFITTED and the policy's default with fewer than FEWEST_QUESTIONS answerable or unanswerable ones. Fewer than
    FEWEST_QUESTIONS `unresolved` weigh no more than as many of those whose articles were removed.
    """
    unanswerable = np.concatenate([articles_removed, unresolved])
    if min(len(answerable), len(unanswerable)) < FEWEST_QUESTIONS:
        return FittedAbstention(UNFITTED, Policy().confidence_floor, {})
    features = np.concatenate([answerable, unanswerable])
    separate = min(len(articles_removed), len(unresolved)) >= FEWEST_QUESTIONS
    kinds = [articles_removed, unresolved] if separate else [unanswerable]
    shares = [np.full(len(answerable), 0.5 / len(answerable))]
    shares += [np.full(len(kind), 0.5 / len(kinds) / len(kind)) for kind in kinds]
    mean, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-9)
    labels = np.repeat([1, 0], [len(answerable), len(unanswerable)])
    bias, *weights = _logistic((features - mean) / scale, labels, len(features) * np.concatenate(shares))
    slopes = np.array(weights) / scale
    named = dict(zip(FEATURES, (_rounded(slope) for slope in slopes), strict=True))
    confidence = Confidence(bias=_rounded(bias - slopes @ mean), **named)
    of_answerable, of_unanswerable = confidence.of(answerable), confidence.of(unanswerable)
    # The highest threshold that keeps to MAX_DECLINED_ANSWERABLE declines most of the unanswerable questions.
    threshold = float(f"{np.quantile(of_answerable, MAX_DECLINED_ANSWERABLE, method='lower'):.6f}")
    return FittedAbstention(confidence, threshold, decline_metrics(of_answerable, of_unanswerable, threshold))


def _logistic(
    features: NDArray[np.float64], labels: NDArray[np.int64], sample_weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Bias and weights [1 + features] of a logistic regression with L2_PENALTY on the weights, which are >= 0.

    Every feature is evidence for an answer; a negative weight would only correct for another feature on this sample.
    """
    from scipy.optimize import minimize

    sign = 2 * labels - 1

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margins = sign * (features @ parameters[1:] + parameters[0])
        residuals = -sign * sample_weights / (1 + np.exp(np.clip(margins, -500, 500)))
        slopes = parameters * (np.arange(len(parameters)) > 0)
        value = float((sample_weights * np.logaddexp(0, -margins)).sum() + 0.5 * L2_PENALTY * (slopes @ slopes))
        return value, np.concatenate([[residuals.sum()], features.T @ residuals]) + L2_PENALTY * slopes

    bounds = [(None, None)] + [(0.0, None)] * features.shape[1]
    return np.asarray(minimize(loss, np.zeros(len(bounds)), jac=True, bounds=bounds, method="L-BFGS-B").x)


def _rounded(value: float) -> float:
    """Six significant digits: further ones differ from machine to machine."""
    return float(f"{value:.6g}")
