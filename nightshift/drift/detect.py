"""Drift detection: the newest tickets against those that a release was evaluated on. It warns and blocks nothing.

    reference = make_reference(fresh, resolved, cluster(resolved), labels)     # JSON, stored in the release
    comparison = compare(reference, tonight, resolved)     # Comparison(DriftVerdict.DRIFT, rows=214, measures=[...])

The reference are tickets that the release had but had not learned from: the newest fifth. Its classifiers, clusters and
resolved tickets meet them as they meet tonight's. Tickets it did learn from would look more alike than any new ones,
and every night would raise an alarm.

    intent, cluster   PSI of the mix of predicted intents, and of k-means clusters of ticket vectors
    length            PSI of the number of words
    novelty           share of tickets farther from every resolved ticket than 99 % of the reference were
    repeated          share of tickets with the words of one of the 24 hours before
    volume            tickets a day against the last eight weeks, by weekday once there are three weeks (|t|)
    labels, vanished labels, new labels, new topic   labels conditional on the text: label_drift.py

PSI, sum (p - q) ln(p / q), is not 0 without any shift: with 214 tickets, 470 in the reference and 20 bins it is 0.13 on
an average night. So no fixed limit (such as 0.1 in Siddiqi, Credit Risk Scorecards, 2006) holds at every size. Each
limit is what a night of tonight's size reaches by chance, all measures together in 1 night of 100: null_limits.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nightshift.artifacts import DriftVerdict
from nightshift.drift.label_drift import LabelDrift, LabelledSample, compare_labels
from nightshift.drift.measures import LABEL_MEASURES, MIXES, TOPIC_MEASURES, DriftMeasure, Measure
from nightshift.drift.novelty import nearest_cosine
from nightshift.drift.null_limits import Counts, NullLimits, design_effect, psi
from nightshift.drift.volume import DailyCounts, t_statistic

FORMAT = 3  # of reference.json; another one is no reference
MIN_ROWS = 100  # tickets on either side: bench.drift shows what is detected at which size
_MEASURES = 9
_NOVEL_SHARE = 0.01
_MIN_NOVEL = 4  # tickets of the reference below the novelty threshold: fewer would leave the threshold to chance
_LENGTHS = (10, 20, 40, 80, 160, 320)
_MAX_CLUSTERED = 4_000
_SEED = 0


@dataclass(frozen=True)
class TicketSample:
    """n tickets, oldest first: document-tower vectors float32 [n, dim], intents as a release predicts them.

    `labels` are what people called them ('' for none), `repeated` whether the 24 hours before held the same words.
    `daily_counts` are those of all tickets up to the newest, `nights` is how many nights these n tickets span.
    """

    times: Sequence[datetime]
    n_words: Sequence[int]
    intents: Sequence[str]
    labels: Sequence[str]
    repeated: Sequence[bool]
    vectors: NDArray[np.float32]
    daily_counts: DailyCounts
    nights: int


@dataclass(frozen=True)
class Comparison:
    """The verdict over `rows` tickets and its measures. The labels are named where the verdict is about them."""

    verdict: DriftVerdict
    rows: int
    measures: list[Measure] = field(default_factory=list)
    new_labels: list[str] = field(default_factory=list)
    vanished_labels: list[str] = field(default_factory=list)

    @property
    def moved(self) -> list[str]:
        """The measures above their limits."""
        return [measure.name.value for measure in self.measures if measure.exceeded]

    def to_json(self) -> dict[str, Any]:
        measures = [asdict(measure) | {"exceeded": measure.exceeded} for measure in self.measures]
        return asdict(self) | {"measures": measures}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            DriftVerdict(value["verdict"]),
            value["rows"],
            [Measure.from_json(measure) for measure in value["measures"]],
            value["new_labels"],
            value["vanished_labels"],
        )


def make_reference(
    fresh: TicketSample, resolved: NDArray[np.float32], centres: NDArray[np.float32], known: Iterable[str]
) -> dict[str, Any]:
    """What a release keeps of tickets it had not learned from: codes, counts and cluster centres, and no text.

    `resolved` float32 [m, dim] are the resolved tickets of its index, `centres` float32 [k, dim] those of `cluster`,
    `known` the labels that it learned. Without a ticket the reference is empty.
    """
    if not len(fresh.vectors):
        return {}
    nearest = nearest_cosine(fresh.vectors, resolved)
    novel_rows = min(max(_MIN_NOVEL, int(_NOVEL_SHARE * len(nearest))), len(nearest) - 1)
    return {
        "format": FORMAT,
        "until": fresh.daily_counts.end.isoformat(),
        "cluster_centres": [[round(float(x), 5) for x in centre] for centre in centres],
        "novelty_threshold": round(float(np.sort(nearest)[novel_rows]), 6),
        "novel_rows": novel_rows,
        "labels": sorted(known),
        "daily_counts": fresh.daily_counts.counts,
        "rows": {
            **tabular(fresh, centres),
            "label": list(fresh.labels),
            "nearest_cosine": [round(float(cosine), 4) for cosine in nearest],
            "repeated": [int(repeated) for repeated in fresh.repeated],
            "time": [time.isoformat(timespec="hours") for time in fresh.times],
        },
    }


def compare(
    reference: Mapping[str, Any], tonight: TicketSample, resolved: NDArray[np.float32], min_rows: int = MIN_ROWS
) -> Comparison:
    """Tonight's tickets against a release's reference, with that release's `resolved` tickets float32 [m, dim]."""
    rows, count = _rows_before(reference["rows"], tonight), len(tonight.vectors)
    reference_count = len(rows["time"])
    if min(count, reference_count) < min_rows:
        return Comparison(DriftVerdict.TOO_LITTLE_DATA, count)
    limits = NullLimits(_MEASURES)
    columns = tabular(tonight, np.array(reference["cluster_centres"], np.float32))
    blocks = _blocks(rows["time"], tonight.nights)
    measures = [_mix(name, rows[name], columns[name], blocks, limits) for name in MIXES]
    nearest = nearest_cosine(tonight.vectors, resolved)
    novel, all_rows = float((nearest < reference["novelty_threshold"]).mean()), len(reference["rows"]["time"])
    measures.append(Measure(DriftMeasure.NOVELTY, novel, limits.share(reference["novel_rows"], all_rows, count)))
    repeated = float(np.mean(tonight.repeated))
    limit = limits.share(sum(rows["repeated"]), reference_count, count)
    measures.append(Measure(DriftMeasure.REPEATED, repeated, limit))
    before = DailyCounts(datetime.fromisoformat(reference["until"]), reference["daily_counts"])
    volume = t_statistic(before, tonight.daily_counts, tonight.nights)
    if volume:
        t, degrees_of_freedom = volume
        measures.append(Measure(DriftMeasure.VOLUME, t, limits.t_statistic(degrees_of_freedom)))
    labels = sorted(set(rows["label"]) - {""})
    label_drift = compare_labels(
        LabelledSample.of(rows["cluster"], rows["label"], rows["nearest_cosine"]),
        LabelledSample.of(columns["cluster"], tonight.labels, nearest.tolist()),
        set(reference["labels"]),
        design_effect(_histograms(rows["label"], blocks, labels), count),
        limits,
        min_rows,
    )
    return _judge(count, [*measures, *label_drift.measures], label_drift)


