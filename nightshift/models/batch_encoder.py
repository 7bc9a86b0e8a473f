"""Many texts to vectors, at the highest rate of this processor: for the night, never for serving.

open_batch_encoder(store.checkout(tower.digest), threads=2).encode(texts)   # float32 [n, 384]

OpenVINO multiplies in bf16 where the processor does so natively (AMX, AVX-512 BF16), twice to several times as fast as
fp32; the cosine to the exact vectors stays above .999. Each batch runs on one thread, because the products of a small
encoder are too short to share.
"""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nightshift.errors import ModelUnreadable
from nightshift.models.encoder import INT8, OnnxEncoder
from nightshift.models.onnx_session import CUDA, available
from nightshift.models.tokenizer import BATCH_TOKENS, BatchTokenizer

MIN_TEXTS = 128  # for fewer, importing OpenVINO and compiling a tower (3 s of CPU) takes longer than onnxruntime


class BatchEncoder:
    """A tower in OpenVINO that runs as many batches at a time as there are threads."""

    def __init__(self, folder: Path, threads: int, precision: str | None = None) -> None:
        """Open the tower in `folder`; `precision` f32 or bf16, by default the native one. Raises ModelUnreadable."""
        self._tokenizer = BatchTokenizer(folder)
        self.dim, self.max_tokens = self._tokenizer.dim, self._tokenizer.max_tokens
        self._threads = threads
        options = {
            "INFERENCE_PRECISION_HINT": precision or native_precision(),
            "NUM_STREAMS": threads,
            "INFERENCE_NUM_THREADS": threads,
        }
        try:
            self._model = _openvino().Core().compile_model(self._tokenizer.graph, "CPU", options)
        except RuntimeError as error:
            raise ModelUnreadable(
                f"{self._tokenizer.graph.name} is not a model OpenVINO can open", "export the model again"
            ) from error
        self._idle: SimpleQueue[Any] = SimpleQueue()
        for _ in range(threads):
            self._idle.put(self._model.create_infer_request())
        # OpenVINO's binding fills its tables on first use and releases Python's lock meanwhile: two concurrent first
        # uses would deadlock, one holding the guard of the table, the other Python's lock.
        for batches in self._tokenizer.windows(["first"], BATCH_TOKENS):
            self._run(batches[0][1])

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """L2-normalised vectors [len(texts), dim] in the order of `texts`; longer texts are cut at max_tokens."""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        with ThreadPoolExecutor(self._threads) as pool:
            for batches in self._tokenizer.windows(texts, BATCH_TOKENS):
                results = pool.map(self._run, [inputs for _, inputs in batches])
                for (positions, _), batch_vectors in zip(batches, results, strict=True):
                    vectors[positions] = batch_vectors
        vectors /= np.linalg.norm(
            vectors, axis=1, keepdims=True
        )  # the graph normalises in the precision of its products
        return vectors

    def _run(self, inputs: dict[str, NDArray[np.int64]]) -> NDArray[np.float32]:
        """The vectors of one batch, inferred in the calling thread.

        OpenVINO's own queue would call back into Python from threads that it joins when a model is freed: a deadlock.
        """
        request = self._idle.get()
        try:
            request.infer(inputs)
            vectors: NDArray[np.float32] = request.get_output_tensor(0).data.copy()
        finally:
            self._idle.put(request)
        return vectors


class AdaptiveEncoder:
    """Onnxruntime below MIN_TEXTS texts, OpenVINO from there on; each opens the tower at its first use."""

    def __init__(self, folder: Path, threads: int) -> None:
        self._folder, self._threads = folder, threads

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """L2-normalised vectors [len(texts), dim] in the order of `texts`. Raises ModelUnreadable."""
        return (self.batch if len(texts) >= MIN_TEXTS else self.exact).encode(texts)

    @cached_property
    def exact(self) -> OnnxEncoder:
        return OnnxEncoder(self._folder, self._threads)

    @cached_property
    def batch(self) -> BatchEncoder:
        return BatchEncoder(self._folder, self._threads)


def open_batch_encoder(folder: Path, threads: int) -> OnnxEncoder | AdaptiveEncoder:
    """The fastest encoder for the tower in `folder`: onnxruntime for int8 and on a GPU, else by the number of texts."""
    if BatchTokenizer(folder).graph.name == INT8 or CUDA in available():
        return OnnxEncoder(folder, threads)
    return AdaptiveEncoder(folder, threads)


def native_precision() -> str:
    """bf16 where this processor multiplies it natively, else f32."""
    return "bf16" if "BF16" in _openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"


def _openvino() -> Any:
    """OpenVINO without the package that reports every import of it to Google Analytics.

    A package that is None in sys.modules cannot be imported; OpenVINO then uses its own stub, which sends nothing.
    """
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino

    return openvino
