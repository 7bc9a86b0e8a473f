"""Did the names of things change, or the things? What people called tickets, held against what the tickets say.

    found = compare_labels(Called(...), Called(...), names, chance, fewest)
    # measures 'new labels' 1.0, 'vanished' 0.98; new ['returns/return', ...], gone ['return_item', ...]

If tonight's mix of clusters asks for 12 % 'return_item', and nobody was given that label, then it was renamed, merged or
dropped: another text would not have done it. So the measures are conditional on the text:

    labels      PSI of tonight's known labels against those that its clusters had in the reference
    vanished    the share of tonight's tickets that should bear a label which none of them bears
    new labels  the share under a name that the release never learned, or
    new topic   the same, where such tickets are less familiar than those of the reference: not the name is new

A new topic of a dozen tickets a night lies well inside the spread of all familiarities. Its name is what gives it away.
"""

from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nightshift.drift.null_limits import Counts, Measure, NullLimits, psi

_MISSED = 3.0  # tickets that should bear a label before its absence is worth a name: chance does that 1 time in 20
_UNLIKE = 0.55  # of two tickets, one under a new name and one of the reference, how often the new one is less familiar
_ONE_SIDED_95 = 1.645


@dataclass(frozen=True)
class LabelledSample:
    """The cluster, the label and the familiarity of each ticket that has a label."""

    clusters: list[str]
    labels: list[str]
    near: NDArray[np.float64]

    @classmethod
    def of(cls, clusters: Sequence[str], labels: Sequence[str], near: Sequence[float]) -> "LabelledSample":
        """Of all tickets; '' is no label."""
        kept = [row for row, label in enumerate(labels) if label]
        return cls(
            [clusters[row] for row in kept], [labels[row] for row in kept], np.array([near[row] for row in kept])
        )


@dataclass(frozen=True)
class LabelDrift:
    """What became of the labels: three measures, the names that are new, and those that nobody used."""

    measures: list[Measure]
    new: list[str]
    gone: list[str]


def compare_labels(
    before: LabelledSample,
    tonight: LabelledSample,
    known: AbstractSet[str],
    uneven: float,
    chance: NullLimits,
    fewest: int,
) -> LabelDrift:
    """Tonight's labels against those before; `known` are the names the release learned. Nothing below `fewest` on a side.

    `uneven` is how much more days differ in their labels than draws would: people have habits.
    """
    if min(len(before.labels), len(tonight.labels)) < fewest:
        return LabelDrift([], [], [])
    is_new = np.array([label not in known for label in tonight.labels])
    measures = [
        Measure(
            "new topic" if _unlike(tonight.near[is_new], before.near) else "new labels",
            float(is_new.mean()),
            chance.share(0, len(before.labels), len(is_new)),
        )
    ]
    given = Counter(label for label in tonight.labels if label in known)
    names = sorted({*before.labels, *given})
    usual = _usual(before, Counter(tonight.clusters), names)
    found = np.array([given[name] for name in names], np.float64)
    if found.sum() >= fewest:
        measures.append(Measure("labels", float(psi(usual, found)), chance.psi(usual, int(found.sum()), uneven)))
    vanished = float(usual[found == 0].sum() / usual.sum())
    measures.append(Measure("vanished", vanished, chance.unseen(usual, len(tonight.labels), uneven)))
    missed = usual * (found == 0) * len(tonight.labels) / usual.sum()
    return LabelDrift(
        measures,
        sorted(set(tonight.labels) - known),
        [name for name, count in zip(names, missed, strict=True) if count >= _MISSED],
    )


def _unlike(near: NDArray[np.float64], before: NDArray[np.float64]) -> bool:
    """Whether tickets are less familiar than those before: the one-sided 95 % bound of P(near < before) is above _UNLIKE.

    The share is the statistic of Mann and Whitney (Annals of Mathematical Statistics 18, 1947), with its standard error.
    """
    n, m = len(near), len(before)
    if not n:
        return False
    order = np.sort(before)
    less = (np.searchsorted(order, near, "left") + np.searchsorted(order, near, "right")) / 2
    share = 1 - float(less.mean()) / m
    error: float = ((n + m + 1) / (12 * n * m)) ** 0.5
    return share - _ONE_SIDED_95 * error > _UNLIKE


def _usual(before: LabelledSample, clusters: Counter[str], names: list[str]) -> Counts:
    """How often each label would be given among as many tickets as before, in the mix of clusters of tonight [names].

    A cluster that had no label before is left out.
    """
    had = Counter(before.clusters)
    weight = {cluster: count / had[cluster] for cluster, count in clusters.items() if had[cluster]}
    place = {name: row for row, name in enumerate(names)}
    usual: Counts = np.zeros(len(names))
    for cluster, label in zip(before.clusters, before.labels, strict=True):
        usual[place[label]] += weight.get(cluster, 0)
    return usual * (len(before.labels) / max(float(usual.sum()), 1.0))
