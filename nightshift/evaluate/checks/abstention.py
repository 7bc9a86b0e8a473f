"""What would be declined of answerable and unanswerable questions, and the risk of answering the rest.

Unanswerable are the same questions with their articles taken away (retrieval/without_answer.py). An answer counts as
right where a right article is among the first five.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from nightshift.evaluate.check import CheckResult
from nightshift.evaluate.context import EvaluationContext
from nightshift.evaluate.gate import at_least
from nightshift.metrics.selective import decline_metrics, risk_coverage
from nightshift.retrieval.without_answer import evidence_pair


@dataclass(frozen=True)
class Abstention:
    """Confidence must separate unanswerable questions better than a coin. At most `questions` are ranked again."""

    questions: int = 1_000
    group = "abstention"

    def run(self, context: EvaluationContext) -> CheckResult:
        questions, rankings, release = _spread(context.questions, self.questions), context.rankings, context.loaded
        hits = dict(zip(rankings.ids, rankings.values["hit@5"] > 0, strict=True))
        right = np.array([hits[ticket_id] for ticket_id in questions["ticket_id"].to_pylist()])
        evidence = evidence_pair(
            release.retriever,
            questions["text"].to_pylist(),
            questions["article_ids"].to_pylist(),
            questions["created_at"].to_pylist(),
        )
        answerable, unanswerable = (release.confidence.of(features) for features in evidence)
        confidence = np.concatenate([answerable, unanswerable])
        curve = risk_coverage(confidence, np.concatenate([right, np.zeros_like(right)]))
        metrics = decline_metrics(answerable, unanswerable, release.floor)
        gate = at_least("abstention AUC", metrics["auc"], context.limits.abstention_auc)
        prefixed = {f"decline_{name}": value for name, value in metrics.items()}
        return CheckResult([gate], prefixed, {"risk_coverage": curve})


def _spread(questions: pa.Table, size: int) -> pa.Table:
    """At most `size` rows, evenly spread over time."""
    count = questions.num_rows
    return questions.take(np.unique(np.linspace(0, count - 1, min(size, count)).round().astype(int)))
