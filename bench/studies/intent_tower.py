"""A study: the encoder tuned on intents by LoRA, which bench.intents compares with the frozen vectors of a night.

    tuned = tune(texts, labels, profile("tiny").encoder, epochs=5, seed=7)   # minutes
    tuned.encode(other_texts)                                                # [n, 384]

Loss: cross-entropy over cosines to one learned direction per label, initialised at the mean vector of the label.
Batches hold texts of similar length, which saves half of the padding.
"""

import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nightshift.store.base_models import resolve

LEARNING_RATE = 1e-3
SCALE = 20.0  # a cosine of 1 is a logit of 20
BATCH = 32
MAX_TOKENS = 64


class TunedTower:
    """A tower with an adapter that is trained on intents."""

    def __init__(self, tower, tokenizer) -> None:
        self.tower, self.tokenizer = tower, tokenizer

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        import torch

        self.tower.eval()
        order = np.argsort([len(text) for text in texts], kind="stable")
        vectors = np.zeros((len(texts), self.tower.encoder.config.hidden_size), np.float32)
        with torch.no_grad():
            for start in range(0, len(order), 4 * BATCH):
                rows = order[start : start + 4 * BATCH]
                vectors[rows] = self._vectors([texts[row] for row in rows]).numpy()
        return vectors

    def _vectors(self, texts: list[str]):
        from nightshift.train.encoder_module import tokenize

        return self.tower(**tokenize(self.tokenizer, texts))

    def train(self, texts: Sequence[str], columns: NDArray[np.int64], epochs: int, seed: int) -> None:
        """`columns` [n] number the labels."""
        import torch
        from torch.nn.functional import cross_entropy, normalize

        vectors = self.encode(texts)
        means = np.stack([vectors[columns == label].mean(axis=0) for label in range(columns.max() + 1)])
        directions = torch.nn.Parameter(normalize(torch.tensor(means), dim=-1))
        adapter = [parameter for parameter in self.tower.parameters() if parameter.requires_grad]
        optimizer = torch.optim.AdamW(
            [{"params": adapter, "lr": LEARNING_RATE}, {"params": [directions], "lr": 5 * LEARNING_RATE}],
            weight_decay=0.01,
        )
        steps = epochs * len(_batches(texts, seed))
        falling = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: min(1, (step + 1) / 50) * (1 - step / steps)
        )
        for epoch in range(epochs):
            self.tower.train()
            losses = []
            for rows in _batches(texts, seed + epoch):
                cosines = self._vectors([texts[row] for row in rows]) @ normalize(directions, dim=-1).T
                loss = cross_entropy(SCALE * cosines, torch.tensor(columns[rows]))
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(adapter, 1.0)
                optimizer.step()
                falling.step()
                losses.append(loss.item())
            print(f"... LoRA epoch {epoch + 1}/{epochs}, loss {np.mean(losses):.3f}", file=sys.stderr, flush=True)


def tune(texts: Sequence[str], labels: Sequence[str], base: str, epochs: int, seed: int) -> TunedTower:
    """The base encoder with an adapter trained for `epochs` on `labels`."""
    import torch

    from nightshift.train.encoder_module import load_tokenizer, load_tower
    from nightshift.train.lora import add_adapter
    from nightshift.train.query_tower import UNUSED_MODULES

    torch.manual_seed(seed)
    tower = load_tower(resolve(base))
    tower.encoder = add_adapter(tower.encoder, exclude_modules=UNUSED_MODULES)
    tuned = TunedTower(tower, load_tokenizer(resolve(base), MAX_TOKENS))
    tuned.train(texts, np.unique(np.array(labels), return_inverse=True)[1], epochs, seed)
    return tuned


def _batches(texts: Sequence[str], seed: int) -> list[NDArray[np.int64]]:
    """Rows in batches of similar length, in random order; the seed changes which rows share a batch."""
    rng = np.random.default_rng(seed)
    order = np.argsort([len(text) for text in texts] + rng.uniform(-8, 8, len(texts)), kind="stable")
    batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
    return [batches[position] for position in rng.permutation(len(batches))]
