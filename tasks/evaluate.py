"""Score the candidate on questions it never saw, compare it with the champion, and judge.

Launched by workflows/nightly.py; alone: pyflyte run tasks/evaluate.py evaluate --help
"""

from typing import TYPE_CHECKING

from flytekit import task

from nightshift.artifacts import Drift, Evaluation, Features, Release, Standing
from nightshift.pages.chart import bars
from nightshift.pages.page import Page
from nightshift.settings import Settings
from nightshift.settings import profile as size
from nightshift.store import open_store
from tasks.caching import cached
from tasks.resources import BROAD, IMAGE
from tasks.stage import DECK, stage

if TYPE_CHECKING:
    from nightshift.evaluate import EvaluationWork


@task(container_image=IMAGE, requests=BROAD, cache=cached(__file__), **DECK)
def evaluate(
    candidate: Release, features: Features, state: Standing, drift: Drift, profile: str = "tiny"
) -> Evaluation:
    """The verdict over the candidate, with its reasons."""
    from nightshift.evaluate import Contender, read_evaluation
    from nightshift.evaluate import evaluate as judge
    from nightshift.release import registry
    from nightshift.release.bundle import release_of
    from nightshift.runtime.opening import open_assistant

    settings = Settings.from_env().at(profile)
    store = open_store(settings.store)
    with stage("evaluate") as finish:
        if state.champion == candidate.digest:
            known = read_evaluation(registry.serving(settings).evaluation, store)
            page = Page("Evaluate", "quiet", f"{candidate.version} serves already; its evaluation stands")
            finish(page, changed=0, total=1, unit="releases")
            return known
        champion = release_of(state.champion, store) if state.champion else None
        evaluation, work = judge(
            Contender(candidate, store.checkout(candidate.digest)),
            Contender(champion, store.checkout(champion.digest)) if champion else None,
            features,
            drift,
            store,
            settings=settings,
            profile=size(profile),
            assistant_for=lambda folder: open_assistant(folder, settings.threads),
        )
        page = _page(evaluation, work)
        asked = features.rows["eval_questions"]
        finish(page, changed=asked, total=asked, unit="questions")
    return evaluation


def _page(evaluation: Evaluation, work: "EvaluationWork") -> Page:
    good = evaluation.verdict == "accepted"
    page = Page("Evaluate", "good" if good else "bad", f"{evaluation.verdict.capitalize()}: {evaluation.reasons[0]}")
    hits: dict[str, float] = {
        name: evaluation.metrics[name] for name in ("hit@1", "hit@5", "hit@10", "mrr") if name in evaluation.metrics
    }
    page.numbers(hits).numbers({"drift": evaluation.drift})
    page.picture("Article found; the tick is the release that serves", bars(hits, work.report["champion_metrics"]))
    gates = [
        (gate["name"].replace("_", " "), gate["value"], gate["limit"], "passed" if gate["passed"] else "FAILED")
        for gate in work.report["gates"]
    ]
    page.table(("gate", "value", "limit", ""), gates, "Gates")
    answers = [
        (name.removeprefix("answers_").replace("_", " "), value)
        for name, value in sorted(evaluation.metrics.items())
        if name.startswith("answers_")
    ]
    page.table(("answers", ""), answers, "What it says")
    if work.timings:
        page.numbers({f"{name.replace('_', ' ')} (s)": value for name, value in work.timings.items()})
    return page
