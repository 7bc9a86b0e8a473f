"""Generation evaluation: held-out questions answered by base and adapted model, judged by the checks of serving.

    texts = generate(model, tokenizer, [render(example.question, example.shown) for example in held_out])
    [passes_checks(example, text) for example, text in zip(held_out, texts, strict=True)]      # [True, False, ...]

The held-out loss is not enough: it is teacher-forced, so a model that breaks off its own sentences can still have a low
one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nightshift.answering.assistant import Answered, Assistant
from nightshift.answering.policy import Policy
from nightshift.answering.prompts import END_OF_TURN
from nightshift.models.generator import until_stop
from nightshift.progress import track
from nightshift.text.passages import Passage
from nightshift.train.generator_data import Example

BATCH = 12  # prompts decoded together: a step costs little more than for one
MAX_TOKENS = 48  # the first sentence is enough to judge


@dataclass(frozen=True)
class FixedRetrieval:
    """A retrieval that always returns the same passages with confidence 1, so that only the generator is evaluated."""

    passages: tuple[Passage, ...]

    def search(self, _question: str, k: int) -> Sequence[Passage]:
        return self.passages[:k]

    def confidence(self, _question: str, _passages: Sequence[Passage]) -> float:
        return 1.0


@dataclass(frozen=True)
class _FixedGenerator:
    """A generator that always returns the same text."""

    text: str

    def stream(self, _prompt: str, _max_tokens: int, stop: Sequence[str] = ()) -> Iterator[str]:
        yield from until_stop([self.text], stop)


def passes_checks(example: Example, text: str) -> bool:
    """Whether serving would show `text` as generated and it cites the right article; for a declining example, whether
    it declines.
    """
    *_, last = Assistant(FixedRetrieval(example.shown), _FixedGenerator(text), Policy()).answer(example.question)
    assert isinstance(last, Answered)  # it is always the last event
    if example.kind == "declining":
        return last.declined
    return last.source == "generated" and example.article_id in {citation.article_id for citation in last.citations}


def generate(model: Any, tokenizer: Any, prompts: Sequence[str], max_tokens: int = MAX_TOKENS) -> list[str]:
    """What a PyTorch causal LM writes after each prompt, greedily, up to the end of turn or `max_tokens`."""
    import torch

    order = sorted(range(len(prompts)), key=lambda position: len(prompts[position]))
    end = tokenizer.convert_tokens_to_ids(END_OF_TURN)
    texts = [""] * len(prompts)
    batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
    for positions in track(batches, "answers", len(batches), "batches"):
        tokens = [tokenizer.encode(prompts[position], add_special_tokens=False) for position in positions]
        longest = max(map(len, tokens))
        # Padding on the left: generation continues the prompt.
        ids = torch.tensor([[end] * (longest - len(prompt)) + prompt for prompt in tokens], device=model.device)
        mask = torch.tensor(
            [[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in tokens], device=model.device
        )
        with torch.inference_mode():
            output = model.generate(
                input_ids=ids,
                attention_mask=mask,
                max_new_tokens=max_tokens,
                do_sample=False,
                eos_token_id=end,
                pad_token_id=end,
            )
        for position, row in zip(positions, output[:, longest:].tolist(), strict=True):
            texts[position] = tokenizer.decode(row[: row.index(end)] if end in row else row)
    return texts
