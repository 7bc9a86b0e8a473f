"""Articles for training on questions: the frozen vectors of their sections, and article scores as retrieval makes them.

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

from nightshift.retrieval.fusion import article_scores, section_positions


@dataclass(frozen=True)
class Sections:
    """Document-tower vectors float32 [sections, dim] and the article of each."""

    vectors: NDArray[np.float32]
    article_of: Sequence[str]

    @cached_property
    def articles(self) -> list[str]:
        """Article ids, sorted: the order of all per-article scores."""
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
    def _positions(self) -> NDArray[np.int64]:
        return section_positions(self.columns, len(self.articles))

    def scores(self, questions: NDArray[np.float32]) -> NDArray[np.float32]:
        """Question vectors [n, dim] -> dense scores [n, articles], from the cosines of an article's best sections."""
        return article_scores(questions @ self.vectors.T, self._positions)

    def golds(self, article_ids: Sequence[Sequence[str]]) -> NDArray[np.bool_]:
        """The articles of each question as a mask [n, articles]; articles without sections are left out."""
        mask = np.zeros((len(article_ids), len(self.articles)), np.bool_)
        for row, ids in enumerate(article_ids):
            mask[row, [self.position[article] for article in ids if article in self.position]] = True
        return mask


def sections_of(index: Path) -> Sections:
    """The sections of an index folder."""
    rows = pq.read_table(index / "chunks.parquet", columns=["article_id"])
    return Sections(np.load(index / "vectors.npy"), rows["article_id"].to_pylist())
