"""The runtimes that `bench.embedding` compares, each with the same weights: texts in, L2-normalised vectors out.

OpenVino(folder, threads=2, precision="f32").encode(["I cannot log in"])   # float32 [1, 384]
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nightshift.runtime.encoder import BATCH_TOKENS, batches_by_length

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


class OpenVino:
    """Our graph and our batches in OpenVINO, one stream a thread; `precision` is f32, or bf16 where the processor has it."""

    def __init__(self, folder: Path, threads: int, precision: str, max_tokens: int) -> None:
        import openvino  # type: ignore[import-not-found]  # for this benchmark only

        self._openvino, self._threads = openvino, threads
        self._model = openvino.Core().compile_model(
            folder / "model.onnx",
            "CPU",
            {"INFERENCE_PRECISION_HINT": precision, "NUM_STREAMS": threads, "INFERENCE_NUM_THREADS": threads},
        )
        self._tokenizer = _tokenizer(folder / "tokenizer.json", max_tokens)

    @staticmethod
    def precisions() -> list[str]:
        """f32, and bf16 where this processor multiplies it natively."""
        import openvino

        native = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        return ["f32", "bf16"] if "BF16" in native else ["f32"]

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        read = self._tokenizer.encode_batch(list(texts))
        batches = list(batches_by_length([len(one.ids) for one in read], BATCH_TOKENS))
        found: list[Any] = [None] * len(batches)
        queue = self._openvino.AsyncInferQueue(self._model, self._threads)
        queue.set_callback(lambda request, number: found.__setitem__(number, request.get_output_tensor(0).data.copy()))
        for number, batch in enumerate(batches):
            rows = [read[position].ids for position in batch]
            longest = len(rows[-1])
            ids = np.array([row + [0] * (longest - len(row)) for row in rows])
            mask = np.array([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
            queue.start_async({"input_ids": ids, "attention_mask": mask}, number)
        queue.wait_all()
        vectors = np.zeros((len(texts), found[0].shape[1]), np.float32)
        vectors[[position for batch in batches for position in batch]] = np.concatenate(found)
        return vectors


def _tokenizer(path: Path, max_tokens: int) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return tokenizer
