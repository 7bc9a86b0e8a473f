"""Labelled vectors: the rows that a classifier is fitted on, and which of them.

rows = LabelledVectors(["t1", "t2"], vectors, ["refund", ""], [datetime(2026, 1, 1), datetime(2026, 1, 2)])
frequent(rows, 5)      # only labels that occur five times
rows.fingerprint       # the same rows need no second training
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

ARTICLE_WEIGHT = 3.0  # summed weight of an article's sections, in tickets


@dataclass(frozen=True)
class LabelledVectors:
    """Rows of tickets: ids, vectors float32 [n, dim], one label each ('' = none), and creation times.

    A ticket with several labels has several rows, whose weights sum to 1. `n_words` is optional: it only slices the
    metrics. Where labels are articles, their `sections` are examples as well, and are never held out.
    """

    ticket_ids: Sequence[str]
    vectors: NDArray[np.float32]
    labels: Sequence[str]
    created_at: Sequence[datetime]
    n_words: Sequence[int] = ()
    sections: Sections | None = None

    def rows(self, chosen: Iterable[int]) -> "LabelledVectors":
        """The `chosen` rows, in that order."""
        order = [int(row) for row in chosen]
        return LabelledVectors(
            [self.ticket_ids[row] for row in order],
            self.vectors[order],
            [self.labels[row] for row in order],
            [self.created_at[row] for row in order],
            [self.n_words[row] for row in order] if self.n_words else (),
            self.sections,
        )

    def examples(self) -> tuple[NDArray[np.float32], list[str], NDArray[np.float64]]:
        """The training set: vectors [n, dim], labels [n] and sample weights [n], sections after tickets."""
        rows_of = Counter(self.ticket_ids)
        weights = [1 / rows_of[ticket] for ticket in self.ticket_ids]
        if self.sections is None:
            return self.vectors, list(self.labels), np.array(weights)
        sections_of = Counter(self.sections.article_of)
        section_weights = [ARTICLE_WEIGHT / sections_of[article] for article in self.sections.article_of]
        vectors = [self.vectors] if len(self.labels) else []
        return (
            np.concatenate([*vectors, self.sections.vectors]),
            [*self.labels, *self.sections.article_of],
            np.array([*weights, *section_weights]),
        )

    @property
    def fingerprint(self) -> str:
        """A digest of everything in these rows that training reads."""
        arrays = [self.vectors, *([self.sections.vectors] if self.sections else [])]
        columns: list[list[object]] = [
            list(self.ticket_ids),
            list(self.labels),
            [time.isoformat() for time in self.created_at],
        ]
        columns += [list(self.n_words), list(self.sections.article_of) if self.sections else []]
        contents = [canonical_json(columns), *(np.ascontiguousarray(array).tobytes() for array in arrays)]
        return digest_of(b"".join(contents))

    def newest(self, share: float) -> NDArray[np.bool_]:
        """True [n] for the rows of the newest `share` of the tickets."""
        return newest(self.created_at, self.ticket_ids, share)


def frequent(rows: LabelledVectors, fewest: int) -> LabelledVectors:
    """The rows whose label is not '' and occurs at least `fewest` times, sorted by ticket and label."""
    counts = Counter(rows.labels)
    chosen = [row for row, label in enumerate(rows.labels) if label and counts[label] >= fewest]
    return rows.rows(sorted(chosen, key=lambda row: (rows.ticket_ids[row], rows.labels[row])))


def recent(rows: LabelledVectors, tickets: int) -> LabelledVectors:
    """The newest `tickets` rows that have a label."""
    labelled = rows.rows(row for row, label in enumerate(rows.labels) if label)
    if len(labelled.labels) <= tickets:
        return labelled
    return labelled.rows(np.flatnonzero(labelled.newest(tickets / len(labelled.labels))))
