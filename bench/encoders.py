"""What `bench.embedding` compares ours with, each with the same weights: texts in, L2-normalised vectors out.

SentenceTransformers(base).encode(["I cannot log in"])   # float32 [1, 384]
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_COMMON_BATCH = 32  # the default of sentence-transformers, and what most people's own loop takes


class PlainOnnx:
    """onnxruntime as it comes: default options, 32 texts at a time in the order they come, padded to the longest."""

    def __init__(self, graph: Path, tokenizer: Path, max_tokens: int) -> None:
        import onnxruntime

        self._session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
        self._tokenizer = _tokenizer(tokenizer, max_tokens)
        self._tokenizer.enable_padding()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        found = []
        for start in range(0, len(texts), _COMMON_BATCH):
            read = self._tokenizer.encode_batch(list(texts[start : start + _COMMON_BATCH]))
            asked = {"input_ids": [one.ids for one in read], "attention_mask": [one.attention_mask for one in read]}
            found.append(self._session.run(None, {name: np.array(rows) for name, rows in asked.items()})[0])
        return np.concatenate(found)


class SentenceTransformers:
    """The reference library on PyTorch; it sorts by length itself."""

    def __init__(self, base: Path) -> None:
        import sentence_transformers  # type: ignore[import-not-found]  # for this benchmark only

        self._model = sentence_transformers.SentenceTransformer(str(base), device="cpu")

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors: NDArray[np.float32] = self._model.encode(list(texts), normalize_embeddings=True)
        return vectors


def _tokenizer(path: Path, max_tokens: int) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return tokenizer
