"""Selective answering: what is declined of answerable and unanswerable questions, and the risk of answering the rest.

decline_metrics(answerable, unanswerable, floor)
# {'auc': 0.83, 'declined_answerable': 0.1, 'declined_unanswerable': 0.46}
"""

import numpy as np
from numpy.typing import NDArray


def decline_metrics(
    answerable: NDArray[np.float64], unanswerable: NDArray[np.float64], floor: float
) -> dict[str, float]:
    """Shares declined of either kind below `floor`, and the area under the ROC curve, from probabilities."""
    return {
        "auc": round(roc_auc(answerable, unanswerable), 6),
        "declined_answerable": round(float((answerable < floor).mean()), 6),
        "declined_unanswerable": round(float((unanswerable < floor).mean()), 6),
    }


def risk_coverage(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> list[list[float]]:
    """Twenty points [coverage, risk]: the share answered, most confident first, and how much of that is not right.

    `confidence` and `right` are [n]; right says whether the retrieved articles answer the question (El-Yaniv and
    Wiener, On the Foundations of Noise-free Selective Classification, JMLR 11, 2010).
    """
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~right[order]) / np.arange(1, len(order) + 1)
    counts = np.unique(np.ceil(np.linspace(0.05, 1, 20) * len(order)).astype(int))
    return [[round(float(count / len(order)), 4), round(float(wrong[count - 1]), 4)] for count in counts if count]


def roc_auc(higher: NDArray[np.float64], lower: NDArray[np.float64]) -> float:
    """The area under the ROC curve: how often a value of `higher` [n] exceeds one of `lower` [m], ties counting half.

    The figure of sklearn.metrics.roc_auc_score, without its 1.6 s of CPU to import.
    """
    ordered = np.sort(lower)
    below = np.searchsorted(ordered, higher, side="left") + np.searchsorted(ordered, higher, side="right")
    return float(below.mean() / 2 / len(ordered))
