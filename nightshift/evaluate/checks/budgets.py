"""Budgets: what a release may cost in bytes and in seconds.

    size_gates(sizes(candidate), sizes(champion), limits)
    latency_gates(latency, limits)

A clock reads differently each time, and an evaluation must be the same for the same candidate. So the report says
whether times lie within the budget; the times themselves are on the page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from nightshift.evaluate.asking import Latency, retrieval_seconds
from nightshift.evaluate.check import CheckResult
from nightshift.evaluate.context import EvaluationContext
from nightshift.evaluate.gate import Limits
from nightshift.evaluate.model_under_test import ReleaseRef
from nightshift.release.evaluation_report import Gate, GateKind
from nightshift.release.layout import SERVED

_MB = 10**6


@dataclass(frozen=True)
class Budgets:
    """Size and latency. Retrieval is timed up to `attempts` times: a busy machine may be slow once."""

    attempts: int = 3
    group = "budgets"

    def run(self, context: EvaluationContext) -> CheckResult:
        latency = context.answers.latency
        for _ in range(self.attempts - 1):
            if latency.retrieves_within(context.limits.retrieval_seconds):
                break
            latency = replace(latency, retrieval=retrieval_seconds(context.assistant, context.answers.questions))
        champion = sizes(context.champion) if context.champion else None
        gates = size_gates(sizes(context.candidate), champion, context.limits)
        return CheckResult([*gates, *latency_gates(latency, context.limits)], timings=latency.timings)


@dataclass(frozen=True)
class Size:
    """Bytes of a model, and the base model it was made from."""

    bytes: int
    base: str


def sizes(release: ReleaseRef) -> dict[str, Size]:
    """Every model that the release serves with."""
    models = release.folder.record.models
    return {
        kind: Size(
            sum(path.stat().st_size for path in release.folder.model(kind).rglob("*") if path.is_file()),
            models[kind].base if kind in models else "",
        )
        for kind in SERVED
    }


def size_gates(candidate: Mapping[str, Size], champion: Mapping[str, Size] | None, limits: Limits) -> list[Gate]:
    """All models within the budget, and none much larger than the champion's of the same base model."""
    total = sum(size.bytes for size in candidate.values())
    gates = [_megabytes("size of the models", total, limits.model_bytes)]
    for kind, size in sorted(candidate.items()):
        serving = champion.get(kind) if champion else None
        if serving and serving.base == size.base and size.bytes > limits.growth * serving.bytes:
            gates.append(_megabytes(f"size of {kind}", size.bytes, round(limits.growth * serving.bytes)))
    return gates


def latency_gates(latency: Latency, limits: Limits) -> list[Gate]:
    """Retrieval and the first token within the budget. An answer from the memo takes no time."""
    retrieval, first_token = limits.retrieval_seconds, limits.first_token_seconds
    return [
        _seconds("retrieval time (p95)", retrieval, within=latency.retrieves_within(retrieval)),
        _seconds("time to first token (p50)", first_token, within=latency.generates_within(first_token)),
    ]


def _seconds(name: str, limit: float, *, within: bool) -> Gate:
    """The limit stands in for the value, which may not enter the evaluation."""
    relation = "never over" if within else "over"
    return Gate(name, limit, limit, within, f"{name}: {relation} the budget of {limit:g} s", GateKind.CEILING)


def _megabytes(name: str, size: int, limit: int) -> Gate:
    relation = "within" if size <= limit else "over"
    sentence = f"{name}: {size / _MB:,.1f} MB, {relation} the limit of {limit / _MB:,.1f} MB"
    return Gate(name, size, limit, size <= limit, sentence, GateKind.CEILING)
