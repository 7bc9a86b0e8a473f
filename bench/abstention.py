"""Abstention: how many questions without an answer are declined, and how many with one.

    python -m bench.abstention --source 'simulate://shop?night=12&seed=11' --train-until 2026-01-09
    python -m bench.abstention --source DIR --mapping company --truth DIR/.truth --train-until 2026-01-09
    python -m bench.abstention --source DIR --mapping thunderbird --train-until 2025-01-01

Trains on the data before --train-until as a night does, and tests on questions from --test-from on. For the simulated
company the truth is known (--truth: JSON lines of `nightshift simulate`, never read by the pipeline): a question is
answerable if the release holds the article that answers it, even if the article was offline at the time; questions
about orders are answered by a tool and reported separately. Without --truth the resolved questions are answerable, and
the same questions with their articles removed are unanswerable. With --forget-unresolved the tickets that support
answered without an article are no training data, which simulates questions of a new kind. In brackets: 95 % bootstrap
intervals.
"""

import argparse
import io
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.source import source_url
from bench.truth import KINDS, answered_by, read_truth, simulated_truth
from nightshift.artifacts import Features
from nightshift.backtest.train_night import train_night
from nightshift.errors import NotEnoughData
from nightshift.evaluate.model_under_test import LoadedRelease
from nightshift.export.encoder import export_document_tower
from nightshift.lake import ingest
from nightshift.metrics.calibration import calibration_error
from nightshift.metrics.selective import risk_coverage, roc_auc
from nightshift.models.cached_encoder import SharedEncoders
from nightshift.night import Night
from nightshift.retrieval.evaluation_retriever import EvaluationRetriever
from nightshift.settings import Settings
from nightshift.sources import open_source
from nightshift.store import Store
from nightshift.train.abstention import MAX_DECLINED_ANSWERABLE
from nightshift.train.load_dataset import labelled_tickets
from nightshift.warehouse import MARTS, read_mart, transform
from nightshift.warehouse.split import parse_split

DECLINED_UNANSWERABLE = 0.90  # the share at which the declined answerable questions are reported
TOP_ARTICLES = 5  # a question counts as answered with a right article among them
RESAMPLES = 1_000
SAMPLES_PER_KIND = 2_000  # for the calibration error: the confidence is fitted at even odds
Statistic = Callable[[NDArray[np.float64], NDArray[np.float64]], float]


@dataclass(frozen=True)
class ScoredQuestions:
    """The kind of each question [n], its confidence, whether a right article was found, and the release's threshold."""

    kinds: NDArray[np.str_]
    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]
    threshold: float

    def of(self, kind: str) -> NDArray[np.float64]:
        confidence: NDArray[np.float64] = self.confidence[self.kinds == kind]
        return confidence


def measure(
    source: str,
    truth: Path | None,
    until: str,
    since: str,
    settings: Settings,
    folder: Path,
    *,
    tower: str,
    forget_unresolved: bool,
) -> ScoredQuestions:
    """Train and test, with all state in `folder`. Raises SourceError, NotEnoughData."""
    night = Night.from_settings(settings.isolated_in(folder))
    store = night.store
    snapshot, _ = ingest(open_source(source, night.settings), night)
    features, _ = transform(snapshot, until, night)
    if forget_unresolved:
        features = without_unresolved(features, store)
    texts = read_mart(store, features, "articles")["body"].to_pylist()
    documents = export_document_tower(night.profile.encoder, night, texts)
    tickets = labelled_tickets(features, documents, night)
    trained = train_night(features, None, tower, documents, folder / "release", night, tickets)
    retriever = EvaluationRetriever.open(trained.folder, night.settings.threads, open_encoder=SharedEncoders(store))
    release = LoadedRelease.from_folder(trained.folder, retriever)
    if truth:
        return by_truth(release, _since(read_mart(store, features, "tickets"), features, since), read_truth(truth))
    return with_articles_removed(release, questions_of(features, since, store))


