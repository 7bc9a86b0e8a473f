"""The whole evaluation of a candidate, in order: rank, decline, behave, answer, compare with the champion, judge.

evaluation.json  {"verdict": "accepted", "gates": [{"group": "quality", "name": "hit@5", ...}], "metrics": {...}, "slices": {...},
                  "golden": {...}, "leakage": {...}, "canaries": {...}, "drift": {...}, ...}
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from nightshift.artifacts import Drift, DriftVerdict, Evaluation, EvaluationVerdict, Features
from nightshift.digests import canonical_json, digest_of
from nightshift.drift.check import read_drift as measured_drift
from nightshift.errors import NotEnoughData
from nightshift.evaluate import answers, budgets, canary, counterfactuals, invariance, leakage, quality
from nightshift.evaluate.gate import Gate, Limits, Verdict, grouped
from nightshift.evaluate.golden import Golden, golden_gates, read_golden, run_golden
from nightshift.evaluate.model_under_test import LoadedRelease, ReleaseRef, load_release
from nightshift.evaluate.scoring import BY_TIME, asked, declining, drawn, found_on, labels_of, summary
from nightshift.metrics.retrieval import QuestionScores
from nightshift.models.cached_encoder import SharedEncoders
from nightshift.night import Night
from nightshift.progress import log
from nightshift.release.layout import ReleaseFolder
from nightshift.retrieval.ticket_knn import TicketKnn
from nightshift.settings import Profile, Settings
from nightshift.store import Store
from nightshift.store.memo import memoize
from nightshift.warehouse import read_mart

_REWORDED = 24  # questions that are asked again in other words
_PLANTED = 60  # sentences of tonight's passages that are made false
_TRIES = 3  # a busy machine may be slow once


@dataclass(frozen=True)
class EvaluationWork:
    """For the page: what evaluation.json says, and what it cannot say because it differs from run to run."""

    report: dict[str, Any]
    timings: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Scope:
    """What a candidate is judged on and with: tonight's features, and their questions by time."""

    features: Features
    questions: pa.Table
    store: Store
    settings: Settings
    profile: Profile
    limits: Limits


def evaluate(
    candidate: ReleaseRef,
    champion: ReleaseRef | None,
    features: Features,
    drift: Drift,
    night: Night,
    *,
    assistant_for: Callable[[ReleaseFolder], answers.Answers],
    code: str,
    limits: Limits | None = None,
) -> tuple[Evaluation, EvaluationWork]:
    """Score a candidate that differs from the champion. Raises NotEnoughData without questions to score it on.

    `code` is the version of the code that judges: under it, what depends on the passages alone is measured once.
    """
    store, threads = night.store, night.settings.threads
    questions = read_mart(store, features, "eval_questions").sort_by(BY_TIME)
    if not questions.num_rows:
        raise NotEnoughData(
            "no resolved ticket is left to evaluate on", "give an earlier --split_at, or a source with resolved tickets"
        )
    log(f"    evaluating on {questions.num_rows:,} questions")
    scope = _Scope(features, questions, store, night.settings, night.profile, limits or Limits())
    encoders = SharedEncoders(store)
    mine = load_release(candidate, threads, encoders)
    serving = load_release(champion, threads, encoders) if champion else None
    found = found_on(mine.retriever, questions)
    before = found_on(serving.retriever, questions) if serving else None
    checks = declining(mine, questions, found)
    assistant = assistant_for(candidate.folder)
    said, clock = _answered(assistant, candidate, scope)
    golden = read_golden(features, store)
    marks = run_golden(mine, golden)
    leaks = _leaks(candidate, encoders, scope)
    canaries, spoken = _canaries(assistant, candidate, scope)
    verdict = Verdict(
        [
            *_quality(found, before, scope),
            *grouped(
                "answers", quality.answer_gates(said | {"tells_unanswerable": checks.metrics["auc"]}, scope.limits)
            ),
            *grouped("golden set", golden_gates(marks, run_golden(serving, golden) if serving else None, scope.limits)),
            *_behaviour(mine, serving, golden, scope),
            *grouped("leakage", leakage.leakage_gates(leaks, found.of["hit@5"], scope.limits)),
            *grouped("leakage", canary.canary_gates(spoken, len(canaries))),
            *_budgets(candidate, champion, clock, scope),
        ]
    )
    report = {
        "release": candidate.release.digest,
        "champion": champion.release.digest if champion else "",
        "features": features.digest,
        "verdict": EvaluationVerdict.ACCEPTED if verdict.accepted else EvaluationVerdict.REJECTED,
        "champion_metrics": before.metrics if before else {},
        "gates": [asdict(one) for one in verdict.gates],
        "reasons": verdict.reasons,
        "golden": {"questions": len(golden), "failed": marks.failed},
        "leakage": leaks.to_json(),
        "canaries": {"planted": len(canaries), "said": spoken},
        "drift": measured_drift(drift, store),
        **summary(found, questions, checks, said, _grounding(mine, code, store)),
    }
    digest = store.put_json({"evaluation.json": store.put(canonical_json(report))})
    return read_evaluation(digest, store), EvaluationWork(report, clock.timings)


def read_evaluation(digest: str, store: Store) -> Evaluation:
    """The artifact of an evaluation that is in the store. Raises MissingObject, CorruptObject."""
    report = cast(dict[str, Any], store.get_json(store.tree(digest)["evaluation.json"]))
    return Evaluation(
        digest=digest,
        release=report["release"],
        champion=report["champion"],
        verdict=EvaluationVerdict(report["verdict"]),
        drift=DriftVerdict(report["drift"]["verdict"]),
        reasons=report["reasons"],
        metrics=report["metrics"],
    )


