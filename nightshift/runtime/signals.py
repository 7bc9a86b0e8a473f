"""Four opinions on which article answers a question, brought to one scale and added up.

dense  the query tower against every section, an article by its best one
bm25   words in common
votes  what the nearest resolved tickets were resolved with
prior  the prior head over past resolved tickets
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

SIGNALS = ("dense", "bm25", "votes", "prior")


def z_scores(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Scores [..., articles] with mean 0 and deviation 1 over the articles; a signal that says nothing becomes 0."""
    centred = np.asarray(scores, np.float64) - np.mean(scores, axis=-1, keepdims=True, dtype=np.float64)
    deviation = centred.std(axis=-1, keepdims=True)
    scaled: NDArray[np.float64] = np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 1e-12)
    return scaled


def blended(scores: NDArray[np.floating], weights: Mapping[str, float]) -> NDArray[np.float64]:
    """Raw scores [..., signals in the order of SIGNALS, articles] -> blended scores [..., articles]."""
    vector = np.array([weights[signal] for signal in SIGNALS])
    return np.asarray(np.einsum("s,...sa->...a", vector, z_scores(scores)))
