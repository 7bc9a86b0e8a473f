"""Night by night: train on what was known, then rank articles for the questions that came next, with four systems.

    result = run_backtest("file:///exports/helpdesk?mapping=helpdesk.yaml", plan, settings)
    result.nights[5].hits["nightly"]["hit@5"]     # [1., 0., 1., ...]: one number per question of that week

nightly   trained on every night     bm25    BM25 alone
frozen    trained on the first one   dense   the base encoder alone
"""

import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nightshift.artifacts import Model
from nightshift.backtest.plan import Plan
from nightshift.backtest.time_travel import History, read_history
from nightshift.backtest.train_night import NightRelease, train_night
from nightshift.export.encoder import export_document_tower
from nightshift.metrics.retrieval import score_rankings
from nightshift.models.cached_encoder import SharedEncoders
from nightshift.night import Night
from nightshift.progress import cpu_seconds, log
from nightshift.release.layout import ReleaseFolder
from nightshift.retrieval.evaluation_retriever import EvaluationRetriever
from nightshift.retrieval.fusion import SCORES
from nightshift.settings import Settings
from nightshift.store import open_store

SYSTEMS = ("nightly", "frozen", "bm25", "dense")
MEASURES = ("hit@1", "hit@5", "hit@10")  # of those that score_rankings gives

Hits = dict[str, dict[str, NDArray[np.float64]]]  # system -> measure -> [questions]


@dataclass(frozen=True)
class ReplayedNight:
    """The release of one night and the hits on the questions asked after it, at `asked_at`.

    `tower_trained`: whether this night trained the query tower. `hits` is empty where nothing was asked.
    """

    date: datetime
    release: NightRelease
    tower_trained: bool
    asked_at: list[datetime]
    hits: Hits


@dataclass(frozen=True)
class Backtest:
    """A replayed history. `reading_seconds`: CPU seconds of ingest, transform and document tower, spent once for all
    nights.
    """

    source: str
    plan: Plan
    profile: str
    reading_seconds: float
    nights: list[ReplayedNight]


def run_backtest(source: str, plan: Plan, settings: Settings) -> Backtest:
    """Replay `plan` on `source` in a temporary state folder, which is removed afterwards.

    Raises SourceError, WarehouseError, NotEnoughData for a history with too few dated questions.
    """
    with tempfile.TemporaryDirectory() as name:
        night, started = Night.from_settings(settings.isolated_in(Path(name))), cpu_seconds()
        history = read_history(source, plan, night)
        texts = history.links["text"].to_pylist()
        documents = export_document_tower(night.profile.encoder, night, texts)
        seconds = cpu_seconds() - started
        nights = replay(history, plan, documents, night)
    return Backtest(source, plan, settings.profile, seconds, nights)


def replay(history: History, plan: Plan, documents: Model, night: Night) -> list[ReplayedNight]:
    """Every night of `plan`, oldest first."""
    # Test questions have an embedding cache of their own: so each night pays for embedding its training tickets.
    settings = night.settings
    encoders = SharedEncoders(open_store(f"file://{settings.home}/asked"))

    def retriever(folder: ReleaseFolder) -> EvaluationRetriever:
        return EvaluationRetriever.open(folder, settings.threads, open_encoder=encoders)

    nights: list[ReplayedNight] = []
    previous: NightRelease | None = None
    fixed: dict[str, EvaluationRetriever] = {}
    for number, (date, until) in enumerate(plan.spans(), start=1):
        folder = settings.home / f"night-{number}"
        release = train_night(history.features(date, night.store), previous, plan.tower, documents, folder, night)
        tower_trained = release.learned != (previous.learned if previous else frozenset())
        if not fixed:
            base = _base_release(release, settings.home / "base")
            fixed = {"frozen": retriever(release.folder), "base": retriever(base)}
        questions = history.questions(date, until)
        hits = _hits(questions, {**fixed, "nightly": retriever(release.folder)}) if questions.num_rows else {}
        nights.append(ReplayedNight(date, release, tower_trained, questions["created_at"].to_pylist(), hits))
        previous = release
        log(f"  night {number} of {len(plan.nights)}  {date:%Y-%m-%d}  {_summary(nights[-1])}")
    return nights


def _hits(questions: pa.Table, retrievers: dict[str, EvaluationRetriever]) -> Hits:
    """The measures of every system; the `base` retriever gives the retrieval scores of BM25 and of the base encoder."""
    texts, times = questions["text"].to_pylist(), questions["created_at"].to_pylist()
    ids, gold = questions["ticket_id"].to_pylist(), questions["article_ids"].to_pylist()
    ranked = {name: retriever.rank(texts, times) for name, retriever in retrievers.items()}
    scores: dict[str, NDArray[np.floating]] = {name: ranking.scores for name, ranking in ranked.items()}
    scores |= {name: ranked["base"].retrieval_scores[:, SCORES.index(name)] for name in ("bm25", "dense")}
    articles = {name: retrievers.get(name, retrievers["base"]).article_ids for name in SYSTEMS}
    measured = {name: score_rankings(ids, scores[name], articles[name], gold) for name in SYSTEMS}
    return {name: {measure: measured[name].values[measure] for measure in MEASURES} for name in SYSTEMS}


def _base_release(frozen: NightRelease, folder: Path) -> ReleaseFolder:
    """The frozen release with the base encoder in place of its query tower."""
    release = frozen.folder
    return ReleaseFolder.link(
        folder,
        index=release.index,
        document_tower=release.document_tower,
        query_tower=release.document_tower,
        classifiers=release.classifiers,
        weights=release.weights,
        policy=release.policy,
    )


def _summary(night: ReplayedNight) -> str:
    cost = f"{night.release.cost.seconds:.1f} s of CPU{', query tower trained' if night.tower_trained else ''}"
    if not night.hits:
        return f"no questions, {cost}"
    hits = ", ".join(f"{name} {scores['hit@5'].mean():.2f}" for name, scores in night.hits.items())
    return f"{len(night.asked_at)} questions, hit@5 {hits}; {cost}"
