"""Retrieval: every score alone, their fusion, the fusion without each score, and a cold start.

    python -m bench.retrieval --source DIR --mapping thunderbird --train-until 2025-01-01 --test-from 2025-01-01
    python -m bench.retrieval --source 'simulate://shop?night=1' --tower never

Trains on the tickets resolved before --train-until as a night does, tests on the questions from --test-from on, and
prints a Markdown table. Differences are paired by question, against the frozen encoder alone, with 95 % bootstrap
intervals. The cold start has the articles and no resolved ticket.
"""

import argparse
import io
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.source import source_url
from nightshift.artifacts import Features
from nightshift.backtest.train_night import train_night
from nightshift.errors import NotEnoughData
from nightshift.export.encoder import export_document_tower
from nightshift.lake import ingest
from nightshift.metrics.retrieval import QuestionScores, interval, score_rankings
from nightshift.models.cached_encoder import SharedEncoders
from nightshift.night import Night
from nightshift.release.layout import ReleaseFolder
from nightshift.retrieval.evaluation_retriever import EvaluationRetriever
from nightshift.retrieval.fusion import SCORES, fuse
from nightshift.retrieval.retriever import Retriever
from nightshift.retrieval.sections import Sections, sections_of
from nightshift.settings import Settings
from nightshift.sources import open_source
from nightshift.store import Store
from nightshift.warehouse import read_mart, transform
from nightshift.warehouse.split import parse_split

BASELINE = "frozen encoder alone"
MEASURES = ("hit@1", "hit@5", "hit@10", "mrr")
COMPARED = ("hit@5", "mrr")
TIMED = 50  # questions searched one by one for the latency


@dataclass(frozen=True)
class Benchmark:
    """Scores per system, fusion weights, size of the training data, and median milliseconds of one search."""

    systems: Mapping[str, QuestionScores]
    weights: Mapping[str, float]
    tickets: int
    articles: int
    milliseconds: float


def benchmark(source: str, until: str, since: str, tower: str, settings: Settings, folder: Path) -> Benchmark:
    """Train and test, with all state in `folder`. `tower` is auto, or never to use the base encoder.

    `until` and `since` are ISO times; '' is the day on which the newest fifth of the resolved tickets begins.
    Raises SourceError, NotEnoughData.
    """
    isolated = settings.isolated_in(folder)
    night = Night.from_settings(isolated)
    store = night.store
    snapshot, _ = ingest(open_source(source, isolated), night)
    features, _ = transform(snapshot, until, night)
    questions = evaluation_questions(features, since, store)
    texts = read_mart(store, features, "articles")["body"].to_pylist()
    documents = export_document_tower(night.profile.encoder, night, texts)
    trained = train_night(features, None, tower, documents, folder / "trained", night)
    cold = train_night(without_resolved(features, store), None, "never", documents, folder / "cold", night)
    encoders = SharedEncoders(store)
    retriever, cold_retriever = (
        EvaluationRetriever.open(night_release.folder, isolated.threads, open_encoder=encoders)
        for night_release in (trained, cold)
    )
    texts, times = questions["text"].to_pylist(), questions["created_at"].to_pylist()
    ranking, cold_ranking = retriever.rank(texts, times), cold_retriever.rank(texts, times)
    scores: dict[str, NDArray[np.floating]] = {
        "frozen encoder, an article by its best section": best_section(
            sections_of(cold.folder.index),
            encoders(cold.folder.document_tower, isolated.threads).encode(texts),
        ),
        BASELINE: cold_ranking.retrieval_scores[:, SCORES.index("dense")],
        "BM25 alone": cold_ranking.retrieval_scores[:, SCORES.index("bm25")],
        "cold start: the fusion without a resolved ticket": cold_ranking.scores,
        **({"query tower alone": ranking.retrieval_scores[:, SCORES.index("dense")]} if trained.learned else {}),
        "ticket kNN alone": ranking.retrieval_scores[:, SCORES.index("ticket_knn")],
        "prior classifier alone": ranking.retrieval_scores[:, SCORES.index("prior")],
        "**fusion**": ranking.scores,
        **{f"fusion without {name}": fuse(ranking.retrieval_scores, {**trained.fusion, name: 0.0}) for name in SCORES},
    }
    ids, gold = questions["ticket_id"].to_pylist(), questions["article_ids"].to_pylist()
    systems = {name: score_rankings(ids, system, retriever.article_ids, gold) for name, system in scores.items()}
    return Benchmark(
        systems, trained.fusion, trained.resolved, len(retriever.article_ids), latency(trained.folder, texts, isolated)
    )


