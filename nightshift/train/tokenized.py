"""Examples in tokens, and the order in which the generator learns them.

learned = turns(examples, tokenizer, 320)             # [Turn(tokens=[1, 4093, ...], answer_at=211), None, ...]
for places in order(len(learned), 12, 4, seed=7):     # twelve batches of four
    for piece in micro_batches([learned[place] for place in places]): ...
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nightshift.answering.prompts import END_OF_TURN
from nightshift.train.generator_data import Example

WARM_UP = 0.05  # share of the steps
PADDED_TOKENS = 640  # a micro-batch: with 135 M parameters it keeps the peak below 3.5 GB


@dataclass(frozen=True)
class TokenizedExample:
    """An example in tokens. The answer, with the end of turn, begins at `answer_at`."""

    tokens: list[int]
    answer_at: int

    @property
    def n_answer(self) -> int:
        """How many tokens are learned."""
        return len(self.tokens) - self.answer_at


def tokenize_examples(examples: Sequence[Example], tokenizer: Any, max_tokens: int) -> list[TokenizedExample | None]:
    """Every example in tokens; None for one longer than `max_tokens`, because cutting it would teach half an answer."""
    prompts = tokenizer([one.prompt for one in examples], add_special_tokens=False)["input_ids"]
    answers = tokenizer([one.answer + END_OF_TURN for one in examples], add_special_tokens=False)["input_ids"]
    whole = [TokenizedExample(prompt + answer, len(prompt)) for prompt, answer in zip(prompts, answers, strict=True)]
    return [one if len(one.tokens) <= max_tokens else None for one in whole]


def micro_batches(batch: Sequence[TokenizedExample], budget: int = PADDED_TOKENS) -> Iterator[list[TokenizedExample]]:
    """The turns of a batch, longest first, in pieces of at most `budget` padded tokens (at least one turn)."""
    piece: list[TokenizedExample] = []
    for turn in sorted(batch, key=lambda one: -len(one.tokens)):
        if piece and (len(piece) + 1) * len(piece[0].tokens) > budget:
            yield piece
            piece = []
        piece.append(turn)
    if piece:
        yield piece


def learning_rate_factor(step: int, steps: int) -> float:
    """The learning rate's factor: up in the first twentieth of the steps, then linearly down to 0."""
    warm = max(1, round(steps * WARM_UP))
    return min((step + 1) / warm, (steps - step) / max(1, steps - warm + 1))


def batch_order(n: int, steps: int, batch: int, seed: int) -> Iterator[list[int]]:
    """`steps` batches of positions below n: shuffled passes one after another, so that all are seen equally often."""
    chance = np.random.default_rng(seed)
    queue: list[int] = []
    for _ in range(steps):
        while len(queue) < batch:
            queue += chance.permutation(n).tolist()
        yield queue[:batch]
        queue = queue[batch:]
