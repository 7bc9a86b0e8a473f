"""Which article answers a question: every signal alone, their blend, the blend without each, and a cold start.

    python -m bench.retrieval --source DIR --mapping thunderbird --train-until 2025-01-01 --test-from 2025-01-01
    python -m bench.retrieval --source 'simulate://shop?night=1' --tower never

Learns from the tickets resolved before --train-until as a night does, asks the questions from --test-from on, and prints
a Markdown table. Differences are paired, question by question, against the frozen encoder alone, with 95 % bootstrap
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
TIMED = 50  # questions asked one by one for the latency


@dataclass(frozen=True)
class Benchmark:
    """What each contender found, the weights of the blend, how much there was to learn from, and ms a search (median)."""

    found: Mapping[str, QuestionScores]
    weights: Mapping[str, float]
    tickets: int
    articles: int
    milliseconds: float


def benchmark(source: str, until: str, since: str, tower: str, settings: Settings, folder: Path) -> Benchmark:
    """Learn and ask, with all state in `folder`. `tower` is auto, or never to leave the query tower as it is.

    `until` and `since` are ISO times, '' where the newest fifth of the resolved tickets begins.
    Raises SourceError, NotEnoughData.
    """
    aside = settings.isolated_in(folder)
    night = Night.from_settings(aside)
    store = night.store
    snapshot, _ = ingest(open_source(source, aside), night)
    features, _ = transform(snapshot, until, night)
    questions = asked(features, since, store)
    texts = read_mart(store, features, "articles")["body"].to_pylist()
    documents = export_document_tower(night.profile.encoder, night, texts)
    lesson = train_night(features, None, tower, documents, folder / "taught", night)
    start = train_night(unresolved(features, store), None, "never", documents, folder / "untaught", night)
    encoders = SharedEncoders(store)
    taught, cold = (
        EvaluationRetriever.open(one.folder, aside.threads, open_encoder=encoders) for one in (lesson, start)
    )
    texts, times = questions["text"].to_pylist(), questions["created_at"].to_pylist()
    learned, untaught = taught.rank(texts, times), cold.rank(texts, times)
    scores: dict[str, NDArray[np.floating]] = {
        "frozen encoder, an article by its best section": best_section(
            sections_of(start.folder.index),
            encoders(start.folder.document_tower, aside.threads).encode(texts),
        ),
        BASELINE: untaught.retrieval_scores[:, SCORES.index("dense")],
        "words alone (BM25)": untaught.retrieval_scores[:, SCORES.index("bm25")],
        "cold start: the blend without a resolved ticket": untaught.scores,
        **({"query tower alone": learned.retrieval_scores[:, SCORES.index("dense")]} if lesson.learned else {}),
        "votes of past tickets alone": learned.retrieval_scores[:, SCORES.index("ticket_knn")],
        "prior head alone": learned.retrieval_scores[:, SCORES.index("prior")],
        "**blend**": learned.scores,
        **{f"blend without {one}": fuse(learned.retrieval_scores, {**lesson.fusion, one: 0.0}) for one in SCORES},
    }
    ids, gold = questions["ticket_id"].to_pylist(), questions["article_ids"].to_pylist()
    found = {name: score_rankings(ids, one, taught.article_ids, gold) for name, one in scores.items()}
    return Benchmark(
        found, lesson.fusion, lesson.resolved, len(taught.article_ids), latency(lesson.folder, texts, aside)
    )


def asked(features: Features, since: str, store: Store) -> pa.Table:
    """The resolved questions of the evaluation part from `since` on. Raises NotEnoughData when there are none."""
    questions = read_mart(store, features, "eval_questions").sort_by("ticket_id")
    if since:
        day = datetime.fromisoformat(parse_split(since)).replace(tzinfo=None)
        questions = questions.filter(pc.greater_equal(questions["created_at"], pa.scalar(day, pa.timestamp("us"))))
    if not questions.num_rows:
        raise NotEnoughData("no resolved question is left to ask", "give an earlier --test-from")
    return questions


def unresolved(features: Features, store: Store) -> Features:
    """The same articles and tickets on the first day: nothing has been resolved yet."""
    none, file = read_mart(store, features, "training_pairs").slice(0, 0), io.BytesIO()
    pq.write_table(none, file)
    tree = {**store.tree(features.digest), "training_pairs.parquet": store.put(file.getvalue())}
    return replace(features, digest=store.put_json(tree))


def best_section(sections: Sections, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a script would do: cosine of the best section of each article [n, articles]."""
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
    base = result.found[BASELINE]
    lines = [
        "| retrieval | hit@1 | hit@5 | hit@10 | MRR | hit@5 against the frozen encoder | MRR against it |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, found in result.found.items():
        values = [f"{found.values[measure].mean():.3f}" for measure in MEASURES]
        against = ["" if name == BASELINE else difference(found.values[one] - base.values[one]) for one in COMPARED]
        lines.append(f"| {' | '.join([name, *values, *against])} |")
    weights = ", ".join(f"{name} {weight:.2f}" for name, weight in result.weights.items())
    sizes = (
        f"{len(base.ids):,} questions, {result.articles:,} articles, {result.tickets:,} resolved tickets to learn from"
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
    parser.add_argument("--train-until", default="", help="learn from what was resolved before, e.g. 2025-01-01")
    parser.add_argument("--test-from", default="", help="ask what came from then on; the end of training if left out")
    parser.add_argument("--profile", default="tiny")
    parser.add_argument("--tower", choices=("auto", "never"), default="auto", help="train the query tower or leave it")
    given = parser.parse_args()
    source = source_url(given.source, given.mapping)
    with tempfile.TemporaryDirectory() as name:
        settings = Settings.from_env().with_profile(given.profile)
        result = benchmark(source, given.train_until, given.test_from, given.tower, settings, Path(name))
    print(table(result))
    print(f"Profile {given.profile}, query tower {'trained' if given.tower == 'auto' else 'as it is'}, seed 7.")


if __name__ == "__main__":
    main()
