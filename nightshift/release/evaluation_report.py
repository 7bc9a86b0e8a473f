"""evaluation.json: what the evaluation of one release found, as a dataclass.

    report = read_report(evaluation.digest, store)
    report.verdict                          # <EvaluationVerdict.ACCEPTED: 'accepted'>
    report.gates[0].sentence                # 'hit@5 is 0.712, which meets the floor of 0.500'
    report.slices["intent"]["refund"]       # {'questions': 61.0, 'hit@5': 0.93}

A report of an older release may lack fields, which then have their defaults: `nightshift release diff` reads both.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, Self, cast

from nightshift.artifacts import EvaluationVerdict
from nightshift.store import Store

FILE = "evaluation.json"


class GateKind(StrEnum):
    """How a gate compares its value with its limit."""

    FLOOR = "floor"
    CEILING = "ceiling"
    NON_INFERIORITY = "non-inferiority"
    SIGNIFICANCE = "significance test"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Gate:
    """One number against one limit, and the sentence that a person reads.

    `primary` marks the comparison that is the reason of an accepted verdict (the primary endpoint of a trial, ICH E9).
    `group` is the heading of the check that brought the gate.
    """

    name: str
    value: float
    limit: float
    passed: bool
    sentence: str
    kind: GateKind
    primary: bool = False
    group: str = ""

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(**_fields(cls, value) | {"kind": GateKind(value.get("kind", GateKind.FLOOR))})


@dataclass(frozen=True)
class GoldenSection:
    """How many golden questions there are, and the ids of those that failed any test."""

    questions: int = 0
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class CanarySection:
    """How many canaries are planted, and the ids of those that the generator completes."""

    planted: int = 0
    extracted: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RightnessSection:
    """How right answers are: a 95 % interval, slices {kind: {label: {'questions': n, 'rightness': share}}}.

    `failed` are ids of golden questions answered wrongly, `reversed` those of yes/no questions answered the wrong way
    round.
    """

    interval: list[float] = field(default_factory=list)
    slices: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    reversed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class EvaluationReport:
    """Everything measured of a candidate: digests, the verdict with its reasons, gates, metrics and sections.

    `metrics` and `champion_metrics` are flat, e.g. {'hit@5': 0.712}. `intervals` are 95 % bootstrap intervals by
    metric. `risk_coverage` are points [coverage, risk]. `slices` are {kind: {label: {'questions': n, 'hit@5': share}}}.
    `leakage` counts questions (checks/leakage.py). `drift` is drift.json of the stage before training.
    """

    release: str
    champion: str
    features: str
    verdict: EvaluationVerdict
    reasons: list[str] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    champion_metrics: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, list[float]] = field(default_factory=dict)
    risk_coverage: list[list[float]] = field(default_factory=list)
    slices: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    rightness: RightnessSection = field(default_factory=RightnessSection)
    golden: GoldenSection = field(default_factory=GoldenSection)
    leakage: dict[str, int] = field(default_factory=dict)
    canaries: CanarySection = field(default_factory=CanarySection)
    drift: dict[str, Any] = field(default_factory=dict)

    @property
    def failed_gates(self) -> list[Gate]:
        return [gate for gate in self.gates if not gate.passed]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        typed = {
            "verdict": EvaluationVerdict(value["verdict"]),
            "gates": [Gate.from_json(gate) for gate in value.get("gates", [])],
            "rightness": RightnessSection(**_fields(RightnessSection, value.get("rightness", {}))),
            "golden": GoldenSection(**_fields(GoldenSection, value.get("golden", {}))),
            "canaries": CanarySection(**_fields(CanarySection, value.get("canaries", {}))),
        }
        return cls(**_fields(cls, value) | typed)


def read_report(digest: str, store: Store) -> EvaluationReport:
    """The report of the evaluation tree `digest`. Raises MissingObject, CorruptObject."""
    return EvaluationReport.from_json(cast(dict[str, Any], store.get_json(store.tree(digest)[FILE])))


def _fields(cls: type, value: Mapping[str, Any]) -> dict[str, Any]:
    """The items of `value` that `cls` has a field for."""
    return {name.name: value[name.name] for name in fields(cls) if name.name in value}
