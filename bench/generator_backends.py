"""The backends that `bench.generator` compares: prompt tokens in, generated tokens and their times out.

Nightshift(folder, threads=2).generate(prompt, new_tokens=64)
# TimedGeneration(count=31, first=0.31, seconds=0.62, tokens=(504, ...))
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nightshift.answering.prompts import PREFIX
from nightshift.models.generator import Generator


@dataclass(frozen=True)
class TimedGeneration:
    """What was generated after a prompt: `first` and `seconds` are the times to the first and to the last token.

    `tokens` is empty where the backend gives only their number.
    """

    count: int
    first: float
    seconds: float
    tokens: tuple[int, ...] = ()


def timed(generated: Iterable[int]) -> TimedGeneration:
    """Consume the tokens, with their times."""
    started = time.perf_counter()
    tokens: list[int] = []
    first = 0.0
    for token in generated:
        tokens.append(token)
        first = first or time.perf_counter() - started
    return TimedGeneration(len(tokens), first, time.perf_counter() - started, tuple(tokens))


class Nightshift:
    """The generator of serving: cached prefix, and speculative tokens taken from the prompt."""

    def __init__(self, folder: Path, threads: int) -> None:
        self._generator = Generator(folder, threads, PREFIX)

    def generate(self, prompt: list[int], new_tokens: int) -> TimedGeneration:
        return timed(self._generator.tokens(prompt, new_tokens))


class TokenByToken:
    """onnxruntime-genai alone: no cached prefix, one token at a time."""

    def __init__(self, folder: Path, threads: int) -> None:
        import onnxruntime_genai as genai

        self._genai = genai
        config = genai.Config(str(folder))
        threading = f'{{"intra_op_num_threads": {threads}}}'
        config.overlay(f'{{"model": {{"decoder": {{"session_options": {threading}}}}}}}')
        self._model = genai.Model(config)

    def generate(self, prompt: list[int], new_tokens: int) -> TimedGeneration:
        return timed(self._stream(prompt, new_tokens))

    def _stream(self, prompt: list[int], new_tokens: int) -> Iterable[int]:
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

    def generate(self, prompt: list[int], new_tokens: int) -> TimedGeneration:
        request = {"prompt": prompt, "n_predict": new_tokens, "temperature": 0, "cache_prompt": False}
        timings = self._server.handle_completions(request)["timings"]
        first = timings["prompt_ms"] + timings["predicted_per_token_ms"]
        return TimedGeneration(
            timings["predicted_n"], first / 1e3, (timings["prompt_ms"] + timings["predicted_ms"]) / 1e3
        )


class Transformers:
    """transformers.generate in fp32."""

    def __init__(self, folder: Path, threads: int) -> None:
        import torch

        from nightshift.train.base_checkpoint import load_causal_lm

        torch.set_num_threads(threads)
        self._torch, self._model = torch, load_causal_lm(folder)

    def generate(self, prompt: list[int], new_tokens: int) -> TimedGeneration:
        times: list[float] = []

        class Clock:
            """A streamer that records times; the first call is for the prompt."""

            def put(self, _tokens: Any) -> None:
                times.append(time.perf_counter())

            def end(self) -> None:
                pass

        ids = self._torch.tensor([prompt])
        started = time.perf_counter()
        with self._torch.no_grad():
            output = self._model.generate(
                ids, attention_mask=ids * 0 + 1, max_new_tokens=new_tokens, do_sample=False, streamer=Clock()
            )
        tokens = output[0, len(prompt) :].tolist()
        return TimedGeneration(len(tokens), times[1] - started, time.perf_counter() - started, tuple(tokens))
