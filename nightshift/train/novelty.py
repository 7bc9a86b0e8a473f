"""How unlike everything asked before a question is: no strangers are needed to learn it, only the past.

    known = fit_familiar(vectors, labels)                          # labels: intents, or the articles that helped
    known.distances(vectors)                                       # [n], higher is stranger
    learned = learn_familiar(vectors, labels, fresh, measured)     # with the distances that the newest tickets had

The relative Mahalanobis distance of Ren et al. 2021 (arXiv:2106.09022): how far a vector lies from the nearest label's
mean, less how far it lies from the mean of all, each in units of its own spread. The second part takes away what makes
any question lie far out, such as an unusual way of writing, and leaves what is special to the labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHRINKAGE = 0.5  # of each covariance towards a ball: with a few tickets a label its small directions are noise
QUANTILES = 200  # steps in which the distances of known questions are remembered
ACCEPTED = 0.95  # of known questions, where recall is measured


@dataclass(frozen=True)
class Familiar:
    """Relative Mahalanobis distance, multiplied out: x Q x + min over labels of (x W + b), a dimension.

    `quadratic` float64 [dim, dim], `linear` [dim, labels], `constant` [labels].
    """

    quadratic: NDArray[np.float64]
    linear: NDArray[np.float64]
    constant: NDArray[np.float64]

    def distances(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """How unlike each vector [n, dim] is to every label: [n]."""
        curved = ((vectors @ self.quadratic) * vectors).sum(axis=1)
        return np.asarray(curved + (vectors @ self.linear + self.constant).min(axis=1))


def fit_familiar(vectors: NDArray[np.float32], labels: Sequence[str]) -> Familiar:
    """What the `labels` of `vectors` [n, dim] look like. With one label alone everything is equally familiar."""
    names, of_row = np.unique(np.array(labels), return_inverse=True)
    rows = vectors.astype(np.float64)
    sums = np.zeros((len(names), rows.shape[1]))
    np.add.at(sums, of_row, rows)
    means = sums / np.bincount(of_row)[:, None]
    middle = rows.mean(axis=0)
    within, overall = _precision(rows - means[of_row]), _precision(rows - middle)
    return Familiar(
        quadratic=within - overall,
        linear=2 * ((overall @ middle)[:, None] - within @ means.T),
        constant=np.einsum("ld,de,le->l", means, within, means) - middle @ overall @ middle,
    )


@dataclass(frozen=True)
class Learned:
    """`quantiles` [201] of the distances of tickets when they were new, and the share of the newest within .95 of them."""

    familiar: Familiar
    quantiles: list[float]
    accepted: float


def learn_familiar(
    vectors: NDArray[np.float32], labels: Sequence[str], fresh: NDArray[np.bool_], measured: NDArray[np.bool_]
) -> Learned:
    """Rehearse without the `fresh` rows, read quantiles off those of them that are not `measured`, then learn from all."""
    rehearsal = fit_familiar(vectors[~fresh], [label for label, new in zip(labels, fresh, strict=True) if not new])
    quantiles = np.quantile(rehearsal.distances(vectors[fresh & ~measured]), np.linspace(0, 1, QUANTILES + 1))
    within = rehearsal.distances(vectors[measured]) <= quantiles[round(ACCEPTED * QUANTILES)]
    return Learned(fit_familiar(vectors, labels), [float(f"{one:.6g}") for one in quantiles], float(within.mean()))


def _precision(residuals: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of their shrunk covariance [dim, dim], divided by the number of dimensions."""
    dim = residuals.shape[1]
    covariance = residuals.T @ residuals / len(residuals)
    ball = max(np.trace(covariance) / dim, 1e-9)  # copies of one ticket have no spread at all
    return np.asarray(np.linalg.inv((1 - SHRINKAGE) * covariance + SHRINKAGE * ball * np.eye(dim)) / dim)
