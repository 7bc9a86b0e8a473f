"""The exported generator: onnxruntime-genai, greedy, on this machine.

Generator(folder, threads=2, prefix=PREFIX).stream(prompt, max_tokens=96)   # yields pieces of text as they are decoded
"""

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

ROOM = 1024  # tokens of the longest turn that three passages, a question and an answer make
# Answers repeat their passages: what followed the last two tokens before is proposed, and checked in one pass.
LOOKED_UP = {"ngram_size": 3, "max_draft_tokens": 8}


class Generator:
    """A causal language model in a folder with `genai_config.json`. Safe to share between threads: one turn at a time.

    `prefix` is what every prompt begins with: it is computed once and stays in the key-value cache.
    """

    def __init__(self, folder: Path, threads: int, prefix: str) -> None:
        import onnxruntime_genai as genai

        config = genai.Config(str(folder))
        config.overlay(json.dumps({"model": {"decoder": {"session_options": {"intra_op_num_threads": threads}}}}))
        self._genai = genai
        self._model = genai.Model(config)
        self._tokenizer = genai.Tokenizer(self._model)
        self._prefix = self.encode(prefix)
        self._search: Any = None  # holds the prefix, and after it what the last turn left
        self._room = ROOM
        self._turn = threading.Lock()

    def encode(self, text: str) -> list[int]:
        """The tokens of `text`."""
        return [int(token) for token in self._tokenizer.encode(text)]

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` is for this model."""
        return len(self._tokenizer.encode(text))

    def stream(self, prompt: str, max_tokens: int, stop: Sequence[str] = ()) -> Iterator[str]:
        """Decode greedily after `prompt`; ends at the end of turn, after `max_tokens`, or before any text in `stop`.

        The same prompt always gives the same text. Closing the iterator early frees the model for the next turn.
        """
        with self._turn:
            text = self._tokenizer.create_stream()
            written = self._continued(self.encode(prompt), max_tokens)
            yield from until((text.decode(token) for token in written), stop)

    def tokens(self, prompt: Sequence[int], max_tokens: int) -> Iterator[int]:
        """The same in tokens, with the end of turn: how an export is compared with what it came from."""
        with self._turn:
            yield from self._continued(prompt, max_tokens)

    def _continued(self, tokens: Sequence[int], max_tokens: int) -> Iterator[int]:
        search = self._after(list(tokens), len(tokens) + max_tokens)
        for _ in range(max_tokens):
            if search.is_done():
                return
            search.generate_next_token()
            yield int(search.get_next_tokens()[0])

    def _after(self, tokens: list[int], room: int) -> Any:
        """A search that stands after `tokens`, with room for so many in all."""
        known = len(self._prefix)
        if tokens[:known] != self._prefix:  # not a prompt of ours
            search = self._opened(room)
            search.append_tokens(tokens)
            return search
        if self._search is None or room > self._room:
            self._room = max(room, self._room)
            self._search = self._opened(self._room)
            self._search.append_tokens(self._prefix)
        self._search.rewind_to(known)
        self._search.append_tokens(tokens[known:])
        return self._search

    def _opened(self, room: int) -> Any:
        """An empty search. Its key-value cache is allocated at once: 47 MB for 1,024 tokens of SmolLM2-135M in fp32."""
        options: Any = self._genai.GeneratorParams(self._model)
        options.set_search_options(max_length=room, do_sample=False)
        options.set_speculative_options(**LOOKED_UP)
        return self._genai.Generator(self._model, options)


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
