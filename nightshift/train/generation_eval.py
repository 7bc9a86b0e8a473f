"""Does the generator answer better for what it learned? Held-out questions, judged by the rules that serving applies.

    said = written(model, tokenizer, [render(one.question, one.shown) for one in held_out])
    [passes(one, text) for one, text in zip(held_out, said, strict=True)]        # [True, False, True, ...]

The loss cannot tell: a model that has learned to say half a sentence finds the rest of it likely.
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

AT_ONCE = 12  # prompts decoded together: a step costs little more than for one
ENOUGH = 48  # tokens: the first sentence decides


@dataclass(frozen=True)
class FixedRetrieval:
    """A retrieval that always finds the same and is sure of it: only the generator is tried."""

    passages: tuple[Passage, ...]

    def search(self, _question: str, k: int) -> Sequence[Passage]:
        return self.passages[:k]

    def confidence(self, _question: str, _passages: Sequence[Passage]) -> float:
        return 1.0


@dataclass(frozen=True)
class _Said:
    """A generator that has said it already."""

    text: str

    def stream(self, _prompt: str, _max_tokens: int, stop: Sequence[str] = ()) -> Iterator[str]:
        yield from until_stop([self.text], stop)


def passes_checks(example: Example, text: str) -> bool:
    """Whether `text` would be shown as it was generated and cites the right article, or declines where that is right."""
    *_, last = Assistant(FixedRetrieval(example.shown), _Said(text), Policy()).answer(example.question)
    assert isinstance(last, Answered)  # it is always the last event
    if example.kind == "declining":
        return last.declined
    return last.source == "generated" and example.article_id in {one.article_id for one in last.citations}


def generate(model: Any, tokenizer: Any, prompts: Sequence[str], max_tokens: int = ENOUGH) -> list[str]:
    """What a PyTorch causal LM writes after each prompt, greedily, up to the end of turn or `max_tokens`."""
    import torch

    order = sorted(range(len(prompts)), key=lambda place: len(prompts[place]))
    end = tokenizer.convert_tokens_to_ids(END_OF_TURN)
    said = [""] * len(prompts)
    batches = [order[start : start + AT_ONCE] for start in range(0, len(order), AT_ONCE)]
    for places in track(batches, "answers", len(batches), "batches"):
        tokens = [tokenizer.encode(prompts[place], add_special_tokens=False) for place in places]
        longest = max(map(len, tokens))
        # Padding stands on the left: what is written follows the prompt.
        ids = torch.tensor([[end] * (longest - len(one)) + one for one in tokens], device=model.device)
        mask = torch.tensor([[0] * (longest - len(one)) + [1] * len(one) for one in tokens], device=model.device)
        with torch.inference_mode():
            out = model.generate(
                input_ids=ids,
                attention_mask=mask,
                max_new_tokens=max_tokens,
                do_sample=False,
                eos_token_id=end,
                pad_token_id=end,
            )
        for place, row in zip(places, out[:, longest:].tolist(), strict=True):
            said[place] = tokenizer.decode(row[: row.index(end)] if end in row else row)
    return said
