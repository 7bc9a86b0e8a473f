"""Answerability: is a question more like the tickets that an article resolved, or like those answered without one?

    shares = resolved_shares(resolved, unresolved, classifiers)            # fitted at night, stored in the release
    answerability = Answerability(resolved, unresolved, classifiers, shares)
    answerability.evidence(vectors, Hidden())                              # [n, 2]: resolved_margin, resolved_log_odds

resolved_margin     cosine to the nearest resolved ticket minus cosine to the nearest unresolved one
resolved_log_odds   log odds that an article resolves a ticket of the question's intents

Agents forget to link articles: up to half of the unresolved tickets may have one after all. The share of an intent
averages over such labels, which a single nearest ticket cannot do.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nightshift.retrieval.ranking import Hidden
from nightshift.retrieval.ticket_knn import TicketKnn

MIN_TICKETS = 30  # of either kind; with fewer, both features are 0
_PRIOR_TICKETS = 2.0  # pseudo-tickets of the overall share that smooth the share of every intent


class IntentClassifier(Protocol):
    """Probabilities over intents from document-tower vectors."""

    def intents(self, vectors: NDArray[np.float32]) -> NDArray[np.float32] | None: ...


def resolved_shares(
    resolved: TicketKnn, unresolved: TicketKnn, classifier: IntentClassifier | None, until: datetime | None = None
) -> list[float] | None:
    """The share of tickets of each intent that an article resolved [intents], weighted by intent probability.

    Only tickets created before `until` count. None with fewer than MIN_TICKETS of either kind, or without intents.
    """
    if min(len(resolved), len(unresolved)) < MIN_TICKETS:
        return None
    totals = [_intents(classifier, _vectors_until(tickets, until)) for tickets in (resolved, unresolved)]
    if totals[0] is None or totals[1] is None:
        return None
    n_resolved, n_unresolved = (intents.sum(axis=0) for intents in totals if intents is not None)
    both = n_resolved + n_unresolved
    overall = n_resolved.sum() / both.sum()
    shares: list[float] = ((n_resolved + _PRIOR_TICKETS * overall) / (both + _PRIOR_TICKETS)).tolist()
    return shares


def index_resolved_shares(index: Path, classifier: IntentClassifier) -> list[float] | None:
    """The resolved_shares of all tickets of the index in the folder `index`. Raises IndexUnavailable."""
    return resolved_shares(TicketKnn.load(index), TicketKnn.load(index, "unresolved"), classifier)


class Answerability:
    """Evidence from the resolved and unresolved tickets of an index."""

    def __init__(
        self,
        resolved: TicketKnn,
        unresolved: TicketKnn,
        classifier: IntentClassifier | None,
        shares: Sequence[float] | None,
    ) -> None:
        """`shares` [intents of the classifier] are the resolved_shares of these tickets."""
        self._resolved, self.unresolved, self._classifier = resolved, unresolved, classifier
        self._shares = None if shares is None else np.array(shares, np.float64)

    @property
    def informed(self) -> bool:
        """Whether there are enough past tickets, and intents, to tell anything."""
        return self._shares is not None and min(len(self._resolved), len(self.unresolved)) >= MIN_TICKETS

    @property
    def mean_resolved_log_odds(self) -> float:
        """The mean log-odds of the resolved tickets; 0 where nothing is known."""
        return float(self._resolved_log_odds(self._resolved.vectors).mean()) if self.informed else 0.0

    def evidence(self, vectors: NDArray[np.float32], hidden: Hidden) -> NDArray[np.float64]:
        """The resolved margin and log-odds [n, 2] of vectors [n, dim]; 0 with fewer than MIN_TICKETS of either kind."""
        if min(len(self._resolved), len(self.unresolved)) < MIN_TICKETS:
            return np.zeros((len(vectors), 2))
        resolved = _nearest_cosine(vectors, self._resolved, hidden.resolved)
        margin = resolved - _nearest_cosine(vectors, self.unresolved, hidden.unresolved)
        return np.stack([margin, self._resolved_log_odds(vectors)], axis=1).astype(np.float64)

    def _resolved_log_odds(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Log odds [n] that a ticket of the same intents is resolved; 0 where no intents are known."""
        intents = _intents(self._classifier, vectors)
        if intents is None or self._shares is None:
            return np.zeros(len(vectors))
        odds: NDArray[np.float64] = np.log(intents @ self._shares) - np.log(intents @ (1 - self._shares))
        return odds


def _intents(classifier: IntentClassifier | None, vectors: NDArray[np.float32]) -> NDArray[np.float64] | None:
    intents = classifier.intents(vectors) if classifier is not None and len(vectors) else None
    return None if intents is None else intents.astype(np.float64)


def _vectors_until(tickets: TicketKnn, until: datetime | None) -> NDArray[np.float32]:
    """Vectors [m, dim] of the tickets created before `until`."""
    if until is None:
        return tickets.vectors
    return tickets.vectors[tickets.created_at < np.datetime64(until.replace(tzinfo=None))]


def _nearest_cosine(
    vectors: NDArray[np.float32], tickets: TicketKnn, hidden: NDArray[np.bool_] | None
) -> NDArray[np.float32]:
    """The highest cosine [n] to a ticket; -1 where every ticket is hidden."""
    cosines = vectors @ tickets.vectors.T
    if hidden is not None:
        cosines = np.where(hidden, np.float32(-1), cosines)
    nearest: NDArray[np.float32] = cosines.max(axis=1)
    return nearest
