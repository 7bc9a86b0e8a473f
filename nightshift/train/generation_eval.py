"""Generation evaluation: held-out questions answered by base and adapted model, judged by the grounding check.

    texts = generate(model, tokenizer, [render(example.question, example.shown) for example in held_out])
    [passes_checks(example, text) for example, text in zip(held_out, texts, strict=True)]      # [True, False, ...]

The held-out loss is not enough: it is teacher-forced, so a model that breaks off its own sentences can still have a low
one.
"""

from collections.abc import Sequence
from typing import Any

from nightshift.answering.grounding import check, cite
from nightshift.answering.prompts import DECLINE, END_OF_TURN, without_marks
from nightshift.progress import track
from nightshift.text.words import sentences
from nightshift.train.generator_data import Example

BATCH = 12  # prompts decoded together: a step costs little more than for one
MAX_TOKENS = 48  # the first sentence is enough to judge


def passes_checks(example: Example, text: str) -> bool:
    """Whether the first sentence of `text` is complete and the right article bears it out.

    Serving also wants every key fact of the selected sentences; the passages of an example are whole sections, whose
    facts no answer holds. A declining example passes by declining.
    """
    plain = without_marks(text).strip()
    if example.kind == "declining" or plain == DECLINE:
        return example.kind == "declining" and plain == DECLINE
    evidence = [passage for passage in example.shown if passage.article_id == example.article_id]
    first = next(iter(sentences(plain)), "")
    return first[-1:] in {".", "!", "?"} and check(cite(first, evidence), evidence).ok


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
