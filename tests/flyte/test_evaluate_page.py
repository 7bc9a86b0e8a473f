"""The page of the evaluation: the verdict first, then every gate with its group."""

from nightshift.artifacts import Evaluation
from nightshift.evaluate import EvaluationWork
from tasks.evaluate import _page

GATES = [
    {"group": "quality", "name": "hit@5", "passed": True, "sentence": "hit@5 is 0.712, which meets the floor of 0.500"},
    {"group": "quality", "name": "compared", "passed": True, "sentence": "hit@5 is level with the champion"},
    {"group": "leakage", "name": "canaries", "passed": False, "sentence": "canaries that the generator says: 1 <name>"},
]


def shown(verdict, reasons):
    metrics = {"hit@1": 0.5, "hit@5": 0.712, "answers_cited_gold": 0.7}
    report = {
        "risk_coverage": [[0.1, 0.0], [1.0, 0.3]],
        "gates": GATES,
        "champion_metrics": {"hit@5": 0.7},
        "slices": {"intent": {"care": {"questions": 61.0, "hit@5": 0.9}, "login": {"questions": 50.0, "hit@5": 0.4}}},
    }
    evaluation = Evaluation("e", "r", "c", verdict, "quiet", reasons, metrics)
    return _page(evaluation, EvaluationWork(report, {"found_p95": 0.021})).html()


def test_the_verdict_and_why_come_first():
    """A hurried person reads one sentence, then the other reasons, then the gates."""
    html = shown("rejected", ["canaries that the generator says: 1", "and another"])
    assert html.index("Rejected: canaries that the generator says") < html.index("and another") < html.index("<table")
    assert "<b>2 of 3</b><span>gates passed</span>" in html


def test_gates_stand_in_groups_with_their_sentences():
    """A group is named once, what failed is marked, and nothing is markup that was not ours."""
    html = shown("rejected", ["x"])
    assert html.count("<td>quality</td>") == 1
    assert html.count(">FAILED<") == 1
    assert "&lt;name&gt;" in html
    assert html.index("login") < html.index("care")
    assert "found p95 (s)" in html
    assert len(html) < 300_000
