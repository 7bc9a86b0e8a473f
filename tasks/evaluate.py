"""Score the candidate on held-out questions, compare it with the champion, and apply the gates.

Launched by workflows/nightly.py; alone: pyflyte run tasks/evaluate.py evaluate --help
"""

from pathlib import Path
from typing import TYPE_CHECKING

from flytekit import task

from nightshift.artifacts import Drift, Evaluation, EvaluationVerdict, Features, Release, RetrainingPlan
from nightshift.night import Night
from nightshift.reports.chart import bars, shares
from nightshift.reports.page import Page
from tasks.caching import cached
from tasks.code_version import code_version
from tasks.resources import BROAD, IMAGE
from tasks.stage import DECK, stage

if TYPE_CHECKING:
    from nightshift.evaluate import EvaluationWork
    from nightshift.release.evaluation_report import EvaluationReport


@task(container_image=IMAGE, requests=BROAD, cache=cached(__file__), **DECK)
def evaluate(
    candidate: Release, features: Features, plan: RetrainingPlan, drift: Drift, profile: str = "tiny"
) -> Evaluation:
    """The verdict over the candidate, with its reasons."""
    from nightshift.evaluate import ReleaseRef, read_evaluation
    from nightshift.evaluate import evaluate as evaluate_release
    from nightshift.registry import mlflow as registry
    from nightshift.release.layout import StoredRelease

    night = Night.open(profile)
    store = night.store
    with stage("evaluate", night) as finish:
        if plan.champion == candidate.digest:
            evaluation = read_evaluation(registry.serving(night.settings).evaluation, store)
            page = Page("Evaluate", "quiet", f"{candidate.version} serves already; its evaluation is kept")
            finish(page, changed=0, total=1, unit="releases")
            return evaluation
        champion = StoredRelease(plan.champion, store) if plan.champion else None
        evaluation, work = evaluate_release(
            ReleaseRef(candidate, StoredRelease(candidate.digest, store).checkout()),
            ReleaseRef(champion.artifact, champion.checkout()) if champion else None,
            features,
            drift,
            night,
            code=code_version(Path(__file__)),
        )
        page = _page(evaluation, work)
        questions = features.rows["eval_questions"]
        finish(page, changed=questions, total=questions, unit="questions")
    return evaluation


def _page(evaluation: Evaluation, work: "EvaluationWork") -> Page:
    good = evaluation.verdict is EvaluationVerdict.ACCEPTED
    page = Page("Evaluate", "good" if good else "bad", f"{evaluation.verdict.capitalize()}: {evaluation.reasons[0]}")
    hits: dict[str, float] = {
        name: evaluation.metrics[name] for name in ("hit@1", "hit@5", "hit@10", "mrr") if name in evaluation.metrics
    }
    report = work.report
    passed = sum(gate.passed for gate in report.gates)
    _rightness(page, report)
    page.numbers(hits).numbers({"gates passed": f"{passed} of {len(report.gates)}"})
    for reason in evaluation.reasons[1:]:
        page.note(reason)
    _right_slices(page, report)
    page.picture("Article found; the tick is the serving release", bars(hits, report.champion_metrics))
    gates = [
        (
            "" if previous and previous.group == gate.group else gate.group,
            "passed" if gate.passed else "FAILED",
            gate.sentence.replace("_", " "),
        )
        for previous, gate in zip([None, *report.gates], report.gates, strict=False)
    ]
    page.table(("gates", "", "the number and its limit"), gates, "Gates")
    slices = [
        (kind, label, int(of["questions"]), of["hit@5"])
        for kind, labels in report.slices.items()
        for label, of in sorted(labels.items(), key=lambda item: item[1]["hit@5"])
    ]
    page.table(("slice", "", "questions", "hit@5"), slices, "By slice, the weakest first")
    answers = [
        (name.removeprefix("answers_").replace("_", " "), value)
        for name, value in sorted(evaluation.metrics.items())
        if name.startswith("answers_")
    ]
    page.table(("answers", ""), answers, "What it says")
    page.picture("The surest first: wrong among what is answered", shares(report.risk_coverage, "answered", "wrong"))
    grounding = [
        (name.removeprefix("grounding_").replace("_", " "), value)
        for name, value in sorted(evaluation.metrics.items())
        if name.startswith("grounding_")
    ]
    page.table(("counterfactuals", ""), grounding, "How well the grounding check tells true sentences from false ones")
    if work.timings:
        page.numbers({f"{name.replace('_', ' ')} (s)": value for name, value in work.timings.items()})
    return page.note(f"Drift: {evaluation.drift}; its page is that of the stage before training.")


def _rightness(page: Page, report: "EvaluationReport") -> None:
    """How right the answers are, first of all."""
    shares = {
        name.replace("_", " "): report.metrics[name]
        for name in ("rightness", "rightness_golden", "rightness_contrast", "rightness_declined", "champion_rightness")
        if name in report.metrics
    }
    page.numbers(shares)
    if "rightness" in report.metrics:
        low, high = report.rightness.interval
        page.note(
            f"Right: {report.metrics['rightness']:.3f} of {report.metrics['rightness_questions']:,.0f} answers "
            f"(95 % interval {low:.3f} to {high:.3f}), by their agreement with support's replies."
        )


def _right_slices(page: Page, report: "EvaluationReport") -> None:
    """Where answers are wrong."""
    section = report.rightness
    slices = [
        (kind, label, int(of["questions"]), of["rightness"])
        for kind, labels in section.slices.items()
        for label, of in sorted(labels.items(), key=lambda item: item[1]["rightness"])
    ]
    if slices:
        page.table(("slice", "", "questions", "right"), slices, "Right answers by slice, the weakest first")
    if section.failed:
        page.note(f"Golden questions answered wrongly: {', '.join(section.failed)}")