def _quality(found: QuestionScores, before: QuestionScores | None, scope: _Scope) -> list[Gate]:
    """The whole set, then its slices."""
    hits, champion = found.of["hit@5"], before.of["hit@5"] if before else None
    return [
        *grouped("quality", quality.quality_gates(hits, champion, scope.limits)),
        *grouped("slices", quality.slice_gates(hits, champion, labels_of(scope.questions), scope.limits)),
    ]


def _behaviour(mine: LoadedRelease, serving: LoadedRelease | None, golden: list[Golden], scope: _Scope) -> list[Gate]:
    """Golden questions that have an answer, and some of tonight's, in other words."""
    some = drawn(scope.questions, _REWORDED)
    answerable = [one.question for one in golden if one.article_id]
    latest = scope.questions["created_at"].to_pylist()[-1]
    texts = some["text"].to_pylist() + answerable
    times = some["created_at"].to_pylist() + [latest] * len(answerable)
    kept = invariance.same_first_article(mine.retriever, texts, times)
    champion = invariance.same_first_article(serving.retriever, texts, times) if serving else None
    return grouped("behaviour", invariance.invariance_gates(kept, champion, scope.limits))


def _answered(
    assistant: answers.Answers, candidate: ReleaseRef, scope: _Scope
) -> tuple[dict[str, float], budgets.Clock]:
    """The checks of answers.py, and how long the answers took."""
    generator = candidate.release.models["generator"]
    chosen = asked(scope.questions, scope.profile.answered_questions)
    memo = _kept(f"answers/{generator}", scope.store)
    key = answers.memo_key(generator, candidate.folder.policy, candidate.folder.prompts)
    spoken, clock = answers.ask(assistant, chosen, memo, key)
    if clock.began:
        scope.store.write_ref(f"answers/{generator}", scope.store.put_json(memo))
    for _ in range(_TRIES - 1):
        if clock.finds_within(scope.limits.find_seconds):
            break
        clock = replace(clock, found=answers.seconds_to_find(assistant, chosen))
    return answers.check(spoken, chosen), clock


def _grounding(mine: LoadedRelease, code: str, store: Store) -> dict[str, float]:
    """How well the grounding check tells planted falsehoods in these passages."""
    passages = mine.retriever.passages

    def measured() -> str:
        told = counterfactuals.measure(counterfactuals.make_counterfactuals(passages, _PLANTED))
        return store.put_json({"grounding.json": store.put_json(told)})

    tree = store.tree(memoize("grounding", [code, [one.chunk_id for one in passages]], measured, store))
    return cast(dict[str, float], store.get_json(tree["grounding.json"]))


def _canaries(
    assistant: answers.Answers, candidate: ReleaseRef, scope: _Scope
) -> tuple[list[canary.Canary], list[str]]:
    """Tonight's canaries, and which of them the generator says; it is not asked again what it was asked before."""
    planted = canary.read_canaries(scope.features, scope.store)
    generator = candidate.release.models["generator"]
    memo = _kept(f"canaries/{generator}", scope.store)
    key = digest_of(canonical_json([asdict(one) for one in planted]))
    if key not in memo:
        memo[key] = canary.spoken(assistant.generator, planted, scope.settings.pseudonym_key)
        scope.store.write_ref(f"canaries/{generator}", scope.store.put_json(memo))
    return planted, cast(list[str], memo[key])


def _leaks(candidate: ReleaseRef, encoders: SharedEncoders, scope: _Scope) -> leakage.Leaks:
    """The questions against every ticket that a part of the candidate was trained on, or remembers."""
    index, tickets = candidate.folder.index, read_mart(scope.store, scope.features, "tickets")
    remembered = {
        ticket
        for part in ("resolved", "unresolved")
        for ticket in pq.read_table(index / f"{part}.parquet")["ticket_id"].to_pylist()
    }
    learned = set(remembered)
    for digest in sorted(set(candidate.release.models.values())):
        tree = scope.store.tree(digest)
        if "trained_on.json" in tree:
            learned |= set(cast(list[str], scope.store.get_json(tree["trained_on.json"])))
    texts = scope.questions["text"].to_pylist()
    encoder = encoders(candidate.folder.document_tower, scope.settings.threads)
    return leakage.find_leaks(
        [leakage.Question(*pair) for pair in zip(scope.questions["ticket_id"].to_pylist(), texts, strict=True)],
        learned,
        remembered,
        zip(tickets["ticket_id"].to_pylist(), tickets["text"].to_pylist(), strict=True),
        vectors=encoder.encode(texts),
        memory=TicketKnn.load(index).vectors,
    )


def _budgets(candidate: ReleaseRef, champion: ReleaseRef | None, clock: budgets.Clock, scope: _Scope) -> list[Gate]:
    """Parity, size and time."""
    before = budgets.sizes(champion) if champion else None
    return [
        *grouped("parity", budgets.parity_gates(budgets.parities(candidate), scope.limits)),
        *grouped("budgets", budgets.size_gates(budgets.sizes(candidate), before, scope.limits)),
        *grouped("budgets", budgets.latency_gates(clock, scope.limits)),
    ]


def _kept(ref: str, store: Store) -> dict[str, Any]:
    """What an earlier evaluation kept behind `ref`."""
    digest = store.read_ref(ref)
    return cast(dict[str, Any], store.get_json(digest)) if digest and store.has(digest) else {}
