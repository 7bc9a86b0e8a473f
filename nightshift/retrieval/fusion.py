"""Fusion: four retrieval scores of an article, brought to one scale and added up with weights.

dense       cosine of the query tower's vector to every section
bm25        BM25 of every section
ticket_knn  the articles that resolved the nearest tickets (ticket_knn.py)
prior       log probability of the prior classifier

The first two score sections; the score of an article is the weighted mean of its best three sections.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

SCORES = ("dense", "bm25", "ticket_knn", "prior")
SECTION_WEIGHTS = np.array([1.0, 0.5, 0.25])  # of the sections of an article, best first


def section_positions(columns: NDArray[np.int64], articles: int) -> NDArray[np.int64]:
    """Positions of each article's sections [articles, longest article], padded with len(columns).

    `columns` int64 [sections] is the article of each section. The width is at least that of SECTION_WEIGHTS.
    """
    order = np.argsort(columns, kind="stable")
    counts = np.bincount(columns, minlength=articles)
    rank_in_article = np.arange(len(columns)) - np.repeat(np.cumsum(counts) - counts, counts)
    width = max(counts.max(initial=0), len(SECTION_WEIGHTS))
    positions = np.full((articles, width), len(columns), np.int64)
    positions[columns[order], rank_in_article] = order
    return positions


def article_scores(section_scores: NDArray[np.floating], positions: NDArray[np.int64]) -> NDArray[np.float32]:
    """Scores of sections [n, sections] -> of articles [n, articles]: the weighted mean of an article's best sections.

    `positions` are the section_positions of the articles.
    """
    best = len(SECTION_WEIGHTS)
    scores = np.empty((len(section_scores), len(positions)), np.float32)
    present = np.sort(positions < section_scores.shape[1], axis=1)[:, ::-1][:, :best]
    total_weight = present @ SECTION_WEIGHTS
    for row, question_scores in enumerate(section_scores):  # row by row: padding all at once would multiply the memory
        padded = np.append(question_scores, np.float32(-np.inf))[positions]
        top = np.sort(np.partition(padded, -best, axis=1)[:, -best:], axis=1)[:, ::-1]
        scores[row] = np.where(np.isfinite(top), top, 0) @ SECTION_WEIGHTS / total_weight
    return scores


def z_scores(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Scores [..., articles] with mean 0 and deviation 1 over the articles; constant scores become 0."""
    centred = np.asarray(scores, np.float64) - np.mean(scores, axis=-1, keepdims=True, dtype=np.float64)
    deviation = centred.std(axis=-1, keepdims=True)
    scaled: NDArray[np.float64] = np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 1e-12)
    return scaled


def fuse(scores: NDArray[np.floating], weights: Mapping[str, float]) -> NDArray[np.float64]:
    """Retrieval scores [..., scores in the order of SCORES, articles] -> fused scores [..., articles]."""
    vector = np.array([weights[name] for name in SCORES])
    return np.asarray(np.einsum("s,...sa->...a", vector, z_scores(scores)))
