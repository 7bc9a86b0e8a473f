"""Are tonight's tickets like those that the release was judged on? Drift warns and triggers; it never blocks.

    reference = make_reference(fresh, memory, cluster(memory), labels)     # JSON, stored in the release
    found = compare(reference, tonight, memory)           # Comparison(verdict='drift', rows=214, measures=[...])

The reference are tickets that the release knew but had not learned from: the newest fifth. Its heads, clusters and memory meet them as
they meet tonight's. Tickets it did learn from would look more alike than any new ones, and every night would be an alarm.

    intent, cluster   PSI of the mix of predicted intents, and of k-means clusters of ticket vectors
    length            PSI of the number of words
    unfamiliar        share of tickets farther from every remembered one than 99 % of the reference were: new topics
    repeated          share of tickets with the words of one of the 24 hours before
    volume            tickets a day against the last eight weeks, weekday for weekday once there are three weeks (|t|)
    labels, vanished, new labels, new topic   what people called them, given what they say: see labels.py

PSI, sum (p - q) ln(p / q), is not 0 without any shift: at 214 tickets, 470 before and 20 bins it is 0.13 on an average night.
So no fixed limit (the usual 0.1 of Siddiqi, Credit Risk Scorecards, 2006) holds at every size. Each limit is what a night
of tonight's size reaches by chance, all measures together in 1 night of 100: see chance.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nightshift.artifacts import DriftVerdict
from nightshift.drift import volume
from nightshift.drift.label_drift import LabelDrift, LabelledSample, compare_labels
from nightshift.drift.null_limits import Counts, Measure, NullLimits, design_effect, psi

FORMAT = 2  # of reference.json; an older one is no reference
FEWEST = 100  # tickets on either side: bench.drift shows what is found at which size
ABOUT = frozenset({"intent", "cluster", "unfamiliar", "new topic"})  # measures of what tickets are about
_MEASURES = 9
_UNFAMILIAR = 0.01
_LEAST_UNFAMILIAR = 4  # tickets of the reference beyond the mark: fewer would leave it to chance where the mark is
MIXES = ("intent", "cluster", "length")
_NAMES = frozenset({"labels", "vanished", "new labels"})
_LENGTHS = (10, 20, 40, 80, 160, 320)
_MOST_CLUSTERED = 4_000
_SEED = 0


@dataclass(frozen=True)
class TicketSample:
    """n tickets as drift sees them, oldest first: document-tower vectors float32 [n, dim], intents as a release predicts them.

    `labels` are what people called them ('' = nothing), `repeated` whether the 24 hours before held the same words.
    `days` are the counts of all tickets up to the newest, `nights` how many of them these tickets span.
    """

    times: Sequence[datetime]
    n_words: Sequence[int]
    intents: Sequence[str]
    labels: Sequence[str]
    repeated: Sequence[bool]
    vectors: NDArray[np.float32]
    days: volume.Days
    nights: int


@dataclass(frozen=True)
class Comparison:
    """The verdict and its measures. `new` and `gone` name labels where the verdict is about them."""

    verdict: DriftVerdict
    rows: int
    measures: list[Measure] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    @property
    def moved(self) -> list[str]:
        return [one.name for one in self.measures if one.exceeded]

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"measures": [asdict(one) | {"exceeded": one.exceeded} for one in self.measures]}


def make_reference(
    fresh: TicketSample, memory: NDArray[np.float32], centres: NDArray[np.float32], known: Iterable[str]
) -> dict[str, Any]:
    """What a release remembers of tickets it had not learned from: codes, counts and cluster centres, nobody's words.

    `memory` float32 [m, dim] is that of its index, `centres` float32 [k, dim] those of `cluster`, `known` are the labels
    that it learned. Without a ticket there is nothing.
    """
    if not len(fresh.vectors):
        return {}
    near = nearest_cosine(fresh.vectors, memory)
    had = min(max(_LEAST_UNFAMILIAR, int(_UNFAMILIAR * len(near))), len(near) - 1)
    return {
        "form": FORMAT,
        "until": fresh.days.end.isoformat(),
        "centres": [[round(float(x), 5) for x in centre] for centre in centres],
        "familiar": round(float(np.sort(near)[had]), 6),
        "unfamiliar": had,
        "labels": sorted(known),
        "days": fresh.days.counts,
        "rows": {
            **tabular(fresh, centres),
            "label": list(fresh.labels),
            "near": [round(float(one), 4) for one in near],
            "repeated": [int(one) for one in fresh.repeated],
            "time": [time.isoformat(timespec="hours") for time in fresh.times],
        },
    }


def compare(
    reference: Mapping[str, Any], tonight: TicketSample, memory: NDArray[np.float32], fewest: int = FEWEST
) -> Comparison:
    """Tonight's tickets against a release's reference, with that release's heads and memory."""
    rows, count = _before(reference["rows"], tonight), len(tonight.vectors)
    known = len(rows["time"])
    if min(count, known) < fewest:
        return Comparison(DriftVerdict.TOO_LITTLE_DATA, count)
    chance = NullLimits(_MEASURES)
    columns = tabular(tonight, np.array(reference["centres"], np.float32))
    blocks = _blocks(rows["time"], tonight.nights)
    measures = [_mix(name, rows[name], columns[name], blocks, chance) for name in MIXES]
    near = nearest_cosine(tonight.vectors, memory)
    unfamiliar, repeated = float((near < reference["familiar"]).mean()), float(np.mean(tonight.repeated))
    of = len(reference["rows"]["time"])
    measures.append(Measure("unfamiliar", unfamiliar, chance.share(reference["unfamiliar"], of, count)))
    measures.append(Measure("repeated", repeated, chance.share(sum(rows["repeated"]), known, count)))
    before = volume.Days(datetime.fromisoformat(reference["until"]), reference["days"])
    surprise = volume.t_statistic(before, tonight.days, tonight.nights)
    if surprise:
        measures.append(Measure("volume", surprise[0], chance.spread(surprise[1])))
    given = sorted(set(rows["label"]) - {""})
    names = compare_labels(
        LabelledSample.of(rows["cluster"], rows["label"], rows["near"]),
        LabelledSample.of(columns["cluster"], tonight.labels, near.tolist()),
        set(reference["labels"]),
        design_effect(_parts(rows["label"], blocks, given), count),
        chance,
        fewest,
    )
    return _judged(count, [*measures, *names.measures], names)


