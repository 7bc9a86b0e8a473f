"""The gates over what is found and what is said: the whole set, then its slices.

    quality_gates(found, before, limits)            # the floor of hit@5, and the comparison with the champion
    slice_gates(found, before, labels, limits)      # the same for every intent and every length
    answer_gates(checks, limits)                    # shares over answers (answers.py, decline.py)

A release can be level with the champion as a whole and have lost a topic. So slices of at least 40 questions are
compared too, and there are many of them: if each were tested at 5 %, every second night of a dozen slices would reject an equal release.
Each slice is tested by the sign test on the questions where the two differ (exact McNemar; Agresti,
Categorical Data Analysis, section 11.1), and Holm's procedure (Scandinavian Journal of Statistics 6, 1979) holds the chance
that any slice of an equal release fails to 5 % in all. A loss that matters less than the margin never fails.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nightshift.evaluate.gate import (
    Gate,
    Limits,
    at_least,
    no_worse,
    points,
    share_at_least,
    upper_bound,
)

FEWEST = 40  # questions in a slice
_OVER = {  # checks of answers, and how many answers each is a share of
    "cited_retrieved": "given",
    "supported": "given",
    "cited_gold": "given",
    "answered_when_it_should": "asked",
}


@dataclass(frozen=True)
class Slice:
    """One slice: hit@5 of its n questions, and the differences candidate - champion [n]."""

    name: str
    hits: NDArray[np.float64]
    differences: NDArray[np.float64]

    @property
    def loss(self) -> float:
        """By how much the candidate is worse."""
        return -float(self.differences.mean())

    @property
    def chance(self) -> float:
        """How likely so many losses among the questions that changed are, if a change is as often a win."""
        from scipy.special import bdtrc

        losses, changed = int((self.differences < 0).sum()), int((self.differences != 0).sum())
        return float(bdtrc(losses - 1, changed, 0.5)) if losses else 1.0


def quality_gates(candidate: NDArray[np.float64], champion: NDArray[np.float64] | None, limits: Limits) -> list[Gate]:
    """hit@5 of the same questions in the same order [n]; no champion, no comparison."""
    floor = at_least("hit@5", float(candidate.mean()), limits.hit_at_5)
    return [floor] if champion is None else [floor, no_worse(candidate - champion, limits.margin)]


def slice_gates(
    candidate: NDArray[np.float64],
    champion: NDArray[np.float64] | None,
    labels: Mapping[str, Sequence[str]],
    limits: Limits,
) -> list[Gate]:
    """A floor for every slice, and none worse than the champion. labels: {'intent': [n], 'length': [n]}."""
    differences = np.zeros(len(candidate)) if champion is None else candidate - champion
    parts = [
        Slice(f"{kind} {label}", candidate[rows], differences[rows])
        for kind, of in labels.items()
        for label in sorted(set(of))
        if (rows := np.array(of) == label).sum() >= FEWEST
    ]
    if not parts:
        return []
    gates = [_floor(parts, limits.slice_hit_at_5)]
    if champion is not None:
        gates.append(_none_lost(parts, limits))
    return gates


def answer_gates(checks: Mapping[str, float], limits: Limits) -> list[Gate]:
    """Floors for the shares of answers.py and decline.py; a check that could not be made is absent."""
    gates = [
        share_at_least(check, checks[check], int(checks[counted]), getattr(limits, check))
        for check, counted in _OVER.items()
        if check in checks
    ]
    if "tells_unanswerable" in checks:
        gates.append(at_least("tells_unanswerable", checks["tells_unanswerable"], limits.tells_unanswerable))
    return gates


def _floor(parts: Sequence[Slice], limit: float) -> Gate:
    """The lowest slice against the floor, by its upper bound: a slice is small."""
    lowest = min(parts, key=lambda one: (float(one.hits.mean()), one.name))
    below = [one for one in parts if upper_bound(float(one.hits.mean()), len(one.hits)) < limit]
    named = below or [lowest]
    told = ", ".join(f"{one.name} {one.hits.mean():.3f} over {len(one.hits):,} questions" for one in named)
    meets = "meets" if lowest.hits.mean() >= limit else "may meet"
    said = "cannot meet" if below else f"of the lowest slice {meets}"
    sentence = f"hit@5 {said} the floor of {limit:.3f}: {told} ({len(parts)} slices)"
    return Gate("slices", round(float(lowest.hits.mean()), 6), limit, not below, sentence)


def _none_lost(parts: Sequence[Slice], limits: Limits) -> Gate:
    """Holm over the slices' sign tests. Its value is the smallest adjusted chance."""
    ordered = sorted(((one.chance, one) for one in parts), key=lambda pair: (pair[0], pair[1].name))
    adjusted: list[tuple[float, Slice]] = []
    highest = 0.0
    for place, (chance, one) in enumerate(ordered):
        highest = max(highest, min(1.0, chance * (len(ordered) - place)))
        adjusted.append((highest, one))
    lost = [(chance, one) for chance, one in adjusted if chance <= limits.slice_chance and one.loss > limits.margin]
    told = ", ".join(
        f"{one.name} is {points(-one.loss)} the champion on {len(one.hits):,} questions (chance {chance:.3g})"
        for chance, one in lost or adjusted[:1]
    )
    said = (
        f"beyond the {limits.slice_chance:g} that chance is given over {len(parts)} slices"
        if lost
        else f"nothing that chance does not explain over {len(parts)} slices (limit {limits.slice_chance:g})"
    )
    value = round(adjusted[0][0], 6)
    return Gate("slices no worse than the champion", value, limits.slice_chance, not lost, f"{told}; {said}")
