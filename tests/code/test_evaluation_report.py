"""evaluation.json is read as it was written, an older one as far as it goes; a check adds to it by itself."""

import json

from nightshift.artifacts import EvaluationVerdict
from nightshift.evaluate.check import CheckResult, run_checks
from nightshift.evaluate.gate import at_least, not_measured
from nightshift.release.evaluation_report import (
    CanarySection,
    EvaluationReport,
    Gate,
    GateKind,
    GoldenSection,
    read_report,
)
from nightshift.store import open_store

REPORT = EvaluationReport(
    release="r",
    champion="c",
    features="f",
    verdict=EvaluationVerdict.REJECTED,
    reasons=["hit@5 is 0.400, which is below the floor of 0.500"],
    gates=[Gate("hit@5", 0.4, 0.5, False, "hit@5 is 0.400", GateKind.FLOOR, group="retrieval quality")],  # noqa: FBT003
    metrics={"hit@5": 0.4},
    intervals={"hit@5": [0.3, 0.5]},
    golden=GoldenSection(24, ["card"]),
    canaries=CanarySection(4, ["name"]),
)


def test_a_report_survives_the_store(tmp_path):
    """What is written is read again, enums and sections included."""
    store = open_store(f"file://{tmp_path}/store")
    tree = store.put_json({"evaluation.json": store.put_json(REPORT.to_json())})
    assert read_report(tree, store) == REPORT
    assert read_report(tree, store).failed_gates == REPORT.gates


def test_an_older_report_is_read_as_far_as_it_goes():
    """Keys that are gone are left out, those that came later have their defaults."""
    older = json.loads(json.dumps(REPORT.to_json()))
    del older["gates"][0]["kind"], older["intervals"]
    older |= {"canaries": {"planted": 4, "said": []}, "hit@5_interval": [0.3, 0.5]}
    report = EvaluationReport.from_json(older)
    assert (report.verdict, report.metrics, report.intervals) == (EvaluationVerdict.REJECTED, {"hit@5": 0.4}, {})
    assert report.canaries == CanarySection(4, [])


class Rightness:
    """A check with a gate, a metric and a section."""

    group = "rightness"

    def run(self, context):
        return CheckResult([at_least("rightness", context, 0.5)], {"rightness": context}, {"golden": GoldenSection(2)})


class Unmeasured:
    """A check that had nothing to measure."""

    group = "other"

    def run(self, context):
        return CheckResult([not_measured("other", "nothing")])


def test_checks_are_run_in_order_and_their_gates_carry_their_groups():
    """A new check needs its class and its place in the tuple, and nothing else."""
    result = run_checks((Rightness(), Unmeasured()), 0.75)
    assert [(gate.group, gate.name, gate.passed) for gate in result.gates] == [
        ("rightness", "rightness", True),
        ("other", "other", True),
    ]
    assert (result.metrics, result.sections) == ({"rightness": 0.75}, {"golden": GoldenSection(2)})
