"""How well articles are ranked, question by question.

    found = score_rankings(ids, scores, retriever.article_ids, gold)
    found.metrics         # {'hit@1': 0.49, 'hit@5': 0.736, 'hit@10': 0.812, 'mrr': 0.6, 'ndcg@10': 0.634, 'questions': 645}
    found.of["hit@5"]     # [1., 0., 1., ...] one number per question: two releases are compared question by question
    interval(found.of["hit@5"])   # (0.70, 0.77)

A question counts as soon as one article resolved it, also where that article is gone since: a customer asks it all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DEPTH = 100  # articles handed to the measures: far below where any of them looks


_NAMES = {"Success@1": "hit@1", "Success@5": "hit@5", "Success@10": "hit@10", "RR": "mrr", "nDCG@10": "ndcg@10"}


_RESAMPLES = 2_000


@dataclass(frozen=True)
class QuestionScores:
    """Measures of n questions in the order they were given: `of` float64 [n] per measure."""

    ids: list[str]
    of: dict[str, NDArray[np.float64]]

    @property
    def metrics(self) -> dict[str, float]:
        """The mean of every measure, and how many questions it is the mean of."""
        means = {name: round(float(values.mean()), 6) for name, values in self.of.items()}
        return means | {"questions": float(len(self.ids))}


def score_rankings(
    ids: Sequence[str],
    scores: NDArray[np.floating],
    article_ids: Sequence[str],
    gold: Sequence[Sequence[str]],
) -> QuestionScores:
    """Measure blended scores [n, articles] against the articles that resolved each question."""
    import ir_measures
    from ir_measures import RR, Success, nDCG

    depth = min(DEPTH, len(article_ids))
    best = np.argsort(-scores, axis=1, kind="stable")[:, :depth]
    # By place, not by score: the measures break ties by name, we by the order of the articles.
    run = {
        question: {article_ids[column]: float(depth - place) for place, column in enumerate(row)}
        for question, row in zip(ids, best.tolist(), strict=True)
    }
    wanted = {question: dict.fromkeys(articles, 1) for question, articles in zip(ids, gold, strict=True)}
    measures = [Success @ 1, Success @ 5, Success @ 10, RR, nDCG @ 10]
    row_of = {question: row for row, question in enumerate(ids)}
    of = {name: np.zeros(len(ids)) for name in _NAMES.values()}
    for one in ir_measures.iter_calc(measures, wanted, run):
        of[_NAMES[str(one.measure)]][row_of[one.query_id]] = one.value
    return QuestionScores(list(ids), of)


def interval(values: NDArray[np.float64], seed: int = 0) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of the mean of per-question values [n]."""
    draws = np.random.default_rng(seed)
    means = [values[draws.integers(0, len(values), len(values))].mean() for _ in range(_RESAMPLES)]
    low, high = np.quantile(means, [0.025, 0.975])
    return round(float(low), 6), round(float(high), 6)
