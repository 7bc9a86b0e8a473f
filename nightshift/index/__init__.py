"""Search over the chunks of one index version: the port that retrieval uses.

index = ExactIndex.open(store.checkout(version.digest))   # nightshift.index.exact
index.dense(vectors, k=10)                                # nearest chunks by cosine
index.bm25("refund to the giver", k=10)                   # best chunks by shared words
"""

from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


class SearchIndex(Protocol):
    """One version of the index, open for search. A position is a row of `chunks`."""

    @property
    def chunks(self) -> pa.Table:
        """chunk_id, article_id, title, heading, text, url: sorted by article, in reading order."""

    def dense(self, vectors: NDArray[np.float32], k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Cosines and positions [n, min(k, chunks)] of the nearest chunks, best first; `vectors` float32 [n, dim]."""

    def bm25(self, text: str, k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Scores and positions [at most k], best first, of chunks that share a word with `text`. Any text is safe."""
