"""A check: one thing that is measured of a candidate, with the gates that it brings.

    class Rightness:
        group = "rightness"

        def run(self, context: EvaluationContext) -> CheckResult:
            right = np.array([...])      # of context.answers.answers
            return CheckResult([at_least("rightness", right.mean(), 0.5)], {"rightness": right.mean()})

To add a check, write a file in checks/ and add the class to CHECKS of evaluation.py. What several checks need
(rankings, answers, golden questions) is a cached property of the context, so it is computed once, by the first check
that reads it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from nightshift.evaluate.context import EvaluationContext
from nightshift.release.evaluation_report import Gate


@dataclass(frozen=True)
class CheckResult:
    """`gates` in the order of the report, flat `metrics`, and `sections`: values of fields of EvaluationReport.

    `timings` are seconds for the page only: they differ between runs, and the report may not.
    """

    gates: Sequence[Gate] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    sections: Mapping[str, Any] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)


class Check(Protocol):
    """`group` is the heading of its gates on the page, e.g. 'leakage'."""

    @property
    def group(self) -> str: ...

    def run(self, context: EvaluationContext) -> CheckResult:
        """Measure the candidate of `context`."""
        ...


def run_checks(checks: Sequence[Check], context: EvaluationContext) -> CheckResult:
    """The results of all `checks` as one; each gate carries the group of its check."""
    gates: list[Gate] = []
    metrics: dict[str, float] = {}
    sections: dict[str, Any] = {}
    timings: dict[str, float] = {}
    for check in checks:
        result = check.run(context)
        gates += [replace(gate, group=check.group) for gate in result.gates]
        metrics |= result.metrics
        sections |= result.sections
        timings |= result.timings
    return CheckResult(gates, metrics, sections, timings)