def tabular(sample: TicketSample, centres: NDArray[np.float32]) -> dict[str, list[Any]]:
    """The columns of MIXES, with the clusters of a reference: no text, no id."""
    lengths = [f"up to {bound} words" for bound in _LENGTHS] + ["longer"]
    return {
        DriftMeasure.INTENT.value: list(sample.intents),
        DriftMeasure.CLUSTER.value: [f"cluster {number}" for number in _nearest_centre(sample.vectors, centres)],
        DriftMeasure.LENGTH.value: [lengths[bin_] for bin_ in np.searchsorted(_LENGTHS, sample.n_words, side="left")],
    }


def cluster(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Centres float32 [k, dim] of at most 20 clusters of the newest 4,000 tickets, at least 25 tickets a cluster.

    Of resolved tickets, not of the reference: those that made the centres lie nearer to them than new ones do. Without
    a ticket there is no centre.
    """
    if not len(vectors):
        return vectors
    from sklearn.cluster import KMeans

    vectors = vectors[-_MAX_CLUSTERED:]
    k = max(1, min(20, len(vectors) // 25))
    centres: NDArray[np.float32] = KMeans(k, n_init=1, random_state=_SEED).fit(vectors).cluster_centers_
    return np.round(centres, 5)


def _judge(count: int, measures: list[Measure], labels: LabelDrift) -> Comparison:
    """A vanished label is a break of the taxonomy; other label measures are, where no topic measure moved."""
    measures = [replace(measure, value=round(measure.value, 6), limit=round(measure.limit, 6)) for measure in measures]
    moved = {measure.name for measure in measures if measure.exceeded}
    drift = bool(moved - LABEL_MEASURES)
    taxonomy = DriftMeasure.VANISHED_LABELS in moved or bool(moved & LABEL_MEASURES and not moved & TOPIC_MEASURES)
    if drift and taxonomy:
        verdict = DriftVerdict.DRIFT_AND_TAXONOMY
    elif drift:
        verdict = DriftVerdict.DRIFT
    else:
        verdict = DriftVerdict.TAXONOMY if taxonomy else DriftVerdict.QUIET
    new = labels.new if taxonomy or DriftMeasure.NEW_TOPIC in moved else []
    return Comparison(verdict, count, measures, new, labels.gone if taxonomy else [])


def _rows_before(rows: Mapping[str, list[Any]], tonight: TicketSample) -> dict[str, list[Any]]:
    """The reference rows older than tonight's: of a small helpdesk the newest nights may be in both."""
    start = min(tonight.times).isoformat(timespec="hours") if tonight.times else ""
    older = [row for row, time in enumerate(rows["time"]) if time < start]
    return {name: [values[row] for row in older] for name, values in rows.items()}


def _blocks(times: list[str], nights: int) -> NDArray[np.int64]:
    """Which of two or more equal periods each reference row is in [n]; a period is as long as tonight, if possible."""
    span = datetime.fromisoformat(times[-1]) - datetime.fromisoformat(times[0])
    periods = max(2, round(span / timedelta(days=nights)))
    return np.arange(len(times)) * periods // len(times)


def _mix(
    name: DriftMeasure, reference: list[Any], tonight: list[Any], blocks: NDArray[np.int64], limits: NullLimits
) -> Measure:
    """PSI of two columns of categories."""
    bins = sorted({*reference, *tonight})
    histograms = _histograms(reference, blocks, bins)
    column = {value: index for index, value in enumerate(bins)}
    observed = np.bincount([column[value] for value in tonight], minlength=len(bins)).astype(np.float64)
    expected = histograms.sum(axis=0)
    limit = limits.psi(expected, len(tonight), design_effect(histograms, len(tonight)))
    return Measure(name, float(psi(expected, observed)), limit)


def _histograms(values: list[Any], blocks: NDArray[np.int64], bins: list[Any]) -> Counts:
    """Histograms [blocks, bins] of the values that are among the bins."""
    column = {value: index for index, value in enumerate(bins)}
    counts: Counts = np.zeros((blocks[-1] + 1, len(bins)))
    for block, value in zip(blocks, values, strict=True):
        if value in column:
            counts[block, column[value]] += 1
    return counts


def _nearest_centre(vectors: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.int64]:
    """The cluster [n] of each vector: the nearest centre."""
    distances = (centres**2).sum(axis=1) - 2 * vectors @ centres.T
    return np.asarray(distances.argmin(axis=1), np.int64)
