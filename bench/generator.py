"""The generator's speed on this machine, beside llama.cpp and transformers, and the agreement of int4 with fp32.

    python -m bench.generator                                  # the base model, exported now
    python -m bench.generator --generator FOLDER               # an exported generator: speed only
    uv pip install xllamacpp                                   # for the llama.cpp row; no dependency of the project

Prompts are tickets of the simulated company with passages of its articles, cut to --prompt-tokens. Every round gives
every backend the same prompts, one backend after another, and each generates up to --new-tokens.
A ratio is taken within a round; the table shows the median and the smallest of them.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import mean, median
from typing import Protocol

import pyarrow as pa

from bench.generator_backends import LlamaCpp, Nightshift, TimedGeneration, TokenByToken, Transformers
from nightshift.answering.prompts import PASSAGE_WORDS, render
from nightshift.export.generator import (
    EXACT,
    NO_PROBE,
    QUANTIZED,
    Graph,
    agreement,
    continuations,
    convert,
    merge_and_save,
)
from nightshift.progress import log
from nightshift.settings import Settings, profile
from nightshift.simulation import content
from nightshift.simulation.tickets import tickets_on
from nightshift.store import open_store
from nightshift.store.base_models import resolve
from nightshift.train.base_checkpoint import load_tokenizer, unpack_checkpoint
from nightshift.train.distractors import PassagePool, passages_of

SEED = 7
NIGHT = 1
PROMPTS_A_ROUND = 3
OURS = "nightshift"


class Backend(Protocol):
    """A runtime that generates after a prompt."""

    def generate(self, prompt: list[int], new_tokens: int) -> TimedGeneration: ...


def prompts(n: int, tokens: int, encode: Callable[[str], list[int]]) -> list[list[int]]:
    """`n` prompts of at most `tokens` tokens: a ticket of the simulated company, two passages of its article, one
    other.
    """
    tickets = [ticket for ticket in tickets_on(NIGHT, SEED) if ticket.article][:n]
    articles = [
        {"article_id": slug, "title": article.title, "body": article.body, "url": ""}
        for slug, article in content.articles().items()
    ]
    pool = PassagePool(passages_of(pa.Table.from_pylist(articles)))
    encoded = []
    for ticket in tickets:
        shown = [*pool.hard_distractors(ticket.text, "", 2), *filter(None, [pool.gold(ticket.article, ticket.text)])]
        candidates = (encode(render(ticket.text, shown, words)) for words in range(PASSAGE_WORDS, 0, -1))
        encoded.append(next(ids for ids in candidates if len(ids) <= tokens))
    return encoded


def measure(
    backends: dict[str, Backend], rounds: Sequence[Sequence[list[int]]], new_tokens: int
) -> dict[str, list[list[TimedGeneration]]]:
    """Every round's generations by backend, after one that is not measured."""
    measured: dict[str, list[list[TimedGeneration]]] = {name: [] for name in backends}
    for backend in backends.values():
        backend.generate(rounds[0][0], 4)
    for number, prompts_of_round in enumerate(rounds, start=1):
        for name, backend in backends.items():
            measured[name].append([backend.generate(prompt, new_tokens) for prompt in prompts_of_round])
        log(f"    round {number}/{len(rounds)}")
    return measured


def decode_speed(generations: Sequence[TimedGeneration]) -> float:
    """Tokens per second after the first token."""
    seconds = sum(generation.seconds - generation.first for generation in generations)
    return sum(generation.count - 1 for generation in generations) / seconds


