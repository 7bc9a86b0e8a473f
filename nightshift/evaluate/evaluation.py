"""Evaluate a candidate: run every check, and judge by their gates.

    evaluation, work = evaluate(ReleaseRef(candidate, folder), champion, features, drift, night, code=code)
    evaluation.verdict          # <EvaluationVerdict.ACCEPTED: 'accepted'>
    work.report.gates[0]        # Gate('hit@5', 0.712, 0.5, True, 'hit@5 is 0.712, ...', group='retrieval quality', ...)

The order of CHECKS is the order of the gates on the page. To add a check, see check.py.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Any, cast

import pyarrow as pa

from nightshift.artifacts import Drift, DriftVerdict, Evaluation, EvaluationVerdict, Features
from nightshift.digests import canonical_json
from nightshift.errors import NotEnoughData
from nightshift.evaluate.check import Check, run_checks
from nightshift.evaluate.checks.abstention import Abstention
from nightshift.evaluate.checks.answers import Answers
from nightshift.evaluate.checks.budgets import Budgets
from nightshift.evaluate.checks.canaries import Canaries
from nightshift.evaluate.checks.counterfactuals import Counterfactuals
from nightshift.evaluate.checks.golden import GoldenSet
from nightshift.evaluate.checks.invariance import Invariance
from nightshift.evaluate.checks.leakage import Leakage
from nightshift.evaluate.checks.parity import Parity
from nightshift.evaluate.checks.retrieval_quality import RetrievalQuality
from nightshift.evaluate.checks.rightness import Rightness
from nightshift.evaluate.checks.slices import Slices
from nightshift.evaluate.context import BY_TIME, EvaluationContext
from nightshift.evaluate.gate import Limits, Verdict
from nightshift.evaluate.model_under_test import CachedLoader, ReleaseLoader, ReleaseRef
from nightshift.night import Night
from nightshift.progress import log
from nightshift.release.evaluation_report import FILE, EvaluationReport, read_report
from nightshift.store import Store
from nightshift.warehouse import read_mart

CHECKS: tuple[Check, ...] = (
    Rightness(),
    RetrievalQuality(),
    Slices(),
    Answers(),
    Abstention(),
    GoldenSet(),
    Invariance(),
    Leakage(),
    Canaries(),
    Counterfactuals(),
    Parity(),
    Budgets(),
)
# Those that need no lake and no champion: a release on the questions of another source (backtest/external.py).
EXTERNAL_CHECKS: tuple[Check, ...] = (Rightness(), RetrievalQuality(), Slices(), Answers(), Abstention())


@dataclass(frozen=True)
class EvaluationWork:
    """For the page: the report, and the seconds, which it cannot hold because they differ between runs."""

    report: EvaluationReport
    timings: Mapping[str, float] = field(default_factory=dict)


def evaluate(
    candidate: ReleaseRef,
    champion: ReleaseRef | None,
    features: Features,
    drift: Drift,
    night: Night,
    *,
    code: str,
    limits: Limits | None = None,
    loader: ReleaseLoader | None = None,
) -> tuple[Evaluation, EvaluationWork]:
    """Evaluate a candidate that differs from the champion. Raises NotEnoughData without questions.

    `code` is the version of the code that evaluates: what depends on it and the passages alone is measured once.
    `loader` opens the releases; by default from their folders.
    """
    store = night.store
    questions = read_mart(store, features, "eval_questions").sort_by(BY_TIME)
    if not questions.num_rows:
        raise NotEnoughData(
            "no resolved ticket is left to evaluate on", "give an earlier --split_at, or a source with resolved tickets"
        )
    log(f"    evaluating on {questions.num_rows:,} questions")
    context = EvaluationContext(
        candidate=candidate,
        champion=champion,
        features=features,
        questions=questions,
        night=night,
        loader=loader or CachedLoader(store, night.settings.threads),
        limits=limits or Limits(),
        code=code,
    )
    result = run_checks(CHECKS, context)
    verdict = Verdict(list(result.gates))
    report = EvaluationReport(
        release=candidate.release.digest,
        champion=champion.release.digest if champion else "",
        features=features.digest,
        verdict=EvaluationVerdict.ACCEPTED if verdict.accepted else EvaluationVerdict.REJECTED,
        reasons=verdict.reasons,
        gates=verdict.gates,
        metrics=dict(result.metrics),
        drift=cast(dict[str, Any], store.get_json(drift.digest)),
        **result.sections,
    )
    digest = store.put_json({FILE: store.put(canonical_json(report.to_json()))})
    return read_evaluation(digest, store), EvaluationWork(report, result.timings)


def measure(
    candidate: ReleaseRef, questions: pa.Table, features: Features, night: Night, loader: ReleaseLoader
) -> dict[str, Any]:
    """Metrics and sections of EXTERNAL_CHECKS on any table like the mart eval_questions, without a verdict."""
    context = EvaluationContext(
        candidate=candidate,
        champion=None,
        features=features,
        questions=questions.sort_by(BY_TIME),
        night=night,
        loader=loader,
        limits=Limits(),
        code="",
    )
    result = run_checks(EXTERNAL_CHECKS, context)
    sections = {
        name: asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
        for name, value in result.sections.items()
        if name != "champion_metrics"
    }
    return {"metrics": dict(result.metrics), **sections}


def read_evaluation(digest: str, store: Store) -> Evaluation:
    """The artifact of an evaluation that is in the store. Raises MissingObject, CorruptObject."""
    report = read_report(digest, store)
    return Evaluation(
        digest=digest,
        release=report.release,
        champion=report.champion,
        verdict=report.verdict,
        drift=DriftVerdict(report.drift["verdict"]),
        reasons=report.reasons,
        metrics=report.metrics,
    )
