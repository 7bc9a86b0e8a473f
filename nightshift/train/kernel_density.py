"""A kernel density over labelled vectors: how dense the examples of each label are around a vector.

    density = KernelDensity(vectors, columns, n_labels=77)
    density.log_density(questions)      # [n, 77], natural logarithms: highest for the label with the nearest examples

The kernel of an example is exp((cosine - 1) / BANDWIDTH) (Parzen, On Estimation of a Probability Density Function and
Mode, 1962). A linear classifier draws one plane per label; a label whose examples lie in several places needs this.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BANDWIDTH = 0.03  # an example whose cosine is that much lower counts a third
FLOOR = 1e-12  # density of a label without an example nearby
MAX_EXAMPLES = 20_000  # the newest: a thousand take 1.5 MB and .8 MFLOP per question
_BATCH = 512  # vectors compared at the same time


@dataclass(frozen=True)
class KernelDensity:
    """Examples float32 [m, dim], L2-normalised, and the column of each one's label int64 [m], out of `n_labels`."""

    vectors: NDArray[np.float32]
    columns: NDArray[np.int64]
    n_labels: int

    @property
    def memberships(self) -> NDArray[np.float32]:
        """1 where an example has the label: float32 [m, labels]."""
        return np.eye(self.n_labels, dtype=np.float32)[self.columns]

    def log_density(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """The log of the summed kernels of each label's examples [n, labels], for `vectors` [n, dim]."""
        members, parts = self.memberships, []
        for start in range(0, max(1, len(vectors)), _BATCH):
            cosines = vectors[start : start + _BATCH] @ self.vectors.T
            parts.append(np.log(np.exp((cosines - 1) / np.float32(BANDWIDTH)) @ members + np.float32(FLOOR)))
        return np.concatenate(parts).astype(np.float64)
