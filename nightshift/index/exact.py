"""Exact search in one folder: one matrix product over all vectors, SQLite FTS5 over all words.

    index = open_folder(store.checkout(index.digest))   # the folder alone is enough, wherever it was copied to

The folder: chunks.parquet, vectors.npy, resolved.parquet, resolved.npy, and bm25.sqlite once it is published.

A matrix product and a partial sort are the same answers as FAISS IndexFlatIP in less time: that one keeps one question on one
thread, and many questions in blocks too small for the product (`python -m bench.search`).
"""

import shutil
import sqlite3
import tempfile
from pathlib import Path
from threading import Lock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from nightshift.artifacts import Index
from nightshift.errors import IndexUnavailable
from nightshift.index.bm25 import best, open_words, write_words
from nightshift.store import Store
from nightshift.store.atomic import raise_store_full


class ExactIndex:
    """A SearchIndex over arrays in memory. Searching is safe from several threads."""

    def __init__(self, chunks: pa.Table, vectors: NDArray[np.float32], words: sqlite3.Connection) -> None:
        self.chunks = chunks
        self._vectors = np.ascontiguousarray(vectors)
        self._words = words
        self._lock = Lock()  # one SQLite connection serves one thread at a time

    def dense(self, vectors: NDArray[np.float32], k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        cosines = vectors @ self._vectors.T
        k = min(k, cosines.shape[1])
        found = np.sort(np.argpartition(cosines, -k, axis=1)[:, -k:], axis=1)  # by position, so that ties keep it
        scores = np.take_along_axis(cosines, found, axis=1)
        order = np.argsort(-scores, axis=1, kind="stable")
        return np.take_along_axis(scores, order, axis=1), np.take_along_axis(found, order, axis=1)

    def bm25(self, text: str, k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        with self._lock:
            return best(self._words, text, k)


class ExactHome:
    """Versions of the index, each a folder named by its digest."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def publish(self, index: Index, store: Store) -> None:
        folder = self.root / index.digest
        if folder.exists():
            return
        with raise_store_full(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(dir=self.root, prefix=".making-"))
            try:
                for name, digest in store.tree(index.digest).items():
                    shutil.copyfile(store.path(digest), temporary / name)
                write_words(pq.read_table(temporary / "chunks.parquet"), temporary / "bm25.sqlite")
                temporary.rename(folder)
            except OSError:
                if not folder.exists():  # else another process published the same version first
                    raise
            finally:
                shutil.rmtree(temporary, ignore_errors=True)

    def open(self, version: str) -> ExactIndex:
        return open_folder(self.root / version)


def open_folder(folder: Path) -> ExactIndex:
    """The index in `folder`. Raises IndexUnavailable when it is absent, damaged or does not fit together."""
    cure = "publish the index again, or run `nightshift rollback` to the release before"
    try:
        chunks = pq.read_table(folder / "chunks.parquet")
        vectors = np.load(folder / "vectors.npy")
        words = open_words(chunks, folder / "bm25.sqlite")
        words.execute("SELECT count(*) FROM words_docsize").fetchone()
    except (OSError, ValueError, sqlite3.Error, pa.ArrowException) as error:
        raise IndexUnavailable(
            f"there is no whole index in {folder.name[:12]} ({type(error).__name__})", cure
        ) from error
    if len(vectors) != chunks.num_rows:
        raise IndexUnavailable(
            f"index {folder.name[:12]} has {chunks.num_rows} chunks and {len(vectors)} vectors", cure
        )
    return ExactIndex(chunks, vectors, words)
