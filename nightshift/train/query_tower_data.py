"""The training data of the query tower: one row per resolved ticket, with every article that resolved it.

examples = build_examples(pairs, sections)
examples.texts[0], examples.golds[0]      # 'Cannot receive mail after ...', [False, True, False, ...]
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nightshift.retrieval.sections import Sections
from nightshift.train.temporal_split import newest

FEWEST_TICKETS = 50


@dataclass(frozen=True)
class ResolvedTickets:
    """One row per resolved ticket, sorted by id: text, mask of the articles that resolved it, and the temporal split.

    `golds` bool [n, articles] in the order of `Sections.articles`; `held_out` bool [n] is True for the newest tenth.
    """

    ticket_ids: list[str]
    texts: list[str]
    golds: NDArray[np.bool_]
    held_out: NDArray[np.bool_]


def can_train(pairs: pa.Table) -> bool:
    """Whether there are enough resolved tickets to train on; with fewer the base encoder serves."""
    return len(set(pairs.column("ticket_id").to_pylist())) >= FEWEST_TICKETS


def build_examples(pairs: pa.Table, sections: Sections) -> ResolvedTickets:
    """Group `pairs` by ticket; pairs whose article has no section are left out, and so are tickets left with none."""
    articles: dict[str, list[str]] = {}
    questions: dict[str, tuple[str, datetime]] = {}
    for row in pairs.select(["ticket_id", "text", "article_id", "created_at"]).to_pylist():
        if row["article_id"] in sections.position:
            articles.setdefault(row["ticket_id"], []).append(row["article_id"])
            questions[row["ticket_id"]] = (row["text"], row["created_at"])
    ids = sorted(articles)
    return ResolvedTickets(
        ticket_ids=ids,
        texts=[questions[ticket][0] for ticket in ids],
        golds=sections.golds([articles[ticket] for ticket in ids]),
        held_out=newest([questions[ticket][1] for ticket in ids], ids),
    )


def batches(rows: NDArray[np.int64], size: int, seed: int, processes: int) -> Iterator[NDArray[np.int64]]:
    """`rows` shuffled, in batches of `size`; a last batch with fewer rows than processes is left out."""
    shuffled = np.random.default_rng(seed).permutation(rows)
    for start in range(0, len(rows), size):
        batch = shuffled[start : start + size]
        if len(batch) >= processes:
            yield batch
