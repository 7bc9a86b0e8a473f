"""hit@k and MRR from scores and a mask of the right articles.

ranking(scores, golds)     # {'hit@1': 0.49, 'hit@5': 0.74, 'hit@10': 0.81, 'mrr': 0.6}
"""

import numpy as np
from numpy.typing import NDArray


def first_ranks(scores: NDArray[np.floating], golds: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The rank [n] of the best right article (1 = first), from scores and golds [n, articles]; ties rank it lower."""
    best = np.where(golds, scores, -np.inf).max(axis=1, keepdims=True)
    ahead = (scores >= best) & ~golds
    return np.asarray(1 + ahead.sum(axis=1), np.int64)


def ranking(scores: NDArray[np.floating], golds: NDArray[np.bool_]) -> dict[str, float]:
    """hit@1, hit@5, hit@10 and MRR over the questions that have a right article; both arguments [n, articles]."""
    answerable = golds.any(axis=1)
    ranks = first_ranks(scores[answerable], golds[answerable])
    hits = {f"hit@{k}": float((ranks <= k).mean()) for k in (1, 5, 10)}
    return {**hits, "mrr": float((1 / ranks).mean())}
