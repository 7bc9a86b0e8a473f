"""The encoders that `bench.embedding` compares with ours, with the same weights: texts to L2-normalised vectors.

SentenceTransformers(base).encode(["I cannot log in"])   # float32 [1, 384]
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DEFAULT_BATCH = 32  # the default of sentence-transformers


class PlainOnnx:
    """onnxruntime with default options: batches of 32 texts in the given order, padded to the longest."""

    def __init__(self, graph: Path, tokenizer: Path, max_tokens: int) -> None:
        import onnxruntime

        self._session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
        self._tokenizer = _tokenizer(tokenizer, max_tokens)
        self._tokenizer.enable_padding()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = []
        for start in range(0, len(texts), _DEFAULT_BATCH):
            encodings = self._tokenizer.encode_batch(list(texts[start : start + _DEFAULT_BATCH]))
            inputs = {
                "input_ids": np.array([encoding.ids for encoding in encodings]),
                "attention_mask": np.array([encoding.attention_mask for encoding in encodings]),
            }
            vectors.append(self._session.run(None, inputs)[0])
        return np.concatenate(vectors)


class SentenceTransformers:
    """sentence-transformers on PyTorch, which sorts texts by length."""

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
