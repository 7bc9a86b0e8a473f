"""How fast the generator speaks on this machine, beside llama.cpp and transformers, and what four bits cost in agreement.

    python -m bench.generator                                  # the base model, exported now
    python -m bench.generator --generator FOLDER               # an exported generator: speed only
    uv pip install xllamacpp                                   # for the llama.cpp row; it is no dependency of the project

Prompts are tickets of the simulated company with passages of its articles, cut to --prompt-tokens. Every round asks
every contender the same prompts, one contender after another, and each says what it would, up to --new-tokens.
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

from bench.generator_backends import LlamaCpp, Nightshift, TokenByToken, Transformers, Turn
from nightshift.answering.prompts import PASSAGE_WORDS, render
from nightshift.export.generator import EXACT, NO_PROBE, QUANTIZED, Graph, agreement, continuations, converted, merged
from nightshift.progress import log
from nightshift.settings import Settings, profile
from nightshift.simulation import content
from nightshift.simulation.tickets import tickets_on
from nightshift.store import open_store
from nightshift.store.base_models import resolve
from nightshift.train.base_checkpoint import load_tokenizer, unpacked
from nightshift.train.distractors import Library, passages_of

SEED = 7
NIGHT = 1
PROMPTS_A_ROUND = 3
OURS = "nightshift"


class Speaker(Protocol):
    """Something that goes on after a prompt."""

    def turn(self, prompt: list[int], new_tokens: int) -> Turn: ...


def prompts(n: int, tokens: int, encode: Callable[[str], list[int]]) -> list[list[int]]:
    """`n` prompts of at most `tokens` tokens: a ticket of the simulated company, two passages of its article, one other."""
    asked = [one for one in tickets_on(NIGHT, SEED) if one.article][:n]
    articles = [
        {"article_id": slug, "title": one.title, "body": one.body, "url": ""}
        for slug, one in content.articles().items()
    ]
    run_log = Library(passages_of(pa.Table.from_pylist(articles)))
    made = []
    for one in asked:
        shown = [*run_log.nearest(one.text, "", 2), *filter(None, [run_log.gold(one.article, one.text)])]
        whole = (encode(render(one.text, shown, words)) for words in range(PASSAGE_WORDS, 0, -1))
        made.append(next(ids for ids in whole if len(ids) <= tokens))
    return made


def asked(
    speakers: dict[str, Speaker], rounds: Sequence[Sequence[list[int]]], new_tokens: int
) -> dict[str, list[list[Turn]]]:
    """Every round's turns of every speaker. The first prompt is asked once before, unmeasured."""
    turns: dict[str, list[list[Turn]]] = {name: [] for name in speakers}
    for speaker in speakers.values():
        speaker.turn(rounds[0][0], 4)
    for number, together in enumerate(rounds, start=1):
        for name, speaker in speakers.items():
            turns[name].append([speaker.turn(prompt, new_tokens) for prompt in together])
        log(f"    round {number}/{len(rounds)}")
    return turns


def pace(turns: Sequence[Turn]) -> float:
    """Tokens a second after the first one."""
    return sum(one.count - 1 for one in turns) / sum(one.seconds - one.first for one in turns)


def table(turns: dict[str, list[list[Turn]]], rounds: Sequence[Sequence[list[int]]], reference: str) -> str:
    """Speeds, what ours are in multiples of each, and how often each says what `reference` says."""
    length = mean(len(prompt) for together in rounds for prompt in together)
    lines = [
        "| runtime | first token s, p50 | prompt tok/s | decode tok/s | ours, times as fast: median (least) | same answer as fp32 | same beginning |",
        "|---|---|---|---|---|---|---|",
    ]
    exact = [one.tokens for part in turns[reference] for one in part] if reference in turns else []
    for name, parts in turns.items():
        first = median(one.first for part in parts for one in part)
        ratios = [pace(ours) / pace(theirs) for ours, theirs in zip(turns[OURS], parts, strict=True)]
        said = [one.tokens for part in parts for one in part]
        same = beginning = "-"
        if exact and all(said):
            same = f"{mean(a == b for a, b in zip(said, exact, strict=True)):.2f}"
            beginning = f"{mean(shared(a, b) for a, b in zip(said, exact, strict=True)):.2f}"
        speed = median(map(pace, parts))
        times = "" if name == OURS else f"{median(ratios):.1f} ({min(ratios):.1f})"
        lines.append(f"| {name} | {first:.2f} | {length / first:.0f} | {speed:.0f} | {times} | {same} | {beginning} |")
    return "\n".join(lines)


def shared(one: Sequence[int], other: Sequence[int]) -> float:
    """The share of the longer text's tokens before the two part."""
    same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return same / max(len(one), len(other), 1)


def exported(work: Path, settings: Settings, base: Path) -> dict[str, Path]:
    """The base model as it ships and in full precision."""
    merged(None, base, open_store(settings.store), work / "merged", [NO_PROBE])
    return {one.name: converted(work / "merged", work / one.name, one) for one in (QUANTIZED[0], EXACT)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--generator", type=Path, help="folder of an exported generator; the base is exported without it"
    )
    parser.add_argument("--prompt-tokens", type=int, default=200)
    parser.add_argument("--new-tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    settings = Settings.from_env()
    url = profile(settings.profile).generator
    base = unpacked(url, settings)
    tokenizer = load_tokenizer(base)

    def encode(text: str) -> list[int]:
        ids: list[int] = tokenizer.encode(text, add_special_tokens=False)
        return ids

    every = prompts(chosen.rounds * PROMPTS_A_ROUND, chosen.prompt_tokens, encode)
    rounds = [every[start : start + PROMPTS_A_ROUND] for start in range(0, len(every), PROMPTS_A_ROUND)]
    with tempfile.TemporaryDirectory() as name:
        folders = {} if chosen.generator else exported(Path(name), settings, base)
        small = chosen.generator or folders["int4"]
        speakers: dict[str, Speaker] = {OURS: Nightshift(small, settings.threads)}
        speakers["onnxruntime-genai, a token at a time"] = TokenByToken(small, settings.threads)
        if "fp32" in folders:
            speakers["onnxruntime-genai fp32"] = TokenByToken(folders["fp32"], settings.threads)
        if find_spec("xllamacpp"):
            speakers["llama.cpp Q4_1"] = LlamaCpp(resolve(url), settings.threads)
        speakers["transformers fp32"] = Transformers(base, settings.threads)
        print(table(asked(speakers, rounds, chosen.new_tokens), rounds, "onnxruntime-genai fp32"))
        if "fp32" in folders:
            said = continuations(folders["fp32"], every, settings.threads)
            graphs = [Graph(folders[one], settings.threads) for one in ("fp32", "int4")]
            print(
                f"\nShown what fp32 said, int4 puts the same token first in {agreement(*graphs, said):.3f} of places."
            )
    if not find_spec("xllamacpp"):
        print("\nllama.cpp: not installed: uv pip install xllamacpp")
    print(
        f"\n{len(every)} prompts in {len(rounds)} rounds, seed {SEED}, at most {chosen.new_tokens} new tokens, {settings.threads} threads."
    )


if __name__ == "__main__":
    main()
