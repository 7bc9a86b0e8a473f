"""A cache of vectors in the store, per encoder and kind of text: only new texts are embedded.

    vectors, embedded = cached_vectors(
        "chunks", chunk_ids, texts, encoder_digest=tower.digest, open_encoder=open_encoder, store=store
    )
    # embedded: 3 of 412 texts were new; the encoder is opened only if there are new texts

The ref embeddings/<encoder digest>/<kind> names a list of parts, Parquet files of key and vector: one part per night,
merged when there are more than 16. Deleting the ref empties the cache; the next night embeds all texts again.
"""

import hashlib
import io
from collections.abc import Callable, Sequence
from typing import Protocol, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from nightshift.store import Store

_MAX_PARTS = 16


class Encoder(Protocol):
    """Text to vector."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """L2-normalised vectors float32 [len(texts), dim]."""


def cached_vectors(
    kind: str,
    keys: Sequence[str],
    texts: Sequence[str],
    *,
    encoder_digest: str,
    open_encoder: Callable[[], Encoder],
    store: Store,
) -> tuple[NDArray[np.float32], int]:
    """Vectors float32 [len(keys), dim] in the order of `keys`, and how many had to be embedded.

    A key identifies its text: equal keys must always come with equal texts. Keys may repeat.
    """
    if not keys:
        return np.zeros((0, 0), np.float32), 0
    ref = f"embeddings/{encoder_digest}/{kind}"
    parts = _known_parts(ref, store)
    tables = [_from_parquet(store.get(part)) for part in parts]
    known = {key for table in tables for key in table["key"].to_pylist()}
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    if missing:
        tables.append(_table(list(missing), open_encoder().encode(list(missing.values()))))
        if len(tables) > _MAX_PARTS:
            tables = [pa.concat_tables(tables).combine_chunks()]
            parts = []
        store.write_ref(ref, store.put_json([*parts, store.put(_to_parquet(tables[-1]))]))
    merged = pa.concat_tables(tables).combine_chunks()
    row_of = {key: row for row, key in enumerate(merged["key"].to_pylist())}
    return _vectors(merged)[[row_of[key] for key in keys]], len(missing)


def _known_parts(ref: str, store: Store) -> list[str]:
    """Digests of the parts that are in the store; the texts of a missing part are embedded again."""
    manifest = store.read_ref(ref)
    if manifest is None or not store.has(manifest):
        return []
    return [part for part in cast(list[str], store.get_json(manifest)) if store.has(part)]


def _table(keys: list[str], vectors: NDArray[np.float32]) -> pa.Table:
    values = pa.array(np.ascontiguousarray(vectors).reshape(-1))
    return pa.table({"key": keys, "vector": pa.FixedSizeListArray.from_arrays(values, vectors.shape[1])})


def _vectors(table: pa.Table) -> NDArray[np.float32]:
    column = table["vector"].combine_chunks()
    vectors: NDArray[np.float32] = column.flatten().to_numpy().reshape(len(column), -1)
    return vectors


def _to_parquet(table: pa.Table) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, compression="none")  # vectors do not compress
    return file.getvalue()


def _from_parquet(data: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(data))


def text_keys(texts: list[str]) -> list[str]:
    """The key of each ticket text in the embedding cache."""
    return [hashlib.sha256(text.encode()).hexdigest()[:32] for text in texts]
