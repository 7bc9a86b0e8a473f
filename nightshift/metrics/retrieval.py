"""How well articles are ranked, question by question.

    scores = score_rankings(ids, fused, retriever.article_ids, gold)
    scores.metrics            # {'hit@1': 0.49, 'hit@5': 0.736, ..., 'ndcg@10': 0.634, 'questions': 645}
    scores.values["hit@5"]    # [1., 0., 1., ...] per question: two releases are compared question by question
    interval(scores.values["hit@5"])   # (0.70, 0.77)

Every question counts that an article resolved, also one whose article is deleted: customers ask it all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DEPTH = 100  # articles handed to the measures: none of them looks further than ten, MRR apart

_NAMES = {"Success@1": "hit@1", "Success@5": "hit@5", "Success@10": "hit@10", "RR": "mrr", "nDCG@10": "ndcg@10"}
_RESAMPLES = 2_000


@dataclass(frozen=True)
class QuestionScores:
    """Measures of n questions in the order they were given: `values` float64 [n] per measure."""

    ids: list[str]
    values: dict[str, NDArray[np.float64]]

    @property
    def metrics(self) -> dict[str, float]:
        """The mean of every measure, and how many questions it is the mean of."""
        means = {name: round(float(values.mean()), 6) for name, values in self.values.items()}
        return means | {"questions": float(len(self.ids))}


def score_rankings(
    ids: Sequence[str],
    scores: NDArray[np.floating],
    article_ids: Sequence[str],
    gold: Sequence[Sequence[str]],
) -> QuestionScores:
    """Measure fused scores [n, articles] against the articles that resolved each question."""
    import ir_measures
    from ir_measures import RR, Success, nDCG

    depth = min(DEPTH, len(article_ids))
    best = np.argsort(-scores, axis=1, kind="stable")[:, :depth]
    # By rank, not by score: the measures break ties by name, ours is the order of the articles.
    run = {
        question: {article_ids[column]: float(depth - rank) for rank, column in enumerate(row)}
        for question, row in zip(ids, best.tolist(), strict=True)
    }
    relevant = {question: dict.fromkeys(articles, 1) for question, articles in zip(ids, gold, strict=True)}
    measures = [Success @ 1, Success @ 5, Success @ 10, RR, nDCG @ 10]
    row_of = {question: row for row, question in enumerate(ids)}
    values = {name: np.zeros(len(ids)) for name in _NAMES.values()}
    for metric in ir_measures.iter_calc(measures, relevant, run):
        values[_NAMES[str(metric.measure)]][row_of[metric.query_id]] = metric.value
    return QuestionScores(list(ids), values)


def interval(values: NDArray[np.float64], seed: int = 0) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of the mean of per-question values [n].

    The figures of scipy.stats.bootstrap(method='percentile') with the same seed, without its 1.3 s of CPU to import.
    """
    rng = np.random.default_rng(seed)
    means = [values[rng.integers(0, len(values), len(values))].mean() for _ in range(_RESAMPLES)]
    low, high = np.quantile(means, [0.025, 0.975])
    return round(float(low), 6), round(float(high), 6)
