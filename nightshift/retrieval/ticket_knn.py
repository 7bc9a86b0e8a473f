"""Ticket kNN: the resolved tickets nearest to a question vote for the articles that resolved them.

resolved = TicketKnn.load(release.index)
votes = resolved.votes(vectors, resolved.article_columns(columns), len(columns), hidden=None)   # [n, articles]
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from nightshift.errors import IndexUnavailable

K = 40
TEMPERATURE = 0.05  # a ticket whose cosine is lower by .05 weighs a third
SMOOTHING = 0.01  # added to the share of every article before the logarithm


@dataclass(frozen=True)
class TicketKnn:
    """Past tickets: document-tower vectors float32 [m, dim], the articles that resolved each, and its creation time."""

    vectors: NDArray[np.float32]
    article_ids: list[list[str]]
    created_at: NDArray[np.datetime64]

    @classmethod
    def load(cls, folder: Path, name: str = "resolved") -> "TicketKnn":
        """The tickets `name`, resolved or unresolved, of the index in `folder`. Raises IndexUnavailable."""
        try:
            table = pq.read_table(folder / f"{name}.parquet")
            vectors = np.load(folder / f"{name}.npy")
        except (OSError, ValueError, pa.ArrowException) as error:
            raise IndexUnavailable(
                f"the {name} tickets of the index in {folder.name[:12]} cannot be read ({type(error).__name__})",
                "build the index again, or run `nightshift rollback` to return to the previous release",
            ) from error
        return cls(vectors, table["article_ids"].to_pylist(), table["created_at"].to_numpy().astype("datetime64[us]"))

    def __len__(self) -> int:
        return len(self.article_ids)

    @cached_property
    def _max_articles(self) -> int:
        return max(map(len, self.article_ids), default=0)

    def article_columns(self, columns: Mapping[str, int]) -> NDArray[np.int64]:
        """The columns of each ticket's articles [m, most articles of a ticket], padded with len(columns).

        An article without a column, because it was deleted since, is padding as well.
        """
        padded = np.full((len(self), self._max_articles), len(columns), np.int64)
        for row, articles in enumerate(self.article_ids):
            padded[row, : len(articles)] = [columns.get(article, len(columns)) for article in articles]
        return padded

    def votes(
        self,
        vectors: NDArray[np.float32],
        article_columns: NDArray[np.int64],
        articles: int,
        hidden: NDArray[np.bool_] | None,
    ) -> NDArray[np.float32]:
        """Log shares [n, articles] of the weighted votes of the K nearest tickets; constant where no ticket may vote.

        `vectors` float32 [n, dim]; a ticket that is `hidden` [n, m] from a question does not vote on it. Votes are on a
        log scale like evidence, so that a single ticket does not outweigh the other retrieval scores.
        """
        count = len(vectors)
        votes = np.zeros((count, articles + 1), np.float32)
        if not len(self):
            return votes[:, :-1]
        cosines = vectors @ self.vectors.T
        if hidden is not None:
            cosines = np.where(hidden, np.float32(-np.inf), cosines)
        k = min(K, len(self))
        nearest = np.argpartition(-cosines, k - 1, axis=1)[:, :k]
        nearest_cosines = np.take_along_axis(cosines, nearest, axis=1)
        highest = np.maximum(nearest_cosines.max(axis=1, keepdims=True), -1)  # finite also where all tickets are hidden
        weights = np.exp((nearest_cosines - highest) / TEMPERATURE)
        rows = np.arange(count)[:, None, None]
        np.add.at(votes, (rows, article_columns[nearest]), weights[:, :, None])
        total = votes[:, :-1].sum(axis=1, keepdims=True)
        shares = np.divide(votes[:, :-1], total, out=np.zeros_like(votes[:, :-1]), where=total > 0)
        logs: NDArray[np.float32] = np.log(shares + np.float32(SMOOTHING))
        return logs
