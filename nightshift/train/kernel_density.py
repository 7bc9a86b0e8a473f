"""What the examples nearest to a vector are labelled: the part of a head that remembers.

    near = Neighbours(vectors, columns, labels=77)
    near.evidence(asked)      # [n, 77], natural logarithms: of the label whose examples lie nearest it is the highest

Every example speaks for its label by exp((cosine - 1) / NEAR): a kernel density (Parzen, On Estimation of a Probability
Density Function and Mode, 1962). A linear head draws one plane a label, and a label of several wordings lies in
several places; where examples are many, this knows them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BANDWIDTH = 0.03  # an example that much less alike counts a third
FLOOR = 1e-12  # of a label that has no example anywhere near
MOST = 20_000  # examples, the newest: a thousand take 1.5 MB, and .8 MFLOP a question
_TOGETHER = 512  # vectors compared at the same time


@dataclass(frozen=True)
class KernelDensity:
    """Examples float32 [m, dim], L2-normalised, and the column of each one's label [m], of so many `labels`."""

    vectors: NDArray[np.float32]
    columns: NDArray[np.int64]
    labels: int

    @property
    def memberships(self) -> NDArray[np.float32]:
        """1 where an example has the label: float32 [m, labels]."""
        return np.eye(self.labels, dtype=np.float32)[self.columns]

    def evidence(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """The log of what all examples of a label say together [n, labels]."""
        members, parts = self.memberships, []
        for start in range(0, max(1, len(vectors)), _TOGETHER):
            cosines = vectors[start : start + _TOGETHER] @ self.vectors.T
            parts.append(np.log(np.exp((cosines - 1) / np.float32(BANDWIDTH)) @ members + np.float32(FLOOR)))
        return np.concatenate(parts).astype(np.float64)
