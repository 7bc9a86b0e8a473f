"""hit@k, MRR and nDCG over the whole set; a floor for hit@5, and the comparison with the champion."""

import numpy as np
from numpy.typing import NDArray

from nightshift.evaluate.check import CheckResult
from nightshift.evaluate.context import EvaluationContext
from nightshift.evaluate.gate import Limits, at_least, no_worse
from nightshift.metrics.retrieval import interval
from nightshift.release.evaluation_report import Gate


class RetrievalQuality:
    """How well articles are ranked. Its comparison is the reason of an accepted verdict."""

    group = "retrieval quality"

    def run(self, context: EvaluationContext) -> CheckResult:
        rankings, champion = context.rankings, context.champion_rankings
        hits = rankings.values["hit@5"]
        gates = retrieval_gates(hits, champion.values["hit@5"] if champion else None, context.limits)
        sections = {
            "intervals": {"hit@5": list(interval(hits))},
            "champion_metrics": champion.metrics if champion else {},
        }
        return CheckResult(gates, rankings.metrics, sections)


def retrieval_gates(candidate: NDArray[np.float64], champion: NDArray[np.float64] | None, limits: Limits) -> list[Gate]:
    """hit@5 of the same questions in the same order [n]; without a champion there is no comparison."""
    floor = at_least("hit@5", float(candidate.mean()), limits.hit_at_5)
    if champion is None:
        return [floor]
    comparison = no_worse("hit@5 no worse than the champion", candidate - champion, limits.margin, primary=True)
    return [floor, comparison]