def without_unresolved(features: Features, store: Store) -> Features:
    """The same marts, without the tickets that support answered without an article."""
    file = io.BytesIO()
    pq.write_table(MARTS["unresolved"].empty_table(), file)
    tree = {**store.tree(features.digest), "unresolved.parquet": store.put(file.getvalue())}
    return replace(features, digest=store.put_json(tree))


def by_truth(release: LoadedRelease, tickets: pa.Table, truth: Mapping[str, Mapping[str, str]]) -> ScoredQuestions:
    """Every ticket in the truth of one of KINDS."""
    rows = [row for row in tickets.to_pylist() if truth.get(row["ticket_id"], {}).get("kind") in KINDS]
    ranking = release.retriever.rank([row["text"] for row in rows], [row["created_at"] for row in rows])
    best = np.argsort(-ranking.scores, axis=1, kind="stable")[:, :TOP_ARTICLES]
    names = release.retriever.article_ids
    known = [answered_by(truth[row["ticket_id"]], names) for row in rows]
    right = [
        article in {names[column] for column in top} for (_, article), top in zip(known, best.tolist(), strict=True)
    ]
    kinds = np.array([kind for kind, _ in known])
    return ScoredQuestions(kinds, release.confidence.of(ranking.evidence), np.array(right), release.floor)


def with_articles_removed(release: LoadedRelease, questions: pa.Table) -> ScoredQuestions:
    """Resolved questions as they are, and once more without the articles that resolved them."""
    texts, times, articles = (questions[name].to_pylist() for name in ("text", "created_at", "article_ids"))
    complete, removed = (release.retriever.rank(texts, times, without) for without in (None, articles))
    best = np.argsort(-complete.scores, axis=1, kind="stable")[:, :TOP_ARTICLES]
    names = release.retriever.article_ids
    right = [
        bool({names[column] for column in top} & set(gold)) for top, gold in zip(best.tolist(), articles, strict=True)
    ]
    confidence = release.confidence.of(np.concatenate([complete.evidence, removed.evidence]))
    kinds = np.repeat(["answerable", "unanswerable"], len(texts))
    return ScoredQuestions(kinds, confidence, np.array(right + [False] * len(texts)), release.floor)


def questions_of(features: Features, since: str, store: Store) -> pa.Table:
    """The resolved questions from `since` on. Raises NotEnoughData when there are none."""
    questions = _since(read_mart(store, features, "eval_questions"), features, since)
    if not questions.num_rows:
        raise NotEnoughData("there is no resolved question to test on", "give an earlier --test-from")
    return questions


