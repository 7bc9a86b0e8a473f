"""How past tickets ended, with an article or with an answer and no article, and which of the two a question is like.

    outcomes = Outcomes(resolved, unresolved, heads)
    outcomes.evidence(vectors, hidden, times)      # [n, 2]: resolved_margin, resolved_log_odds

resolved_margin     how much nearer the nearest resolved ticket is than the nearest unresolved one: what was asked in such words
resolved_log_odds   log odds that an article resolves tickets of the question's intents: what was asked in any words

Helpers forget links: half of the unresolved tickets may have an article after all. Over a whole intent that averages
out, where single tickets would be taken at their word.
"""

from datetime import datetime
from pathlib import Path
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from nightshift.retrieval.ticket_knn import TicketKnn

FEWEST = 30  # tickets of either kind; with fewer nothing is said
_AS_ALL = 2.0  # tickets that every intent is given beside its own, ended as all are: a rare one says little


NONE = TicketKnn(np.zeros((0, 0), np.float32), [], np.array([], "datetime64[us]"))


class IntentHead(Protocol):
    """Probabilities over intents from document-tower vectors."""

    def intents(self, vectors: NDArray[np.float32]) -> NDArray[np.float32] | None: ...


class Answerability:
    """Resolved and unresolved tickets of an index. `until`: how intents end is learned from what was asked before then."""

    def __init__(
        self, resolved: TicketKnn, unresolved: TicketKnn, heads: IntentHead | None, until: datetime | None = None
    ) -> None:
        self._resolved, self._unresolved, self._heads = resolved, unresolved, heads
        self._enough = min(len(resolved), len(unresolved)) >= FEWEST
        self._rates = self._resolved_share(until) if self._enough else None

    @classmethod
    def load(cls, folder: Path, resolved: TicketKnn, heads: IntentHead | None) -> Self:
        """The outcomes of the index in `folder`, whose memory is `resolved`. Raises IndexUnavailable.

        An index that was published before unresolved tickets were kept has none, and goes on serving.
        """
        kept = (folder / "unresolved.parquet").exists()
        return cls(resolved, TicketKnn.load(folder, "unresolved") if kept else NONE, heads)

    def evidence(
        self,
        vectors: NDArray[np.float32],
        hidden: NDArray[np.bool_] | None,
        times: NDArray[np.datetime64] | None,
    ) -> NDArray[np.float64]:
        """The resolved margin and log-odds [n, 2] of vectors [n, dim].

        Not looked at: resolved tickets that are hidden [n, m], and unresolved ones asked at the question's time [n] or later.
        """
        if not self._enough:
            return np.zeros((len(vectors), 2))
        later = None if times is None else self._unresolved.created_at >= times[:, None]
        margin = _nearest(vectors, self._resolved, hidden) - _nearest(vectors, self._unresolved, later)
        return np.stack([margin, self._resolved_log_odds(vectors)], axis=1).astype(np.float64)

    def _resolved_log_odds(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Log odds [n] that tickets of the same intents are resolved; 0 where no intents are known."""
        intents = self._intents(vectors)
        if intents is None or self._rates is None:
            return np.zeros(len(vectors))
        odds: NDArray[np.float64] = np.log(intents @ self._rates) - np.log(intents @ (1 - self._rates))
        return odds

    def _resolved_share(self, until: datetime | None) -> NDArray[np.float64] | None:
        """The share [intents] of tickets asked before `until` that an article resolved, a ticket counting for what it may be."""
        sums = [_total(self._intents(_asked(kind, until))) for kind in (self._resolved, self._unresolved)]
        if sums[0] is None or sums[1] is None:
            return None
        both = sums[0] + sums[1]
        overall = sums[0].sum() / both.sum()
        shares: NDArray[np.float64] = (sums[0] + _AS_ALL * overall) / (both + _AS_ALL)
        return shares

    def _intents(self, vectors: NDArray[np.float32]) -> NDArray[np.float64] | None:
        found = self._heads.intents(vectors) if self._heads is not None and len(vectors) else None
        return None if found is None else found.astype(np.float64)


def _asked(tickets: TicketKnn, until: datetime | None) -> NDArray[np.float32]:
    """Vectors [m, dim] of the tickets asked before `until`."""
    return (
        tickets.vectors
        if until is None
        else tickets.vectors[tickets.created_at < np.datetime64(until.replace(tzinfo=None))]
    )


def _total(intents: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    return None if intents is None else intents.sum(axis=0)


def _nearest(vectors: NDArray[np.float32], tickets: TicketKnn, hidden: NDArray[np.bool_] | None) -> NDArray[np.float32]:
    """The highest cosine [n]; -1 where every ticket is hidden."""
    cosines = vectors @ tickets.vectors.T
    if hidden is not None:
        cosines = np.where(hidden, np.float32(-1), cosines)
    nearest: NDArray[np.float32] = cosines.max(axis=1)
    return nearest
