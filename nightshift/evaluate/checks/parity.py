"""Parity: how far the exported models lie from those that were trained.

parities(candidate)      # {'query_tower': 2e-07, ...}: the largest difference that the export measured
"""

from collections.abc import Mapping

from nightshift.evaluate.check import CheckResult
from nightshift.evaluate.context import EvaluationContext
from nightshift.evaluate.gate import Limits, at_most
from nightshift.evaluate.model_under_test import ReleaseRef
from nightshift.release.evaluation_report import Gate

_EXACT = ("document_tower", "query_tower", "classifiers")  # exports that must agree to the last digits


class Parity:
    """The exported model is the trained model."""

    group = "parity"

    def run(self, context: EvaluationContext) -> CheckResult:
        return CheckResult(parity_gates(parities(context.candidate), context.limits))


def parities(release: ReleaseRef) -> dict[str, float]:
    """The largest difference of each export from what was trained, as the export measured it."""
    models = release.folder.record.models
    differences: dict[str, float] = {}
    for name in _EXACT:
        metrics = models[name].metrics if name in models else {}
        measured = [value for metric, value in metrics.items() if metric.endswith("parity")]
        differences |= {name: max(measured)} if measured else {}
    return differences


def parity_gates(differences: Mapping[str, float], limits: Limits) -> list[Gate]:
    """A ceiling for each model."""
    return [at_most(f"parity of {model}", value, limits.parity) for model, value in sorted(differences.items())]
