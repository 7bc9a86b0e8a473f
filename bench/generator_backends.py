"""The runtimes that `bench.generator` compares, each saying the same: tokens in, tokens out, and when they came.

Nightshift(folder, threads=2).turn(prompt, new_tokens=64)   # Turn(count=31, first=0.31, seconds=0.62, tokens=(504, ...))
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nightshift.answering.prompts import PREFIX
from nightshift.models.generator import Generator


@dataclass(frozen=True)
class Turn:
    """What was said after a prompt. `first` and `seconds` are counted from the question to the first and last token.

    `tokens` is empty where the runtime tells only how many there were.
    """

    count: int
    first: float
    seconds: float
    tokens: tuple[int, ...] = ()


def timed(written: Iterable[int]) -> Turn:
    """Take the tokens as they come."""
    started = time.perf_counter()
    tokens: list[int] = []
    first = 0.0
    for token in written:
        tokens.append(token)
        first = first or time.perf_counter() - started
    return Turn(len(tokens), first, time.perf_counter() - started, tuple(tokens))


class Nightshift:
    """What serves: the fixed prompt kept, and what the prompt already says proposed."""

    def __init__(self, folder: Path, threads: int) -> None:
        self._generator = Generator(folder, threads, PREFIX)

    def turn(self, prompt: list[int], new_tokens: int) -> Turn:
        return timed(self._generator.tokens(prompt, new_tokens))


class TokenByToken:
    """onnxruntime-genai alone: every turn from nothing, a token at a time."""

    def __init__(self, folder: Path, threads: int) -> None:
        import onnxruntime_genai as genai

        self._genai = genai
        config = genai.Config(str(folder))
        threading = f'{{"intra_op_num_threads": {threads}}}'
        config.overlay(f'{{"model": {{"decoder": {{"session_options": {threading}}}}}}}')
        self._model = genai.Model(config)

    def turn(self, prompt: list[int], new_tokens: int) -> Turn:
        return timed(self._written(prompt, new_tokens))

    def _written(self, prompt: list[int], new_tokens: int) -> Iterable[int]:
        options: Any = self._genai.GeneratorParams(self._model)
        options.set_search_options(max_length=len(prompt) + new_tokens, do_sample=False)
        search = self._genai.Generator(self._model, options)
        search.append_tokens(prompt)
        while not search.is_done():
            search.generate_next_token()
            yield int(search.get_next_tokens()[0])


class LlamaCpp:
    """llama.cpp on the GGUF file itself, through the xllamacpp wheel."""

    def __init__(self, gguf: Path, threads: int) -> None:
        import xllamacpp  # type: ignore[import-not-found]  # for this benchmark only, and it may be missing

        options = xllamacpp.CommonParams()
        options.model.path = str(gguf)
        options.n_ctx = 1024
        options.n_parallel = 1
        options.verbosity = -1
        options.cpuparams.n_threads = options.cpuparams_batch.n_threads = threads
        self._server = xllamacpp.Server(options)

    def turn(self, prompt: list[int], new_tokens: int) -> Turn:
        wanted = {"prompt": prompt, "n_predict": new_tokens, "temperature": 0, "cache_prompt": False}
        spent = self._server.handle_completions(wanted)["timings"]
        first = spent["prompt_ms"] + spent["predicted_per_token_ms"]
        return Turn(spent["predicted_n"], first / 1e3, (spent["prompt_ms"] + spent["predicted_ms"]) / 1e3)


class Transformers:
    """transformers.generate in fp32."""

    def __init__(self, folder: Path, threads: int) -> None:
        import torch

        from nightshift.train.base_checkpoint import load

        torch.set_num_threads(threads)
        self._torch, self._model = torch, load(folder)

    def turn(self, prompt: list[int], new_tokens: int) -> Turn:
        came: list[float] = []

        class Clock:
            """A streamer that only looks at its watch; the prompt comes first."""

            def put(self, _tokens: Any) -> None:
                came.append(time.perf_counter())

            def end(self) -> None:
                pass

        ids = self._torch.tensor([prompt])
        started = time.perf_counter()
        with self._torch.no_grad():
            whole = self._model.generate(
                ids, attention_mask=ids * 0 + 1, max_new_tokens=new_tokens, do_sample=False, streamer=Clock()
            )
        said = whole[0, len(prompt) :].tolist()
        return Turn(len(said), came[1] - started, time.perf_counter() - started, tuple(said))
