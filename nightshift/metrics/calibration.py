"""Calibration of probabilities: temperature scaling, expected calibration error, Brier score.

    probabilities = softmax(logits / temperature(logits, targets))
    calibration_error(probabilities.max(axis=1), right)      # 0.02: at 80 % confidence about 80 % are right

Temperature scaling and ECE are those of Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
"""

import numpy as np
from numpy.typing import NDArray

_BINS = 15


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Probabilities over the last axis."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True), dtype=np.float64)
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def negative_log_likelihood(logits: NDArray[np.floating], targets: NDArray[np.floating]) -> float:
    """Cross-entropy of `targets` [n, classes] (rows sum to 1 or less) under `logits` [n, classes], summed, in nats."""
    return -float((targets * np.log(softmax(logits) + 1e-12)).sum())


def temperature(logits: NDArray[np.floating], targets: NDArray[np.floating]) -> float:
    """The divisor of `logits` [n, classes] under which `targets` [n, classes] (rows sum to 1 or less) are likeliest,
    between 0.2 and 5.
    """
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        return negative_log_likelihood(logits / np.exp(log_temperature), targets)

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(0.2), np.log(5.0)), method="bounded").x))


def calibration_error(confidence: NDArray[np.floating], right: NDArray[np.bool_]) -> float:
    """ECE: the mean distance between confidence [n] and accuracy, over 15 bins of equally many answers."""
    order = np.argsort(confidence, kind="stable")
    bins = [part for part in np.array_split(order, _BINS) if len(part)]
    distances = [len(part) * abs(confidence[part].mean() - right[part].mean()) for part in bins]
    return float(sum(distances) / len(order))


def brier(probabilities: NDArray[np.floating], targets: NDArray[np.floating]) -> float:
    """The mean squared distance of probabilities to targets, both [n, classes]: 0 is perfect, 2 the worst."""
    return float(((probabilities - targets) ** 2).sum(axis=1).mean())
