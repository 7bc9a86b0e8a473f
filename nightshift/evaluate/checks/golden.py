"""Golden questions: every release must get them right.

    results = run_golden(release, golden)     # GoldenResults(found={'card-expiry': True, ...}, contrast={...}, ...)
    golden_gates(results, results_of_champion, limits)

Two kinds of behavioural test (Ribeiro et al., Beyond Accuracy: Behavioral Testing of NLP models with CheckList, ACL
2020). Minimum function: a question's article is among the first five, and a question that no article answers is
declined. Contrast set (Gardner et al., Evaluating Models' Local Decision Boundaries via Contrast Sets, Findings of
EMNLP 2020): a near copy with another answer gets another first article. The third kind, invariance, is in
invariance.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from nightshift.evaluate.check import CheckResult
from nightshift.evaluate.context import EvaluationContext
from nightshift.evaluate.gate import Limits, no_worse, not_measured, share_at_least
from nightshift.evaluate.golden_questions import GoldenQuestion
from nightshift.evaluate.model_under_test import LoadedRelease
from nightshift.release.evaluation_report import Gate, GoldenSection

_DEPTH = 5  # articles, as in hit@5


class GoldenSet:
    """Failed questions are named by their ids."""

    group = "golden set"

    def run(self, context: EvaluationContext) -> CheckResult:
        results = run_golden(context.loaded, context.golden)
        champion = run_golden(context.loaded_champion, context.golden) if context.loaded_champion else None
        gates = golden_gates(results, champion, context.limits)
        return CheckResult(gates, sections={"golden": GoldenSection(len(context.golden), results.failed)})


@dataclass(frozen=True)
class GoldenResults:
    """Whether a release passed each test, by the id of the question."""

    found: dict[str, bool] = field(default_factory=dict)
    contrast: dict[str, bool] = field(default_factory=dict)
    declined: dict[str, bool] = field(default_factory=dict)

    @property
    def failed(self) -> list[str]:
        """Ids of the questions that failed any test, sorted."""
        return sorted({name for test in vars(self).values() for name, passed in test.items() if not passed})

    @property
    def values(self) -> list[bool]:
        """Every result, in one order for all releases."""
        return [test[name] for test in vars(self).values() for name in sorted(test)]


def run_golden(release: LoadedRelease, golden: Sequence[GoldenQuestion]) -> GoldenResults:
    """Rank the questions. One whose `contrast` does not exist has no contrast test."""
    if not golden:
        return GoldenResults()
    ranking = release.retriever.rank([question.question for question in golden])
    best = np.argsort(-ranking.scores, axis=1, kind="stable")[:, :_DEPTH]
    article_ids = release.retriever.article_ids
    articles = {
        question.question_id: [article_ids[column] for column in columns]
        for question, columns in zip(golden, best.tolist(), strict=True)
    }
    confident = (release.confidence.of(ranking.evidence) >= release.floor).tolist()
    first = {question_id: ranked[0] for question_id, ranked in articles.items()}
    return GoldenResults(
        found={
            question.question_id: question.article_id in articles[question.question_id]
            for question in golden
            if question.article_id
        },
        contrast={
            question.question_id: first[question.question_id] != first[question.contrast]
            for question in golden
            if question.contrast in first
        },
        declined={
            question.question_id: not answers
            for question, answers in zip(golden, confident, strict=True)
            if not question.article_id
        },
    )


def golden_gates(results: GoldenResults, champion: GoldenResults | None, limits: Limits) -> list[Gate]:
    """A floor for each test, and no worse than the champion over all of them."""
    if not results.values:
        reason = "the source delivers no golden questions; see docs/bring-your-own-data.md"
        return [not_measured("golden", reason)]
    floors = {
        "golden found": (results.found, limits.golden_found),
        "contrast set": (results.contrast, limits.contrast_set),
        "golden declined": (results.declined, limits.golden_declined),
    }
    gates = [_floor(name, test, limit) for name, (test, limit) in floors.items() if test]
    if champion is not None:
        differences = np.array(results.values, float) - np.array(champion.values, float)
        gates.append(no_worse("golden no worse than the champion", differences, limits.margin, "the golden set"))
    return gates


def _floor(name: str, test: Mapping[str, bool], limit: float) -> Gate:
    gate = share_at_least(name, sum(test.values()) / len(test), len(test), limit, "questions")
    wrong = sorted(question_id for question_id, passed in test.items() if not passed)
    return replace(gate, sentence=f"{gate.sentence}; wrong: {', '.join(wrong)}") if wrong else gate
