"""What past tickets were resolved with, and how the nearest of them vote.

memory = TicketKnn.load(release / "index")
votes = memory.votes(vectors, links, len(article_ids), hidden)   # [n, articles]
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
TEMPERATURE = 0.05  # of a ticket's say: .05 less alike counts a third
SMOOTHING = 0.01  # the share of an article that nobody votes for


@dataclass(frozen=True)
class TicketKnn:
    """Resolved tickets: document-tower vectors float32 [m, dim], the articles of each, and when each was asked."""

    vectors: NDArray[np.float32]
    article_ids: list[list[str]]
    created_at: NDArray[np.datetime64]

    @classmethod
    def load(cls, folder: Path, name: str = "resolved") -> "TicketKnn":
        """The memory of the index in `folder`; `name` is unresolved for tickets without articles. Raises IndexUnavailable."""
        try:
            table = pq.read_table(folder / f"{name}.parquet")
            vectors = np.load(folder / f"{name}.npy")
        except (OSError, ValueError, pa.ArrowException) as error:
            raise IndexUnavailable(
                f"the index in {folder.name[:12]} has no whole memory of tickets ({type(error).__name__})",
                "publish the index again, or run `nightshift rollback` to the release before",
            ) from error
        return cls(vectors, table["article_ids"].to_pylist(), table["created_at"].to_numpy().astype("datetime64[us]"))

    def __len__(self) -> int:
        return len(self.article_ids)

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self.article_ids), default=0)

    def links(self, columns: Mapping[str, int]) -> NDArray[np.int64]:
        """The columns of each ticket's articles [m, most articles a ticket has], padded with len(columns).

        An article without a column, because it was deleted since, is padding as well.
        """
        links = np.full((len(self), self._longest), len(columns), np.int64)
        for row, articles in enumerate(self.article_ids):
            links[row, : len(articles)] = [columns.get(article, len(columns)) for article in articles]
        return links

    def votes(
        self, vectors: NDArray[np.float32], links: NDArray[np.int64], articles: int, hidden: NDArray[np.bool_] | None
    ) -> NDArray[np.float32]:
        """Log shares of what the VOTERS nearest tickets were resolved with [n, articles]; all the same where none may vote.

        `vectors` float32 [n, dim]; a ticket that is `hidden` [n, m] from a question has no say in it. On a log scale a
        vote adds up with the other signals as evidence does, and one lone ticket does not drown them.
        """
        count = len(vectors)
        votes = np.zeros((count, articles + 1), np.float32)
        if not len(self):
            return votes[:, :-1]
        cosines = vectors @ self.vectors.T
        if hidden is not None:
            cosines = np.where(hidden, np.float32(-np.inf), cosines)
        voters = min(K, len(self))
        nearest = np.argpartition(-cosines, voters - 1, axis=1)[:, :voters]
        alike = np.take_along_axis(cosines, nearest, axis=1)
        closest = np.maximum(alike.max(axis=1, keepdims=True), -1)  # finite also where every ticket is hidden
        weights = np.exp((alike - closest) / TEMPERATURE)
        linked = links[nearest]
        rows = np.arange(count)[:, None, None]
        np.add.at(votes, (rows, linked), weights[:, :, None])
        total = votes[:, :-1].sum(axis=1, keepdims=True)
        shares = np.divide(votes[:, :-1], total, out=np.zeros_like(votes[:, :-1]), where=total > 0)
        logs: NDArray[np.float32] = np.log(shares + np.float32(SMOOTHING))
        return logs
