"""The exported generator: onnxruntime-genai, greedy, on this machine.

Generator(folder, threads=2, prefix=PREFIX).stream(prompt, max_tokens=96)   # yields pieces of text as they are decoded
"""

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

CACHE_TOKENS = 1024  # the longest prompt of three passages and a question, with its answer
# Prompt lookup decoding (Saxena 2023): answers repeat their passages, so the tokens that followed the last two before
# are proposed, and verified in one pass.
PROMPT_LOOKUP = {"ngram_size": 3, "max_draft_tokens": 8}


class Generator:
    """A causal language model in a folder with `genai_config.json`. Threads may share it: one prompt at a time.

    `prefix` is the common beginning of all prompts: it is computed once and stays in the key-value cache.
    """

    def __init__(self, folder: Path, threads: int, prefix: str) -> None:
        import onnxruntime_genai as genai

        config = genai.Config(str(folder))
        config.overlay(json.dumps({"model": {"decoder": {"session_options": {"intra_op_num_threads": threads}}}}))
        self._genai = genai
        self._model = genai.Model(config)
        self._tokenizer = genai.Tokenizer(self._model)
        self._prefix = self.encode(prefix)
        self._decoder: Any = None  # its key-value cache holds the prefix, followed by the last prompt and its answer
        self._cache_tokens = CACHE_TOKENS
        self._lock = threading.Lock()

    def encode(self, text: str) -> list[int]:
        """The tokens of `text`."""
        return [int(token) for token in self._tokenizer.encode(text)]

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` is for this model."""
        return len(self._tokenizer.encode(text))

    def stream(self, prompt: str, max_tokens: int, stop: Sequence[str] = ()) -> Iterator[str]:
        """Decode greedily after `prompt`; ends at the end of turn, after `max_tokens`, or before any text in `stop`.

        The same prompt always gives the same text. Closing the iterator early frees the model for the next prompt.
        """
        with self._lock:
            text = self._tokenizer.create_stream()
            tokens = self._decode(self.encode(prompt), max_tokens)
            yield from until_stop((text.decode(token) for token in tokens), stop)

    def tokens(self, prompt: Sequence[int], max_tokens: int) -> Iterator[int]:
        """Like `stream`, in tokens and with the end of turn: for the parity of an export."""
        with self._lock:
            yield from self._decode(prompt, max_tokens)

    def _decode(self, tokens: Sequence[int], max_tokens: int) -> Iterator[int]:
        decoder = self._prefilled(list(tokens), len(tokens) + max_tokens)
        for _ in range(max_tokens):
            if decoder.is_done():
                return
            decoder.generate_next_token()
            yield int(decoder.get_next_tokens()[0])

    def _prefilled(self, tokens: list[int], cache_tokens: int) -> Any:
        """A decoder that has read `tokens`, with a cache of at least `cache_tokens` for them and the answer."""
        prefix_length = len(self._prefix)
        if tokens[:prefix_length] != self._prefix:
            decoder = self._new_decoder(cache_tokens)
            decoder.append_tokens(tokens)
            return decoder
        if self._decoder is None or cache_tokens > self._cache_tokens:
            self._cache_tokens = max(cache_tokens, self._cache_tokens)
            self._decoder = self._new_decoder(self._cache_tokens)
            self._decoder.append_tokens(self._prefix)
        self._decoder.rewind_to(prefix_length)
        self._decoder.append_tokens(tokens[prefix_length:])
        return self._decoder

    def _new_decoder(self, cache_tokens: int) -> Any:
        """An empty decoder. Its key-value cache is allocated at once: 47 MB for 1,024 tokens of SmolLM2-135M, fp32."""
        options: Any = self._genai.GeneratorParams(self._model)
        options.set_search_options(max_length=cache_tokens, do_sample=False)
        options.set_speculative_options(**PROMPT_LOOKUP)
        return self._genai.Generator(self._model, options)


def until_stop(pieces: Iterable[str], stop: Sequence[str]) -> Iterator[str]:
    """The `pieces` up to the first text of `stop`, holding back only what may be the start of one."""
    held = ""
    for piece in pieces:
        held += piece
        stops = [held.find(text) for text in stop if text in held]
        if stops:
            if held[: min(stops)]:
                yield held[: min(stops)]
            return
        n_held = max((n for text in stop for n in range(1, len(text)) if held.endswith(text[:n])), default=0)
        ready, held = held[: len(held) - n_held], held[len(held) - n_held :]
        if ready:
            yield ready
    if held:
        yield held
