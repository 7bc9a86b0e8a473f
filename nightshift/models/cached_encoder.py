"""Encoders that embed a text once: within a night, however many rankings need it, and from night to night.

encoders = SharedEncoders(store)
EvaluationRetriever.open(candidate, threads, open_encoder=encoders)     # champion and candidate share the tower
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nightshift.digests import canonical_json, digest_of, digest_of_file
from nightshift.models.batch_encoder import open_batch_encoder
from nightshift.models.embedding_cache import Encoder, cached_vectors, text_keys
from nightshift.store import Store


class CachedEncoder:
    """An encoder that keeps every vector, in memory and in the store. For evaluation, not for serving."""

    def __init__(self, open_encoder: Callable[[], Encoder], digest: str, store: Store) -> None:
        self._open, self._digest, self._store = open_encoder, digest, store
        self._vectors: dict[str, NDArray[np.float32]] = {}

    @cached_property
    def _encoder(self) -> Encoder:
        return self._open()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """L2-normalised vectors float32 [len(texts), dim]."""
        missing = list(dict.fromkeys(text for text in texts if text not in self._vectors))
        if missing:
            vectors, _ = cached_vectors(
                "tickets",
                text_keys(missing),
                missing,
                encoder_digest=self._digest,
                open_encoder=lambda: self._encoder,
                store=self._store,
            )
            self._vectors.update(zip(missing, vectors, strict=True))
        return np.stack([self._vectors[text] for text in texts]) if texts else self._encoder.encode(texts)


class SharedEncoders:
    """Opens the encoder of a folder: folders with equal files share one encoder, and its vectors with the index."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._encoders: dict[str, CachedEncoder] = {}

    def __call__(self, folder: Path, threads: int) -> CachedEncoder:
        files = {path.name: digest_of_file(path) for path in folder.iterdir()}
        digest = digest_of(canonical_json(files))  # the digest of the same tree in the store
        if digest not in self._encoders:
            self._encoders[digest] = CachedEncoder(lambda: open_batch_encoder(folder, threads), digest, self._store)
        return self._encoders[digest]
