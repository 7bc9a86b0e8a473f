"""Answers held against their passages and the articles that resolved the questions. Every rule is code, none a model.

answer_metrics(answers, questions)
# {'questions': 12, 'answered': 11, 'answer_rate': 0.92, 'cited_retrieved': 1.0, 'cited_gold': 0.71, ...}
"""

from collections.abc import Mapping, Sequence

from nightshift.evaluate.asking import JudgedAnswer, Question
from nightshift.evaluate.check import CheckResult
from nightshift.evaluate.context import EvaluationContext
from nightshift.evaluate.gate import Limits, share_at_least
from nightshift.release.evaluation_report import Gate

_COUNTS = {  # each share, and the count it is a share of
    "cited_retrieved": "answered",
    "supported": "answered",
    "cited_gold": "answered",
    "answer_rate": "questions",
}


class Answers:
    """Shares over the answers to questions that articles do answer."""

    group = "answers"

    def run(self, context: EvaluationContext) -> CheckResult:
        metrics = answer_metrics(context.answers.answers, context.answers.questions)
        prefixed = {f"answers_{name}": value for name, value in metrics.items()}
        gates = answer_gates(metrics, context.limits)
        if context.replied:  # then checks/rightness.py gates the share of answers over all questions
            gates = [gate for gate in gates if gate.name != "answer_rate"]
        return CheckResult(gates, prefixed, timings=context.answers.latency.timings)


def answer_metrics(answers: Sequence[JudgedAnswer], questions: Sequence[Question]) -> dict[str, float]:
    """Shares over answers to questions that articles do answer, with their counts; a share of nothing is absent.

    answer_rate: not declined. cited_retrieved: every citation is a retrieved passage. cited_gold: a citation is of an
    article that resolved the question. supported: every number and name stands in a cited passage. generated: by the
    model.
    """
    if not answers:
        return {}
    answered = [pair for pair in zip(answers, questions, strict=True) if not pair[0].declined]
    shares = {"answer_rate": [not answer.declined for answer in answers]}
    if answered:
        shares["cited_retrieved"] = [
            bool(answer.cited) and {chunk for _, chunk in answer.cited} <= set(answer.retrieved)
            for answer, _ in answered
        ]
        shares["cited_gold"] = [
            any(article in question.article_ids for article, _ in answer.cited) for answer, question in answered
        ]
        shares["supported"] = [answer.supported for answer, _ in answered]
        shares["generated"] = [answer.source == "generated" for answer, _ in answered]
    counts = {"questions": float(len(answers)), "answered": float(len(answered))}
    return counts | {name: round(sum(values) / len(values), 6) for name, values in shares.items()}


def answer_gates(metrics: Mapping[str, float], limits: Limits) -> list[Gate]:
    """Floors for the shares of `answer_metrics`; one that is absent has no gate."""
    return [
        share_at_least(share, metrics[share], int(metrics[count]), getattr(limits, share))
        for share, count in _COUNTS.items()
        if share in metrics
    ]
