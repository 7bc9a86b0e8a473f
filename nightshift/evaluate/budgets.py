"""What a release may cost: size and time, and how far its exports may lie from what was trained.

    parity_gates(differences, limits)                        # {'query_tower': 2e-07, ...}
    size_gates(sizes(candidate), sizes(champion), limits)
    latency_gates(clock, limits)

A clock never says the same twice, and an evaluation must be the same for the same candidate. So what is kept of the
times is whether they lie within the budget; the times themselves are on the page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nightshift.evaluate.gate import Gate, Limits, at_most
from nightshift.evaluate.model_under_test import ReleaseRef
from nightshift.release.layout import SERVED

_EXACT = ("document_tower", "query_tower", "classifiers")  # exports that must agree to the last digits
_MB = 10**6


@dataclass(frozen=True)
class Clock:
    """Seconds to find the passages of each question, and of those generated tonight to the first word and to the last."""

    found: Sequence[float] = ()
    began: Sequence[float] = ()
    ended: Sequence[float] = ()

    def finds_within(self, seconds: float) -> bool:
        """Whether passages were found in time, at the 95th percentile."""
        return not self.found or float(np.percentile(self.found, 95)) <= seconds

    def begins_within(self, seconds: float) -> bool:
        """Whether answers began in time, at the median: what is generated cold is slow once."""
        return not self.began or float(np.percentile(self.began, 50)) <= seconds

    @property
    def timings(self) -> dict[str, float]:
        """p50 and p95 in seconds, for the page only."""
        return {
            f"{name}_p{percent}": round(float(np.percentile(seconds, percent)), 3)
            for name, seconds in vars(self).items()
            if seconds
            for percent in (50, 95)
        }


@dataclass(frozen=True)
class Size:
    """Bytes of a model, and the base model it was made from."""

    bytes: int
    base: str


def parities(contender: ReleaseRef) -> dict[str, float]:
    """The largest difference of each export from what was trained, as the export measured it."""
    differences: dict[str, float] = {}
    models = contender.folder.record.models
    for name in _EXACT:
        measured = models[name].metrics if name in models else {}
        found = [value for metric, value in measured.items() if metric.endswith("parity")]
        differences |= {name: max(found)} if found else {}
    return differences


def sizes(contender: ReleaseRef) -> dict[str, Size]:
    """Every model that the release serves with."""
    models = contender.folder.record.models
    return {
        kind: Size(
            sum(path.stat().st_size for path in contender.folder.model(kind).rglob("*") if path.is_file()),
            models[kind].base if kind in models else "",
        )
        for kind in SERVED
    }


def parity_gates(differences: Mapping[str, float], limits: Limits) -> list[Gate]:
    """What serves is what was trained."""
    return [at_most(f"parity of {model}", value, limits.parity) for model, value in sorted(differences.items())]


def size_gates(candidate: Mapping[str, Size], champion: Mapping[str, Size] | None, limits: Limits) -> list[Gate]:
    """All models within the budget; and none grew beyond reason, unless somebody chose another base model for it."""
    total = sum(one.bytes for one in candidate.values())
    gates = [_megabytes("size of the models", total, limits.model_bytes)]
    for kind, size in sorted(candidate.items()):
        before = champion.get(kind) if champion else None
        if before and before.base == size.base and size.bytes > limits.growth * before.bytes:
            gates.append(_megabytes(f"size of {kind}", size.bytes, round(limits.growth * before.bytes)))
    return gates


def latency_gates(clock: Clock, limits: Limits) -> list[Gate]:
    """Passages are found, and answers begin, within the budget. An answer that was kept takes no time."""
    find, begin = limits.find_seconds, limits.begin_seconds
    return [
        _seconds("time to find passages (p95)", find, within=clock.finds_within(find)),
        _seconds("time to the first words (p50)", begin, within=clock.begins_within(begin)),
    ]


def _seconds(name: str, limit: float, *, within: bool) -> Gate:
    """The limit stands in for the value: what a clock says may not enter the evaluation."""
    said = "never seen over" if within else "over"
    return Gate(name, limit, limit, within, f"{name}: {said} the budget of {limit:g} s")


def _megabytes(name: str, size: int, limit: int) -> Gate:
    said = "within" if size <= limit else "over"
    sentence = f"{name}: {size / _MB:,.1f} MB, {said} the limit of {limit / _MB:,.1f} MB"
    return Gate(name, size, limit, size <= limit, sentence)
