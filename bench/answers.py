"""The generator before and after its night, side by side: the same questions, passages, prompt and checks.

    python -m bench.answers                              # a night of the simulated company
    python -m bench.answers --source exports/helpdesk --mapping helpdesk.yaml --test-from 2025-01-01
    python -m bench.answers --home .nightshift           # the release that serves there

The tuned generator is measured whether or not the night let it serve. Questions are those asked from the split on whose
answer a customer accepted. Every answer passes the same check before it counts as generated; what fails is replaced by
a quotation. Every second question is asked once more with the articles that resolved it taken away: then declining is
right. Intervals are paired bootstraps over questions.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.night import NIGHTLY
from bench.process import cost_of
from bench.source import source_url
from nightshift.answering.assistant import Answered, Assistant
from nightshift.answering.policy import Policy
from nightshift.answering.prompts import PREFIX, render, without_marks
from nightshift.artifacts import Features
from nightshift.export.generator import export_generator
from nightshift.lake import read_manifest
from nightshift.metrics.retrieval import interval
from nightshift.models.encoder import OnnxEncoder
from nightshift.models.generator import Generator
from nightshift.night import Night
from nightshift.progress import log, track
from nightshift.registry import mlflow as registry
from nightshift.release.layout import StoredRelease
from nightshift.retrieval.retriever import Retriever
from nightshift.settings import Settings
from nightshift.store import Store
from nightshift.store.model_tree import read_model
from nightshift.text.passages import Passage
from nightshift.text.words import content_words
from nightshift.train.generation_eval import FixedRetrieval
from nightshift.train.generator import at_least_base
from nightshift.train.generator_data import plain_answer
from nightshift.warehouse import read_mart

SEED = 7
DEPTH = 10  # passages looked through when the right articles are taken away
Likeness = Callable[[str, Sequence[str]], Sequence[float]]


@dataclass(frozen=True)
class Case:
    """A question, the answer that was accepted, the articles that resolved it, and passages with and without those."""

    question: str
    accepted: str
    articles: frozenset[str]
    found: tuple[Passage, ...]
    elsewhere: tuple[Passage, ...]


def accepted_answers(lineage: dict[str, Any], store: Store) -> dict[str, str]:
    """The newest answer of a helper that a customer accepted, by ticket, as the lake has it."""
    parts = read_manifest(store, lineage["snapshot"]["digest"]).tables["answers"]
    rows = [row for part in parts for row in pq.read_table(store.path(part.digest)).to_pylist()]
    told = [row for row in rows if row["accepted"] and row["by_helper"] and row["body"]]
    return {
        row["ticket_id"]: row["body"] for row in sorted(told, key=lambda row: (row["created_at"], row["answer_id"]))
    }


def cases(rows: Sequence[dict[str, Any]], accepted: dict[str, str], retriever: Retriever, n: int) -> list[Case]:
    """`n` questions that were answered, drawn by SEED, each with what retrieval finds for it."""
    known = sorted((row for row in rows if row["ticket_id"] in accepted), key=lambda row: str(row["ticket_id"]))
    chosen = random.Random(SEED).sample(known, min(n, len(known)))
    return [_case(row, plain_answer(accepted[row["ticket_id"]]), retriever) for row in chosen]


def _case(row: dict[str, Any], accepted: str, retriever: Retriever) -> Case:
    found = tuple(retriever.search(row["text"], DEPTH))
    articles = frozenset(row["article_ids"])
    return Case(row["text"], accepted, articles, found, tuple(one for one in found if one.article_id not in articles))


def answers(
    generator: Generator, questions: Sequence[tuple[str, tuple[Passage, ...]]], policy: Policy, likeness: Likeness
) -> tuple[list[Answered], list[float]]:
    """The answers over given passages, and the seconds each took."""
    said, seconds = [], []
    for question, passages in track(questions, "answers", len(questions), "questions"):
        started = time.perf_counter()
        *_, last = Assistant(FixedRetrieval(passages), generator, policy, likeness).answer(question)
        seconds.append(time.perf_counter() - started)
        if isinstance(last, Answered):
            said.append(last)
    return said, seconds


def measures(
    said: Sequence[Answered], away: Sequence[Answered], asked: Sequence[Case], encoder: OnnxEncoder
) -> dict[str, NDArray[np.float64]]:
    """The compared measures, one value per question: shares, likeness to the accepted answer, and right declining."""
    right = [any(one.article_id in case.articles for one in a.citations) for a, case in zip(said, asked, strict=True)]
    texts = [without_marks(one.text) for one in said]
    cosines = (encoder.encode(texts) * encoder.encode([case.accepted for case in asked])).sum(axis=1)
    values: dict[str, list[float]] = {
        "generated": [one.source == "generated" for one in said],
        "quoted": [one.source == "quoted" for one in said],
        "declined, though it was answered": [one.declined for one in said],
        "cites an article that resolved it": right,
        "generated, and cites such an article": [
            a.source == "generated" and r for a, r in zip(said, right, strict=True)
        ],
        "cosine to the accepted answer": cosines.tolist(),
        "word F1 with the accepted answer": [f1(t, c.accepted) for t, c in zip(texts, asked, strict=True)],
        "declined, with the article taken away": [one.declined for one in away],
    }
    return {name: np.array(column, np.float64) for name, column in values.items()}


def f1(said: str, wanted: str) -> float:
    """The harmonic mean of precision and recall over content words, repeats counted."""
    one, other = Counter(content_words(said)), Counter(content_words(wanted))
    shared = (one & other).total()
    return 2 * shared / (one.total() + other.total()) if shared else 0.0


def row(name: str, base: NDArray[np.float64], tuned: NDArray[np.float64]) -> str:
    low, high = interval(tuned - base, SEED)
    difference = f"{(tuned - base).mean():+.3f} ({low:+.3f} to {high:+.3f})"
    return f"| {name} | {base.mean():.3f} | {tuned.mean():.3f} | {difference} |"


def compare(home: Path, n: int) -> str:
    """The table for the release that serves in `home`."""
    settings = Settings.from_env({"NIGHTSHIFT_HOME": str(home)})
    night = Night.from_settings(settings)
    store = night.store
    release = StoredRelease(registry.serving(settings).digest, store)
    folder, lineage = release.checkout(), release.lineage
    questions = read_mart(store, Features(lineage["features"]["digest"], "", ""), "eval_questions").to_pylist()
    retriever = Retriever.open(folder, settings.threads)
    policy = Policy.from_json(folder.policy)
    asked = cases(questions, accepted_answers(lineage, store), retriever, n)
    encoder = OnnxEncoder(folder.document_tower, settings.threads)
    adapter = read_model(release.artifact.models["generator_adapter"], store)
    probes = [render(case.question, case.found[: policy.passages]) for case in asked]
    results, seconds = {}, {}
    for title, learned in (("base", None), ("tuned", adapter)):
        log(f"    {title}  exporting")
        model = export_generator(learned, adapter.base, night=night, probes=probes)
        generator = Generator(store.checkout(model.digest), settings.threads, PREFIX)
        said, seconds[title] = answers(generator, [(c.question, c.found) for c in asked], policy, retriever.likeness)
        missing = [(c.question, c.elsewhere) for c in asked[::2]]
        away, _ = answers(generator, missing, policy, retriever.likeness)
        results[title] = measures(said, away, asked, encoder)
    lines = ["| measure | base | tuned | difference (95 % interval) |", "|---|---|---|---|"]
    lines += [row(name, results["base"][name], results["tuned"][name]) for name in results["base"]]
    p50 = [float(np.median(seconds[title])) for title in ("base", "tuned")]
    lines.append(f"| seconds an answer, p50 | {p50[0]:.2f} | {p50[1]:.2f} | {p50[1] - p50[0]:+.2f} |")
    tried = {name: int(adapter.metrics[name]) for name in ("questions", "passed_base", "passed")}
    lines.append(f"\n{len(asked)} questions of {len(questions)}, seed {SEED}, {settings.threads} threads.")
    lines.append(
        f"Of the night's {tried['questions']} held-out questions the base answered {tried['passed_base']}, the tuned "
        f"one {tried['passed']}; {'the tuned one' if at_least_base(adapter) else 'the base'} serves."
    )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", default="simulate://shop?night=1", help="a folder, or any source URL")
    parser.add_argument("--mapping", help="name or file of the mapping of a folder, e.g. thunderbird")
    parser.add_argument("--test-from", default="", help="first day of the questions; all before it is learned from")
    parser.add_argument("--profile", default="tiny", choices=("tiny", "small", "full"))
    parser.add_argument("--home", type=Path, help="a state folder in which a night has run; none is run then")
    parser.add_argument("--questions", type=int, default=60)
    chosen = parser.parse_args()
    if chosen.home:
        print(compare(chosen.home, chosen.questions))
        return
    with tempfile.TemporaryDirectory() as name:
        print("... a night", file=sys.stderr, flush=True)
        words = [
            "--source",
            source_url(chosen.source, chosen.mapping),
            "--split_at",
            chosen.test_from,
            "--profile",
            chosen.profile,
            "--lora",
            "always",
        ]
        env = {"NIGHTSHIFT_HOME": f"{name}/state", "HOME": f"{name}/home"}
        cost = cost_of([*NIGHTLY, *words], env, Path(name) / "night.log")
        print(compare(Path(name) / "state", chosen.questions))
        print(
            f"\nThe night took {cost.wall:.0f} s, {cost.cpu:.0f} s of CPU; source {chosen.source}, "
            f"profile {chosen.profile}."
        )


if __name__ == "__main__":
    main()
