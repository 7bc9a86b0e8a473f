"""Which questions are declined: those that no article answers, against those that one does.

    python -m bench.declining --source 'simulate://shop?night=12&seed=11' --train-until 2026-01-09
    python -m bench.declining --source DIR --mapping company --truth DIR/.truth --train-until 2026-01-09
    python -m bench.declining --source DIR --mapping thunderbird --train-until 2025-01-01

Trains on the rows of before --train-until as a night does, and asks the questions of --test-from on. For the simulated
company the truth is known (--truth: JSON lines of `nightshift simulate`, never read by the pipeline): a question is
answerable if the article that answers it is in the release, even if it was deleted when the question was asked;
questions about orders are left out, because a tool answers them. Without --truth the resolved questions are answerable,
and the same ones without their articles are not. With --forget-unresolved the tickets that support answered without an
article are left out of training: then unanswerable questions are of a kind that was never seen. In brackets: 95 %
bootstrap intervals.
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

AIM = 0.90  # of the unanswerable questions
FOUND_WITHIN = 5  # articles: a right one among them is an answer
RESAMPLES = 1_000
EVEN = 2_000  # of either kind: the confidence is fitted at even odds
Measure = Callable[[NDArray[np.float64], NDArray[np.float64]], float]


@dataclass(frozen=True)
class Asked:
    """Questions by kind, the confidence in each, and whether a right article was found."""

    kinds: NDArray[np.str_]
    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]
    floor: float

    def of(self, kind: str) -> NDArray[np.float64]:
        confidence: NDArray[np.float64] = self.confidence[self.kinds == kind]
        return confidence


def asked(
    source: str,
    truth: Path | None,
    until: str,
    since: str,
    settings: Settings,
    folder: Path,
    *,
    tower: str,
    forget: bool,
) -> Asked:
    """Learn and ask, with all state in `folder`. Raises SourceError, NotEnoughData."""
    aside = settings.isolated_in(folder)
    night = Night.from_settings(aside)
    store = night.store
    snapshot, _ = ingest(open_source(source, aside), night)
    features, _ = transform(snapshot, until, night)
    if forget:
        features = without_unresolved(features, store)
    texts = read_mart(store, features, "articles")["body"].to_pylist()
    documents = export_document_tower(night.profile.encoder, night, texts)
    tickets = labelled_tickets(features, documents, night)
    trained = train_night(features, None, tower, documents, folder / "release", night, tickets)
    retriever = EvaluationRetriever.open(trained.folder, aside.threads, open_encoder=SharedEncoders(store))
    release = LoadedRelease.from_folder(trained.folder, retriever)
    if truth:
        return told(release, _since(read_mart(store, features, "tickets"), features, since), read_truth(truth))
    return taken_away(release, questions_of(features, since, store))


def without_unresolved(features: Features, store: Store) -> Features:
    """The same marts, as if support had always answered with an article or not at all."""
    file = io.BytesIO()
    pq.write_table(MARTS["unresolved"].empty_table(), file)
    tree = {**store.tree(features.digest), "unresolved.parquet": store.put(file.getvalue())}
    return replace(features, digest=store.put_json(tree))


def told(release: LoadedRelease, tickets: pa.Table, truth: Mapping[str, Mapping[str, str]]) -> Asked:
    """Every ticket that the truth knows, of one of KINDS."""
    rows = [row for row in tickets.to_pylist() if truth.get(row["ticket_id"], {}).get("kind") in KINDS]
    ranking = release.retriever.rank([row["text"] for row in rows], [row["created_at"] for row in rows])
    best = np.argsort(-ranking.scores, axis=1, kind="stable")[:, :FOUND_WITHIN]
    names = release.retriever.article_ids
    known = [answered_by(truth[row["ticket_id"]], names) for row in rows]
    right = [
        article in {names[column] for column in top} for (_, article), top in zip(known, best.tolist(), strict=True)
    ]
    kinds = np.array([kind for kind, _ in known])
    return Asked(kinds, release.confidence.of(ranking.evidence), np.array(right), release.floor)


def taken_away(release: LoadedRelease, questions: pa.Table) -> Asked:
    """Resolved questions as they are, and once more without the articles that resolved them."""
    texts, times, articles = (questions[name].to_pylist() for name in ("text", "created_at", "article_ids"))
    there, gone = (release.retriever.rank(texts, times, without) for without in (None, articles))
    best = np.argsort(-there.scores, axis=1, kind="stable")[:, :FOUND_WITHIN]
    names = release.retriever.article_ids
    right = [
        bool({names[column] for column in top} & set(gold)) for top, gold in zip(best.tolist(), articles, strict=True)
    ]
    confidence = release.confidence.of(np.concatenate([there.evidence, gone.evidence]))
    kinds = np.repeat(["answerable", "unanswerable"], len(texts))
    return Asked(kinds, confidence, np.array(right + [False] * len(texts)), release.floor)


def questions_of(features: Features, since: str, store: Store) -> pa.Table:
    """The resolved questions from `since` on. Raises NotEnoughData when there are none."""
    questions = _since(read_mart(store, features, "eval_questions"), features, since)
    if not questions.num_rows:
        raise NotEnoughData("no resolved question is left to ask", "give an earlier --test-from")
    return questions


def table(result: Asked) -> str:
    """Markdown: the shares at the release's floor and at the aims, then risk against coverage."""
    sure, unsure = result.of("answerable"), result.of("unanswerable")
    rows = {
        "area under the ROC curve": interval(roc_auc, sure, unsure),
        "answerable declined at the release's floor": interval(lambda one, _: _below(one, result.floor), sure, unsure),
        "unanswerable declined at the release's floor": interval(
            lambda _, one: _below(one, result.floor), sure, unsure
        ),
        f"unanswerable declined where {MAX_DECLINED_ANSWERABLE:.0%} of the answerable are": interval(
            declined, sure, unsure
        ),
        f"answerable declined where {AIM:.0%} of the unanswerable are": interval(given_up, sure, unsure),
    }
    lines = ["| measure | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())]
    if len(orders := result.of("about an order")):
        lines.append(
            f"| {len(orders)} questions about an order, declined at the floor | {_below(orders, result.floor):.3f} |"
        )
    both = np.isin(result.kinds, ["answerable", "unanswerable"])
    draw = np.random.default_rng(0)
    even = np.concatenate([draw.choice(one, EVEN) for one in (sure, unsure)])
    error = calibration_error(even, np.repeat([True, False], EVEN))
    curve = risk_coverage(result.confidence[both], result.right[both])
    lines += [
        f"| calibration error (ECE) of the confidence, at even odds | {error:.3f} |",
        "",
        f"| answered | {' | '.join(f'{coverage:.0%}' for coverage, _ in curve[1::2])} |",
        f"|---|{'---|' * len(curve[1::2])}",
        f"| no right article among {FOUND_WITHIN} | {' | '.join(f'{risk:.3f}' for _, risk in curve[1::2])} |",
    ]
    return "\n".join(lines)


def declined(sure: NDArray[np.float64], unsure: NDArray[np.float64]) -> float:
    """The share of the unanswerable below the floor that declines MAX_DECLINED_ANSWERABLE of the answerable."""
    return _below(unsure, float(np.quantile(sure, MAX_DECLINED_ANSWERABLE, method="lower")))


def given_up(sure: NDArray[np.float64], unsure: NDArray[np.float64]) -> float:
    """The share of the answerable at or below the confidence that AIM of the unanswerable do not exceed."""
    return float((sure <= np.quantile(unsure, AIM, method="higher")).mean())


def interval(measure: Measure, sure: NDArray[np.float64], unsure: NDArray[np.float64]) -> str:
    """The measure of two samples with its percentile bootstrap interval: '0.93 (0.90 to 0.96)'."""
    draw = np.random.default_rng(0)
    values = [measure(draw.choice(sure, len(sure)), draw.choice(unsure, len(unsure))) for _ in range(RESAMPLES)]
    low, high = np.quantile(values, [0.025, 0.975])
    return f"{measure(sure, unsure):.3f} ({low:.3f} to {high:.3f})"


def _below(confidence: NDArray[np.float64], floor: float) -> float:
    return float((confidence < floor).mean())


def _since(tickets: pa.Table, features: Features, since: str) -> pa.Table:
    """The tickets asked from `since` on, or from the split on, by id."""
    day = datetime.fromisoformat(parse_split(since or features.split_at)).replace(tzinfo=None)
    later = tickets.filter(pc.greater_equal(tickets["created_at"], pa.scalar(day, pa.timestamp("us"))))
    return later.sort_by("ticket_id")


def sizes(result: Asked) -> Sequence[str]:
    return [f"{count:,} {kind}" for kind, count in zip(*np.unique(result.kinds, return_counts=True), strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True, help="a folder, or any source URL")
    parser.add_argument("--mapping", help="name or file of the mapping of a folder, e.g. thunderbird")
    parser.add_argument("--truth", type=Path, help="file or folder of what is true about each ticket")
    parser.add_argument("--train-until", default="", help="learn from what was there before, e.g. 2025-01-01")
    parser.add_argument("--test-from", default="", help="ask what came from then on; the end of training if left out")
    parser.add_argument("--profile", default="tiny")
    parser.add_argument("--tower", choices=("auto", "never"), default="auto", help="train the query tower or leave it")
    parser.add_argument(
        "--forget-unresolved", action="store_true", help="learn nothing from tickets without an article"
    )
    given = parser.parse_args()
    source = source_url(given.source, given.mapping)
    with tempfile.TemporaryDirectory() as name:
        settings = Settings.from_env().with_profile(given.profile)
        truth = simulated_truth(source, Path(name) / "company") if source.startswith("simulate:") else given.truth
        result = asked(
            source,
            truth,
            given.train_until,
            given.test_from,
            settings,
            Path(name),
            tower=given.tower,
            forget=given.forget_unresolved,
        )
    print(table(result))
    print(f"\n{', '.join(sizes(result))}; {source}, profile {given.profile}, query tower {given.tower}, seed 7.")


if __name__ == "__main__":
    main()
