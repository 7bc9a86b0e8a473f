"""Did the names of things change, or the things? What people called tickets, held against what the tickets say.

    found = compare_labels(Called(clusters, labels), Called(clusters_tonight, labels_tonight), chance)
    # [Measure('labels', 5.1, 0.6), Measure('vanished', 0.98, 0.04)], new=['returns/return', ...], gone=['return_item', ...]

If tonight's mix of clusters asks for 12 % 'return_item', and nobody was given that label, then the label was renamed, merged or
dropped: another text would not have done it. Two measures, both conditional on the text:

    labels     PSI of tonight's labels against those that its clusters had in the reference
    vanished   the share of tonight's tickets that should bear a label which none of them bears

A new topic brings a new label, and PSI moves; no label vanishes, and the text has moved as well.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nightshift.evaluate.chance import Chance, Counts, Measure, psi

_MISSED = 3.0  # tickets that should bear a label before its absence is worth a name: chance does that 1 time in 20


@dataclass(frozen=True)
class Called:
    """The cluster and the label of each ticket; '' is no label, and such tickets do not count."""

    clusters: Sequence[str]
    labels: Sequence[str]

    def pairs(self) -> list[tuple[str, str]]:
        return [pair for pair in zip(self.clusters, self.labels, strict=True) if pair[1]]


def compare_labels(
    before: Called, tonight: Called, chance: Chance, fewest: int
) -> tuple[list[Measure], list[str], list[str]]:
    """Both measures, the labels that are new, and those that are missed; no measure below `fewest` labels on a side."""
    past, now = before.pairs(), tonight.pairs()
    if min(len(past), len(now)) < fewest:
        return [], [], []
    names = sorted({label for _, label in [*past, *now]})
    given = Counter(label for _, label in now)
    found = np.array([given[name] for name in names], np.float64)
    usual = _usual(past, Counter(cluster for cluster, _ in now), names)
    vanished = found == 0
    measures = [
        Measure("labels", float(psi(usual, found)), chance.psi(usual, len(now))),
        Measure("vanished", float(usual[vanished].sum() / usual.sum()), chance.unseen(usual, len(now))),
    ]
    known = {label for _, label in past}
    new = [name for name in names if name not in known]
    missed = usual * vanished * len(now) / usual.sum()
    gone = [name for name, count in zip(names, missed, strict=True) if count >= _MISSED]
    return measures, new, gone


def _usual(past: list[tuple[str, str]], clusters: Counter[str], names: list[str]) -> Counts:
    """How often each label would be given among as many tickets as before, in tonight's mix of clusters [names].

    A cluster that had no label before is left out.
    """
    had = Counter(cluster for cluster, _ in past)
    known = {cluster: count for cluster, count in clusters.items() if had[cluster]}
    weight = {cluster: count / had[cluster] for cluster, count in known.items()}
    place = {name: row for row, name in enumerate(names)}
    usual: Counts = np.zeros(len(names))
    for cluster, label in past:
        usual[place[label]] += weight.get(cluster, 0)
    return usual * (len(past) / max(float(usual.sum()), 1.0))
