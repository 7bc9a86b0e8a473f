"""The whole evaluation of a candidate, in order: rank, decline, answer, compare with the champion, judge.

evaluation.json  {"metrics": {...}, "interval": [...], "slices": {...}, "gates": [...], "drift": {...}, "counts": {...}}
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from nightshift.artifacts import Drift, Evaluation, Features, Release
from nightshift.errors import NotEnoughData
from nightshift.evaluate import answers, gate
from nightshift.evaluate.decline import decline_metrics, evidence_pair
from nightshift.evaluate.remembering import SharedEncoders
from nightshift.evaluate.retrieval import Found, interval, score_rankings, slices
from nightshift.evaluate.tonight import measured as measured_drift
from nightshift.progress import say
from nightshift.runtime.confidence import Confidence
from nightshift.runtime.retriever import Retriever
from nightshift.settings import Profile, Settings
from nightshift.settings import profile as profile_named
from nightshift.store import Store
from nightshift.store.files import canonical_json, digest_of
from nightshift.warehouse import read_mart

_MOST_DECLINED = 1_000  # questions asked a second time, without their articles
_BY_TIME = [("created_at", "ascending"), ("ticket_id", "ascending")]
_EXACT = ("document_tower", "query_tower", "heads")  # exports that must agree to the last digits


@dataclass(frozen=True)
class Contender:
    """A release and the folder it lies in (store.checkout of its digest)."""

    release: Release
    folder: Path

    def json(self, name: str) -> dict[str, Any]:
        """One of its JSON files."""
        return cast(dict[str, Any], json.loads((self.folder / name).read_bytes()))


@dataclass(frozen=True)
class EvaluationWork:
    """For the page: what evaluation.json says, and what it cannot say because it differs from run to run."""

    report: dict[str, Any]
    timings: dict[str, float] = field(default_factory=dict)


def evaluate(
    candidate: Contender,
    champion: Contender | None,
    features: Features,
    drift: Drift,
    store: Store,
    *,
    settings: Settings,
    profile: Profile,
    assistant_for: Callable[[Path], answers.Answers],
    limits: gate.Limits | None = None,
) -> tuple[Evaluation, EvaluationWork]:
    """Score a candidate that differs from the champion. Raises NotEnoughData without questions to score it on."""
    questions = read_mart(store, features, "eval_questions").sort_by(_BY_TIME)
    if not questions.num_rows:
        raise NotEnoughData(
            "no resolved ticket is left to evaluate on", "give an earlier --split_at, or a source with resolved tickets"
        )
    say(f"    evaluating on {questions.num_rows:,} questions")
    encoders = SharedEncoders(store)
    retriever = Retriever.open(candidate.folder, settings.threads, open_encoder=encoders)
    found, before = _found(retriever, questions), None
    if champion:
        before = _found(Retriever.open(champion.folder, settings.threads, open_encoder=encoders), questions)
    checks = _declining(retriever, questions, candidate.folder)
    said, timings = _answers(candidate, questions, store, profile, assistant_for)
    summary = _summary(found, questions, checks, said)
    verdict = gate.judge(
        found.of["hit@5"],
        before.of["hit@5"] if before else None,
        said | {"tells_unanswerable": checks["auc"]},
        parity=_parity(candidate),
        leaked=_leaked(candidate, questions, store),
        limits=limits,
    )
    report = {
        "release": candidate.release.digest,
        "champion": champion.release.digest if champion else "",
        "features": features.digest,
        "verdict": "accepted" if verdict.accepted else "rejected",
        "champion_metrics": before.metrics if before else {},
        "gates": [asdict(one) for one in verdict.gates],
        "reasons": verdict.reasons,
        "drift": measured_drift(drift, store),
        **summary,
    }
    digest = store.put_json({"evaluation.json": store.put(canonical_json(report))})
    return read_evaluation(digest, store), EvaluationWork(report, timings)


def read_evaluation(digest: str, store: Store) -> Evaluation:
    """The artifact of an evaluation that is in the store. Raises MissingObject, CorruptObject."""
    report = cast(dict[str, Any], store.get_json(store.tree(digest)["evaluation.json"]))
    return Evaluation(
        digest=digest,
        release=report["release"],
        champion=report["champion"],
        verdict=report["verdict"],
        drift=report["drift"]["verdict"],
        reasons=report["reasons"],
        metrics=report["metrics"],
    )


def measured(
    retriever: Retriever, assistant: answers.Answers, questions: pa.Table, folder: Path, settings: Settings
) -> dict[str, Any]:
    """Metrics, interval and slices of the release in `folder` on any table like the mart eval_questions.

    The retriever and the assistant may stand on another index than the release's own.
    """
    questions = questions.sort_by(_BY_TIME)
    found = _found(retriever, questions)
    chosen = _chosen(questions, profile_named(settings.profile).answered_questions)
    key = answers.memo_key("", json.loads((folder / "policy.json").read_bytes()), "")
    spoken, _ = answers.ask(assistant, chosen, {}, key)
    return _summary(found, questions, _declining(retriever, questions, folder), answers.check(spoken, chosen))


def _summary(
    found: Found, questions: pa.Table, checks: Mapping[str, float], said: Mapping[str, float]
) -> dict[str, Any]:
    metrics = found.metrics | {f"decline_{name}": value for name, value in checks.items()}
    return {
        "metrics": metrics | {f"answers_{name}": value for name, value in said.items()},
        "hit@5_interval": list(interval(found.of["hit@5"])),
        "slices": slices(found.of["hit@5"], questions["intent"].to_pylist(), questions["text"].to_pylist()),
    }


def _found(retriever: Retriever, questions: pa.Table) -> Found:
    ranking = retriever.rank(questions["text"].to_pylist(), questions["created_at"].to_pylist())
    return score_rankings(
        questions["ticket_id"].to_pylist(), ranking.scores, retriever.article_ids, questions["article_ids"].to_pylist()
    )


def _spread(questions: pa.Table, most: int) -> pa.Table:
    """At most `most` rows, evenly spread over time."""
    count = questions.num_rows
    return questions.take(np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(int)))


def _chosen(questions: pa.Table, most: int) -> list[answers.Question]:
    """The `most` questions that the assistant is asked: by the digest of their ids, so that a night shares most of them
    with the night before, and finds their answers kept.
    """
    ids = questions["ticket_id"].to_pylist()
    drawn = sorted(range(len(ids)), key=lambda row: digest_of(ids[row].encode()))[:most]
    some = questions.take(sorted(drawn))
    pairs = zip(some["text"].to_pylist(), some["article_ids"].to_pylist(), strict=True)
    return [answers.Question(text, tuple(articles)) for text, articles in pairs]


def _declining(retriever: Retriever, questions: pa.Table, folder: Path) -> dict[str, float]:
    """How many questions would be declined with their articles there, and with them taken away."""
    some = _spread(questions, _MOST_DECLINED)
    pair = evidence_pair(
        retriever, some["text"].to_pylist(), some["article_ids"].to_pylist(), some["created_at"].to_pylist()
    )
    confidence = Confidence.from_json(json.loads((folder / "weights.json").read_bytes())["confidence"])
    floor: float = json.loads((folder / "policy.json").read_bytes())["confidence_floor"]
    sure, unsure = (confidence.of(one) for one in pair)
    return decline_metrics(sure, unsure, floor)


def _answers(
    candidate: Contender,
    questions: pa.Table,
    store: Store,
    profile: Profile,
    assistant_for: Callable[[Path], answers.Answers],
) -> tuple[dict[str, float], dict[str, float]]:
    """The checks of answers.py, and the timings of the answers that had to be generated."""
    generator = candidate.release.models["generator"]
    chosen = _chosen(questions, profile.answered_questions)
    ref = f"answers/{generator}"
    kept = store.read_ref(ref)
    memo = cast(dict[str, Any], store.get_json(kept)) if kept and store.has(kept) else {}
    key = answers.memo_key(generator, candidate.json("policy.json"), candidate.json("prompts.json"))
    spoken, seconds = answers.ask(assistant_for(candidate.folder), chosen, memo, key)
    if seconds:
        store.write_ref(ref, store.put_json(memo))
    return answers.check(spoken, chosen), answers.percentiles(seconds)


def _parity(candidate: Contender) -> dict[str, float]:
    """The largest difference of each export from what was trained, as the export measured it."""
    models: Mapping[str, Any] = candidate.json("release.json")["models"]
    differences: dict[str, float] = {}
    for name in _EXACT:
        measured = models.get(name, {}).get("metrics", {})
        found = [value for metric, value in measured.items() if metric.endswith("parity")]
        differences |= {name: max(found)} if found else {}
    return differences


def _leaked(candidate: Contender, questions: pa.Table, store: Store) -> int:
    """How many of the questions a part of the candidate has learned from, or remembers."""
    learned = set(pq.read_table(candidate.folder / "index" / "memory.parquet")["ticket_id"].to_pylist())
    for digest in sorted(set(candidate.release.models.values())):
        tree = store.tree(digest)
        if "trained_on.json" in tree:
            learned |= set(cast(list[str], store.get_json(tree["trained_on.json"])))
    return len(learned & set(questions["ticket_id"].to_pylist()))
