"""Text to vector with an exported tower, exactly as it was exported: for single questions, and for serving.

OnnxEncoder(store.checkout(tower.digest), threads=2).encode(["I cannot log in"])   # float32 [1, 384]

Several batches run on one thread each, because the products of a small encoder are too short to share; a single batch
has all threads. nightshift.models.batch_encoder is faster for thousands of texts.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nightshift.models.onnx_session import CPU, available, open_session
from nightshift.models.tokenizer import BATCH_TOKENS, Batch, BatchTokenizer

INT8 = "model.int8.onnx"


class OnnxEncoder:
    """A tower in onnxruntime: tokenizer and graph with pooling and L2 norm inside."""

    def __init__(self, folder: Path, threads: int, providers: Sequence[str] | None = None) -> None:
        """Open the tower in `folder` on the fastest of `providers` of onnxruntime. Raises ModelUnreadable."""
        self._tokenizer = BatchTokenizer(folder)
        self.dim, self.max_tokens = self._tokenizer.dim, self._tokenizer.max_tokens
        # int8 scales its activations per batch, so the vector of a text would depend on its neighbours. Batches of one
        # text give evaluation exactly the vectors of serving.
        int8 = self._tokenizer.graph.name == INT8
        self._batch_tokens = 0 if int8 else BATCH_TOKENS
        self._threads = threads
        self._session = open_session(self._tokenizer.graph, threads, [CPU] if int8 else providers or available())

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """L2-normalised vectors [len(texts), dim] in the order of `texts`; longer texts are cut at max_tokens."""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        with ThreadPoolExecutor(self._threads) as pool:
            for batches in self._tokenizer.windows(texts, self._batch_tokens):
                run = pool.map if len(batches) > 1 else map
                for (positions, _), batch_vectors in zip(batches, run(self._run, batches), strict=True):
                    vectors[positions] = batch_vectors
        return vectors

    def _run(self, batch: Batch) -> Any:
        return self._session.run(["vector"], batch[1])[0]