def table(result: ScoredQuestions) -> str:
    """Markdown: the shares declined at the release's threshold and at given shares, then risk against coverage."""
    answerable, unanswerable = result.of("answerable"), result.of("unanswerable")
    rows = {
        "area under the ROC curve": interval(roc_auc, answerable, unanswerable),
        "answerable declined at the release's threshold": interval(
            lambda answerable, _: _below(answerable, result.threshold), answerable, unanswerable
        ),
        "unanswerable declined at the release's threshold": interval(
            lambda _, unanswerable: _below(unanswerable, result.threshold), answerable, unanswerable
        ),
        f"unanswerable declined where {MAX_DECLINED_ANSWERABLE:.0%} of the answerable are": interval(
            declined_unanswerable, answerable, unanswerable
        ),
        f"answerable declined where {DECLINED_UNANSWERABLE:.0%} of the unanswerable are": interval(
            declined_answerable, answerable, unanswerable
        ),
    }
    lines = ["| measure | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())]
    if len(orders := result.of("about an order")):
        share = _below(orders, result.threshold)
        lines.append(f"| {len(orders)} questions about an order, declined at the threshold | {share:.3f} |")
    both = np.isin(result.kinds, ["answerable", "unanswerable"])
    rng = np.random.default_rng(0)
    even = np.concatenate([rng.choice(confidence, SAMPLES_PER_KIND) for confidence in (answerable, unanswerable)])
    error = calibration_error(even, np.repeat([True, False], SAMPLES_PER_KIND))
    curve = risk_coverage(result.confidence[both], result.right[both])
    lines += [
        f"| calibration error (ECE) of the confidence, at even odds | {error:.3f} |",
        "",
        f"| answered | {' | '.join(f'{coverage:.0%}' for coverage, _ in curve[1::2])} |",
        f"|---|{'---|' * len(curve[1::2])}",
        f"| no right article among {TOP_ARTICLES} | {' | '.join(f'{risk:.3f}' for _, risk in curve[1::2])} |",
    ]
    return "\n".join(lines)


def declined_unanswerable(answerable: NDArray[np.float64], unanswerable: NDArray[np.float64]) -> float:
    """The share of the unanswerable declined where MAX_DECLINED_ANSWERABLE of the answerable are."""
    return _below(unanswerable, float(np.quantile(answerable, MAX_DECLINED_ANSWERABLE, method="lower")))


def declined_answerable(answerable: NDArray[np.float64], unanswerable: NDArray[np.float64]) -> float:
    """The share of the answerable declined where DECLINED_UNANSWERABLE of the unanswerable are."""
    return float((answerable <= np.quantile(unanswerable, DECLINED_UNANSWERABLE, method="higher")).mean())


def interval(statistic: Statistic, answerable: NDArray[np.float64], unanswerable: NDArray[np.float64]) -> str:
    """The statistic of two samples with its percentile bootstrap interval: '0.93 (0.90 to 0.96)'."""
    rng = np.random.default_rng(0)
    values = [
        statistic(rng.choice(answerable, len(answerable)), rng.choice(unanswerable, len(unanswerable)))
        for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(values, [0.025, 0.975])
    return f"{statistic(answerable, unanswerable):.3f} ({low:.3f} to {high:.3f})"


def _below(confidence: NDArray[np.float64], threshold: float) -> float:
    return float((confidence < threshold).mean())


def _since(tickets: pa.Table, features: Features, since: str) -> pa.Table:
    """The tickets asked from `since` on, or from the split on, by id."""
    day = datetime.fromisoformat(parse_split(since or features.split_at)).replace(tzinfo=None)
    later = tickets.filter(pc.greater_equal(tickets["created_at"], pa.scalar(day, pa.timestamp("us"))))
    return later.sort_by("ticket_id")


def sizes(result: ScoredQuestions) -> Sequence[str]:
    return [f"{count:,} {kind}" for kind, count in zip(*np.unique(result.kinds, return_counts=True), strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True, help="a folder, or any source URL")
    parser.add_argument("--mapping", help="name or file of the mapping of a folder, e.g. thunderbird")
    parser.add_argument("--truth", type=Path, help="file or folder of what is true about each ticket")
    parser.add_argument("--train-until", default="", help="train on the data before this day, e.g. 2025-01-01")
    parser.add_argument("--test-from", default="", help="first day of the test questions; default: --train-until")
    parser.add_argument("--profile", default="tiny")
    parser.add_argument("--tower", choices=("auto", "never"), default="auto", help="train the query tower or leave it")
    parser.add_argument(
        "--forget-unresolved", action="store_true", help="do not train on tickets answered without an article"
    )
    arguments = parser.parse_args()
    source = source_url(arguments.source, arguments.mapping)
    with tempfile.TemporaryDirectory() as name:
        settings = Settings.from_env().with_profile(arguments.profile)
        truth = simulated_truth(source, Path(name) / "company") if source.startswith("simulate:") else arguments.truth
        result = measure(
            source,
            truth,
            arguments.train_until,
            arguments.test_from,
            settings,
            Path(name),
            tower=arguments.tower,
            forget_unresolved=arguments.forget_unresolved,
        )
    print(table(result))
    print(
        f"\n{', '.join(sizes(result))}; {source}, profile {arguments.profile}, query tower {arguments.tower}, seed 7."
    )


if __name__ == "__main__":
    main()
