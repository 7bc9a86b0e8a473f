"""How past tickets ended, with an article or with an answer and no article, and which of the two a question is like.

    outcomes = Outcomes(resolved, unresolved)
    outcomes.evidence(vectors, hidden, times)      # [n, 2]: nearer, leaning

nearer    how much nearer the nearest resolved ticket is than the nearest unresolved one: what was asked before, in such words
leaning   on which side of one plane between the two kinds the question lies: what has not been asked in such words
"""

from datetime import datetime
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nightshift.runtime.memory import Memory

FEWEST = 30  # tickets of either kind; with fewer nothing is said
_RIDGE = 1.0  # in tickets of either kind together


NONE = Memory(np.zeros((0, 0), np.float32), [], np.array([], "datetime64[us]"))


class Outcomes:
    """Resolved and unresolved tickets of an index. `until`: the plane is learned from what was asked before then."""

    def __init__(self, resolved: Memory, unresolved: Memory, until: datetime | None = None) -> None:
        self._resolved, self._unresolved = resolved, unresolved
        self._enough = min(len(resolved), len(unresolved)) >= FEWEST
        self._centre, self._normal = _plane(_asked(resolved, until), _asked(unresolved, until))

    @classmethod
    def load(cls, folder: Path, resolved: Memory) -> Self:
        """The outcomes of the index in `folder`, whose memory is `resolved`. Raises IndexUnavailable.

        An index that was published before unresolved tickets were kept has none, and goes on serving.
        """
        kept = (folder / "unresolved.parquet").exists()
        return cls(resolved, Memory.load(folder, "unresolved") if kept else NONE)

    def evidence(
        self,
        vectors: NDArray[np.float32],
        hidden: NDArray[np.bool_] | None,
        times: NDArray[np.datetime64] | None,
    ) -> NDArray[np.float64]:
        """Nearer and leaning [n, 2] of vectors [n, dim].

        Not looked at: resolved tickets that are hidden [n, m], and unresolved ones asked at the question's time [n] or later.
        """
        if not self._enough:
            return np.zeros((len(vectors), 2))
        later = None if times is None else self._unresolved.created_at >= times[:, None]
        nearer = _nearest(vectors, self._resolved, hidden) - _nearest(vectors, self._unresolved, later)
        return np.stack([nearer, (vectors - self._centre) @ self._normal], axis=1).astype(np.float64)


def _asked(tickets: Memory, until: datetime | None) -> NDArray[np.float64]:
    """Vectors [m, dim] of the tickets asked before `until`."""
    vectors = tickets.vectors.astype(np.float64)
    return vectors if until is None else vectors[tickets.created_at < np.datetime64(until.replace(tzinfo=None))]


def _nearest(vectors: NDArray[np.float32], tickets: Memory, hidden: NDArray[np.bool_] | None) -> NDArray[np.float32]:
    """The highest cosine [n]; -1 where every ticket is hidden."""
    cosines = vectors @ tickets.vectors.T
    if hidden is not None:
        cosines = np.where(hidden, np.float32(-1), cosines)
    nearest: NDArray[np.float32] = cosines.max(axis=1)
    return nearest


def _plane(
    resolved: NDArray[np.float64], unresolved: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centre and normal [dim] of a ridge regression of +1 on -1, both kinds weighing the same; zeros with too few."""
    if min(len(resolved), len(unresolved)) < FEWEST:
        return np.zeros(1), np.zeros(max(resolved.shape[-1], 1))
    vectors = np.concatenate([resolved, unresolved])
    sides = np.repeat([1.0, -1.0], [len(resolved), len(unresolved)])
    shares = np.repeat(
        [len(vectors) / len(resolved) / 2, len(vectors) / len(unresolved) / 2], [len(resolved), len(unresolved)]
    )
    centre = np.average(vectors, axis=0, weights=shares)
    spread = (vectors - centre) * shares[:, None]
    price = _RIDGE * np.eye(vectors.shape[1])
    normal = np.linalg.solve(spread.T @ (vectors - centre) + price, spread.T @ sides)
    return centre, normal