def evaluation_questions(features: Features, since: str, store: Store) -> pa.Table:
    """The resolved questions of the evaluation part from `since` on. Raises NotEnoughData if there are none."""
    questions = read_mart(store, features, "eval_questions").sort_by("ticket_id")
    if since:
        day = datetime.fromisoformat(parse_split(since)).replace(tzinfo=None)
        questions = questions.filter(pc.greater_equal(questions["created_at"], pa.scalar(day, pa.timestamp("us"))))
    if not questions.num_rows:
        raise NotEnoughData("there is no resolved question to test on", "give an earlier --test-from")
    return questions


def without_resolved(features: Features, store: Store) -> Features:
    """The same articles and tickets, without resolved tickets: a cold start."""
    file = io.BytesIO()
    pq.write_table(read_mart(store, features, "training_pairs").slice(0, 0), file)
    tree = {**store.tree(features.digest), "training_pairs.parquet": store.put(file.getvalue())}
    return replace(features, digest=store.put_json(tree))


def best_section(sections: Sections, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """A simple baseline: the cosine of the best section of each article [n, articles]."""
    best = np.full((len(sections.articles), len(vectors)), -np.inf, np.float32)
    np.maximum.at(best, sections.columns, sections.vectors @ vectors.T)
    return best.T


def latency(release: ReleaseFolder, texts: list[str], settings: Settings) -> float:
    """Median milliseconds of one search, both encoders included."""
    retriever = Retriever.open(release, settings.threads)
    seconds = []
    for text in texts[:TIMED]:
        started = time.perf_counter()
        retriever.search(text, 5)
        seconds.append(time.perf_counter() - started)
    return 1000 * float(np.median(seconds))


def table(result: Benchmark) -> str:
    """A Markdown table, and a line on what it was measured on."""
    base = result.systems[BASELINE]
    lines = [
        "| retrieval | hit@1 | hit@5 | hit@10 | MRR | hit@5 against the frozen encoder | MRR against it |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, system in result.systems.items():
        values = [f"{system.values[measure].mean():.3f}" for measure in MEASURES]
        against = [
            "" if name == BASELINE else difference(system.values[measure] - base.values[measure])
            for measure in COMPARED
        ]
        lines.append(f"| {' | '.join([name, *values, *against])} |")
    weights = ", ".join(f"{name} {weight:.2f}" for name, weight in result.weights.items())
    sizes = (
        f"{len(base.ids):,} questions, {result.articles:,} articles, {result.tickets:,} resolved tickets to train on"
    )
    speed = f"one search takes {result.milliseconds:.1f} ms (median of {TIMED}, both encoders included)"
    lines += ["", f"{sizes}; weights: {weights}; {speed}."]
    return "\n".join(lines)


def difference(gains: NDArray[np.float64]) -> str:
    """A paired mean difference with its interval: '+.150 (.121 to .179)'."""
    low, high = interval(gains)
    return f"{gains.mean():+.3f} ({low:+.3f} to {high:+.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True, help="a folder, or any source URL")
    parser.add_argument("--mapping", help="name or file of the mapping of a folder, e.g. thunderbird")
    parser.add_argument(
        "--train-until", default="", help="train on the tickets resolved before this day, e.g. 2025-01-01"
    )
    parser.add_argument("--test-from", default="", help="first day of the test questions; default: --train-until")
    parser.add_argument("--profile", default="tiny")
    parser.add_argument("--tower", choices=("auto", "never"), default="auto", help="train the query tower, or never")
    arguments = parser.parse_args()
    source = source_url(arguments.source, arguments.mapping)
    with tempfile.TemporaryDirectory() as name:
        settings = Settings.from_env().with_profile(arguments.profile)
        result = benchmark(source, arguments.train_until, arguments.test_from, arguments.tower, settings, Path(name))
    print(table(result))
    print(f"Profile {arguments.profile}, query tower {'trained' if arguments.tower == 'auto' else 'as it is'}, seed 7.")


if __name__ == "__main__":
    main()
