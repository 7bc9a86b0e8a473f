"""Accuracy and calibration of a classifier, as a whole and slice by slice.

target = targets(ticket_ids, row_labels, labels)
metrics, slices = classification_metrics(probabilities, target, {"words": ["up to 10", "over 160", ...]})
# {'accuracy': 0.91, 'ece': 0.02, 'brier': 0.13, 'held_out': 400.0}
# {'words: up to 10': {'rows': 90, 'accuracy': 0.93, 'ece': 0.03}, ...}
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nightshift.metrics.calibration import brier, calibration_error

MIN_SLICE_ROWS = 20
_WORDS = ((10, "up to 10"), (20, "11 to 20"), (40, "21 to 40"), (80, "41 to 80"), (160, "81 to 160"))
_EXAMPLES = ((20, "under 20"), (50, "20 to 49"), (100, "50 to 99"), (200, "100 to 199"))


def targets(ticket_ids: Sequence[str], row_labels: Sequence[str], labels: Sequence[str]) -> NDArray[np.float64]:
    """Targets [rows, labels]: each row has its share of one ticket under its label; zeros for one not in `labels`."""
    column = {label: index for index, label in enumerate(labels)}
    shares = Counter(ticket_ids)
    target = np.zeros((len(row_labels), len(labels)))
    for row, (ticket, label) in enumerate(zip(ticket_ids, row_labels, strict=True)):
        if label in column:
            target[row, column[label]] = 1 / shares[ticket]
    return target


def classification_metrics(
    probabilities: NDArray[np.float64], target: NDArray[np.float64], slices_by: Mapping[str, Sequence[str]]
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Probabilities [n, labels] against `target` [n, labels], where any label above 0 is right; whole, and by slice.

    `slices_by` names the slice of every row [n], e.g. by its length; slices of fewer than 20 rows are left out.
    """
    right = target[np.arange(len(target)), probabilities.argmax(axis=1)] > 0
    confidence = probabilities.max(axis=1)
    whole = {
        "accuracy": float(right.mean()),
        "ece": calibration_error(confidence, right),
        "brier": brier(probabilities, target),
        "held_out": float(len(target)),
    }
    slices = {}
    for kind, row_slices in slices_by.items():
        for name, count in sorted(Counter(row_slices).items()):
            if count >= MIN_SLICE_ROWS:
                rows = np.array(row_slices) == name
                slices[f"{kind}: {name}"] = {
                    "rows": float(count),
                    "accuracy": round(float(right[rows].mean()), 6),
                    "ece": round(calibration_error(confidence[rows], right[rows]), 6),
                }
    return whole, slices


def length_of(words: int) -> str:
    """The slice of a text of so many words."""
    return next((name for most, name in _WORDS if words <= most), "over 160")


def frequency_of(examples: int) -> str:
    """The slice of a label with so many examples to learn from."""
    return next((name for below, name in _EXAMPLES if examples < below), "200 or more")
