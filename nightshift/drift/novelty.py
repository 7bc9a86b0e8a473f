"""Novelty: how far a ticket lies from every resolved ticket that a release holds."""

import numpy as np
from numpy.typing import NDArray

_BATCH = 1_024  # rows: bounds the matrix of cosines


def nearest_cosine(vectors: NDArray[np.float32], resolved: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosine [n] of each of `vectors` [n, dim] to the nearest of `resolved` [m, dim]; -1 where m is 0."""
    nearest = np.full(len(vectors), -1, np.float32)
    for start in range(0, len(vectors) if len(resolved) else 0, _BATCH):
        nearest[start : start + _BATCH] = (vectors[start : start + _BATCH] @ resolved.T).max(axis=1)
    return nearest
