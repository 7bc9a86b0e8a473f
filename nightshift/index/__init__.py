"""Where passages are found: one port, an adapter per URL scheme.

home = open_index("exact:///data/.nightshift/index")
home.publish(index, store)                 # a version becomes searchable, all of it or nothing
search = home.open(index.digest)
search.dense(vectors, k=10)                # nearest chunks by cosine
search.bm25("refund to the giver", k=10)   # best chunks by words in common
"""

from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nightshift.artifacts import Index
from nightshift.errors import SettingsError
from nightshift.store import Store


class SearchIndex(Protocol):
    """One version of the index, open for search. A position is a row of `chunks`."""

    @property
    def chunks(self) -> pa.Table:
        """chunk_id, article_id, title, heading, text, url: sorted by article, in reading order."""

    def dense(self, vectors: NDArray[np.float32], k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Cosines and positions [n, min(k, chunks)] of the nearest chunks, best first; `vectors` float32 [n, dim]."""

    def bm25(self, text: str, k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Scores and positions [at most k], best first, of chunks that share a word with `text`. Any text is safe."""


class IndexHome(Protocol):
    """Where versions of the index are published."""

    def publish(self, index: Index, store: Store) -> None:
        """Make a version searchable, whole or not at all; one that is there already stays. Raises StoreError."""

    def open(self, version: str) -> SearchIndex:
        """The version with this digest. Raises IndexUnavailable."""


def open_index(url: str) -> IndexHome:
    """The home of indexes at `url`; SettingsError for a scheme nobody speaks."""
    parts = urlsplit(url)
    if parts.scheme == "exact" and parts.path:
        from nightshift.index.exact import ExactHome  # here: a port does not import its adapters

        return ExactHome(Path(parts.netloc + parts.path).absolute())
    raise SettingsError(f"no index speaks {url!r}", "set NIGHTSHIFT_INDEX to exact:///folder")
