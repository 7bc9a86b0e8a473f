"""Texts to batches of tokens, the same for every runtime of a tower.

for batches in BatchTokenizer(folder).windows(["I cannot log in"], BATCH_TOKENS):
    ...   # [([0], {"input_ids": int64 [1, 6], "attention_mask": int64 [1, 6]})]
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nightshift.errors import ModelUnreadable

BATCH_TOKENS = 4096  # padded tokens per batch: beyond it a CPU gains nothing and memory grows
Batch = tuple[list[int], dict[str, NDArray[np.int64]]]  # positions of n texts, and the graph's inputs, each [n, tokens]
_WINDOW = 8192  # texts tokenized and sorted together: bounds memory, and is enough for batches of equal lengths


class BatchTokenizer:
    """The tokenizer of a tower, with the dim of its vectors, the length at which it cuts texts, and its graph file."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        about = json.loads((folder / "encoder.json").read_bytes())
        self.dim: int = about["dim"]
        self.max_tokens: int = about["max_tokens"]
        self.graph: Path = folder / about["file"]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self.max_tokens)

    def windows(self, texts: Sequence[str], budget: int) -> Iterator[list[Batch]]:
        """Batches of at most `budget` padded tokens, in lists of up to 8,192 texts; texts are cut at max_tokens."""
        for start in range(0, len(texts), _WINDOW):
            encodings = self._tokenizer.encode_batch(list(texts[start : start + _WINDOW]))
            tokens = [encoding.ids for encoding in encodings]
            batches = batches_by_length([len(ids) for ids in tokens], budget)
            yield [([start + row for row in batch], _padded([tokens[row] for row in batch])) for batch in batches]


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


def _padded(rows: Sequence[Sequence[int]]) -> dict[str, NDArray[np.int64]]:
    ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
    mask = np.zeros_like(ids)
    for row, tokens in enumerate(rows):
        ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    return {"input_ids": ids, "attention_mask": mask}


def tokenizer_vocabulary(folder: Path) -> frozenset[str]:
    """The whole words and pieces of words that the tokenizer of the tower in `folder` knows. Raises ModelUnreadable."""
    from tokenizers import Tokenizer

    try:
        return frozenset(Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab())
    except Exception as error:  # tokenizers raises nothing narrower
        raise ModelUnreadable(
            f"the tokenizer in {folder.name} cannot be read ({type(error).__name__})", "export the model again"
        ) from error
