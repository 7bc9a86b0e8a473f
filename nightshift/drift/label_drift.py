"""Label drift: whether the labels changed while the tickets did not, from labels conditional on the text.

    drift = compare_labels(LabelledSample(...), LabelledSample(...), known, effect, limits, min_rows)
    # measures 'new labels' 1.0, 'vanished labels' 0.98; new ['returns/return', ...], gone ['return_item', ...]

If the clusters of tonight's tickets predict 12 % 'return_item' and no ticket bears that label, it was renamed, merged
or dropped. The measures:

    labels            PSI of tonight's known labels against those that the clusters had in the reference
    vanished labels   the share of tonight's tickets that should bear a label which none of them bears
    new labels        the share under a label that the release never learned, or
    new topic         the same, where such tickets lie farther from the resolved tickets than those of the reference

A new topic of a dozen tickets a night lies well inside the spread of all distances; its label shows it.
"""

from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nightshift.drift.measures import DriftMeasure, Measure
from nightshift.drift.null_limits import Counts, NullLimits, psi

_MIN_EXPECTED = 3.0  # tickets that should bear a label before its absence is reported: sampling does that 1 time in 20
_NOVEL = 0.55  # P(a ticket under a new label is farther from the resolved tickets than one of the reference)
_ONE_SIDED_95 = 1.645


@dataclass(frozen=True)
class LabelledSample:
    """The cluster, the label and the cosine to the nearest resolved ticket, of each ticket that has a label."""

    clusters: list[str]
    labels: list[str]
    nearest: NDArray[np.float64]

    @classmethod
    def of(cls, clusters: Sequence[str], labels: Sequence[str], nearest: Sequence[float]) -> "LabelledSample":
        """Of all tickets; '' is no label."""
        rows = [row for row, label in enumerate(labels) if label]
        return cls(
            [clusters[row] for row in rows], [labels[row] for row in rows], np.array([nearest[row] for row in rows])
        )


@dataclass(frozen=True)
class LabelDrift:
    """At most three measures, the labels that are new, and those that vanished."""

    measures: list[Measure]
    new: list[str]
    gone: list[str]


def compare_labels(
    reference: LabelledSample,
    tonight: LabelledSample,
    known: AbstractSet[str],
    effect: float,
    limits: NullLimits,
    min_rows: int,
) -> LabelDrift:
    """Tonight's labels against the reference; `known` are the labels the release learned. Nothing below `min_rows`.

    `effect` is the design effect of the labels: days differ more than draws would, for people have habits.
    """
    if min(len(reference.labels), len(tonight.labels)) < min_rows:
        return LabelDrift([], [], [])
    is_new = np.array([label not in known for label in tonight.labels])
    measures = [
        Measure(
            DriftMeasure.NEW_TOPIC
            if _is_novel(tonight.nearest[is_new], reference.nearest)
            else DriftMeasure.NEW_LABELS,
            float(is_new.mean()),
            limits.share(0, len(reference.labels), len(is_new)),
        )
    ]
    counts = Counter(label for label in tonight.labels if label in known)
    labels = sorted({*reference.labels, *counts})
    expected = _expected_counts(reference, Counter(tonight.clusters), labels)
    observed = np.array([counts[label] for label in labels], np.float64)
    if observed.sum() >= min_rows:
        limit = limits.psi(expected, int(observed.sum()), effect)
        measures.append(Measure(DriftMeasure.LABELS, float(psi(expected, observed)), limit))
    vanished = float(expected[observed == 0].sum() / expected.sum())
    limit = limits.vanished_share(expected, len(tonight.labels), effect)
    measures.append(Measure(DriftMeasure.VANISHED_LABELS, vanished, limit))
    missing = expected * (observed == 0) * len(tonight.labels) / expected.sum()
    return LabelDrift(
        measures,
        sorted(set(tonight.labels) - known),
        [label for label, count in zip(labels, missing, strict=True) if count >= _MIN_EXPECTED],
    )


def _is_novel(nearest: NDArray[np.float64], reference: NDArray[np.float64]) -> bool:
    """Whether the one-sided 95 % lower bound of P(nearest < reference) is above _NOVEL.

    The share is the statistic of Mann and Whitney (Annals of Mathematical Statistics 18, 1947), with its standard
    error. It is computed here because scipy.stats takes 1.3 s of CPU to import, and drift is looked for every night.
    """
    n, m = len(nearest), len(reference)
    if not n:
        return False
    ordered = np.sort(reference)
    below = (np.searchsorted(ordered, nearest, "left") + np.searchsorted(ordered, nearest, "right")) / 2
    share = 1 - float(below.mean()) / m
    error: float = ((n + m + 1) / (12 * n * m)) ** 0.5
    return share - _ONE_SIDED_95 * error > _NOVEL


def _expected_counts(reference: LabelledSample, clusters: Counter[str], labels: list[str]) -> Counts:
    """Counts [labels] expected among as many tickets as the reference has, in the mix of clusters of tonight.

    A cluster without a label in the reference is left out.
    """
    reference_clusters = Counter(reference.clusters)
    weights = {
        cluster: count / reference_clusters[cluster]
        for cluster, count in clusters.items()
        if reference_clusters[cluster]
    }
    column = {label: index for index, label in enumerate(labels)}
    expected: Counts = np.zeros(len(labels))
    for cluster, label in zip(reference.clusters, reference.labels, strict=True):
        expected[column[label]] += weights.get(cluster, 0)
    return expected * (len(reference.labels) / max(float(expected.sum()), 1.0))
