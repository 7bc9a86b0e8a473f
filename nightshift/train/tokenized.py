"""Tokenized examples of the generator, in micro-batches, and the order and learning rate of its training steps.

examples = tokenize_examples(training_set.examples, tokenizer, 320)
# [TokenizedExample(tokens=[1, 4093, ...], answer_start=211), None]
for batch in batch_order(len(examples), steps=12, size=4, seed=7):    # twelve batches of four positions
    for micro_batch in micro_batches([examples[position] for position in batch]): ...
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nightshift.answering.prompts import END_OF_TURN
from nightshift.train.generator_data import Example

WARM_UP_SHARE = 0.05  # of the steps
PADDED_TOKENS = 640  # per micro-batch: with 135 M parameters it keeps the peak below 3.5 GB


@dataclass(frozen=True)
class TokenizedExample:
    """Token ids of a prompt and its answer. The answer, with the end of turn, begins at `answer_start`."""

    tokens: list[int]
    answer_start: int

    @property
    def answer_tokens(self) -> int:
        """Number of tokens in the loss."""
        return len(self.tokens) - self.answer_start


def tokenize_examples(examples: Sequence[Example], tokenizer: Any, max_tokens: int) -> list[TokenizedExample | None]:
    """Every example tokenized; None for one longer than `max_tokens`: truncated, it would teach half an answer."""
    prompts = tokenizer([example.prompt for example in examples], add_special_tokens=False)["input_ids"]
    answers = tokenizer([example.answer + END_OF_TURN for example in examples], add_special_tokens=False)["input_ids"]
    tokenized = [
        TokenizedExample(prompt + answer, len(prompt)) for prompt, answer in zip(prompts, answers, strict=True)
    ]
    return [example if len(example.tokens) <= max_tokens else None for example in tokenized]


def micro_batches(batch: Sequence[TokenizedExample], budget: int = PADDED_TOKENS) -> Iterator[list[TokenizedExample]]:
    """The examples of a batch, longest first, in parts of at most `budget` padded tokens (at least one example)."""
    part: list[TokenizedExample] = []
    for example in sorted(batch, key=lambda example: -len(example.tokens)):
        if part and (len(part) + 1) * len(part[0].tokens) > budget:
            yield part
            part = []
        part.append(example)
    if part:
        yield part


def learning_rate_factor(step: int, steps: int) -> float:
    """The factor on the learning rate at `step`: linear warm-up over WARM_UP_SHARE of the steps, then linear decay to
    0.
    """
    warm_up = max(1, round(steps * WARM_UP_SHARE))
    return min((step + 1) / warm_up, (steps - step) / max(1, steps - warm_up + 1))


def batch_order(n: int, steps: int, size: int, seed: int) -> Iterator[list[int]]:
    """`steps` batches of `size` positions below `n`: shuffled epochs one after another, without gaps between them."""
    rng = np.random.default_rng(seed)
    queue: list[int] = []
    for _ in range(steps):
        while len(queue) < size:
            queue += rng.permutation(n).tolist()
        yield queue[:size]
        queue = queue[size:]
