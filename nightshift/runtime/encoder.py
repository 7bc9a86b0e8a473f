"""Text to vector with an exported tower.

OnnxEncoder(store.checkout(tower.digest), threads=2).encode(["I cannot log in"])   # float32 [1, 384]

In bulk every thread reads a batch of its own, for the products of a small encoder are too short to share. One text alone has
all threads.
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nightshift.runtime.session import CPU, available, open_session

BATCH_TOKENS = 4096  # padded tokens a batch: beyond it a CPU gains nothing and memory grows
_WINDOW = 8192  # texts tokenized and sorted together: bounds memory, long enough that lengths pair up


class OnnxEncoder:
    """A tower: tokenizer and ONNX graph with pooling and L2 norm inside."""

    def __init__(self, folder: Path, threads: int, providers: Sequence[str] | None = None) -> None:
        """Open the tower in `folder`, on one of `providers` of onnxruntime: on a GPU if it offers one."""
        from tokenizers import Tokenizer

        about = json.loads((folder / "encoder.json").read_bytes())
        self.dim: int = about["dim"]
        self.max_tokens: int = about["max_tokens"]
        # int8 scales its activations per batch, so a text's vector would depend on its neighbours:
        # one by one, evaluation sees exactly the vectors that serving will.
        int8 = about["file"] == "model.int8.onnx"
        self._batch_tokens = 0 if int8 else BATCH_TOKENS
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self.max_tokens)
        self._threads = threads
        self._session = open_session(folder / about["file"], threads, [CPU] if int8 else providers or available())

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """L2-normalised vectors [len(texts), dim] in the order of `texts`; longer texts are cut at max_tokens."""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        with ThreadPoolExecutor(self._threads) as pool:
            for start in range(0, len(texts), _WINDOW):
                read = [one.ids for one in self._tokenizer.encode_batch(list(texts[start : start + _WINDOW]))]
                batches = list(batches_by_length([len(ids) for ids in read], self._batch_tokens))
                run = pool.map if len(batches) > 1 else map
                for batch, found in zip(
                    batches, run(self._run, [[read[i] for i in batch] for batch in batches]), strict=True
                ):
                    vectors[[start + i for i in batch]] = found
        return vectors

    def _run(self, rows: list[list[int]]) -> Any:
        longest = max(map(len, rows))
        ids = np.zeros((len(rows), longest), np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(rows):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        return self._session.run(["vector"], {"input_ids": ids, "attention_mask": mask})[0]


def batches_by_length(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Positions of texts, shortest first, in batches of at most `budget` padded tokens (always at least one text)."""
    batch: list[int] = []
    for position in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[position] > budget:
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch
