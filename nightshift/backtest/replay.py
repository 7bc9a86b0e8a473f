"""Night by night: learn from what was known, then ask what came next of everyone who competes.

    result = replayed("file:///exports/desk?mapping=desk.yaml", plan, settings)
    result.nights[5].hits["nightly"]["hit@5"]     # [1., 0., 1., ...]: one number per question of that week

nightly   learns on every night      bm25    words in common alone
frozen    learned on the first one   dense   the base encoder alone
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
from nightshift.retrieval.fusion import SCORES
from nightshift.retrieval.retriever import Retriever
from nightshift.settings import Settings
from nightshift.store import open_store

CONTENDERS = ("nightly", "frozen", "bm25", "dense")
MEASURES = ("hit@1", "hit@5", "hit@10")
"""What is told of every contender; score_rankings measures more."""

Hits = dict[str, dict[str, NDArray[np.float64]]]


@dataclass(frozen=True)
class ReplayedNight:
    """What one night learned and cost, and how the questions after it went: `hits` [questions] by contender and measure."""

    at: datetime
    lesson: NightRelease
    trained: bool
    asked_at: list[datetime]
    hits: Hits


@dataclass(frozen=True)
class Backtest:
    """A replayed history. `reading_seconds` is the CPU of ingest, transform and the document tower, once for all nights."""

    source: str
    plan: Plan
    profile: str
    reading_seconds: float
    nights: list[ReplayedNight]


def replayed(source: str, plan: Plan, settings: Settings) -> Backtest:
    """Replay `plan` on `source` in a state of its own, which is gone afterwards.

    Raises SourceError, WarehouseError, NotEnoughData for a history with too few dated questions.
    """
    with tempfile.TemporaryDirectory() as name:
        aside = settings.isolated_in(Path(name))
        night, started = Night.from_settings(aside), cpu_seconds()
        history = read_history(source, plan, night)
        texts = history.links["text"].to_pylist()
        documents = export_document_tower(night.profile.encoder, night, texts)
        seconds = cpu_seconds() - started
        nights = replay(history, plan, documents, night)
    return Backtest(source, plan, settings.profile, seconds, nights)


def replay(history: History, plan: Plan, documents: Model, night: Night) -> list[ReplayedNight]:
    """Every night of `plan`, oldest first. A night after which nobody asked anything has no hits."""
    # What is asked is embedded apart from what is learned: no night finds its embeddings already paid for.
    settings = night.settings
    encoders = SharedEncoders(open_store(f"file://{settings.home}/asked"))

    def opened(release: ReleaseFolder) -> Retriever:
        return Retriever.open(release, settings.threads, open_encoder=encoders)

    nights: list[ReplayedNight] = []
    last: NightRelease | None = None
    rivals: dict[str, Retriever] = {}
    for number, (at, until) in enumerate(plan.spans(), start=1):
        folder = settings.home / f"night-{number}"
        lesson = train_night(history.features(at, night.store), last, plan.tower, documents, folder, night)
        trained = lesson.learned != (last.learned if last else frozenset())
        if not rivals:
            rivals = {"frozen": opened(lesson.release), "plain": opened(_plain(lesson, settings.home / "plain"))}
        asked = history.questions(at, until)
        hits = _hits(asked, {**rivals, "nightly": opened(lesson.release)}) if asked.num_rows else {}
        nights.append(ReplayedNight(at, lesson, trained, asked["created_at"].to_pylist(), hits))
        last = lesson
        log(f"  night {number} of {len(plan.nights)}  {at:%Y-%m-%d}  {_told(nights[-1])}")
    return nights


def _hits(asked: pa.Table, rivals: dict[str, Retriever]) -> Hits:
    """How everyone ranks the questions that came next; `rivals` by name, with the `plain` one for its signals."""
    texts, times = asked["text"].to_pylist(), asked["created_at"].to_pylist()
    ids, gold = asked["ticket_id"].to_pylist(), asked["article_ids"].to_pylist()
    ranked = {name: one.rank(texts, times) for name, one in rivals.items()}
    scores: dict[str, NDArray[np.floating]] = {name: ranking.scores for name, ranking in ranked.items()}
    scores |= {name: ranked["plain"].signals[:, SCORES.index(name)] for name in ("bm25", "dense")}
    articles = {name: rivals.get(name, rivals["plain"]).article_ids for name in CONTENDERS}
    found = {name: score_rankings(ids, scores[name], articles[name], gold) for name in CONTENDERS}
    return {name: {measure: found[name].values[measure] for measure in MEASURES} for name in CONTENDERS}


def _plain(frozen: NightRelease, folder: Path) -> ReleaseFolder:
    """The frozen release with the base encoder for questions: what words and likeness alone would find."""
    release = frozen.release
    return ReleaseFolder.link(
        folder,
        index=release.index,
        document_tower=release.document_tower,
        query_tower=release.document_tower,
        classifiers=release.classifiers,
        weights=release.weights,
        policy=release.policy,
    )


def _told(night: ReplayedNight) -> str:
    cost = f"{night.lesson.cost.seconds:.1f} s of CPU{', query tower trained' if night.trained else ''}"
    if not night.hits:
        return f"no questions, {cost}"
    hits = ", ".join(f"{name} {of['hit@5'].mean():.2f}" for name, of in night.hits.items())
    return f"{len(night.asked_at)} questions, hit@5 {hits}; {cost}"
