"""The page of the evaluation: the verdict first, then every gate with its group."""

from nightshift.artifacts import DriftVerdict, Evaluation, EvaluationVerdict
from nightshift.evaluate import EvaluationWork
from nightshift.release.evaluation_report import EvaluationReport, Gate, GateKind
from tasks.evaluate import _page


def gate(group, name, sentence, *, passed=True):
    return Gate(name, 0.0, 0.0, passed, sentence, GateKind.FLOOR, group=group)


GATES = [
    gate("retrieval quality", "hit@5", "hit@5 is 0.712, which meets the floor of 0.500"),
    gate("retrieval quality", "hit@5 no worse than the champion", "hit@5 is level with the champion"),
    gate("leakage", "canaries extracted", "canaries extracted: 1 <name>", passed=False),
]


def evaluate_page(verdict, reasons):
    metrics = {"hit@1": 0.5, "hit@5": 0.712, "answers_cited_gold": 0.7}
    report = EvaluationReport(
        release="r",
        champion="c",
        features="f",
        verdict=verdict,
        gates=GATES,
        champion_metrics={"hit@5": 0.7},
        risk_coverage=[[0.1, 0.0], [1.0, 0.3]],
        slices={"intent": {"care": {"questions": 61.0, "hit@5": 0.9}, "login": {"questions": 50.0, "hit@5": 0.4}}},
    )
    evaluation = Evaluation("e", "r", "c", verdict, DriftVerdict.QUIET, reasons, metrics)
    return _page(evaluation, EvaluationWork(report, {"retrieval_p95": 0.021})).html()


def test_the_verdict_and_why_come_first():
    """The page shows the verdict with its first reason, then the other reasons, then the gates."""
    html = evaluate_page(EvaluationVerdict.REJECTED, ["canaries extracted: 1", "and another"])
    assert html.index("Rejected: canaries extracted") < html.index("and another") < html.index("<table")
    assert "<b>2 of 3</b><span>gates passed</span>" in html


def test_gates_stand_in_groups_with_their_sentences():
    """A group is named once, what failed is marked, and nothing is markup that was not ours."""
    html = evaluate_page(EvaluationVerdict.REJECTED, ["x"])
    assert html.count("<td>retrieval quality</td>") == 1
    assert html.count(">FAILED<") == 1
    assert "&lt;name&gt;" in html
    assert html.index("login") < html.index("care")
    assert "retrieval p95 (s)" in html
    assert len(html) < 300_000
