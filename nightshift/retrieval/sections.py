"""Help articles as questions see them: the frozen vectors of their sections, an article scored by its best ones.

sections = Sections(vectors, ["inbox", "inbox", "login"])     # one article id per section vector
sections.scores(questions)                                    # [n, 2] in the order of sections.articles
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from nightshift.retrieval.fusion import by_article, places_of


@dataclass(frozen=True)
class Sections:
    """Document-tower vectors float32 [sections, dim] and the article each belongs to."""

    vectors: NDArray[np.float32]
    article_of: Sequence[str]

    @cached_property
    def articles(self) -> list[str]:
        """Article ids, sorted: the order of every per-article score."""
        return sorted(set(self.article_of))

    @cached_property
    def position(self) -> dict[str, int]:
        """Article id -> its column."""
        return {article: column for column, article in enumerate(self.articles)}

    @cached_property
    def columns(self) -> NDArray[np.int64]:
        """The article column of every section [sections]."""
        return np.array([self.position[article] for article in self.article_of], np.int64)

    @cached_property
    def _places(self) -> NDArray[np.int64]:
        return places_of(self.columns, len(self.articles))

    def scores(self, questions: NDArray[np.float32]) -> NDArray[np.float32]:
        """Question vectors [n, dim] -> [n, articles]: the cosines of an article's best sections, as retrieval weighs them."""
        return by_article(questions @ self.vectors.T, self._places)

    def golds(self, article_ids: Sequence[Sequence[str]]) -> NDArray[np.bool_]:
        """Which articles answer each question, as a mask [n, articles]; articles without sections are left out."""
        mask = np.zeros((len(article_ids), len(self.articles)), np.bool_)
        for row, wanted in enumerate(article_ids):
            mask[row, [self.position[article] for article in wanted if article in self.position]] = True
        return mask


def sections_of(index: Path) -> Sections:
    """The sections of an index folder."""
    rows = pq.read_table(index / "chunks.parquet", columns=["article_id"])
    return Sections(np.load(index / "vectors.npy"), rows["article_id"].to_pylist())
