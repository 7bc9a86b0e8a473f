"""The exported generator: onnxruntime-genai, greedy, on this machine.

Generator(folder, threads=2).stream(prompt, max_tokens=96)   # yields pieces of text as they are decoded
"""

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any


class Generator:
    """A causal language model in a folder with `genai_config.json`. Safe to share between threads: one turn at a time."""

    def __init__(self, folder: Path, threads: int) -> None:
        import onnxruntime_genai as genai

        config = genai.Config(str(folder))
        config.overlay(json.dumps({"model": {"decoder": {"session_options": {"intra_op_num_threads": threads}}}}))
        self._genai = genai
        self._model = genai.Model(config)
        self._tokenizer = genai.Tokenizer(self._model)
        self._turn = threading.Lock()

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` is for this model."""
        return len(self._tokenizer.encode(text))

    def stream(self, prompt: str, max_tokens: int, stop: Sequence[str] = ()) -> Iterator[str]:
        """Decode greedily after `prompt`; ends at the end of turn, after `max_tokens`, or before any text in `stop`.

        The same prompt always gives the same text. Closing the iterator early frees the model for the next turn.
        """
        with self._turn:
            text = self._tokenizer.create_stream()
            written = self._continued(self._tokenizer.encode(prompt), max_tokens)
            yield from until((text.decode(token) for token in written), stop)

    def tokens(self, prompt: Sequence[int], max_tokens: int) -> list[int]:
        """The same in tokens, with the end of turn: how an export is compared with what it came from."""
        with self._turn:
            return list(self._continued(prompt, max_tokens))

    def _continued(self, tokens: Sequence[int], max_tokens: int) -> Iterator[int]:
        options: Any = self._genai.GeneratorParams(self._model)
        # The key-value cache is allocated for max_length at once, so it is no longer than this turn needs.
        options.set_search_options(max_length=len(tokens) + max_tokens, do_sample=False)
        search = self._genai.Generator(self._model, options)
        search.append_tokens(list(tokens))
        while not search.is_done():
            search.generate_next_token()
            yield int(search.get_next_tokens()[0])


def until(pieces: Iterable[str], stop: Sequence[str]) -> Iterator[str]:
    """Pass `pieces` on until a text of `stop` appears, holding back only what may be the start of one."""
    held = ""
    for piece in pieces:
        held += piece
        found = [held.find(text) for text in stop if text in held]
        if found:
            if held[: min(found)]:
                yield held[: min(found)]
            return
        keep = max((n for text in stop for n in range(1, len(text)) if held.endswith(text[:n])), default=0)
        ready, held = held[: len(held) - keep], held[len(held) - keep :]
        if ready:
            yield ready
    if held:
        yield held
