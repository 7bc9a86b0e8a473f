"""Labelled rows: what a head learns from, and which of them.

rows = Labelled(["t1", "t2"], vectors, ["refund", ""], [asked_at, asked_later])
frequent(rows, 5)      # only labels that occur five times
rows.fingerprint       # the same lessons need no second night
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from nightshift.digests import canonical_json, digest_of
from nightshift.retrieval.sections import Sections
from nightshift.train.temporal_split import newest

ARTICLE_WEIGHT = 3.0  # tickets that the sections of one article weigh as, together


@dataclass(frozen=True)
class Labelled:
    """Rows to learn from: ticket ids, their vectors float32 [n, dim], one label each ('' = none), and when they came.

    A ticket with several labels has several rows, which together weigh as one. `n_words` may be left out: it only
    slices what is measured. Where labels are articles, their `sections` teach as well: they are never held out.
    """

    ticket_ids: Sequence[str]
    vectors: NDArray[np.float32]
    labels: Sequence[str]
    created_at: Sequence[datetime]
    n_words: Sequence[int] = ()
    sections: Sections | None = None

    def rows(self, chosen: Iterable[int]) -> "Labelled":
        """The `chosen` rows, in that order."""
        order = [int(row) for row in chosen]
        return Labelled(
            [self.ticket_ids[row] for row in order],
            self.vectors[order],
            [self.labels[row] for row in order],
            [self.created_at[row] for row in order],
            [self.n_words[row] for row in order] if self.n_words else (),
            self.sections,
        )

    def examples(self) -> tuple[NDArray[np.float32], list[str], NDArray[np.float64]]:
        """What a head learns from: vectors [n, dim], labels [n] and weights [n], sections after tickets."""
        shares = Counter(self.ticket_ids)
        weights = [1 / shares[ticket] for ticket in self.ticket_ids]
        if self.sections is None:
            return self.vectors, list(self.labels), np.array(weights)
        counts = Counter(self.sections.article_of)
        taught = [ARTICLE_WEIGHT / counts[article] for article in self.sections.article_of]
        vectors = [self.vectors] if len(self.labels) else []
        return (
            np.concatenate([*vectors, self.sections.vectors]),
            [*self.labels, *self.sections.article_of],
            np.array([*weights, *taught]),
        )

    @property
    def fingerprint(self) -> str:
        """Changes with anything that can be learned from these rows."""
        vectors = [self.vectors, *([self.sections.vectors] if self.sections else [])]
        said = [list(self.ticket_ids), list(self.labels), [time.isoformat() for time in self.created_at]]
        told = [*said, list(self.n_words), list(self.sections.article_of) if self.sections else []]
        return digest_of(b"".join([canonical_json(told), *(np.ascontiguousarray(one).tobytes() for one in vectors)]))

    def newest(self, share: float) -> NDArray[np.bool_]:
        """True for the rows of the newest `share` of the tickets."""
        return newest(self.created_at, self.ticket_ids, share)


def frequent(rows: Labelled, fewest: int) -> Labelled:
    """The rows whose label is not '' and occurs at least `fewest` times, sorted by ticket and label."""
    counts = Counter(rows.labels)
    kept = [row for row, label in enumerate(rows.labels) if label and counts[label] >= fewest]
    return rows.rows(sorted(kept, key=lambda row: (rows.ticket_ids[row], rows.labels[row])))


def recent(rows: Labelled, tickets: int) -> Labelled:
    """The newest `tickets` rows that carry a label at all."""
    labelled = rows.rows(row for row, label in enumerate(rows.labels) if label)
    if len(labelled.labels) <= tickets:
        return labelled
    return labelled.rows(np.flatnonzero(labelled.newest(tickets / len(labelled.labels))))