def table(
    measured: dict[str, list[list[TimedGeneration]]], rounds: Sequence[Sequence[list[int]]], reference: str
) -> str:
    """Speeds, ours as a multiple of each, and how often each generates the same text as `reference`."""
    length = mean(len(prompt) for prompts_of_round in rounds for prompt in prompts_of_round)
    lines = [
        (
            "| runtime | first token s, p50 | prompt tok/s | decode tok/s | ours, times as fast: median (least) "
            "| same answer as fp32 | same beginning |"
        ),
        "|---|---|---|---|---|---|---|",
    ]
    exact = [generation.tokens for part in measured[reference] for generation in part] if reference in measured else []
    for name, parts in measured.items():
        first = median(generation.first for part in parts for generation in part)
        ratios = [decode_speed(ours) / decode_speed(part) for ours, part in zip(measured[OURS], parts, strict=True)]
        tokens = [generation.tokens for part in parts for generation in part]
        same = beginning = "-"
        if exact and all(tokens):
            same = f"{mean(a == b for a, b in zip(tokens, exact, strict=True)):.2f}"
            beginning = f"{mean(shared_prefix(a, b) for a, b in zip(tokens, exact, strict=True)):.2f}"
        speed = median(map(decode_speed, parts))
        times = "" if name == OURS else f"{median(ratios):.1f} ({min(ratios):.1f})"
        lines.append(f"| {name} | {first:.2f} | {length / first:.0f} | {speed:.0f} | {times} | {same} | {beginning} |")
    return "\n".join(lines)


def shared_prefix(first: Sequence[int], second: Sequence[int]) -> float:
    """The length of the common prefix, as a share of the longer text."""
    differing = (i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b)
    return next(differing, min(len(first), len(second))) / max(len(first), len(second), 1)


def exported(work: Path, settings: Settings, base: Path) -> dict[str, Path]:
    """The base model as it ships and in full precision."""
    merge_and_save(None, base, open_store(settings.store), work / "merged", [NO_PROBE])
    return {variant.name: convert(work / "merged", work / variant.name, variant) for variant in (QUANTIZED[0], EXACT)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--generator", type=Path, help="folder of an exported generator; the base is exported without it"
    )
    parser.add_argument("--prompt-tokens", type=int, default=200)
    parser.add_argument("--new-tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    settings = Settings.from_env()
    url = profile(settings.profile).generator
    base = unpack_checkpoint(url, settings)
    tokenizer = load_tokenizer(base)

    def encode(text: str) -> list[int]:
        ids: list[int] = tokenizer.encode(text, add_special_tokens=False)
        return ids

    all_prompts = prompts(arguments.rounds * PROMPTS_A_ROUND, arguments.prompt_tokens, encode)
    rounds = [all_prompts[start : start + PROMPTS_A_ROUND] for start in range(0, len(all_prompts), PROMPTS_A_ROUND)]
    with tempfile.TemporaryDirectory() as name:
        folders = {} if arguments.generator else exported(Path(name), settings, base)
        small = arguments.generator or folders["int4"]
        backends: dict[str, Backend] = {OURS: Nightshift(small, settings.threads)}
        backends["onnxruntime-genai, a token at a time"] = TokenByToken(small, settings.threads)
        if "fp32" in folders:
            backends["onnxruntime-genai fp32"] = TokenByToken(folders["fp32"], settings.threads)
        if find_spec("xllamacpp"):
            backends["llama.cpp Q4_1"] = LlamaCpp(resolve(url), settings.threads)
        backends["transformers fp32"] = Transformers(base, settings.threads)
        print(table(measure(backends, rounds, arguments.new_tokens), rounds, "onnxruntime-genai fp32"))
        if "fp32" in folders:
            continued = continuations(folders["fp32"], all_prompts, settings.threads)
            graphs = [Graph(folders[variant], settings.threads) for variant in ("fp32", "int4")]
            print(
                f"\nGiven the tokens of fp32, int4 ranks the same next token first at "
                f"{agreement(*graphs, continued):.3f} of the positions."
            )
    if not find_spec("xllamacpp"):
        print("\nllama.cpp: not installed: uv pip install xllamacpp")
    print(
        f"\n{len(all_prompts)} prompts in {len(rounds)} rounds, seed {SEED}, at most {arguments.new_tokens} new "
        f"tokens, {settings.threads} threads."
    )


if __name__ == "__main__":
    main()
