"""Are tonight's tickets like those the champion learned from? Drift warns and triggers; it never blocks.

    reference = make_reference(learned_from, memory)   # JSON, stored in the release
    found = measure(reference, tonight, memory)        # Drift(verdict='drift', rows=1204, measures=[...])

Four measures. PSI, sum (p - q) ln(p / q), on intents and on k-means clusters of ticket vectors sees that the mix of
topics moved; on length it sees another way of writing; the share of unfamiliar tickets, farther from every remembered
ticket than 99 % of the reference were, sees topics that are new. None of them sees a change that keeps all four.

PSI without any shift is not 0: it grows with bins and falls with rows. So its limit is what two samples of these
sizes from the reference itself reach in 1 of 400 draws (four measures: 1 night in 100), and never below 0.1, the usual reading of "no shift worth
a look" (Siddiqi, Credit Risk Scorecards, 2006). Below 1,000 tickets no limit is of use: the verdict is "too little data".
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEWEST = 1_000
_LEAST_LIMIT = 0.1
_LEAST_UNFAMILIAR = 0.03
_ONE_IN = 400
_DRAWS = 4_000
_MOST_ROWS = 5_000  # of the reference, kept for the report
_LENGTHS = (10, 20, 40, 80, 160, 320)
_SEED = 0


@dataclass(frozen=True)
class Asked:
    """n tickets as drift sees them: document-tower vectors float32 [n, dim], intents as a release's heads predict them."""

    times: Sequence[datetime]
    n_words: Sequence[int]
    intents: Sequence[str]
    vectors: NDArray[np.float32]


@dataclass(frozen=True)
class Measure:
    """One number against its limit. Names: intent, cluster, length (PSI) and unfamiliar (a share)."""

    name: str
    value: float
    limit: float

    @property
    def exceeded(self) -> bool:
        return self.value > self.limit


@dataclass(frozen=True)
class Drift:
    """`verdict` is one of: no reference, too little data, quiet, drift."""

    verdict: str
    rows: int
    measures: list[Measure]

    def to_json(self) -> dict[str, object]:
        measures = [asdict(one) | {"exceeded": one.exceeded} for one in self.measures]
        return {"verdict": self.verdict, "rows": self.rows, "measures": measures}


def make_reference(asked: Asked, memory: NDArray[np.float32]) -> dict[str, Any]:
    """What a release remembers of the tickets it learned from: histograms and cluster centres, nobody's words.

    `memory` float32 [m, dim] is that of its index. `rows` holds a sample for the Evidently report.
    """
    centres = _centres(asked.vectors)
    columns = tabular(asked, centres)
    near = familiarity(asked.vectors, memory)
    kept = np.sort(np.random.default_rng(_SEED).permutation(len(near))[:_MOST_ROWS])
    return {
        "count": len(near),
        "centres": [[round(float(x), 5) for x in centre] for centre in centres],
        "histograms": _histograms(columns),
        "familiar": round(float(np.quantile(near, 0.01)), 6) if len(near) else 0.0,
        "rows": {name: [values[row] for row in kept] for name, values in columns.items()},
    }


def measure(reference: Mapping[str, Any], tonight: Asked, memory: NDArray[np.float32], fewest: int = FEWEST) -> Drift:
    """Tonight's tickets against a release's reference, with that release's heads and memory."""
    count = len(tonight.vectors)
    if min(count, reference["count"]) < fewest:
        return Drift("too little data", count, [])
    histograms = _histograms(tabular(tonight, np.array(reference["centres"], np.float32)))
    draws = np.random.default_rng(_SEED)
    measures = []
    for name, before in reference["histograms"].items():
        bins = sorted(before.keys() | histograms[name].keys())
        expected, found = (np.array([of.get(one, 0) for one in bins], np.float64) for of in (before, histograms[name]))
        limit = max(_LEAST_LIMIT, _psi_by_chance(expected, count, draws))
        measures.append(Measure(name, round(float(psi(expected, found)), 6), round(limit, 6)))
    unfamiliar = float((familiarity(tonight.vectors, memory) < reference["familiar"]).mean())
    chance = np.quantile(draws.binomial(count, 0.01, _DRAWS) / count, 1 - 1 / _ONE_IN)
    measures.append(Measure("unfamiliar", round(unfamiliar, 6), round(max(_LEAST_UNFAMILIAR, float(chance)), 6)))
    return Drift("drift" if any(one.exceeded for one in measures) else "quiet", count, measures)


def psi(expected: NDArray[np.float64], found: NDArray[np.float64]) -> NDArray[np.float64]:
    """Population stability index of histograms of counts [..., bins] -> [...]; half a row is added to each bin."""
    p, q = (
        (counts + 0.5) / (counts.sum(axis=-1, keepdims=True) + 0.5 * counts.shape[-1]) for counts in (expected, found)
    )
    return np.asarray(((p - q) * np.log(p / q)).sum(axis=-1))


def familiarity(vectors: NDArray[np.float32], memory: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosine [n] of each ticket to the nearest remembered one; itself, or its exact copy, does not count."""
    best = np.full(len(vectors), -1, np.float32)
    if len(memory):
        for start in range(0, len(vectors), 1024):
            cosines = vectors[start : start + 1024] @ memory.T
            best[start : start + 1024] = np.where(cosines > 1 - 1e-5, -1, cosines).max(axis=1)
    return best


def tabular(asked: Asked, centres: NDArray[np.float32]) -> dict[str, list[Any]]:
    """What is compared, column by column, with the clusters of a reference: no text, no id."""
    return {
        "intent": list(asked.intents),
        "cluster": [f"cluster {one}" for one in _nearest(asked.vectors, centres)],
        "n_words": list(asked.n_words),
        "hour": [time.hour for time in asked.times],
        "weekday": [time.strftime("%a") for time in asked.times],
    }


def _histograms(columns: Mapping[str, list[Any]]) -> dict[str, dict[str, int]]:
    lengths = [f"up to {bound}" for bound in _LENGTHS] + ["longer"]
    length = [lengths[bin_] for bin_ in np.searchsorted(_LENGTHS, columns["n_words"], side="left")]
    return {
        "intent": dict(Counter(columns["intent"])),
        "cluster": dict(Counter(columns["cluster"])),
        "length": dict(Counter(length)),
    }


def _psi_by_chance(expected: NDArray[np.float64], count: int, draws: np.random.Generator) -> float:
    """The PSI that a sample of the reference's size and one of `count` rows reach in 1 of 400 draws."""
    shares = expected / expected.sum()
    befores = draws.multinomial(int(expected.sum()), shares, _DRAWS)
    afters = draws.multinomial(count, shares, _DRAWS)
    return float(np.quantile(psi(befores.astype(np.float64), afters.astype(np.float64)), 1 - 1 / _ONE_IN))


def _centres(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Centres float32 [k, dim] of at most 20 clusters, at least 50 tickets a cluster."""
    from sklearn.cluster import KMeans

    k = max(1, min(20, len(vectors) // 50))
    centres: NDArray[np.float32] = KMeans(k, n_init=1, random_state=_SEED).fit(vectors).cluster_centers_
    return np.round(centres, 5)


def _nearest(vectors: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.int64]:
    """The cluster [n] of each vector: the nearest centre."""
    distances = (centres**2).sum(axis=1) - 2 * vectors @ centres.T
    return np.asarray(distances.argmin(axis=1), np.int64)
