"""Exact search in one folder: a matrix product over all vectors, SQLite FTS5 over all words.

    index = ExactIndex.open(store.checkout(version.digest))   # the folder alone is enough, wherever it was copied to

It reads chunks.parquet and vectors.npy. A matrix product and a partial sort give the answers of FAISS IndexFlatIP in
less time: FAISS keeps a single question on one thread, and splits many questions into blocks too small for an
efficient product (`python -m bench.search`).
"""

import sqlite3
from pathlib import Path
from threading import Lock
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from nightshift.errors import IndexUnavailable
from nightshift.index.bm25 import bm25_search, fts_table

_CURE = "build the index again, or run `nightshift rollback` to return to the previous release"


class ExactIndex:
    """A SearchIndex over arrays in memory. Searching is safe from several threads."""

    def __init__(self, chunks: pa.Table, vectors: NDArray[np.float32], fts: sqlite3.Connection) -> None:
        """`chunks` as SearchIndex has them, `vectors` float32 [chunks, dim] of length 1, `fts` their fts_table."""
        self.chunks = chunks
        self._vectors = np.ascontiguousarray(vectors)
        self._fts = fts
        self._lock = Lock()  # one SQLite connection serves one thread at a time

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The index in `folder`. Raises IndexUnavailable when it is absent, damaged or inconsistent."""
        try:
            chunks = pq.read_table(folder / "chunks.parquet")
            vectors = np.load(folder / "vectors.npy")
        except (OSError, ValueError, pa.ArrowException) as error:
            raise IndexUnavailable(
                f"there is no whole index in {folder.name[:12]} ({type(error).__name__})", _CURE
            ) from error
        if len(vectors) != chunks.num_rows:
            raise IndexUnavailable(
                f"index {folder.name[:12]} has {chunks.num_rows} chunks and {len(vectors)} vectors", _CURE
            )
        return cls(chunks, vectors, fts_table(chunks))

    def dense(self, vectors: NDArray[np.float32], k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Cosines and positions [n, min(k, chunks)], best first; ties in the order of positions."""
        cosines = vectors @ self._vectors.T
        k = min(k, cosines.shape[1])
        nearest = np.sort(np.argpartition(cosines, -k, axis=1)[:, -k:], axis=1)  # by position, so that ties keep it
        scores = np.take_along_axis(cosines, nearest, axis=1)
        order = np.argsort(-scores, axis=1, kind="stable")
        return np.take_along_axis(scores, order, axis=1), np.take_along_axis(nearest, order, axis=1)

    def bm25(self, text: str, k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Scores and positions [at most k], best first, of chunks that share a word with `text`."""
        with self._lock:
            return bm25_search(self._fts, text, k)
