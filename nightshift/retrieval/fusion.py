"""Four opinions on which article answers a question, brought to one scale and added up.

dense  the query tower against every section
bm25   words in common with every section
votes  what the nearest resolved tickets were resolved with
prior  the prior head over past resolved tickets and the sections themselves

The first two speak of sections: an article counts with its best three, each half as much as the one before.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

SCORES = ("dense", "bm25", "ticket_knn", "prior")
SECTION_WEIGHTS = np.array([1.0, 0.5, 0.25])  # of an article's sections, best first


def places_of(columns: NDArray[np.int64], articles: int) -> NDArray[np.int64]:
    """Where each article's sections lie [articles, most sections of one], padded with len(columns).

    `columns` int64 [sections] is the article of each section.
    """
    order = np.argsort(columns, kind="stable")
    counts = np.bincount(columns, minlength=articles)
    nth = np.arange(len(columns)) - np.repeat(np.cumsum(counts) - counts, counts)
    places = np.full((articles, max(counts.max(initial=0), len(SECTION_WEIGHTS))), len(columns), np.int64)
    places[columns[order], nth] = order
    return places


def by_article(of_section: NDArray[np.floating], places: NDArray[np.int64]) -> NDArray[np.float32]:
    """Scores of sections [n, sections] -> of articles [n, articles]: the weighted mean of the best ones it has."""
    best = len(SECTION_WEIGHTS)
    scores = np.empty((len(of_section), len(places)), np.float32)
    there = np.sort(places < of_section.shape[1], axis=1)[:, ::-1][:, :best] @ SECTION_WEIGHTS
    for row, one in enumerate(of_section):  # one question at a time: padding would multiply the memory of all
        padded = np.append(one, np.float32(-np.inf))[places]
        leading = np.sort(np.partition(padded, -best, axis=1)[:, -best:], axis=1)[:, ::-1]
        scores[row] = np.where(np.isfinite(leading), leading, 0) @ SECTION_WEIGHTS / there
    return scores


def z_scores(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Scores [..., articles] with mean 0 and deviation 1 over the articles; a signal that says nothing becomes 0."""
    centred = np.asarray(scores, np.float64) - np.mean(scores, axis=-1, keepdims=True, dtype=np.float64)
    deviation = centred.std(axis=-1, keepdims=True)
    scaled: NDArray[np.float64] = np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 1e-12)
    return scaled


def fuse(scores: NDArray[np.floating], weights: Mapping[str, float]) -> NDArray[np.float64]:
    """Raw scores [..., signals in the order of SIGNALS, articles] -> blended scores [..., articles]."""
    vector = np.array([weights[signal] for signal in SCORES])
    return np.asarray(np.einsum("s,...sa->...a", vector, z_scores(scores)))
