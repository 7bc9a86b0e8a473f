"""The limit of any fp32 encoder on this machine: what its matrix products must cost at the best rate measured here.

shape = Transformer.of(resolve(profile("tiny").encoder))     # hidden 384, inner 1536, layers 6
flops(shape, [64] * 100) / best_rate(shape, tokens=4096)     # seconds for 100 texts of 64 tokens
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Self

import numpy as np

_REPEATS = 7
_PAUSE = 0.2  # seconds: the threads of the previous library spin for a while and would take half of the processor


@dataclass(frozen=True)
class Transformer:
    """The sizes of the matrix products: width, width of the feed-forward layer, number of layers."""

    hidden: int
    inner: int
    layers: int

    @classmethod
    def of(cls, base: Path) -> Self:
        """Read from the config.json of a base model."""
        config = json.loads((base / "config.json").read_bytes())
        return cls(config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"])

    @property
    def products(self) -> list[tuple[int, int]]:
        """The weight matrices of a layer, [rows, columns]: query, key and value side by side, output, up, down."""
        return [
            (self.hidden, 3 * self.hidden),
            (self.hidden, self.hidden),
            (self.hidden, self.inner),
            (self.inner, self.hidden),
        ]


def flops(shape: Transformer, lengths: Sequence[int]) -> int:
    """Multiplications and additions in the matrix products of texts of `lengths` tokens, no padding counted.

    Per layer: the products of `Transformer.products` for every token, scores and weighted values for every pair of
    tokens. Norms, softmax, GELU and pooling are not counted although they take time, so no encoder reaches the limit.
    """
    per_token = sum(2 * rows * columns for rows, columns in shape.products)
    per_pair = 2 * 2 * shape.hidden
    return shape.layers * sum(per_token * length + per_pair * length**2 for length in lengths)


def best_rate(shape: Transformer, tokens: int) -> float:
    """The best fp32 rate, FLOP/s, over the products of a layer for `tokens` tokens, in MKL, oneDNN (PyTorch) and
    OpenBLAS (numpy).

    Each product is timed alone, with all threads, after one run unmeasured; the median of a few runs counts. The best
    product of the best library is the limit for all of them: stricter than what any library reaches over a layer.
    """
    rng = np.random.default_rng(0)
    rates = []
    for rows, columns in shape.products:
        left = rng.standard_normal((tokens, rows), np.float32)
        right = rng.standard_normal((rows, columns), np.float32)
        work = 2 * tokens * rows * columns
        rates += [work / _seconds(product) for product in _products(left, right)]
    return max(rates)


def _products(left: Any, right: Any) -> list[Callable[[], Any]]:
    import torch
    from torch.utils import mkldnn

    tensors = torch.from_numpy(left), torch.from_numpy(right)
    layer = torch.nn.Linear(*right.shape, bias=False).requires_grad_(False)  # noqa: FBT003  torch's own signature
    layer.weight.copy_(tensors[1].T)
    packed, tensor = mkldnn.to_mkldnn(layer.eval()), tensors[0].to_mkldnn()
    return [lambda: torch.mm(*tensors), lambda: left @ right, lambda: packed(tensor)]


def _seconds(product: Callable[[], Any]) -> float:
    time.sleep(_PAUSE)
    product()
    seconds = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        product()
        seconds.append(time.perf_counter() - started)
    return median(seconds)