def _judged(count: int, measures: list[Measure], names: LabelDrift) -> Comparison:
    """The verdict. A label that vanished is a break of the taxonomy; other labels are where the text has not moved."""
    measures = [Measure(one.name, round(one.value, 6), round(one.limit, 6)) for one in measures]
    moved = {one.name for one in measures if one.exceeded}
    drift = bool(moved - _NAMES)
    taxonomy = "vanished" in moved or bool(moved & _NAMES and not moved & ABOUT)
    verdict = " and ".join(name for name, holds in (("drift", drift), ("taxonomy", taxonomy)) if holds)
    new = names.new if taxonomy or "new topic" in moved else []
    return Comparison(DriftVerdict(verdict or "quiet"), count, measures, new, names.gone if taxonomy else [])


def nearest_cosine(vectors: NDArray[np.float32], memory: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosine [n] of each ticket to the nearest remembered one; -1 where nothing is remembered."""
    best = np.full(len(vectors), -1, np.float32)
    for start in range(0, len(vectors) if len(memory) else 0, 1024):
        best[start : start + 1024] = (vectors[start : start + 1024] @ memory.T).max(axis=1)
    return best


def tabular(asked: TicketSample, centres: NDArray[np.float32]) -> dict[str, list[Any]]:
    """What is compared, column by column, with the clusters of a reference: no text, no id."""
    lengths = [f"up to {bound} words" for bound in _LENGTHS] + ["longer"]
    return {
        "intent": list(asked.intents),
        "cluster": [f"cluster {one}" for one in _nearest(asked.vectors, centres)],
        "length": [lengths[bin_] for bin_ in np.searchsorted(_LENGTHS, asked.n_words, side="left")],
    }


def _before(rows: Mapping[str, list[Any]], tonight: TicketSample) -> dict[str, list[Any]]:
    """The rows of a reference that are older than tonight's: of a small desk the newest nights may be in both."""
    start = min(tonight.times).isoformat(timespec="hours") if tonight.times else ""
    kept = [row for row, time in enumerate(rows["time"]) if time < start]
    return {name: [values[row] for row in kept] for name, values in rows.items()}


def _blocks(times: list[str], nights: int) -> NDArray[np.int64]:
    """Which of two or more equal parts each reference row is in [n]; a part is as long as tonight, where there is room."""
    span = datetime.fromisoformat(times[-1]) - datetime.fromisoformat(times[0])
    parts = max(2, round(span / timedelta(days=nights)))
    return np.arange(len(times)) * parts // len(times)


def _mix(name: str, before: list[Any], tonight: list[Any], blocks: NDArray[np.int64], chance: NullLimits) -> Measure:
    """PSI of two columns of categories."""
    bins = sorted({*before, *tonight})
    parts = _parts(before, blocks, bins)
    place = {value: column for column, value in enumerate(bins)}
    found = np.bincount([place[value] for value in tonight], minlength=len(bins)).astype(np.float64)
    expected = parts.sum(axis=0)
    limit = chance.psi(expected, len(tonight), design_effect(parts, len(tonight)))
    return Measure(name, float(psi(expected, found)), limit)


def _parts(values: list[Any], blocks: NDArray[np.int64], bins: list[Any]) -> Counts:
    """Histograms [blocks, bins] of the values that are among the bins."""
    place = {value: column for column, value in enumerate(bins)}
    parts: Counts = np.zeros((blocks[-1] + 1, len(bins)))
    for block, value in zip(blocks, values, strict=True):
        if value in place:
            parts[block, place[value]] += 1
    return parts


def cluster(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Centres float32 [k, dim] of at most 20 clusters of tickets, at least 25 tickets a cluster; the newest 4,000 count.

    Of remembered tickets, not of the reference: those that made the centres lie nearer to them than new ones do. Without
    a ticket there is no centre.
    """
    if not len(vectors):
        return vectors
    from sklearn.cluster import KMeans

    vectors = vectors[-_MOST_CLUSTERED:]
    k = max(1, min(20, len(vectors) // 25))
    centres: NDArray[np.float32] = KMeans(k, n_init=1, random_state=_SEED).fit(vectors).cluster_centers_
    return np.round(centres, 5)


def _nearest(vectors: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.int64]:
    """The cluster [n] of each vector: the nearest centre."""
    distances = (centres**2).sum(axis=1) - 2 * vectors @ centres.T
    return np.asarray(distances.argmin(axis=1), np.int64)
