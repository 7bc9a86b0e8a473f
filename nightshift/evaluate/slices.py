"""hit@5 by slice: by the intent of a question, and by its length.

slices(hits, labelled(intents, texts))     # {'intent': {'refund': {'questions': 61.0, 'hit@5': 0.93}}, 'length': {...}}
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

_LENGTHS = ((15, "up to 15 words"), (50, "16 to 50 words"), (150, "51 to 150 words"))
_SMALLEST_SLICE = 10


def labelled(intents: Sequence[str], texts: Sequence[str]) -> dict[str, list[str]]:
    """The slice each question lies in: by intent, and by length."""
    return {
        "intent": [intent or "(no intent)" for intent in intents],
        "length": [_length(text) for text in texts],
    }


def slices(hits: NDArray[np.float64], labels: Mapping[str, Sequence[str]]) -> dict[str, dict[str, dict[str, float]]]:
    """hit@5 by slice, for those of at least ten questions: {'intent': {'refund': {...}}, 'length': ...}."""
    return {kind: _by(of, hits) for kind, of in labels.items()}


def _length(text: str) -> str:
    words = len(text.split())
    return next((name for most, name in _LENGTHS if words <= most), "over 150 words")


def _by(labels: Sequence[str], hits: NDArray[np.float64]) -> dict[str, dict[str, float]]:
    of_label = np.array(labels)
    return {
        label: {"questions": float(rows.sum()), "hit@5": round(float(hits[rows].mean()), 6)}
        for label in sorted(set(labels))
        if (rows := of_label == label).sum() >= _SMALLEST_SLICE
    }
