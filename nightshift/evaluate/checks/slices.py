"""hit@5 by slice: by the intent of a question, and by its length.

    slice_table(hits, slice_labels(intents, texts))
    # {'intent': {'refund': {'questions': 61.0, 'hit@5': 0.93}}, 'length': {...}}

A release can be level with the champion as a whole and have lost a topic. So slices of at least 40 questions are
compared too. If each of a dozen slices were tested at 5 %, every second night would reject an equal release. Each slice
is tested by the sign test on the questions where the two differ (exact McNemar; Agresti, Categorical Data Analysis,
section 11.1), and Holm's procedure (Scandinavian Journal of Statistics 6, 1979) holds the probability that any slice of
an equal release fails to 5 %. A loss smaller than the margin never fails.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nightshift.evaluate.check import CheckResult
from nightshift.evaluate.context import EvaluationContext
from nightshift.evaluate.gate import Limits, points, upper_bound
from nightshift.release.evaluation_report import Gate, GateKind

SMALLEST_TESTED = 40  # questions
_SMALLEST_SHOWN = 10
_LENGTHS = ((15, "up to 15 words"), (50, "16 to 50 words"), (150, "51 to 150 words"))


class Slices:
    """No intent and no length is given up while the whole stays level."""

    group = "slices"

    def run(self, context: EvaluationContext) -> CheckResult:
        hits, champion = context.rankings.values["hit@5"], context.champion_rankings
        labels = labels_of(context.questions)
        gates = slice_gates(hits, champion.values["hit@5"] if champion else None, labels, context.limits)
        return CheckResult(gates, sections={"slices": slice_table(hits, labels)})


@dataclass(frozen=True)
class Slice:
    """One slice: hit@5 of its n questions, and the differences candidate - champion [n]."""

    name: str
    hits: NDArray[np.float64]
    differences: NDArray[np.float64]

    @property
    def hit_at_5(self) -> float:
        return float(self.hits.mean())

    @property
    def loss(self) -> float:
        """By how much the candidate is worse."""
        return -float(self.differences.mean())

    @property
    def p_value(self) -> float:
        """The probability of so many losses among the questions that changed, if a change is as often a win.

        That of scipy.stats.binomtest(losses, changed, alternative='greater'), without its 1.3 s of import.
        """
        from scipy.special import bdtrc

        losses, changed = int((self.differences < 0).sum()), int((self.differences != 0).sum())
        return float(bdtrc(losses - 1, changed, 0.5)) if losses else 1.0


def labels_of(questions: pa.Table) -> dict[str, list[str]]:
    """The slice of each question, by kind."""
    return slice_labels(questions["intent"].to_pylist(), questions["text"].to_pylist())


def slice_labels(intents: Sequence[str], texts: Sequence[str]) -> dict[str, list[str]]:
    """The slice each question lies in: {'intent': [n], 'length': [n]}."""
    return {
        "intent": [intent or "(no intent)" for intent in intents],
        "length": [_length(text) for text in texts],
    }


def slice_table(
    hits: NDArray[np.float64], labels: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, dict[str, float]]]:
    """hit@5 of every slice of at least ten questions: {'intent': {'refund': {...}}, 'length': ...}."""
    return {
        kind: {
            label: {"questions": float(rows.sum()), "hit@5": round(float(hits[rows].mean()), 6)}
            for label, rows in _rows_by_label(labels_of_kind, _SMALLEST_SHOWN).items()
        }
        for kind, labels_of_kind in labels.items()
    }


def slice_gates(
    candidate: NDArray[np.float64],
    champion: NDArray[np.float64] | None,
    labels: Mapping[str, Sequence[str]],
    limits: Limits,
) -> list[Gate]:
    """A floor for every slice, and none worse than the champion. labels: {'intent': [n], 'length': [n]}."""
    differences = np.zeros(len(candidate)) if champion is None else candidate - champion
    slices = [
        Slice(f"{kind} {label}", candidate[rows], differences[rows])
        for kind, labels_of_kind in labels.items()
        for label, rows in _rows_by_label(labels_of_kind, SMALLEST_TESTED).items()
    ]
    if not slices:
        return []
    gates = [_floor(slices, limits.slice_hit_at_5)]
    if champion is not None:
        gates.append(_none_worse(slices, limits))
    return gates


def _floor(slices: Sequence[Slice], limit: float) -> Gate:
    """The lowest slice against the floor, by its upper bound: a slice is small."""
    lowest = min(slices, key=lambda part: (part.hit_at_5, part.name))
    below = [part for part in slices if upper_bound(part.hit_at_5, len(part.hits)) < limit]
    named = ", ".join(
        f"{part.name} {part.hit_at_5:.3f} over {len(part.hits):,} questions" for part in below or [lowest]
    )
    meets = "meets" if lowest.hit_at_5 >= limit else "may meet"
    relation = "cannot meet" if below else f"of the lowest slice {meets}"
    sentence = f"hit@5 {relation} the floor of {limit:.3f}: {named} ({len(slices)} slices)"
    return Gate("slices", round(lowest.hit_at_5, 6), limit, not below, sentence, GateKind.FLOOR)


def _none_worse(slices: Sequence[Slice], limits: Limits) -> Gate:
    """Holm over the slices' sign tests; the value is the smallest adjusted p.

    The five lines of Holm are ours: statsmodels gives the same figures and imports for 1.3 s.
    """
    ordered = sorted(((part.p_value, part) for part in slices), key=lambda pair: (pair[0], pair[1].name))
    adjusted: list[tuple[float, Slice]] = []
    highest = 0.0
    for rank, (p_value, part) in enumerate(ordered):
        highest = max(highest, min(1.0, p_value * (len(ordered) - rank)))
        adjusted.append((highest, part))
    alpha = limits.slice_alpha
    worse = [(p_value, part) for p_value, part in adjusted if p_value <= alpha and part.loss > limits.margin]
    named = ", ".join(
        f"{part.name} is {points(-part.loss)} the champion on {len(part.hits):,} questions (adjusted p {p_value:.3g})"
        for p_value, part in worse or adjusted[:1]
    )
    result = "a significant loss" if worse else "no significant loss beyond the margin"
    sentence = f"{named}; {result} at {alpha:g} over {len(slices)} slices"
    value = round(adjusted[0][0], 6)
    return Gate("slices no worse than the champion", value, alpha, not worse, sentence, GateKind.SIGNIFICANCE)


def _rows_by_label(labels: Sequence[str], smallest: int) -> dict[str, NDArray[np.bool_]]:
    """The rows [n] of each label that at least `smallest` questions bear, in the order of the labels."""
    values = np.array(labels)
    masks = {label: values == label for label in sorted(set(labels))}
    return {label: rows for label, rows in masks.items() if rows.sum() >= smallest}


def _length(text: str) -> str:
    words = len(text.split())
    return next((name for most, name in _LENGTHS if words <= most), "over 150 words")
